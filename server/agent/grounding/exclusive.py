"""What sets one of several pieces apart: "only the Harley has holes", "neither", and which is the cheapest."""

from __future__ import annotations

from typing import Final

from server.agent.grounding.binding import identifies
from server.agent.grounding.clauses import Clause
from server.agent.grounding.reading import Reading
from server.agent.grounding.scan import Unit

_ONLY: Final = frozenset({"only", "just", "solo", "solamente"})
_ALL_OR_NONE: Final = frozenset({"neither", "both", "either", "ninguno", "ninguna", "ambos", "ambas"})
_CHEAP: Final = frozenset({"cheapest", "cheaper", "lowest"})
_DEAR: Final = frozenset({"priciest", "pricier", "highest"})


_GREATER: Final[dict[str, tuple[tuple[str, ...], int]]] = {
    "longer": (("length", "inseam"), 1),
    "shorter": (("length", "inseam"), -1),
    **dict.fromkeys(("bigger", "larger", "wider", "roomier"), (("pit_to_pit", "waist", "width"), 1)),
    **dict.fromkeys(("smaller", "narrower", "slimmer"), (("pit_to_pit", "waist", "width"), -1)),
}
"""A comparing word → the measurements that settle it, the first that both pieces have, and its direction."""


def judge(reading: Reading, clause: Clause) -> None:
    """Holds what no single row can say of several pieces; backs the cheapest and the dearest of those asked about."""
    if len(reading.rows) < 2:  # one piece is apart from nothing
        return
    for at, unit in enumerate(clause.units):
        if unit.done:
            continue
        if unit.key in _ONLY and not clause.asks and _names_one(reading, clause, at):
            reading.hold([unit], "comparison", f'"{unit.raw}": no row says this of the other pieces')
        elif unit.key in _ALL_OR_NONE and not clause.asks and _says_no_more(clause):
            reading.hold([unit], "answer", f'"{unit.raw}": nothing is said that a row could back')
        elif unit.key in _GREATER and _greater(reading, clause, at):
            sku = reading.rows[min(clause.rows)].piece.sku
            than = [other for other in clause.units[at + 1 :] if other.key == "than"][:1]
            reading.back([unit, *than], "comparison", "listed", sku, "measurements")
        elif unit.key in _CHEAP | _DEAR and _outermost(reading, clause, unit):
            number = min(clause.rows)
            reading.back([unit], "price", "listed", reading.rows[number].piece.sku, "price")


def _names_one(reading: Reading, clause: Clause, at: int) -> bool:
    """Tells whether "only" stands before one of the pieces; of availability another rule judges it."""
    if clause.has("available") or clause.has("gone"):
        return False
    after = [unit for unit in clause.units[at + 1 : at + 3] if unit.keys[-1] not in {"the", "la", "el"}][:1]
    return bool(after) and (
        after[0].kind == "mention" or any(_stands_in_name(row.stems, after[0]) for row in reading.rows)
    )


def _stands_in_name(stems: set[str], unit: Unit) -> bool:
    return unit.raw[:1].isupper() and not unit.tags and (unit.key in stems or unit.stem in stems)


def _says_no_more(clause: Clause) -> bool:
    return all(
        unit.kind == "emoji"
        or (unit.kind == "word" and unit.tags.keys() & {"function", "safe", "neg", "both", "absent"})
        for unit in clause.units
    )


def _greater(reading: Reading, clause: Clause, at: int) -> bool:
    """Tells whether the piece named before the word measures more (or less) than the only other one there is."""
    named = [unit for unit in clause.units[:at] if identifies(unit)]
    denied = any("neg" in unit.tags for unit in clause.units)
    if len(reading.rows) != 2 or len(clause.rows) != 1 or not clause.sure or clause.asks or denied or not named:
        return False
    number = min(clause.rows)
    if not all(number in unit.rows if unit.kind == "mention" else True for unit in named[:1]):
        return False
    mine, other = (reading.rows[each].piece.measurements for each in (number, 1 - number))
    kinds, direction = _GREATER[clause.units[at].key]
    kind = next((kind for kind in kinds if kind in mine and kind in other), None)
    return kind is not None and (mine[kind] - other[kind]) * direction > 0


def _outermost(reading: Reading, clause: Clause, unit: Unit) -> bool:
    """Tells whether the clause's one piece has the lowest (or the highest) price of all, and that was asked."""
    if len(clause.rows) != 1 or not any(other.key == unit.key for other in reading.question.units):
        return False
    mine = reading.rows[min(clause.rows)].piece.price_cents
    others = [row.piece.price_cents for number, row in enumerate(reading.rows) if number not in clause.rows]
    if mine is None or any(price is None for price in others):
        return False
    return all((mine < price) if unit.key in _CHEAP else (mine > price) for price in others if price is not None)
