"""Applies logged events to their conversations: message, cursor, draft job and echo match in one transaction."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Final

from server.listener.events import Inbound, NotAnEvent, read
from server.settings import Settings
from store import drafts, failpoints, forgetting, inbound, inbox, journal, media, outbox, reconciling
from store.clock import DAY, HOUR, MINUTE
from store.inbound import Logged
from store.inbox import NewMessage

OLDEST: Final = 90 * DAY
"""The platform keeps conversations for 90 days and retries a webhook for 3: an older time is a placeholder."""

LISTING: Final = "listing"
"""The event's name of what a listing showed, which no webhook told."""

AHEAD: Final = 10 * MINUTE
"""A platform clock that is further ahead than this is no clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What applying needs of the settings."""

    window_ms: int
    quota: int
    debounce_ms: int
    debounce_limit_ms: int
    phone_pause_ms: int


def rules_of(settings: Settings) -> Rules:
    """Reads the rules from the settings."""
    return Rules(
        window_ms=int(settings.delivery.window_hours * HOUR),
        quota=settings.delivery.quota_per_window,
        debounce_ms=int(settings.agent.debounce_seconds * 1000),
        debounce_limit_ms=int(settings.agent.debounce_limit_seconds * 1000),
        phone_pause_ms=int(settings.delivery.phone_pause_hours * HOUR),
    )


def apply(db: sqlite3.Connection, logged: Logged, *, now: int, rules: Rules) -> str:
    """Applies one logged event, once; returns the event's state after it."""
    try:
        event = read(logged.body)
    except NotAnEvent as fault:
        inbound.settle(db, logged.id, "poison", now=now, error=str(fault))
        return "poison"
    match event.meaning:
        case "message" | "echo" | "read" | "referral":
            if _forgotten(db, event, logged.received_at):
                inbound.forget(db, logged.id, now=now)
                return "ignored"
            if not inbound.settle(db, logged.id, "applied", now=now):
                return "applied"
            effect(db, event, received_at=logged.received_at, now=now, rules=rules)
            failpoints.reach(15)
            return "applied"
        case "listing":
            inbound.settle(db, logged.id, "needs_poll", now=now)
            return "needs_poll"
        case "unreadable":
            inbound.settle(db, logged.id, "poison", now=now, error=event.fault)
            return "poison"
        case _:
            inbound.settle(db, logged.id, "ignored", now=now)
            return "ignored"


def effect(db: sqlite3.Connection, event: Inbound, *, received_at: int, now: int, rules: Rules) -> None:
    """Gives an event its effect on the conversation; a listed message comes through here as well."""
    if _forgotten(db, event, received_at):
        return
    if event.meaning == "message" and _stands_elsewhere(db, event):
        return
    conversation = _twin(db, event) or inbox.open_conversation(
        db,
        dialect=event.dialect,
        platform_id=event.conversation,
        user=event.user,
        name=event.name,
        business_id=event.business_id,
        now=now,
    )
    if event.meaning == "message":
        customer_message(db, conversation, event, received_at=received_at, now=now, rules=rules)
    elif event.meaning == "echo":
        own_message(db, conversation, event, received_at=received_at, now=now, rules=rules)
    elif event.meaning == "read":
        inbox.customer_read(db, conversation, until=event.read_until or 0)
        inbox.refresh(db, conversation, now=now)
    else:
        db.execute("UPDATE conversations SET referral = 'ad' WHERE id = ?", (conversation,))


def _forgotten(db: sqlite3.Connection, event: Inbound, received_at: int) -> bool:
    """Tells whether it is from before its customer was forgotten: TikTok repeats events for 72 h, lists for 90 days."""
    at = when(event, received_at)
    if event.meaning in {"read", "referral"} and inbox.find(db, event.dialect, event.conversation) is None:
        # They tell nothing without messages, and would bring her name back.
        at = 0
    return forgetting.covers(db, event.dialect, event.conversation, at)


def _twin(db: sqlite3.Connection, event: Inbound) -> int | None:
    """Returns the thread of dialect v1 that an echo or a listing names in the form of v1.3, under its customer.

    Dialect v1 has neither of its own; without this her messages would stand in two threads and be answered twice.
    """
    told_by_us = event.meaning == "echo" or event.event == LISTING
    if event.dialect != "v1.3" or not told_by_us or inbox.find(db, "v1.3", event.conversation) is not None:
        return None
    return inbox.find(db, "v1", event.user)


