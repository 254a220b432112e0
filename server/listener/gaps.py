"""Looks for what the webhooks missed: on start, every few minutes, and for events that come without their text.

Source of the listings: TikTok's Business Messaging API; they reach back 90 days for conversations and 20 messages in
each. Dialect v1 has no listing, so there is nothing to look into.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from server.listener.applying import LISTING, Rules, effect
from server.listener.events import Inbound
from server.tiktok.errors import TikTokError
from server.tiktok.listing import ListedConversation, ListedMessage, MessageListing
from store import forgetting, inbound, inbox
from store.clock import Clock
from store.database import Database
from store.inbound import Logged

log = logging.getLogger(__name__)


Progress = Callable[[int, int], None]
"""Is told how many conversations were looked at, of how many."""


class Lister(Protocol):
    """The part of the TikTok client that reads back."""

    business_id: str

    async def list_all_conversations(self) -> tuple[ListedConversation, ...]:
        """Returns the conversations TikTok knows."""
        ...

    async def list_messages(self, conversation_id: str) -> MessageListing:
        """Returns the newest messages of one."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What looking for gaps needs."""

    database: Database
    lister: Lister
    rules: Rules
    clock: Clock


async def fetch_wanted(look: Look) -> int:
    """Fetches what came without its text, by its conversation or, when the event names none, by looking at all.

    Returns how many events that settled. An event that could not be looked up five times is poison.
    """
    wanted = await look.database.read(inbound.polls_wanted)
    settled = 0
    for conversation in dict.fromkeys(_named(event) for event in wanted):
        events = [event for event in wanted if _named(event) == conversation]
        try:
            if conversation:
                listing = await look.lister.list_messages(conversation)
                await look.database.write(_take, conversation, listing, look)
            else:
                await fetch_all(look)
        except TikTokError as fault:
            log.warning("events without text could not be looked up: %s", fault)
            for event in events:
                await look.database.write(
                    inbound.failed, event.id, f"TikTok did not list it: {fault}", now=look.clock()
                )
            continue
        for event in events:
            await look.database.write(inbound.settle, event.id, "applied", now=look.clock())
        settled += len(events)
    return settled


async def fetch_missed(look: Look) -> int:
    """Fetches every conversation of which TikTok has something newer; returns how many messages that found."""
    try:
        found = await fetch_all(look)
    except TikTokError as fault:
        log.warning("missed messages could not be looked for: %s", fault)
        return 0
    if found:
        log.info("%d messages were missed by the webhooks and are here now", found)
    return found


async def fetch_all(look: Look, progress: Progress = lambda _done, _of: None) -> int:
    """Looks at every conversation; one that cannot be listed holds up no other, and its fault is raised at the end.

    Each conversation is one transaction: a stop in between leaves whole ones, and the next look finds the others.
    """
    found, failed = 0, None
    behind = await look.database.read(_behind, await look.lister.list_all_conversations())
    for done, conversation in enumerate(behind):
        progress(done, len(behind))
        try:
            listing = await look.lister.list_messages(conversation)
        except TikTokError as fault:
            failed = fault
        else:
            found += await look.database.write(_take, conversation, listing, look)
    if failed is not None:
        raise failed
    return found


def _named(event: Logged) -> str:
    return event.thread.removeprefix("v1.3:")


def _behind(db: sqlite3.Connection, listed: Iterable[ListedConversation]) -> list[str]:
    """Returns the conversations of which TikTok has something newer than the newest message here."""
    behind = []
    for conversation in listed:
        row = db.execute(
            "SELECT last_message_at FROM conversations WHERE dialect = 'v1.3' AND platform_id = ?",
            (conversation.conversation_id,),
        ).fetchone()
        if row is None and forgetting.covers(db, "v1.3", conversation.conversation_id, conversation.updated_at):
            continue
        known = None if row is None else row["last_message_at"]
        if known is None or conversation.updated_at == 0 or conversation.updated_at > known:
            behind.append(conversation.conversation_id)
    return behind


def _take(db: sqlite3.Connection, conversation: str, listing: MessageListing, look: Look) -> int:
    """Gives every listed message its effect, oldest first, so that a phone's answer ends the draft before it."""
    before = _count(db, conversation)
    now = look.clock()
    customer = next((person for person in listing.participants if not person.is_business), None)
    for message in sorted(listing.messages, key=lambda message: message.at):
        user = (None if message.from_business else message.sender_id) or (
            customer.user_id if customer else conversation
        )
        event = _as_event(
            message, conversation, look.lister.business_id, user, customer.display_name if customer else None
        )
        effect(db, event, received_at=now, now=now, rules=look.rules)
    return _count(db, conversation) - before


def _count(db: sqlite3.Connection, conversation: str) -> int:
    found = inbox.find(db, "v1.3", conversation)
    if found is None:
        return 0
    row = db.execute("SELECT count(*) FROM messages WHERE conversation_id = ?", (found,)).fetchone()
    return int(row[0])


def _as_event(message: ListedMessage, conversation: str, business_id: str, user: str, name: str | None) -> Inbound:
    return Inbound(
        dialect="v1.3",
        event=LISTING,
        meaning="echo" if message.from_business else "message",
        dedupe_key="",
        thread=f"v1.3:{conversation}",
        conversation=conversation,
        user=user,
        name=name,
        business_id=business_id,
        message_id=message.message_id,
        kind=message.kind,
        text=message.text or "",
        attachments=() if message.kind == "text" else ({**message.body, "type": message.kind},),
        source=message.source,
        quotes=message.quoted_id,
        platform_at=message.at or None,
    )
