"""Posts signed webhooks as fast as they are answered: a process of its own, so that it never slows what it measures.

    python -m tests.performance.load PORT CONNECTIONS COUNT TAG SECRET [ACKNOWLEDGED]

Every request is built and signed before the clock starts; a connection is kept and has one request under way, as
TikTok's are. Prints one JSON object; with a file, the message ids answered 200 are written there, also when the far
end dies in the middle.
"""

from __future__ import annotations

import asyncio
import gc
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.end_to_end.shop import signed, v1_3
from tests.performance.figures import percentile

CONVERSATIONS: Final = 997
"""Customers who write by turns; a prime, so that no two sizes of run favour the same."""


@dataclass(slots=True)
class Run:
    """What is to be posted, and what became of it."""

    requests: Iterator[tuple[str, bytes]]
    done: asyncio.Event
    busy: int
    took: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    acknowledged: list[str] = field(default_factory=list)


class Caller(asyncio.Protocol):
    """One connection: a request, its answer, the next request."""

    def __init__(self, run: Run) -> None:
        """Takes part in a run."""
        self.run = run
        self.answer = b""
        self.name = ""
        self.started = 0.0
        self.open = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Posts the first."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def post(self) -> None:
        """Posts the next one, or ends."""
        self.name, request = next(self.run.requests, ("", b""))
        if not request:
            self.end()
            self.transport.close()
            return
        self.started = time.perf_counter()
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Reads an answer whole, however it is cut."""
        self.answer += data
        head, separator, body = self.answer.partition(b"\r\n\r\n")
        if not separator:
            return
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        if len(body) < length:
            return
        self.run.took.append((time.perf_counter() - self.started) * 1_000)
        status = int(head[9:12])
        self.run.statuses[status] += 1
        if status == 200:
            self.run.acknowledged.append(self.name)
        self.answer = b""
        self.post()

    def connection_lost(self, exc: Exception | None) -> None:
        """Counts the end, whoever hung up."""
        self.end()

    def end(self) -> None:
        """Tells the run, once."""
        if self.open:
            self.open = False
            self.run.busy -= 1
            if self.run.busy == 0:
                self.run.done.set()


def requests_of(count: int, tag: str, secret: str) -> list[tuple[str, bytes]]:
    """Builds the raw requests, each with the id of its message."""
    made = []
    for number in range(count):
        name, customer = f"{tag}-{number}", number % CONVERSATIONS
        body = v1_3(name, f"load{customer}==", f"user{customer}", "is the brown suede jacket still available?")
        head = "".join(f"{key}: {value}\r\n" for key, value in signed(secret, body).items())
        request = f"POST /webhook/tiktok HTTP/1.1\r\nHost: 127.0.0.1\r\n{head}Content-Length: {len(body)}\r\n\r\n"
        made.append((name, request.encode() + body))
    return made


async def post(port: int, connections: int, requests: list[tuple[str, bytes]]) -> tuple[Run, float]:
    """Posts everything over so many connections; returns what became of it and the seconds it took."""
    run = Run(iter(requests), asyncio.Event(), connections)
    loop = asyncio.get_running_loop()
    callers = [(await loop.create_connection(lambda: Caller(run), "127.0.0.1", port))[1] for _ in range(connections)]
    gc.disable()
    started = time.perf_counter()
    for caller in callers:
        caller.post()
    await run.done.wait()
    return run, time.perf_counter() - started


def start(port: int, connections: int, count: int, tag: str, secret: str, file: Path | None) -> subprocess.Popen[str]:
    """Starts the program."""
    words = [str(port), str(connections), str(count), tag, secret, *([str(file)] if file else [])]
    return subprocess.Popen([sys.executable, "-m", "tests.performance.load", *words], stdout=subprocess.PIPE, text=True)


def load(port: int, connections: int, count: int, tag: str, secret: str) -> dict[str, Any]:
    """Runs the program to its end and returns its figures."""
    with start(port, connections, count, tag, secret, None) as program:
        told, _ = program.communicate(timeout=300)
    found: dict[str, Any] = json.loads(told)
    return found


def main() -> None:
    """Posts as the arguments say."""
    port, connections, count, tag, secret, *file = sys.argv[1:]
    requests = requests_of(int(count), tag, secret)
    run, seconds = asyncio.run(post(int(port), int(connections), requests))
    if file:
        Path(file[0]).write_text("\n".join(run.acknowledged), "utf-8")
    print(
        json.dumps(
            {
                "rate": len(run.took) / seconds,
                "p50": percentile(run.took, 50),
                "p99": percentile(run.took, 99),
                "statuses": dict(run.statuses),
            }
        )
    )


if __name__ == "__main__":
    main()
