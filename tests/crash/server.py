"""A server of the shop's real parts, cut down to what can lose or double a message, so that it starts in 50 ms.

Real: database, migrations' schema, lock, listener with uvicorn, applying, decisions, sender, client, reconciler,
recovery, drain. Left out: drafting, scheduler, tunnel, screen. The owner is a loop that answers every new message.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sqlite3
from pathlib import Path
from typing import Any, Final

import msgspec

from server import decisions
from server.delivery import reconcile
from server.delivery.sender import Sender
from server.listener import applying
from server.listener.app import Gate, make_app
from server.listener.limits import Limits
from server.listener.serving import make_server
from server.settings import Delivery, Settings
from server.simulator.run import BUSINESS_ID, SECRET
from server.tiktok.client import TikTokClient
from store import drafts, failpoints, inbound, inbox, items, reconciling
from store.clock import system_clock
from store.database import Database
from store.errors import StoreError
from store.lock import ServerLock
from tests.crash.naive import NaiveSender
from tests.server.delivery.machine import give_picture

TIMEOUT: Final = 0.5
"""Seconds a request may take; the slow faults take longer."""

QUIET: Final = 0.8
"""Seconds of quiet before a listing may call a message absent; the simulator's listing lags less."""

PICTURED: Final = 3
"""Behind every third reply of dialect v1.3 a picture is sent too."""

PAUSE: Final = 0.01
"""Seconds between two rounds of each loop."""


def shop_settings() -> Settings:
    """The shop's settings with every wait a hundred times shorter."""
    delivery = msgspec.structs.replace(
        Delivery(),
        undo_seconds=0.05,
        rate_per_minute=1_000_000,
        quota_per_window=1_000,
        quiesce_seconds=QUIET,
        listing_gap_seconds=0.3,
        retry_seconds=(0.02, 0.05, 0.2),
        timeout_seconds=TIMEOUT,
    )
    return Settings(delivery=delivery)


class Crashing:
    """One run of the server."""

    def __init__(self, path: Path, tiktok: str, *, naive: bool) -> None:
        """Opens everything that a run needs."""
        self.settings = shop_settings()
        self.boot = f"{os.getpid()}"
        self.database = Database(path)
        self.client = TikTokClient(tiktok, BUSINESS_ID, "token", timeout_seconds=TIMEOUT)
        self.sender = Sender(
            self.database, self.client, self.settings, clock=system_clock, random=lambda: 0.5, boot=self.boot
        )
        self.naive = NaiveSender(self.database, self.client) if naive else None
        self.answered = 0
        """Up to which message everything has its reply: the owner need not look further back."""
        self.stop = asyncio.Event()

    async def receive(self) -> None:
        """Applies what has come in."""
        rules = applying.rules_of(self.settings)
        for logged in await self.database.read(inbound.waiting):
            await self.database.write(applying.apply, logged, now=system_clock(), rules=rules)
            failpoints.reach(16)

    async def answer(self) -> None:
        """Decides a reply to every message that has none, as an owner with one sentence would."""
        wanting = await self.database.read(_unanswered, self.answered)
        if not wanting:
            return
        refused = []
        for message, conversation, text in wanting:
            try:
                await self.database.write(_reply, conversation, text, self.settings, pictures=self.naive is None)
            except StoreError:
                refused.append(message)
                continue
            failpoints.reach(2)
        self.answered = min(refused) - 1 if refused else max(message for message, _, _ in wanting)

    async def deliver(self) -> None:
        """Sends what is due."""
        if self.naive is not None:
            await self.naive.tick()
        else:
            await self.sender.tick()

    async def look(self) -> None:
        """Looks for what is in doubt."""
        if self.naive is None:
            await reconcile.look(self.database, self.client, self.settings, clock=system_clock)

    async def forever(self, step: Any) -> None:
        """Repeats a step until the stop."""
        while not self.stop.is_set():
            await step()
            await asyncio.sleep(PAUSE)


def _unanswered(db: sqlite3.Connection, since: int) -> list[tuple[int, int, str]]:
    rows = db.execute(
        "SELECT m.conversation_id, m.id, m.text FROM messages m WHERE m.id > ? AND m.role = 'user' AND NOT EXISTS ("
        " SELECT 1 FROM deliveries d WHERE d.conversation_id = m.conversation_id AND d.text = 're: ' || m.text)"
        " ORDER BY m.id",
        (since,),
    )
    return [(row["id"], row["conversation_id"], row["text"]) for row in rows]


def _reply(db: sqlite3.Connection, conversation: int, text: str, settings: Settings, *, pictures: bool) -> None:
    reply = f"re: {text}"
    known = db.execute(
        "SELECT 1 FROM deliveries WHERE conversation_id = ? AND text = ?", (conversation, reply)
    ).fetchone()
    if known is None:
        decisions.send(db, conversation, reply, now=system_clock(), settings=settings.delivery)
        if pictures and int(text[1:]) % PICTURED == 0 and inbox.conversation(db, conversation).dialect == "v1.3":
            _send_picture(db, conversation, text, settings)


def _send_picture(db: sqlite3.Connection, conversation: int, text: str, settings: Settings) -> None:
    """Sends the picture of a piece that nobody else is sent, so that the ledger tells one from another."""
    now = system_clock()
    sku = f"piece of {text}"
    items.add(db, sku, {"name": "jacket"}, now=now, who="owner")
    path = Path(db.execute("PRAGMA database_list").fetchone()["file"])
    give_picture(db, path, sku, now=now)
    decisions.send_picture(db, conversation, sku, now=now, settings=settings.delivery)


async def run(path: Path, tiktok: str, listening: socket.socket, *, naive: bool) -> None:
    """Serves until SIGTERM, then drains; a SIGKILL ends it anywhere."""
    with ServerLock(path):
        server = Crashing(path, tiktok, naive=naive)
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, server.stop.set)
        if not naive:
            await server.database.write(reconciling.recover, boot=server.boot, now=system_clock())
        await server.database.write(drafts.requeue_lost, boot=server.boot, now=system_clock())
        gate = Gate(
            database=server.database,
            clock=system_clock,
            path="/webhook/tiktok",
            app_secret=SECRET,
            require_signature=True,
            tolerance_seconds=300,
            body_limit=262_144,
            limits=Limits(per_business=10_000_000, unverified=10_000_000),
            arrived=lambda: None,
        )
        listener = make_server(make_app(gate))
        serving = asyncio.create_task(listener.serve(sockets=[listening]))
        steps = (server.receive, server.answer, server.deliver, server.look)
        tasks = [asyncio.create_task(server.forever(step)) for step in steps]
        await server.stop.wait()
        listener.should_exit = True
        await server.sender.drain()
        await asyncio.gather(serving, *tasks)
        await server.client.aclose()
        server.database.close()
