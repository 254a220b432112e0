"""What the drafts of a day have cost."""

from __future__ import annotations

import sqlite3


def spent_since(db: sqlite3.Connection, since: int) -> int:
    """Returns the microcents of all drafts made since then, whatever became of them.

    Walks back from the newest draft and stops at the first older one: a shop's history does not slow it down.
    """
    total = 0
    for row in db.execute("SELECT created_at, cost_microcents FROM drafts ORDER BY id DESC"):
        if row["created_at"] < since:
            break
        total += int(row["cost_microcents"])
    return total
