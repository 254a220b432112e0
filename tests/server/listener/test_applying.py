"""Applying events: once each, in any order, with the same conversation at the end."""

from __future__ import annotations

import itertools
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.listener import applying
from server.listener.events import read
from server.settings import Settings
from store import drafts, inbound, inbox
from store.clock import HOUR, MINUTE, SECOND
from store.database import connect
from store.inbound import Received
from tests.conftest import FakeClock

RULES = applying.rules_of(Settings())
NOW = FakeClock().now


def log(db: sqlite3.Connection, body: bytes, *, now: int = NOW) -> bool:
    event = read(body)
    received = Received(
        dedupe_key=event.dedupe_key, dialect=event.dialect, event=event.event, thread=event.thread, body=body
    )
    return inbound.receive(db, received, now=now)


def apply_all(db: sqlite3.Connection, *, now: int = NOW) -> list[str]:
    return [applying.apply(db, logged, now=now, rules=RULES) for logged in inbound.waiting(db)]


def take(db: sqlite3.Connection, body: bytes, *, now: int = NOW) -> None:
    log(db, body, now=now)
    apply_all(db, now=now)


def said(text: str, at: int, *, mine: str | None = None, number: str | None = None) -> bytes:
    """A message in one conversation; `mine` makes it an echo of that source."""
    customer, business = {"id": "maria", "role": "personal_account"}, {"id": "biz", "role": "business_account"}
    content: dict[str, Any] = {
        "from_user": business if mine else customer,
        "to_user": customer if mine else business,
        "conversation_id": "c1",
        "message_id": number or f"m-{text}",
        "timestamp": at,
        "type": "text",
        "text": {"body": text},
        **({"message_tag": {"source": mine}} if mine else {}),
    }
    event = "im_send_msg" if mine else "im_receive_msg"
    return json.dumps({"event": event, "user_openid": "biz", "content": json.dumps(content)}).encode()


def mark(at: int) -> bytes:
    content = {"conversation_id": "c1", "from_user": {"id": "maria"}, "read": {"last_read_timestamp": at}}
    return json.dumps({"event": "im_mark_read_msg", "user_openid": "biz", "content": json.dumps(content)}).encode()


def only(db: sqlite3.Connection) -> inbox.Conversation:
    [row] = db.execute("SELECT id FROM conversations").fetchall()
    return inbox.conversation(db, row["id"])


def picture(db: sqlite3.Connection) -> object:
    """What a conversation is, without the ids that tell in which order it was learnt."""
    conversation = db.execute(
        "SELECT platform_id, dialect, window_closes_at, quota_left, last_customer_at, last_message_at, answered_at,"
        " customer_read_at, auto_paused_until, queue FROM conversations"
    ).fetchall()
    messages = db.execute(
        "SELECT dedupe_key, role, source, text, platform_at FROM messages ORDER BY dedupe_key"
    ).fetchall()
    live = db.execute(
        "SELECT m.dedupe_key FROM drafts d JOIN messages m ON m.id = d.thread_version"
        " WHERE d.state IN ('queued', 'drafting', 'ready')"
    ).fetchall()
    return [[tuple(row) for row in rows] for rows in (conversation, messages, live)]


def test_a_message_opens_the_window_and_asks_for_a_draft(db: sqlite3.Connection) -> None:
    """A customer's message is there, the window is 48 h from it, the quota full, and a draft waits for silence."""
    take(db, said("hi", NOW - MINUTE))
    conversation = only(db)
    assert conversation.window_closes_at == NOW - MINUTE + 48 * HOUR
    assert (conversation.quota_left, conversation.queue, conversation.user) == (10, "waiting", "maria")
    draft = drafts.live(db, conversation.id)
    assert draft is not None
    assert draft.due_at == NOW + 4 * SECOND
    assert not drafts.claim_due(db, now=NOW + 4 * SECOND - 1, boot="b")
    assert drafts.claim_due(db, now=NOW + 4 * SECOND, boot="b")


def test_a_burst_waits_for_silence_but_not_forever(db: sqlite3.Connection) -> None:
    """Each message of a burst puts the draft off by 4 s, 20 s after the first at the latest; one draft is live."""
    for second in range(0, 40, 3):
        take(db, said(f"m{second}", NOW + second * SECOND), now=NOW + second * SECOND)
        draft = drafts.live(db, only(db).id)
        assert draft is not None
        now = NOW + second * SECOND
        assert draft.due_at == max(now, min(now + 4 * SECOND, NOW + 20 * SECOND))
    states = [row[0] for row in db.execute("SELECT state FROM drafts ORDER BY id")]
    assert states == ["superseded"] * (len(states) - 1) + ["queued"]


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_any_order_of_a_short_thread_is_the_same_conversation(order: tuple[int, ...], db: sqlite3.Connection) -> None:
    """I10: question, phone answer, newer question and a read mark give one picture in all 24 orders."""
    bodies = [
        said("one", NOW - 3_000),
        said("on it", NOW - 2_000, mine="APP"),
        said("two", NOW - 1_000),
        mark(NOW - 1_500),
    ]
    for index in order:
        take(db, bodies[index])
    conversation = only(db)
    assert (conversation.queue, conversation.quota_left) == ("waiting", 10)
    [draft] = db.execute("SELECT thread_version FROM drafts WHERE state = 'queued'").fetchall()
    newest = db.execute("SELECT text FROM messages WHERE id = ?", (draft["thread_version"],)).fetchone()
    assert newest["text"] == "two"


