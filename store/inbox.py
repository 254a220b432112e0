"""Conversations and their messages: what a thread holds, and in which queue it stands.

Everything derived is commutative: any order and any number of copies of the same messages give the same
conversation. `refresh` derives it, and is called by whoever changed a message, a draft or a delivery.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from store import journal
from store.errors import NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage:
    """A message of the platform, however it was learnt."""

    platform_id: str
    """Unique in its conversation."""
    role: str
    source: str
    text: str
    platform_at: int
    kind: str = "text"
    attachments: Sequence[Mapping[str, Any]] = ()
    quotes: str | None = None
    delivery_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """A conversation with its customer, as the rows say them."""

    id: int
    platform_id: str
    dialect: str
    user_id: int
    user: str
    name: str | None
    blocked: bool
    mode: str
    queue: str
    window_closes_at: int | None
    quota_left: int | None
    auto_paused_until: int | None
    last_customer_at: int | None
    newest_customer_message_id: int | None
    live_draft_id: int | None
    snoozed_until: int | None
    version: int
    business_id: str = field(default="")


_CONVERSATION = (
    "SELECT c.id, c.platform_id, c.dialect, c.user_id, u.tiktok_id AS user, u.display_name AS name, u.blocked, c.mode,"
    " c.queue, c.window_closes_at, c.quota_left, c.auto_paused_until, c.last_customer_at,"
    " c.newest_customer_message_id, c.live_draft_id, c.snoozed_until, c.version, c.business_id"
    " FROM conversations c JOIN users u ON u.id = c.user_id"
)


def conversation(db: sqlite3.Connection, conversation_id: int) -> Conversation:
    """Returns a conversation. Raises NotFound."""
    row = db.execute(f"{_CONVERSATION} WHERE c.id = ?", (conversation_id,)).fetchone()
    if row is None:
        raise NotFound(f"There is no conversation {conversation_id}. philia inbox list shows them.")
    return Conversation(**{**dict(row), "blocked": bool(row["blocked"])})


def find(db: sqlite3.Connection, dialect: str, platform_id: str) -> int | None:
    """Returns the id of the conversation that the platform knows by this name in this dialect."""
    row = db.execute(
        "SELECT id FROM conversations WHERE dialect = ? AND platform_id = ?", (dialect, platform_id)
    ).fetchone()
    return None if row is None else int(row["id"])


def open_conversation(
    db: sqlite3.Connection, *, dialect: str, platform_id: str, user: str, name: str | None, business_id: str, now: int
) -> int:
    """Returns the conversation of this name, made with its customer if they are new."""
    user_row = db.execute(
        "INSERT INTO users (tiktok_id, display_name, created_at) VALUES (?, ?, ?)"
        " ON CONFLICT (tiktok_id) DO UPDATE SET display_name = coalesce(excluded.display_name, display_name)"
        " RETURNING id",
        (user, name, now),
    ).fetchone()
    db.execute(
        "INSERT INTO conversations (user_id, platform_id, dialect, business_id, created_at) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (dialect, platform_id) DO UPDATE SET"
        " business_id = CASE WHEN business_id = '' THEN excluded.business_id ELSE business_id END,"
        # An event that did not name the customer left the conversation's own name in her place.
        " user_id = CASE WHEN (SELECT tiktok_id FROM users WHERE id = user_id) = platform_id THEN excluded.user_id"
        " ELSE user_id END",
        (user_row["id"], platform_id, dialect, business_id, now),
    )
    found = find(db, dialect, platform_id)
    if found is None:
        raise NotFound(f"The conversation {platform_id} could not be opened.")
    return found


def add_message(db: sqlite3.Connection, conversation_id: int, message: NewMessage, *, now: int) -> int | None:
    """Adds a message to its thread; None when it is there already, however it was learnt. Call `refresh` after it."""
    cursor = db.execute(
        "INSERT INTO messages (conversation_id, dedupe_key, role, source, kind, text, attachments, platform_id,"
        " platform_at, received_at, state, delivery_id, quotes)"
        " SELECT id, 'msg:' || platform_id || ':' || ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM conversations WHERE id = ?"
        " ON CONFLICT (dedupe_key) DO NOTHING",
        (
            message.platform_id,
            message.role,
            message.source,
            message.kind,
            message.text,
            json.dumps(list(message.attachments), ensure_ascii=False),
            message.platform_id,
            message.platform_at,
            now,
            "received" if message.role == "user" else "sent",
            message.delivery_id,
            message.quotes,
            conversation_id,
        ),
    )
    return int(cursor.lastrowid or 0) if cursor.rowcount == 1 else None


def record_reply(
    db: sqlite3.Connection,
    conversation_id: int,
    *,
    platform_id: str | None,
    text: str,
    at: int,
    source: str,
    delivery_id: int | None,
    sku: str | None = None,
    now: int,
) -> int:
    """Puts a reply of ours into the thread, or finds it there when its echo came first; returns the message's id.

    Without a platform id the key is the delivery's own; the echo's id is taken over when it comes. `sku` makes it the
    picture of a piece.
    """
    attached = None if sku is None else json.dumps([{"type": "image", "sku": sku}], ensure_ascii=False)
    platform_name = db.execute("SELECT platform_id FROM conversations WHERE id = ?", (conversation_id,)).fetchone()
    key = f"delivery:{delivery_id}" if platform_id is None else f"msg:{platform_name['platform_id']}:{platform_id}"
    known = db.execute(
        "SELECT id FROM messages WHERE dedupe_key = ? OR (delivery_id IS NOT NULL AND delivery_id = ?)",
        (key, delivery_id),
    ).fetchone()
    if known is not None:
        db.execute(
            "UPDATE messages SET delivery_id = ?, source = ?, platform_id = coalesce(?, platform_id),"
            " attachments = coalesce(?, attachments),"
            " dedupe_key = CASE WHEN ? IS NULL THEN dedupe_key ELSE ? END WHERE id = ?",
            (delivery_id, source, platform_id, attached, platform_id, key, known["id"]),
        )
        message_id = int(known["id"])
    else:
        cursor = db.execute(
            "INSERT INTO messages (conversation_id, dedupe_key, role, source, kind, text, attachments, platform_id,"
            " platform_at, received_at, state, delivery_id) VALUES (?, ?, 'assistant', ?, ?, ?, ?, ?, ?, ?, 'sent', ?)",
            (
                conversation_id,
                key,
                source,
                "text" if sku is None else "image",
                text,
                attached or "[]",
                platform_id,
                at,
                now,
                delivery_id,
            ),
        )
        message_id = int(cursor.lastrowid or 0)
    refresh(db, conversation_id, now=now)
    return message_id


def customer_wrote(db: sqlite3.Connection, conversation_id: int, *, at: int, window_ms: int, quota: int) -> None:
    """Opens the reply window anew; a late older message never shortens it."""
    db.execute(
        "UPDATE conversations SET last_customer_at = max(coalesce(last_customer_at, 0), :at),"
        " window_closes_at = max(coalesce(window_closes_at, 0), :at + :window), quota = :quota, snoozed_until = NULL"
        " WHERE id = :id",
        {"at": at, "window": window_ms, "quota": quota, "id": conversation_id},
    )
    db.execute(
        "UPDATE users SET last_interaction_at = max(coalesce(last_interaction_at, 0), ?)"
        " WHERE id = (SELECT user_id FROM conversations WHERE id = ?)",
        (at, conversation_id),
    )


def customer_read(db: sqlite3.Connection, conversation_id: int, *, until: int) -> None:
    """Keeps how far the customer has read; an older mark changes nothing."""
    db.execute(
        "UPDATE conversations SET customer_read_at = max(coalesce(customer_read_at, 0), ?) WHERE id = ?",
        (until, conversation_id),
    )


def rest_automatic(db: sqlite3.Connection, conversation_id: int, *, until: int) -> None:
    """Lets automatic replies rest in this conversation, since the owner answered on her phone."""
    db.execute(
        "UPDATE conversations SET auto_paused_until = max(coalesce(auto_paused_until, 0), ?) WHERE id = ?",
        (until, conversation_id),
    )


def history(db: sqlite3.Connection, conversation_id: int, limit: int) -> list[sqlite3.Row]:
    """Returns the last messages, oldest first, in the platform's order."""
    rows = db.execute(
        "SELECT * FROM messages WHERE conversation_id = ? ORDER BY platform_at DESC, id DESC LIMIT ?",
        (conversation_id, limit),
    ).fetchall()
    return rows[::-1]


