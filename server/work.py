"""The steps of the server as bells and rounds: a bell wakes a worker, a round does what is due.

Correctness never hangs on a bell: every worker also wakes by its clock, and what is due stands in rows.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

log = logging.getLogger(__name__)

FAULT_PAUSE: Final = 1.0
"""Seconds a worker rests after a round broke, so that a broken disk does not fill the log."""


class Worker:
    """One step of a message's way, run round after round while there is something to do."""

    def __init__(self, name: str, round_: Callable[[], Awaitable[int]]) -> None:
        """Takes the step's name for the log and its round, which returns how much it did."""
        self.name = name
        self._round = round_
        self._bell = asyncio.Event()
        self._stopping = False
        self.fault: str | None = None
        """What broke the last round, until one succeeds."""

    def ring(self) -> None:
        """Wakes the worker; ringing twice is ringing once."""
        self._bell.set()

    def stop(self) -> None:
        """Lets the round under way finish and starts no other."""
        self._stopping = True
        self._bell.set()

    async def run(self) -> None:
        """Works until `stop`; a round that breaks is logged and tried again, never the end of the server."""
        while not self._stopping:
            await self._bell.wait()
            self._bell.clear()
            try:
                while not self._stopping and await self._round():
                    pass
                self.fault = None
            except Exception as fault:
                self.fault = f"{type(fault).__name__}: {fault}"
                log.exception("a round of %s broke; the next one tries again", self.name)
                await asyncio.sleep(FAULT_PAUSE)
