"""What "yes" and "no" say: what the customer asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from server.agent.grounding.absence import covering
from server.agent.grounding.availability import asks_whether_there, status
from server.agent.grounding.binding import IDENTITY, backs
from server.agent.grounding.clauses import Clause
from server.agent.grounding.reading import Reading
from server.agent.grounding.scan import Unit

_AVAILABLE: Final = ("available", "offered", "gone", "held", "searched", "buy")
_YES_SIGNS: Final = frozenset("✅✔☑👍👌🆗💯🙆")
_NO_SIGNS: Final = frozenset("❌✖🚫👎⛔❎🙅")
_PLAIN: Final = frozenset(
    {
        "function",
        "safe",
        "offer",
        "ask",
        "prefer",
        "join",
        "photo",
        "both",
        "if",
        "neg",
        "searched",
        "offered",
        "cue:cues",
        "size_word:cues",
        "measure",
        "evaluative",
    }
)


@dataclass(slots=True)
class Said:
    """A yes or a no at the head of a clause."""

    units: list[Unit]
    clause: Clause
    yes: bool


def find(reading: Reading) -> list[Said]:
    """Finds every clause that begins with a yes or a no, and marks those words as answered."""
    found: list[Said] = []
    for clause in reading.clauses:
        units = clause.units
        skip = 0
        while skip < len(units) and (
            (units[skip].kind == "emoji" and units[skip].raw not in _YES_SIGNS | _NO_SIGNS) or _greets(units[skip])
        ):
            skip += 1
        head = units[skip:]
        if not head:
            continue
        if head[0].kind == "emoji" and head[0].raw in _YES_SIGNS | _NO_SIGNS and len(head) == 1 and len(units) == 1:
            if len(reading.clauses) == 1:
                found.append(Said(head[:1], clause, head[0].raw in _YES_SIGNS))
            continue
        for yes, phrases in ((True, reading.lexicon.yes), (False, reading.lexicon.no)):
            count = _begins(head, phrases, alone=not yes)
            if count:
                for unit in head[:count]:
                    unit.done = True
                found.append(Said(head[:count], clause, yes))
                break
    return found


def _greets(unit: Unit) -> bool:
    return (
        unit.kind == "word"
        and "safe" in unit.tags
        and unit.key
        in {
            "hi",
            "hey",
            "hello",
            "heyy",
            "hiya",
            "ah",
            "oh",
            "aw",
            "aww",
            "hola",
            "ay",
            "so",
            "well",
            "omg",
            "yay",
            "ooh",
            "yo",
            "yoo",
            "ugh",
            "uff",
        }
    )


def _begins(units: Sequence[Unit], phrases: Sequence[tuple[str, ...]], *, alone: bool) -> int:
    """Returns how many units at the head form one of the phrases.

    A phrase of several words, and a "no", must be the whole clause.
    """
    keys: list[str] = []
    ends: list[int] = []
    for unit in units[:6]:
        if unit.kind != "word":
            break
        keys.extend(unit.keys)
        ends.append(len(keys))
    for phrase in phrases:
        size = len(phrase)
        if tuple(keys[:size]) != phrase or size not in ends:
            continue
        count = ends.index(size) + 1
        rest = units[count:]
        whole = all(
            unit.kind == "emoji"
            or (
                unit.kind == "word"
                and unit.tags
                and unit.tags.keys() <= _PLAIN
                and "neg" not in unit.tags
                and "searched" not in unit.tags
            )
            for unit in rest
        )
        if alone and size == 1 and rest and (_noun(rest[0]) or _clause_follows(rest)):
            if _noun(rest[0]):
                continue  # "no size tag" answers nothing
            return count
        if (alone or size > 1) and not whole:
            continue
        return count
    return 0


def _noun(unit: Unit) -> bool:
    return any(label.startswith("size_word") for label in unit.tags) or bool(unit.tags.keys() & {"measure", "garment"})


def _clause_follows(rest: Sequence[Unit]) -> bool:
    """Tells whether a sentence follows that says it: "no it sold"."""
    return rest[0].keys[0] in {"it", "that", "they", "she", "this"} and any(
        unit.tags.keys() & {"gone", "held", "available"} for unit in rest
    )


def judge(reading: Reading, said: Said, states: set[str]) -> None:
    """Checks that what the customer asked may be answered so."""
    question = reading.question
    units = said.units
    word = " ".join(unit.raw for unit in units)
    if question.empty:
        if not reading.kinds and not reading.reasons:
            reading.hold(units, "answer", f'"{word}": nothing says what it answers')
        return
    asked = [clause for clause in question.clauses if clause.asks] or question.clauses
    if said.yes and (_says_nothing(question.units) or _promises_to_look(reading, said)):
        return
    if said.yes:
        faults = [_why_not(reading, clause, states) for clause in asked]
        if all(faults):
            reading.hold(units, "answer", f'"{word}" to the customer\'s question: {faults[0]}')
        elif not reading.kinds:
            _back_yes(reading, units)
    elif not (
        reading.kinds
        & {"availability", "search", "colour", "material", "size", "policy", "era", "condition", "garment"}
    ):
        _no(reading, units, word, asked)


def _says_nothing(units: Sequence[Unit]) -> bool:
    """Tells whether the customer asked nothing: "thanks so much"."""
    courtesy = {"safe", "function", "answer"}
    return all(
        unit.kind in {"break", "emoji"}
        or (unit.kind == "word" and unit.tags.keys() & courtesy and "ask" not in unit.tags)
        for unit in units
    )


def _promises_to_look(reading: Reading, said: Said) -> bool:
    """Tells whether the yes only agrees to look: "sure, let me take a look"."""
    sentence = [clause for clause in reading.clauses if clause.sentence == said.clause.sentence]
    return (
        any(
            unit.keys[:2] in {("let", "me"), ("deja", "me")} or unit.keys[0] in {"dejame", "deja"}
            for clause in sentence
            for unit in clause.units
        )
        and not reading.kinds
    )


def _back_yes(reading: Reading, units: list[Unit]) -> None:
    for number in sorted(reading.question.rows):
        piece = reading.rows[number].piece
        reading.back(units, "availability", "listed", piece.sku, "status", piece.status)


def _why_not(reading: Reading, clause: Clause, states: set[str]) -> str:
    """Returns why a yes to this clause of the question would say something unbacked; empty when it does not."""
    about = reading.question.rows
    for unit in clause.units:
        topic = unit.tags.get("policy")
        if topic == "quantity" and _all_of_it(reading, clause, unit):
            continue
        if topic == "provenance" and "material" in reading.kinds and _of_material(clause, unit):
            continue  # "is it real silk?" asks for the material, which the reply names and the row has
        if (
            topic
            and "safe" not in unit.tags
            and topic not in reading.kinds
            and not (topic == "commitment" and "offer" in states)
            and "policy" not in reading.kinds
        ):
            return f'nothing says "{unit.raw}"'
        if "offer_verb" in unit.tags and "offer" not in states and "policy" not in reading.kinds:
            return f'nothing says "{unit.raw}"'
        if unit.kind == "money" and "price" not in reading.kinds:
            return f'nothing says "{unit.raw}"'
        if unit.kind in {"percent", "duration"} and "policy" not in reading.kinds:
            return f'nothing says "{unit.raw}"'
    # "Any discounts?" asks for a policy, whatever "any" may ask elsewhere.
    ruled = "policy" in reading.kinds and any("policy" in unit.tags for unit in clause.units)
    available = asks_whether_there(clause) and not ruled
    if available and "available" not in states:
        denied = {"gone", "off"} if clause.has("gone") or clause.has("held") else set[str]()
        if states & ({"held"} | denied):
            return ""
        wanted = (
            "gone"
            if clause.has("gone")
            else "held"
            if clause.has("held") and not clause.has("available")
            else "available"
        )
        if not about or not all(status(reading.rows[number], wanted).backed for number in about):
            return "no row says that it is " + {"gone": "sold", "held": "on hold", "available": "available"}[wanted]
        if len(about) > 1 and not reading.kinds:
            return "it is not clear which piece is meant"
    for unit in clause.units:
        fault = _attribute(reading, clause, unit, about, loosely=available or bool(reading.kinds))
        if fault:
            return fault
    if not available and not reading.kinds and (not about or len(about) > 1):
        return "it is not clear which piece is meant"
    if (
        not available
        and not reading.kinds
        and not any(status(reading.rows[number], "available").backed for number in about)
    ):
        return "no row says that it is available"
    return ""


def _of_material(clause: Clause, unit: Unit) -> bool:
    after = clause.units[clause.units.index(unit) + 1 :][:1]
    return unit.key in {"real", "genuine"} and bool(after) and "material" in after[0].tags


def _all_of_it(reading: Reading, clause: Clause, unit: Unit) -> bool:
    """Tells whether the row says this word of quantity of the part that was asked for: "are all the buttons there"."""
    parts = [other.stem for other in clause.units if other.kind == "word" and not other.tags]
    about = reading.question.rows
    return bool(parts and about) and all(
        any(unit.key in forms and all(part in forms for part in parts) for forms in reading.rows[number].sentences)
        for number in about
    )


def _attribute(reading: Reading, clause: Clause, unit: Unit, about: frozenset[int], *, loosely: bool) -> str:
    if unit.kind == "size":
        if clause.prefers or any(other.key in {"i", "my", "me", "im", "soy", "uso"} for other in clause.units):
            return ""
        if "size" in reading.kinds or (about and all(unit.label in reading.rows[number].sizes for number in about)):
            return ""
        return f'no row says size "{unit.raw}"'
    if unit.kind not in {"word", "era"} or "safe" in unit.tags or "function" in unit.tags:
        return ""
    label = next((label for label in (*IDENTITY, "condition") if label in unit.tags), None)
    if unit.kind == "era" or label in IDENTITY:
        if label == "garment" and any(
            other.kind == "mention" or "garment" in other.tags for part in reading.clauses for other in part.units
        ):
            return ""
        if "measure" in unit.tags or (label or "era") in reading.kinds:
            return ""
        named = (
            frozenset(
                number
                for claim in reading.claims
                if claim.backed and claim.sku
                for number, row in enumerate(reading.rows)
                if row.piece.sku == claim.sku
            )
            or about
        )
        if named and all(backs(reading.rows[number], unit) for number in named):
            return ""
        return f'no row says "{unit.raw}"'
    if label == "condition" and "condition" not in reading.kinds:
        meaning = unit.tags["condition"]
        if about and all(meaning in reading.rows[number].described_tags.get("condition", ()) for number in about):
            return ""
        return f'no row says "{unit.raw}"'
    if not unit.tags and not loosely and not all(backs(reading.rows[number], unit) for number in about):
        return f'no row says "{unit.raw}"'
    return ""


def _no(reading: Reading, units: list[Unit], word: str, asked: Sequence[Clause]) -> None:
    about = reading.question.rows
    simple = all(
        not unit.tags.keys() & {"policy", "condition", "material"} for clause in asked for unit in clause.units
    )
    if simple and any(clause.has("gone") for clause in asked):
        if about and all(status(reading.rows[number], "available").backed for number in about):
            reading.back(units, "availability", "listed", reading.rows[min(about)].piece.sku, "status", "available")
            return
    elif simple and any(clause.has(label) for clause in asked for label in _AVAILABLE):
        if len(about) == 1 and all(status(reading.rows[number], "gone").backed for number in about):
            reading.back(units, "availability", "listed", reading.rows[min(about)].piece.sku, "status", "sold")
            return
        if (
            not any(row.piece.status == "available" for row in reading.rows)
            and covering(reading, frozenset()) is not None
        ):
            reading.back(units, "search", "listed")
            return
    reading.hold(units, "answer", f'"{word}" to the customer\'s question: nothing in the evidence says so')
