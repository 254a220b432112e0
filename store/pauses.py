"""What holds the sender back: a pause that only the owner ends, and a rest that ends by itself.

Both are rows of `switches`, so that they hold across restarts and processes. The `!` switch is `store.switches.PAUSED`.
"""

from __future__ import annotations

import sqlite3
from typing import Final

from store import journal, switches

SENDER_PAUSE: Final = "sender_pause"
"""The reason why the sender stands still until the owner resumes it; empty when it does not."""

SENDER_REST: Final = "sender_rest_until"
"""When the platform lets everyone send again, in epoch milliseconds."""

LONGEST_REST: Final = 3_600_000
"""A platform that asks for more than an hour is believed for an hour; asking again costs one request."""


def pause_sender(db: sqlite3.Connection, reason: str, *, now: int, who: str = "server") -> None:
    """Stops all sending until `resume_sender`, with a banner that says why; receiving goes on."""
    if sender_pause(db) is not None:
        return
    switches.put(db, SENDER_PAUSE, reason, now=now)
    journal.note(db, now=now, who=who, what="pause", subject="sender", old="running", new="paused", why=reason)
    notify(db, f"sender_pause:{now}", "sender_pause", reason, now=now)


def resume_sender(db: sqlite3.Connection, *, now: int, who: str) -> bool:
    """Lets the sender work again; False when nothing held it. A rest that the platform asked for ends too."""
    rested = rest_until(db) > now
    reason = sender_pause(db)
    if reason is None and not rested:
        return False
    switches.put(db, SENDER_PAUSE, "", now=now)
    switches.put(db, SENDER_REST, "0", now=now)
    journal.note(db, now=now, who=who, what="resume", subject="sender", old="paused", new="running", why=reason)
    return True


def sender_pause(db: sqlite3.Connection) -> str | None:
    """Returns why the sender stands still until the owner resumes it, or None."""
    return switches.get(db, SENDER_PAUSE) or None


def resumed_at(db: sqlite3.Connection) -> int:
    """Returns when the sender was last paused or resumed, 0 for never: older troubles do not count again."""
    row = db.execute("SELECT updated_at FROM switches WHERE name = ?", (SENDER_PAUSE,)).fetchone()
    return 0 if row is None else int(row["updated_at"])


def rest(db: sqlite3.Connection, until: int, reason: str, *, now: int) -> None:
    """Lets nobody send before `until`; a shorter rest never ends a longer one."""
    until = min(until, now + LONGEST_REST)
    if until <= max(now, rest_until(db)):
        return
    switches.put(db, SENDER_REST, str(until), now=now)
    journal.note(db, now=now, who="platform", what="rest", subject="sender", new=str(until), why=reason)


def rest_until(db: sqlite3.Connection) -> int:
    """Returns when the platform lets everyone send again; a time in the past means now."""
    return int(switches.get(db, SENDER_REST) or 0)


def notify(
    db: sqlite3.Connection, key: str, kind: str, text: str, *, now: int, conversation_id: int | None = None
) -> None:
    """Tells the owner something once; the same key is not told again."""
    db.execute(
        "INSERT INTO notices (key, kind, conversation_id, text, at) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (key) DO NOTHING",
        (key, kind, conversation_id, text, now),
    )
