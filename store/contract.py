"""Conversations as the public contract writes them: for scripts, screen readers and the plain inbox."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from store.draft import claims_by_draft
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
) -> Iterator[dict[str, Any]]:
    """Yields the conversations, those with the least time left first, each with its newest message and draft.

    A few hundred are read at a time: a shop of 100,000 is never in memory as a whole.
    """
    where, values = (" WHERE queue = ?", [queue]) if queue is not None else ("", [])
    order = "ORDER BY {0}window_closes_at IS NULL, {0}window_closes_at, {0}id"
    # The ids are sorted before anything is joined to them: a short list of a large shop carries no texts about.
    rows = _plain(db).execute(
        f"{_CONVERSATIONS} WHERE c.id IN (SELECT id FROM conversations{where} {order.format('')} LIMIT ?)"
        f" {order.format('c.')}",
        (*values, -1 if limit is None else limit),
    )
    while part := rows.fetchmany(AT_ONCE):
        drafts = _drafts(db, [row[-1] for row in part if row[-1] is not None])
        for row in part:
            yield _conversation(row, drafts)


def conversation(db: sqlite3.Connection, conversation_id: int) -> dict[str, Any]:
    """Returns one conversation with all its messages, oldest first. Raises NotFound."""
    row = _plain(db).execute(f"{_CONVERSATIONS} WHERE c.id = ?", (conversation_id,)).fetchone()
    if row is None:
        raise NotFound(f"There is no conversation {conversation_id}. philia inbox list shows them.")
    drafts = _drafts(db, [row[-1]] if row[-1] is not None else [])
    messages = db.execute(
        "SELECT m.*, c.customer_read_at FROM messages m JOIN conversations c ON c.id = m.conversation_id"
        " WHERE m.conversation_id = ? ORDER BY m.platform_at, m.id",
        (conversation_id,),
    )
    return {**_conversation(row, drafts), "messages": [_message(message) for message in messages]}


def _plain(db: sqlite3.Connection) -> sqlite3.Cursor:
    """Returns a cursor whose rows are tuples: looking up columns by name takes a third of a long list's time."""
    cursor = db.cursor()
    cursor.row_factory = None
    return cursor


def _conversation(row: tuple[Any, ...], drafts: Mapping[int, dict[str, Any]]) -> dict[str, Any]:
    (number, user, name, queue, mode, dialect, closes, quota, unread, snoozed, resting, blocked, *newest, draft) = row
    role, source, kind, text, at = newest
    return {
        "conversation": number,
        "user": user,
        "name": name,
        "queue": queue,
        "mode": mode,
        "dialect": dialect,
        "window_closes_at": closes,
        "quota_left": quota,
        "unread": unread,
        "snoozed_until": snoozed,
        "auto_paused_until": resting,
        "blocked": bool(blocked),
        "last_message": None
        if role is None
        else {"role": role, "source": source, "kind": kind, "text": _said(kind, text), "at": at},
        "draft": drafts.get(draft),
    }


def _said(kind: str, text: str) -> str:
    """Returns what a message says, and of a wordless one what it is: no script meets an empty bubble either."""
    return text if text.strip() or kind == "text" else f"[{kind}]"


def _message(row: sqlite3.Row) -> dict[str, Any]:
    read = row["role"] == "assistant" and (row["customer_read_at"] or 0) >= row["platform_at"]
    return {
        "id": row["id"],
        "role": row["role"],
        "source": row["source"],
        "kind": row["kind"],
        "text": _said(row["kind"], row["text"]),
        "attachments": json.loads(row["attachments"]),
        "at": row["platform_at"],
        "state": "read" if read else row["state"],
        "platform_id": row["platform_id"],
        "delivery": row["delivery_id"],
    }


_DRAFT: Final = (
    "id, state, coalesce(final_text, text), drafter, model, prompt, intent, grounding, verdict, reasons, needs_owner,"
    " hold_reason, cause, language, translation, latency_ms, created_at, ended_reason"
)
_CLAIM: Final = ("span", "kind", "sku", "field", "value", "backed")
AT_ONCE: Final = 500
"""Conversations that are read together: a statement names the draft of each."""


def _drafts(db: sqlite3.Connection, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    claims = claims_by_draft(db, ids)
    marks = ", ".join("?" * len(ids))
    rows = _plain(db).execute(f"SELECT {_DRAFT} FROM drafts WHERE id IN ({marks})", ids)
    return {row[0]: _draft(row, claims[row[0]]) for row in rows}


def _draft(row: tuple[Any, ...], claims: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    (number, state, text, drafter, model, prompt, intent, grounding, verdict, reasons, needs_owner) = row[:11]
    (hold_reason, cause, language, translation, latency_ms, created_at, ended_reason) = row[11:]
    # Most have none, and reading "[]" as JSON is what a list of 100,000 would spend a second on.
    told = [] if reasons == "[]" else [str(reason["reason"]) for reason in json.loads(reasons)]
    return {
        "id": number,
        "state": state,
        "text": text,
        "drafter": drafter or "house",
        "model": model,
        "prompt": prompt or "default",
        "intent": intent,
        "grounding": grounding,
        "verdict": verdict,
        "reasons": told if hold_reason is None else [*told, hold_reason],
        "claims": [{key: claim[key] for key in _CLAIM} for claim in claims],
        "needs_owner": bool(needs_owner),
        "hold_reason": hold_reason,
        "cause": cause,
        "language": language,
        "translation": translation,
        "characters": len(text),
        "latency_ms": latency_ms,
        "created_at": created_at,
        "ended_reason": ended_reason,
    }


def line(row: Mapping[str, Any]) -> str:
    """Returns a conversation as one line for a person."""
    newest = row["last_message"]
    said = f"{newest['role']}: {_one_line(newest['text'])}" if newest else "nothing yet"
    draft = row["draft"]
    state = f" · draft {draft['id']} {draft['state']}" if draft else ""
    return f"{row['conversation']:>5}  {row['queue']:<9}  {_one_line(row['name'] or row['user'])} · {said}{state}"


def thread_lines(found: Mapping[str, Any]) -> Iterable[str]:
    """Returns a conversation as lines for a person: its messages, then its draft."""
    yield f"Conversation {found['conversation']} with {_one_line(found['name'] or found['user'])} · {found['queue']}"
    for message in found["messages"]:
        at = datetime.fromtimestamp(message["at"] / 1000, UTC).strftime("%Y-%m-%d %H:%M")
        yield f"  {at}  {message['source']}: {_one_line(message['text'])}"
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
    clean = cut if cut.isprintable() else "".join(char for char in cut if char.isprintable())
    return clean if len(clean) <= most else clean[: most - 1] + "…"
