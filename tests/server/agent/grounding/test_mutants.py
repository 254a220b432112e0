"""The gates of the grounding check: every true draft passes, every mutant of every family is held."""

from __future__ import annotations

import random

import pytest

from server.agent.grounding import check
from tests.server.agent.grounding.drafts import Draft, absent_draft, true_draft
from tests.server.agent.grounding.mutations import MUTATIONS, mutants

SHORT = 60
FULL = 2000


def _escapes(family: str, seed: int, count: int) -> list[str]:
    return [
        draft.reply
        for draft in mutants(family, seed, count)
        if check(draft.reply, draft.evidence, draft.question).verdict == "pass"
    ]


def _truths(seed: int, count: int) -> list[Draft]:
    rng = random.Random(seed)
    return [absent_draft(rng) if number % 6 == 0 else true_draft(rng) for number in range(count)]


def _false_holds(seed: int, count: int) -> list[str]:
    held = []
    for draft in _truths(seed, count):
        verdict = check(draft.reply, draft.evidence, draft.question)
        if verdict.verdict != "pass":
            held.append(f"{draft.reply} ← {[reason.reason for reason in verdict.reasons]}")
    return held


def test_true_drafts_pass() -> None:
    """A draft in which every claim is taken from the rows is never held."""
    assert _false_holds(11, 900) == []


def test_true_drafts_are_grounded_in_rows() -> None:
    """A true draft is "listed", and each of its claims names the row that backs it."""
    for draft in _truths(12, 200):
        verdict = check(draft.reply, draft.evidence, draft.question)
        assert verdict.grounding == "listed"
        skus = {piece.sku for piece in draft.evidence.pieces}
        assert all(claim.backed and (claim.sku is None or claim.sku in skus) for claim in verdict.claims)


@pytest.mark.parametrize("family", sorted(MUTATIONS))
def test_mutants_are_held(family: str) -> None:
    """No false draft of the family passes."""
    assert _escapes(family, 21, SHORT) == []


@pytest.mark.parametrize("family", sorted(MUTATIONS))
def test_mutants_are_inferred(family: str) -> None:
    """A held draft is "inferred", and each reason points at a place inside the reply."""
    for draft in mutants(family, 22, 10):
        verdict = check(draft.reply, draft.evidence, draft.question)
        assert verdict.grounding == "inferred"
        assert verdict.reasons
        for reason in verdict.reasons:
            assert 0 <= reason.span[0] <= reason.span[1] <= len(draft.reply)


@pytest.mark.verifier
def test_true_drafts_pass_in_full() -> None:
    """Ten thousand true drafts: not one is held."""
    assert _false_holds(31, 10_000) == []


@pytest.mark.verifier
@pytest.mark.timeout(600)
@pytest.mark.parametrize("family", sorted(MUTATIONS))
def test_mutants_are_held_in_full(family: str) -> None:
    """Two thousand false drafts of the family: not one passes."""
    assert _escapes(family, 41, FULL) == []
