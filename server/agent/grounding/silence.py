"""What a reply says is not told: "the listing doesn't mention any smell", "no size tag"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from server.agent.grounding.clauses import Clause
from server.agent.grounding.reading import Answer, Reading
from server.agent.grounding.rows import LACKS, Row
from server.agent.grounding.scan import Unit

_TELLING: Final = frozenset(
    {"mention", "mentions", "mentioned", "note", "notes", "noted", "say", "says", "said", "list", "lists", "listed"}
    | {
        "give",
        "gives",
        "given",
        "state",
        "states",
        "stated",
        "specify",
        "specifies",
        "specified",
        "show",
        "shows",
        "shown",
        "describe",
    }
    | {"menciona", "mencionan", "dice", "indica", "especifica", "pone"}
)
_ONLY_LISTINGS: Final = frozenset({"mention", "mentions", "specify", "specifies", "menciona", "especifica"})
"""Of a piece these are said by its listing alone: "it doesn't mention pilling"."""
_LISTING: Final = frozenset({"listing", "description", "anuncio", "descripcion", "ficha"})
_KINDRED: Final = (
    frozenset(
        {"stain", "stained", "spot", "mark", "discoloration", "discolored", "yellowing", "ink", "bleach", "paint"}
    ),
    frozenset({"hole", "pinhole", "pinprick"}),
    frozenset({"rip", "ripped", "tear", "torn", "split", "snag", "pull"}),
    frozenset({"smell", "odor", "odour", "scent", "musty", "smoke"}),
    frozenset({"crack", "cracked", "cracking", "peeling", "flaking"}),
    frozenset({"fade", "faded", "fading"}),
)
"""Flaws of one kind; a word that is in none of these, such as "damage", speaks of every kind."""
_PLAIN: Final = frozenset({"function", "safe", "neg", "searched", "absent", "join", "ask", "photo", "cue:cues", "if"})


def judge(reading: Reading, clause: Clause) -> None:
    """Backs a sentence about the listing's silence when the rows are indeed silent; holds one that is wrong."""
    if not clause.rows:
        return
    _untagged(reading, clause)
    if _silent(clause):
        named = _objects(clause)
        said = " ".join(unit.raw for unit in named)
        answers = [
            (number, Answer(not any(tells(reading.rows[number], unit) for unit in named), "description"))
            for number in sorted(clause.rows)
        ]
        denials = [unit for unit in clause.units if unit.tags.keys() & {"neg", "absent", "searched"}]
        reading.settle(clause, [*denials, *named], "description", f'nothing said of "{said}"', answers)


def _silent(clause: Clause) -> bool:
    denials = [unit for unit in clause.units if "neg" in unit.tags and not unit.done]
    if len(denials) != 1:
        return False
    keys = {key for unit in clause.units for key in unit.keys}
    told = bool(keys & _TELLING)
    listing = bool(keys & _LISTING) or any(
        word in unit.tags.get("safe", "") for unit in clause.units for word in _LISTING
    )
    listing = listing or bool(keys & _ONLY_LISTINGS)
    return (told and (listing or denials[0].keys[0] in {"nothing", "nada"} or _participle(keys))) or (
        listing and denials[0].keys[0] in {"nothing", "nada"}
    )


def _participle(keys: set[str]) -> bool:
    """Tells whether something is said not to be "mentioned", "noted" or "listed"."""
    return bool(keys & {"mentioned", "noted", "listed", "stated", "specified", "given"})


def _objects(clause: Clause) -> list[Unit]:
    """Returns what is said not to be told: what follows the denial, else what stands before it."""
    at = next(place for place, unit in enumerate(clause.units) if "neg" in unit.tags and not unit.done)
    return [unit for unit in clause.units[at + 1 :] if _names(unit)] or (
        [unit for unit in clause.units[:at] if _names(unit)] if _participle(set(clause.units[-1].keys)) else []
    )


def _names(unit: Unit) -> bool:
    if unit.done or unit.kind != "word" or unit.tags.keys() & {"available", "gone", "held"}:
        return False
    if unit.tags.get("policy") in {"shipping", "returns", "payment", "discount", "commitment", "people"}:
        return False
    return not unit.tags or "feature" in unit.tags or "policy" in unit.tags or not unit.tags.keys() & _PLAIN


def tells(row: Row, unit: Unit) -> bool:
    """Tells whether the row speaks of this anywhere, in these or in kindred words."""
    if any(word in known for known in (row.described, row.lacking, row.stems) for word in (*unit.keys, unit.stem)):
        return True
    kindred = next((group for group in _KINDRED if unit.key in group or unit.stem in group), None)
    if kindred is not None:
        return bool(kindred & (row.described | row.lacking))
    kinds = (row.tags, row.condition, row.described_tags)
    return any(
        meaning in known.get(label, ())
        for label, meaning in unit.tags.items()
        if label in {"condition", "material", "colour", "garment"}
        for known in kinds
    )


def _untagged(reading: Reading, clause: Clause) -> None:
    """Judges "no size tag", "the tag is missing": true where the row has no size."""
    units = clause.units
    if any(unit.kind in {"size", "num"} for unit in units):
        return
    cues = [at for at, unit in enumerate(units) if "size_word:cues" in unit.tags and not unit.done]
    for at in cues:
        before, after = units[max(0, at - 3) : at], units[at + 1 : at + 4]
        denials = [unit for unit in before if "neg" in unit.tags] + [unit for unit in after if unit.keys[0] in LACKS]
        if len(denials) != 1 or clause.asks:
            continue
        run = _between(units, denials[0], units[at])
        reading.settle(
            clause,
            run,
            "size",
            '"' + " ".join(unit.raw for unit in run) + '"',
            [
                (number, Answer(not reading.rows[number].piece.size, "size", reading.rows[number].piece.size or None))
                for number in sorted(clause.rows)
            ],
        )
        return


def _between(units: Sequence[Unit], one: Unit, other: Unit) -> list[Unit]:
    first, last = sorted((units.index(one), units.index(other)))
    return [unit for unit in units[first : last + 1] if not unit.done]
