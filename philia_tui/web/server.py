"""Serves the inbox to a browser of this machine through textual-serve, with a door that textual-serve does not have.

The address that is printed holds a token which opens one session, once; afterwards the browser shows a cookie. Other
hosts, other origins and later users of the token get 403. Each tab is a process of its own in a group of its own, so
that no tab leaves an inbox or a server behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import secrets
import shlex
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

import jinja2
from aiohttp import web
from textual_serve import server as textual_server
from textual_serve.app_service import AppService

HOST: Final = "127.0.0.1"
COOKIE: Final = "philia"
POLICY: Final = (
    "default-src 'none'; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; font-src 'self' data:;"
    " img-src 'self' data:; connect-src 'self' ws://{host}; frame-ancestors 'none'"
)

PR_SET_PDEATHSIG: Final = 1
_LIBC: Final = ctypes.CDLL(None) if sys.platform == "linux" else None


def _die_with_parent() -> None:
    """Lets the kernel end a tab whose server was killed: textual's web driver goes on when its pipes close."""
    if _LIBC is not None:
        _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Tab(AppService):
    """One tab's inbox, in a process group of its own."""

    async def _open_app_process(self, width: int = 80, height: int = 24) -> Process:
        self._process = process = await asyncio.create_subprocess_exec(
            *shlex.split(self.command),
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            env=self._build_environment(width=width, height=height),
            start_new_session=True,
            preexec_fn=_die_with_parent,
        )
        assert process.stdin is not None
        self._stdin = process.stdin
        TABS.add(self)
        return process

    async def stop(self) -> None:
        """Ends the inbox, and after 5 s whatever is left of its group."""
        try:
            with contextlib.suppress(TimeoutError, OSError):
                await asyncio.wait_for(super().stop(), 5)
        finally:
            self.end()

    def end(self) -> None:
        """Ends the whole group at once."""
        TABS.discard(self)
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)


TABS: Final[set[Tab]] = set()


class Door:
    """Who may come in: the first to bring the token, and from then on that browser."""

    def __init__(self, host: str) -> None:
        """Makes a token and a session for an address such as 127.0.0.1:8080."""
        self.token = secrets.token_urlsafe(24)
        self._session = secrets.token_urlsafe(24)
        self._used = False
        self._host = host

    @property
    def address(self) -> str:
        """What the owner opens, once."""
        return f"http://{self._host}/?token={self.token}"

    async def __call__(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Lets in, or answers 403; a page of another name or origin gets nothing."""
        origin = request.headers.get("Origin")
        if request.host != self._host or origin not in {None, f"http://{self._host}"}:
            raise web.HTTPForbidden(text="Philia answers on its own address only.")
        brought = request.query.get("token", "")
        if request.path == "/" and brought and not self._used and secrets.compare_digest(brought, self.token):
            self._used = True
            response = web.Response(status=303, headers={"Location": "/"})
            response.set_cookie(COOKIE, self._session, httponly=True, samesite="Strict")
            return response
        if not secrets.compare_digest(request.cookies.get(COOKIE, ""), self._session):
            raise web.HTTPForbidden(text="This address was used already. End philia web and start it again.")
        if request.path == "/ws" and origin is None:
            raise web.HTTPForbidden(text="A browser says where it comes from.")
        answer = await handler(request)
        if not answer.prepared:
            answer.headers["Content-Security-Policy"] = POLICY.format(host=self._host)
            answer.headers["Referrer-Policy"] = "no-referrer"
            answer.headers["X-Content-Type-Options"] = "nosniff"
        return answer


class InboxServer(textual_server.Server):
    """textual-serve with a door, a page of its own, and nothing from anywhere else."""

    def __init__(self, command: Sequence[str], port: int, door: Door) -> None:
        """Takes the command of a tab."""
        super().__init__(shlex.join(command), HOST, port, title="Philia")
        self._door = door

    async def make_app(self) -> web.Application:
        """Builds the application."""
        # Its tabs are ours: the module looks the class up by this name.
        textual_server.AppService = Tab  # type: ignore[attr-defined]
        app = await self._make_app()

        @web.middleware
        async def door(request: web.Request, handler: Handler) -> web.StreamResponse:
            return await self._door(request, handler)

        app.middlewares.append(door)
        import aiohttp_jinja2  # noqa: PLC0415  # where textual-serve keeps its own environment

        loader = jinja2.DictLoader({"app_index.html": (Path(__file__).parent / "page.html").read_text("utf-8")})
        aiohttp_jinja2.get_env(app).loader = loader
        return app

    async def on_startup(self, app: web.Application) -> None:
        """Prints no banner."""

    async def on_shutdown(self, app: web.Application) -> None:  # noqa: ARG002  # aiohttp's shape
        """Ends every tab."""
        for tab in list(TABS):
            tab.end()


async def run(command: Sequence[str], port: int, *, announce: Callable[[str], None], stop: asyncio.Event) -> None:
    """Serves until `stop` is set. Raises PortTaken."""
    from server.listener.serving import bind  # noqa: PLC0415  # uvicorn, 200 ms

    bound = bind(HOST, port)
    real = int(bound.getsockname()[1])
    door = Door(f"{HOST}:{real}")
    runner = web.AppRunner(await InboxServer(command, real, door).make_app(), access_log=None, shutdown_timeout=2)
    await runner.setup()
    try:
        await web.SockSite(runner, bound).start()
        announce(door.address)
        await stop.wait()
    finally:
        for tab in list(TABS):
            tab.end()
        await runner.cleanup()