EVENTS = st.lists(
    st.tuples(st.integers(0, 8), st.sampled_from(["customer", "APP", "WEB", "mark"])),
    min_size=1,
    max_size=7,
    unique=True,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), events=EVENTS)
def test_permutation_and_duplication_change_nothing(
    data: st.DataObject, events: list[tuple[int, str]], migrated: Path
) -> None:
    """I10: the same events, shuffled and repeated, give the same conversation, messages and live draft."""
    bodies = []
    for at, kind in events:
        time = NOW - HOUR + at * MINUTE
        if kind == "mark":
            bodies.append(mark(time))
        else:
            bodies.append(said(f"{kind}-{at}", time, mine=None if kind == "customer" else kind))
    shuffled = data.draw(st.permutations(bodies + bodies[: len(bodies) // 2]))
    pictures = []
    for order in (bodies, shuffled):
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
            db.row_factory = sqlite3.Row
            with closing(connect(migrated, readonly=True)) as template:
                template.backup(db)
            for body in order:
                take(db, body)
            pictures.append(picture(db))
    assert pictures[0] == pictures[1]


def test_an_event_has_its_effect_once(db: sqlite3.Connection) -> None:
    """An event that is applied twice, by two rounds that both saw it waiting, is one message and one draft."""
    log(db, said("hi", NOW))
    [logged] = inbound.waiting(db)
    assert applying.apply(db, logged, now=NOW, rules=RULES) == "applied"
    before = picture(db)
    assert applying.apply(db, logged, now=NOW, rules=RULES) == "applied"
    assert picture(db) == before
    assert db.execute("SELECT count(*) FROM drafts").fetchone()[0] == 1


def test_the_phone_withdraws_the_draft_and_rests_automatic_replies(db: sqlite3.Connection) -> None:
    """What she typed in TikTok's app takes the live draft back with its reason and rests automatic replies for 12 h."""
    take(db, said("hi", NOW - 2_000))
    take(db, said("hey you", NOW - 1_000, mine="APP"))
    conversation = only(db)
    assert conversation.auto_paused_until == NOW - 1_000 + 12 * HOUR
    assert (conversation.queue, conversation.quota_left) == ("done", 9)
    draft = drafts.latest(db, conversation.id)
    assert draft is not None
    assert (draft.state, draft.ended_reason) == ("withdrawn", "you answered on your phone")


def test_a_placeholder_time_is_no_time(db: sqlite3.Connection) -> None:
    """A message dated 2009, as in the specification's example, counts from when it arrived, so it can be answered."""
    body = b'{"event_id":"t","timestamp":1234567890,"data":{"message":{"from_user_id":"u","content":"hi"}}}'
    take(db, body)
    assert only(db).window_closes_at == NOW + 48 * HOUR
    late = json.dumps(
        {
            "event_id": "t2",
            "timestamp": (NOW - 50 * HOUR) // 1000,
            "data": {"message": {"from_user_id": "w", "content": "hi"}},
        }
    )
    take(db, late.encode())
    row = db.execute("SELECT id FROM conversations WHERE platform_id = 'w'").fetchone()
    conversation = inbox.conversation(db, row["id"])
    assert (conversation.window_closes_at or 0) < NOW
    assert drafts.latest(db, conversation.id) is None


def test_five_failures_are_poison_and_the_conversation_goes_on(db: sqlite3.Connection) -> None:
    """An event that cannot be applied is set aside after five tries, and the next one is not held up."""
    log(db, said("bad", NOW))
    log(db, said("good", NOW))
    bad, good = inbound.waiting(db)
    states = [inbound.failed(db, bad.id, "KeyError", now=NOW) for _ in range(5)]
    assert states == ["received"] * 4 + ["poison"]
    assert [logged.id for logged in inbound.waiting(db)] == [good.id]
    assert [row["id"] for row in inbound.poisoned(db)] == [bad.id]
    inbound.retry_poison(db, bad.id, now=NOW)
    assert apply_all(db) == ["applied", "applied"]


def test_bodies_are_emptied_and_duplicates_stay_duplicates(db: sqlite3.Connection) -> None:
    """After its time a raw body is gone, the event's key is not."""
    take(db, said("hi", NOW))
    assert inbound.forget_bodies(db, before=NOW) == 0
    assert inbound.forget_bodies(db, before=NOW + 1) == 1
    assert not log(db, said("hi", NOW))
    assert db.execute("SELECT length(body) FROM inbound_events").fetchone()[0] == 0


def test_a_blocked_customer_and_a_paused_conversation_get_no_draft(db: sqlite3.Connection) -> None:
    """A blocked customer's messages are kept and ask for nothing; a paused conversation waits for the owner herself."""
    take(db, said("hi", NOW - 3_000))
    conversation = only(db)
    live = drafts.live(db, conversation.id)
    assert live is not None
    drafts.withdraw(db, live.id, "test", now=NOW)
    inbox.set_mode(db, conversation.id, "paused", now=NOW, who="owner")
    take(db, said("hello?", NOW - 2_000))
    assert drafts.live(db, conversation.id) is None
    assert only(db).queue == "needs_you"
    db.execute("UPDATE users SET blocked = 1")
    take(db, said("HELLO", NOW - 1_000))
    assert only(db).queue == "done"
