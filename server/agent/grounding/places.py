"""What is said of a part: "paint spots on the left sleeve" are not on the collar, "yellowed soles" is no canvas."""

from __future__ import annotations

from typing import Final

from server.agent.grounding.clauses import Clause
from server.agent.grounding.reading import Reading
from server.agent.grounding.rows import Row
from server.agent.grounding.scan import Unit
from server.agent.grounding.tokens import root

_AT: Final = frozenset({"on", "at", "near", "by", "in", "under", "along", "around", "inside", "to", "of", "en", "del"})
_THE: Final = frozenset({"the", "its", "their", "el", "la", "los", "las"})
_HAS: Final = frozenset(
    {"has", "have", "is", "are", "was", "were", "shows", "show", "tiene", "tienen", "esta", "estan"}
)


def judge(reading: Reading, clause: Clause) -> None:
    """Holds what the row tells of one part when the reply says it of another."""
    if not clause.rows or clause.asks:
        return
    for at, unit in enumerate(clause.units):
        if unit.kind != "word" or len(unit.keys) > 1:
            continue
        label = next((label for label in ("colour", "material") if label in unit.tags), None)
        if label is not None and "function" not in unit.tags:
            _coloured(reading, clause, unit, label, _before(clause.units[:at]))
            continue
        flaw = unit.tags.get("condition") == "flaws" or "feature" in unit.tags
        if unit.tags and "condition" not in unit.tags and not flaw:
            continue
        after = _after(clause.units[at + 1 :]) if flaw or not unit.tags else None
        beside = None if "feature" in unit.tags else _before(clause.units[:at]) or _next(clause.units[at + 1 :])
        place = after or beside
        if place is None or place is unit:
            continue
        for number in sorted(clause.rows):
            row = reading.rows[number]
            parts = row.own_roots | row.roots if flaw and "garment" not in place.tags else row.own_roots
            known = root(unit.key) in row.own_roots and root(place.key) in parts and unit.key not in row.stems
            if known and not _together(row, unit, place, loosely=after is not None):
                sku = row.piece.sku
                reading.hold([place], "condition", f'"{unit.raw}": {sku} does not tell it of the {place.raw}', sku)
                break


def _coloured(reading: Reading, clause: Clause, unit: Unit, label: str, place: Unit | None) -> None:
    """Holds a colour or a material of a part that the row gives to another part: the handles are green, not cream."""
    if place is None or "garment" in place.tags:
        return
    for number in sorted(clause.rows):
        row = reading.rows[number]
        if root(place.key) not in row.own_roots:
            continue
        told = row.told_of(root(place.key), label)
        if unit.tags[label] not in (told or row.tags.get(label, set())):
            sku = row.piece.sku
            reading.hold([unit], label, f'"{unit.raw}": {sku} does not tell it of the {place.raw}', sku, "description")
            return


def _part(units: list[Unit], at: int) -> bool:
    """Tells whether a part may be meant; after "the" also where the word may be a verb: "on the handles"."""
    unit = units[at]
    led = at > 0 and units[at - 1].keys[-1] in _THE
    if unit.kind != "word" or ("function" in unit.tags and not led):
        return False
    return not unit.tags or bool({"measure", "material"} & unit.tags.keys()) or (led and len(unit.keys) == 1)


def _after(units: list[Unit]) -> Unit | None:
    """Returns the part after "on the", before anything else is spoken of."""
    led = False
    for at, unit in enumerate(units):
        if unit.keys[-1] in _AT:
            led = True
        elif led and _part(units, at):
            return unit
        elif "function" not in unit.tags and "safe" not in unit.tags:
            return None
    return None


def _before(units: list[Unit]) -> Unit | None:
    """Returns the part that "is" or "has" what follows."""
    has = next((at for at in range(len(units) - 1, -1, -1) if units[at].keys[-1] in _HAS), None)
    return units[has - 1] if has and _part(units, has - 1) else None


def _next(units: list[Unit]) -> Unit | None:
    """Returns the word right behind, of which this one tells: "light knit"."""
    after = units[0] if units else None
    tags = {"garment", "material"} & after.tags.keys() if after is not None else set()
    return after if after is not None and after.kind == "word" and (tags or not after.tags) else None


def _together(row: Row, said: Unit, place: Unit, *, loosely: bool) -> bool:
    """Tells whether the row tells this of the part: in one breath, or (loosely) of no part in the same sentence."""
    word, part = root(said.key), root(place.key)
    for breath in row.breaths:
        if word in breath:
            if part in breath:
                return True
            if (
                loosely
                and not breath & _AT
                and any({word, part} <= {root(form) for form in forms} for forms in row.sentences)
            ):
                return True  # "small hole, left elbow"
    return False
