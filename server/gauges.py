"""Figures for Prometheus, as text on a port of their own that listens on this machine alone.

The webhook's port is what a tunnel shows to the world, and behind it everybody comes from 127.0.0.1: these figures
would be public there. Written by hand: twelve lines of a format that has not changed in ten years.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Final

from server.listener.serving import bind
from server.settings import Settings
from store import inbound, pauses, switches
from store.database import Database
from store.states import DELIVERY_STATES, DRAFT_STATES, QUEUES

log = logging.getLogger(__name__)

HOST: Final = "127.0.0.1"
SECONDS: Final = 5.0
"""How long a caller may take."""

_OWN_NAMES: Final = ("127.0.0.1", "localhost", "[::1]")
"""Hosts a caller may ask for: a web page that points its own name at this machine gets nothing."""

Health = Callable[[], Mapping[str, str]]


def read(db: sqlite3.Connection) -> dict[str, dict[str, int]]:
    """Returns the figures that rows tell, each by its states; no table is read, only indexes."""
    return {
        "conversations": _counted(db, "SELECT queue, count(*) FROM conversations GROUP BY queue", QUEUES),
        "deliveries": _counted(db, "SELECT state, count(*) FROM deliveries GROUP BY state", DELIVERY_STATES),
        "drafts": _counted(db, "SELECT state, count(*) FROM drafts GROUP BY state", DRAFT_STATES),
        "inbound_events": inbound.counted(db),
        "paused": {"owner": int(switches.is_paused(db)), "sender": int(pauses.sender_pause(db) is not None)},
    }


def _counted(db: sqlite3.Connection, query: str, states: tuple[str, ...]) -> dict[str, int]:
    # Every state has its line from the start: a series that comes and goes cannot be compared.
    return dict.fromkeys(states, 0) | {str(row[0]): int(row[1]) for row in db.execute(query)}


def written(figures: Mapping[str, Mapping[str, int]], health: Mapping[str, str]) -> str:
    """Returns the figures in Prometheus' text format, version 0.0.4."""
    lines = []
    for name, label, about in (
        ("conversations", "queue", "Conversations by queue."),
        ("deliveries", "state", "Replies by state."),
        ("drafts", "state", "Drafts by state."),
        ("inbound_events", "state", "Webhooks by state."),
        ("paused", "by", "1 while nothing is sent."),
    ):
        lines += [f"# HELP philia_{name} {about}", f"# TYPE philia_{name} gauge"]
        lines += [f'philia_{name}{{{label}="{key}"}} {value}' for key, value in figures[name].items()]
    lines += ["# HELP philia_up 1 while a step of the server works.", "# TYPE philia_up gauge"]
    lines += [f'philia_up{{step="{step}"}} {int(state == "ok")}' for step, state in health.items()]
    return "\n".join(lines) + "\n"


@contextlib.asynccontextmanager
async def shown(settings: Settings, database: Database, health: Health) -> AsyncIterator[int | None]:
    """Shows the figures while the block runs, if the settings ask for them; gives the port. Raises PortTaken."""
    if not settings.listener.metrics:
        yield None
        return

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.LimitOverrunError, asyncio.IncompleteReadError, TimeoutError):
            async with asyncio.timeout(SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
                status, body = "404 Not Found", "Only /metrics is here.\n"
                if _asks(head):
                    status, body = "200 OK", written(await database.read(read), health())
                writer.write(
                    f"HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
                    f"Content-Length: {len(body.encode())}\r\nConnection: close\r\n\r\n{body}".encode()
                )
                await writer.drain()
        writer.close()

    bound = bind(HOST, settings.listener.metrics_port)
    server = await asyncio.start_server(answer, sock=bound, limit=8_192)
    port = int(bound.getsockname()[1])
    log.info("figures on http://%s:%d/metrics", HOST, port)
    try:
        yield port
    finally:
        server.close()


def _asks(head: bytes) -> bool:
    lines = head.decode("latin-1").split("\r\n")
    hosts = [line.partition(":")[2].strip().lower() for line in lines[1:] if line.lower().startswith("host:")]
    named = hosts[0].rpartition(":")[0] if hosts and hosts[0].rpartition(":")[2].isdigit() else "".join(hosts[:1])
    return lines[0].split(" ")[:2] == ["GET", "/metrics"] and (not hosts or named in _OWN_NAMES)
