"""The log of inbound events: each body once, as it came, before anybody is told that it arrived."""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from store import failpoints, journal
from store.errors import NotFound
from store.states import EVENT_STATES

MAX_FAILURES: Final = 5
"""After this many failures an event is poison: shown to the owner, and the conversation goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One event of the platform on its way into the log."""

    dedupe_key: str
    dialect: str
    event: str
    thread: str
    """The conversation as the platform names it; events of one thread are applied one at a time."""
    body: bytes
    platform_at: int | None = None
    state: str = "received"
    """`received`, or `ignored` for what is known to need nothing, or `poison` for what cannot be read."""
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """An event that waits to be applied."""

    id: int
    dedupe_key: str
    dialect: str
    event: str
    thread: str
    body: bytes
    received_at: int
    failures: int


def arrived(db: sqlite3.Connection, dedupe_key: str) -> bool:
    """Tells whether an event of this key is in the log."""
    return db.execute("SELECT 1 FROM inbound_events WHERE dedupe_key = ?", (dedupe_key,)).fetchone() is not None


def receive(db: sqlite3.Connection, received: Received, *, now: int) -> bool:
    """Logs an event; False when it was there already."""
    return receive_all(db, [(received, now)])[0]


def receive_all(db: sqlite3.Connection, events: Sequence[tuple[Received, int]]) -> list[bool]:
    """Logs events, each with the time it came, in one statement; False for each that was there already."""
    for _ in events:
        failpoints.reach(13)
    new = db.execute(
        _insert(len(events)),
        [
            value
            for received, now in events
            for value in (
                received.dedupe_key,
                received.dialect,
                received.event,
                received.thread,
                received.platform_at,
                now,
                received.body,
                received.state,
                received.error,
            )
        ],
    ).rowcount
    if new == len(events):
        return [True] * new
    # Ids grow, and nobody but the server's one writer adds any: the newest rows are the ones just written. RETURNING
    # would tell the same, at a step of the statement for each row.
    rows = db.execute("SELECT dedupe_key FROM inbound_events ORDER BY id DESC LIMIT ?", (new,))
    written = {str(row[0]) for row in rows}
    told = []
    for received, _ in events:
        told.append(received.dedupe_key in written)
        # Twice in one lot, it is new once.
        written.discard(received.dedupe_key)
    return told


@functools.cache
def _insert(rows: int) -> str:
    values = ", ".join(["(?, ?, ?, ?, ?, ?, ?, ?, ?)"] * rows)
    return (
        "INSERT INTO inbound_events (dedupe_key, dialect, event, thread, platform_at, received_at, body, state, error)"
        f" VALUES {values} ON CONFLICT (dedupe_key) DO NOTHING"
    )


def waiting(db: sqlite3.Connection, *, limit: int = 200) -> list[Logged]:
    """Returns events that wait, oldest first."""
    rows = db.execute(
        "SELECT id, dedupe_key, dialect, event, thread, body, received_at, failures FROM inbound_events"
        " WHERE state = 'received' ORDER BY id LIMIT ?",
        (limit,),
    )
    return [Logged(**dict(row)) for row in rows]


def settle(db: sqlite3.Connection, event_id: int, state: str, *, now: int, error: str | None = None) -> bool:
    """Moves a waiting event to applied, ignored, needs_poll or poison; False when somebody else already did."""
    cursor = db.execute(
        "UPDATE inbound_events SET state = ?, applied_at = ?, error = ?"
        " WHERE id = ? AND state IN ('received', 'needs_poll')",
        (state, now, error, event_id),
    )
    if cursor.rowcount == 1 and state == "poison":
        journal.note(db, now=now, who="server", what="poison", subject="inbound_event", subject_id=event_id, why=error)
    return cursor.rowcount == 1


def forget(db: sqlite3.Connection, event_id: int, *, now: int) -> None:
    """Empties an event of a customer who was forgotten, and ignores it."""
    db.execute(
        "UPDATE inbound_events SET body = x'', thread = '', dedupe_key = 'forgotten:' || id, error = NULL,"
        " state = 'ignored', applied_at = ? WHERE id = ?",
        (now, event_id),
    )


def failed(db: sqlite3.Connection, event_id: int, error: str, *, now: int) -> str:
    """Counts a failure of applying; the fifth makes the event poison. Returns its state."""
    row = db.execute(
        "UPDATE inbound_events SET failures = failures + 1, error = ? WHERE id = ? RETURNING failures",
        (error, event_id),
    ).fetchone()
    if row is not None and row["failures"] >= MAX_FAILURES:
        settle(db, event_id, "poison", now=now, error=error)
        return "poison"
    return "received"


def counted(db: sqlite3.Connection) -> dict[str, int]:
    """Returns how many events are in each state, without a look at those that were applied.

    Events are never deleted and their ids have no gaps, so that the applied ones are all that the small indexes of
    the other states do not hold.
    """
    others = {
        state: int(db.execute(f"SELECT count(*) FROM inbound_events WHERE state = '{state}'").fetchone()[0])
        for state in EVENT_STATES
        if state != "applied"
    }
    first, last = db.execute(
        "SELECT (SELECT min(id) FROM inbound_events), (SELECT max(id) FROM inbound_events)"
    ).fetchone()
    total = 0 if last is None else last - first + 1
    return {state: others.get(state, total - sum(others.values())) for state in EVENT_STATES}


def polls_wanted(db: sqlite3.Connection, *, limit: int = 50) -> list[Logged]:
    """Returns events that came without their text and must be fetched by listing."""
    # The plus: in the order of the table SQLite would read all of it for the few that the index has.
    rows = db.execute(
        "SELECT id, dedupe_key, dialect, event, thread, body, received_at, failures FROM inbound_events"
        " WHERE state = 'needs_poll' ORDER BY +id LIMIT ?",
        (limit,),
    )
    return [Logged(**dict(row)) for row in rows]


def retry_poison(db: sqlite3.Connection, event_id: int, *, now: int) -> None:
    """Puts a poisoned event back in line, for after a mend. Raises NotFound."""
    cursor = db.execute(
        "UPDATE inbound_events SET state = 'received', failures = 0, error = NULL WHERE id = ? AND state = 'poison'",
        (event_id,),
    )
    if cursor.rowcount == 0:
        raise NotFound(f"There is no poisoned event {event_id}. philia doctor lists them.")
    journal.note(db, now=now, who="owner", what="retry", subject="inbound_event", subject_id=event_id, old="poison")


def poisoned(db: sqlite3.Connection, *, limit: int = 100) -> list[sqlite3.Row]:
    """Returns what could not be applied: id, event, thread, error, received_at."""
    return db.execute(
        "SELECT id, event, thread, error, received_at, failures FROM inbound_events WHERE state = 'poison'"
        " ORDER BY id DESC LIMIT ?",
        (limit,),
    ).fetchall()


def forget_bodies(db: sqlite3.Connection, *, before: int, limit: int = 5_000) -> int:
    """Empties the raw bodies of settled events older than `before`; keys stay, so that duplicates stay duplicates."""
    cursor = db.execute(
        "UPDATE inbound_events SET body = x'' WHERE id IN (SELECT id FROM inbound_events"
        " WHERE state IN ('applied', 'ignored') AND received_at < ? AND length(body) > 0 LIMIT ?)",
        (before, limit),
    )
    return cursor.rowcount
