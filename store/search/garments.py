"""Reads which garment a piece is from whole words of its name, tags and category."""

from __future__ import annotations

from functools import lru_cache

from store.search.tokens import words_of
from store.search.vocabulary import Phrase, Vocabulary
from store.search.wanted import Group
from store.stock import Piece


@lru_cache(maxsize=8192)
def singular(phrase: Phrase) -> Phrase:
    """Returns a phrase with the plural s of its words left out."""
    return tuple(word[:-1] if len(word) > 3 and word.endswith("s") else word for word in phrase)


@lru_cache(maxsize=4)
def _known(vocabulary: Vocabulary) -> dict[Phrase, frozenset[str]]:
    """Returns every garment's phrases in the singular → the garments they name; one word may name two."""
    known: dict[Phrase, frozenset[str]] = {}
    for name, garment in vocabulary.garments.items():
        for phrase in (*garment.words, *garment.shelves):
            known[singular(phrase)] = known.get(singular(phrase), frozenset()) | {name}
    return known


@lru_cache(maxsize=8192)
def garments_in(words: Phrase, vocabulary: Vocabulary) -> frozenset[Phrase]:
    """Returns the garments a text speaks of, in the singular; each word counts once, in its longest phrase."""
    known = _known(vocabulary)
    single = singular(words)
    found: set[Phrase] = set()
    at = 0
    while at < len(single):
        step = 1
        for length in (3, 2, 1):
            phrase = single[at : at + length]
            if phrase in known:
                found.add(phrase)
                step = len(phrase)
                break
        at += step
    return frozenset(found)


def names_in(text: str, vocabulary: Vocabulary) -> frozenset[str]:
    """Returns the names of the garments a text speaks of."""
    known = _known(vocabulary)
    return frozenset(name for phrase in garments_in(words_of(text), vocabulary) for name in known[phrase])


def is_one(piece: Piece, group: Group, vocabulary: Vocabulary, *, loosely: bool = False) -> bool:
    """Tells whether a piece is the garment of a group, or loosely what many call so.

    Its name or its shelf says the garment itself, or its name says a kind of it and its shelf nothing else: a puffer
    jacket is a jacket, a puffer vest on the shelf of vests is not.
    """
    said = garments_in(words_of(piece.name), vocabulary) | garments_in(piece.tags, vocabulary)
    shelf = garments_in(words_of(piece.category), vocabulary)
    direct = {singular(phrase) for phrase in group.direct}
    if (said | shelf) & direct or shelf & {singular(phrase) for phrase in group.shelves}:
        return True
    asked = {singular(phrase) for phrase in (*group.phrases, *(group.also if loosely else ()))}
    if shelf & asked:
        return True
    return bool(said & asked) and not (shelf - asked)
