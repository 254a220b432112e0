"""The shared-commit writer: whose changes are kept, whose are not, and that they are on the disk when told."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from store.database import Database, connect, transaction
from store.errors import CannotWrite
from store.writer import Writer


def put(db: sqlite3.Connection, name: str, value: str = "x") -> str:
    db.execute("INSERT INTO switches (name, value, updated_at) VALUES (?, ?, 0)", (name, value))
    return name


def names(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as db:
        return {row[0] for row in db.execute("SELECT name FROM switches WHERE name != 'stock_revision'")}


def test_waiting_requests_share_a_commit_and_a_bad_one_fails_alone(db_path: Path) -> None:
    """Of many requests in one batch only the broken one is undone; the others are kept and answered."""
    gate = threading.Event()
    writer = Writer(lambda: connect(db_path))
    blocker = writer.submit(lambda _db: gate.wait(10))
    futures = [writer.submit(partial(put, name=f"n{number}")) for number in range(50)]

    def spoil(db: sqlite3.Connection) -> None:
        put(db, "half")
        raise ValueError("no")

    bad = writer.submit(spoil)
    twice = writer.submit(lambda db: put(db, "n3"))
    gate.set()
    assert blocker.result(10)
    assert [future.result(10) for future in futures] == [f"n{number}" for number in range(50)]
    with pytest.raises(ValueError, match="no"):
        bad.result(10)
    with pytest.raises(sqlite3.IntegrityError):
        twice.result(10)
    assert names(db_path) == {f"n{number}" for number in range(50)}
    writer.close()


def test_a_lone_request_that_fails_leaves_nothing(db_path: Path) -> None:
    """A request without neighbours is undone too when it raises, and the writer goes on."""
    writer = Writer(lambda: connect(db_path))

    def spoil(db: sqlite3.Connection) -> None:
        put(db, "half")
        raise KeyError("no")

    with pytest.raises(KeyError):
        writer.submit(spoil).result(10)
    writer.submit(lambda db: put(db, "whole")).result(10)
    assert names(db_path) == {"whole"}
    writer.close()


def test_close_writes_what_waits_and_takes_no_more(db_path: Path) -> None:
    """Closing drains the line, and a later request is refused in words."""
    writer = Writer(lambda: connect(db_path))
    futures = [writer.submit(partial(put, name=f"n{number}")) for number in range(300)]
    writer.close()
    assert all(future.result(0) for future in futures)
    assert len(names(db_path)) == 300
    with pytest.raises(CannotWrite, match="stopping"):
        writer.submit(lambda db: put(db, "late"))


def test_an_unopenable_database_is_told_to_every_caller(tmp_path: Path) -> None:
    """When the connection cannot be opened, whoever waits hears why."""
    folder = tmp_path / "folder.db"
    folder.mkdir()
    writer = Writer(lambda: connect(folder))
    with pytest.raises(CannotWrite, match=r"folder\.db"):
        writer.submit(lambda db: put(db, "x")).result(10)
    writer.close()


def test_a_full_disk_fails_the_batch_and_only_it(db_path: Path) -> None:
    """A database that may not grow refuses the large row, keeps the small ones of the batch, and lives on."""

    def small(path: Path) -> sqlite3.Connection:
        db = connect(path)
        db.execute(f"PRAGMA max_page_count = {db.execute('PRAGMA page_count').fetchone()[0] + 4}")
        return db

    gate = threading.Event()
    writer = Writer(lambda: small(db_path))
    writer.submit(lambda _db: gate.wait(10))
    first = writer.submit(lambda db: put(db, "a"))
    huge = writer.submit(lambda db: put(db, "huge", "x" * 1_000_000))
    last = writer.submit(lambda db: put(db, "b"))
    gate.set()
    assert (first.result(10), last.result(10)) == ("a", "b")
    with pytest.raises(CannotWrite, match="full"):
        huge.result(10)
    assert names(db_path) == {"a", "b"}
    writer.close()


def test_a_full_disk_fails_only_the_like_request_that_is_too_large(db_path: Path) -> None:
    """Of like requests in one call the one that the disk has no room for is told so; its neighbours are kept."""

    def small(path: Path) -> sqlite3.Connection:
        db = connect(path)
        db.execute(f"PRAGMA max_page_count = {db.execute('PRAGMA page_count').fetchone()[0] + 4}")
        return db

    def put_all(db: sqlite3.Connection, items: Sequence[tuple[str, str]]) -> list[bool]:
        rows = ", ".join(["(?, ?, 0)"] * len(items))
        values = [value for item in items for value in item]
        db.execute(f"INSERT INTO switches (name, value, updated_at) VALUES {rows}", values)
        return [True] * len(items)

    async def ask(*items: tuple[str, str]) -> list[bool | BaseException]:
        return await asyncio.gather(*(writer.write_together(put_all, item) for item in items), return_exceptions=True)

    writer = Writer(lambda: small(db_path))
    first, huge, last = asyncio.run(ask(("a", "x"), ("huge", "x" * 1_000_000), ("b", "x")))
    assert (first, last) == (True, True)
    assert isinstance(huge, CannotWrite)
    assert names(db_path) == {"a", "b"}
    writer.close()


async def test_the_database_reads_its_own_writes(db_path: Path) -> None:
    """What `write` returned for is there for the next `read`, and a reader cannot write."""
    database = Database(db_path)
    assert await database.write(put, "n") == "n"
    found = await database.read(
        lambda db: db.execute("SELECT count(*) FROM switches WHERE name != 'stock_revision'").fetchone()[0]
    )
    assert found == 1
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        await database.read(put, "m")
    database.close()


def test_every_writing_connection_is_durable(db_path: Path) -> None:
    """Connections of the store flush each commit (synchronous = FULL), use WAL, and check foreign keys."""
    for readonly in (False, True):
        with closing(connect(db_path, readonly=readonly)) as db:
            assert db.execute("PRAGMA synchronous").fetchone()[0] == 2
            assert db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
            assert db.execute("PRAGMA foreign_keys").fetchone()[0] == 1


def test_two_writers_wait_for_each_other(db_path: Path) -> None:
    """A second writer waits for the first one's transaction, and says so in words when it takes too long."""
    with closing(connect(db_path)) as one, closing(connect(db_path, busy_seconds=0.05)) as two:
        with transaction(one):
            put(one, "one")
            with pytest.raises(CannotWrite, match="locked"), transaction(two):
                put(two, "two")
        with transaction(two):
            put(two, "two")
    assert names(db_path) == {"one", "two"}


