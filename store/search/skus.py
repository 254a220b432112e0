"""Finds the SKUs of this shop in a text."""

from __future__ import annotations

import re
import sqlite3
from typing import Final

from store.items import get_many
from store.stock import Piece

_SKU: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{1,39}")
_MOST: Final = 60
_FIGURES: Final = 5
"""Figures of a SKU without letters, at least: a shorter one cannot be told from a waist or a price."""


def by_sku(db: sqlite3.Connection, text: str) -> list[Piece]:
    """Returns the pieces whose SKU stands in the text, in its order, whatever their status."""
    words = [word.strip(".-/_") for word in _SKU.findall(text[:2000])]
    asked = [form for word in words if _may_be(word) for form in dict.fromkeys((word, word.upper(), word.lower()))]
    found = {piece.sku: piece for piece in get_many(db, dict.fromkeys(asked[:_MOST]))}
    return [found[form] for form in dict.fromkeys(asked) if form in found]


def _may_be(word: str) -> bool:
    """Tells a SKU from an ordinary word or number: it has figures, and letters or many figures."""
    figures = sum(character.isdigit() for character in word)
    return figures > 0 and (figures >= _FIGURES or any(character.isalpha() for character in word))
