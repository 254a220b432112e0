"""The tables: the one definition of the schema. Alembic's migrations are checked against it by a test.

Only the schema lives here. The operations on it are plain functions in the rooms beside (inbox, drafts, outbox, …)
over a `sqlite3.Connection`, because the inbox may not carry SQLAlchemy (docs/decisions/0002).

Times are UTC epoch milliseconds, money integer cents, lengths millimetres, JSON is text. States are written out in
`CHECK` constraints, so that a state nobody thought of cannot be stored.
"""

from __future__ import annotations

from sqlalchemy import DefaultClause, text
from sqlmodel import SQLModel

from store.models.conversations import Conversation, InboundEvent, Media, Message, User
from store.models.keeping import CannedReply, JournalEntry, LearnedRule, Notice, OAuthToken, Prompt, Switch
from store.models.replies import Attempt, Claim, Delivery, Draft, Verdict
from store.models.stock import Hold, Item, ItemPost, Picture, Upload

__all__ = [
    "Attempt",
    "CannedReply",
    "Claim",
    "Conversation",
    "Delivery",
    "Draft",
    "Hold",
    "InboundEvent",
    "Item",
    "ItemPost",
    "JournalEntry",
    "LearnedRule",
    "Media",
    "Message",
    "Notice",
    "OAuthToken",
    "Picture",
    "Prompt",
    "Switch",
    "Upload",
    "User",
    "Verdict",
]


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
