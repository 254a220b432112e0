"""Who may say that the shop has none: a sold row, or a finished search that covers what was asked and found none."""

from __future__ import annotations

from typing import Final

from server.agent.evidence import Search
from server.agent.grounding.availability import NEGATION_REACH
from server.agent.grounding.binding import backs
from server.agent.grounding.clauses import Clause
from server.agent.grounding.policies import read_units
from server.agent.grounding.question import content, meanings
from server.agent.grounding.reading import Reading
from server.agent.grounding.rows import Row, wider
from server.agent.grounding.scan import Unit

_GENERAL: Final = frozenset({"never", "carry", "carrying", "stock", "stocking", "nunca", "jamas"})
"""These speak of more than one search: "we don't carry Nike"."""


_TELLINGS: Final = frozenset(
    {"photo", "photos", "pic", "pics", "picture", "pictures", "video", "videos", "info", "information", "details"}
    | {"time", "times", "date", "dates", "estimate", "answer", "idea", "fotos", "datos", "informacion"}
)
"""What an owner may lack besides pieces."""


def tells_of_nothing(clause: Clause) -> bool:
    """Tells whether the owner says that she lacks something to tell or to show: "I don't have delivery times"."""
    return clause.has("neg") and any(unit.keys[-1] in _TELLINGS for unit in clause.units)


def said(clause: Clause) -> list[Unit]:
    """Returns the units that say a search found nothing; empty when the clause does not."""
    negators = [unit for unit in clause.units if "neg" in unit.tags and not unit.done]
    if negators and tells_of_nothing(clause):
        return []
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
        near = [unit for unit in searched if abs(clause.units.index(unit) - first) <= NEGATION_REACH]
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
    return any("garment" in unit.tags or unit.kind in {"mention", "num"} for unit in rest) and not any(
        unit.key in {"is", "are", "it", "was", "es", "esta"} for unit in rest
    )


def judge(reading: Reading, clause: Clause, units: list[Unit], owners: frozenset[int]) -> None:
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
        if strict and not sought <= asked:
            continue  # "we don't carry Levi's" says more than that none were found in one size
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
