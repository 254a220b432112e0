"""Ends a child with its parent: however the parent ended, the pipe that is our standard input closes then."""

from __future__ import annotations

import asyncio
import os
import sys


def stop_with_parent(stop: asyncio.Event) -> None:
    """Sets `stop` in the running loop when standard input closes."""
    loop = asyncio.get_running_loop()
    pipe = sys.stdin.fileno()

    def look() -> None:
        try:
            gone = os.read(pipe, 4096) == b""
        except OSError:
            gone = True
        if gone:
            loop.remove_reader(pipe)
            stop.set()

    loop.add_reader(pipe, look)
