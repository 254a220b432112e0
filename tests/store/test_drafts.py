"""Drafts: one live at most, bound to a message, kept whole, never overwritten by who comes late."""

from __future__ import annotations

import sqlite3

import pytest

from store import contract, drafts, inbox
from store.clock import HOUR
from store.drafts import FinishedDraft
from store.errors import NotAllowed, NotFound
from store.inbox import NewMessage
from tests.conftest import FakeClock

REPLY = FinishedDraft(
    text="Yes! $45.",
    drafter="house",
    intent="price",
    grounding="listed",
    verdict="pass",
    claims=[{"span": [5, 8], "kind": "price", "sku": "J-1", "field": "price", "value": "45.00", "backed": True}],
    reasons=[],
    cited_skus=["J-1"],
    cost_microcents=7,
)


@pytest.fixture
def conversation(db: sqlite3.Connection, clock: FakeClock) -> int:
    found = inbox.open_conversation(
        db, dialect="v1", platform_id="ann", user="ann", name=None, business_id="", now=clock.now
    )
    write(db, found, "m1", clock.now)
    return found


def write(db: sqlite3.Connection, conversation: int, number: str, at: int) -> int:
    message = NewMessage(platform_id=number, role="user", source="customer", text=number, platform_at=at)
    added = inbox.add_message(db, conversation, message, now=at)
    inbox.customer_wrote(db, conversation, at=at, window_ms=48 * HOUR, quota=10)
    inbox.refresh(db, conversation, now=at)
    assert added is not None
    return added


def test_a_draft_walks_from_queued_to_ready(db: sqlite3.Connection, conversation: int, clock: FakeClock) -> None:
    """It is claimed once, kept with its claims, and the conversation then needs the owner."""
    number = drafts.enqueue(db, conversation, now=clock.now)
    assert inbox.conversation(db, conversation).queue == "waiting"
    [claimed] = drafts.claim_due(db, now=clock.now, boot="b")
    assert drafts.claim_due(db, now=clock.now, boot="b") == []
    assert (claimed.id, claimed.state) == (number, "drafting")
    assert drafts.finish(db, number, REPLY, now=clock.now)
    ready = drafts.get(db, number)
    assert (ready.state, ready.text, ready.cited_skus) == ("ready", "Yes! $45.", ("J-1",))
    assert contract.conversation(db, conversation)["draft"]["claims"] == [
        {"span": [5, 8], "kind": "price", "sku": "J-1", "field": "price", "value": "45.00", "backed": True}
    ]
    found = inbox.conversation(db, conversation)
    assert (found.queue, found.live_draft_id) == ("needs_you", number)


def test_a_newer_message_supersedes_what_is_being_written(
    db: sqlite3.Connection, conversation: int, clock: FakeClock
) -> None:
    """The late answer to an overtaken draft is not shown, but what it cost is kept."""
    old = drafts.enqueue(db, conversation, now=clock.now)
    drafts.claim_due(db, now=clock.now, boot="b")
    newest = write(db, conversation, "m2", clock.advance(10))
    new = drafts.enqueue(db, conversation, now=clock.now)
    assert not drafts.finish(db, old, REPLY, now=clock.now)
    late = drafts.get(db, old)
    assert late.state == "superseded"
    assert db.execute("SELECT cost_microcents FROM drafts WHERE id = ?", (old,)).fetchone()[0] == 7
    live = drafts.live(db, conversation)
    assert live is not None
    assert (live.id, live.thread_version) == (new, newest)


def test_two_live_drafts_cannot_be_stored(db: sqlite3.Connection, conversation: int, clock: FakeClock) -> None:
    """The database itself keeps one live draft a conversation."""
    drafts.enqueue(db, conversation, now=clock.now)
    with pytest.raises(sqlite3.IntegrityError):
        db.execute(
            "INSERT INTO drafts (conversation_id, state, thread_version, burst_started_at, due_at, created_at)"
            " VALUES (?, 'ready', 0, 0, 0, 0)",
            (conversation,),
        )


def test_what_a_hold_has_to_tell_survives_her_next_message(
    db: sqlite3.Connection, conversation: int, clock: FakeClock
) -> None:
    """A customer who writes while her confirmation waits still gets it told; a new cause begins anew."""
    drafts.enqueue(db, conversation, now=clock.now, cause="hold", facts={"held_now": "J-1"})
    after = drafts.enqueue(db, conversation, now=clock.now, cause="message")
    assert drafts.get(db, after).facts == {"held_now": "J-1"}
    sold = drafts.enqueue(db, conversation, now=clock.now, cause="sold", facts={"replaces": "J-1"})
    assert drafts.get(db, sold).facts == {"replaces": "J-1"}


def test_what_another_boot_was_writing_is_written_again(
    db: sqlite3.Connection, conversation: int, clock: FakeClock
) -> None:
    """After a crash a half-written draft goes back in line, and the dead boot's answer no longer counts twice."""
    number = drafts.enqueue(db, conversation, now=clock.now)
    drafts.claim_due(db, now=clock.now, boot="old")
    assert drafts.requeue_lost(db, boot="old", now=clock.now) == 0
    assert drafts.requeue_lost(db, boot="new", now=clock.now) == 1
    [again] = drafts.claim_due(db, now=clock.now, boot="new")
    assert again.id == number


def test_a_decision_is_final(db: sqlite3.Connection, conversation: int, clock: FakeClock) -> None:
    """Only a ready draft can be decided, once; a withdrawn or unknown one says so."""
    number = drafts.enqueue(db, conversation, now=clock.now)
    with pytest.raises(NotAllowed, match="queued"):
        drafts.decide(db, number, "approved", now=clock.now, who="owner", final_text=None)
    drafts.claim_due(db, now=clock.now, boot="b")
    drafts.finish(db, number, REPLY, now=clock.now)
    drafts.decide(db, number, "edited", now=clock.now, who="owner", final_text="Still here!")
    assert drafts.get(db, number).text == "Still here!"
    with pytest.raises(NotAllowed, match="edited"):
        drafts.decide(db, number, "approved", now=clock.now, who="owner", final_text=None)
    assert not drafts.withdraw(db, number, "too late", now=clock.now)
    with pytest.raises(NotFound, match="999"):
        drafts.get(db, 999)
    with pytest.raises(NotFound, match="999"):
        drafts.enqueue(db, 999, now=clock.now)


def test_a_wordless_message_says_what_it_is(db: sqlite3.Connection, conversation: int, clock: FakeClock) -> None:
    """Scripts and screen readers get "[sticker]" and never an empty text, in the list and in the thread."""
    for number, kind in enumerate(("image", "sticker", "hologram"), start=1):
        at = clock.now + number
        message = NewMessage(
            platform_id=f"w{number}", role="user", source="customer", kind=kind, text="", platform_at=at
        )
        inbox.add_message(db, conversation, message, now=at)
        inbox.refresh(db, conversation, now=at)
        assert next(iter(contract.conversations(db)))["last_message"]["text"] == f"[{kind}]"
    said = [message["text"] for message in contract.conversation(db, conversation)["messages"]]
    assert said == ["m1", "[image]", "[sticker]", "[hologram]"]
