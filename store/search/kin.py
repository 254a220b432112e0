"""Finds what may console a customer for a piece that is gone."""

from __future__ import annotations

import sqlite3
from typing import Final

from store.items import COLUMN_LIST, piece_from_row
from store.search.catalogue import Catalogue, catalogue
from store.search.garments import names_in
from store.search.labels import colors_in, eras_in, size_label
from store.search.ladder import LETTERS
from store.search.match import SHORT, any_of
from store.search.tokens import words_of
from store.search.vocabulary import Phrase
from store.search.wanted import INCH
from store.stock import Piece

LOOKED_AT: Final = 400
"""The newest pieces of the same kind that are compared; more would not be looked through by hand either."""


def similar(db: sqlite3.Connection, piece: Piece, limit: int = 3) -> tuple[Piece, ...]:
    """Returns available pieces of the same kind, nearest in size, era, colour, price and brand first.

    Empty when the shop has nothing of the kind: a hat does not console for a jacket.
    """
    shop = catalogue(db)
    kinds = _kinds(piece, shop)
    if not kinds and not piece.category:
        return ()
    columns = ", ".join(f"items.{column}" for column in COLUMN_LIST.split(", "))
    if kinds:
        source = "items_fts JOIN items ON items.id = items_fts.rowid WHERE items_fts MATCH ?"
        value, newest = f"{SHORT} : {any_of(kinds)}", "items_fts.rowid"
    else:
        source, value, newest = "items WHERE items.category = ?", piece.category, "items.id"
    rows = db.execute(
        f"SELECT {columns} FROM {source} AND items.status = 'available' AND items.sku <> ?"
        f" ORDER BY {newest} DESC LIMIT ?",
        (value, piece.sku, LOOKED_AT),
    )
    others = [piece_from_row(row) for row in rows]
    near = sorted(others, key=lambda other: (_nearness(piece, other, shop), other.id), reverse=True)
    return tuple(near[:limit])


def _kinds(piece: Piece, shop: Catalogue) -> list[Phrase]:
    """Returns the words for a piece of this kind: what its name says it is, else what its category says."""
    words = shop.vocabulary
    named = names_in(piece.name, words) or names_in(piece.category, words)
    phrases: dict[Phrase, None] = {}
    for name in sorted(named):
        garment = words.garments[name]
        phrases |= dict.fromkeys(garment.words)
        # A windbreaker's own shelf, jackets, is near enough when there is no second windbreaker.
        for parent in words.garments.values():
            if garment.name in parent.kinds:
                phrases |= dict.fromkeys(parent.words)
    return list(phrases)


def _nearness(piece: Piece, other: Piece, shop: Catalogue) -> float:
    words = shop.vocabulary
    score = 0.0
    if piece.category and piece.category == other.category:
        score += 2.0
    if names_in(piece.name, words) & names_in(other.name, words):
        score += 2.0
    score += _size_nearness(piece, other, shop)
    if eras_in(piece.era or piece.name, words) & eras_in(other.era or other.name, words):
        score += 1.0
    mine, theirs = colors_in(piece.color, words), colors_in(other.color, words)
    if mine & theirs:
        score += 1.0
    elif theirs & {near for color in mine for near in words.near.get(color, ())}:
        score += 0.5
    if piece.brand and piece.brand == other.brand:
        score += 1.5
    if piece.price_cents and other.price_cents:
        score += max(0.0, 1.5 - 1.5 * abs(piece.price_cents - other.price_cents) / piece.price_cents)
    shared = {words.same[(word,)][0] for word in words_of(piece.name) if (word,) in words.same}
    score += 0.75 * len(shared & {words.same[(word,)][0] for word in words_of(other.name) if (word,) in words.same})
    return score


def _size_nearness(piece: Piece, other: Piece, shop: Catalogue) -> float:
    mine, theirs = size_label(piece.size, shop.vocabulary), size_label(other.size, shop.vocabulary)
    for kind in ("pit_to_pit", "waist", "insole"):
        if kind in piece.measurements and kind in other.measurements:
            apart = abs(piece.measurements[kind] - other.measurements[kind]) / INCH
            return max(0.0, 3.0 - 1.5 * apart)
    if mine.letters and theirs.letters:
        places = [{LETTERS.index(letter) for letter in size.letters if letter in LETTERS} for size in (mine, theirs)]
        apart = min((abs(a - b) for a in places[0] for b in places[1]), default=9)
        return max(0.0, 3.0 - 1.5 * apart)
    if mine.numbers and theirs.numbers and mine.system == theirs.system:
        return max(0.0, 3.0 - 1.5 * abs(mine.numbers[0] - theirs.numbers[0]))
    return 0.0
