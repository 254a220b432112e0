"""The stock as the screen lists it: an order of ids, and the rows that are on the screen."""

from __future__ import annotations

import json
import sqlite3
from array import array
from collections.abc import Sequence
from typing import NamedTuple

_ORDER = "CASE status WHEN 'held' THEN 0 WHEN 'reserved' THEN 1 WHEN 'available' THEN 2 ELSE 3 END, id DESC"


class PieceRow(NamedTuple):
    """One piece with who holds it and how many wait."""

    id: int
    sku: str
    name: str
    brand: str
    size: str
    price_cents: int | None
    currency: str
    status: str
    color: str
    era: str
    condition: str
    description: str
    measurements: dict[str, int]
    """Kind → millimetres."""
    held_for: str | None
    held_until: int | None
    waiting: int
    drafts: int
    """Live drafts that name it."""


def piece_ids(db: sqlite3.Connection, words: str = "") -> array[int]:
    """Returns the pieces, held ones first and sold ones last, or those that have every word."""
    wanted = words.split()
    if not wanted:
        return array("q", [row[0] for row in db.execute(f"SELECT id FROM items ORDER BY {_ORDER}")])
    fields = "(sku || ' ' || name || ' ' || brand || ' ' || category || ' ' || size_label || ' ' || color || ' ' || era"
    clause = " AND ".join([f"{fields} || ' ' || status) LIKE ? ESCAPE '\\'"] * len(wanted))
    plain = [word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") for word in wanted]
    found = db.execute(f"SELECT id FROM items WHERE {clause} ORDER BY {_ORDER}", [f"%{word}%" for word in plain])
    return array("q", [row[0] for row in found])


def pieces(db: sqlite3.Connection, ids: Sequence[int]) -> dict[int, PieceRow]:
    """Returns these pieces by their id."""
    found: dict[int, PieceRow] = {}
    for start in range(0, len(ids), 50):
        some = list(ids[start : start + 50])
        for row in db.execute(
            "SELECT i.*, coalesce(u.display_name, u.tiktok_id) AS held_for, h.expires_at AS held_until,"
            " (SELECT count(*) FROM holds w WHERE w.item_id = i.id AND w.state = 'waiting') AS waiting,"
            " (SELECT count(DISTINCT d.id) FROM claims k JOIN drafts d ON d.id = k.draft_id"
            "  WHERE k.sku = i.sku AND d.state = 'ready') AS drafts"
            " FROM items i LEFT JOIN holds h ON h.item_id = i.id AND h.state = 'active'"
            " LEFT JOIN conversations c ON c.id = h.conversation_id LEFT JOIN users u ON u.id = c.user_id"
            f" WHERE i.id IN ({', '.join('?' * len(some))})",
            some,
        ):
            found[row["id"]] = PieceRow(
                id=row["id"],
                sku=row["sku"],
                name=row["name"],
                brand=row["brand"],
                size=row["size_label"],
                price_cents=row["price_cents"],
                currency=row["currency"],
                status=row["status"],
                color=row["color"],
                era=row["era"],
                condition=row["condition"],
                description=row["description"],
                measurements={str(kind): int(mm) for kind, mm in json.loads(row["measurements"] or "{}").items()},
                held_for=row["held_for"],
                held_until=row["held_until"],
                waiting=row["waiting"],
                drafts=row["drafts"],
            )
    return found
