"""What only time brings about: closed windows, notices before they close, snoozes, holds, old bodies."""

from __future__ import annotations

import sqlite3
from typing import Final

from server import stock
from server.settings import Settings
from store import drafts, inbound, inbox, pauses
from store.clock import DAY, HOUR, MINUTE

WARNINGS: Final = ((HOUR, "1 hour"), (6 * HOUR, "6 hours"))
"""How long before a window closes the owner is told, the nearest first: only the nearest is told."""


def every_second(db: sqlite3.Connection, *, now: int, settings: Settings) -> None:
    """Does what has become due; all of it is found by index, and most seconds find nothing."""
    drafts.withdraw_closed(db, now=now)
    inbox.wake(db, now=now)
    warn_of_windows(db, now=now)
    stock.expire_due(db, now=now)
    inbound.forget_bodies(db, before=now - settings.listener.keep_raw_days * DAY, limit=200)


def warn_of_windows(db: sqlite3.Connection, *, now: int) -> None:
    """Tells of windows that close soon over an unanswered customer: once at 6 hours and once at 1."""
    rows = db.execute(
        "SELECT c.id, c.window_closes_at, coalesce(u.display_name, u.tiktok_id) AS name FROM conversations c"
        " JOIN users u ON u.id = c.user_id WHERE c.queue IN ('needs_you', 'in_doubt', 'snoozed')"
        " AND c.window_closes_at > :now AND c.window_closes_at <= :now + :far AND NOT EXISTS"
        # Those who were told of already are by far the most: they are passed over before they become words.
        " (SELECT 1 FROM notices n WHERE n.key = 'window:' || c.id || ':' || c.window_closes_at || ':'"
        " || CASE WHEN c.window_closes_at <= :now + :near THEN :near_words ELSE :far_words END) LIMIT 200",
        {
            "now": now,
            "near": WARNINGS[0][0],
            "near_words": WARNINGS[0][1],
            "far": WARNINGS[1][0],
            "far_words": WARNINGS[1][1],
        },
    ).fetchall()
    for row in rows:
        left = row["window_closes_at"] - now
        mark = next(words for span, words in WARNINGS if left <= span)
        text = f"{row['name']}: the reply window closes in {_words(max(1, left // MINUTE))}."
        key = f"window:{row['id']}:{row['window_closes_at']}:{mark}"
        pauses.notify(db, key, "window", text, conversation_id=row["id"], now=now)


def _words(minutes: int) -> str:
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
