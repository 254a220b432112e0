"""Answers that no well-behaved server gives: cut, dripping, half. Used where a fault asks for them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any, Final
from weakref import WeakValueDictionary

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from server.simulator.events import json_bytes
from server.simulator.faults import Fault

HTML: Final = b"<html><head><title>Error</title></head><body><h1>Something went wrong</h1></body></html>"

_OPEN: Final[WeakValueDictionary[tuple[str, int], CuttableProtocol]] = WeakValueDictionary()


class CuttableProtocol(H11Protocol):
    """An HTTP connection that a handler can find again by its peer, in order to cut it.

    ASGI has no word for hanging up.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Keeps the connection findable while it lives."""
        super().connection_made(transport)
        if self.client is not None:
            _OPEN[self.client] = self


def envelope(data: dict[str, Any], request_id: str, *, code: int = 0, message: str = "OK") -> dict[str, Any]:
    """Returns the frame around every JSON answer."""
    return {"code": code, "message": message, "request_id": request_id, "data": data}


class FaultyResponse(Response):
    """The answer to a request on which a fault is played; `content` is what an honest answer would say."""

    def __init__(self, fault: Fault, content: dict[str, Any], request_id: str) -> None:
        """Prepares the answer."""
        self.fault = fault
        self.afterwards: Callable[[], object] | None = None
        body = _body(fault, content, request_id)
        headers = {"X-Tt-Logid": request_id}
        if fault.retry_after is not None:
            headers["Retry-After"] = fault.retry_after
        media_type = "text/html" if fault.form == "html" else "application/json"
        super().__init__(body, fault.status, headers, media_type if body else None)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Plays the fault, and then does what is to be done afterwards, whoever hung up meanwhile."""
        try:
            await self._play(scope, receive, send)
        finally:
            if self.afterwards is not None:
                self.afterwards()

    async def _play(self, scope: Scope, receive: Receive, send: Send) -> None:
        fault = self.fault
        if fault.seconds > 0 and fault.form != "drip" and await _gone_within(fault.seconds, receive):
            return
        if fault.form == "cut":
            await _cut(scope, receive)
        elif fault.form == "cut_body":
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            await send(
                {"type": "http.response.body", "body": bytes(self.body[: len(self.body) // 2]), "more_body": True}
            )
            await _cut(scope, receive, gently=True)
        elif fault.form == "drip":
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            for index, byte in enumerate(bytes(self.body)):
                last = index == len(self.body) - 1
                await send({"type": "http.response.body", "body": bytes((byte,)), "more_body": not last})
                if not last and await _gone_within(fault.seconds, receive):
                    return
        else:
            await super().__call__(scope, receive, send)


def _body(fault: Fault, content: dict[str, Any], request_id: str) -> bytes:
    if fault.form == "html":
        return HTML
    if fault.form == "empty":
        return b""
    if fault.form == "no_id":
        content = envelope({}, request_id)
    elif fault.form == "id_elsewhere":
        content = envelope({"message_id": content.get("data", {}).get("message", {}).get("message_id")}, request_id)
    elif fault.form == "odd_json":
        return b'["OK"]'
    elif fault.code != 0:
        content = envelope({}, request_id, code=fault.code, message=fault.message)
    return json_bytes(content)


async def _gone_within(seconds: float, receive: Receive) -> bool:
    """Waits, and returns early with True when the other side has hung up."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while True:
                message: Message = await receive()
                if message["type"] == "http.disconnect":
                    return True
    return False


async def _cut(scope: Scope, receive: Receive, *, gently: bool = False) -> None:
    client = scope.get("client")
    connection = _OPEN.get(tuple(client)) if client else None
    assert connection is not None, "the simulator runs on its own protocol class"
    # `close` lets what was written go out first; `abort` resets.
    if gently:
        connection.transport.close()
    else:
        connection.transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass
