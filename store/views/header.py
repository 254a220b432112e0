"""The figures of the header line: what waits, what is in doubt, whether everything is stopped."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from store.views.queue import tally


class Header(NamedTuple):
    """What the header says of the shop."""

    tally: dict[str, int]
    paused: bool
    sender_paused: str | None
    """Why the sender paused itself, if it did."""
    failed: int
    """Deliveries that failed and were not looked at."""
    poison: int
    """Events that could not be read."""
    urgent: int
    """Conversations that need the owner within the hour."""


class Told(NamedTuple):
    """A notice that the owner has not seen."""

    id: int
    kind: str
    text: str
    conversation: int | None


def notices(db: sqlite3.Connection, *, limit: int = 5) -> list[Told]:
    """Returns the oldest notices that were not seen."""
    rows = db.execute(
        "SELECT id, kind, text, conversation_id FROM notices WHERE seen_at IS NULL ORDER BY id LIMIT ?", (limit,)
    )
    return [Told(row["id"], row["kind"], row["text"], row["conversation_id"]) for row in rows]


def header(db: sqlite3.Connection, *, now: int) -> Header:
    """Returns the header's figures, each by an index."""
    switches = {row[0]: row[1] for row in db.execute("SELECT name, value FROM switches")}
    return Header(
        tally=tally(db),
        paused=switches.get("paused") == "1",
        sender_paused=switches.get("sender_pause") or None,
        failed=db.execute(
            "SELECT count(*) FROM deliveries WHERE state IN ('failed', 'expired') AND acknowledged_at IS NULL"
        ).fetchone()[0],
        poison=db.execute("SELECT count(*) FROM inbound_events WHERE state = 'poison'").fetchone()[0],
        urgent=db.execute(
            "SELECT count(*) FROM conversations WHERE queue = 'needs_you' AND window_closes_at < ?",
            (now + 3_600_000,),
        ).fetchone()[0],
    )
