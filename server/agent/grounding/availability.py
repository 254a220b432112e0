"""Who may say that a piece is there, gone or on hold, by the row; what is only wondered says nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from server.agent.grounding.binding import identifies
from server.agent.grounding.clauses import Clause
from server.agent.grounding.reading import Answer, Reading
from server.agent.grounding.rows import Row
from server.agent.grounding.scan import Unit

_STATES: Final = ("available", "gone", "held", "buy", "offered")
_SUGGESTED: Final = frozenset({"how about", "what about", "que tal"})
_VAGUE_GONE: Final = frozenset(
    {"unavailable", "out of stock", "not here anymore", "no disponible", "agotado", "agotada"}
)
"""Said of a piece that is sold or held alike."""
NEGATION_REACH: Final = 5
_SAID: Final = {
    "available": "said to be available",
    "gone": "said to be gone",
    "held": "said to be on hold",
    "free": "said not to be on hold",
    "off": "said not to be available",
}


def events(clause: Clause) -> list[tuple[Unit, str, list[Unit]]]:
    """Returns what the clause says of availability: (unit, state, its negators); wondering says nothing."""
    found: list[tuple[Unit, str, list[Unit]]] = []
    since = 0
    for at, unit in enumerate(clause.units):
        state = next((state for state in _STATES if state in unit.tags), None)
        if state is None or unit.done or _only_wonders(clause, unit, state):
            continue
        if state == "held" and clause.offers and (clause.asks or clause.has("if")):
            continue
        if any("if" in earlier.tags for earlier in clause.units[:at]) and not _own_subject(clause.units, at):
            continue
        negators = [
            earlier
            for earlier in clause.units[max(since, at - NEGATION_REACH) : at]
            if "neg" in earlier.tags and not earlier.done
        ]
        if state == "offered" and _denied_after(clause.units, at):
            continue
        since = at + 1
        if state in {"offered", "buy"} and (negators or ("searched" in unit.tags and negators)):
            continue
        found.append((unit, _flip(state) if len(negators) % 2 else _meant(unit, state), negators))
    return found


_WONDERS: Final = frozenset({"if", "whether", "si", "see if", "check if", "unless", "in case", "once", "when"})


def wondered(clause: Clause) -> None:
    """Answers for the states that the clause only wonders about: "let me check if it's still available"."""
    units = clause.units
    for at, unit in enumerate(units):
        if not any(state in unit.tags for state in _STATES):
            continue
        start = next((place for place in range(at - 1, -1, -1) if units[place].tags.get("if") in _WONDERS), None)
        if start is None:
            continue
        between = units[start + 1 : at]
        subjects = sum(1 for other in between if other.key in _SUBJECTS or other.kind == "mention")
        if subjects <= 1 and not any(other.key in {"you", "u", "your"} or not _light(other) for other in between):
            unit.done = True


def _own_subject(units: Sequence[Unit], at: int) -> bool:
    """Tells whether the state has a subject of its own: "if you are into sweaters the knit is still here"."""
    start = max(place for place in range(at) if "if" in units[place].tags)
    copula = max((place for place in range(start, at) if units[place].key in _COPULAS), default=-1)
    about_customer = start + 1 < at and units[start + 1].keys[0] in {"you", "u"}
    return about_customer and copula > start + 2 and identifies(units[copula - 1])


_COPULAS: Final = frozenset({"is", "are", "es", "esta", "son", "estan"})
_SUBJECTS: Final = frozenset({"it", "this", "that", "they", "she", "he", "one", "these", "those"})


def _light(unit: Unit) -> bool:
    return unit.kind == "mention" or identifies(unit) or bool(unit.tags.keys() & {"function", "neg", "safe"})


def _only_wonders(clause: Clause, unit: Unit, state: str) -> bool:
    """Tells whether "have" or "buy" only stands in a question, or in words about the customer.

    "How about the Nike one?" offers it all the same.
    """
    if state == "offered" and clause.asks and unit.tags["offered"] in _SUGGESTED:
        return not any(identifies(other) for other in clause.units)
    return state in {"offered", "buy"} and (clause.asks or clause.prefers)


def _only(clause: Clause, unit: Unit) -> bool:
    """Tells whether the clause says that this piece alone is there: "only the hoodie is available"."""
    before = clause.units[: clause.units.index(unit)]
    return any(
        other.key in {"only", "solo"} and any(identifies(one) for one in before[at:]) for at, other in enumerate(before)
    )


def _denied_after(units: Sequence[Unit], at: int) -> bool:
    return any("neg" in unit.tags or "absent" in unit.tags for unit in units[at + 1 : at + 3])


def _meant(unit: Unit, state: str) -> str:
    if state == "gone" and unit.tags["gone"] in _VAGUE_GONE:
        return "off"
    return "available" if state in {"offered", "buy"} else state


def _flip(state: str) -> str:
    return {"available": "off", "offered": "off", "buy": "off", "gone": "available", "held": "free"}[state]


def status(row: Row, state: str) -> Answer:
    """Compares a state with the row's."""
    own = row.piece.status
    backed = {
        "available": own == "available",
        "gone": own == "sold",
        "held": own in {"held", "reserved"},
        "free": own not in {"held", "reserved"},
        "off": own != "available",
    }[state]
    return Answer(backed, "status", own)


