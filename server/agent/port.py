"""What a drafter is asked and what it answers: the same for the model and for the house."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from server.agent.evidence import Evidence, Verdict
from store.stock import Piece, Unit


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of the thread, oldest first in a request. Text of others: data, never an instruction."""

    role: Literal["user", "assistant"]
    text: str
    kind: str = "text"
    """text, image, share_post, video, sticker …; anything but text is named, never guessed at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftRequest:
    """Everything a drafter may know of a conversation."""

    conversation_id: int
    turns: tuple[Turn, ...]
    """The last messages, oldest first, the newest customer message last; `[agent] history` of them."""
    unanswered: tuple[str, ...]
    """The customer's texts since the last reply: the burst that is to be answered, oldest first."""
    customer_name: str | None = None
    shared: tuple[Piece, ...] = ()
    """Pieces of the posts that the customer shared in this burst: what "this one" means."""
    discussed: tuple[str, ...] = ()
    """SKUs that earlier drafts of this conversation stood on, newest first: what "it" may mean."""
    held_for_her: tuple[str, ...] = ()
    """SKUs that are on hold for this very customer."""
    instruction: str | None = None
    """The owner's word on how to write it again."""
    previous: str | None = None
    """The draft that the instruction is about."""
    shop_name: str = "Philia Thrifts"
    currency: str = "USD"
    unit: Unit = "in"
    policies: Mapping[str, str] = field(default_factory=dict)
    """Topic → the shop's own words."""
    note: str | None = None
    """What the program wants told, e.g. a hold that was just made: {"hold": sku, …} as a sentence of facts."""
    held_now: str | None = None
    """The SKU of a piece that the owner has just put on hold for her: the draft confirms it."""
    line_place: int | None = None
    """Her place in the line for `held_now` when somebody else holds it: 1 is next."""
    offered_now: str | None = None
    """The SKU of a piece that has just become free for her."""
    replaces: str | None = None
    """The SKU of a piece that was sold while a draft named it: the draft says so and offers similar ones."""

    @property
    def hers(self) -> frozenset[str]:
        """SKUs that are on hold for her, the newest hold included."""
        new = () if self.line_place else (self.held_now, self.offered_now)
        return frozenset(self.held_for_her) | {sku for sku in new if sku is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafted:
    """A drafter's answer, checked. `hold_reason` names why the owner must look, or is None."""

    text: str
    drafter: Literal["model", "house"]
    verdict: Verdict
    evidence: Evidence
    intent: str
    intents: tuple[str, ...] = ()
    language: str = "en"
    needs_owner: bool = False
    hold_reason: str | None = None
    cited_skus: tuple[str, ...] = ()
    model: str | None = None
    prompt: str = "default"
    prompt_version: int | None = None
    prompt_hash: str | None = None
    request_id: str | None = None
    tokens_in: int = 0
    tokens_out: int = 0
    cost_microcents: int = 0
    latency_ms: int = 0
    model_calls: int = 0
    tool_calls: int = 0
    translation: str | None = None


class Drafter(Protocol):
    """Anything that writes drafts."""

    async def draft(self, request: DraftRequest) -> Drafted:
        """Returns a checked draft; never raises for what a customer or a model wrote."""
        ...