def unanswered(db: sqlite3.Connection, conversation_id: int, *, limit: int = 20) -> list[sqlite3.Row]:
    """Returns the customer's messages since the last reply, oldest first.

    The picture of a piece that was sent since her newest message is no reply to it: a draft may still be written.
    """
    rows = db.execute(
        "SELECT * FROM messages WHERE conversation_id = :id AND role = 'user' AND platform_at > coalesce("
        " (SELECT max(m.platform_at) FROM messages m JOIN conversations c ON c.id = m.conversation_id"
        " WHERE m.conversation_id = :id AND m.role = 'assistant' AND NOT"
        " (m.kind = 'image' AND m.delivery_id IS NOT NULL AND m.platform_at >= c.last_customer_at)), -1)"
        " ORDER BY platform_at DESC, id DESC LIMIT :limit",
        {"id": conversation_id, "limit": limit},
    ).fetchall()
    return rows[::-1]


def attachments(row: sqlite3.Row) -> list[dict[str, Any]]:
    """Returns what a message carries besides words."""
    found: list[dict[str, Any]] = json.loads(row["attachments"])
    return found


def mark_seen(db: sqlite3.Connection, conversation_id: int, *, now: int) -> None:
    """Marks everything in the conversation as seen by the owner."""
    db.execute("UPDATE conversations SET seen_at = ?, unread = 0 WHERE id = ?", (now, conversation_id))


