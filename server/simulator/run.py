"""Runs the simulated TikTok: inside a test, or as a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Any, Final, Self

import uvicorn
from fastapi import FastAPI
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from server.parent import stop_with_parent
from server.simulator.answers import CuttableProtocol
from server.simulator.api import Api
from server.simulator.control import Control
from server.simulator.ledger import Accepted, Ledger
from server.simulator.requests import Recorded
from server.simulator.world import Dialect, Said, World
from store.clock import Clock, system_clock

BUSINESS_ID: Final = "-000philia"
CLIENT_KEY: Final = "7623241219121414161"
SECRET: Final = "simulator-secret"  # noqa: S105  # a pretend secret of a pretend platform
METHODS: Final = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]


class _Server(uvicorn.Server):
    """A server that leaves signals alone and tells when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()
        self.stopping = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Takes no signal over: the loop around it has its own."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts, then says so."""
        await super().startup(sockets)
        self.ready.set()

    async def main_loop(self) -> None:
        """Ticks as uvicorn does, and stops at once when told: a tenth of a second a test adds up."""
        tick = 0
        while not await self.on_tick(tick):
            tick += 1
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.stopping.wait(), 0.1)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Hangs up on everyone: a platform that goes away says no goodbye."""
        for server in self.servers:
            server.close()
        for bound in sockets or []:
            bound.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        working = set(self.server_state.tasks)
        if working:
            _, late = await asyncio.wait(working, timeout=1)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        for server in self.servers:
            await server.wait_closed()


class Simulator:
    """A TikTok on a port of this machine, for `async with`.

    `port` 0 takes a free one. Webhooks go to `listener_url`, signed with `secret`, in `dialect`; without a listener
    nothing is posted. `ledger_path` makes the ledger a file. `faults` is applied at the start, as
    `Faults.configure` reads it.
    """

    def __init__(
        self,
        port: int = 0,
        *,
        listener_url: str | None = None,
        secret: str = SECRET,
        ledger_path: Path | None = None,
        dialect: Dialect = "v1.3",
        business_id: str = BUSINESS_ID,
        client_key: str = CLIENT_KEY,
        seed: int = 0,
        faults: Mapping[str, Any] | None = None,
        host: str = "127.0.0.1",
        clock: Clock = system_clock,
    ) -> None:
        """Remembers the settings; nothing is opened before `async with`."""
        self._address = (host, port)
        self._ledger_path = ledger_path
        self._build: Callable[[Ledger], World] = lambda ledger: World(
            ledger,
            listener_url=listener_url,
            secret=secret,
            dialect=dialect,
            business_id=business_id,
            client_key=client_key,
            seed=seed,
            clock=clock,
        )
        self._faults = faults
        self.world: World
        self.url = ""

    async def __aenter__(self) -> Self:
        """Binds, builds, listens."""
        bound = _bind(self._address)
        try:
            self._ledger = Ledger(self._ledger_path)
            self.world = self._build(self._ledger)
            if self._faults is not None:
                self.world.faults.configure(self._faults)
            self._control = Control(self.world)
            self._server = _Server(_config(self.world, self._control))
        except BaseException:
            bound.close()
            raise
        host, port = bound.getsockname()[:2]
        self.url = f"http://{host}:{port}"
        self._serving = asyncio.create_task(self._server.serve(sockets=[bound]))
        await self._server.ready.wait()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Hangs up on everyone, stops posting, closes the ledger."""
        self._server.should_exit = True
        self._server.stopping.set()
        await self._serving
        await self._control.close()
        await self.world.courier.close()
        self._ledger.close()

    async def say(self, customer: str, text: str = "", **more: Any) -> Said:
        """Lets a customer write and returns at once: see `World.say`; the webhook is posted in the background."""
        return self.world.say(customer, text, **more)

    async def phone(self, customer: str, text: str) -> Said:
        """Lets the owner answer a customer in TikTok's own app."""
        return self.world.phone(self.world.platform.conversation_of(customer), text)

    async def settle(self) -> None:
        """Waits until every webhook is acknowledged or given up."""
        await self.world.courier.settle()

    def fault(self, *queue: str | Mapping[str, Any], on: str = "send") -> None:
        """Queues faults for the next requests."""
        self.world.faults.configure({"on": on, "queue": list(queue)})

    def ledger(self) -> list[Accepted]:
        """Returns every accepted message, in order."""
        return list(self.world.platform.ledger.entries)

    def requests(self) -> list[Recorded]:
        """Returns every request as it came, secrets masked."""
        return list(self.world.requests)


def _bind(address: tuple[str, int]) -> socket.socket:
    """Returns a bound socket; raises OSError when the port is taken.

    The protocol is named because asyncio switches Nagle's algorithm off only where it is: without it every answer on a
    kept connection waits 40 ms for the other side's delayed ACK.
    """
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except BaseException:
        bound.close()
        raise
    return bound


def _config(world: World, control: Control) -> uvicorn.Config:
    """Returns the server's settings: the control API under `/simulator/`, TikTok's paths everywhere else."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.add_route("/simulator/{rest:path}", control.handle, methods=METHODS)
    app.add_route("/{rest:path}", Api(world).handle, methods=METHODS)
    app.add_exception_handler(ClientDisconnect, _nobody)
    return uvicorn.Config(
        app,
        http=CuttableProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
    )


async def _nobody(_request: Request, _hung_up: Exception) -> Response:
    """Answers a caller who hung up in the middle of a body, which nobody reads."""
    return Response()


def run(
    port: int,
    *,
    announce: Callable[[dict[str, Any]], None],
    listener_url: str | None = None,
    secret: str = SECRET,
    ledger_path: Path | None = None,
    dialect: Dialect = "v1.3",
    business_id: str = BUSINESS_ID,
    seed: int = 0,
    faults: Mapping[str, Any] | None = None,
    child: bool = False,
) -> None:
    """Runs the simulator until SIGTERM or SIGINT, or as a `child` until standard input closes.

    `announce` is given `{"url", "ledger", …}` once it listens. Raises OSError when the port is taken.
    """
    simulator = Simulator(
        port,
        listener_url=listener_url,
        secret=secret,
        ledger_path=ledger_path,
        dialect=dialect,
        business_id=business_id,
        seed=seed,
        faults=faults,
    )
    asyncio.run(_run(simulator, announce, child=child))


async def _run(simulator: Simulator, announce: Callable[[dict[str, Any]], None], *, child: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if child:
        stop_with_parent(stop)
    async with simulator:
        world = simulator.world
        announce(
            {
                "url": simulator.url,
                "ledger": str(world.platform.ledger.path) if world.platform.ledger.path else None,
                "business_id": world.platform.business_id,
                "dialect": world.dialect,
                "listener": world.courier.listener_url,
            }
        )
        await stop.wait()
