"""Search over every message ever, by the index that triggers keep."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

_AROUND = 60
"""Characters of a message that are shown before what was found."""


class Found(NamedTuple):
    """One message that has the words."""

    message: int
    conversation: int
    name: str
    user: str
    role: str
    at: int
    text: str
    queue: str


_COLUMNS = (
    "SELECT m.id AS message, m.conversation_id AS conversation, coalesce(u.display_name, '') AS name,"
    " u.tiktok_id AS user, m.role, m.platform_at AS at, substr(m.text, 1, 2000) AS text, c.queue"
)
_JOINS = " JOIN conversations c ON c.id = m.conversation_id JOIN users u ON u.id = c.user_id"


def messages(db: sqlite3.Connection, words: str, *, limit: int = 100) -> list[Found]:
    """Returns the newest messages that have every word, a word's beginning being enough; customers by name too.

    Scripts without spaces between words are searched by the letters as they stand, over the newest 20,000 messages.
    """
    # Half a surrogate can be typed or pasted, and no query can carry it.
    typed = words.encode("utf-8", "ignore").decode()
    wanted = [word for word in typed.replace('"', " ").replace("\x00", " ").split() if any(map(str.isalnum, word))]
    if not wanted:
        return []
    rows: dict[int, Found] = {}
    query = " ".join(f'"{word}"*' for word in wanted)
    for row in db.execute(
        f"{_COLUMNS} FROM messages_fts f JOIN messages m ON m.id = f.rowid{_JOINS}"
        " WHERE messages_fts MATCH ? ORDER BY f.rowid DESC LIMIT ?",
        (query, limit),
    ):
        rows[row["message"]] = _found(row)
    like = "%" + words.strip().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    # Customers first, conversations only of those who match: SQLite would choose the other way round.
    for row in db.execute(
        f"{_COLUMNS} FROM users u CROSS JOIN conversations c ON c.user_id = u.id"
        " JOIN messages m ON m.id = c.newest_message_id"
        " WHERE u.display_name LIKE ? ESCAPE '\\' OR u.tiktok_id LIKE ? ESCAPE '\\' LIMIT 20",
        (like, like),
    ):
        rows.setdefault(row["message"], _found(row))
    if len(rows) < limit and not words.isascii():
        for row in db.execute(
            f"{_COLUMNS} FROM (SELECT * FROM messages ORDER BY id DESC LIMIT 20000) m{_JOINS}"
            " WHERE m.text LIKE ? ESCAPE '\\' ORDER BY m.id DESC LIMIT ?",
            (like, limit - len(rows)),
        ):
            rows.setdefault(row["message"], _found(row))
    return sorted(rows.values(), key=lambda one: (-one.at, -one.message))


def excerpt(text: str, words: str) -> str:
    """Returns the part of a message around the first of the words."""
    low = text.lower()
    places = [place for place in (low.find(word.lower()) for word in words.split()) if place >= 0]
    start = max(0, min(places, default=0) - _AROUND // 2)
    return ("…" if start else "") + text[start : start + 4 * _AROUND]


def _found(row: sqlite3.Row) -> Found:
    return Found(**{key: row[key] for key in row.keys()})  # noqa: SIM118  # sqlite3.Row
