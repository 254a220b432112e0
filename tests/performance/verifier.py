"""How long the grounding check takes: `python -m tests.performance.verifier [--quick]`, milliseconds a call.

Processor time, so that a busy machine does not change the figures.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import replace

from server.agent.evidence import Evidence
from server.agent.grounding import check
from tests.performance.figures import Figure, alone, percentile, within
from tests.server.agent.grounding.drafts import Draft, true_draft
from tests.server.agent.grounding.mutations import MUTATIONS, mutants
from tests.server.agent.grounding.shop import stock

_SENTENCE = (
    "All measurements were taken lying flat, please compare with a garment of your own before buying; "
    "small signs of wear are part of its age. "
)


def _long(draft: Draft) -> Draft:
    """Returns the draft with ten pieces of evidence, each with a description of 600 characters."""
    rng = random.Random(draft.reply)
    others = [piece for piece in stock(rng, 10) if piece.brand != draft.piece.brand][:9]
    pieces = tuple(
        replace(piece, description=(piece.description + " " + _SENTENCE * 5)[:600]) for piece in (draft.piece, *others)
    )
    return replace(draft, evidence=Evidence(pieces, {"shipping": "We ship within 3 business days. " * 4}))


def _measured(name: str, drafts: list[Draft]) -> Figure:
    spent = []
    for draft in drafts:
        started = time.process_time_ns()
        check(draft.reply, draft.evidence, draft.question)
        spent.append((time.process_time_ns() - started) / 1e6)
    told = ", ".join(f"p{share} {percentile(spent, share):.2f}" for share in (50, 99))
    return within(
        f"grounding check, {name}, p95 of CPU", percentile(spent, 95), 5, digits=2,
        beside=f"{len(spent):,} calls, {told}, slowest {max(spent):.1f} ms",
    )  # fmt: skip


def measure(quick: bool) -> list[Figure]:
    """Measures each kind of draft."""
    count = 200 if quick else 1_000
    rng = random.Random(1)
    truths = [true_draft(rng) for _ in range(count)]
    families = sorted(MUTATIONS)
    lies = [draft for family in families for draft in mutants(family, 1, max(1, count // len(families)))]
    kinds: list[tuple[str, Callable[[], list[Draft]]]] = [
        ("true drafts, 1 to 5 pieces", lambda: truths),
        ("mutants, 1 to 5 pieces", lambda: lies),
        ("true drafts, 10 pieces of 600 characters", lambda: [_long(draft) for draft in truths]),
    ]
    for draft in truths[:50]:
        check(draft.reply, draft.evidence, draft.question)
    return [_measured(name, drafts()) for name, drafts in kinds]


if __name__ == "__main__":
    alone(__doc__, measure)
