"""Import, replay, backup and fetching on the screen: real child commands, their progress, stopping them half-way."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from philia_tui.longwork import LongWork
from server.simulator.run import BUSINESS_ID
from tests.conftest import FakeClock
from tests.end_to_end.platform import Platform
from tests.philia_tui.driving import Quick, driving, screen_text, settle, toasts, typing
from tests.philia_tui.shop import Shop, many, suede

SECONDS = 60.0
"""A command takes a second to start, on a loaded machine ten."""

COLUMNS = "sku,name,category,brand,size_label,price,description,measurements,color,era,condition,status\n"


def commands(db_path: Path, *, platform: str = "http://127.0.0.1:9", **more: str) -> LongWork:
    """The shop's own commands over this database, signed in at a platform of this machine."""
    config = db_path.with_name("config.toml")
    config.write_text(f'[database]\nurl = "sqlite:///{db_path}"\n[tiktok]\nbase_url = "{platform}"\n', "utf-8")
    signed_in = {"TIKTOK_BUSINESS_ID": "b-1", "TIKTOK_ACCESS_TOKEN": "token"}
    return LongWork(("--config", str(config)), {**os.environ, **signed_in, **more})


async def ended(pilot: Quick, work: LongWork) -> None:
    """Waits until the job is over, its toast stands, and the page says how it ended."""

    def over() -> bool:
        told = work.told
        if told is None or told.running or told.outcome not in toasts(pilot.app):
            return False
        return any(line.lstrip().startswith(("✓ ", "✗ ")) for line in screen_text(pilot.app))

    await settle(pilot, until=over, seconds=SECONDS)


def stock(path: Path, count: int, *, price: str = "45.00") -> Path:
    """Writes a stock file of so many pieces."""
    rows = (f"L-{n},Jacket {n},jacket,,M,{price},,,brown,70s,good,available\n" for n in range(count))
    path.write_text(COLUMNS + "".join(rows), "utf-8")
    return path


def count(db: sqlite3.Connection, table: str) -> int:
    return int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


async def begin_import(pilot: Quick, work: LongWork, file: Path) -> None:
    """Names a file and has it looked at."""
    await pilot.press("6", "i")
    await settle(pilot)
    await typing(pilot, str(file))
    await pilot.press("enter")
    await ended(pilot, work)


async def test_a_stock_file_is_looked_at_and_then_taken_in(
    db: sqlite3.Connection, db_path: Path, clock: FakeClock, tmp_path: Path
) -> None:
    """I tells what a file would change and changes nothing; y takes it in; page and toast say what happened."""
    work = commands(db_path)
    async with driving(db_path, clock, work=work) as pilot:
        await begin_import(pilot, work, stock(tmp_path / "stock [b].csv", 3))
        shown = "\n".join(screen_text(pilot.app))
        assert "would be new 3" in shown
        assert "y takes it in" in shown
        assert count(db, "items") == 0
        await pilot.press("y")
        await ended(pilot, work)
        assert count(db, "items") == 3
        assert "Import: new 3, changed 0" in toasts(pilot.app)
        await pilot.press("y")
        await settle(pilot)
        assert "No file was looked at" in toasts(pilot.app)


async def test_a_wrong_row_is_told_and_nothing_is_taken_in(
    db: sqlite3.Connection, db_path: Path, clock: FakeClock, tmp_path: Path
) -> None:
    """A file with a wrong row says which, and y refuses it; a file that is not there is told at once."""
    work = commands(db_path)
    async with driving(db_path, clock, work=work) as pilot:
        await begin_import(pilot, work, stock(tmp_path / "stock.csv", 2, price="cheap"))
        assert any("price is" in line for line in screen_text(pilot.app))
        assert "rows are wrong" in toasts(pilot.app)
        await pilot.press("y")
        await settle(pilot)
        assert "No file was looked at" in toasts(pilot.app)
        await pilot.press("i")
        await settle(pilot)
        await typing(pilot, "/nowhere/at/all.csv")
        assert "no such file" in screen_text(pilot.app)[-1]
        await pilot.press("enter")
        await settle(pilot)
        assert "There is no file /nowhere/at/all.csv" in toasts(pilot.app)
        assert count(db, "items") == 0


