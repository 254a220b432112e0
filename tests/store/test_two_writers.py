"""Two processes at one database: every writing connection is durable, and nothing decided is decided twice."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from server import decisions
from server.settings import Delivery
from store.database import Database, connect, transaction
from tests.server.delivery.shop import add_conversation, ready_draft

NOW = 1_800_000_000_000
FULL = 2

DECIDE = """
import sys
from contextlib import closing
from pathlib import Path
from server import decisions
from server.settings import Delivery
from store.database import connect, transaction
from store.errors import StoreError
won = 0
with closing(connect(Path(sys.argv[1]))) as db:
    print("ready", flush=True)
    sys.stdin.readline()
    for draft in range(1, 41):
        try:
            with transaction(db):
                decisions.approve(db, draft, now=int(sys.argv[2]), settings=Delivery())
            won += 1
        except StoreError:
            pass
print(won, flush=True)
"""


async def test_every_writing_connection_is_durable(db_path: Path) -> None:
    """`synchronous=FULL`, WAL and foreign keys hold on plain connections, the shared writer, and every pooled one."""
    from store.sessions import make_engine

    names = ("synchronous", "journal_mode", "foreign_keys")

    def pragmas(db: sqlite3.Connection) -> list[object]:
        return [db.execute(f"PRAGMA {name}").fetchone()[0] for name in names]

    with closing(connect(db_path)) as plain:
        assert pragmas(plain) == [FULL, "wal", 1]
    database = Database(db_path)
    try:
        assert await database.write(pragmas) == [FULL, "wal", 1]
    finally:
        database.close()
    engine = make_engine(db_path)
    try:
        # Held at once, so that each is a connection of its own; asked below the engine, so that no transaction begins.
        pooled = [await engine.connect() for _ in range(5)]
        for connection in pooled:
            driver = (await connection.get_raw_connection()).driver_connection
            assert driver is not None
            found = [(await (await driver.execute(f"PRAGMA {name}")).fetchone())[0] for name in names]
            assert found == [FULL, "wal", 1]
            await connection.close()
    finally:
        await engine.dispose()


def test_two_processes_decide_each_draft_once(db_path: Path) -> None:
    """Two processes approve the same 40 drafts at once: each draft gets exactly one delivery, and none is lost."""
    with closing(connect(db_path)) as db, transaction(db):
        for number in range(40):
            conversation = add_conversation(db, f"c{number}", now=NOW)
            ready_draft(db, conversation, f"text {number}", now=NOW)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", DECIDE, str(db_path), str(NOW)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    won = [int(process.communicate(timeout=60)[0]) for process in processes]
    assert sum(won) == 40
    with closing(connect(db_path)) as db:
        counts = db.execute("SELECT draft_id, count(*) AS n FROM deliveries GROUP BY draft_id").fetchall()
        assert [row["n"] for row in counts] == [1] * 40


def test_an_undo_and_a_claim_cannot_both_win(db_path: Path) -> None:
    """Of two connections, once the sender has claimed a delivery its undo is refused, and the other way round."""
    from server.delivery.sender import redraft
    from store import attempts, items, outbox
    from store.errors import NotAllowed

    terms = attempts.Terms(
        boot="b", rate_per_minute=30, grace_ms=0, promise_broken=items.promise_broken, redraft=redraft
    )
    with closing(connect(db_path)) as sender, closing(connect(db_path)) as inbox:
        for number, undo_first in enumerate((True, False)):
            with transaction(inbox):
                conversation = add_conversation(inbox, f"c{number}", now=NOW)
                made = decisions.send(inbox, conversation, "x", now=NOW, settings=Delivery(), send_now=True)
            if undo_first:
                with transaction(inbox):
                    decisions.undo(inbox, made.delivery_id, now=NOW)
            with transaction(sender):
                outbox.release_due(sender, now=NOW)
                claimed = attempts.claim(sender, terms, now=NOW, limit=8)
            assert len(claimed) == (0 if undo_first else 1)
            if not undo_first:
                with pytest.raises(NotAllowed, match="being sent"), transaction(inbox):
                    decisions.undo(inbox, made.delivery_id, now=NOW)
