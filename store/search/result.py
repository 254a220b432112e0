"""What a search answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from store.search.wanted import INCH, Wanted
from store.stock import Piece, Unit, money


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The pieces found, and an honest word on what was understood, mended and given up to find them."""

    query: str
    exact: bool = True
    relaxed: tuple[str, ...] = ()
    """What gave way: era, color, inseam, length, price, size, words, brand, category."""
    corrected: Mapping[str, str] = field(default_factory=dict)
    filters: Mapping[str, Any] = field(default_factory=dict)
    """What was understood: {"size": "L", "max_price": "50.00"}."""
    pieces: tuple[Piece, ...] = ()

    def as_json(self, unit: Unit) -> dict[str, Any]:
        """Returns the object of `philia items search QUERY --json`."""
        return {
            "query": self.query,
            "exact": self.exact,
            "relaxed": list(self.relaxed),
            "corrected": dict(self.corrected),
            "filters": dict(self.filters),
            "items": [piece.as_json(unit) for piece in self.pieces],
        }


def filters_of(wanted: Wanted, unit: Unit) -> dict[str, str]:
    """Returns the understood filters as the public contract writes them, lengths in the shop's unit."""
    filters: dict[str, str] = {}
    for kind, key in (("garment", "category"), ("brand", "brand")):
        names = [group.name for group in wanted.groups if group.kind == kind]
        if names:
            filters[key] = ", ".join(names)
    if wanted.letters:
        filters["size"] = "/".join(sorted(wanted.letters))
    elif wanted.numbers:
        filters["size"] = " ".join([wanted.system.upper(), ", ".join(_range(*pair) for pair in wanted.numbers)]).strip()
    if wanted.min_cents is not None:
        filters["min_price"] = money(wanted.min_cents)
    if wanted.max_cents is not None:
        filters["max_price"] = money(wanted.max_cents)
    if wanted.colors:
        filters["color"] = ", ".join(sorted(wanted.colors))
    if wanted.not_colors:
        filters["not_color"] = ", ".join(sorted(wanted.not_colors))
    if wanted.eras:
        filters["era"] = ", ".join(sorted(wanted.eras))
    if wanted.waist is not None:
        filters["waist"] = _range(*wanted.waist)
    if wanted.inseam is not None:
        filters["inseam"] = _range(*wanted.inseam)
    step = INCH if unit == "in" else 10.0
    for length in wanted.lengths:
        filters[length.kind] = _range(length.low / step, length.high / step)
    return filters


def _range(low: float, high: float) -> str:
    """Writes one number, or two; a waist tagged 32 is 32 in every unit, as the label says it."""
    low, high = round(low, 2), round(high, 2)
    if low == high:
        return f"{low:g}"
    if high >= 150:
        return f">={low:g}"
    return f"<={high:g}" if low == 0 else f"{low:g}-{high:g}"
