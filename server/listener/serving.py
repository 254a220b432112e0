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

HEADER_LIMIT: Final = 16_384
"""Bytes of headers a caller may send; TikTok's are under 2,000."""

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
        why = "another program has it" if fault.errno == errno.EADDRINUSE else (fault.strerror or str(fault))
        raise PortTaken(
            f"The listener cannot have {host}:{port}: {why}. End that program, or set [listener] port in config.toml."
        ) from fault
    found.setblocking(False)
    return found


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
            timeout_keep_alive=15,
            timeout_graceful_shutdown=5,
            http="h11",
            ws="none",
        )
    )
