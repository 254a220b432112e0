"""The states of everything, in one place; what they mean is told in docs/delivery.md.

A delivery: held → queued → sending → sent | failed | retrying | unknown → needs_owner; or cancelled, expired, dropped.
"""

from __future__ import annotations

from typing import Final, Literal

Dialect = Literal["v1", "v1.3"]
DIALECTS: Final[tuple[Dialect, ...]] = ("v1", "v1.3")

Mode = Literal["review", "auto", "paused"]
CONVERSATION_MODES: Final[tuple[Mode, ...]] = ("review", "auto", "paused")

Queue = Literal["needs_you", "sending", "waiting", "in_doubt", "snoozed", "done"]
QUEUES: Final[tuple[Queue, ...]] = ("needs_you", "sending", "waiting", "in_doubt", "snoozed", "done")

ROLES: Final = ("user", "assistant")
SOURCES: Final = ("customer", "owner", "auto", "phone")

EVENT_STATES: Final = ("received", "applied", "ignored", "needs_poll", "poison")

DraftState = Literal[
    "queued", "drafting", "ready", "approved", "edited", "rejected", "superseded", "withdrawn", "expired", "failed"
]
DRAFT_STATES: Final[tuple[DraftState, ...]] = (
    "queued",
    "drafting",
    "ready",
    "approved",
    "edited",
    "rejected",
    "superseded",
    "withdrawn",
    "expired",
    "failed",
)
LIVE_DRAFTS: Final = ("queued", "drafting", "ready")

DeliveryState = Literal[
    "held",
    "queued",
    "retrying",
    "sending",
    "sent",
    "failed",
    "expired",
    "cancelled",
    "unknown",
    "needs_owner",
    "dropped",
]
DELIVERY_STATES: Final[tuple[DeliveryState, ...]] = (
    "held",
    "queued",
    "retrying",
    "sending",
    "sent",
    "failed",
    "expired",
    "cancelled",
    "unknown",
    "needs_owner",
    "dropped",
)
WAITING_DELIVERIES: Final = ("held", "queued", "retrying")
"""Decided, and no byte has left."""
OPEN_DELIVERIES: Final = ("held", "queued", "retrying", "sending", "unknown", "needs_owner")

OUTCOMES: Final = ("sent", "not_sent", "refused", "unknown")

HOLD_STATES: Final = ("waiting", "active", "released", "expired", "sold")
