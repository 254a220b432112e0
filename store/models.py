"""The tables: the one definition of the schema. Alembic's migrations are checked against it by a test.

Only the schema lives here. The operations on it are plain functions in the rooms beside (inbox, drafts, outbox, …)
over a `sqlite3.Connection`, because the inbox may not carry SQLAlchemy (docs/decisions/0002).

Times are UTC epoch milliseconds, money integer cents, lengths millimetres, JSON is text. States are written out in
`CHECK` constraints, so that a state nobody thought of cannot be stored.
"""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, Column, DefaultClause, Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from store.states import (
    CONVERSATION_MODES,
    DELIVERY_STATES,
    DIALECTS,
    DRAFT_STATES,
    EVENT_STATES,
    HOLD_STATES,
    OUTCOMES,
    QUEUES,
    ROLES,
    SOURCES,
)
from store.stock import STATUSES


def _one_of(column: str, allowed: tuple[str, ...]) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in allowed)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_allowed")


class User(SQLModel, table=True):
    """A customer, as TikTok names her."""

    __tablename__: ClassVar[Any] = "users"

    id: int | None = Field(default=None, primary_key=True)
    tiktok_id: str = Field(unique=True)
    display_name: str | None = None
    language: str | None = None
    last_interaction_at: int | None = None
    notes: str = ""
    labels: str = "[]"
    blocked: bool = False
    created_at: int


class Conversation(SQLModel, table=True):
    """One thread with one customer, in the dialect in which it was opened."""

    __tablename__: ClassVar[Any] = "conversations"
    __table_args__ = (
        UniqueConstraint("dialect", "platform_id", name="conversation_once"),
        _one_of("dialect", DIALECTS),
        _one_of("mode", CONVERSATION_MODES),
        _one_of("queue", QUEUES),
        Index("conversations_by_queue", "queue", "window_closes_at", "id"),
        Index("conversations_by_user", "user_id"),
        Index("conversations_by_snooze", "snoozed_until", sqlite_where=text("snoozed_until IS NOT NULL")),
    )

    id: int | None = Field(default=None, primary_key=True)
    user_id: int = Field(foreign_key="users.id")
    platform_id: str
    dialect: str
    business_id: str = ""
    mode: str = "review"
    auto_paused_until: int | None = None
    queue: str = "done"
    queued_since: int | None = None
    window_closes_at: int | None = None
    quota: int = 10
    """Replies per customer message, as configured when she last wrote."""
    quota_left: int | None = None
    last_customer_at: int | None = None
    last_message_at: int | None = None
    newest_customer_message_id: int | None = None
    newest_message_id: int | None = None
    live_draft_id: int | None = None
    unread: int = 0
    customer_read_at: int | None = None
    answered_at: int | None = None
    seen_at: int | None = None
    snoozed_until: int | None = None
    referral: str | None = None
    labels: str = "[]"
    notes: str = ""
    version: int = 0
    created_at: int


class Message(SQLModel, table=True):
    """One message, whoever wrote it; `dedupe_key` is the same however it was learnt."""

    __tablename__: ClassVar[Any] = "messages"
    __table_args__ = (
        _one_of("role", ROLES),
        _one_of("source", SOURCES),
        Index("messages_by_thread", "conversation_id", "platform_at", "id"),
        Index("messages_by_delivery", "delivery_id", sqlite_where=text("delivery_id IS NOT NULL")),
    )

    id: int | None = Field(default=None, primary_key=True)
    conversation_id: int = Field(foreign_key="conversations.id")
    dedupe_key: str = Field(unique=True)
    role: str
    source: str
    kind: str = "text"
    text: str = ""
    attachments: str = "[]"
    platform_id: str | None = None
    platform_at: int
    received_at: int
    state: str = "received"
    delivery_id: int | None = Field(default=None, foreign_key="deliveries.id")
    quotes: str | None = None


