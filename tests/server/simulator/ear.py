"""A listener of the tests' own: takes webhooks over raw TCP and answers each with the next status it was given."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.server.tiktok.far_end import answer, far_end


@dataclass
class Heard:
    """One webhook: its headers by lower-case name, and its body's bytes."""

    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        """The body's object."""
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def content(self) -> dict[str, Any]:
        """The object inside the string `content` of a v1.3 webhook."""
        found: dict[str, Any] = json.loads(self.event["content"])
        return found


@dataclass
class Ear:
    """Where it listens and what it has heard, in order."""

    url: str = ""
    heard: list[Heard] = field(default_factory=list)
    arrived: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def wait_for(self, count: int) -> list[Heard]:
        """Returns what was heard once it is at least `count` webhooks."""
        async with asyncio.timeout(20), self.arrived:
            await self.arrived.wait_for(lambda: len(self.heard) >= count)
        return list(self.heard)


@asynccontextmanager
async def listening(statuses: Sequence[str] = ()) -> AsyncIterator[Ear]:
    """Answers webhooks with these status lines in turn, then always 200. An empty one hangs up without a word."""
    ear = Ear()
    left = list(statuses)

    async def play(writer: asyncio.StreamWriter) -> None:
        status = left.pop(0) if left else "200 OK"
        async with ear.arrived:
            ear.heard.append(Heard(end.headers(), end.body()))
            ear.arrived.notify_all()
        if status:
            writer.write(answer(status, b"", "Connection: close"))
            await writer.drain()

    async with far_end(play) as end:
        ear.url = f"{end.url}/webhook/tiktok"
        yield ear
