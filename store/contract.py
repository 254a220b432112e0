"""Conversations as the public contract writes them: for scripts, screen readers and the plain inbox."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from store.draft import claims_by_draft, from_row
from store.errors import NotFound

_CONVERSATIONS: Final = (
    "SELECT c.id AS conversation, u.tiktok_id AS user, u.display_name AS name, c.queue, c.mode, c.dialect,"
    " c.window_closes_at, c.quota_left, c.unread, c.snoozed_until, c.auto_paused_until, u.blocked,"
    " m.role, m.source, m.kind, m.text, m.platform_at,"
    " (SELECT max(d.id) FROM drafts d WHERE d.conversation_id = c.id) AS draft_id"
    " FROM conversations c JOIN users u ON u.id = c.user_id LEFT JOIN messages m ON m.id = c.newest_message_id"
)


def conversations(
    db: sqlite3.Connection, *, queue: str | None = None, limit: int | None = None
) -> list[dict[str, Any]]:
    """Returns the conversations, those with the least time left first, each with its newest message and draft."""
    where, values = (" WHERE queue = ?", [queue]) if queue is not None else ("", [])
    order = "ORDER BY {0}window_closes_at IS NULL, {0}window_closes_at, {0}id"
    # The ids are sorted before anything is joined to them: a short list of a large shop carries no texts about.
    rows = db.execute(
        f"{_CONVERSATIONS} WHERE c.id IN (SELECT id FROM conversations{where} {order.format('')} LIMIT ?)"
        f" {order.format('c.')}",
        (*values, -1 if limit is None else limit),
    ).fetchall()
    drafts = _drafts(db, [int(row["draft_id"]) for row in rows if row["draft_id"] is not None])
    return [_conversation(row, drafts) for row in rows]


def conversation(db: sqlite3.Connection, conversation_id: int) -> dict[str, Any]:
    """Returns one conversation with all its messages, oldest first. Raises NotFound."""
    row = db.execute(f"{_CONVERSATIONS} WHERE c.id = ?", (conversation_id,)).fetchone()
    if row is None:
        raise NotFound(f"There is no conversation {conversation_id}. philia inbox list shows them.")
    drafts = _drafts(db, [row["draft_id"]] if row["draft_id"] is not None else [])
    messages = db.execute(
        "SELECT m.*, c.customer_read_at FROM messages m JOIN conversations c ON c.id = m.conversation_id"
        " WHERE m.conversation_id = ? ORDER BY m.platform_at, m.id",
        (conversation_id,),
    )
    return {**_conversation(row, drafts), "messages": [_message(message) for message in messages]}


def _conversation(row: sqlite3.Row, drafts: Mapping[int, dict[str, Any]]) -> dict[str, Any]:
    newest = None
    if row["role"] is not None:
        newest = {
            "role": row["role"],
            "source": row["source"],
            "kind": row["kind"],
            "text": row["text"],
            "at": row["platform_at"],
        }
    return {
        "conversation": row["conversation"],
        "user": row["user"],
        "name": row["name"],
        "queue": row["queue"],
        "mode": row["mode"],
        "dialect": row["dialect"],
        "window_closes_at": row["window_closes_at"],
        "quota_left": row["quota_left"],
        "unread": row["unread"],
        "snoozed_until": row["snoozed_until"],
        "auto_paused_until": row["auto_paused_until"],
        "blocked": bool(row["blocked"]),
        "last_message": newest,
        "draft": drafts.get(row["draft_id"]),
    }


def _message(row: sqlite3.Row) -> dict[str, Any]:
    read = row["role"] == "assistant" and (row["customer_read_at"] or 0) >= row["platform_at"]
    return {
        "id": row["id"],
        "role": row["role"],
        "source": row["source"],
        "kind": row["kind"],
        "text": row["text"],
        "attachments": json.loads(row["attachments"]),
        "at": row["platform_at"],
        "state": "read" if read else row["state"],
        "platform_id": row["platform_id"],
        "delivery": row["delivery_id"],
    }


def _drafts(db: sqlite3.Connection, ids: list[int]) -> dict[int, dict[str, Any]]:
    found = {}
    for part in _parts(ids, 500):
        marks = ", ".join("?" * len(part))
        claims = claims_by_draft(db, part)
        for row in db.execute(f"SELECT * FROM drafts WHERE id IN ({marks})", part):
            found[int(row["id"])] = from_row(row, claims[row["id"]]).as_json()
    return found


def _parts(ids: list[int], size: int) -> Iterator[list[int]]:
    for start in range(0, len(ids), size):
        yield ids[start : start + size]


def line(row: Mapping[str, Any]) -> str:
    """Returns a conversation as one line for a person."""
    newest = row["last_message"]
    said = f"{newest['role']}: {_one_line(newest['text']) or '[' + newest['kind'] + ']'}" if newest else "nothing yet"
    draft = row["draft"]
    state = f" · draft {draft['id']} {draft['state']}" if draft else ""
    return f"{row['conversation']:>5}  {row['queue']:<9}  {_one_line(row['name'] or row['user'])} · {said}{state}"


def thread_lines(found: Mapping[str, Any]) -> Iterable[str]:
    """Returns a conversation as lines for a person: its messages, then its draft."""
    yield f"Conversation {found['conversation']} with {_one_line(found['name'] or found['user'])} · {found['queue']}"
    for message in found["messages"]:
        at = datetime.fromtimestamp(message["at"] / 1000, UTC).strftime("%Y-%m-%d %H:%M")
        yield f"  {at}  {message['source']}: {_one_line(message['text']) or '[' + message['kind'] + ']'}"
    draft = found["draft"]
    if draft is not None:
        yield f"Draft {draft['id']} · {draft['state']} · {draft['drafter']} · {draft['verdict'] or 'unchecked'}"
        if draft["text"]:
            yield f"  {_one_line(draft['text'])}"
        for reason in draft["reasons"]:
            yield f"  held: {_one_line(reason)}"


def _one_line(text: str, most: int = 500) -> str:
    """Returns a text that can do nothing to a terminal: control and format characters are gone, lines are joined."""
    cut = " ".join(text[: most * 4].split())
    clean = "".join(char for char in cut if char.isprintable())
    return clean if len(clean) <= most else clean[: most - 1] + "…"
