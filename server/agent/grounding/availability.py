"""Who may say that a piece is there, gone or on hold, and that a search found nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from server.agent.evidence import Search
from server.agent.grounding.binding import backs, identifies
from server.agent.grounding.clauses import Clause
from server.agent.grounding.policies import read_units
from server.agent.grounding.question import content, meanings
from server.agent.grounding.reading import Answer, Reading
from server.agent.grounding.rows import Row, wider
from server.agent.grounding.scan import Unit

_STATES: Final = ("available", "gone", "held", "buy", "offered")
_SUGGESTED: Final = frozenset({"how about", "what about", "que tal"})
_VAGUE_GONE: Final = frozenset(
    {"unavailable", "out of stock", "not here anymore", "no disponible", "agotado", "agotada"}
)
"""Said of a piece that is sold or held alike."""
_GENERAL: Final = frozenset({"never", "carry", "carrying", "stock", "stocking", "nunca", "jamas"})
"""These speak of more than one search: "we don't carry Nike"."""
_NEGATION_REACH: Final = 5
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
        negators = [earlier for earlier in clause.units[max(since, at - _NEGATION_REACH) : at] if "neg" in earlier.tags]
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
            ((number, status(reading.rows[number], state)) for number in sorted(owners)),
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


def absence(clause: Clause) -> list[Unit]:
    """Returns the units that say a search found nothing; empty when the clause does not."""
    negators = [unit for unit in clause.units if "neg" in unit.tags and not unit.done]
    searched = [unit for unit in clause.units if ("searched" in unit.tags or "offered" in unit.tags) and not unit.done]
    if searched and not negators and not any("absent" in unit.tags for unit in clause.units):
        return []
    searched = [unit for unit in searched if not _helps(clause, unit)]
    if not searched and negators and _bare_none(clause, negators[0]):
        return negators[:1]
    lone = [unit for unit in clause.units if "absent" in unit.tags and not unit.done]
    if lone:
        return [*lone, *negators, *searched]
    if negators and searched and clause.units.index(searched[-1]) >= 0:
        first = clause.units.index(negators[0])
        near = [unit for unit in searched if abs(clause.units.index(unit) - first) <= _NEGATION_REACH]
        return [*negators, *near] if near else []
    return []


def _helps(clause: Clause, unit: Unit) -> bool:
    """Tells whether a "have" only helps a verb, or is not the shop's: "they have never been worn"."""
    if unit.keys[-1] not in {"have", "has", "had", "ha", "han", "hay", "is"} or (
        "offered" in unit.tags and unit.keys[0] in {"we", "i"}
    ):
        return unit.keys[0] in {"there", "here"} and not any(
            "garment" in other.tags or other.kind in {"mention", "size"} for other in clause.units
        )
    return any(
        other.key in {"they", "it", "you", "she", "he", "which", "that"}
        for other in clause.units[: clause.units.index(unit)][-3:]
    )


def _bare_none(clause: Clause, negator: Unit) -> bool:
    """Tells whether the clause is no more than "no Gucci bags right now"."""
    at = clause.units.index(negator)
    if any(
        unit.kind != "emoji" and "safe" not in unit.tags and not unit.done for unit in clause.units[:at]
    ) or negator.keys[0] not in {"no", "ningun", "ninguna", "zero"}:
        return False
    rest = clause.units[at + 1 :]
    return any("garment" in unit.tags or unit.kind == "mention" for unit in rest) and not any(
        unit.key in {"is", "are", "it", "was", "es", "esta"} for unit in rest
    )


