"""Small facts that every process must agree on, each a row: paused, the sender's pause, the stock revision."""

from __future__ import annotations

import sqlite3

from store import journal

PAUSED = "paused"
"""The `!` switch: "1" stops everything that leaves by itself, and every claim of the sender."""


def get(db: sqlite3.Connection, name: str) -> str | None:
    """Returns the value of a switch, or None if it was never set."""
    row = db.execute("SELECT value FROM switches WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row["value"])


def put(db: sqlite3.Connection, name: str, value: str, *, now: int) -> None:
    """Sets a switch."""
    db.execute(
        "INSERT INTO switches (name, value, updated_at) VALUES (?, ?, ?)"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at",
        (name, value, now),
    )


def is_paused(db: sqlite3.Connection) -> bool:
    """Tells whether the owner has stopped everything with `!`."""
    return get(db, PAUSED) == "1"


def pause(db: sqlite3.Connection, *, now: int, who: str) -> None:
    """Stops every claim of the sender from now on, until `resume`."""
    put(db, PAUSED, "1", now=now)
    journal.note(db, now=now, who=who, what="pause", subject="switch", new="paused")


def resume(db: sqlite3.Connection, *, now: int, who: str) -> None:
    """Lets the sender claim again."""
    put(db, PAUSED, "0", now=now)
    journal.note(db, now=now, who=who, what="resume", subject="switch", new="running")
