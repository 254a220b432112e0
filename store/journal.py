"""The journal: what happened, append-only. It holds states, names of rules and reasons; never a customer's words."""

from __future__ import annotations

import sqlite3


def note(
    db: sqlite3.Connection,
    *,
    now: int,
    who: str,
    what: str,
    subject: str,
    subject_id: int | None = None,
    conversation: int | None = None,
    old: str | None = None,
    new: str | None = None,
    why: str | None = None,
) -> None:
    """Appends one entry in the caller's transaction, so that it is there exactly when the change is.

    `who` is owner, auto, script, customer, phone, server or platform; `subject` is the table's singular.
    """
    db.execute(
        "INSERT INTO journal (at, who, what, subject, subject_id, conversation_id, from_state, to_state, why)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (now, who, what, subject, subject_id, conversation, old, new, why),
    )