def test_a_transaction_is_all_or_nothing(db: sqlite3.Connection, db_path: Path) -> None:
    """A block that raises leaves nothing behind."""

    def half() -> None:
        with transaction(db):
            put(db, "half")
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        half()
    assert names(db_path) == set()


def test_like_requests_run_in_one_call_and_a_bad_one_fails_alone(db_path: Path) -> None:
    """Items that wait side by side reach `many` together and in order; with a broken one among them, each alone.

    Together they cost the writer one statement and nothing around it.
    """
    statements: list[str] = []

    def traced(path: Path) -> sqlite3.Connection:
        db = connect(path)
        db.set_trace_callback(statements.append)
        return db

    writer = Writer(lambda: traced(db_path))
    calls: list[list[str]] = []

    def put_all(db: sqlite3.Connection, items: Sequence[str]) -> list[str]:
        calls.append(list(items))
        rows = ", ".join(["(?, 'x', 0)"] * len(items))
        db.execute(f"INSERT INTO switches (name, value, updated_at) VALUES {rows}", items)
        return [item.upper() for item in items]

    async def ask(*items: str) -> list[str | BaseException]:
        return await asyncio.gather(*(writer.write_together(put_all, item) for item in items), return_exceptions=True)

    assert asyncio.run(ask("a", "b", "c")) == ["A", "B", "C"]
    assert calls == [["a", "b", "c"]]
    assert len(statements) == 1
    calls.clear()
    first, twice, last = asyncio.run(ask("d", "b", "e"))
    assert (first, last) == ("D", "E")
    assert isinstance(twice, sqlite3.IntegrityError)
    assert calls[1:] == [["d"], ["b"], ["e"]]
    assert names(db_path) == {"a", "b", "c", "d", "e"}
    writer.close()


def test_what_an_ended_loop_had_asked_is_written(db_path: Path) -> None:
    """A request whose loop ended before it could wake the writer is written at the close."""
    writer = Writer(lambda: connect(db_path))
    loop = asyncio.new_event_loop()
    asked = writer.write(partial(put, name="left"))

    async def begin() -> None:
        with contextlib.suppress(StopIteration):
            asked.send(None)

    loop.run_until_complete(begin())
    loop.close()
    writer.close()
    assert names(db_path) == {"left"}
    asked.close()
