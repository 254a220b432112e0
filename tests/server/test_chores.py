"""What only time brings about: windows that close, and the notices before they do."""

from __future__ import annotations

import sqlite3

from server import chores
from server.settings import Settings
from store import drafts, inbox
from store.clock import HOUR, MINUTE
from store.inbox import NewMessage
from tests.conftest import FakeClock


def asked(db: sqlite3.Connection, at: int) -> int:
    """A conversation in which a customer wrote at a time and a draft is being waited for."""
    conversation = inbox.open_conversation(
        db, dialect="v1", platform_id="ann", user="ann", name="Ann", business_id="", now=at
    )
    message = NewMessage(platform_id="m1", role="user", source="customer", text="hi", platform_at=at)
    inbox.add_message(db, conversation, message, now=at)
    inbox.customer_wrote(db, conversation, at=at, window_ms=48 * HOUR, quota=10)
    inbox.refresh(db, conversation, now=at)
    return conversation


def notices(db: sqlite3.Connection) -> list[str]:
    return [row["text"] for row in db.execute("SELECT text FROM notices ORDER BY id")]


def test_a_window_is_told_of_twice_and_once_each(db: sqlite3.Connection, clock: FakeClock) -> None:
    """Six hours and one hour before an unanswered window closes the owner is told, once each."""
    asked(db, clock.now)
    start = clock.now
    for minute in range(0, 48 * 60, 7):
        clock.now = start + minute * MINUTE
        chores.every_second(db, now=clock.now, settings=Settings())
    assert notices(db) == ["Ann: the reply window closes in 6 h 0 min.", "Ann: the reply window closes in 59 min."]


def test_an_answered_customer_is_no_notice(db: sqlite3.Connection, clock: FakeClock) -> None:
    """Nobody is warned of a window in which everything was answered."""
    conversation = asked(db, clock.now)
    inbox.record_reply(
        db,
        conversation,
        platform_id="p1",
        text="hey",
        at=clock.now + 1,
        source="owner",
        delivery_id=None,
        now=clock.now,
    )
    clock.advance(47 * HOUR)
    chores.every_second(db, now=clock.now, settings=Settings())
    assert notices(db) == []


def test_a_closed_window_withdraws_the_draft_with_its_reason(db: sqlite3.Connection, clock: FakeClock) -> None:
    """When the window closes the live draft is withdrawn, and says why."""
    conversation = asked(db, clock.now)
    draft = drafts.enqueue(db, conversation, now=clock.now)
    chores.every_second(db, now=clock.advance(48 * HOUR - 1), settings=Settings())
    assert drafts.get(db, draft).state == "queued"
    chores.every_second(db, now=clock.advance(1), settings=Settings())
    ended = drafts.get(db, draft)
    assert ended.state == "withdrawn"
    assert "window closed" in (ended.ended_reason or "")


def test_a_snooze_ends_by_itself(db: sqlite3.Connection, clock: FakeClock) -> None:
    """A conversation that was put away comes back at its time and not before."""
    conversation = asked(db, clock.now)
    inbox.snooze(db, conversation, until=clock.now + HOUR, now=clock.now, who="owner")
    assert inbox.conversation(db, conversation).queue == "snoozed"
    chores.every_second(db, now=clock.advance(HOUR - 1), settings=Settings())
    assert inbox.conversation(db, conversation).queue == "snoozed"
    chores.every_second(db, now=clock.advance(1), settings=Settings())
    assert inbox.conversation(db, conversation).queue == "needs_you"
