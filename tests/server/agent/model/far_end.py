"""An OpenAI-compatible server of the tests' own: raw asyncio, a script of answers, a record of what it was asked.

It knows nothing of the code under test; whatever it sends is written byte by byte here.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Say:
    """One scripted answer."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False
    """Promise the whole body, send half, and close."""
    hang: bool = False
    """Never answer."""
    drop: bool = False
    """Close without a byte."""


Reaction = Say | Callable[[dict[str, Any]], Say]


@dataclass(slots=True)
class FarEnd:
    """What was asked, in order, and what is still to be said; the last answer repeats."""

    script: list[Reaction]
    base_url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def next(self, body: dict[str, Any]) -> Say:
        reaction = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        return reaction if isinstance(reaction, Say) else reaction(body)


@asynccontextmanager
async def far_end(*script: Reaction) -> AsyncIterator[FarEnd]:
    """Runs the server on a free port of 127.0.0.1 for the length of a block."""
    end = FarEnd(list(script))
    done = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError):
            await _exchange(end, reader, writer, done)

    async with listening(serve) as base_url:
        end.base_url = base_url
        try:
            yield end
        finally:
            done.set()


@asynccontextmanager
async def listening(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[str]:
    """Serves connections on a free port and gives the base URL; leaves no connection open behind it.

    The client must have hung up before the block ends.
    """
    serving: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            serving.add(task)
        with suppress(ConnectionError):
            await serve(reader, writer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    finally:
        server.close()
        await server.wait_closed()
        await asyncio.gather(*serving)


async def _exchange(
    end: FarEnd, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, done: asyncio.Event
) -> None:
    while True:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        given = json.loads(await reader.readexactly(int(headers.get("content-length", "0"))))
        end.asked.append(given)
        end.paths.append(head[0])
        end.headers.append(headers)
        say = end.next(given)
        if say.hang:
            await done.wait()
            return
        if say.drop:
            return
        lines = [f"HTTP/1.1 {say.status} Said", f"content-length: {len(say.body)}"]
        lines += [f"{name}: {value}" for name, value in {"content-type": "application/json", **say.headers}.items()]
        writer.write(
            ("\r\n".join(lines) + "\r\n\r\n").encode() + (say.body[: len(say.body) // 2] if say.cut else say.body)
        )
        await writer.drain()
        if say.cut:
            return


def completion(
    content: str | None = None,
    *,
    calls: Sequence[tuple[str, str, str]] = (),
    finish: str | None = "stop",
    refusal: str | None = None,
    usage: tuple[int, int] | None = (100, 20),
    headers: Mapping[str, str] | None = None,
) -> Say:
    """Says a chat completion; `calls` are (id, tool, arguments as the model wrote them)."""
    message: dict[str, Any] = {"role": "assistant", "content": content, "refusal": refusal}
    if calls:
        message["tool_calls"] = [
            {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}
            for call_id, name, arguments in calls
        ]
    given: dict[str, Any] = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "gpt-4o-2024-08-06",
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
    }
    if usage is not None:
        given["usage"] = {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)}
    return Say(body=json.dumps(given).encode(), headers={"x-request-id": "req_1", **(headers or {})})


def calls(*made: tuple[str, str, Mapping[str, Any] | str]) -> Say:
    """Says tool calls; arguments as a mapping, or as the very string."""
    written = [(call_id, name, given if isinstance(given, str) else json.dumps(given)) for call_id, name, given in made]
    return completion(None, calls=written, finish="tool_calls")


def final(reply: str, **fields: Any) -> Say:
    """Says the last turn in the form of the schema."""
    whole = {
        "reply": reply,
        "cited_skus": [],
        "intent": "availability",
        "needs_owner": False,
        "reason": "",
        "language": "en",
        "translation": None,
    }
    return completion(json.dumps(whole | fields))


def fault(status: int, code: str | None = None, *, message: str = "no", **headers: str) -> Say:
    """Says an error in OpenAI's form."""
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Say(status, json.dumps({"error": error}).encode(), {"x-request-id": "req_bad", **named})
