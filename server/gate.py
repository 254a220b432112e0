"""What a text or a picture and its conversation must be before a decision may put it into the outbox."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass
from typing import Final

from server.settings import Delivery as DeliverySettings
from store import inbox, items, outbox, uploads
from store.clock import SECOND
from store.errors import NotAllowed, Stale
from store.inbox import Conversation
from store.pictures import ItemPicture
from store.states import OPEN_DELIVERIES

TEXT_LIMIT: Final = 6_000
"""Characters of one message, as TikTok documents it."""

GOOD_LENGTH: Final = 200
"""Characters after which a reply is long for a chat; a warning, since the owner may."""

TIME_TO_LEAVE: Final = 10 * SECOND
"""How long before the window closes the time to undo ends, so that the request can still start."""

LINK: Final = re.compile(
    r"(?i)\b(?:https?://|www\.)\S+|\b[a-z0-9-]+\.(?:com|net|org|shop|store|me|co|io|ly|app|link)\b"
)
PLACEHOLDER: Final = re.compile(r"\{\{?\s*[^\W\d]\w*\s*\}?\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """A text that may go into the outbox: until when it may leave, and what the owner may want to know."""

    conversation: Conversation
    deadline: int
    warnings: tuple[str, ...]


def check_text(text: str, links: str) -> tuple[str, ...]:
    """Returns what is unusual about a text. Raises NotAllowed for one that must not be sent."""
    if not text.strip():
        raise NotAllowed("The reply is empty; nothing was sent. Write it first.")
    if len(text) > TEXT_LIMIT:
        raise NotAllowed(f"The reply has {len(text):,} characters and TikTok takes {TEXT_LIMIT:,}. Shorten it.")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise NotAllowed("The reply holds half a character that cannot be written. Type it again.") from None
    if "\0" in text:
        raise NotAllowed("The reply holds a character that cannot be sent (NUL). Type it again.")
    unfilled = PLACEHOLDER.search(text)
    if unfilled is not None:
        raise NotAllowed(f"The reply still holds {unfilled.group()}. Fill it in or take it out.")
    warnings = []
    link = LINK.search(text)
    if link is not None and links == "block":
        raise NotAllowed(f'The reply holds a link ({link.group()}), which [delivery] links = "block" forbids.')
    if link is not None and links == "warn":
        warnings.append(f"It holds a link ({link.group()}); TikTok may not deliver it.")
    if len(text) > GOOD_LENGTH:
        warnings.append(f"It has {len(text)} characters; {GOOD_LENGTH} read better in a chat.")
    return tuple(warnings)


def check(db: sqlite3.Connection, conversation_id: int, text: str, settings: DeliverySettings, *, now: int) -> Passed:
    """Returns under what terms a text may leave for this conversation. Raises NotFound, NotAllowed."""
    conversation = inbox.conversation(db, conversation_id)
    return _check_open(db, conversation, check_text(text, settings.links), settings, now=now)


def check_picture(
    db: sqlite3.Connection,
    conversation_id: int,
    picture: ItemPicture,
    settings: DeliverySettings,
    *,
    now: int,
    api: str = "auto",
) -> Passed:
    """Returns under what terms the picture of a piece may leave. Raises NotFound, NotAllowed, Stale."""
    conversation = inbox.conversation(db, conversation_id)
    if (conversation.dialect if api == "auto" else api) == "v1":
        raise NotAllowed("This conversation is in TikTok's dialect v1, which takes no pictures. Send words instead.")
    if uploads.refused_lately(db, conversation_id, now=now):
        raise NotAllowed("TikTok does not let this shop send pictures to this customer. Send words instead.")
    broken = items.promise_broken(db, [{"sku": picture.sku}], conversation_id)
    if broken is not None:
        raise Stale(f"{broken}, so its picture is not sent.")
    on_its_way = db.execute(
        "SELECT id FROM deliveries WHERE conversation_id = ? AND picture_id = ?"
        f" AND state IN ({outbox.marks(OPEN_DELIVERIES)})",
        (conversation_id, picture.id, *OPEN_DELIVERIES),
    ).fetchone()
    if on_its_way is not None:
        raise NotAllowed(f"The picture of {picture.sku} is on its way to her already, as delivery {on_its_way['id']}.")
    return _check_open(db, conversation, (), settings, now=now)


def _check_open(
    db: sqlite3.Connection,
    conversation: Conversation,
    warnings: tuple[str, ...],
    settings: DeliverySettings,
    *,
    now: int,
) -> Passed:
    if conversation.blocked:
        raise NotAllowed("You blocked this customer, so nothing is sent. Unblock first.")
    deadline = (conversation.window_closes_at or 0) + int(settings.grace_after_window * SECOND)
    if now >= deadline:
        raise NotAllowed("The reply window is closed: TikTok takes no reply until she writes again.")
    under_way = len(outbox.of_conversation(db, conversation.id, OPEN_DELIVERIES))
    if conversation.quota_left is not None and conversation.quota_left - under_way <= 0:
        raise NotAllowed("The replies that TikTok allows before she writes again are used up.")
    return Passed(conversation=conversation, deadline=deadline, warnings=warnings)


def check_newest(conversation: Conversation, seen: int | None) -> None:
    """Raises Stale unless `seen` is the newest customer message, or the caller names none."""
    if seen is not None and seen != (conversation.newest_customer_message_id or 0):
        raise Stale("She wrote again meanwhile, so nothing was sent. Read the new message first.")


def send_after(passed: Passed, settings: DeliverySettings, *, automatic: bool, at_once: bool, now: int) -> int:
    """Returns until when a text can be taken back; never so late that it would miss the window."""
    if at_once:
        return now
    seconds = settings.auto_undo_seconds if automatic else settings.undo_seconds
    return max(now, min(now + int(seconds * SECOND), passed.deadline - TIME_TO_LEAVE))
