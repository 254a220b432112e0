"""What a clause says without claiming it: fit it will not promise, an echo; and what it tells of other people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from server.agent.grounding.clauses import Clause
from server.agent.grounding.reading import Reading
from server.agent.grounding.scan import Unit

_SAYING: Final = frozenset(
    {"promise", "guarantee", "say", "tell", "know", "swear", "speak", "judge", "vouch", "comment"}
    | {"prometer", "garantizar", "decir", "saber", "asegurar"}
)
"""After "can't" these deny that anything is said of the fit."""
_HARD: Final = frozenset({"hard", "tough", "tricky", "difficult", "sure", "certain", "dificil", "seguro", "segura"})
_KNOWING: Final = frozenset({"sure", "certain", "idea", "clear", "seguro", "segura", "claro"})
_NEGATORS: Final = frozenset({"not", "no", "never", "cannot", "nunca"})
_WANTING: Final = frozenset(
    {"want", "wants", "wanted", "wanting", "needs", "asked", "bought", "returned", "flaked", "backed"}
)
_OTHERS: Final = frozenset({"she", "he", "they", "someone", "somebody", "friend"})
_CALENDAR: Final = frozenset({"today", "tonight", "hoy", "this weekend"})
_FRAGMENT: Final = 4
"""Words in "Runs small?"."""


def judge(reading: Reading, clause: Clause) -> None:
    """Answers for the words of fit that are only asked or denied to be known, and for "today" in a question."""
    if _denies_knowing(clause.units):
        asked = {unit.value for unit in reading.question.units if unit.kind == "num"}
        for unit in clause.units:
            if _of_fit(unit) or unit.keys[0] in _SAYING or (unit.kind == "num" and unit.value in asked):
                unit.done = True
        for unit in _wondered(clause.units):
            unit.done = True
    elif _echo(reading, clause):
        for unit in clause.units:
            unit.done = unit.done or _of_fit(unit)
    if (
        clause.has("absent")
        or any("searched" in unit.tags for unit in clause.units)
        or (clause.asks and (clause.prefers or any(unit.key in {"you", "u", "te"} for unit in clause.units)))
    ):
        for unit in clause.units:
            unit.done = unit.done or " ".join(unit.keys) in _CALENDAR
    _others(reading, clause)


def _wondered(units: Sequence[Unit]) -> list[Unit]:
    """Returns the words after "not sure if": nothing is said of them."""
    start = next((at for at, unit in enumerate(units) if _WHETHER & set(unit.keys)), len(units))
    return [unit for unit in units[start:] if unit.kind == "word" and not unit.tags.keys() & _STATES]


_WHETHER: Final = frozenset({"if", "whether", "on", "about", "to", "si", "sobre"})
_STATES: Final = frozenset({"available", "gone", "held", "offered", "offer_verb", "join"})


def _of_fit(unit: Unit) -> bool:
    return unit.tags.get("policy") == "fit"


def _denies_knowing(units: Sequence[Unit]) -> bool:
    """Tells whether the clause says that it cannot tell: "I can't promise on the fit", "not sure if"."""
    words = [key for unit in units for key in unit.keys]
    for at, word in enumerate(words):
        near = words[at : at + 4]
        denies = word in _HARD or word in _NEGATORS
        if denies and "enough" not in words and any(key in _SAYING or key in _KNOWING for key in near[1:]):
            return True
    return "unsure" in words


def _echo(reading: Reading, clause: Clause) -> bool:
    """Tells whether the clause is a sentence of its own that only repeats a question: "Runs small?"."""
    alone = [other for other in reading.clauses if other.sentence == clause.sentence] == [clause]
    ends = reading.plain.text[clause.units[-1].end :].lstrip()[:1] == "?"
    return alone and ends and len(clause.units) <= _FRAGMENT and _of_fit(clause.units[0])


def _others(reading: Reading, clause: Clause) -> None:
    """Holds what is told of other people: "she doesn't want it"."""
    units = clause.units
    for at, unit in enumerate(units):
        if unit.done or unit.keys[0] not in _WANTING:
            continue
        before = [key for other in units[:at] for key in other.keys]
        if _OTHERS & set(before) and not {"you", "u", "i", "we"} & set(before):
            reading.hold([unit], "people", f'"{unit.raw}": nothing in the evidence tells of somebody else')
