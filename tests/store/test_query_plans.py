"""What runs for every message, key press or tick of a clock reads by index, however large the shop has grown."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from server import chores, decisions, gauges, status
from server.listener import applying
from server.settings import Delivery, Settings
from server.tiktok.answer import Answer
from store import attempts, contract, drafts, inbound, inbox, outbox, reconciling
from store.clock import DAY, HOUR, MINUTE
from store.views import activity, queue, thread
from store.views.header import header
from tests.conftest import FakeClock
from tests.end_to_end.shop import v1_3
from tests.philia_tui.shop import Shop, many

SETTINGS = Settings()
TERMS = attempts.Terms(
    boot="b", rate_per_minute=30, grace_ms=0, promise_broken=lambda *_: None, redraft=lambda *_: None
)
GROWING = {
    "messages",
    "conversations",
    "users",
    "drafts",
    "claims",
    "deliveries",
    "attempts",
    "inbound_events",
    "journal",
}
"""Tables that grow with every message; a look at all of one of them is what a test here forbids."""


def scans(db: sqlite3.Connection, work: Callable[[], Any]) -> list[str]:
    """Runs `work` and returns the steps of its statements that read a growing table from end to end."""
    statements: list[str] = []
    db.set_trace_callback(statements.append)
    try:
        work()
    finally:
        db.set_trace_callback(None)
    assert statements
    found = []
    for statement in dict.fromkeys(statements):
        # Of an upsert SQLite also plans the foreign keys' children, and skips them when it runs.
        if not re.match(r"\s*(SELECT|UPDATE|DELETE|WITH)\b", statement):
            continue
        # An alias hides the table: the statement's own words tell which it is.
        aliases = {
            alias: table
            for table, alias in re.findall(r"\b(?:FROM|JOIN)\s+(\w+)(?:\s+AS)?\s+(\w+)", statement)
            if alias.isidentifier()
        }
        for row in db.execute(f"EXPLAIN QUERY PLAN {statement}"):
            step = str(row["detail"])
            read = re.match(r"SCAN (\w+)", step)
            if read and aliases.get(read[1], read[1]) in GROWING and "INDEX" not in step:
                found.append(f"{step}: {statement[:300]}")
    return found


@pytest.fixture
def full(db: sqlite3.Connection, clock: FakeClock) -> sqlite3.Connection:
    """A shop with threads, drafts and deliveries in several states, analysed."""
    shop = Shop(db, clock.now)
    many(shop, 2_000)
    for number in range(20):
        shop.delivery(number + 1, f"reply {number}", state="sent" if number % 2 else "held")
    db.execute("ANALYZE")
    return db


def test_the_scan_is_seen(full: sqlite3.Connection) -> None:
    """The oracle of this file notices a statement without an index."""
    assert scans(full, lambda: full.execute("SELECT m.id FROM messages m WHERE m.text = 'x'").fetchall())
    assert scans(full, lambda: full.execute("SELECT id FROM drafts WHERE intent = 'x'").fetchall())


def test_every_message_reads_by_index(full: sqlite3.Connection, clock: FakeClock) -> None:
    """Keeping an event, applying it, deriving the conversation, claiming and keeping its draft never read a table."""
    db, now, rules = full, clock.now, applying.rules_of(SETTINGS)

    def take() -> None:
        body = v1_3("m-new", "c7", "user7", "is it still there?", at=now)
        received = inbound.Received(
            dedupe_key="new", dialect="v1.3", event="im_receive_msg", thread="v1.3:c7", body=body, platform_at=now
        )
        assert inbound.receive(db, received, now=now)
        for logged in inbound.waiting(db):
            applying.apply(db, logged, now=now, rules=rules)
        inbound.polls_wanted(db)

    assert scans(db, take) == []
    plan = db.execute("EXPLAIN QUERY PLAN SELECT * FROM inbound_events WHERE state = 'received' ORDER BY id LIMIT 200")
    assert [row["detail"] for row in plan] == ["SCAN inbound_events USING INDEX inbound_events_waiting"]
    assert scans(db, lambda: inbox.refresh(db, 7, now=now)) == []

    def write() -> None:
        drafts.next_due(db)
        claimed = drafts.claim_due(db, now=now + DAY, boot="b")
        assert claimed
        finished = drafts.FinishedDraft(text="Yes", drafter="house", intent="x", grounding="listed", verdict="pass")
        inbox.history(db, 7, 5)
        inbox.unanswered(db, 7)
        drafts.discussed(db, 7)
        assert drafts.finish(db, claimed[0].id, finished, now=now)

    assert scans(db, write) == []


def test_every_tick_reads_by_index(full: sqlite3.Connection, clock: FakeClock) -> None:
    """The looks that the server's clocks take several times a second never read a table."""
    db, now = full, clock.now + DAY

    def tick() -> None:
        outbox.next_due(db)
        reconciling.recover(db, boot="b", now=now)
        outbox.release_due(db, now=now)
        outbox.expire_late(db, now=now, grace_ms=0)
        attempts.claim(db, TERMS, now=now, limit=5)

    assert scans(db, tick) == []
    assert scans(db, lambda: chores.every_second(db, now=now, settings=SETTINGS)) == []


