"""What a draft stands on, and what the grounding check says of it: the words the whole agent shares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from store.stock import Piece, Unit

Grounding = Literal["listed", "policy", "inferred"]
"""Where a claim comes from: a row says it, the shop's written policy says it, nothing does."""


@dataclass(frozen=True, slots=True)
class Search:
    """One finished search of the run: what was asked and which pieces came back."""

    query: str
    skus: tuple[str, ...]
    exact: bool = True
    filters: Mapping[str, Any] = field(default_factory=dict)
    """What the parser understood: {"size": "L", "max_price": "50.00"}."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything this run of the agent has read, and nothing it remembers."""

    pieces: tuple[Piece, ...] = ()
    policies: Mapping[str, str] = field(default_factory=dict)
    """Topic → the shop's own words."""
    searches: tuple[Search, ...] = ()
    currency: str = "USD"
    unit: Unit = "in"
    held_for_her: frozenset[str] = frozenset()
    """SKUs on hold for this very customer: no row says for whom a hold is."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One statement in a reply and the row that backs it, if one does.

    `span` is [start, end) in characters of the reply. `field` and `value` are the nearest fact in the evidence.
    """

    span: tuple[int, int]
    kind: str
    sku: str | None = None
    field: str | None = None
    value: str | None = None
    backed: bool = False
    grounding: Grounding = "inferred"

    def as_json(self) -> dict[str, Any]:
        """Returns the claim as the public contract writes it."""
        return {
            "span": list(self.span),
            "kind": self.kind,
            "sku": self.sku,
            "field": self.field,
            "value": self.value,
            "backed": self.backed,
        }


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a reply is held: where, what kind of claim, and what the evidence says instead."""

    span: tuple[int, int]
    kind: str
    reason: str

    def as_json(self) -> dict[str, Any]:
        """Returns the reason as the public contract writes it."""
        return {"span": list(self.span), "kind": self.kind, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The grounding check's answer. It never rewrites."""

    verdict: Literal["pass", "hold"]
    grounding: Grounding
    reasons: tuple[Reason, ...] = ()
    claims: tuple[Claim, ...] = ()
