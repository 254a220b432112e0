"""Everything this TikTok consists of, in one place, and what its customers and the owner's phone can do."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from typing import Any, Final, Literal

from server.simulator import events
from server.simulator.courier import Courier, Delivery, Signature
from server.simulator.faults import Faults
from server.simulator.ledger import Ledger
from server.simulator.platform import Conversation, Message, Platform, Source
from server.simulator.requests import Recorded
from server.simulator.tokens import Tokens
from store.clock import Clock, system_clock

Dialect = Literal["v1", "v1.3"]
EchoMode = Literal["after", "before", "never", "twice", "held", "random"]
"""When the echo of a send comes: after its answer, before it, never, twice, held until released, or one of the first
four at random."""

ECHO_MODES: Final = ("after", "before", "never", "twice", "held", "random")


@dataclass(slots=True)
class Echo:
    """How sends are echoed. `v1` says whether a send in dialect v1 is echoed too, in the form of v1.3."""

    mode: EchoMode = "after"
    v1: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """A message of a customer or of the phone, and the webhook that carries it."""

    conversation_id: str
    message_id: str
    delivery: Delivery


class World:
    """One simulated TikTok without its HTTP."""

    def __init__(
        self,
        ledger: Ledger,
        *,
        listener_url: str | None,
        secret: str,
        dialect: Dialect,
        business_id: str,
        client_key: str,
        seed: int,
        clock: Clock = system_clock,
    ) -> None:
        """Builds all parts around one clock and one seed."""
        self.platform = Platform(ledger, clock, business_id=business_id)
        self.tokens = Tokens(self.platform.now, client_id=client_key, client_secret=secret, open_id=business_id)
        self.courier = Courier(listener_url, secret, clock, seed=seed)
        self.faults = Faults(seed)
        self.echo = Echo()
        self.dialect: Dialect = dialect
        self.client_key = client_key
        self.requests: list[Recorded] = []
        self.uploads: dict[str, bytes] = {}
        self.held: list[events.Event] = []
        self._waiting: list[tuple[str, asyncio.Future[None]]] = []
        self._rng = random.Random(f"{seed}:echo")  # noqa: S311  # repeatable on purpose

    @property
    def account(self) -> events.Account:
        """Whose webhooks are sent, and how much is in them by the rules of now."""
        rules = self.platform.rules
        return events.Account(self.platform.business_id, self.client_key, rules.roles, rules.tags)

    def say(
        self,
        customer: str,
        text: str = "",
        *,
        name: str | None = None,
        dialect: Dialect | None = None,
        kind: str = "text",
        body: dict[str, Any] | None = None,
        eu: bool = False,
        signature: Signature | None = None,
    ) -> Said:
        """Lets a customer write, and hands the webhook to the courier.

        `kind` and `body` make other messages than text: `image` with `{"media_id"}`, `share_post` with
        `{"embed_url", "video_id"}`, `sticker` with `{"url"}`. `eu` sends the event that has no content.
        """
        conversation = self.platform.conversation_of(customer, name)
        message = self.platform.receive(conversation, kind, {"body": text} if body is None else body)
        if eu:
            event = events.received_eu(conversation, message, self.account)
        elif (dialect or self.dialect) == "v1":
            event = events.received_v1(conversation, message)
        else:
            event = events.received(conversation, message, self.account)
        delivery = self.courier.send(event, signature=signature)
        return Said(conversation.conversation_id, message.message_id, delivery)

    def phone(self, conversation: Conversation, text: str, source: Source = "APP") -> Said:
        """Lets the owner answer in TikTok's own app, and hands the echo to the courier."""
        message = self.platform.typed_on_phone(conversation, text, source)
        self.answered(conversation)
        delivery = self.courier.send(self._echo_of(conversation, message))
        return Said(conversation.conversation_id, message.message_id, delivery)

    def mark_read(self, conversation: Conversation) -> Delivery:
        """Lets the customer read everything up to now."""
        now = self.platform.now()
        return self.courier.send(events.read(conversation, now, self.account))

    def refer(self, customer: str, ad: dict[str, Any]) -> Delivery:
        """Lets a customer come in through an advertisement."""
        conversation = self.platform.conversation_of(customer)
        now = self.platform.now()
        return self.courier.send(events.referral(conversation, now, ad, self.account))

    async def next_answer(self, customer: str) -> None:
        """Waits for a message of the shop to this customer that came after her last, or is still to come."""
        conversation = self.platform.conversation_of(customer)
        if conversation.messages and conversation.messages[-1].from_business:
            return
        waiting = asyncio.get_running_loop().create_future()
        self._waiting.append((customer, waiting))
        await waiting

    def answered(self, conversation: Conversation) -> None:
        """Wakes those who wait for a message in this conversation."""
        ready = [pair for pair in self._waiting if pair[0] == conversation.customer]
        self._waiting = [pair for pair in self._waiting if pair not in ready]
        for _, waiting in ready:
            if not waiting.done():
                waiting.set_result(None)

    def echo_plan(self, dialect: Dialect) -> EchoMode:
        """Returns when the send that is being answered will be echoed."""
        if dialect == "v1" and not self.echo.v1:
            return "never"
        if self.echo.mode != "random":
            return self.echo.mode
        modes: tuple[EchoMode, ...] = ("after", "before", "never", "twice")
        return self._rng.choice(modes)

    def post_echo(self, conversation: Conversation, message: Message, times: int = 1) -> list[Delivery]:
        """Hands the echo of a message to the courier, once or more."""
        return [self.courier.send(self._echo_of(conversation, message)) for _ in range(times)]

    def hold_echo(self, conversation: Conversation, message: Message) -> None:
        """Keeps an echo back until `release_echoes`."""
        self.held.append(self._echo_of(conversation, message))

    def release_echoes(self) -> list[Delivery]:
        """Posts every echo that was kept back."""
        held, self.held = self.held, []
        return [self.courier.send(event) for event in held]

    def _echo_of(self, conversation: Conversation, message: Message) -> events.Event:
        return events.sent(conversation, message, self.account)
