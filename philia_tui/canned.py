"""Canned replies: the owner's own texts with {names} in them, filled from the conversation that is open."""

from __future__ import annotations

import re
import sqlite3
from typing import Final, NamedTuple

from store.stock import money
from store.views import Card, DraftView

NAMES: Final = ("name", "piece", "sku", "price", "size", "hold", "shop")
"""What can be filled in."""

_HOLE: Final = re.compile(r"\{([a-zA-Z_]{1,30})\}")


class Canned(NamedTuple):
    """One kept reply."""

    id: int
    name: str
    text: str


def kept(db: sqlite3.Connection) -> list[Canned]:
    """Returns the kept replies by their names."""
    rows = db.execute("SELECT id, name, text FROM canned_replies ORDER BY name, id")
    return [Canned(row["id"], row["name"], row["text"]) for row in rows]


def filled(text: str, card: Card, draft: DraftView | None, *, shop: str, sign: str) -> str:
    """Returns the text with every name filled that the conversation knows; the others stay as they are written."""
    known = {"shop": shop}
    if card.name:
        known["name"] = card.name
    if card.holds:
        known["hold"] = card.holds[0]
    if draft is not None and draft.basis:
        piece = draft.basis[0]
        known |= {"piece": piece.name, "sku": piece.sku}
        if piece.price_cents is not None:
            known["price"] = f"{sign}{money(piece.price_cents)}"
        if piece.size:
            known["size"] = piece.size
    return _HOLE.sub(lambda hole: known.get(hole[1].lower(), hole[0]), text)


def holes(text: str) -> list[str]:
    """Returns the names in a text that nobody filled in: such a text is not sent."""
    return [hole[0] for hole in _HOLE.finditer(text)]
