"""Several lengths in one: 10" x 7" x 3", "35 by 35 inches"."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from server.agent.grounding.clauses import Clause
from server.agent.grounding.measures import same_length
from server.agent.grounding.reading import Answer, Reading
from server.agent.grounding.rows import Row
from server.agent.grounding.scan import Unit
from store.stock import Unit as LengthUnit
from store.stock import in_unit

_SIDES: Final = ("width", "height", "depth", "length", "diameter")
_LETTERS: Final = frozenset({"w", "h", "d", "l", "wide", "tall", "high", "deep", "long"})
_BETWEEN: Final = frozenset({"x", "by", "por"})
_PARTS: Final = re.compile(r"\d+(?:\.\d+)?")


def judge(reading: Reading, clause: Clause) -> None:
    """Checks the sides of a piece that has no sizes but sides, such as a bag: all of them stand in its row."""
    units = clause.units
    at = 0
    while at < len(units):
        run = _run(units, at)
        values = [value for unit in run for value in _values(unit)]
        label = next((unit.label for unit in run if unit.kind == "length"), _written_unit(run) or reading.evidence.unit)
        if len(values) > 1 and clause.rows and all(_has_sides(reading.rows[number]) for number in clause.rows):
            answers = [
                (number, _answer(reading.rows[number], values, label, reading.evidence.unit))
                for number in sorted(clause.rows)
            ]
            said = " ".join(unit.raw for unit in run)
            reading.settle(clause, run, "measurement", f'"{said}"', answers)
        at += len(run) or 1


def _run(units: Sequence[Unit], first: int) -> list[Unit]:
    last = first
    while last < len(units) and not units[last].done and units[last].kind in {"length", "num", "cross"}:
        last += 1
        if last < len(units) and units[last].key == '"':
            last += 1
        if last < len(units) and units[last].key in _LETTERS:
            last += 1
        if last + 1 < len(units) and units[last].key in _BETWEEN:
            last += 1
        else:
            break
    return list(units[first:last])


def _values(unit: Unit) -> list[Decimal]:
    if unit.kind == "cross":
        return [Decimal(part) for part in _PARTS.findall(unit.raw)]
    return [unit.value] if unit.value is not None and unit.kind in {"length", "num"} else []


def _written_unit(run: Sequence[Unit]) -> str:
    return "in" if any('"' in unit.raw for unit in run) else ""


def _has_sides(row: Row) -> bool:
    return "pit_to_pit" not in row.piece.measurements and sum(kind in row.piece.measurements for kind in _SIDES) > 1


def _answer(row: Row, values: Sequence[Decimal], label: str, shop: LengthUnit) -> Answer:
    stored = [row.piece.measurements[kind] for kind in _SIDES if kind in row.piece.measurements]
    left = Counter(stored)
    for value in values:
        same = next((one for one in left if left[one] and same_length(one, value, label, shop)), None)
        if same is None:
            return Answer(False, "measurements", " x ".join(f"{in_unit(one, shop):g}" for one in stored) + f" {shop}")
        left[same] -= 1
    return Answer(True, "measurements", " x ".join(f"{value:f}" for value in values) + f" {label}")
