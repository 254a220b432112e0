"""Lengths: which kind of measurement each figure is, and whether the row says it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from server.agent.grounding.lexicon import LANGUAGES
from server.agent.grounding.reading import Answer
from server.agent.grounding.rows import Row
from server.agent.grounding.scan import Scanner, Unit
from server.agent.grounding.tokens import Token
from store.stock import Unit as LengthUnit
from store.stock import in_unit

_MM: Final = {"in": Decimal("25.4"), "cm": Decimal(10), "mm": Decimal(1), "m": Decimal(1000), "ft": Decimal("304.8")}
_CLOSE: Final = Decimal(5)
"""Half a centimetre between an inch and a centimetre reading of one tape."""
_SAME: Final = Decimal("1.3")
"""Between two readings in one unit only the rounding of the stored millimetre is allowed."""
_FLAT: Final = frozenset({"pit_to_pit", "waist", "hem", "hips", "thigh", "leg_opening"})
_WAISTS: Final = frozenset({"waist", "hips"})
_WHOLE_WAIST: Final = 610
"""Millimetres from which a stored waist is one taken all the way round: nobody's is 48 inches flat."""
_LINKS: Final = frozenset({"function", "safe", "cue:cues", "around", "photo", "size_word:cues", "unit"})
_PARTS: Final = frozenset({"and", "y", "e", "but", "with", "x", "con"})


def kinds_of(units: Sequence[Unit], used: set[int] | None = None) -> dict[int, str]:
    """Gives each figure of a sentence that stands beside a kind of measurement this kind: position → kind."""
    found: dict[int, str] = {}
    taken: set[int] = set()
    before: int | None = None
    for at, unit in enumerate(units):
        if unit.kind not in {"length", "num"} or unit.done:
            continue
        place = _reach(units, at, -1, taken)
        if place is None:
            place = _reach(units, at, 1, taken)
        if place is not None:
            found[at] = units[place].tags["measure"]
            taken.add(place)
            if used is not None:
                used.add(id(units[place]))
        elif (
            before is not None
            and before in found
            and unit.kind == "length"
            and (_restates(units, before, at) or _around(units, before, at))
        ):
            found[at] = found[before]
        before = at
    return found


def _reach(units: Sequence[Unit], at: int, step: int, taken: set[int]) -> int | None:
    place = at + step
    while 0 <= place < len(units):
        unit = units[place]
        if "measure" in unit.tags and unit.kind == "word":
            return None if place in taken else place
        if unit.kind == "break":
            if unit.key not in (":=(" if step < 0 else "(=") and not (unit.key == "-" and step < 0):
                return None
        elif (
            unit.kind != "word"
            or unit.key in _PARTS
            or not unit.tags
            or not unit.tags.keys() & _LINKS
            or "join" in unit.tags
        ):
            return None
        place += step
    return None


def _around(units: Sequence[Unit], before: int, at: int) -> bool:
    """Tells whether the figure gives the one before it once more, all the way round: 15.5" across, so 31" around."""
    return at - before <= 5 and wraps(units, at)


def wraps(units: Sequence[Unit], at: int) -> bool:
    """Tells whether the figure goes all the way round: "28 inches around", not "around 28"."""
    after = units[at + 1 : at + 3]
    if any("measure" in unit.tags for unit in after[:1]):
        after = units[at + 1 : at + 4]
    if any("around" in unit.tags and (len(unit.keys) > 1 or _closes(units, units.index(unit))) for unit in after):
        return True
    return any(
        ("around" in unit.tags and len(unit.keys) > 1) or unit.key in {"circumference", "circunferencia", "contorno"}
        for unit in units[max(0, at - 4) : at]
    )


def restated(units: Sequence[Unit], at: int) -> int | None:
    """Returns the place of the figure that this one repeats in another unit, if it does."""
    before = next((place for place in range(at - 1, -1, -1) if units[place].kind in {"length", "num"}), None)
    return before if before is not None and _restates(units, before, at) else None


def _closes(units: Sequence[Unit], at: int) -> bool:
    """Tells whether nothing follows in the clause, so that "around" belongs to what stands before it."""
    return at + 1 >= len(units) or units[at + 1].kind == "break" or "function" in units[at + 1].tags


def _restates(units: Sequence[Unit], before: int, at: int) -> bool:
    """Tells whether the figure repeats the one before it in another unit: 24.5" (62 cm)."""
    if units[before].kind != "length" or units[before].label == units[at].label or at - before > 4:
        return False
    between = units[before + 1 : at]
    return any(unit.key in {"(", "/", "=", "or", "o", "about", "-", "unos"} for unit in between) and all(
        unit.kind == "break" or unit.tags.keys() & {"function", "measure", "around"} for unit in between
    )


def same_length(millimetres: int, value: Decimal, unit: str, shop: LengthUnit) -> bool:
    """Tells whether a spoken length is the stored one: exactly in the shop's unit, within 0.5 cm in another."""
    if unit == shop and Decimal(str(in_unit(millimetres, shop))) == value:
        return True
    return abs(value * _MM[unit] - millimetres) <= (_SAME if unit == shop else _CLOSE)


def measurement(row: Row, kind: str, value: Decimal, unit: str, shop: LengthUnit, *, around: bool) -> Answer:
    """Compares a length with the row's measurement of that kind; around the body a flat width counts twice."""
    stored = row.piece.measurements.get(kind)
    if stored is None:
        backed = any((kind, value, unit) == found for segment in row.plain_segments for found in described(segment))
        return Answer(backed, "description" if backed else kind, f"{value.normalize():f} {unit}" if backed else None)
    if around and kind in _FLAT and not (kind in _WAISTS and stored >= _WHOLE_WAIST):
        stored *= 2
    return Answer(same_length(stored, value, unit, shop), kind, f"{in_unit(stored, shop):g} {shop}")


def described(segment: Sequence[Token]) -> list[tuple[str, Decimal, str]]:
    """Returns the (kind, value, unit) that one line of a description gives."""
    if not any(token.kind == "num" for token in segment):
        return []
    units = Scanner(list(segment), LANGUAGES[0]).scan()
    kinds = kinds_of(units)
    return [
        (kind, value, units[at].label)
        for at, kind in kinds.items()
        if units[at].kind == "length" and (value := units[at].value) is not None
    ]
