"""The courier: posts signed webhooks to the listener as TikTok does, at least once and as rudely as asked."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_args

import httpx

from server.listener.signature import HEADER, header_value
from server.simulator.events import Event
from store.clock import HOUR, Clock

Signature = Literal["valid", "wrong", "stale", "none"]
"""How a webhook is signed. All but `valid` are posted once and never again: a forger does not retry."""

GIVE_UP: Final = 72 * HOUR
STALE_SECONDS: Final = 3_600


@dataclass(slots=True)
class Manners:
    """How the courier behaves.

    `duplicates` is how many more times each webhook is posted; `shuffle` the milliseconds within which they lose their
    order, 0 keeps the order of each conversation; `signature` is for the next `signatures` webhooks, or for all when
    that is None. `retry_seconds` are the waits after a failure, the last one repeated.
    """

    duplicates: int = 0
    shuffle: int = 0
    signature: Signature = "valid"
    signatures: int | None = 0
    retry_seconds: tuple[float, ...] = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
    timeout_seconds: float = 5.0


@dataclass(slots=True)
class Delivery:
    """One webhook and what became of it: the statuses of its posts, None where no answer came."""

    event: Event
    signature: Signature
    statuses: list[int | None] = field(default_factory=list)
    acknowledged: bool = False
    given_up: bool = False
    tried: asyncio.Event = field(default_factory=asyncio.Event)

    def as_json(self) -> dict[str, Any]:
        """Returns what the control API shows of it."""
        return {
            "event": self.event.name,
            "event_id": self.event.event_id,
            "conversation_id": self.event.conversation_id,
            "signature": self.signature,
            "statuses": self.statuses,
            "acknowledged": self.acknowledged,
            "given_up": self.given_up,
        }


class Courier:
    """Posts webhooks in the background; `close` must be awaited.

    Without a listener's address nothing is posted and every webhook counts as delivered nowhere.
    """

    def __init__(self, listener_url: str | None, secret: str, clock: Clock, *, seed: int = 0) -> None:
        """Prepares the courier; the first post opens the connection.

        `clock` is the machine's and not the platform's movable one: a listener checks when a webhook was signed.
        """
        self.listener_url = listener_url
        self.manners = Manners()
        self.deliveries: list[Delivery] = []
        self._secret = secret
        self._clock = clock
        self._rng = random.Random(f"{seed}:courier")  # noqa: S311  # repeatable on purpose
        self._http = httpx.AsyncClient(trust_env=False, verify=False)  # noqa: S501  # posts go to this machine
        self._lines: dict[str, asyncio.Queue[Delivery]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._open = 0
        self._idle = asyncio.Event()
        self._idle.set()

    def send(self, event: Event, *, signature: Signature | None = None) -> Delivery:
        """Hands over a webhook and returns its record at once; posting goes on in the background."""
        if signature is None:
            signature = self._next_signature()
        delivery = Delivery(event, signature)
        self.deliveries.append(delivery)
        if self.listener_url is None:
            delivery.tried.set()
            return delivery
        self._open += 1
        self._idle.clear()
        if self.manners.shuffle > 0:
            self._spawn(self._deliver_out_of_order(delivery))
            return delivery
        line = self._lines.get(event.conversation_id)
        if line is None:
            line = self._lines[event.conversation_id] = asyncio.Queue()
            self._spawn(self._walk(line))
        line.put_nowait(delivery)
        return delivery

    async def settle(self) -> None:
        """Waits until every webhook handed over is acknowledged or given up."""
        await self._idle.wait()

    async def close(self) -> None:
        """Stops posting; what is not delivered stays undelivered."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._http.aclose()

    def configure(self, asked: Mapping[str, Any]) -> None:
        """Sets manners by name; raises ValueError for one that does not exist."""
        manners = self.manners
        allowed = (
            "duplicates",
            "shuffle",
            "signature",
            "signatures",
            "retry_seconds",
            "timeout_seconds",
            "listener_url",
        )
        if not set(asked) <= set(allowed):
            raise ValueError(f"allowed are {', '.join(allowed)}; not {sorted(set(asked) - set(allowed))}")
        if asked.get("signature", "valid") not in get_args(Signature):
            raise ValueError(f"signature is one of {', '.join(get_args(Signature))}")
        read: dict[str, Callable[[Any], Any]] = {
            "retry_seconds": lambda value: tuple(float(each) for each in value),
            "timeout_seconds": float,
            "duplicates": int,
            "shuffle": int,
            "signatures": lambda value: None if value is None else int(value),
            "signature": str,
        }
        values = {name: read[name](value) for name, value in asked.items() if name in read}
        for name, value in values.items():
            setattr(manners, name, value)
        self.listener_url = asked.get("listener_url", self.listener_url)
        if "signature" in asked and "signatures" not in asked:
            manners.signatures = None

    def _next_signature(self) -> Signature:
        manners = self.manners
        if manners.signatures is None:
            return manners.signature
        if manners.signatures > 0:
            manners.signatures -= 1
            return manners.signature
        return "valid"

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _walk(self, line: asyncio.Queue[Delivery]) -> None:
        while True:
            await self._deliver(await line.get())

    async def _deliver_out_of_order(self, delivery: Delivery) -> None:
        await asyncio.sleep(self._rng.random() * self.manners.shuffle / 1_000)
        await self._deliver(delivery)

    async def _deliver(self, delivery: Delivery) -> None:
        try:
            began = self._clock()
            waits = list(self.manners.retry_seconds)
            copies = 0
            while not delivery.acknowledged or copies <= self.manners.duplicates:
                status = await self._post(delivery)
                delivery.statuses.append(status)
                delivery.tried.set()
                if delivery.signature != "valid":
                    delivery.given_up = True
                    return
                if status == 200:
                    delivery.acknowledged = True
                    copies += 1
                elif delivery.acknowledged:
                    copies += 1
                elif self._clock() - began > GIVE_UP:
                    delivery.given_up = True
                    return
                else:
                    await asyncio.sleep(waits.pop(0) if len(waits) > 1 else waits[0] if waits else 1.0)
        finally:
            delivery.tried.set()
            self._open -= 1
            if self._open == 0:
                self._idle.set()

    async def challenge(self, url: str) -> bool:
        """Asks an address to prove that it is ours, by echoing what it is asked."""
        word = f"{self._rng.getrandbits(64):016x}"
        try:
            response = await self._http.get(url, params={"challenge": word}, timeout=self.manners.timeout_seconds)
        except httpx.HTTPError:
            return False
        return response.status_code == 200 and word in response.text

    async def _post(self, delivery: Delivery) -> int | None:
        if self.listener_url is None:  # the subscription ended while this was waiting
            return None
        body = delivery.event.body
        # A fresh time for each post: TikTok signs anew when it retries.
        t = self._clock() // 1_000 - (STALE_SECONDS if delivery.signature == "stale" else 0)
        headers = {"Content-Type": "application/json"}
        if delivery.signature != "none" and self._secret:
            secret = f"not {self._secret}" if delivery.signature == "wrong" else self._secret
            headers[HEADER] = header_value(secret, t, body)
        try:
            response = await self._http.post(
                self.listener_url, content=body, headers=headers, timeout=self.manners.timeout_seconds
            )
        except httpx.HTTPError:
            return None
        return response.status_code
