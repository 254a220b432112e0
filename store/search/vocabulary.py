"""Reads the data file of what customers say and what listings say."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from store.search.tokens import words_of

Phrase = tuple[str, ...]

FILE: Final = Path(__file__).with_name("vocabulary.toml")

OWNERS: Final = "vocabulary.toml"
"""The owner's own file, beside her database; what it says wins."""


@dataclass(frozen=True, slots=True)
class Garment:
    """One kind of thing to wear."""

    name: str
    words: tuple[Phrase, ...]
    kinds: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    shelves: tuple[Phrase, ...] = ()
    sizes: str = "none"


@dataclass(frozen=True, slots=True, eq=False)
class Vocabulary:
    """Everything the parser knows before it has seen the shop."""

    ignore: frozenset[str]
    says: Mapping[Phrase, Phrase]
    same: Mapping[Phrase, tuple[str, tuple[Phrase, ...]]]
    garments: Mapping[str, Garment]
    garment_words: Mapping[Phrase, str]
    colors: Mapping[Phrase, str]
    color_words: Mapping[str, tuple[Phrase, ...]]
    near: Mapping[str, tuple[str, ...]]
    sizes: Mapping[Phrase, str]
    eras: Mapping[Phrase, str]
    brands: Mapping[Phrase, str]
    brand_words: Mapping[str, tuple[Phrase, ...]]
    single: frozenset[str]
    """Every single word of the file: none of them is ever a typo."""
    targets: frozenset[str]
    """Single words that a typo may be mended to: garments, brands, colours."""
    longest: int
    """Words of the longest phrase."""


def vocabulary(beside: Path | None = None) -> Vocabulary:
    """Returns the vocabulary, with the owner's own file from the folder `beside` laid over it if there is one.

    A file that cannot be read is left out: half a line saved in an editor must not stop the drafts. `complaint` tells.
    """
    return _found(beside)[0]


def complaint(beside: Path | None) -> str | None:
    """Returns what is wrong with the owner's file and what to do, or None; for the doctor and for whoever edits it."""
    return _found(beside)[1]


def _found(beside: Path | None) -> tuple[Vocabulary, str | None]:
    owners = None if beside is None else beside / OWNERS
    try:
        changed = 0 if owners is None else owners.stat().st_mtime_ns
    except OSError:
        owners, changed = None, 0
    return _load(owners, changed)


@lru_cache(maxsize=8)
def _load(owners: Path | None, _changed: int) -> tuple[Vocabulary, str | None]:
    ours: dict[str, Any] = tomllib.loads(FILE.read_text(encoding="utf-8"))
    if owners is None:
        return _built(ours), None
    try:
        theirs = tomllib.loads(owners.read_text(encoding="utf-8"))
        return _built(_laid_over(ours, theirs)), None
    except (OSError, ValueError, AttributeError, TypeError, KeyError) as fault:
        told = f"The search words in {owners} cannot be used: {fault!r}. Mend the line, or move the file away."
        return _load(None, 0)[0], told


def _laid_over(ours: dict[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(ours)
    for section, entries in theirs.items():
        if isinstance(entries, str):
            merged[section] = f"{merged.get(section, '')} {entries}"
        else:
            merged[section] = {**merged.get(section, {}), **entries}
    return merged


def _phrases(words: Iterable[str]) -> tuple[Phrase, ...]:
    return tuple(phrase for phrase in (words_of(word) for word in words) if phrase)


def _built(data: Mapping[str, Any]) -> Vocabulary:
    garments = {
        name: Garment(
            name=name,
            words=_phrases(entry["words"]),
            kinds=tuple(entry.get("kinds", ())),
            also=tuple(entry.get("also", ())),
            shelves=_phrases(entry.get("shelves", ())),
            sizes=str(entry.get("sizes", "none")),
        )
        for name, entry in data["garments"].items()
    }
    color_words = {name: _phrases(entry["words"]) for name, entry in data["colors"].items()}
    brand_words = {name: _phrases(words) for name, words in data["brands"].items()}
    same = {}
    for name, words in data["same"].items():
        phrases = _phrases(words)
        same.update(dict.fromkeys((*phrases, (name,)), (name, phrases)))
    sizes = {phrase: name for name, words in data["sizes"].items() for phrase in _phrases(words)}
    eras = {phrase: name for name, words in data["eras"].items() for phrase in _phrases(words)}
    says = {words_of(said): tuple(meant.split()) for said, meant in data["says"].items()}
    garment_words = {phrase: name for name, garment in garments.items() for phrase in garment.words}
    colors = {phrase: name for name, words in color_words.items() for phrase in words}
    brands = {phrase: name for name, words in brand_words.items() for phrase in words}
    every = [*says, *same, *garment_words, *colors, *sizes, *eras, *brands]
    ignore = frozenset(words_of_all(data["ignore"]))
    return Vocabulary(
        ignore=ignore,
        says=says,
        same=same,
        garments=garments,
        garment_words=garment_words,
        colors=colors,
        color_words=color_words,
        near={name: tuple(entry.get("near", ())) for name, entry in data["colors"].items()},
        sizes=sizes,
        eras=eras,
        brands=brands,
        brand_words=brand_words,
        single=ignore | {word for phrase in every for word in phrase},
        targets=frozenset(
            word
            for phrase in (*garment_words, *colors, *brands, *same, *(one for one in says if len(one) == 1))
            for word in phrase
            if len(word) > 3
        ),
        longest=max(len(phrase) for phrase in every),
    )


def words_of_all(text: str) -> list[str]:
    """Returns every word of a long text; `words_of` stops at the length of a query."""
    return [word for line in text.split() for word in words_of(line)]
