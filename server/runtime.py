"""Builds the server and runs it in one event loop: receive, draft, decide, deliver, each a worker with a bell.

Shutdown, in this order: stop claiming, finish and record the request in flight, drain the writer, close.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import itertools
import logging
import os
import secrets as entropy
import socket
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from server import chores, drafting, gauges, joining, learning, nightly, public, status
from server.agent.drafter import AIAgent
from server.agent.policies import Policies
from server.listener import applying
from server.listener.app import Gate, make_app
from server.listener.backlog import Backlog
from server.listener.limits import Limits
from server.listener.serving import bind, make_server
from server.scheduler import Clockwork, add_clock, make_scheduler
from server.secrets import Secrets
from server.settings import Loaded, Settings
from server.switchboard import Switchboard
from server.work import Worker
from store import drafts, lock, prompt_versions, reconciling
from store.clock import Clock, system_clock
from store.database import Database, connect
from store.migrations import migrate

log = logging.getLogger(__name__)

WATCH_SECONDS: Final = 0.02
"""How often the server looks whether another process wrote: an approval waits no longer than this. A look is 5 µs."""

REPLACED_EVERY: Final = 10
"""At every tenth look it also asks whether the database was replaced or config.toml written, of the file system."""

PERIODS: Final = {
    "receive": 1.0,
    "draft": 0.2,
    "deliver": 0.2,
    "reconcile": 1.0,
    "look after": 1.0,
    "back up": 60.0,
    "renew": 60.0,
    "fetch": 15.0,
    "see": 2.0,
    "join": joining.LOOK_SECONDS,
}
"""Seconds between two rings of a step's clock; that of "missed" is a setting."""

