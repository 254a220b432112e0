"""The listener: three routes that a tunnel shows to the world, and nothing else.

A webhook is verified over its raw bytes and committed before it is answered 200; everything after that happens
elsewhere. Behind a tunnel every caller comes from 127.0.0.1, so that addresses prove nothing and only the signature
does.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from server.listener import signature
from server.listener.events import NotAnEvent, challenge_of, decode, read_decoded
from server.listener.limits import Limits
from store import failpoints
from store.clock import Clock
from store.database import Database
from store.errors import CannotWrite
from store.inbound import Received, receive_all

log = logging.getLogger(__name__)

HEARD_OUT: Final = 16_000_000
"""Bytes of a body that are read before its caller is refused; beyond this the connection is closed on it."""

HEARING_SECONDS: Final = 2.0
"""How long the rest of a body that is too large is waited for."""

BODY_SECONDS: Final = 10.0
"""How long a caller may take to send its body; TikTok's arrive in one packet."""

UNSIGNED: Final = "unsigned"
"""Whom the rate limit counts where signatures are not required."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What the listener checks with and tells to."""

    database: Database
    clock: Clock
    path: str
    app_secret: str
    require_signature: bool
    tolerance_seconds: int
    body_limit: int
    limits: Limits
    arrived: Callable[[], None]
    """Called after a new event was committed; a wake-up only, nothing depends on it."""
    health: Callable[[], dict[str, str]] = field(default=dict)
    """Part → "ok" or what is wrong with it."""


