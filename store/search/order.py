"""Puts what was found in the order a shop owner would lay it on the counter."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Final

from store.search.garments import garments_in, is_one, singular
from store.search.match import Hit, Step
from store.search.rows import rows_of
from store.search.tokens import words_of
from store.search.vocabulary import Phrase, Vocabulary
from store.stock import Piece

FEW: Final = 3
"""With fewer than this, what comes near in words is added behind."""

BRAND: Final = 4.0
NAMED: Final = 2.0
SHELF: Final = 1.0
WORD: Final = 1.0
LIKENESS: Final = -5.0
"""For "Coogi style": the name says what the piece is like, not what it is."""


def ordered(
    db: sqlite3.Connection, hits: Sequence[Hit], step: Step, vocabulary: Vocabulary, *, unavailable: bool, limit: int
) -> tuple[Piece, ...]:
    """Returns the pieces of the hits, best first, without what was sold in between and what only sounds like it.

    The index knows stems: to it leggings are wide legs, and a trucker cap is a trucker. Here the words are read whole.
    """
    ranks = {hit.item_id: hit.rank for hit in hits}
    garments = [group for group in step.wanted.groups if group.kind == "garment" and group.direct]
    found = [piece for piece in rows_of(db, tuple(ranks)) if unavailable or piece.status == "available"]
    pieces = [piece for piece in found if all(is_one(piece, group, vocabulary) for group in garments)]
    if len(pieces) < FEW and any(group.also for group in garments):
        pieces = [piece for piece in found if all(is_one(piece, group, vocabulary, loosely=True) for group in garments)]
    worst, best = max(ranks.values(), default=0.0), min(ranks.values(), default=0.0)
    spread = (worst - best) or 1.0

    def goodness(piece: Piece) -> tuple[float, int]:
        return _goodness(piece, step, vocabulary) + (worst - ranks[piece.id]) / spread, piece.id

    return tuple(sorted(pieces, key=goodness, reverse=True)[:limit])


def _goodness(piece: Piece, step: Step, vocabulary: Vocabulary) -> float:
    name, brand, category = words_of(piece.name), words_of(piece.brand), words_of(piece.category)
    score = 0.0
    for group in step.wanted.groups:
        if group.kind == "brand":
            if any(_has(brand, phrase) for phrase in group.phrases):
                score += BRAND
            elif not brand:
                score += BRAND / 2
            if any(_has(name, (*phrase, "style")) for phrase in group.phrases):
                score += LIKENESS
        elif group.kind == "garment":
            # "shirt" stands in "t shirt", too: a longer name of something else is not this garment.
            asked = {singular(phrase) for phrase in group.phrases}
            if garments_in(name, vocabulary) & asked:
                score += NAMED
            if garments_in(category, vocabulary) & (asked | {singular(phrase) for phrase in group.shelves}):
                score += SHELF
        elif any(_has(name, phrase) for phrase in group.phrases):
            score += WORD
        if _has(name, group.typed):
            score += WORD
    score += sum(WORD for phrase in step.wanted.boosts if _has(name, phrase))
    return score


def _has(words: Phrase, phrase: Phrase) -> bool:
    """Tells whether the phrase stands in the words, a plural counting as its singular."""
    if not phrase:
        return False
    said = singular(phrase)
    return any(singular(words[at : at + len(said)]) == said for at in range(len(words) - len(said) + 1))
