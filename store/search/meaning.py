"""Decides what the numbers of a query mean for the garment it names: 32 is a waist for jeans and nothing for a hat."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from store.search.numbers import Quantity
from store.search.vocabulary import Vocabulary
from store.search.wanted import INCH, LOOSE, TOLERANCE, Group, Length, Wanted

AROUND: Final = 0.2
"""The share by which "around 60" may be missed."""

_BIG_CM: Final = {"pit_to_pit": 34, "chest": 60, "waist": 50, "inseam": 45, "length": 60, "sleeve": 40, "shoulder": 30}
"""A bare number above this is centimetres, whatever the shop measures in."""

TOPS: Final = frozenset({"top", "suit"})
"""What is worn above the waist, by what its sizes mean."""

ROUNDING: Final = 0.04
"""Inches in a millimetre: lengths are kept in whole ones, and 19.5 + 0.5 must still reach 20."""

FLAT_CHEST: Final = 30.0
"""Inches of chest from which on the number goes around the body: a flat one that wide would be size 6XL."""

SHORTEST_FULL_WAIST: Final = 22.0
"""Inches below which a waist must have been measured flat."""


@dataclass(frozen=True, slots=True)
class Meant:
    """The numbers of a query as they were read."""

    quantities: tuple[Quantity, ...]
    pairs: tuple[tuple[float, float], ...]


def meant(wanted: Wanted, numbers: Meant, vocabulary: Vocabulary) -> Wanted:
    """Returns the query with its numbers in the filters they belong to."""
    systems = [vocabulary.garments[name].sizes for name in _garments(wanted) if name in vocabulary.garments]
    body = systems[-1] if systems else ""
    for waist, inseam in numbers.pairs:
        wanted = _pair(wanted, waist, inseam, body)
    for quantity in numbers.quantities:
        wanted = _placed(wanted, quantity, body)
    if body == "none" and wanted.letters:
        # A large bag is no size L: bags have none, so the word only helps the order.
        wanted = replace(wanted, letters=frozenset())
    return wanted


def _garments(wanted: Wanted) -> list[str]:
    return [name for group in wanted.groups if group.kind == "garment" for name in group.name.split(" or ")]


def _pair(wanted: Wanted, first: float, second: float, body: str) -> Wanted:
    if body in TOPS and first < 30:
        # "22x28" of a shirt is pit-to-pit and length.
        return replace(
            wanted,
            lengths=(*wanted.lengths, _length("pit_to_pit", first, first, ""), _length("length", second, second, "")),
        )
    if first:
        wanted = replace(wanted, waist=(first, first))
    if second:
        wanted = replace(wanted, inseam=(second, second))
    return wanted


def _placed(wanted: Wanted, quantity: Quantity, body: str) -> Wanted:
    low, high = quantity.low, quantity.high
    if low > high:
        if quantity.meaning in {"", "size"} and high >= 24 and low <= 46:
            return _pair(wanted, low, high, body)
        low, high = high, low
    if quantity.meaning == "price" or (quantity.meaning == "" and quantity.money):
        return _price(wanted, quantity, low, high)
    if quantity.meaning == "size":
        return _size(wanted, quantity, low, high, body)
    if quantity.meaning == "waist":
        low, high = (_inches("waist", one, quantity.unit) for one in (low, high))
        if high < SHORTEST_FULL_WAIST:
            low, high = low * 2, high * 2
        low, high = _bounded(quantity, low, high)
        if body in TOPS:
            return replace(wanted, lengths=(*wanted.lengths, Length("waist", low * INCH, high * INCH)))
        return replace(wanted, waist=(low, high))
    if quantity.meaning == "inseam" or (
        quantity.meaning == "length" and body == "bottom" and low <= 36 and not quantity.unit
    ):
        low, high = (_inches("inseam", one, quantity.unit) for one in (low, high))
        return replace(wanted, inseam=_bounded(quantity, low, high))
    if quantity.meaning:
        low, high = (_inches(quantity.meaning, one, quantity.unit) for one in (low, high))
        kind = quantity.meaning
        if kind == "chest":
            kind = "pit_to_pit"
            if high > FLAT_CHEST:
                low, high = low / 2, high / 2
        low, high = _bounded(quantity, low, high)
        return replace(wanted, lengths=(*wanted.lengths, Length(kind, low * INCH, high * INCH)))
    return _bare(wanted, quantity, low, high, body)


def _bounded(quantity: Quantity, low: float, high: float) -> tuple[float, float]:
    if quantity.comparator in {"under", "max"}:
        return 0.0, high
    if quantity.comparator in {"over", "min"}:
        return low, 400.0
    return low, high


def _inches(kind: str, value: float, unit: str) -> float:
    if unit == "cm" or (not unit and value > _BIG_CM.get(kind, 1000)):
        return value * 10 / INCH
    return value


def _length(kind: str, low: float, high: float, unit: str) -> Length:
    return Length(kind, _inches(kind, low, unit) * INCH, _inches(kind, high, unit) * INCH)


def _price(wanted: Wanted, quantity: Quantity, low: float, high: float) -> Wanted:
    bottom, top = round(low * 100), round(high * 100)
    if quantity.is_range:
        return replace(wanted, min_cents=bottom, max_cents=top)
    if quantity.comparator in {"over", "min"}:
        return replace(wanted, min_cents=bottom)
    if quantity.comparator == "around":
        return replace(wanted, min_cents=round(bottom * (1 - AROUND)), max_cents=round(top * (1 + AROUND)))
    if quantity.comparator in {"under", "max"}:
        return replace(wanted, max_cents=top)
    # "$45 jacket" and "for 45 bucks" name what she would pay: a ceiling offends nobody.
    return replace(wanted, max_cents=top)


def _size(wanted: Wanted, quantity: Quantity, low: float, high: float, body: str) -> Wanted:
    if body == "bottom" and 22 <= low <= 60 and not quantity.system:
        return replace(wanted, waist=(low, high))
    return replace(wanted, numbers=(*wanted.numbers, (low, high)), system=quantity.system or wanted.system)


def _bare(wanted: Wanted, quantity: Quantity, low: float, high: float, body: str) -> Wanted:
    """Places a number that no word wanted: by what the garment's sizes look like, or among the words."""
    if quantity.unit:
        if quantity.unit == "in" and body == "bottom" and 24 <= low <= 46:
            return replace(wanted, waist=(low, high))
        return wanted
    if quantity.is_range and body not in {"bottom", "shoe"} and low >= 10:
        return replace(wanted, min_cents=round(low * 100), max_cents=round(high * 100))
    if body == "bottom" and 24 <= low <= 46:
        return replace(wanted, waist=(low, high)) if wanted.waist is None else replace(wanted, inseam=(low, high))
    if body == "suit" and 32 <= low <= 60:
        return replace(wanted, numbers=(*wanted.numbers, (low, high)))
    if body == "hat" and 6 <= low <= 9:
        return replace(wanted, numbers=(*wanted.numbers, (low, high)))
    if body == "shoe" and (3 <= low <= 16 or 34 <= low <= 50):
        return replace(wanted, numbers=(*wanted.numbers, (low, high)))
    text = f"{low:g}"
    return replace(wanted, groups=(*wanted.groups, Group("word", text, ((text,),), typed=(text,))))


def tolerance(kind: str) -> float:
    """Returns the inches by which a measurement of this kind may differ from the one asked for."""
    return TOLERANCE.get(kind, LOOSE) + ROUNDING
