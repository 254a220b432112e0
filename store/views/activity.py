"""The journal as the screen lists it: what happened, newest first."""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Sequence
from typing import NamedTuple

LONGEST = 20_000
"""Entries that can be scrolled through; older ones are found by their conversation."""


class Entry(NamedTuple):
    """One thing that happened."""

    id: int
    at: int
    who: str
    what: str
    subject: str
    subject_id: int | None
    conversation: int | None
    name: str | None
    old: str | None
    new: str | None
    why: str | None


def entry_ids(db: sqlite3.Connection, *, conversation: int | None = None, words: str = "") -> array[int]:
    """Returns the newest entries, of one conversation if asked, that have every word in who, what, states or why."""
    clauses, bound = [], []
    if conversation is not None:
        clauses.append("conversation_id = ?")
        bound.append(str(conversation))
    for word in words.split():
        plain = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        clauses.append(
            "(who || ' ' || what || ' ' || subject || ' ' || coalesce(from_state, '') || ' ' || coalesce(to_state, '')"
            " || ' ' || coalesce(why, '')) LIKE ? ESCAPE '\\'"
        )
        bound.append(f"%{plain}%")
    where = f" WHERE {' AND '.join(clauses)}" if clauses else ""
    found = db.execute(f"SELECT id FROM journal{where} ORDER BY id DESC LIMIT {LONGEST}", bound)
    return array("q", [row[0] for row in found])


def entries(db: sqlite3.Connection, ids: Sequence[int]) -> dict[int, Entry]:
    """Returns these entries by their id."""
    found: dict[int, Entry] = {}
    for start in range(0, len(ids), 100):
        some = list(ids[start : start + 100])
        for row in db.execute(
            "SELECT j.*, coalesce(u.display_name, u.tiktok_id) AS name FROM journal j"
            " LEFT JOIN conversations c ON c.id = j.conversation_id LEFT JOIN users u ON u.id = c.user_id"
            f" WHERE j.id IN ({', '.join('?' * len(some))})",
            some,
        ):
            found[row["id"]] = Entry(
                id=row["id"],
                at=row["at"],
                who=row["who"],
                what=row["what"],
                subject=row["subject"],
                subject_id=row["subject_id"],
                conversation=row["conversation_id"],
                name=row["name"],
                old=row["from_state"],
                new=row["to_state"],
                why=row["why"],
            )
    return found
