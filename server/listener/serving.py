"""Runs the listener on a port of this machine: uvicorn under our own loop and our own signals."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from collections.abc import Iterator
from typing import Final

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

HEADER_LIMIT: Final = 16_384
"""Bytes of headers a caller may send; TikTok's are under 2,000."""

HEADER_SECONDS: Final = 10.0
"""How long a caller may take to send its first headers; uvicorn itself waits for ever, and 512 such callers shut it."""

KEEP_ALIVE_SECONDS: Final = 15
"""How long a connection is kept for the next webhook."""

CONNECTIONS: Final = 512
"""Connections at once; above it callers get 503 and TikTok tries again."""


class PortTaken(Exception):
    """The listener's port belongs to another program."""


def bind(host: str, port: int) -> socket.socket:
    """Takes the port before anything else is started. Raises PortTaken with what to do."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio switches Nagle's algorithm off only where it is: without it each answer on a
    # kept connection waits 40 ms for the caller's delayed ACK.
    found = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host, port))
        found.listen(CONNECTIONS)
    except OSError as fault:
        found.close()
        if fault.errno == errno.EADDRINUSE:
            what = "another program has it. End that program, or set [listener] port in config.toml."
        else:
            what = f"{fault.strerror or fault}. Set [listener] host and port in config.toml."
        raise PortTaken(f"The listener cannot have {host}:{port}: {what}") from fault
    found.setblocking(False)
    return found


class Impatient(H11Protocol):
    """HTTP that hangs up on who connects and does not ask, or asks one letter at a time."""

    _hurry: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """Starts the clock; uvicorn has one only between an answer and the next byte."""
        super().connection_made(transport)
        self._hurry = self.loop.call_later(HEADER_SECONDS, self.timeout_keep_alive_handler)

    def data_received(self, data: bytes) -> None:
        """Takes bytes; the clock runs while they are not yet a whole request."""
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        """Ends a request; half of the next one may be here already."""
        super().on_response_complete()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stops the clock."""
        super().connection_lost(exc)
        if self._hurry is not None:
            self._hurry.cancel()

    def _watch(self) -> None:
        asking = self.cycle is None or (self.cycle.response_complete and self.conn.trailing_data[0])
        if not asking and self._hurry is not None:
            self._hurry.cancel()
            self._hurry = None
        elif asking and self._hurry is None:
            self._hurry = self.loop.call_later(HEADER_SECONDS, self.timeout_keep_alive_handler)


class Server(uvicorn.Server):
    """A uvicorn that leaves signals to the runtime: its own handling re-raises SIGTERM after serving."""

    def __init__(self, config: uvicorn.Config) -> None:
        """Adds a way to wait until it listens."""
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts, then says so."""
        await super().startup(sockets)
        self.ready.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Captures nothing."""
        yield


def make_server(app: FastAPI) -> Server:
    """Builds the server; run it with `await server.serve(sockets=[…])`, end it with `should_exit`."""
    return Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            # Forwarded headers can be forged by anyone who knows the tunnel's address.
            proxy_headers=False,
            server_header=False,
            h11_max_incomplete_event_size=HEADER_LIMIT,
            limit_concurrency=CONNECTIONS,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=5,
            http=Impatient,
            ws="none",
        )
    )
