"""Runs of words taken over from a row's own text: "small stain on the left cuff" needs no further proof."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from server.agent.grounding.clauses import Clause
from server.agent.grounding.lexicon import SAME
from server.agent.grounding.reading import Reading
from server.agent.grounding.rows import LINKS, Row
from server.agent.grounding.scan import Unit

_NEVER: Final = frozenset({"shipping", "returns", "payment", "discount", "commitment", "people"})
"""Topics on which a listing's boilerplate does not speak for the shop."""
_STATES: Final = ("available", "gone", "held", "offered")
_EDGE: Final = frozenset({"function", "join", "ask", "if"})
_LONGEST: Final = 14
"""Longer runs are found in parts."""
Form = tuple[str, str]


def judge(reading: Reading, clause: Clause) -> None:
    """Answers for every run of at least two telling words that stands in the text of each piece the clause is about."""
    if not clause.rows or clause.prefers:
        return
    units = clause.units
    first = 0
    while first < len(units):
        last = _longest(reading, clause, first)
        if last > first:
            run = units[first:last]
            for number in sorted(clause.rows):
                reading.back(run, "description", "listed", reading.rows[number].piece.sku, "description")
            first = last
        else:
            first += 1


def _longest(reading: Reading, clause: Clause, first: int) -> int:
    units = clause.units
    if not _may_stand(units[first]) or _weak(units[first]):
        return first
    last = first
    while last < min(len(units), first + _LONGEST) and _may_stand(units[last]):
        last += 1
    denied = any("neg" in unit.tags and not unit.done for unit in units[:first])
    while last - first > 1:
        run = units[first:last]
        if not _weak(run[-1]) and _tells(run) and not denied:
            keys = [key for unit in run for key in unit.keys]
            if all(_stands(reading.rows[number], keys) for number in clause.rows):
                return last
        last -= 1
    return first


def _may_stand(unit: Unit) -> bool:
    if unit.done or unit.kind not in {"word", "num", "size", "cross", "percent", "era"}:
        return False
    return unit.tags.get("policy") not in _NEVER and not any(state in unit.tags for state in _STATES)


def _weak(unit: Unit) -> bool:
    return bool(unit.tags.keys() & _EDGE) and "neg" not in unit.tags


def _tells(run: Sequence[Unit]) -> bool:
    return (
        sum(1 for unit in run if unit.kind != "word" or not unit.tags.keys() & {"function"} or "neg" in unit.tags) >= 2
    )


def _stands(row: Row, keys: Sequence[str]) -> bool:
    """Tells whether the words stand together in one line of the row's own text, not denied there."""
    keys = [key for key in keys if key not in LINKS]
    if not all(key in row.words or any(other in row.words for other in SAME.get(key, ())) for key in keys):
        return False
    for forms in row.linkless:
        for at in range(len(forms) - len(keys) + 1):
            if all(_says(forms[at + offset], key) for offset, key in enumerate(keys)):
                before = {form for pair in forms[max(0, at - 2) : at] for form in pair}
                if not before & row.negators:
                    return True
    return False


def _says(form: Form, key: str) -> bool:
    """Tells whether a word of the row is this one, or one that stands for it."""
    return key in form or any(other in form for other in SAME.get(key, ()))
