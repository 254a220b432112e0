"""Mends a mistyped word to one of the shop's own, and leaves every word alone that means something.

Only names, brands and categories of this shop and the garments, colours and brands of the vocabulary are targets;
descriptions are not: they hold everything. A word that English knows is never changed, and never what a typo is
changed to unless it is a garment, a brand or a colour: "ralf" is not "half", and "fringe" is not "ring".
"""

from __future__ import annotations

import re
import sqlite3
from functools import lru_cache
from importlib.resources import files
from threading import Lock
from typing import Any, Final

from store.search.catalogue import Catalogue
from store.search.tokens import plain
from store.search.vocabulary import Vocabulary

SHORTEST: Final = 4
"""Letters of the shortest word that is mended; among shorter ones every second is one letter from another."""

ORDINARY: Final = 30_000
"""How many of English's most frequent words are never changed; the list comes with symspellpy."""

COMMON: Final = 5_000
"""How many of them no typo is changed to, unless they name garments, brands or colours; bands come after these."""

RARE: Final = 2
"""A word in no more pieces than this may itself be a typo of whoever wrote the listing."""

AS_LIKELY: Final = 0.25
"""Two mends no further apart than this are both tried: "shrts" may be shirts or shorts."""

RARE_LETTERS: Final = 6
"""Letters from which on a rare word of a name is a target, if it is very near."""

_WORD: Final = re.compile(r"[^\W\d_]+")

_lock = Lock()


class Speller:
    """The shop's words as SymSpell keeps them; grows with the stock, never has to shrink.

    A word whose last piece is sold may stay a target: the mended query then finds nothing, as the typed one would.
    """

    def __init__(self) -> None:
        """Makes an empty one."""
        # symspellpy costs 60 ms of import, paid only by a query with a word that nobody knows.
        from symspellpy import SymSpell  # noqa: PLC0415

        self._symspell: Any = SymSpell(max_dictionary_edit_distance=2, prefix_length=6)
        self._known: set[str] = set()
        self._revision = ""

    def learn(self, db: sqlite3.Connection, catalogue: Catalogue) -> None:
        """Adds the words that came since the last revision."""
        if self._revision == catalogue.revision and self._known:
            return
        words = [str(row[0]) for row in db.execute("SELECT term FROM items_words_fts_vocab")]
        for word in (*catalogue.vocabulary.targets, *words):
            if word not in self._known and len(word) >= SHORTEST and word.isalpha():
                self._known.add(word)
                self._symspell.create_dictionary_entry(word, 1)
        self._revision = catalogue.revision

    def near(self, word: str) -> list[tuple[str, int]]:
        """Returns (word, distance) of the known words within two changes."""
        from symspellpy import Verbosity  # noqa: PLC0415  # loaded by then

        found = self._symspell.lookup(word, Verbosity.ALL, max_edit_distance=2)
        return [(str(one.term), int(one.distance)) for one in found]


@lru_cache(maxsize=2)
def _speller(_vocabulary: Vocabulary) -> Speller:
    return Speller()


@lru_cache(maxsize=1)
def _english() -> tuple[bytes, dict[int, int]]:
    text = b"\n" + files("symspellpy").joinpath("frequency_dictionary_en_82_765.txt").read_bytes().replace(b"\r", b"")
    return text, {count: _line(text, count) for count in (ORDINARY, COMMON)}


def _line(text: bytes, number: int) -> int:
    at = 0
    for _ in range(number):
        at = text.find(b"\n", at + 1)
        if at < 0:
            return len(text)
    return at


@lru_cache(maxsize=4096)
def is_ordinary(word: str, among: int = ORDINARY) -> bool:
    """Tells whether a word is among English's most frequent ones."""
    text, ends = _english()
    return text.find(b"\n" + word.encode() + b" ", 0, ends[among] + 1) >= 0


def mended(db: sqlite3.Connection, word: str, catalogue: Catalogue) -> tuple[str, ...]:
    """Returns the shop's words that a mistyped one may have meant, likeliest first, at most two that are as likely.

    Empty if it is no typo, or nothing is near enough.
    """
    vocabulary = catalogue.vocabulary
    if len(word) < SHORTEST or not word.isalpha() or word in vocabulary.single or word in catalogue.brand_words:
        return ()
    count = _count(db, word)
    if count > RARE or is_ordinary(word) or (not count and _is_described(db, word)):
        return ()
    with _lock:
        speller = _speller(vocabulary)
        speller.learn(db, catalogue)
        near = speller.near(word)
    ranked: list[tuple[float, int, str]] = []
    for target, distance in near:
        cost = _cost(word, target, distance)
        if target == word or cost is None:
            continue
        named = target in vocabulary.targets or target in catalogue.brand_words
        if count and not (named and distance == 1):
            continue
        pieces = _count(db, target)
        if not named and (
            not pieces or is_ordinary(target, COMMON) or (pieces <= RARE and (cost > 1.0 or len(target) < RARE_LETTERS))
        ):
            continue
        ranked.append((cost + (0.0 if named else 0.5), -pieces, target))
    ranked.sort()
    return tuple(target for cost, _, target in ranked[:2] if cost <= ranked[0][0] + AS_LIKELY)


def _cost(word: str, target: str, distance: int) -> float | None:
    """Returns how unlikely it is that the one was meant by the other; None for too unlikely."""
    # Two letters swapped are the likeliest slip, a letter left out comes before one too many.
    slip = -0.3 if sorted(word) == sorted(target) else -0.1 if len(target) > len(word) else 0.0
    if _sound(word) == _sound(target):
        return (0.5 if distance == 1 else 1.25) + slip
    shorter = min(len(word), len(target))
    if distance == 1:
        same_start = word[0] == target[0] or sorted(word[:2]) == sorted(target[:2])
        return (1.0 if same_start else 1.75) + slip if same_start or shorter >= 5 or target.endswith(word) else None
    if shorter >= 6 and word[0] == target[0]:
        return 2.0 + slip
    return 1.7 if shorter == 5 and word[0] == target[0] and sorted(word) == sorted(target) else None


def _sound(word: str) -> str:
    """Returns a word as it sounds: ph is f, c is k or s, doubled letters are one, only a first vowel counts."""
    heard = re.sub(r"ph", "f", word)
    heard = re.sub(r"ck|c(?=[^eiy]|$)|q", "k", heard)
    heard = re.sub(r"c(?=[eiy])|z", "s", heard)
    heard = re.sub(r"(.)\1+", r"\1", heard)
    return heard[:1] + re.sub(r"[aeiouy]", "", heard[1:])


def _count(db: sqlite3.Connection, word: str) -> int:
    row = db.execute("SELECT doc FROM items_words_fts_vocab WHERE term = ?", (word,)).fetchone()
    return 0 if row is None else int(row[0])


def _is_described(db: sqlite3.Connection, word: str) -> bool:
    """Tells whether a description really holds the word; the index alone cannot: its stems make "hoode" of "hood"."""
    rows = db.execute(
        "SELECT items.description FROM items_fts JOIN items ON items.id = items_fts.rowid"
        " WHERE items_fts MATCH ? LIMIT 20",
        (f'"{word}"',),
    )
    return any(word in _WORD.findall(plain(str(row[0]))) for row in rows)
