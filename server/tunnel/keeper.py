"""Keeps a tunnel's program running: learns its address, notices a new one, starts it again when it ends."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from server.children import die_with_parent
from server.secrets import NAMES as SECRETS
from server.tunnel.kinds import Plan, TunnelError

LOG: Final = logging.getLogger(__name__)

PAUSES: Final = (1.0, 2.0, 5.0, 15.0, 30.0, 60.0)
"""Seconds before the next starts; the last one repeats."""

STEADY_SECONDS: Final = 60.0
"""A program that had its address this long begins the pauses anew."""

ADDRESS_SECONDS: Final = 45.0
"""What a program may take for its address; cloudflared needs about 10."""

LOOK_SECONDS: Final = 0.25
"""Between two looks while there is no address."""

STILL_SECONDS: Final = 5.0
"""Between two looks afterwards."""

MISSES: Final = 3
"""Looks without an answer after which the connection counts as lost."""

END_SECONDS: Final = 5.0
"""What a program may take to end before it is killed."""

LINE_BYTES: Final = 65_536
LONG_WORD: Final = re.compile(r"[A-Za-z0-9_-]{24,}")
"""What looks like a token: ngrok repeats a wrong one in its complaint."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How the tunnel stands: its public address, or None and why."""

    address: str | None
    words: str = ""


class TunnelKeeper:
    """Runs one tunnel until its task is cancelled; the program and what it started are ended then.

    `make_plan` is asked before each start. `changed` is told every new standing, one after another; what it raises ends
    the keeper.
    """

    def __init__(
        self,
        make_plan: Callable[[], Plan],
        changed: Callable[[Standing], Awaitable[None]],
        *,
        pauses: tuple[float, ...] = PAUSES,
        address_seconds: float = ADDRESS_SECONDS,
        still_seconds: float = STILL_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Remembers how; nothing is started before `run`."""
        self._make_plan = make_plan
        self._changed = changed
        self._pauses = pauses
        self._address_seconds = address_seconds
        self._still_seconds = still_seconds
        self._monotonic = monotonic
        self._standing = Standing(None)
        self._last_words = ""

    async def run(self) -> None:
        """Starts the program again and again, with growing pauses, until cancelled."""
        failures = 0
        while True:
            began, words = self._monotonic(), ""
            try:
                words = await self._once(self._make_plan())
            except TunnelError as fault:
                words = str(fault)
            pause = self._pauses[min(failures, len(self._pauses) - 1)]
            failures = 0 if self._monotonic() - began > STEADY_SECONDS else failures + 1
            LOG.warning("the tunnel is down, tried again in %.0f s: %s", pause, words)
            await self._stand(Standing(None, words))
            await asyncio.sleep(pause)

    async def _once(self, plan: Plan) -> str:
        """Runs the program until it ends or gives no address; returns why in the owner's words."""
        try:
            child = await asyncio.create_subprocess_exec(
                *plan.argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                limit=LINE_BYTES,
                # It needs none of ours, and a program that reports crashes sends its environment along.
                env={name: value for name, value in os.environ.items() if name not in SECRETS},
                # Its own group: Ctrl+C reaches the server alone, which then ends the whole group in order.
                start_new_session=True,
                preexec_fn=die_with_parent(),  # one system call, looked up before the fork
            )
        except OSError as fault:
            return f"{plan.argv[0]} cannot be started: {fault.strerror or type(fault).__name__}."
        self._last_words = ""
        found: asyncio.Queue[str | None] = asyncio.Queue()
        tasks = [asyncio.create_task(self._listen(child, plan, found)), asyncio.create_task(child.wait())]
        if plan.asked is not None:
            tasks.append(asyncio.create_task(self._look(plan.asked, found)))
        try:
            return await self._follow(child, plan, found)
        finally:
            await _end(child)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _follow(self, child: asyncio.subprocess.Process, plan: Plan, found: asyncio.Queue[str | None]) -> str:
        ended = asyncio.create_task(child.wait())
        try:
            while True:
                news = asyncio.create_task(found.get())
                wait = None if self._standing.address else self._address_seconds
                await asyncio.wait({ended, news}, timeout=wait, return_when=asyncio.FIRST_COMPLETED)
                if news.done():
                    address = news.result()
                    lost = "the tunnel lost its connection and looks for another"
                    await self._stand(Standing(address, "" if address else lost))
                    continue
                news.cancel()
                if ended.done():
                    said = f": {self._last_words}" if self._last_words else "."
                    return f"{plan.name} ended (status {child.returncode}){said}"
                return f"{plan.name} gave no address within {self._address_seconds:.0f} s."
        finally:
            ended.cancel()

    async def _listen(self, child: asyncio.subprocess.Process, plan: Plan, found: asyncio.Queue[str | None]) -> None:
        """Reads all that the program says, so that its pipe never fills."""
        assert child.stdout is not None
        while True:
            try:
                line = await child.stdout.readline()
            except ValueError:
                # Longer than the limit: the reader has dropped it.
                continue
            if not line:
                return
            said = line.decode("utf-8", "replace").strip()
            if not said:
                continue
            self._last_words = masked(said)
            address = plan.heard(said)
            if address is not None:
                found.put_nowait(address)

    async def _look(self, asked: Callable[[], Awaitable[str | None]], found: asyncio.Queue[str | None]) -> None:
        known: str | None = None
        misses = 0
        while True:
            address = await asked()
            misses = 0 if address else misses + 1
            if address != known and (address or misses >= MISSES):
                known = address
                found.put_nowait(address)
            await asyncio.sleep(self._still_seconds if known else LOOK_SECONDS)

    async def _stand(self, standing: Standing) -> None:
        if standing != self._standing:
            self._standing = standing
            await self._changed(standing)


def masked(words: str) -> str:
    """Returns a program's words fit for a log: short, printable, and without what looks like a token."""
    shown = "".join(letter if letter.isprintable() else " " for letter in words)
    return LONG_WORD.sub("…", shown)[:200]


async def _end(child: asyncio.subprocess.Process) -> None:
    """Ends the program and all that it started: asks first, kills what does not listen."""
    _signal(child, signal.SIGTERM)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(END_SECONDS):
            await child.wait()
    # Whether it listened or not: nothing of its group stays behind.
    _signal(child, signal.SIGKILL)
    await child.wait()


def _signal(child: asyncio.subprocess.Process, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, number)
