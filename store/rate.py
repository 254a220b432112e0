"""The rate token: a bucket in a row, and a count over the attempts, both in the claim's own transaction.

The count keeps the platform's limit exactly, across restarts and processes. The bucket keeps it roughly when the clock
is set back, where the count cannot see the requests of the time that comes again.
"""

from __future__ import annotations

import json
import sqlite3
from typing import Final

from store import switches
from store.clock import MINUTE

BUCKET: Final = "rate_bucket"


def take(db: sqlite3.Connection, *, per_minute: int, now: int) -> bool:
    """Takes one token; False when the minute is full. The caller starts exactly one attempt with it."""
    if started_within_a_minute(db, now=now) >= per_minute:
        return False
    tokens = _tokens(db, per_minute, now)
    if tokens < 1:
        return False
    switches.put(db, BUCKET, json.dumps({"tokens": tokens - 1, "at": now}), now=now)
    return True


def started_within_a_minute(db: sqlite3.Connection, *, now: int) -> int:
    """Counts the attempts that started in the last 60 s, the ends included."""
    row = db.execute(
        "SELECT count(*) AS n FROM attempts WHERE started_at BETWEEN ? AND ?", (now - MINUTE, now + MINUTE)
    ).fetchone()
    return int(row["n"])


def free_at(db: sqlite3.Connection, *, per_minute: int, now: int) -> int:
    """Returns when the next token is there; `now` when one is there already."""
    if started_within_a_minute(db, now=now) >= per_minute:
        row = db.execute(
            "SELECT started_at FROM attempts WHERE started_at BETWEEN ? AND ? ORDER BY started_at DESC"
            " LIMIT 1 OFFSET ?",
            (now - MINUTE, now + MINUTE, per_minute - 1),
        ).fetchone()
        return int(row["started_at"]) + MINUTE + 1
    missing = max(0.0, 1 - _tokens(db, per_minute, now))
    return now + int(missing * MINUTE / per_minute + 0.999)


def _tokens(db: sqlite3.Connection, per_minute: int, now: int) -> float:
    value = switches.get(db, BUCKET)
    if value is None:
        return float(per_minute)
    bucket = json.loads(value)
    # A clock that was set back refills nothing.
    passed = max(0, now - int(bucket["at"]))
    return min(float(per_minute), float(bucket["tokens"]) + passed * per_minute / MINUTE)
