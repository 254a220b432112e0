"""Measures the grounding check: `python -m tests.performance.verifier [drafts]` prints milliseconds a call.

Processor time, so that a busy machine does not change the figures; nothing is asserted.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable
from dataclasses import replace

from server.agent.evidence import Evidence
from server.agent.grounding import check
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


def _measure(name: str, drafts: list[Draft]) -> None:
    spent = []
    for draft in drafts:
        started = time.process_time_ns()
        check(draft.reply, draft.evidence, draft.question)
        spent.append((time.process_time_ns() - started) / 1e6)
    spent.sort()
    count = len(spent)
    at = [spent[int(count * share)] for share in (0.5, 0.95, 0.99)]
    print(f"| {name} | {count} | " + " | ".join(f"{ms:.2f}" for ms in [*at, spent[-1]]) + " |")


def main() -> None:
    """Prints one row for each kind of draft."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
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
    print("| drafts | calls | p50 ms | p95 ms | p99 ms | max ms |\n|---|---|---|---|---|---|")
    for name, drafts in kinds:
        _measure(name, drafts())


if __name__ == "__main__":
    main()
