"""Drives the inbox in a test: a pilot over a database, waiting on states and never on time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from textual import events
from textual.keys import _character_to_key
from textual.pilot import Pilot

from philia_tui.app import PhiliaApp
from philia_tui.health import Health
from philia_tui.longwork import LongWork
from philia_tui.opening import examiner
from server.settings import Loaded, Settings
from store.clock import Clock


class Listening:
    """A server that is always well."""

    def health(self) -> Health:
        """Says so."""
        return Health("listening", address="http://127.0.0.1:8000", pid=4242)

    def start(self) -> None:
        """Runs already."""


class Quick:
    """A pilot that waits for what happens instead of for an idle processor: Textual's own takes 65 ms a key."""

    def __init__(self, pilot: Pilot[Any]) -> None:
        """Takes Textual's pilot."""
        self.app: Any = pilot.app
        self._pilot = pilot

    async def press(self, *keys: str) -> None:
        """Presses keys one after another, each handled before the next."""
        for key in keys:
            name = _character_to_key(key) if len(key) == 1 and not key.isalnum() else key
            self.app.post_message(events.Key(name, CHARACTERS.get(name, key if len(key) == 1 else None)))
            await self.pause()

    async def pause(self) -> None:
        """Waits until what is under way has gone from app to widget and back again, and the screen is drawn."""
        for _ in range(3):
            await self._pilot._wait_for_screen()
        end = asyncio.get_running_loop().time() + 0.5
        while asyncio.get_running_loop().time() < end:
            screen = self.app.screen
            if not (screen._layout_required or screen._dirty_widgets or screen._callbacks):
                return
            await asyncio.sleep(0.002)


CHARACTERS = {
    "space": " ", "slash": "/", "backslash": "\\", "colon": ":", "question_mark": "?", "exclamation_mark": "!",
    "tab": "\t", "enter": "\r",
}  # fmt: skip


@asynccontextmanager
async def driving(
    path: Path,
    clock: Clock,
    *,
    size: tuple[int, int] = (120, 40),
    settings: Settings | None = None,
    live: bool = True,
    work: LongWork | None = None,
) -> AsyncIterator[Quick]:
    """Opens the inbox over a database; with `live` false it does not look for changes by itself."""
    settings = settings or Settings()
    examine = examiner(path, Loaded(settings=settings, file=None, sources={}), environment={})
    app = PhiliaApp(path, settings, clock=clock, server=Listening(), examine=examine, work=work)
    app.inbox.seen_seconds = 0.0
    if not live:
        app.inbox.poll = lambda: None  # type: ignore[method-assign]
    async with app.run_test(size=size, notifications=True) as textual_pilot:
        pilot = Quick(textual_pilot)
        await settle(pilot)
        yield pilot


async def settle(pilot: Quick, *, until: Callable[[], bool] | None = None, seconds: float = 10.0) -> None:
    """Waits until no worker runs and nothing is being read, and then, if asked, until something is true."""
    inbox = pilot.app.inbox
    deadline = asyncio.get_running_loop().time() + seconds
    quiet = 0
    while asyncio.get_running_loop().time() < deadline:
        await pilot.pause()
        # A question waits for keys; one that was answered is still at work.
        screen = pilot.app.screen
        asked = any(not one.answer.done() for one in screen.query("#ask"))
        busy = {"act", "undo", "lists"} | (set() if asked else {"ask", "bulk"})
        waits = any(worker.group in busy for worker in pilot.app.workers)
        quiet = 0 if waits or inbox.is_reading or (until is not None and not until()) else quiet + 1
        assert not inbox.faults, inbox.faults
        if quiet >= 2:
            return
        await asyncio.sleep(0.005)
    raise AssertionError("the inbox did not come to rest")


def toasts(app: PhiliaApp) -> str:
    """Returns everything that was said in toasts and still stands."""
    return "\n".join(one.message for one in app._notifications)


def screen_text(app: PhiliaApp) -> list[str]:
    """Returns the screen's lines as text."""
    return ["".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips()]


async def typing(pilot: Quick, text: str) -> None:
    """Types a text as a keyboard would."""
    await pilot.press(*text)
