"""A shop on a real file, with customers, and a pretend TikTok whose memory is the tests' oracle."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from server.delivery.sender import Sender
from server.settings import Delivery, Settings, TikTok
from server.tiktok.answer import Answer, Dialect
from server.tiktok.errors import TikTokNoAnswer
from server.tiktok.listing import ConversationKind, ListedMessage, MessageListing
from store import drafts, inbox
from store.clock import HOUR
from store.database import Database, transaction
from store.draft import Draft
from store.drafts import FinishedDraft
from store.inbox import NewMessage
from tests.conftest import FakeClock

T = TypeVar("T")
WINDOW = 48 * HOUR


def settings_with(api: str = "auto", **delivery: Any) -> Settings:
    """Settings with some of the delivery's changed."""
    return Settings(
        delivery=msgspec.convert({**msgspec.to_builtins(Delivery()), **delivery}, Delivery),
        tiktok=msgspec.structs.replace(TikTok(), api=api),
    )


@dataclass(frozen=True)
class OnPlatform:
    """One message that the pretend TikTok took."""

    platform_id: str
    recipient: str
    text: str
    at: int
    media_id: str | None = None


@dataclass
class FakeTikTok:
    """Takes texts and answers as told; `accepted` is everything it ever took, in order.

    `answers` are played in order, one a request: an Answer, or a pair of whether the message is taken and an Answer
    (its platform id is filled in), or an async callable that returns either. Without any it takes and says so.
    """

    clock: FakeClock
    accepted: list[OnPlatform] = field(default_factory=list)
    asked: list[tuple[int, Dialect, str, str]] = field(default_factory=list)
    answers: list[Any] = field(default_factory=list)
    unlisted: set[str] = field(default_factory=set)
    """Ids that the listing does not show."""
    others: list[ListedMessage] = field(default_factory=list)
    listing_fails: bool = False
    listings: int = 0
    uploads: list[bytes] = field(default_factory=list)
    """The files that were uploaded; the first is called `up1`."""
    upload_faults: list[Exception] = field(default_factory=list)
    capabilities: list[bool | Exception] = field(default_factory=list)
    """Played in order; without any, pictures are allowed."""
    asked_capabilities: list[tuple[str, str]] = field(default_factory=list)

    async def can_send_images(self, conversation_id: str, kind: ConversationKind = "SINGLE") -> bool:
        self.asked_capabilities.append((conversation_id, kind))
        said = self.capabilities.pop(0) if self.capabilities else True
        if isinstance(said, Exception):
            raise said
        return said

    async def upload_image(self, content: bytes) -> str:
        if self.upload_faults:
            raise self.upload_faults.pop(0)
        self.uploads.append(content)
        return f"up{len(self.uploads)}"

    async def send_image(self, conversation_id: str, media_id: str) -> Answer:
        return await self._take("v1.3", conversation_id, "", media_id)

    async def send(self, dialect: Dialect, recipient: str, text: str) -> Answer:
        return await self._take(dialect, recipient, text, None)

    async def _take(self, dialect: Dialect, recipient: str, text: str, media_id: str | None) -> Answer:
        self.asked.append((self.clock(), dialect, recipient, text if media_id is None else media_id))
        answer = self.answers.pop(0) if self.answers else (True, ACCEPTED)
        if callable(answer):
            answer = await answer()
        taken, said = answer if isinstance(answer, tuple) else (answer.outcome == "sent", answer)
        if not taken:
            return said  # type: ignore[no-any-return]
        platform_id = f"m{len(self.accepted) + 1}"
        self.accepted.append(OnPlatform(platform_id, recipient, text, self.clock(), media_id))
        if said.outcome == "sent" and said.platform_id == "":
            return Answer(
                outcome="sent", kind="accepted", reason="", status=200, platform_id=platform_id, answered=True
            )
        return said  # type: ignore[no-any-return]

    async def list_messages(self, conversation_id: str) -> MessageListing:
        self.listings += 1
        if self.listing_fails:
            raise TikTokNoAnswer("TikTok did not answer")
        ours = [
            listed(one.platform_id, one.text, one.at, media_id=one.media_id)
            for one in self.accepted
            if one.recipient == conversation_id and one.platform_id not in self.unlisted
        ]
        hers = listed("hers", "hello", self.clock.now - 40 * HOUR, from_business=False, source="APP")
        messages = sorted([hers, *ours, *self.others], key=lambda message: message.at)
        return MessageListing(tuple(messages[-20:]), (), min(20, len(messages)), 0)