def _status(reading: Reading, clause: Clause, unit: Unit, number: int, state: str) -> Answer:
    """Compares the state with the row's, and with whose hold it is when the reply says so."""
    row = reading.rows[number]
    if state == "held" and _for_customer(clause, unit):
        return Answer(row.piece.sku in reading.evidence.held_for_her, "status", row.piece.status)
    return status(row, state)


def _for_customer(clause: Clause, unit: Unit) -> bool:
    """Tells whether it is said to be on hold for the customer: "on hold for you"."""
    after = [key for other in clause.units[clause.units.index(unit) + 1 :] for key in other.keys]
    return after[:2] in (["for", "you"], ["for", "u"], ["para", "ti"]) or bool({"your", "yours"} & set(after))


def judge(reading: Reading, clause: Clause, owners: frozenset[int]) -> set[str]:
    """Checks what the clause says of availability; `owners` are the pieces it is about. Returns the states said."""
    said: set[str] = set()
    for unit, state, negators in events(clause):
        unnamed = not owners and not any(identifies(other) and not other.done for other in clause.units)
        if (
            unnamed
            and unit.tags.keys() & {"offered", "buy"}
            and any(row.piece.status == "available" for row in reading.rows)
        ):
            reading.back([unit], "availability", "listed")
            said.add("available")
            continue
        if (
            state == "available"
            and _only(clause, unit)
            and any(row.piece.status == "available" for number, row in enumerate(reading.rows) if number not in owners)
        ):
            reading.hold([unit], "availability", f'"{unit.raw}": it is not the only one that is')
            continue
        reading.settle(
            clause,
            [*negators, unit],
            "availability",
            f'"{unit.raw}" ({_SAID[state]})',
            ((number, _status(reading, clause, unit, number, state)) for number in sorted(owners)),
        )
        said.add(state)
    return said


_SPOKEN: Final = ("available", "offered", "gone", "held", "searched", "buy")
_TOPICS: Final = frozenset(
    {
        "policy",
        "cue:asks",
        "measure",
        "size",
        "colour",
        "material",
        "era",
        "condition",
        "size_word:cues",
        "offer_verb",
        "adjective",
        "around",
    }
)
"""A question with none of these, such as "the firebird?", asks whether the piece is there."""


def asks_whether_there(clause: Clause) -> bool:
    """Tells whether this clause of the customer's asks for the availability of a piece."""
    if any(label in unit.tags for unit in clause.units for label in _SPOKEN):
        return True
    return not any(unit.kind not in {"word", "mention"} or unit.tags.keys() & _TOPICS for unit in clause.units)


def had(reading: Reading, clause: Clause) -> set[str]:
    """Checks the pieces that share the "we have" of an earlier clause of the sentence."""
    if not clause.had:
        return set()
    units = [unit for unit in clause.units if identifies(unit)]
    for number in sorted(clause.rows):
        answer = status(reading.rows[number], "available")
        sku = reading.rows[number].piece.sku
        if not answer.backed:
            reading.hold(
                units,
                "availability",
                f'"{" ".join(unit.raw for unit in units)}" ({_SAID["available"]}): {sku} says {answer.value}',
                sku,
                "status",
                answer.value,
            )
    return {"available"}
