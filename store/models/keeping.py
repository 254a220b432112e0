"""What the shop keeps about itself: prompts, canned replies, rules, notices, the journal, switches, sign-ins."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from store.models.checks import one_of


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
    __table_args__ = (one_of("state", ("proposed", "accepted", "declined", "withdrawn")),)

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
