"""Understands what is written in a piece's columns: "32x32", "US 9", "Large", "black/green", "1990s"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from store.search.tokens import number_of, plain, words_of
from store.search.vocabulary import Phrase, Vocabulary

_BOTH: Final = re.compile(r"^w?\s*(\d{2}(?:\.5)?)\s*w?\s*[x/ ]\s*l?\s*(\d{2}(?:\.5)?)\s*l?$")
_NUMBER: Final = re.compile(r"\d+(?:\.\d+)?(?:\s+\d/\d)?")
_SYSTEM: Final = re.compile(r"\b(us|uk|eu|eur|it|fr|jp)\b")
_YEAR: Final = re.compile(r"(?<!\d)(19[3-9]\d|20[0-2]\d)(?!\d)")
_DECADE: Final = re.compile(r"(?<!\d)(?:(19|20)?([0-9]0)) ?'?s(?![a-z])")


@dataclass(frozen=True, slots=True)
class SizeLabel:
    """What a size label says, in every system it can be read in."""

    letters: frozenset[str] = frozenset()
    numbers: tuple[float, ...] = ()
    inseam: float | None = None
    system: str = ""


@lru_cache(maxsize=4096)
def size_label(label: str, vocabulary: Vocabulary) -> SizeLabel:
    """Reads a size label: letters in words or short, W x L, a number with its system."""
    text = plain(label).split("(")[0].strip()
    both = _BOTH.match(text.replace("\u00d7", "x"))
    if both:
        return SizeLabel(numbers=(float(both[1]),), inseam=float(both[2]))
    letters = frozenset(found for found in _sizes_in(words_of(text), vocabulary))
    if letters:
        return SizeLabel(letters=letters)
    system = _SYSTEM.search(text)
    numbers = tuple(number_of(hit) for hit in _NUMBER.findall(text)[:3])
    return SizeLabel(numbers=numbers, system="" if system is None else {"eur": "eu"}.get(system[1], system[1]))


def _sizes_in(words: Phrase, vocabulary: Vocabulary) -> list[str]:
    found: list[str] = []
    at = 0
    while at < len(words):
        for length in (3, 2, 1):
            size = vocabulary.sizes.get(words[at : at + length])
            if size is not None and at + length <= len(words):
                found.append(size)
                at += length - 1
                break
        at += 1
    return found


@lru_cache(maxsize=4096)
def colors_in(label: str, vocabulary: Vocabulary) -> frozenset[str]:
    """Returns the colours a label names: "black/green" both, "dark navy blue" only navy."""
    words = words_of(label.replace("/", " ").replace("-", " "))
    found: set[str] = set()
    at = 0
    while at < len(words):
        for length in (3, 2, 1):
            color = vocabulary.colors.get(words[at : at + length])
            if color is not None and at + length <= len(words):
                found.add(color)
                at += length - 1
                break
        at += 1
    return frozenset(found)


@lru_cache(maxsize=4096)
def eras_in(label: str, vocabulary: Vocabulary) -> frozenset[str]:
    """Returns the decades a label or a name speaks of: "1996" and "90's" are both the 90s."""
    text = plain(label)
    found = {decade_of(int(year)) for year in _YEAR.findall(text)}
    for century, decade in _DECADE.findall(text):
        found.add(decade_named(century, decade))
    for word in words_of(text):
        era = vocabulary.eras.get((word,))
        if era is not None:
            found.add(era)
    return frozenset(found)


def decade_of(year: int) -> str:
    """Returns "90s" for 1996 and "2000s" for 2003."""
    return f"{year % 100 // 10}0s" if year < 2000 else f"{year // 10 * 10}s"


def decade_named(century: str, decade: str) -> str:
    """Returns "90s" for ("", "90") and ("19", "90"), "2000s" for ("20", "00") and ("", "00")."""
    if century == "20" or (not century and decade in {"00", "10", "20"}):
        return f"20{decade}s"
    return f"{decade}s"
