"""What this TikTok remembers: conversations, messages, windows and quotas, and the time it believes in."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from server.simulator.ledger import Accepted, Ledger
from store.clock import HOUR, MINUTE, Clock

Source = Literal["API", "APP", "WEB"]

LISTED: Final = 20
"""Messages that the content listing returns, the newest."""


@dataclass(slots=True)
class Rules:
    """The channel's rules; each is only kept when it is switched on. Times in milliseconds.

    `challenge` makes a new webhook address prove itself before it is taken. Without `roles` and `tags` the role of a
    side and the source of a message are left out of webhooks and listings, as happens.
    """

    window: int | None = None
    quota: int | None = None
    rate_per_minute: int | None = None
    strict_recipients: bool = False
    image_send: bool = True
    challenge: bool = False
    roles: bool = True
    tags: bool = True


@dataclass(slots=True)
class Message:
    """One message of a conversation. `visible_at` is when the listing begins to show it."""

    message_id: str
    timestamp: int
    from_business: bool
    type: str
    body: dict[str, Any]
    source: Source
    visible_at: int
    referenced: str | None = None

    @property
    def text(self) -> str:
        """The words, empty for media."""
        return str(self.body.get("body", "")) if self.type == "text" else ""


@dataclass(slots=True)
class Conversation:
    """One customer's thread with the shop."""

    conversation_id: str
    customer: str
    name: str
    messages: list[Message] = field(default_factory=list)
    last_customer_at: int | None = None
    sent_in_window: int = 0
    answered: bool = False
    actions: list[str] = field(default_factory=list)
    """Sender actions received, in order: TYPING, MARK_READ."""

    @property
    def kind(self) -> str:
        """SINGLE once the business has answered, STRANGER before."""
        return "SINGLE" if self.answered else "STRANGER"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a message may not be sent: the code of v1.3 and the status of v1."""

    code: int
    status: int
    message: str


WINDOW_CLOSED: Final = Refusal(40064, 403, "The message is blocked by direct message rules: the window has closed.")
QUOTA_SPENT: Final = Refusal(40064, 403, "The message is blocked by direct message rules: the quota is spent.")
NO_TARGET: Final = Refusal(40007, 404, "The conversation does not exist.")
TOO_MANY: Final = Refusal(40100, 429, "Too many requests. Please retry later.")


class Platform:
    """The state behind the HTTP of this TikTok. Single-threaded: it lives in one event loop."""

    def __init__(self, ledger: Ledger, clock: Clock, *, business_id: str, rules: Rules | None = None) -> None:
        """Starts empty, or with what an earlier ledger says was accepted."""
        self.business_id = business_id
        self.ledger = ledger
        self.rules = rules or Rules()
        self.conversations: dict[str, Conversation] = {}
        self.by_customer: dict[str, Conversation] = {}
        self.lag = 0
        self.time_offset = 0
        self._clock = clock
        self._serial = 0
        # A second run over the same ledger must not give an id again.
        self._run = f"{clock()}/{len(ledger.entries)}"
        self._started: list[int] = []
        for entry in ledger.entries:
            self._remember(entry, entry.at)

    def now(self) -> int:
        """Returns the platform's time in epoch milliseconds."""
        return self._clock() + self.time_offset

    def conversation_of(self, customer: str, name: str | None = None) -> Conversation:
        """Returns a customer's conversation, opening it when there is none."""
        found = self.by_customer.get(customer)
        if found is None:
            found = Conversation(conversation_id_of(customer), customer, name or customer)
            self._add(found)
        if name:
            found.name = name
        return found

    def find(self, dialect: str, recipient: str) -> Conversation | None:
        """Returns the conversation a send is for; unknown recipients are welcomed unless the rules are strict."""
        found = (self.by_customer if dialect == "v1" else self.conversations).get(recipient)
        if found is not None or self.rules.strict_recipients:
            return found
        if dialect == "v1":
            return self.conversation_of(recipient)
        found = Conversation(recipient, f"customer-of-{recipient}", recipient)
        self._add(found)
        return found

    def refuse(self, conversation: Conversation | None) -> Refusal | None:
        """Returns why the rules forbid a message now, None when they do not."""
        now = self.now()
        if self.rules.rate_per_minute is not None:
            self._started = [at for at in self._started if at > now - MINUTE]
            if len(self._started) >= self.rules.rate_per_minute:
                return TOO_MANY
            self._started.append(now)
        if conversation is None:
            return NO_TARGET
        opened = conversation.last_customer_at
        if self.rules.window is not None and (opened is None or now > opened + self.rules.window):
            return WINDOW_CLOSED
        if self.rules.quota is not None and conversation.sent_in_window >= self.rules.quota:
            return QUOTA_SPENT
        return None

    def accept(
        self,
        dialect: str,
        conversation: Conversation,
        recipient: str,
        kind: str,
        body: dict[str, Any],
        *,
        request: int,
        fault: str | None,
        referenced: str | None = None,
    ) -> Message:
        """Stores a message of the business and writes it to the ledger before it returns."""
        now = self.now()
        text = str(body.get("body", ""))
        entry = Accepted(
            seq=len(self.ledger.entries) + 1,
            at=now,
            dialect=dialect,
            conversation_id=conversation.conversation_id,
            recipient=recipient,
            message_type=kind,
            text=text,
            message_id=self.new_message_id(),
            request=request,
            fault=fault,
            media_id=str(body["media_id"]) if kind == "IMAGE" else None,
        )
        self.ledger.append(entry)
        message = self._remember(entry, now + self.lag)
        message.body = body
        message.referenced = referenced
        return message

    def receive(self, conversation: Conversation, kind: str, body: dict[str, Any]) -> Message:
        """Stores a message of the customer; it opens the window and refills the quota."""
        now = self.now()
        message = Message(self.new_message_id(), now, False, kind, body, "APP", now)
        conversation.messages.append(message)
        conversation.last_customer_at = now
        conversation.sent_in_window = 0
        return message

    def typed_on_phone(self, conversation: Conversation, text: str, source: Source = "APP") -> Message:
        """Stores a message that the owner typed in TikTok's own app; it is not in the ledger of the API."""
        now = self.now()
        message = Message(self.new_message_id(), now, True, "text", {"body": text}, source, now + self.lag)
        conversation.messages.append(message)
        conversation.answered = True
        return message

    def listed(self, conversation: Conversation) -> list[Message]:
        """Returns the newest messages that the listing shows by now, oldest first."""
        now = self.now()
        return [message for message in conversation.messages if message.visible_at <= now][-LISTED:]

    def new_message_id(self) -> str:
        """Returns a fresh id that looks like TikTok's: URL-unsafe signs and all."""
        self._serial += 1
        return _odd_id(f"{self.business_id}/{self._run}/{self._serial}", "u5Bu")

    def _add(self, conversation: Conversation) -> None:
        self.conversations[conversation.conversation_id] = conversation
        self.by_customer[conversation.customer] = conversation

    def _remember(self, entry: Accepted, visible_at: int) -> Message:
        conversation = self.conversations.get(entry.conversation_id)
        if conversation is None:
            customer = entry.recipient if entry.dialect == "v1" else f"customer-of-{entry.recipient}"
            conversation = Conversation(entry.conversation_id, customer, customer)
            self._add(conversation)
        kind = entry.message_type.lower()
        body = {"body": entry.text} if entry.media_id is None else {"media_id": entry.media_id}
        message = Message(entry.message_id, entry.at, True, kind, body, "API", visible_at)
        conversation.messages.append(message)
        conversation.answered = True
        conversation.sent_in_window += 1
        return message


WINDOW: Final = 48 * HOUR


def conversation_id_of(customer: str) -> str:
    """Returns the conversation id of a customer: always the same, with `+`, `/` and `=` in it as TikTok's have."""
    return _odd_id(customer, "u5Jh")


def _odd_id(seed: str, prefix: str) -> str:
    digest = base64.b64encode(hashlib.sha256(seed.encode()).digest()[:20]).decode().rstrip("=")
    return f"{prefix}+{digest[:12]}/{digest[12:24]}=="