async def test_an_import_that_is_stopped_half_way_leaves_the_stock_as_it_was(
    db: sqlite3.Connection, db_path: Path, clock: FakeClock, tmp_path: Path
) -> None:
    """Progress is on the screen and in the inbox's header; s stops it; not one piece is there."""
    work = commands(db_path)
    async with driving(db_path, clock, work=work) as pilot:
        await begin_import(pilot, work, stock(tmp_path / "stock.csv", 60_000))
        await pilot.press("y")
        await settle(pilot, until=lambda: bool(work.told and work.told.done), seconds=SECONDS)
        await settle(pilot, until=lambda: any("of 60,000" in line for line in screen_text(pilot.app)))
        await pilot.press("b")
        await settle(pilot)
        assert "Import is still under way; s stops it" in toasts(pilot.app)
        pilot.app.inbox._tick()
        await pilot.press("s")
        await ended(pilot, work)
        assert "Import was stopped. Nothing was imported" in toasts(pilot.app)
        assert pilot.app.inbox.header.work == "" or "import" in pilot.app.inbox.header.work
        assert (count(db, "items"), count(db, "journal")) == (0, 0)
        await pilot.press("s")
        await settle(pilot)
        assert "Nothing is under way" in toasts(pilot.app)


async def test_a_backup_is_whole_or_not_there(db: sqlite3.Connection, db_path: Path, clock: FakeClock) -> None:
    """B writes one sound copy with every row; one that is stopped leaves no file at all, not even a part of one."""
    suede(Shop(db, clock()))
    work = commands(db_path)
    folder = db_path.parent
    async with driving(db_path, clock, work=work) as pilot:
        await pilot.press("6", "b")
        await ended(pilot, work)
        assert work.told is not None
        (copy,) = folder.rglob("philia-by-hand-*.db")
        assert str(copy.name) in " ".join(work.told.said)
        with closing(sqlite3.connect(copy)) as found:
            assert found.execute("SELECT tiktok_id FROM users").fetchall() == [("maria.k",)]
            assert found.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        copy.unlink()
        db.execute("CREATE TABLE ballast (b BLOB)")
        db.executemany("INSERT INTO ballast VALUES (zeroblob(?))", [(1_000_000,)] * 300)
        await pilot.press("b")
        await settle(pilot, until=lambda: bool(work.told and work.told.of), seconds=SECONDS)
        await pilot.press("s")
        await ended(pilot, work)
        assert "Backup was stopped. No backup was written." in toasts(pilot.app)
        assert [*folder.rglob("*by-hand*")] == []


async def test_prompts_are_tried_on_the_past_and_nothing_is_kept(
    db: sqlite3.Connection, db_path: Path, clock: FakeClock
) -> None:
    """R shows the comparison; stopped half-way it says so; not a draft, message or delivery more is there."""
    many(Shop(db, clock()), 300)

    def rows() -> list[int]:
        return [count(db, table) for table in ("drafts", "messages", "deliveries", "verdicts")]

    before = rows()
    work = commands(db_path)
    async with driving(db_path, clock, work=work) as pilot:
        await pilot.press("6", "r")
        await settle(pilot)
        await pilot.press("end", "backspace", "backspace", "2")
        assert "free" in screen_text(pilot.app)[-1]
        await pilot.press("enter")
        await ended(pilot, work)
        shown = "\n".join(screen_text(pilot.app))
        assert "messages" in shown
        assert "grounded" in shown
        await pilot.press("r")
        await settle(pilot)
        await pilot.press("end", "backspace", "backspace")
        await typing(pilot, "300")
        await pilot.press("enter")
        await settle(pilot, until=lambda: bool(work.told and work.told.of and work.told.done), seconds=SECONDS)
        await pilot.press("s")
        await ended(pilot, work)
        assert "Replay was stopped. It had sent and kept nothing." in toasts(pilot.app)
        await pilot.press("r")
        await settle(pilot)
        await typing(pilot, " live")
        assert "$1 at most" in screen_text(pilot.app)[-1]
        await pilot.press("backspace", *["backspace"] * 10)
        await typing(pilot, "many")
        await pilot.press("enter")
        await settle(pilot)
        assert "Begin with how many" in toasts(pilot.app)
    assert rows() == before


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    opened = Platform(tmp_path)
    yield opened
    opened.close()