class InboundEvent(SQLModel, table=True):
    """The idempotency log: every webhook body once, as it came."""

    __tablename__: ClassVar[Any] = "inbound_events"
    __table_args__ = (
        _one_of("state", EVENT_STATES),
        Index("inbound_events_open", "state", "thread", "id", sqlite_where=text("state = 'received'")),
        Index("inbound_events_polls", "thread", sqlite_where=text("state = 'needs_poll'")),
        Index("inbound_events_poison", "state", sqlite_where=text("state = 'poison'")),
    )

    id: int | None = Field(default=None, primary_key=True)
    dedupe_key: str = Field(unique=True)
    dialect: str
    event: str
    thread: str = ""
    """The conversation as the platform names it: events of one thread are applied one at a time."""
    platform_at: int | None = None
    received_at: int
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    state: str = "received"
    failures: int = 0
    error: str | None = None
    applied_at: int | None = None


class Draft(SQLModel, table=True):
    """A reply that waits for a decision, bound to the newest message it answers."""

    __tablename__: ClassVar[Any] = "drafts"
    __table_args__ = (
        _one_of("state", DRAFT_STATES),
        Index(
            "drafts_one_live",
            "conversation_id",
            unique=True,
            sqlite_where=text("state IN ('queued', 'drafting', 'ready')"),
        ),
        Index("drafts_due", "state", "due_at", sqlite_where=text("state IN ('queued', 'drafting')")),
        Index("drafts_by_conversation", "conversation_id", "id"),
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
        _one_of("decision", ("approve", "edit", "reject", "send", "auto", "shadow")),
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
    """One text on its way to one customer: at most one message at the platform, ever."""

    __tablename__: ClassVar[Any] = "deliveries"
    __table_args__ = (
        _one_of("state", DELIVERY_STATES),
        Index("deliveries_by_conversation", "conversation_id", "id"),
        Index(
            "deliveries_lost",
            "conversation_id",
            sqlite_where=text("state IN ('failed', 'expired') AND acknowledged_at IS NULL"),
        ),
        # Whole, not partial: SQLite does not see that "state = 'held'" lies within a list of states, and would scan.
        Index("deliveries_due", "state", "next_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    conversation_id: int = Field(foreign_key="conversations.id")
    draft_id: int | None = Field(default=None, foreign_key="drafts.id")
    verdict_id: int | None = Field(default=None, foreign_key="verdicts.id")
    who: str
    """`owner`, `auto` or `script`: decides the source of the message and how long undo lasts."""
    message_type: str = "text"
    text: str
    text_hash: str
    media: str | None = None
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
        _one_of("outcome", OUTCOMES),
        Index("attempts_by_delivery", "delivery_id", "id"),
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


class Item(SQLModel, table=True):
    """One piece of the stock; it exists once."""

    __tablename__: ClassVar[Any] = "items"
    __table_args__ = (_one_of("status", STATUSES), Index("items_by_status", "status", "id"))

    id: int | None = Field(default=None, primary_key=True)
    sku: str = Field(unique=True)
    name: str
    category: str = ""
    brand: str = ""
    size_label: str = ""
    price_cents: int | None = None
    currency: str = "USD"
    description: str = ""
    measurements: str = "{}"
    """Kind → millimetres, as JSON."""
    color: str = ""
    era: str = ""
    condition: str = ""
    material: str = ""
    fit_note: str = ""
    tags: str = ""
    """Words with spaces between, so that the search index can read them."""
    photos: str = "[]"
    status: str = "available"
    revision: int = 1
    facts_revision: int = 1
    """The revision at which something that a reply may state (price, size, measurements, …) last changed."""
    created_at: int
    updated_at: int
    sold_at: int | None = None


class ItemPost(SQLModel, table=True):
    """A TikTok post that shows a piece, so that a shared post means "this one"."""

    __tablename__: ClassVar[Any] = "item_posts"

    post_id: str = Field(primary_key=True)
    item_id: int = Field(foreign_key="items.id")


class Hold(SQLModel, table=True):
    """A piece kept for one customer, or her place in the line for it."""

    __tablename__: ClassVar[Any] = "holds"
    __table_args__ = (
        _one_of("state", HOLD_STATES),
        Index("holds_one_active", "item_id", unique=True, sqlite_where=text("state = 'active'")),
        Index(
            "holds_one_place",
            "item_id",
            "conversation_id",
            unique=True,
            sqlite_where=text("state IN ('active', 'waiting')"),
        ),
        Index("holds_by_expiry", "state", "expires_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    item_id: int = Field(foreign_key="items.id")
    conversation_id: int = Field(foreign_key="conversations.id")
    state: str
    hours: int
    created_at: int
    starts_at: int | None = None
    expires_at: int | None = None
    ended_at: int | None = None
    ended_reason: str | None = None


class CannedReply(SQLModel, table=True):
    """A reply the owner keeps at hand; {names} in it are filled from the conversation."""

    __tablename__: ClassVar[Any] = "canned_replies"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    text: str
    updated_at: int


class Prompt(SQLModel, table=True):
    """A version of a system prompt that was used, by its hash, with its share of the conversations."""

    __tablename__: ClassVar[Any] = "prompts"
    __table_args__ = (UniqueConstraint("name", "version", name="prompt_version_once"),)

    id: int | None = Field(default=None, primary_key=True)
    name: str
    version: int
    hash: str
    text: str
    share: int = 0
    created_at: int


class LearnedRule(SQLModel, table=True):
    """A change the owner keeps making, proposed as a rule; only she turns it on, and she can take it back."""

    __tablename__: ClassVar[Any] = "learned_rules"
    __table_args__ = (_one_of("state", ("proposed", "accepted", "declined", "withdrawn")),)

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    before: str
    after: str
    seen: int
    of: int
    state: str = "proposed"
    created_at: int
    decided_at: int | None = None


class Notice(SQLModel, table=True):
    """Something the owner is told once: a window about to close, a lapsed hold, a paused sender."""

    __tablename__: ClassVar[Any] = "notices"
    __table_args__ = (Index("notices_unseen", "seen_at", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    kind: str
    conversation_id: int | None = Field(default=None, foreign_key="conversations.id")
    text: str
    at: int
    seen_at: int | None = None


class JournalEntry(SQLModel, table=True):
    """What happened, append-only: who, what, to what, from which state to which, why. Never a customer's words."""

    __tablename__: ClassVar[Any] = "journal"
    __table_args__ = (
        Index("journal_by_conversation", "conversation_id", "id"),
        Index("journal_by_subject", "subject", "subject_id", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    at: int
    who: str
    what: str
    subject: str
    subject_id: int | None = None
    conversation_id: int | None = None
    from_state: str | None = None
    to_state: str | None = None
    why: str | None = None


class Switch(SQLModel, table=True):
    """A small fact that every process must agree on: paused, the sender's pause, the stock revision, the boot."""

    __tablename__: ClassVar[Any] = "switches"

    name: str = Field(primary_key=True)
    value: str
    updated_at: int


class OAuthToken(SQLModel, table=True):
    """What is known of a sign-in; the tokens themselves are in the keyring or a 0600 file, never here."""

    __tablename__: ClassVar[Any] = "oauth_tokens"

    business_id: str = Field(primary_key=True)
    scopes: str = ""
    kept_in: str = "file"
    access_expires_at: int | None = None
    refresh_expires_at: int | None = None
    refreshed_at: int | None = None
    error: str | None = None


class Media(SQLModel, table=True):
    """A picture a customer sent, fetched and kept beside the database."""

    __tablename__: ClassVar[Any] = "media"
    __table_args__ = (_one_of("state", ("wanted", "kept", "failed")),)

    id: int | None = Field(default=None, primary_key=True)
    message_id: int = Field(foreign_key="messages.id", unique=True)
    media_id: str
    state: str = "wanted"
    path: str | None = None
    content_type: str | None = None
    size: int | None = None
    tries: int = 0
    next_at: int = 0
    error: str | None = None


def _keep_defaults_in_the_database() -> None:
    """Gives every column its default in the schema too, since the store's functions insert with plain SQL."""
    for table in SQLModel.metadata.tables.values():
        for column in table.columns:
            given = getattr(column.default, "arg", None)
            if not isinstance(given, str | int):
                continue
            clause = DefaultClause(given if isinstance(given, str) else text(str(int(given))))
            clause._set_parent(column)  # noqa: SLF001  # the way SQLAlchemy itself attaches one given at construction
            column.server_default = clause


_keep_defaults_in_the_database()