def test_every_look_of_a_watcher_reads_by_index(full: sqlite3.Connection) -> None:
    """The figures for Prometheus walk indexes, never a table."""
    assert scans(full, lambda: gauges.read(full)) == []


def test_every_key_press_reads_by_index(full: sqlite3.Connection, clock: FakeClock) -> None:
    """A page of the queue, a thread and its draft are found by index; only the counts walk an index whole."""
    db = full

    def look() -> None:
        for listed in queue.LISTS:
            queue.order(db, listed, limit=50)
        queue.rows(db, list(range(1, 51)))
        queue.tally(db)
        header(db, now=clock.now)
        thread.card(db, 7)
        thread.said(db, 7)
        thread.sendings(db, 7)
        thread.draft(db, 7)

    assert scans(db, look) == []
    assert scans(db, lambda: contract.conversation(db, 7)) == []
    assert scans(db, lambda: list(contract.conversations(db, queue="needs_you", limit=50))) == []


def test_every_decision_reads_by_index(full: sqlite3.Connection, clock: FakeClock) -> None:
    """Approving, editing, refusing, asking again, writing oneself, undoing, hurrying and snoozing read by index."""
    db, now, settings = full, clock.now, Delivery(undo_seconds=60)

    def decide() -> None:
        held = decisions.approve(db, 101, now=now, settings=settings)
        decisions.hurry(db, held.delivery_id, now=now)
        decisions.edit(db, 102, "Yes, it is here.", now=now, settings=settings)
        decisions.reject(db, 103, "not my words", now=now)
        decisions.instruct(db, 104, "shorter", now=now)
        own = decisions.send(db, 105, "It is here.", now=now, settings=settings)
        decisions.undo(db, own.delivery_id, now=now)
        inbox.snooze(db, 106, until=now + HOUR, now=now, who="owner")
        inbox.wake(db, now=now + 2 * HOUR)
        inbox.set_mode(db, 107, "paused", now=now, who="owner")
        inbox.mark_seen(db, 108, now=now)

    assert scans(db, decide) == []


def test_every_sending_reads_by_index(full: sqlite3.Connection, clock: FakeClock) -> None:
    """Starting requests, writing down their answers, a look for one in doubt and its echo never read a table."""
    db, now = full, clock.now
    outcomes: list[str] = []

    def send() -> None:
        outbox.release_due(db, now=now + MINUTE)
        accepted, lost = attempts.claim(db, TERMS, now=now + MINUTE, limit=2)
        then = attempts.Next(retry_at=now + HOUR)
        yes = Answer(outcome="sent", kind="accepted", reason="", platform_id="p-1", answered=True)
        outcomes.append(attempts.record(db, accepted, yes, then, now=now + MINUTE))
        unclear = Answer(outcome="unknown", kind="timeout", reason="no answer")
        outcomes.append(attempts.record(db, lost, unclear, then, now=now + MINUTE))
        reconciling.due(db, now=now + DAY)
        echo = reconciling.match_echo(
            db, lost.conversation_id, platform_id="p-2", text=lost.text, at=now + MINUTE, now=now + MINUTE, source="API"
        )
        assert echo == lost.delivery_id

    assert scans(db, send) == []
    assert outcomes == ["sent", "unknown"]


def test_what_scripts_ask_reads_by_index(full: sqlite3.Connection, db_path: Path) -> None:
    """The sendings, the failures, the journal of a thread and the state of the shop are found or counted by index."""
    db = full

    def ask() -> None:
        outbox.listed(db, limit=50)
        outbox.of_conversation(db, 7)
        inbound.poisoned(db)
        activity.entries(db, activity.entry_ids(db, conversation=7))
        status.status(db, SETTINGS, db_path)

    assert scans(db, ask) == []
