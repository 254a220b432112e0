"""The receive step: takes the events that wait and applies them, several in a commit, in the order they came."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from dataclasses import dataclass
from typing import Final

from server.listener import applying
from store import failpoints, inbound
from store.clock import Clock
from store.database import Database
from store.errors import StoreError

log = logging.getLogger(__name__)

TOGETHER: Final = 16
"""Events applied in one request to the writer, about 5 ms: a webhook that comes meanwhile waits for no more."""

FLOOD: Final = 100
"""Webhooks a second from which they count as a flood."""

WINDOW_SECONDS: Final = 0.25
"""How long webhooks are counted, or until as many have come as make a flood of this: a burst of 1,600 is over in three
such windows."""

STAND_BACK: Final = 9
"""In a flood, rests for so many times as long as a lot took: an event that waits is safe already, TikTok's is not."""


@dataclass(slots=True, kw_only=True)
class Backlog:
    """The events that wait, and how fast new ones come."""

    database: Database
    clock: Clock
    rules: applying.Rules
    arrivals: int = 0
    """Counts the webhooks since the start."""
    rate: float = 0.0
    """Webhooks a second, as last looked at."""
    looked: tuple[float, int] = (0.0, 0)
    """When that was, and how many had arrived by then."""

    async def apply(self) -> int:
        """Applies what waits, a round of it; returns how many events it took."""
        waiting = await self.database.read(inbound.waiting)
        for start in range(0, len(waiting), TOGETHER):
            began = time.monotonic()
            await self._lot(waiting[start : start + TOGETHER])
            if self._flooded():
                await asyncio.sleep(STAND_BACK * (time.monotonic() - began))
        if waiting:
            log.info("%d events applied", len(waiting))
        return len(waiting)

    def _flooded(self) -> bool:
        at, seen = self.looked
        now, came = time.monotonic(), self.arrivals - seen
        if now - at >= WINDOW_SECONDS or came >= FLOOD * WINDOW_SECONDS:
            self.rate = came / (now - at)
            self.looked = (now, self.arrivals)
        return self.rate >= FLOOD

    async def _lot(self, lot: list[inbound.Logged]) -> None:
        try:
            await self.database.write(self._together, lot)
        except Exception as fault:  # noqa: BLE001  # whichever it was, alone it is found and counted
            log.debug("%d events are applied one by one: %s", len(lot), type(fault).__name__)
            # At once, so that they share commits; the writer keeps their order.
            await asyncio.gather(*(self._alone(logged) for logged in lot))
            return
        for _ in lot:
            failpoints.reach(16)

    def _together(self, db: sqlite3.Connection, lot: list[inbound.Logged]) -> None:
        now = self.clock()
        for logged in lot:
            applying.apply(db, logged, now=now, rules=self.rules)

    async def _alone(self, logged: inbound.Logged) -> None:
        try:
            await self.database.write(applying.apply, logged, now=self.clock(), rules=self.rules)
            failpoints.reach(16)
        except (StoreError, sqlite3.OperationalError):
            # The disk's fault, not the event's: the round is tried again.
            raise
        except Exception as fault:
            state = await self.database.write(inbound.failed, logged.id, type(fault).__name__, now=self.clock())
            log.exception("event %d could not be applied and is %s", logged.id, state)