class Listener(FastAPI):
    """An application whose webhook is answered before FastAPI looks at the request.

    FastAPI's way to a route passes four layers, solves dependencies and opens exit stacks: a third of a webhook, and
    this one has no use for any of it.
    """

    def __init__(self, gate: Gate) -> None:
        """Takes what the webhook is checked with; no documentation of the routes is served."""
        super().__init__(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
        self._gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request."""
        if scope["type"] == "http" and scope["method"] == "POST" and scope["path"] == self._gate.path:
            response = await take(self._gate, scope, receive)
            await response(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def make_app(gate: Gate) -> FastAPI:
    """Builds the application; no route but the three exists, not even the documentation of them."""
    app = Listener(gate)

    @app.get(gate.path)
    async def challenge(request: Request) -> Response:
        """Answers a subscription check by echoing its challenge."""
        given = request.query_params.get("challenge")
        return _echo(given[:512]) if given else _say(404, "nothing", "There is nothing to read here.")

    @app.get("/healthz")
    async def healthz() -> Response:
        """Tells that the process is alive."""
        return _json(200, {"status": "alive"})

    @app.get("/readyz")
    async def readyz() -> Response:
        """Tells whether messages can be taken: the database, the lock, the clocks."""
        return await ready(gate)

    @app.exception_handler(HTTPException)
    async def nothing_else(_request: Request, fault: HTTPException) -> Response:
        return _say(fault.status_code, "nothing", "Nothing answers here.")

    return app


async def take(gate: Gate, scope: Scope, receive: Receive) -> Response:
    """Verifies, logs and answers one webhook."""
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
    body = await _body(headers, receive, gate.body_limit)
    if isinstance(body, Response):
        return body
    verdict = None
    if gate.require_signature:
        header = signature.find_header(headers)
        now = gate.clock() / 1000
        verdict = signature.verify(gate.app_secret, header, body, now=now, tolerance_seconds=gate.tolerance_seconds)
        if verdict != "valid":
            if not gate.limits.allows_unverified():
                return _say(429, "limited", "Too many unsigned requests; wait a minute.")
            log.warning("webhook refused: signature %s, %d bytes", verdict, len(body))
            return _say(401, "refused", f"The signature is {verdict}.")
    try:
        given = decode(body)
    except NotAnEvent as fault:
        return _say(400, "refused", str(fault))
    asked = challenge_of(given)
    if asked is not None:
        return _echo(asked)
    event = read_decoded(given, body)
    # Without a signature the business is anybody's word: a name of its own each time would be no limit at all.
    if not gate.limits.allows((event.business_id or event.dialect) if verdict == "valid" else UNSIGNED):
        return _say(429, "limited", "Too many events in a minute; they are taken again later.")
    received = Received(
        dedupe_key=event.dedupe_key,
        dialect=event.dialect,
        event=event.event[:120],
        thread=event.thread,
        body=body,
        platform_at=event.platform_at,
        state={"unknown": "ignored", "unreadable": "poison"}.get(event.meaning, "received"),
        error=event.fault,
    )
    try:
        new = await gate.database.write_together(receive_all, (received, gate.clock()))
    except (CannotWrite, sqlite3.Error) as fault:
        log.error("webhook not stored: %s", fault)  # noqa: TRY400  # the trace says nothing the sentence does not
        return _say(503, "unavailable", "The event cannot be stored now; send it again.")
    failpoints.reach(14)
    if not new:
        return _STATUS["duplicate"]
    # A line for each would be an eighth of what a webhook costs; the receive step tells how many it applied.
    log.debug("webhook %s %s, %d bytes", event.dialect, received.event, len(body))
    if received.state == "ignored":
        return _STATUS["ignored"]
    gate.arrived()
    return _STATUS["accepted"]


async def _body(headers: Iterable[tuple[str, str]], receive: Receive, limit: int) -> bytes | Response:
    """Returns the body, or the refusal of one that is too large or too slow.

    A large body is read to its end and thrown away, as far as `HEARD_OUT`: a caller whose connection is closed while
    it still writes would see that and not the answer.
    """
    told = next((value for name, value in headers if name == "content-length"), "")
    if told.isdigit() and int(told) > HEARD_OUT:
        return _too_large(limit)
    taken, size, more = bytearray(), 0, True
    try:
        async with asyncio.timeout(BODY_SECONDS) as patience:
            while more and size <= HEARD_OUT:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return _GONE
                part, more = message["body"], message["more_body"]
                if size <= limit < size + len(part):
                    patience.reschedule(asyncio.get_running_loop().time() + HEARING_SECONDS)
                size += len(part)
                if size <= limit:
                    taken += part
    except TimeoutError:
        if size <= limit:
            return _say(408, "slow", f"The body did not arrive within {BODY_SECONDS:.0f} s.")
    return bytes(taken) if size <= limit else _too_large(limit)


async def ready(gate: Gate) -> Response:
    """Answers 200 when everything that receiving needs is there, else 503 with what is not."""
    parts = {"database": "ok", **gate.health()}
    try:
        await gate.database.read(_look)
    except (CannotWrite, sqlite3.Error) as fault:
        parts["database"] = str(fault)
    fine = all(state == "ok" for state in parts.values())
    return _json(200 if fine else 503, {"status": "ready" if fine else "not ready", **parts})


def _look(db: sqlite3.Connection) -> None:
    db.execute("SELECT 1 FROM inbound_events LIMIT 1").fetchone()


def _too_large(limit: int) -> Response:
    return _say(413, "refused", f"The body is larger than {limit} bytes.")


def _say(code: int, status: str, detail: str) -> Response:
    headers = {"Retry-After": "5" if code == 503 else "60"} if code in {429, 503} else {}
    if code in {408, 413}:
        # The rest of the body is not waited for.
        headers = {"Connection": "close"}
    return _json(code, {"status": status, "detail": detail}, headers)


def _json(code: int, data: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    return Response(json.dumps(data).encode(), code, headers, media_type="application/json")


def _echo(challenge: str) -> Response:
    return Response(challenge, media_type="text/plain", headers={"X-Content-Type-Options": "nosniff"})


_STATUS: Final = {status: _json(200, {"status": status}) for status in ("accepted", "duplicate", "ignored")}
"""Made once: an answer is nothing but its bytes, and is given to many."""

_GONE: Final = Response()
"""Answers a caller who hung up in the middle of a body, which nobody reads."""
