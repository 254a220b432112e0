"""Pictures as the screen shows them: those of a conversation, whoever sent them, and the one of a piece."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from store.media import measure


class Shown(NamedTuple):
    """One picture; `path` is a name in the folder of the pictures, None while there is no file."""

    message: int | None
    """The message that it is, None for a piece's own."""
    role: str
    at: int
    state: str
    """wanted, kept or failed."""
    path: str | None
    content_type: str | None
    size: int | None
    width: int | None
    height: int | None
    error: str | None = None
    sku: str | None = None

    @property
    def words(self) -> str:
        """Says in a few words how large it is, or why it is not there."""
        named = f"{self.sku}, " if self.sku else ""
        if self.state == "kept":
            return named + measure(self.width, self.height, self.size)
        return named + ("being fetched" if self.state == "wanted" else f"not fetched: {self.error or 'given up'}")


_SENT = (
    " FROM messages m LEFT JOIN media d ON d.message_id = m.id LEFT JOIN deliveries s ON s.id = m.delivery_id"
    " LEFT JOIN pictures p ON p.id = s.picture_id LEFT JOIN items i ON i.id = p.item_id"
)
_COLUMNS = (
    "SELECT m.id AS message, m.role, m.platform_at AS at, CASE WHEN p.id IS NULL THEN d.state ELSE 'kept' END AS state,"
    " coalesce(p.path, d.path) AS path, coalesce(p.content_type, d.content_type) AS content_type,"
    " coalesce(p.size, d.size) AS size, coalesce(p.width, d.width) AS width, coalesce(p.height, d.height) AS height,"
    " d.error, i.sku"
)


def of_thread(db: sqlite3.Connection, conversation: int, *, limit: int = 200) -> list[Shown]:
    """Returns the pictures of a conversation, the newest first."""
    rows = db.execute(
        f"{_COLUMNS}{_SENT} WHERE m.conversation_id = ? AND m.kind = 'image' AND (d.id IS NOT NULL OR p.id IS NOT NULL)"
        " ORDER BY m.platform_at DESC, m.id DESC LIMIT ?",
        (conversation, limit),
    )
    return [Shown(**dict(row)) for row in rows]


def of_messages(db: sqlite3.Connection, messages: list[int]) -> dict[int, Shown]:
    """Returns the pictures of these messages by the message."""
    if not messages:
        return {}
    rows = db.execute(
        f"{_COLUMNS}{_SENT} WHERE m.id IN ({', '.join('?' * len(messages))})"
        " AND (d.id IS NOT NULL OR p.id IS NOT NULL)",
        messages,
    )
    return {row["message"]: Shown(**dict(row)) for row in rows}


def of_piece(db: sqlite3.Connection, item: int) -> Shown | None:
    """Returns the picture of a piece, None when it has none."""
    row = db.execute(
        "SELECT NULL AS message, 'assistant' AS role, p.added_at AS at, 'kept' AS state, p.path, p.content_type,"
        " p.size, p.width, p.height, i.sku FROM pictures p JOIN items i ON i.id = p.item_id"
        " WHERE p.item_id = ? AND p.replaced_at IS NULL",
        (item,),
    ).fetchone()
    return None if row is None else Shown(**dict(row))
