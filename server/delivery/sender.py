"""The sender: claims what is due, makes each request once, and writes down how it ended.

It has no clock of its own: `tick` is called by the runtime, and by tests under a fake clock. Requests run as tasks of
the sender, so that neither a cancelled caller nor a shutdown turns an answer into a question.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from server import stock
from server.delivery.backoff import Random, retry_at
from server.delivery.uploading import Uploader, Uploads
from server.settings import Settings
from server.tiktok.answer import Answer, Dialect
from store import attempts, drafts, failpoints, items, outbox, reconciling, uploads
from store.attempts import Claimed, Next, StillAllowed, Terms
from store.clock import SECOND, Clock
from store.database import Database
from store.errors import CannotWrite
from store.outbox import Delivery
from store.uploads import Wanted

LOG: Final = logging.getLogger(__name__)

CONCURRENT: Final = 8
"""Requests under way at once, each of another conversation; 30 a minute at 10 s each need 5."""

LONGEST_START: Final = 30 * SECOND
"""A claim older than this when its request is about to start was overtaken by a sleeping machine: nothing is sent."""

RECORD_PAUSES: Final = (0.05, 0.1, 0.2, 0.5, 1.0)
"""Seconds between tries to write an outcome down; the last repeats while the server runs."""

CUT_OFF: Final = Answer(
    outcome="unknown", kind="cut", reason="Philia was stopped while it was being sent; it may or may not have arrived."
)
NO_PICTURES: Final = Answer(outcome="refused", kind="refused", reason="Dialect v1 takes no pictures; send words.")
OVERTAKEN: Final = Answer(
    outcome="not_sent", kind="connect", reason="It did not leave in time; nothing was sent, and it waits."
)


class Wire(Uploader, Protocol):
    """What can send a text or a picture to the platform; `server.tiktok.client.TikTokClient` does."""

    async def send(self, dialect: Dialect, recipient: str, text: str) -> Answer:
        """Sends once and returns what is known afterwards; never raises but for a cancellation."""
        ...

    async def send_image(self, conversation_id: str, media_id: str) -> Answer:
        """Sends an uploaded picture once, in v1.3, as `send` does."""
        ...


class Sender:
    """Sends what is due. One object per server; `drain` must be awaited before the database is closed.

    `refresh` fetches a new access token and gives it to the client, and tells whether that worked; None when there is
    nothing to refresh. `random` returns numbers in [0, 1).
    """

    def __init__(
        self,
        database: Database,
        client: Wire,
        settings: Settings,
        *,
        clock: Clock,
        random: Random,
        boot: str,
        refresh: Callable[[], Awaitable[bool]] | None = None,
        still_allowed: StillAllowed | None = None,
    ) -> None:
        """Remembers its collaborators; nothing is claimed before the first tick."""
        self.boot = boot
        self.stopping = False
        self._database = database
        self._client = client
        self._settings = settings
        self._clock = clock
        self._random = random
        self._refresh = refresh
        self._refreshed: set[int] = set()
        self._requests: dict[int, asyncio.Task[None]] = {}
        self._ticks: set[asyncio.Task[int]] = set()
        self._uploads = Uploads(
            database, client, settings, clock=clock, random=random, refresh=refresh, ended=self.tick
        )
        self._terms = Terms(
            boot=boot,
            rate_per_minute=settings.delivery.rate_per_minute,
            grace_ms=int(settings.delivery.grace_after_window * SECOND),
            promise_broken=items.promise_broken,
            redraft=redraft,
            still_allowed=still_allowed,
        )

    @property
    def under_way(self) -> frozenset[int]:
        """The attempts whose requests are running or whose outcome is being written."""
        return frozenset(self._requests)

    async def tick(self) -> int:
        """Releases, expires and claims what is due, and starts the requests; returns how many. Does not wait for them.

        A request that ends ticks again by itself, so a conversation's next reply does not wait for the clock.
        """
        task = asyncio.create_task(self._tick())
        self._ticks.add(task)
        task.add_done_callback(self._ticks.discard)
        # Shielded: a claim whose caller was cancelled must still become a request.
        return await asyncio.shield(task)

    async def settle(self) -> None:
        """Waits until no request and no upload is under way."""
        while self._requests or self._ticks or self._uploads.tasks:
            await asyncio.wait([*self._requests.values(), *self._ticks, *self._uploads.tasks.values()])

    async def drain(self) -> None:
        """Stops claiming, then finishes and records what is under way; bounded by the timeout of a request.

        Uploads are broken off: nothing is lost by doing them again.
        """
        self.stopping = True
        await self._uploads.stop()
        await self.settle()

    async def _tick(self) -> int:
        room = CONCURRENT - len(self._requests)
        if self.stopping or room <= 0:
            return 0
        due = await self._database.read(outbox.next_due)
        if due is None or due > self._clock():
            return 0
        claimed, wanted = await self._database.write(self._claim, room, self.under_way)
        self._uploads.start(wanted)
        for claim in claimed:
            self._requests[claim.attempt_id] = asyncio.create_task(self._run(claim))
        return len(claimed)

    def _claim(self, db: sqlite3.Connection, room: int, alive: frozenset[int]) -> tuple[list[Claimed], list[Wanted]]:
        # The time is read in the transaction: waiting for the write lock must not make a late claim look early.
        now = self._clock()
        reconciling.recover(db, boot=self.boot, now=now, alive=alive)
        outbox.release_due(db, now=now)
        failpoints.reach(3)
        outbox.expire_late(db, now=now, grace_ms=self._terms.grace_ms)
        claimed = attempts.claim(db, self._terms, now=now, limit=room)
        if claimed:
            failpoints.reach(4)
        return claimed, uploads.wanted(db, now=now, limit=self._uploads.room, under_way=self._uploads.tasks)

    async def _run(self, claimed: Claimed) -> None:
        try:
            await self._send_and_record(claimed)
        except CannotWrite as fault:
            LOG.error("The outcome of attempt %d could not be written: %s", claimed.attempt_id, fault)  # noqa: TRY400
        finally:
            self._requests.pop(claimed.attempt_id, None)
        try:
            await self.tick()
        except (CannotWrite, sqlite3.Error) as fault:
            # The clock's next tick tries again.
            LOG.warning("Nothing could be claimed: %s", fault)

    async def _send_and_record(self, claimed: Claimed) -> None:
        failpoints.reach(5)
        cancelled = False
        try:
            answer = await self._ask(claimed)
        except asyncio.CancelledError:
            answer, cancelled = CUT_OFF, True
        failpoints.reach(6)
        if answer.outcome != "sent":
            LOG.warning("Attempt %d of delivery %d: %s", claimed.attempt_id, claimed.delivery_id, answer.reason)
        await asyncio.shield(asyncio.ensure_future(self._record(claimed, answer)))
        failpoints.reach(8)
        if cancelled:
            raise asyncio.CancelledError

    async def _ask(self, claimed: Claimed) -> Answer:
        now = self._clock()
        if now >= claimed.deadline or now - claimed.started_at > LONGEST_START:
            return OVERTAKEN
        api = self._settings.tiktok.api
        dialect: Dialect = api if api != "auto" else "v1" if claimed.dialect == "v1" else "v1.3"
        try:
            if claimed.media_id is not None:
                if dialect == "v1":
                    return NO_PICTURES
                return await self._client.send_image(claimed.recipient, claimed.media_id)
            return await self._client.send(dialect, claimed.recipient, claimed.text)
        except Exception as fault:  # noqa: BLE001  # whatever it is, the request may have left: only a doubt is true
            return Answer(
                outcome="unknown",
                kind="cut",
                reason=f"Sending broke off ({type(fault).__name__}); it may or may not have been sent.",
            )

    async def _record(self, claimed: Claimed, answer: Answer) -> None:
        refreshed = await self._refreshed_for(claimed, answer)
        then = Next(
            retry_at=retry_at(
                self._settings.delivery.retry_seconds,
                tries=claimed.tries,
                retry_after=answer.retry_after,
                random=self._random,
                now=self._clock(),
            ),
            doubt_server_errors=self._settings.delivery.v1_server_error == "ask",
            token_refreshed=refreshed,
            # 40105 is TikTok's own word on the token; a bare 401 of dialect v1 is that one message's failure.
            pause_on_auth=answer.code == 40105,
        )
        tries = 0
        while True:
            try:
                await self._database.write(self._write_down, claimed, answer, then)
            except CannotWrite:
                # A known outcome that is not written down would be a doubt after the next start: keep trying.
                tries += 1
                if self.stopping and tries > len(RECORD_PAUSES):
                    raise
                await asyncio.sleep(RECORD_PAUSES[min(tries, len(RECORD_PAUSES)) - 1])
            else:
                return

    def _write_down(self, db: sqlite3.Connection, claimed: Claimed, answer: Answer, then: Next) -> str:
        state = attempts.record(db, claimed, answer, then, now=self._clock())
        failpoints.reach(7)
        return state

    async def _refreshed_for(self, claimed: Claimed, answer: Answer) -> bool:
        """Refreshes a refused access token, once for each delivery; tells whether one more try is worth it."""
        if answer.kind != "auth" or self._refresh is None or claimed.delivery_id in self._refreshed:
            return False
        self._refreshed.add(claimed.delivery_id)
        try:
            return await self._refresh()
        except Exception as fault:  # noqa: BLE001  # the message's failure is told; the refresh has its own report
            LOG.warning("The access token could not be refreshed: %s", type(fault).__name__)
            return False


def redraft(db: sqlite3.Connection, delivery: Delivery, now: int) -> None:
    """Asks for a new draft in place of a reply whose piece is gone or changed, unless one is being made already."""
    if drafts.live(db, delivery.conversation_id) is not None:
        return
    gone = next(
        str(promise["sku"])
        for promise in delivery.promises
        if items.promise_broken(db, [promise], delivery.conversation_id) is not None
    )
    cause, facts = stock.what_to_say(db, gone, delivery.conversation_id)
    drafts.enqueue(db, delivery.conversation_id, now=now, cause=cause, facts=facts)
