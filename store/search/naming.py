"""Finds which pieces a customer means when she names one, whether they can still be sold or not."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from typing import Final

from store.search.catalogue import catalogue
from store.search.engine import understood
from store.search.match import CANDIDATES, Step, find
from store.search.order import ordered
from store.search.skus import by_sku
from store.search.wanted import Group, Wanted
from store.stock import Piece

NAMED: Final = 5
"""Pieces that are returned for a description that fits many."""


def named_pieces(db: sqlite3.Connection, text: str, *, limit: int = NAMED) -> tuple[Piece, ...]:
    """Returns the pieces that a text means by their SKU or by a description: available ones first, then held and sold.

    "is the brown suede one still available" gives the brown suede jacket, sold or not. Only what says which piece it is
    counts (garment, brand, colour, era, size and words); a price or a measurement in the question is what she asks for.
    Empty when the text names nothing, or when no piece fits all of it.
    """
    told = by_sku(db, text)
    if told:
        return tuple(told[:limit])
    shop = catalogue(db)
    wanted = understood(db, text, shop)
    telling = Wanted(groups=wanted.groups, eras=wanted.eras, colors=wanted.colors, letters=wanted.letters)
    if not telling.groups:
        return ()
    # "the one with the orange lining": a colour may be a part's, and the size what she wears.
    parts = tuple(
        Group("word", color, shop.vocabulary.color_words[color], typed=(color,)) for color in sorted(wanted.colors)
    )
    unsized = replace(telling, letters=frozenset())
    for asked in (telling, unsized, replace(unsized, colors=frozenset(), groups=(*telling.groups, *parts))):
        for everywhere in (False, True):
            step = Step(asked, everywhere=everywhere)
            hits = find(db, step, shop, unavailable=True, limit=CANDIDATES)
            pieces = ordered(db, hits, step, shop.vocabulary, unavailable=True, limit=CANDIDATES)
            if pieces:
                return tuple(sorted(pieces, key=lambda piece: piece.status != "available")[:limit])
    return ()
