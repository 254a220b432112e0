"""The lists of conversations: how many, in which order, and what one line of them says.

A list is read in two steps: its order, an array of conversation ids straight from a covering index (100,000 ids are
25 ms and 800 kB), and then only the rows that are on the screen, by their ids. No OFFSET anywhere.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

HOLDS: Final = "holds"
"""The list of conversations with a piece on hold or in line for one; not a queue, since such a thread is in one too."""

LISTS: Final = ("needs_you", "waiting", "sending", HOLDS, "in_doubt", "snoozed", "done")
"""Every list of the inbox, in the order of `Tab`."""

_PREVIEW: Final = 240
"""Characters of a message that a row carries: more than the widest terminal shows of it."""


class Row(NamedTuple):
    """One line of the queue."""

    conversation: int
    queue: str
    name: str
    user: str
    mode: str
    blocked: bool
    labels: str
    unread: int
    window_closes_at: int | None
    quota_left: int | None
    snoozed_until: int | None
    auto_paused_until: int | None
    last_role: str
    last_kind: str
    last_text: str
    last_at: int | None
    draft: int | None
    draft_state: str | None
    intent: str | None
    verdict: str | None
    needs_owner: bool
    hold_reason: str | None
    delivery_state: str | None
    send_after: int | None


def tally(db: sqlite3.Connection) -> dict[str, int]:
    """Returns how many conversations each list has."""
    found = dict.fromkeys(LISTS, 0)
    for queue, count in db.execute("SELECT queue, count(*) FROM conversations GROUP BY queue"):
        found[queue] = count
    found[HOLDS] = db.execute(
        "SELECT count(DISTINCT conversation_id) FROM holds WHERE state IN ('active', 'waiting')"
    ).fetchone()[0]
    return found


def order(db: sqlite3.Connection, listed: str, *, limit: int | None = None) -> array[int]:
    """Returns the conversation ids of a list, the least time left first; done threads the newest first.

    `limit` reads only the beginning, for a first paint.
    """
    bound = -1 if limit is None else limit
    if listed == HOLDS:
        found = db.execute(
            "SELECT conversation_id FROM holds WHERE state IN ('active', 'waiting')"
            " GROUP BY conversation_id ORDER BY min(coalesce(expires_at, 1 << 60)), conversation_id LIMIT ?",
            (bound,),
        )
        return array("q", [row[0] for row in found])
    if listed in {"done", "waiting", "sending"}:
        found = db.execute(
            "SELECT id FROM conversations WHERE queue = ? ORDER BY window_closes_at DESC, id DESC LIMIT ?",
            (listed, bound),
        )
        return array("q", [row[0] for row in found])
    ids = array("q")
    # A thread whose window is not known has nothing that runs out: it stands behind those that have.
    for part in ("window_closes_at IS NOT NULL", "window_closes_at IS NULL"):
        left = bound if bound < 0 else bound - len(ids)
        found = db.execute(
            f"SELECT id FROM conversations WHERE queue = ? AND {part} ORDER BY window_closes_at, id LIMIT ?",
            (listed, left),
        )
        ids.extend([row[0] for row in found])
    return ids


def find(db: sqlite3.Connection, listed: str, words: str) -> array[int]:
    """Returns the ids of a list whose customer, newest message, intent, label or note holds every word.

    Case is ignored for ASCII, as SQLite does; `%` and `_` stand for themselves.
    """
    wanted = words.split()
    ids = order(db, listed)
    if not wanted:
        return ids
    clause = " AND ".join(
        [
            (
                "(u.display_name LIKE ? ESCAPE '\\' OR u.tiktok_id LIKE ? ESCAPE '\\' OR m.text LIKE ? ESCAPE '\\'"
                " OR d.intent LIKE ? ESCAPE '\\' OR c.labels LIKE ? ESCAPE '\\' OR c.notes LIKE ? ESCAPE '\\')"
            )
        ]
        * len(wanted)
    )
    bound: list[str] = []
    for word in wanted:
        plain = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        bound += [f"%{plain}%"] * 6
    where = "c.id IN (SELECT conversation_id FROM holds WHERE state IN ('active', 'waiting'))"
    if listed != HOLDS:
        where = "c.queue = ?"
        bound.insert(0, listed)
    kept = {
        row[0]
        for row in db.execute(
            "SELECT c.id FROM conversations c JOIN users u ON u.id = c.user_id"
            " LEFT JOIN messages m ON m.id = c.newest_message_id LEFT JOIN drafts d ON d.id = c.live_draft_id"
            f" WHERE {where} AND {clause}",
            bound,
        )
    }
    return array("q", [one for one in ids if one in kept])


def rows(db: sqlite3.Connection, ids: Sequence[int]) -> dict[int, Row]:
    """Returns the rows of these conversations by their id; one that is gone is left out."""
    found: dict[int, Row] = {}
    for some in _in_fifties(ids):
        marks = ", ".join("?" * len(some))
        for row in db.execute(
            "SELECT c.id AS conversation, c.queue, coalesce(u.display_name, '') AS name, u.tiktok_id AS user, c.mode,"
            " u.blocked, c.labels, c.unread, c.window_closes_at, c.quota_left, c.snoozed_until, c.auto_paused_until,"
            " coalesce(m.role, 'user') AS last_role, coalesce(m.kind, 'text') AS last_kind,"
            f" substr(coalesce(m.text, ''), 1, {_PREVIEW}) AS last_text, m.platform_at AS last_at,"
            " d.id AS draft, d.state AS draft_state, d.intent, d.verdict, coalesce(d.needs_owner, 0) AS needs_owner,"
            " d.hold_reason, o.state AS delivery_state, o.send_after"
            " FROM conversations c JOIN users u ON u.id = c.user_id"
            " LEFT JOIN messages m ON m.id = c.newest_message_id LEFT JOIN drafts d ON d.id = c.live_draft_id"
            " LEFT JOIN deliveries o ON o.id = (SELECT max(id) FROM deliveries WHERE conversation_id = c.id)"
            f" WHERE c.id IN ({marks})",
            some,
        ):
            found[row["conversation"]] = Row(**{key: row[key] for key in row.keys()})  # noqa: SIM118  # sqlite3.Row
    return found


def _in_fifties(ids: Sequence[int]) -> Iterable[list[int]]:
    for start in range(0, len(ids), 50):
        yield list(ids[start : start + 50])


def newest_held(db: sqlite3.Connection) -> tuple[int, int] | None:
    """Returns the (delivery, conversation) of the reply that was decided last and has not left."""
    row = db.execute(
        "SELECT id, conversation_id FROM deliveries WHERE state = 'held' ORDER BY id DESC LIMIT 1"
    ).fetchone()
    return None if row is None else (row[0], row[1])


def all_held(db: sqlite3.Connection) -> list[tuple[int, int]]:
    """Returns (delivery, conversation) of the owner's replies that are held, the newest first."""
    found = db.execute(
        "SELECT id, conversation_id FROM deliveries WHERE state = 'held' AND who != 'auto' ORDER BY id DESC"
    )
    return [(row[0], row[1]) for row in found]
