"""How many flaws the row tells of, and how many the reply does: "one small hole" is not "two small holes"."""

from __future__ import annotations

from typing import Final

from server.agent.grounding.clauses import Clause
from server.agent.grounding.lexicon import LANGUAGES
from server.agent.grounding.reading import Reading
from server.agent.grounding.rows import Row
from server.agent.grounding.scan import Unit

_ONE: Final = frozenset({"a", "an", "one", "single", "un", "una"})
_MANY: Final = frozenset({"few", "several", "some", "multiple", "couple", "many", "unos", "unas", "varios", "varias"})
_MASS: Final = frozenset({"bit", "touch", "hint", "poco"})
_REACH: Final = 3


def judge(reading: Reading, clause: Clause) -> None:
    """Holds a flaw told as one where the row tells of several, or the other way round."""
    for unit in clause.units:
        if "neg" in unit.tags:
            return
        if "condition" in unit.tags and not unit.done and unit.kind == "word":
            _miscounted(reading, clause, unit)


def _miscounted(reading: Reading, clause: Clause, unit: Unit) -> None:
    at = clause.units.index(unit)
    before = [key for other in clause.units[max(0, at - _REACH) : at] for key in other.keys]
    if _MASS & set(before) or unit.key.endswith("ing"):
        return  # "a bit of fraying" counts nothing
    plural = unit.key != unit.stem
    said = "many" if plural else "one" if _ONE & set(before) else ""
    if not said:
        return
    for number in sorted(clause.rows):
        told = _told(reading.rows[number], unit)
        if told and said not in told:
            piece = reading.rows[number].piece
            reading.hold([unit], "condition", f'"{unit.raw}": {piece.sku} tells of another number', piece.sku)
            return


def _told(row: Row, unit: Unit) -> set[str]:
    """Returns how many of it the row's lines tell of: "one", "many"; empty when they do not say."""
    found: set[str] = set()
    for line in row.forms:
        for at, (key, stem) in enumerate(line):
            if stem != unit.stem:
                continue
            before = {word for word, _ in line[max(0, at - _REACH) : at]}
            if key != stem or before & _MANY or any(_number(word) > 1 for word in before):
                found.add("many")
            elif before & _ONE:
                found.add("one")
            else:
                return set()
    return found


def _number(word: str) -> int:
    if word.isdigit():
        return int(word) if len(word) < _REACH else 0
    return max((int(lexicon.numbers.get(word, 0)) for lexicon in LANGUAGES), default=0)