def _stands_elsewhere(db: sqlite3.Connection, event: Inbound) -> bool:
    """Tells whether another thread of this customer has this very message already, learnt in the other dialect."""
    row = db.execute(
        "SELECT 1 FROM users u JOIN conversations c ON c.user_id = u.id JOIN messages m ON m.conversation_id = c.id"
        " WHERE u.tiktok_id = ? AND c.dialect != ? AND m.platform_id = ?",
        (event.user, event.dialect, event.message_id),
    ).fetchone()
    return row is not None


def when(event: Inbound, received_at: int) -> int:
    """Returns the platform's time of an event, or when we received it if that time cannot be true."""
    at = event.platform_at
    return at if at is not None and received_at - OLDEST <= at <= received_at + AHEAD else received_at


def _message(event: Inbound, *, role: str, source: str, at: int) -> NewMessage:
    return NewMessage(
        platform_id=event.message_id,
        role=role,
        source=source,
        text=event.text,
        platform_at=at,
        kind=event.kind,
        attachments=event.attachments,
        quotes=event.quotes,
    )


def customer_message(
    db: sqlite3.Connection, conversation: int, event: Inbound, *, received_at: int, now: int, rules: Rules
) -> None:
    """Adds what a customer wrote and asks for a draft, unless the owner answered it on her phone already."""
    at = when(event, received_at)
    added = inbox.add_message(db, conversation, _message(event, role="user", source="customer", at=at), now=now)
    if added is None:
        return
    media.want(db, added, event.attachments, now=now)
    inbox.customer_wrote(db, conversation, at=at, window_ms=rules.window_ms, quota=rules.quota)
    inbox.refresh(db, conversation, now=now)
    journal.note(
        db, now=now, who="customer", what="receive", subject="message", subject_id=added, conversation=conversation,
        new=event.kind,
    )  # fmt: skip
    outbox.cancel_overtaken(db, conversation, now=now)
    if _wants_draft(db, conversation, at, now=now):
        drafts.enqueue(db, conversation, now=now, debounce_ms=rules.debounce_ms, limit_ms=rules.debounce_limit_ms)


def _wants_draft(db: sqlite3.Connection, conversation: int, at: int, *, now: int) -> bool:
    """Tells whether a message of that time still wants an answer written."""
    found = inbox.conversation(db, conversation)
    answered_on_phone = db.execute(
        "SELECT 1 FROM messages WHERE conversation_id = ? AND role = 'assistant' AND source = 'phone'"
        " AND platform_at >= ? LIMIT 1",
        (conversation, at),
    ).fetchone()
    return (
        answered_on_phone is None
        and not found.blocked
        and found.mode != "paused"
        and (found.window_closes_at or 0) > now
    )


def own_message(
    db: sqlite3.Connection, conversation: int, event: Inbound, *, received_at: int, now: int, rules: Rules
) -> None:
    """Takes an echo: it settles a delivery of ours, or it is something the owner wrote elsewhere."""
    at = when(event, received_at)
    settled = reconciling.match_echo(
        db, conversation, platform_id=event.message_id, text=event.text, at=at, source=event.source, now=now,
        kind=event.kind, media_id=next((str(one["media_id"]) for one in event.attachments if "media_id" in one), None),
    )  # fmt: skip
    if settled is not None:
        return
    # Another program's API messages are the owner's too: they answer the customer just the same.
    added = inbox.add_message(db, conversation, _message(event, role="assistant", source="phone", at=at), now=now)
    if added is None:
        return
    journal.note(
        db, now=now, who="phone", what="reply", subject="message", subject_id=added, conversation=conversation,
        new=event.kind, why=event.source,
    )  # fmt: skip
    inbox.rest_automatic(db, conversation, until=at + rules.phone_pause_ms)
    inbox.refresh(db, conversation, now=now)
    if at < (inbox.conversation(db, conversation).last_customer_at or 0):
        # She wrote after it, and that still wants an answer.
        return
    reason = "The automatic reply was cancelled: you answered on your phone."
    outbox.cancel_automatic(db, conversation, reason, now=now, who="phone")
    live = drafts.live(db, conversation)
    if live is not None:
        drafts.withdraw(db, live.id, "you answered on your phone", now=now, who="phone")
