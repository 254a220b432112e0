"""What came in: customers, their conversations and messages, the log of events, pictures."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import Column, Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from store.models.checks import one_of
from store.states import CONVERSATION_MODES, DIALECTS, EVENT_STATES, QUEUES, ROLES, SOURCES


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
        one_of("dialect", DIALECTS),
        one_of("mode", CONVERSATION_MODES),
        one_of("queue", QUEUES),
        Index("conversations_by_queue", "queue", "window_closes_at", "id"),
        Index("conversations_by_user", "user_id"),
        # Which drafts have outlived their window is asked every second.
        Index("conversations_drafted", "window_closes_at", sqlite_where=text("live_draft_id IS NOT NULL")),
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
    image_send: bool | None = None
    """Whether TikTok lets pictures be sent here, None while nobody has asked."""
    image_send_at: int | None = None
    labels: str = "[]"
    notes: str = ""
    version: int = 0
    created_at: int


class Message(SQLModel, table=True):
    """One message, whoever wrote it; `dedupe_key` is the same however it was learnt."""

    __tablename__: ClassVar[Any] = "messages"
    __table_args__ = (
        one_of("role", ROLES),
        one_of("source", SOURCES),
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
        one_of("state", EVENT_STATES),
        Index("inbound_events_open", "thread", "id", sqlite_where=text("state = 'received'")),
        # In the order they are applied: sorting a backlog of 50,000 for every 200 of it takes longer than applying.
        Index("inbound_events_waiting", "id", sqlite_where=text("state = 'received'")),
        # The clock that empties old bodies looks every second.
        Index("inbound_events_bodies", "received_at", sqlite_where=text("length(body) > 0")),
        Index("inbound_events_polls", "thread", sqlite_where=text("state = 'needs_poll'")),
        Index("inbound_events_poison", "state", sqlite_where=text("state = 'poison'")),
        Index("inbound_events_ignored", "state", sqlite_where=text("state = 'ignored'")),
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


class Media(SQLModel, table=True):
    """A picture a customer sent, fetched and kept beside the database."""

    __tablename__: ClassVar[Any] = "media"
    __table_args__ = (one_of("state", ("wanted", "kept", "failed")),)

    id: int | None = Field(default=None, primary_key=True)
    message_id: int = Field(foreign_key="messages.id", unique=True)
    media_id: str
    state: str = "wanted"
    path: str | None = None
    content_type: str | None = None
    size: int | None = None
    width: int | None = None
    height: int | None = None
    tries: int = 0
    next_at: int = 0
    error: str | None = None