def threads(db: sqlite3.Connection) -> dict[str, list[str]]:
    """What every customer wrote, by conversation."""
    found: dict[str, list[str]] = {}
    for row in db.execute(
        "SELECT c.platform_id, m.text FROM messages m JOIN conversations c ON c.id = m.conversation_id ORDER BY m.id"
    ):
        found.setdefault(str(row[0]), []).append(str(row[1]))
    return found


async def test_missed_messages_are_fetched_and_a_stop_leaves_whole_conversations(
    db: sqlite3.Connection, db_path: Path, clock: FakeClock, platform: Platform
) -> None:
    """M brings what no webhook brought; stopped while TikTok is slow, each conversation is whole or not there."""
    for who in ("maria", "ben", "ana"):
        for text in ("hello?", "is it there?"):
            platform.control(f"customers/{who}/say", text=f"{who}: {text}")
    work = commands(db_path, platform=platform.url, TIKTOK_BUSINESS_ID=BUSINESS_ID)
    slow: dict[str, Any] = {"name": "slow_applied", "seconds": 300}
    platform.control("faults", on="list", queue=["none", "none", "none", slow])
    async with driving(db_path, clock, work=work) as pilot:
        await pilot.press("6", "m")
        await settle(pilot, until=lambda: bool(work.told and work.told.done == 1), seconds=SECONDS)
        await pilot.press("s")
        await ended(pilot, work)
        assert "Fetch was stopped. What is here is whole" in toasts(pilot.app)
        assert [len(texts) for texts in threads(db).values()] == [2]
        platform.control("faults", on="list", clear=True)
        await pilot.press("m")
        await ended(pilot, work)
        assert "Fetch: 4 messages were missed and are here now." in toasts(pilot.app)
        assert {texts[0].split(":")[0]: len(texts) for texts in threads(db).values()} == dict.fromkeys(
            ("maria", "ben", "ana"), 2
        )
        await pilot.press("m")
        await ended(pilot, work)
        assert "Fetch: Nothing was missed." in toasts(pilot.app)


async def test_closing_the_inbox_ends_the_work(
    db: sqlite3.Connection, db_path: Path, clock: FakeClock, tmp_path: Path
) -> None:
    """A job that runs when the inbox is closed is stopped and waited for: no process and no half import is left."""
    work = commands(db_path)
    async with driving(db_path, clock, work=work) as pilot:
        await begin_import(pilot, work, stock(tmp_path / "stock.csv", 60_000))
        await pilot.press("y")
        await settle(pilot, until=lambda: bool(work.told and work.told.done), seconds=SECONDS)
        assert work._process is not None
        pid = work._process.pid
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert count(db, "items") == 0


async def test_each_piece_of_work_can_be_begun_from_the_palette(
    db: sqlite3.Connection, db_path: Path, clock: FakeClock
) -> None:
    """The inbox's palette names import, replay, backup and fetching, and each opens long work and begins there."""
    work = commands(db_path)
    async with driving(db_path, clock, work=work) as pilot:
        offered = {one.title: one.callback for one in pilot.app.get_system_commands(pilot.app.screen)}
        assert {"import stock", "replay", "back up", "fetch missed", "stop it"} <= set(offered)
        offered["back up"]()
        await ended(pilot, work)
        assert "Backup: The shop is in" in toasts(pilot.app)
        assert type(pilot.app.screen).__name__ == "WorkScreen"
