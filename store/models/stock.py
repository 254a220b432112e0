"""The pieces, the posts that show them, and who holds one."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from store.models.checks import one_of
from store.states import HOLD_STATES
from store.stock import STATUSES


class Item(SQLModel, table=True):
    """One piece of the stock; it exists once."""

    __tablename__: ClassVar[Any] = "items"
    __table_args__ = (one_of("status", STATUSES), Index("items_by_status", "status", "id"))

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


class Picture(SQLModel, table=True):
    """A file that is, or was, the picture of a piece; it lies in the folder of the pictures."""

    __tablename__: ClassVar[Any] = "pictures"
    __table_args__ = (Index("pictures_one_of_item", "item_id", unique=True, sqlite_where=text("replaced_at IS NULL")),)

    id: int | None = Field(default=None, primary_key=True)
    item_id: int = Field(foreign_key="items.id")
    sha256: str
    path: str
    content_type: str
    size: int
    width: int
    height: int
    added_at: int
    replaced_at: int | None = None


class Upload(SQLModel, table=True):
    """What TikTok calls a file that was uploaded to it; good for 30 days."""

    __tablename__: ClassVar[Any] = "uploads"

    sha256: str = Field(primary_key=True)
    media_id: str
    uploaded_at: int


class Hold(SQLModel, table=True):
    """A piece kept for one customer, or her place in the line for it."""

    __tablename__: ClassVar[Any] = "holds"
    __table_args__ = (
        one_of("state", HOLD_STATES),
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
