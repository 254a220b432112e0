"""Reads whole pieces by their row ids."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from store.items import COLUMN_LIST, piece_from_row
from store.stock import Piece


def rows_of(db: sqlite3.Connection, ids: Sequence[int]) -> list[Piece]:
    """Returns the pieces that still exist, in no order."""
    return [
        piece_from_row(row)
        for row in db.execute(
            f"SELECT {COLUMN_LIST} FROM items WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(list(ids)),)
        )
    ]
