"""The labels and words in use in this shop at one moment of its stock, read once for every revision."""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Final

from store.search.tokens import words_of
from store.search.vocabulary import Phrase, Vocabulary, vocabulary

KEPT: Final = 4
"""Catalogues kept in memory; one process usually sees one shop."""


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """What is written in the columns of this shop, and the words the parser knows because of it."""

    revision: str
    vocabulary: Vocabulary
    sizes: tuple[str, ...]
    colors: tuple[str, ...]
    eras: tuple[str, ...]
    categories: tuple[str, ...]
    brands: Mapping[Phrase, str]
    """The shop's own brands, as phrases → as written."""
    brand_words: frozenset[str]
    """Every word of a brand of this shop: none of them is a typo."""
    longest: int


_catalogues: OrderedDict[tuple[str, Vocabulary], Catalogue] = OrderedDict()
_lock = Lock()


def revision_of(db: sqlite3.Connection) -> str:
    """Returns the stock's revision: it is random, so that equal revisions mean equal stock in every process."""
    row = db.execute("SELECT value FROM switches WHERE name = 'stock_revision'").fetchone()
    return "" if row is None else str(row[0])


def folder_of(db: sqlite3.Connection) -> Path | None:
    """Returns the folder of the database file, where the owner's own vocabulary may lie; None for one in memory."""
    row = db.execute("PRAGMA database_list").fetchone()
    return None if row is None or not row[2] else Path(row[2]).parent


def catalogue(db: sqlite3.Connection) -> Catalogue:
    """Returns what this shop's columns say now, from memory while the stock is unchanged."""
    words = vocabulary(folder_of(db))
    key = (revision_of(db), words)
    with _lock:
        known = _catalogues.get(key)
        if known is not None:
            _catalogues.move_to_end(key)
            return known
    fresh = _read(db, key[0], words)
    if revision_of(db) == key[0]:
        with _lock:
            _catalogues[key] = fresh
            while len(_catalogues) > KEPT:
                _catalogues.popitem(last=False)
    return fresh


def _read(db: sqlite3.Connection, revision: str, words: Vocabulary) -> Catalogue:
    labels: dict[str, list[str]] = {"size_label": [], "color": [], "era": [], "brand": [], "category": []}
    for row in db.execute("SELECT field, value FROM items_fts_values WHERE value <> ''"):
        labels[str(row[0])].append(str(row[1]))
    brands: dict[Phrase, str] = {}
    for brand in labels["brand"]:
        phrase = words_of(brand)
        if phrase and _is_name(phrase, words):
            brands.setdefault(phrase, brand)
    return Catalogue(
        revision=revision,
        vocabulary=words,
        sizes=tuple(labels["size_label"]),
        colors=tuple(labels["color"]),
        eras=tuple(labels["era"]),
        categories=tuple(labels["category"]),
        brands=brands,
        brand_words=frozenset(word for phrase in brands for word in phrase),
        longest=max([words.longest, *(len(phrase) for phrase in brands)]),
    )


def _is_name(phrase: Phrase, words: Vocabulary) -> bool:
    """Tells a brand's name from a word that means something else: a brand column may say "Camel" or "Tee Shirt"."""
    if all((word,) in words.garment_words or (word,) in words.same for word in phrase):
        return False
    if len(phrase) > 1:
        return True
    return len(phrase[0]) > 1 and phrase[0] not in words.ignore and phrase not in words.colors
