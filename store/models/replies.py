"""What goes out: drafts with their claims, decisions, deliveries with their attempts."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from store.models.checks import one_of
from store.states import DELIVERY_STATES, DRAFT_STATES, OUTCOMES


class Draft(SQLModel, table=True):
    """A reply that waits for a decision, bound to the newest message it answers."""

    __tablename__: ClassVar[Any] = "drafts"
    __table_args__ = (
        one_of("state", DRAFT_STATES),
        Index(
            "drafts_one_live",
            "conversation_id",
            unique=True,
            sqlite_where=text("state IN ('queued', 'drafting', 'ready')"),
        ),
        Index("drafts_due", "state", "due_at", sqlite_where=text("state IN ('queued', 'drafting')")),
        Index("drafts_by_conversation", "conversation_id", "id"),
        Index("drafts_by_state", "state"),
        Index("drafts_edited", "ended_at", sqlite_where=text("state = 'edited'")),
    )

    id: int | None = Field(default=None, primary_key=True)
    conversation_id: int = Field(foreign_key="conversations.id")
    state: str = "queued"
    thread_version: int
    """The id of the newest customer message that the draft answers."""
    burst_started_at: int
    due_at: int
    text: str = ""
    text_hash: str = ""
    final_text: str | None = None
    drafter: str | None = None
    model: str | None = None
    prompt: str | None = None
    prompt_version: int | None = None
    prompt_hash: str | None = None
    intent: str | None = None
    intents: str = "[]"
    language: str | None = None
    grounding: str | None = None
    verdict: str | None = None
    reasons: str = "[]"
    evidence: str = "{}"
    """Pieces with their revisions, searches and policies of this run, as JSON."""
    needs_owner: bool = False
    hold_reason: str | None = None
    cause: str = "message"
    """message, instruct, hold, line, offer or sold: why it is written."""
    facts: str = "{}"
    """What the program wants told (held_now, line_place, offered_now, replaces), as JSON."""
    instruction: str | None = None
    translation: str | None = None
    cited_skus: str = "[]"
    request_id: str | None = None
    tokens_in: int = 0
    tokens_out: int = 0
    cost_microcents: int = 0
    latency_ms: int | None = None
    model_calls: int = 0
    tool_calls: int = 0
    boot: str | None = None
    failures: int = 0
    created_at: int
    ready_at: int | None = None
    ended_at: int | None = None
    ended_reason: str | None = None
    redraft_of: int | None = Field(default=None, foreign_key="drafts.id")


class Claim(SQLModel, table=True):
    """One statement of a draft and the row that backs it."""

    __tablename__: ClassVar[Any] = "claims"
    __table_args__ = (Index("claims_by_draft", "draft_id"), Index("claims_by_sku", "sku"))

    id: int | None = Field(default=None, primary_key=True)
    draft_id: int = Field(foreign_key="drafts.id")
    span_start: int
    span_end: int
    kind: str
    sku: str | None = None
    field: str | None = None
    value: str | None = None
    backed: bool = False
    grounding: str = "inferred"


class Verdict(SQLModel, table=True):
    """A decision: who, on which text, by which rules. Shadow decisions of the policy stand here too."""

    __tablename__: ClassVar[Any] = "verdicts"
    __table_args__ = (
        one_of("decision", ("approve", "edit", "reject", "send", "auto", "shadow")),
        Index("verdicts_by_draft", "draft_id"),
        Index("verdicts_by_time", "at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    draft_id: int | None = Field(default=None, foreign_key="drafts.id")
    conversation_id: int = Field(foreign_key="conversations.id")
    decision: str
    who: str
    intent: str | None = None
    text_hash: str | None = None
    reason: str | None = None
    rules: str = "[]"
    """The policy's rules with their answers, as JSON."""
    agreed: bool | None = None
    """For shadow rows: whether the owner then sent the same text."""
    at: int


class Delivery(SQLModel, table=True):
    """One text, or one picture, on its way to one customer: at most one message at the platform, ever."""

    __tablename__: ClassVar[Any] = "deliveries"
    __table_args__ = (
        one_of("state", DELIVERY_STATES),
        Index("deliveries_by_conversation", "conversation_id", "id"),
        Index(
            "deliveries_lost",
            "conversation_id",
            sqlite_where=text("state IN ('failed', 'expired') AND acknowledged_at IS NULL"),
        ),
        # Whole, not partial: SQLite does not see that "state = 'held'" lies within a list of states, and would scan.
        Index("deliveries_due", "state", "next_at"),
        Index("deliveries_by_picture", "picture_id", sqlite_where=text("picture_id IS NOT NULL")),
    )

    id: int | None = Field(default=None, primary_key=True)
    conversation_id: int = Field(foreign_key="conversations.id")
    draft_id: int | None = Field(default=None, foreign_key="drafts.id")
    verdict_id: int | None = Field(default=None, foreign_key="verdicts.id")
    who: str
    """`owner`, `auto` or `script`: decides the source of the message and how long undo lasts."""
    message_type: str = "text"
    """`text`, or `image`: then the text is empty and its hash is the file's."""
    text: str
    text_hash: str
    media: str | None = None
    """TikTok's id of the picture that the last request named."""
    picture_id: int | None = Field(default=None, foreign_key="pictures.id")
    state: str = "held"
    send_after: int
    next_at: int
    """When the sender or the reconciler should look at it next."""
    deadline: int | None = None
    """When the reply window closes, as known at the decision; the claim reads it again."""
    decided_against: int | None = None
    """The id of the newest customer message at the decision."""
    promises: str = "[]"
    """The pieces that the text calls available: [{"sku", "revision"}], read again before it leaves."""
    platform_id: str | None = Field(default=None, unique=True)
    reason: str | None = None
    tries: int = 0
    answered_with_error: bool = False
    absences: int = 0
    """Listings that reached back far enough and did not show it."""
    first_absence_at: int | None = None
    last_absence_at: int | None = None
    unknown_since: int | None = None
    restored_at: int | None = None
    """When a backup was restored in which it was open: it may have been sent since the backup."""
    again_of: int | None = Field(default=None, foreign_key="deliveries.id")
    acknowledged_at: int | None = None
    """When the owner saw its failure."""
    created_at: int
    ended_at: int | None = None


class Attempt(SQLModel, table=True):
    """One request to the platform, committed before its first byte leaves."""

    __tablename__: ClassVar[Any] = "attempts"
    __table_args__ = (
        one_of("outcome", OUTCOMES),
        Index("attempts_by_delivery", "delivery_id", "id"),
        Index("attempts_in_doubt", "ended_at", sqlite_where=text("outcome = 'unknown'")),
        Index("attempts_by_start", "started_at"),
        # One open request per conversation, whatever the code does: with two, no echo could be told apart.
        Index("attempts_one_open", "conversation_id", unique=True, sqlite_where=text("ended_at IS NULL")),
    )

    id: int | None = Field(default=None, primary_key=True)
    delivery_id: int = Field(foreign_key="deliveries.id")
    conversation_id: int = Field(foreign_key="conversations.id")
    boot: str
    started_at: int
    ended_at: int | None = None
    outcome: str | None = None
    status: int | None = None
    code: int | None = None
    kind: str | None = None
    reason: str | None = None
    request_id: str | None = None
    platform_id: str | None = None
