"""What the shop would be bound to, offers made in a question, and everything that stands unexplained at the end."""

from __future__ import annotations

from typing import Final

from server.agent.grounding.availability import asks_whether_there, status
from server.agent.grounding.clauses import Clause
from server.agent.grounding.policies import is_policy_string
from server.agent.grounding.reading import Reading
from server.agent.grounding.scan import Unit

_SAYING_SIGNS: Final = frozenset("🆓🆕🆒🔝🈹🈚")
_HARMLESS: Final = frozenset({"may_promise", "look_into", "neg", "policy", "offer_verb"})
"""After "I will" these bind the shop to nothing, or are judged elsewhere."""


def offer(clause: Clause, states: set[str]) -> None:
    """Answers for the verbs of an offer: "want me to hold it?" commits to nothing."""
    if not clause.offers:
        return
    acts = [unit for unit in clause.units if unit.tags.keys() & {"offer_verb", "offer_act", "buy"} and not unit.done]
    holds = any(unit.tags.keys() & {"offer_verb", "buy"} and "offer_act" not in unit.tags for unit in acts)
    if not clause.asks and not clause.has("if") and holds and not _conditional(clause):
        return
    for unit in acts:
        unit.done = True
    if holds:
        states.add("offer")
        clause.states.append("offer")


def _conditional(clause: Clause) -> bool:
    return any(unit.tags.get("offer", "").startswith("let me know") for unit in clause.units)


def promise(reading: Reading, clause: Clause) -> None:
    """Holds what the shop says it will do, unless it only looks, asks or tells: "I'll bring it to you"."""
    words = [(key, unit) for unit in clause.units if unit.kind == "word" for key in unit.keys]
    for phrase in reading.lexicon.promise:
        size = len(phrase)
        for at in range(len(words) - size):
            verb = words[at + size][1]
            if tuple(key for key, _ in words[at : at + size]) != phrase or words[at + size - 1][1] is verb:
                continue
            if len(verb.keys) == 1 and not verb.done and not verb.tags.keys() & _HARMLESS:
                reading.hold([verb], "commitment", f'"{verb.raw}": nothing in the evidence commits the shop to it')


def unsaid(reading: Reading, states: set[str]) -> None:
    """Holds a reply to "is it still there?" that speaks on without saying that the piece is sold or on hold."""
    asked = [clause for clause in reading.question.clauses if clause.asks] or reading.question.clauses
    about = reading.question.rows
    if states or len(about) != 1 or reading.reasons or not any(asks_whether_there(clause) for clause in asked):
        return
    answer = status(reading.rows[min(about)], "available")
    telling = [clause for clause in reading.clauses if not clause.asks]
    if answer.backed or not telling or any("look_into" in unit.tags for clause in telling for unit in clause.units):
        return
    sku = reading.rows[min(about)].piece.sku
    why = f"{sku} is {answer.value}, and the reply does not say so"
    reading.hold(telling[-1].units, "availability", why, sku, "status", answer.value)


def offered_gone(reading: Reading, states: set[str]) -> None:
    """Holds an offer of a piece that is sold or held when the reply nowhere says so."""
    if states & {"gone", "held", "off", "absent"}:
        return
    for clause in reading.clauses:
        if "offer" not in clause.states:
            continue
        for number in sorted(clause.rows):
            answer = status(reading.rows[number], "available")
            if not answer.backed and (clause.sure or len(clause.rows) == len(reading.rows)):
                reading.hold(
                    clause.units,
                    "availability",
                    f"offered, but {reading.rows[number].piece.sku} is {answer.value}",
                    reading.rows[number].piece.sku,
                    "status",
                    answer.value,
                )
                break


def leftovers(reading: Reading, clause: Clause) -> None:
    """Holds what may stand only in a policy, and every figure that nothing has explained."""
    for unit in clause.units:
        if unit.done:
            continue
        if unit.kind == "link":
            topic = is_policy_string(unit.raw, reading.evidence.policies)
            if topic is not None:
                reading.back([unit], "link", "policy", None, topic, unit.raw)
            else:
                reading.hold([unit], "link", f'"{unit.raw}": no policy of the shop gives it')
        elif unit.kind == "hole":
            reading.hold([unit], "placeholder", f'"{unit.raw}" was never filled in')
        elif unit.kind == "percent":
            reading.hold([unit], "discount", f'"{unit.raw}": no row and no policy says so')
        elif unit.kind == "duration":
            reading.hold([unit], "time", f'"{unit.raw}": no policy of the shop says so')
        elif unit.kind in {"num", "cross", "money", "length", "size", "era"}:
            reading.hold([unit], "number", f'"{unit.raw}": nothing says what this number is')
        elif unit.kind == "sym" and unit.key not in "#/='\"+":
            reading.hold([unit], "sign", f'"{unit.raw}": nothing says what this means')
        elif unit.kind == "emoji" and _flag(reading, clause, unit):
            unit.done = True
        elif unit.kind == "emoji" and (_is_saying(unit)):
            reading.hold([unit], "sign", f'"{unit.raw}" says something that nothing backs')


_FLAGS: Final = {
    "us": {"usa", "us", "america", "american"},
    "it": {"italy", "italian", "italia"},
    "gb": {"uk", "england", "english", "britain", "british", "scotland"},
    "jp": {"japan", "japanese"},
    "fr": {"france", "french"},
    "de": {"germany", "german"},
    "ca": {"canada", "canadian"},
    "mx": {"mexico", "mexican"},
}
"""Flags that say where a piece was made, and the words that say it too."""


def _flag(reading: Reading, clause: Clause, unit: Unit) -> bool:
    """Tells whether the sign is half of a flag whose country stands in the row of each piece meant."""
    units = [other for part in reading.clauses for other in part.units]
    at = next(place for place, other in enumerate(units) if other is unit)
    letters = [chr(ord(other.raw[0]) - 0x1F1E6 + ord("a")) for other in units[max(0, at - 1) : at + 2] if _half(other)]
    words = next((_FLAGS[pair] for pair in ("".join(letters[:2]), "".join(letters[-2:])) if pair in _FLAGS), None)
    return words is not None and bool(clause.rows) and all(words & reading.rows[number].words for number in clause.rows)


def _half(unit: Unit) -> bool:
    return unit.kind == "emoji" and 0x1F1E6 <= ord(unit.raw[0]) <= 0x1F1FF


def _is_saying(unit: Unit) -> bool:
    code = ord(unit.raw[0])
    return unit.raw in _SAYING_SIGNS or 0x1F1E6 <= code <= 0x1F1FF or (unit.raw[0].isalnum())