ROUND_SECONDS: Final = 3.0
"""What a round under way may still take at a shutdown before it is cancelled; each is safe to repeat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """What a server tells when it takes messages."""

    pid: int
    listening: str


@dataclass(slots=True, kw_only=True)
class Server:
    """Everything a running server holds; `workers` are its steps by name."""

    settings: Settings
    switchboard: Switchboard
    database: Database
    joined: joining.Joined | None
    join: Callable[[], Awaitable[joining.Joined | None]]
    backlog: Backlog
    desk: drafting.Desk
    workers: dict[str, Worker]
    clock: Clock
    boot: str

    def arrived(self) -> None:
        """Takes the news of a webhook."""
        self.backlog.arrivals += 1
        self.workers["receive"].ring()

    def health(self) -> dict[str, str]:
        """Tells of each step "ok", or what broke its last round."""
        return {name: worker.fault or "ok" for name, worker in self.workers.items()}

    def ring(self) -> None:
        """Wakes every step: something changed, and looking is cheap."""
        for worker in self.workers.values():
            worker.ring()


async def serve(
    settings: Settings,
    secrets: Secrets,
    path: Path,
    *,
    stop: asyncio.Event,
    announce: Callable[[Ready], None],
    announce_public: Callable[[public.Public], None] = lambda _public: None,
    insecure: bool = False,
    switchboard: Switchboard | None = None,
    clock: Clock = system_clock,
) -> None:
    """Runs the server until `stop` is set, behind the tunnel of the settings if there is one.

    `switchboard` takes up the switches of automatic replies while it runs; without one they stay as they are.
    With `insecure` a public address does not need signatures. Raises TunnelError when the settings ask for one that
    cannot be, StoreError (lock.AlreadyRunning when another server works on this database) and PortTaken, each with
    what to do.
    """
    if public.wanted(settings) and not insecure:
        public.demand_signature(settings, secrets)
    with (
        lock.ServerLock(path) as held,
        contextlib.closing(bind(settings.listener.host, settings.listener.port)) as bound,
    ):
        migrate(path)
        database = Database(path)
        try:
            async with (
                _built(settings, secrets, database, switchboard, clock) as server,
                _public(server, secrets, bound.getsockname()[1], announce_public) as show,
                gauges.shown(settings, database, server.health),
            ):
                await _run(server, secrets, bound, held, stop=stop, announce=announce, show=show)
        finally:
            database.close()


@contextlib.asynccontextmanager
async def _built(
    settings: Settings, secrets: Secrets, database: Database, switchboard: Switchboard | None, clock: Clock
) -> AsyncIterator[Server]:
    boot = entropy.token_hex(8)
    if switchboard is None:
        switchboard = Switchboard(Loaded(settings=settings, file=None, sources={}))
    switchboard.look()
    await database.write(_recover, boot=boot, now=clock())
    async with contextlib.AsyncExitStack() as open_things:
        policies = Policies(Path(settings.shop.policies))
        drafter = AIAgent(
            settings, secrets, read=database.read, policies=policies, learned=learning.rules_for_prompt, clock=clock
        )
        open_things.push_async_callback(drafter.aclose)
        # The model's client costs 1.1 s to import: the first customer should not wait for it.
        open_things.callback(asyncio.create_task(drafter.warm(), name="warm").cancel)
        await database.write(_keep_prompts, drafter, now=clock())
        server = Server(
            settings=settings,
            switchboard=switchboard,
            database=database,
            joined=None,
            join=functools.partial(
                joining.join,
                settings,
                secrets,
                database,
                open_things,
                newest=switchboard.newest,
                said=set(),
                clock=clock,
                boot=boot,
            ),
            backlog=Backlog(database=database, clock=clock, rules=applying.rules_of(settings)),
            desk=drafting.Desk(
                database=database,
                drafter=drafter,
                settings=settings,
                newest=switchboard.newest,
                policies=policies,
                clock=clock,
                boot=boot,
            ),
            workers={},
            clock=clock,
            boot=boot,
        )
        server.workers = _workers(server)
        await _join(server)
        yield server


async def _join(server: Server) -> dict[str, Worker]:
    """Looks for the account unless it was found; returns the steps that begin with it."""
    if server.joined is not None:
        return {}
    server.joined = await server.join()
    if server.joined is None:
        return {}
    begun = joining.workers(server.joined, server.settings, server.database, server.backlog.rules, clock=server.clock)
    server.workers |= begun
    return begun


def _keep_prompts(db: sqlite3.Connection, drafter: AIAgent, *, now: int) -> None:
    for prompt in drafter.prompts:
        prompt_versions.record(
            db, prompt.name, prompt.version, text_hash=prompt.hash, text=prompt.text, share=prompt.share, now=now
        )


def _recover(db: sqlite3.Connection, *, boot: str, now: int) -> None:
    """Takes over what another boot left: its drafts are written again, its requests are a doubt."""
    lost = drafts.requeue_lost(db, boot=boot, now=now)
    doubts = reconciling.recover(db, boot=boot, now=now)
    if lost or doubts:
        log.warning("after the last end: %d drafts are written again, %d deliveries are in doubt", lost, doubts)


def _workers(server: Server) -> dict[str, Worker]:
    """Returns the steps that need no platform, by name."""
    database, clock, settings = server.database, server.clock, server.settings

    async def receive() -> int:
        applied = await server.backlog.apply()
        if applied:
            for name in {"draft", "fetch"} & set(server.workers):
                server.workers[name].ring()
        return applied

    def written() -> None:
        for name in {"draft", "deliver"} & set(server.workers):
            server.workers[name].ring()

    async def draft() -> int:
        return await drafting.start_due(server.desk, written)

    async def look_after() -> int:
        await database.write(chores.every_second, now=clock(), settings=settings)
        return 0

    back_up = functools.partial(nightly.look, database, settings, clock=clock)
    return {
        "receive": Worker("receive", receive),
        "draft": Worker("draft", draft),
        "look after": Worker("look after", look_after),
        "back up": Worker("back up", back_up),
    }


@contextlib.asynccontextmanager
async def _public(
    server: Server, secrets: Secrets, port: int, announce: Callable[[public.Public], None]
) -> AsyncIterator[Callable[[], None]]:
    """Gives what opens the tunnel once the listener listens; at the end the tunnel is closed."""
    tasks: list[asyncio.Task[None]] = []

    async def told(known: public.Public) -> None:
        announce(known)
        await server.database.write(
            status.publish, known.address, tunnel=known.tunnel, webhook=known.webhook, now=server.clock()
        )

    def show() -> None:
        if public.wanted(server.settings):
            front = public.Front(server.settings, secrets, port=port, told=told)
            tasks.append(asyncio.create_task(front.run(), name="public"))

    try:
        yield show
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _run(
    server: Server,
    secrets: Secrets,
    bound: socket.socket,
    held: lock.ServerLock,
    *,
    stop: asyncio.Event,
    announce: Callable[[Ready], None],
    show: Callable[[], None],
) -> None:
    settings = server.settings
    gate = Gate(
        database=server.database,
        clock=server.clock,
        path=settings.listener.path,
        app_secret=secrets.tiktok_app_secret,
        require_signature=requires_signature(settings, secrets),
        tolerance_seconds=settings.listener.signature_tolerance_seconds,
        body_limit=settings.listener.body_limit_bytes,
        limits=Limits(
            per_business=settings.listener.rate_per_minute, unverified=settings.listener.unverified_per_minute
        ),
        arrived=server.arrived,
        health=server.health,
    )
    listener = make_server(make_app(gate))
    tasks: list[asyncio.Task[None]] = []

    async def look_for_account() -> int:
        begun = await _join(server)
        # A server that is ending begins nothing.
        for name, worker in {} if listener.should_exit else begun.items():
            tasks.append(asyncio.create_task(worker.run(), name=name))
            add_clock(scheduler, _clock(server, name))
            worker.ring()
        if begun:
            await server.database.write(status.joined, now=server.clock())
        return 0

    if server.joined is None:
        server.workers["join"] = Worker("join", look_for_account)
    scheduler = make_scheduler([_clock(server, name) for name in server.workers])
    listening = f"http://{_host(settings.listener.host)}:{bound.getsockname()[1]}"
    tasks += [asyncio.create_task(worker.run(), name=name) for name, worker in server.workers.items()]
    tasks.append(asyncio.create_task(_watch(server, held, stop), name="watch"))
    serving = asyncio.create_task(listener.serve(sockets=[bound]), name="listen")
    scheduler.start()
    running = status.Running(
        pid=os.getpid(), listening=listening, signed=gate.require_signature, account=server.joined is not None
    )
    await server.database.write(status.tell, running, now=server.clock())
    await _switched(server)
    server.ring()
    await listener.ready.wait()
    announce(Ready(pid=running.pid, listening=listening))
    show()
    log.info("listening on %s, signatures %s", listening, "required" if gate.require_signature else "not required")
    stopping = asyncio.create_task(stop.wait(), name="stop")
    await asyncio.wait([stopping, serving], return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    scheduler.shutdown(wait=False)
    listener.should_exit = True
    for worker in server.workers.values():
        worker.stop()
    if server.joined is not None:
        await server.joined.sender.drain()
    # A draft under way is written again at the next start; a request under way was waited for above.
    working = [serving, *tasks, *server.desk.under_way]
    _, slow = await asyncio.wait(working, timeout=ROUND_SECONDS)
    for task in slow:
        task.cancel()
    ended = await asyncio.gather(*working, return_exceptions=True)
    log.info("stopped")
    for fault in ended:
        if isinstance(fault, Exception):
            raise fault


def _clock(server: Server, name: str) -> Clockwork:
    """Returns the clock of a step; it only rings."""
    seconds = server.settings.delivery.listing_minutes * 60 if name == "missed" else PERIODS[name]
    return Clockwork(name, seconds, server.workers[name].ring)


async def _watch(server: Server, held: lock.ServerLock, stop: asyncio.Event) -> None:
    """Rings when another process wrote to the database (an approval, a hold, a sign-in); stops when it was replaced."""
    db = connect(server.database.path, readonly=True)
    try:
        seen = -1
        for look in itertools.count():
            if stop.is_set():
                return
            if look % REPLACED_EVERY == 0 and held.replaced():
                log.error("the database file was replaced by another one; this server stops before it loses messages")
                stop.set()
                return
            if look % REPLACED_EVERY == 0 and server.switchboard.look():
                await _switched(server)
            version = db.execute("PRAGMA data_version").fetchone()[0]
            if version != seen:
                seen = version
                for name in {"draft", "deliver", "join"} & set(server.workers):
                    server.workers[name].ring()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), WATCH_SECONDS)
    finally:
        db.close()


async def _switched(server: Server) -> None:
    """Tells by which switches of automatic replies the server goes from now on."""
    auto, trouble = server.switchboard.settings.auto_reply, server.switchboard.trouble
    if trouble:
        log.error("nothing goes by itself until it can be read: %s", trouble)
    log.info("automatic replies: %s, of these kinds: %s", auto.mode, ", ".join(auto.intents) or "none")
    await server.database.write(status.switched, auto, now=server.clock())


def requires_signature(settings: Settings, secrets: Secrets) -> bool:
    """Tells whether unsigned webhooks are refused: as set, else whenever there is a secret to check with."""
    told = settings.listener.require_signature
    return bool(secrets.tiktok_app_secret) if told is None else told


def _host(host: str) -> str:
    return f"[{host}]" if ":" in host else host