def snooze(db: sqlite3.Connection, conversation_id: int, *, until: int, now: int, who: str) -> None:
    """Puts a conversation away until a time; a new message brings it back earlier. Raises NotFound."""
    _change(db, conversation_id, "snoozed_until", until)
    journal.note(
        db, now=now, who=who, what="snooze", subject="conversation", subject_id=conversation_id,
        conversation=conversation_id, new=str(until),
    )  # fmt: skip
    refresh(db, conversation_id, now=now)


def wake(db: sqlite3.Connection, *, now: int) -> int:
    """Brings back the conversations whose snooze is over; returns how many."""
    rows = db.execute("SELECT id FROM conversations WHERE snoozed_until <= ?", (now,)).fetchall()
    for row in rows:
        db.execute("UPDATE conversations SET snoozed_until = NULL WHERE id = ?", (row["id"],))
        refresh(db, int(row["id"]), now=now)
    return len(rows)


def set_mode(db: sqlite3.Connection, conversation_id: int, mode: str, *, now: int, who: str) -> None:
    """Sets review, auto or paused; `auto` also ends the rest after an answer on the phone. Raises NotFound."""
    _change(db, conversation_id, "mode", mode)
    if mode == "auto":
        _change(db, conversation_id, "auto_paused_until", None)
    journal.note(
        db, now=now, who=who, what="mode", subject="conversation", subject_id=conversation_id,
        conversation=conversation_id, new=mode,
    )  # fmt: skip
    refresh(db, conversation_id, now=now)


def _change(db: sqlite3.Connection, conversation_id: int, column: str, value: object) -> None:
    cursor = db.execute(f"UPDATE conversations SET {column} = ? WHERE id = ?", (value, conversation_id))
    if cursor.rowcount == 0:
        raise NotFound(f"There is no conversation {conversation_id}. philia inbox list shows them.")


_NEWEST = "SELECT id, platform_at FROM messages WHERE conversation_id = ?{} ORDER BY platform_at DESC, id DESC LIMIT 1"


