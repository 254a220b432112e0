"""What TikTok says it has: conversations, and the newest messages of one. Read without trust.

The content listing has the 20 newest messages and no paging, so that "not in it" is only a proof when it reaches far
enough back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from server.tiktok.errors import TikTokUnreadable

ConversationKind = Literal["STRANGER", "SINGLE"]
"""STRANGER: the customer wrote and was never answered · SINGLE: she was."""

KINDS: Final[tuple[ConversationKind, ...]] = ("STRANGER", "SINGLE")
PAGE: Final = 100
"""Conversations in a page at most, and altogether."""
LISTED: Final = 20
"""Messages that the content listing has at most."""


@dataclass(frozen=True, slots=True)
class ListedConversation:
    """A conversation that TikTok knows; `updated_at` in epoch milliseconds, 0 when TikTok did not say."""

    conversation_id: str
    kind: ConversationKind
    updated_at: int


@dataclass(frozen=True, slots=True)
class ConversationPage:
    """One page of conversations; ask again with `cursor` while `has_more`."""

    conversations: tuple[ListedConversation, ...]
    cursor: int
    has_more: bool


@dataclass(frozen=True, slots=True)
class ListedMessage:
    """One message as TikTok has it.

    `at` is in epoch milliseconds, 0 when missing. `kind` is the type in lower case (`text`, `image`, `share_post`, …),
    `text` the words of a text, None for anything else. `sender_id` is an open id, None when missing. `source` is
    `API`, `APP`, `WEB`, `OTHERS`, `UNKNOWN_SOURCE`, or None when TikTok did not say. `body` is the part of the message
    that belongs to its type: `{"media_id": …}`, `{"embed_url": …}`.
    """

    message_id: str
    at: int
    kind: str
    text: str | None
    from_business: bool
    sender_id: str | None
    source: str | None
    media_id: str | None
    quoted_id: str | None
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Participant:
    """One side of a conversation."""

    user_id: str
    is_business: bool
    display_name: str | None


@dataclass(frozen=True, slots=True)
class MessageListing:
    """The newest messages of a conversation, oldest first, and who takes part.

    `entries` counts what TikTok listed, `unreadable` what of it could not be understood.
    """

    messages: tuple[ListedMessage, ...]
    participants: tuple[Participant, ...]
    entries: int
    unreadable: int

    def covers(self, since: int) -> bool:
        """Returns whether every message from `since` (epoch milliseconds) on must be in this listing.

        Only then does a missing message prove anything. An empty listing proves nothing, since a conversation begins
        with a message of the customer; nor does one with an entry that could not be read, which might be the one.
        """
        if self.unreadable or not self.messages or any(message.at == 0 for message in self.messages):
            return False
        return self.entries < LISTED or self.messages[0].at < since


def read_conversations(data: Mapping[str, Any], kind: ConversationKind) -> ConversationPage:
    """Returns a page of conversations; entries without an id are left out. Raises TikTokUnreadable."""
    entries = data.get("conversations") or []
    if not isinstance(entries, list):
        raise TikTokUnreadable("TikTok's list of conversations could not be read; try again.")
    found = tuple(
        ListedConversation(entry["conversation_id"], kind, number(entry.get("update_time")))
        for entry in entries
        if isinstance(entry, dict) and isinstance(entry.get("conversation_id"), str) and entry["conversation_id"]
    )
    return ConversationPage(found, number(data.get("cursor")), data.get("has_more") is True)


def read_messages(data: Mapping[str, Any], business_id: str) -> MessageListing:
    """Returns the messages of a conversation. Raises TikTokUnreadable when there is no list at all."""
    entries = data.get("messages")
    if not isinstance(entries, list):
        raise TikTokUnreadable("TikTok's list of messages could not be read; try again.")
    read = [_message(entry, business_id) for entry in entries]
    messages = sorted((message for message in read if message is not None), key=lambda message: message.at)
    people = data.get("participants")
    return MessageListing(
        messages=tuple(messages),
        participants=tuple(
            Participant(
                person["id"],
                person.get("role") == "BUSINESS_ACCOUNT" or person["id"] == business_id,
                _text(person.get("display_name")),
            )
            for person in (people if isinstance(people, list) else [])
            if isinstance(person, dict) and isinstance(person.get("id"), str)
        ),
        entries=len(entries),
        unreadable=len(entries) - len(messages),
    )


def number(value: object) -> int:
    """Returns a whole number that is not negative, given as one or as digits; 0 for anything else."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 18:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0


def _message(entry: object, business_id: str) -> ListedMessage | None:
    if not isinstance(entry, dict):
        return None
    message_id, kind = _text(entry.get("message_id")), (_text(entry.get("message_type")) or "other").lower()
    sender, recipient = _mapping(entry.get("from_user")), _mapping(entry.get("to_user"))
    from_business = _is_business(sender, recipient, business_id)
    if message_id is None or from_business is None:
        return None
    body = _mapping(entry.get(kind))
    return ListedMessage(
        message_id=message_id,
        at=number(entry.get("timestamp")),
        kind=kind,
        text=body["body"] if kind == "text" and isinstance(body.get("body"), str) else None,
        from_business=from_business,
        sender_id=_text(sender.get("id")),
        source=_text(_mapping(entry.get("message_tag")).get("source")),
        media_id=_text(body.get("media_id")),
        quoted_id=_text(_mapping(entry.get("referenced_message_info")).get("referenced_message_id")),
        body=body,
    )


def _is_business(sender: Mapping[str, Any], recipient: Mapping[str, Any], business_id: str) -> bool | None:
    """Tells whose message it is, by ids before roles, since a role may be missing; None when nothing tells."""
    if sender.get("id") == business_id:
        return True
    if recipient.get("id") == business_id:
        return False
    roles = {"BUSINESS_ACCOUNT": True, "PERSONAL_ACCOUNT": False}
    return roles.get(str(sender.get("role", "")).upper())


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
