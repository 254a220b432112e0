"""A listener on a free port, in a thread of the test: the real application under the real server, on a real file."""

from __future__ import annotations

import asyncio
import http.client
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from server.listener.app import Gate, make_app
from server.listener.limits import Limits
from server.listener.serving import bind, make_server
from store.clock import system_clock
from store.database import Database

PATH = "/webhook/tiktok"
SECRET = "app-secret"


@dataclass(frozen=True)
class Listener:
    """Where it listens, and ways to talk to it."""

    port: int

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def connection(self) -> http.client.HTTPConnection:
        """A connection that is kept between requests."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)

    def ask(
        self, method: str = "POST", path: str = PATH, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Asks once on a connection of its own."""
        with closing(self.connection()) as connection:
            connection.request(method, path, body or None, dict(headers or {}))
            answer = connection.getresponse()
            return answer.status, answer.read()

    def raw(self, content: bytes, *, seconds: float = 20) -> bytes:
        """Sends bytes as they are and returns everything until the listener hangs up."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=seconds) as wire:
            wire.sendall(content)
            said = bytearray()
            try:
                while part := wire.recv(65_536):
                    said += part
            except ConnectionResetError:
                pass
            return bytes(said)


@contextmanager
def listening(
    database: Path,
    *,
    secret: str = "",
    per_business: int = 10_000_000,
    unverified: int = 10_000_000,
    body_limit: int = 262_144,
) -> Iterator[Listener]:
    """Runs a listener over a database until the block ends."""
    held = Database(database)
    gate = Gate(
        database=held,
        clock=system_clock,
        path=PATH,
        app_secret=secret,
        require_signature=bool(secret),
        tolerance_seconds=300,
        body_limit=body_limit,
        limits=Limits(per_business=per_business, unverified=unverified),
        arrived=lambda: None,
    )
    bound = bind("127.0.0.1", 0)
    server = make_server(make_app(gate))
    started = threading.Event()

    async def serve() -> None:
        serving = asyncio.create_task(server.serve(sockets=[bound]))
        await server.ready.wait()
        started.set()
        await serving

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        assert started.wait(20)
        yield Listener(bound.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(20)
        bound.close()
        held.close()
