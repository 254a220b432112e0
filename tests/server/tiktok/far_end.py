"""A far end of the tests' own: a bare TCP server that keeps the bytes it got and plays the bytes it was given."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Play = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass
class FarEnd:
    """Where it listens, and every request it got, whole, one a connection."""

    url: str = ""
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    got_request: asyncio.Event = field(default_factory=asyncio.Event)

    def head(self, index: int = -1) -> tuple[str, list[tuple[str, str]]]:
        """Returns the request line and the headers as they stood on the wire."""
        lines = self.requests[index].split(b"\r\n\r\n", 1)[0].decode("latin-1").split("\r\n")
        return lines[0], [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines[1:])]

    def headers(self, index: int = -1) -> dict[str, str]:
        """Returns the headers by their names in lower case."""
        return {name.lower(): value for name, value in self.head(index)[1]}

    def body(self, index: int = -1) -> bytes:
        """Returns the bytes after the headers."""
        return self.requests[index].split(b"\r\n\r\n", 1)[1]


@asynccontextmanager
async def far_end(play: Play | bytes) -> AsyncIterator[FarEnd]:
    """Answers every request with the given bytes, or as the function plays, and then closes the connection."""
    end = FarEnd()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        end.connections += 1
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
            )
            end.requests.append(head + await reader.readexactly(length))
            end.got_request.set()
            if isinstance(play, bytes):
                writer.write(play)
                await writer.drain()
            else:
                await play(writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    end.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield end
    finally:
        server.close()
        # Whoever still plays is stopped: an answer that never ends would hold the test.
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            if getattr(task.get_coro(), "__qualname__", "").endswith("far_end.<locals>.serve"):
                task.cancel()
        await server.wait_closed()


def answer(status: str, body: bytes = b"", *headers: str) -> bytes:
    """Returns the bytes of a whole HTTP answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def envelope(code: int, message: str = "OK", data: object = None) -> bytes:
    """Returns the JSON frame that TikTok puts around every answer."""
    content = {"code": code, "message": message, "request_id": "2026r1", "data": data if data is not None else {}}
    return json.dumps(content).encode()


ACCEPTED = envelope(0, "OK", {"message": {"message_id": "u5Bu+/2A=="}})
