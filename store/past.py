"""Past customer messages with what came before them, for trying prompts on them again."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Moment:
    """A conversation as it stood when a customer's message waited for its answer; messages oldest first."""

    conversation_id: int
    name: str | None
    messages: tuple[sqlite3.Row, ...]


def moments(db: sqlite3.Connection, limit: int, *, history: int) -> list[Moment]:
    """Returns the last messages that a draft was written for, oldest first, each with up to `history` before it."""
    asked = db.execute(
        "SELECT m.id, m.conversation_id, m.platform_at, u.display_name FROM messages m"
        " JOIN conversations c ON c.id = m.conversation_id JOIN users u ON u.id = c.user_id"
        " WHERE m.role = 'user' AND EXISTS"
        " (SELECT 1 FROM drafts d WHERE d.conversation_id = m.conversation_id AND d.thread_version = m.id"
        # A draft that a newer message took the place of answered half a burst.
        " AND d.state != 'superseded')"
        " ORDER BY m.id DESC LIMIT ?",
        (limit,),
    ).fetchall()
    found = []
    for row in reversed(asked):
        before = db.execute(
            "SELECT * FROM messages WHERE conversation_id = ? AND (platform_at, id) <= (?, ?)"
            " ORDER BY platform_at DESC, id DESC LIMIT ?",
            (row["conversation_id"], row["platform_at"], row["id"], history),
        ).fetchall()
        found.append(Moment(int(row["conversation_id"]), row["display_name"], tuple(reversed(before))))
    return found