def refresh(db: sqlite3.Connection, conversation_id: int, *, now: int) -> str:
    """Derives a conversation's newest messages, quota, live draft and queue from its rows; returns the queue.

    needs_you: a draft waits, or a message stands unanswered with nobody writing, or a reply failed · waiting: a draft
    is being written · sending: a reply is on its way · in_doubt: nobody knows yet whether one arrived · snoozed ·
    done: nothing is open.
    """
    newest = db.execute(_NEWEST.format(""), (conversation_id,)).fetchone()
    asked = db.execute(_NEWEST.format(" AND role = 'user'"), (conversation_id,)).fetchone()
    replied = db.execute(_NEWEST.format(" AND role = 'assistant'"), (conversation_id,)).fetchone()
    row = db.execute(
        "SELECT c.snoozed_until, c.quota, c.seen_at, u.blocked FROM conversations c JOIN users u ON u.id = c.user_id"
        " WHERE c.id = ?",
        (conversation_id,),
    ).fetchone()
    if row is None:
        raise NotFound(f"There is no conversation {conversation_id}. philia inbox list shows them.")
    asked_at = asked["platform_at"] if asked else 0
    spent, unread = db.execute(
        "SELECT count(*) FILTER (WHERE role = 'assistant' AND platform_at >= :asked),"
        " count(*) FILTER (WHERE role = 'user' AND received_at > :seen) FROM messages"
        " WHERE conversation_id = :id AND (platform_at >= :asked OR (:seen < :now AND platform_at > :since))",
        {
            "id": conversation_id,
            "asked": asked_at,
            "seen": row["seen_at"] or 0,
            "since": replied["platform_at"] if replied else 0,
            "now": now,
        },
    ).fetchone()
    draft = db.execute(
        "SELECT id, state, thread_version FROM drafts WHERE conversation_id = ? ORDER BY id DESC LIMIT 1",
        (conversation_id,),
    ).fetchone()
    open_states = {
        str(found["state"])
        for found in db.execute(
            "SELECT DISTINCT state FROM deliveries WHERE conversation_id = ?"
            " AND state IN ('held', 'queued', 'retrying', 'sending', 'unknown', 'needs_owner')",
            (conversation_id,),
        )
    }
    lost = db.execute(
        "SELECT state IN ('failed', 'expired') AND acknowledged_at IS NULL FROM deliveries"
        " WHERE conversation_id = ? ORDER BY id DESC LIMIT 1",
        (conversation_id,),
    ).fetchone()
    live = draft is not None and draft["state"] in {"queued", "drafting", "ready"}
    queue = _queue(
        draft_state=None if draft is None else str(draft["state"]),
        answers_newest=draft is not None and asked is not None and draft["thread_version"] == asked["id"],
        open_states=open_states,
        lost=lost is not None and bool(lost[0]),
        unanswered=asked is not None and (replied is None or replied["platform_at"] < asked_at),
        snoozed=row["snoozed_until"] is not None and row["snoozed_until"] > now,
        blocked=bool(row["blocked"]),
    )
    db.execute(
        "UPDATE conversations SET newest_message_id = ?, newest_customer_message_id = ?, last_message_at = ?,"
        " answered_at = ?, quota_left = ?, unread = ?, live_draft_id = ?,"
        " queued_since = CASE WHEN queue = ? THEN coalesce(queued_since, ?) ELSE ? END, queue = ?,"
        " version = version + 1 WHERE id = ?",
        (
            newest["id"] if newest else None,
            asked["id"] if asked else None,
            newest["platform_at"] if newest else None,
            replied["platform_at"] if replied else None,
            max(0, row["quota"] - spent),
            unread,
            draft["id"] if live else None,
            queue,
            now,
            now,
            queue,
            conversation_id,
        ),
    )
    return queue


def _queue(
    *,
    draft_state: str | None,
    answers_newest: bool,
    open_states: set[str],
    lost: bool,
    unanswered: bool,
    snoozed: bool,
    blocked: bool,
) -> str:
    if open_states & {"unknown", "needs_owner"}:
        return "in_doubt"
    if blocked:
        return "sending" if open_states else "done"
    if snoozed:
        return "snoozed"
    if draft_state == "ready":
        return "needs_you"
    if open_states:
        return "sending"
    if draft_state in {"queued", "drafting"}:
        return "waiting"
    # Rejected or withdrawn: the newest message was dealt with. Anything else unanswered still waits for her.
    dealt_with = answers_newest and draft_state in {"rejected", "withdrawn"}
    return "needs_you" if lost or (unanswered and not dealt_with) else "done"
