"""The reconciler: looks for what is in doubt, and lets the store weigh what it saw.

It never sends. `look` is called by the runtime's clock, and by tests under a fake one.
"""

from __future__ import annotations

import logging
import sqlite3
from typing import Final, Protocol

from server.settings import Settings
from server.tiktok.errors import TikTokError
from server.tiktok.listing import MessageListing
from store import failpoints, inbox, reconciling
from store.clock import SECOND, Clock
from store.database import Database
from store.outbox import Delivery
from store.reconciling import Listing, Patience, Seen

LOG: Final = logging.getLogger(__name__)


class Reader(Protocol):
    """What can list a conversation's newest messages; `server.tiktok.client.TikTokClient` does."""

    async def list_messages(self, conversation_id: str) -> MessageListing:
        """Returns the 20 newest messages. Raises TikTokError."""
        ...


async def look(database: Database, reader: Reader, settings: Settings, *, clock: Clock) -> int:
    """Looks once for every delivery in doubt whose time it is; returns how many doubts ended."""
    ended = 0
    for delivery in await database.read(reconciling.due, now=clock()):
        ended += await _look_for(database, reader, settings, delivery, clock) != "unknown"
    return ended


async def _look_for(database: Database, reader: Reader, settings: Settings, delivery: Delivery, clock: Clock) -> str:
    patience = patience_of(settings)
    conversation = await database.read(inbox.conversation, delivery.conversation_id)
    dialect = conversation.dialect if settings.tiktok.api == "auto" else settings.tiktok.api
    if dialect == "v1":
        return await database.write(reconciling.without_listing, delivery.id, patience, now=clock())
    asked_at = clock()
    try:
        listed = await reader.list_messages(conversation.platform_id)
    except TikTokError as fault:
        LOG.warning("Conversation %d could not be listed: %s", conversation.id, fault)
        return await database.write(reconciling.unlisted, delivery.id, str(fault), patience, now=clock())
    failpoints.reach(9)
    listing = as_listing(listed, asked_at)
    state = await database.write(_weigh, delivery.id, listing, patience, clock)
    failpoints.reach(11)
    return state


def _weigh(db: sqlite3.Connection, delivery_id: int, listing: Listing, patience: Patience, clock: Clock) -> str:
    state = reconciling.weigh(db, delivery_id, listing, patience, now=clock())
    failpoints.reach(10)
    return state


def patience_of(settings: Settings) -> Patience:
    """Returns how long doubts wait, from the settings."""
    return Patience(
        quiesce_ms=int(settings.delivery.quiesce_seconds * SECOND),
        # A shop that waits less for quiet waits less between its two looks too: 30 of 90 seconds is a third.
        gap_ms=int(min(settings.delivery.listing_gap_seconds, settings.delivery.quiesce_seconds / 3) * SECOND),
        resend_when_absent=settings.delivery.resend_when_absent,
    )


def as_listing(listed: MessageListing, asked_at: int) -> Listing:
    """Returns what a listing of TikTok's proves about the shop's own messages."""
    whole = listed.covers(0)
    oldest = listed.messages[0].at if listed.messages else None
    ours = tuple(
        Seen(
            platform_id=message.message_id,
            text=message.text or "",
            at=message.at,
            source=message.source,
            kind=message.kind,
            media_id=message.media_id,
        )
        for message in listed.messages
        if message.from_business and (message.text is not None or message.kind == "image")
    )
    proves = oldest is not None and listed.covers(oldest + 1)
    return Listing(ours=ours, reach=-1 if whole else oldest if proves else None, asked_at=asked_at)