def judge_absence(reading: Reading, clause: Clause, units: list[Unit], owners: frozenset[int]) -> None:
    """Checks "couldn't find", "don't have": a sold row, or a finished search that covers it and found none."""
    wanted = [unit for unit in clause.units if unit not in units and not unit.done]
    asked = frozenset().union(*(meanings(unit) for unit in wanted)) if wanted else frozenset()
    spoken = f'"{" ".join(unit.raw for unit in sorted(units, key=lambda unit: unit.start))}"'
    named = [number for number in sorted(owners) if clause.sure or len(owners) == 1]
    gone = [
        number
        for number in named
        if reading.rows[number].piece.status == "sold"
        and all(_fits(reading.rows[number], unit) for unit in wanted if meanings(unit))
    ]
    if gone and any(
        unit.tags.get("searched") in {"have", "got", "have it", "tengo", "tenemos"}
        or "offered" in unit.tags
        or unit.key in {"have", "got"}
        for unit in units
    ):
        reading.back(
            [*units, *(unit for unit in wanted if meanings(unit))],
            "availability",
            "listed",
            reading.rows[gone[0]].piece.sku,
            "status",
            "sold",
        )
        return
    matching = [
        row
        for row in reading.rows
        if row.piece.status == "available"
        and (asked or reading.question.roots)
        and all(_fits(row, unit) for unit in (wanted if asked else reading.question.units) if meanings(unit))
    ]
    if matching:
        reading.hold(
            units,
            "availability",
            f"{spoken}: {matching[0].piece.sku} fits and is available",
            matching[0].piece.sku,
            "status",
            "available",
        )
    elif not asked and any(unit.keys[-2:] == ("at", "all") for unit in clause.units):
        reading.hold(units, "availability", f"{spoken}: no search covers everything")
    elif (search := covering(reading, asked, strict=any(unit.key in _GENERAL for unit in units))) is not None:
        reading.back(
            [*units, *(unit for unit in wanted if meanings(unit))], "search", "listed", None, "search", search.query
        )
    elif not reading.evidence.searches:
        reading.hold(units, "availability", f"{spoken}: no search was made")
    else:
        reading.hold(units, "availability", f"{spoken}: no finished search covers this and found none")


def covering(reading: Reading, asked: frozenset[str], *, strict: bool = False) -> Search | None:
    """Returns a finished search no narrower than what was asked that found none of it."""
    if strict and not asked:
        return None
    allowed = asked if strict else asked | reading.question.roots
    for search in reading.evidence.searches:
        words = " ".join(
            [
                search.query,
                *(str(value) for key, value in search.filters.items() if key in {"size", "color", "category", "brand"}),
            ]
        )
        sought = content(read_units(words[:400]))
        if asked and not all(meaning in asked or _may_go(meaning, asked, reading) for meaning in sought):
            continue
        if not asked and allowed and not _answers(sought, allowed):
            continue
        if asked and not (sought <= asked and sought) and not asked <= sought | reading.question.roots:
            continue
        known = {row.piece.sku: row for row in reading.rows}
        if all(sku in known and not _same_kind(known[sku], asked or reading.question.roots) for sku in search.skus):
            return search
    return None


def _answers(sought: frozenset[str], question: frozenset[str]) -> bool:
    """Tells whether a search was made for the question: its kinds are in it, and one of its plain words."""
    plain = {meaning for meaning in sought if ":" not in meaning}
    return sought - plain <= question and (not plain or bool(plain & question))


def _may_go(meaning: str, asked: frozenset[str], reading: Reading) -> bool:
    """Tells whether the reply may leave this part of the search out.

    So it is with the size and the like, when the customer named them, and with a wider kind of garment.
    """
    label, _, value = meaning.partition(":")
    if label in {"size", "num", "era"}:
        return meaning in reading.question.roots
    narrower = [name for name in asked if name.startswith("garment:")]
    return label == "garment" and any(value in wider(name[8:]) for name in narrower)


def _same_kind(row: Row, asked: frozenset[str]) -> bool:
    """Tells whether the row is one of what was asked for."""
    for meaning in asked:
        label, _, value = meaning.partition(":")
        if not value:
            if meaning not in row.roots:
                return False
        elif label == "num":
            continue
        elif label == "garment":
            if value not in row.wider_garments:
                return False
        elif (
            value not in row.tags.get(label, ())
            and value not in row.stems
            and value not in row.condition.get(label, ())
        ):
            return False
    return bool(asked)


def _fits(row: Row, unit: Unit) -> bool:
    if unit.kind == "size":
        return unit.label in row.sizes
    if unit.kind in {"money", "num"}:
        return (
            unit.value is not None and row.piece.price_cents is not None and row.piece.price_cents <= unit.value * 100
        )
    if unit.kind in {"word", "era"}:
        return backs(row, unit)
    return unit.kind != "mention" or any(row.piece.sku == row.piece.sku for _ in unit.rows)
