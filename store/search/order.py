"""Puts what was found in the order a shop owner would lay it on the counter."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Final

from store.search.match import Hit, Step
from store.search.rows import rows_of
from store.search.tokens import words_of
from store.search.vocabulary import Phrase, Vocabulary
from store.stock import Piece

BRAND: Final = 4.0
NAMED: Final = 2.0
SHELF: Final = 1.0
WORD: Final = 1.0
LIKENESS: Final = -5.0
"""For "Coogi style": the name says what the piece is like, not what it is."""


def ordered(
    db: sqlite3.Connection, hits: Sequence[Hit], step: Step, vocabulary: Vocabulary, *, unavailable: bool, limit: int
) -> tuple[Piece, ...]:
    """Returns the pieces of the hits, best first; one that was sold in between is left out."""
    ranks = {hit.item_id: hit.rank for hit in hits}
    pieces = [piece for piece in rows_of(db, tuple(ranks)) if unavailable or piece.status == "available"]
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
            if longest_phrases(name, vocabulary) & set(group.phrases):
                score += NAMED
            if longest_phrases(category, vocabulary) & {*group.phrases, *group.shelves}:
                score += SHELF
        elif any(_has(name, phrase) for phrase in group.phrases):
            score += WORD
        if _has(name, group.typed):
            score += WORD
    score += sum(WORD for phrase in step.wanted.boosts if _has(name, phrase))
    return score


def longest_phrases(words: Phrase, vocabulary: Vocabulary) -> set[Phrase]:
    """Returns the garments a name speaks of, each word counted once, in the longest phrase it stands in."""
    found: set[Phrase] = set()
    at = 0
    while at < len(words):
        step = 1
        for length in (3, 2, 1):
            phrase = words[at : at + length]
            if phrase in vocabulary.garment_words:
                found.add(phrase)
                step = length
                break
        at += step
    return found


def _has(words: Phrase, phrase: Phrase) -> bool:
    """Tells whether the phrase stands in the words, a plural counting as its singular."""
    if not phrase:
        return False
    size = len(phrase)
    return any(
        all(_one(word) == _one(said) for word, said in zip(words[at : at + size], phrase, strict=True))
        for at in range(len(words) - size + 1)
    )


def _one(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") else word
