"""A model that takes its time: an OpenAI-compatible server whose every answer comes after so many seconds.

    python -m tests.performance.slow_model SECONDS

It searches with the customer's words when it was shown no rows and answers from the first row when it was. A process
of its own; prints its base URL and ends when its standard input does.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.server.agent.model.far_end import Say, calls, final, listening


def answer(body: dict[str, Any]) -> Say:
    """Returns what a well-behaved model says."""
    results = [json.loads(one["content"]) for one in body["messages"] if one["role"] == "tool"]
    if not results:
        said = [json.loads(one["content"]) for one in body["messages"] if one["role"] == "user"]
        return calls(("own", "search_inventory", {"query": said[-1]["text"]}))
    pieces = [piece for result in results for piece in result.get("items", []) if piece["status"] == "available"]
    if not pieces:
        return final("Sorry, nothing like that is here right now.", intent="availability")
    return final(f"Yes, the {pieces[0]['name']} is available, {pieces[0]['price']}.", cited_skus=[pieces[0]["sku"]])


async def serve(seconds: float) -> None:
    """Answers until standard input ends."""

    async def exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            except asyncio.IncompleteReadError:
                return
            length = int(head.partition("content-length:")[2].partition("\r\n")[0])
            say = answer(json.loads(await reader.readexactly(length)))
            await asyncio.sleep(seconds)
            head = f"HTTP/1.1 200 Said\r\nContent-Type: application/json\r\nContent-Length: {len(say.body)}\r\n\r\n"
            writer.write(head.encode() + say.body)
            await writer.drain()

    async with listening(exchange) as url:
        print(url, flush=True)
        await asyncio.to_thread(sys.stdin.read)


@contextmanager
def slow_model(seconds: float) -> Iterator[str]:
    """Runs the program for the length of a block; gives its base URL."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.performance.slow_model", str(seconds)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as program:
        try:
            assert program.stdout is not None
            yield program.stdout.readline().strip()
        finally:
            program.kill()


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1])))
