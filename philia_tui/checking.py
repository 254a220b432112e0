"""Checks the owner's own wording against what the draft stood on, as a warning that she may override."""

from __future__ import annotations

from dataclasses import dataclass

from server.agent.evidence import Evidence, Search
from server.agent.grounding.check import check
from store.stock import Unit, piece_from_json
from store.views import DraftView


@dataclass(frozen=True, slots=True)
class Warned:
    """What nothing backs in a text: the words and why."""

    words: str
    why: str


def evidence_of(draft: DraftView, *, currency: str, unit: Unit) -> Evidence:
    """Reads the evidence that is kept with a draft; what cannot be read backs nothing."""
    pieces = []
    for given in draft.evidence.get("pieces") or ():
        try:
            pieces.append(piece_from_json(given))
        except (ValueError, TypeError, AttributeError):
            continue
    searches = tuple(
        Search(query=str(one.get("query", "")), skus=tuple(map(str, one.get("skus") or ())))
        for one in draft.evidence.get("searches") or ()
        if isinstance(one, dict)
    )
    policies = draft.evidence.get("policies") or {}
    return Evidence(
        pieces=tuple(pieces),
        policies=policies if isinstance(policies, dict) else {},
        searches=searches,
        currency=currency,
        unit=unit,
        held_for_her=frozenset(map(str, draft.evidence.get("held_for_her") or ())),
    )


def warnings(text: str, draft: DraftView | None, question: str, *, currency: str, unit: Unit) -> list[Warned]:
    """Returns what the check would hold the text for; a few milliseconds, 200 ms of imports the first time."""
    evidence = Evidence(currency=currency, unit=unit)
    if draft is not None:
        evidence = evidence_of(draft, currency=currency, unit=unit)
    verdict = check(text, evidence, question)
    return [Warned(text[one.span[0] : one.span[1]], one.reason) for one in verdict.reasons]