def listed(
    platform_id: str,
    text: str,
    at: int,
    *,
    from_business: bool = True,
    source: str | None = "API",
    media_id: str | None = None,
) -> ListedMessage:
    """One line of a listing."""
    return ListedMessage(
        message_id=platform_id,
        at=at,
        kind="text" if media_id is None else "image",
        text=text if media_id is None else None,
        from_business=from_business,
        sender_id=None,
        source=source,
        media_id=media_id,
        quoted_id=None,
        body={"body": text} if media_id is None else {"media_id": media_id},
    )


ACCEPTED = Answer(outcome="sent", kind="accepted", reason="", status=200, platform_id="", answered=True)
LOST = Answer(outcome="unknown", kind="cut", reason="The connection was lost.")
ERROR_51065 = Answer(
    outcome="unknown", kind="server_error", reason="TikTok failed.", status=200, code=51065, answered=True
)
UNREACHED = Answer(outcome="not_sent", kind="connect", reason="Not reached.")
REFUSED = Answer(outcome="refused", kind="refused", reason="Refused.", status=200, code=40002, answered=True)
SERVER_ERROR_V1 = Answer(outcome="not_sent", kind="server_error", reason="TikTok failed.", status=503, answered=True)


def limited(retry_after: float | None = None) -> Answer:
    return Answer(
        outcome="not_sent", kind="rate_limited", reason="Too many.", status=429, retry_after=retry_after, answered=True
    )


def add_conversation(
    db: sqlite3.Connection, name: str, *, now: int, dialect: str = "v1.3", text: str = "is it still there?"
) -> int:
    """A customer who has just written."""
    found = inbox.open_conversation(
        db, dialect=dialect, platform_id=name, user=f"user-{name}", name=None, business_id="shop", now=now
    )
    write(db, found, f"{name}-1", now=now, text=text)
    return found


def write(db: sqlite3.Connection, conversation_id: int, key: str, *, now: int, text: str = "and?") -> None:
    """Lets the customer write, as applying her message does."""
    inbox.add_message(
        db,
        conversation_id,
        NewMessage(platform_id=key, role="user", source="customer", text=text, platform_at=now),
        now=now,
    )
    inbox.customer_wrote(db, conversation_id, at=now, window_ms=WINDOW, quota=10)
    inbox.refresh(db, conversation_id, now=now)


def ready_draft(
    db: sqlite3.Connection, conversation_id: int, text: str, *, now: int, offering: Iterable[str] = ()
) -> int:
    """A draft that waits for a decision; it calls the pieces of `offering` available."""
    draft_id = drafts.enqueue(db, conversation_id, now=now)
    drafts.claim_due(db, now=now, boot="drafter", limit=100)
    rows = {
        sku: db.execute("SELECT revision FROM items WHERE sku = ?", (sku,)).fetchone()["revision"] for sku in offering
    }
    drafts.finish(
        db,
        draft_id,
        FinishedDraft(
            text=text,
            drafter="house",
            intent="availability",
            grounding="listed",
            verdict="pass",
            claims=[
                {
                    "span": [0, 1],
                    "kind": "availability",
                    "sku": sku,
                    "field": "status",
                    "value": "available",
                    "backed": True,
                }
                for sku in rows
            ],
            evidence={
                "pieces": [{"sku": sku, "revision": revision, "status": "available"} for sku, revision in rows.items()]
            },
        ),
        now=now,
    )
    return draft_id


@dataclass
class Shop:
    """Everything a delivery test needs."""

    path: Path
    db: sqlite3.Connection
    clock: FakeClock
    tiktok: FakeTikTok
    settings: Settings
    database: Database
    sender: Sender

    def write(self, fn: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Runs a function of the store or a decision in one transaction, at the clock's time."""
        with transaction(self.db):
            return fn(self.db, *args, now=self.clock.now, **kwargs)

    async def run(self, *, ticks: int = 1) -> None:
        """Lets the sender tick and waits for its requests."""
        for _ in range(ticks):
            await self.sender.tick()
            await self.sender.settle()

    def state(self, delivery_id: int) -> str:
        """The state of a delivery, as its row says."""
        return str(self.db.execute("SELECT state FROM deliveries WHERE id = ?", (delivery_id,)).fetchone()["state"])

    def draft(self, draft_id: int) -> Draft:
        """A draft, as its row says."""
        return drafts.get(self.db, draft_id)

    def row(self, delivery_id: int) -> sqlite3.Row:
        """A delivery's row."""
        found = self.db.execute("SELECT * FROM deliveries WHERE id = ?", (delivery_id,)).fetchone()
        assert isinstance(found, sqlite3.Row)
        return found

    def texts(self) -> list[str]:
        """What the pretend TikTok took, in order."""
        return [one.text for one in self.tiktok.accepted]
