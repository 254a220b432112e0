"""Leaves in order when the system says so or the terminal is gone, even while a write to it waits for ever.

Textual writes from a thread of its own through a queue of 30 frames. When the terminal is gone that thread ends with an
error, and the frame that finds the queue full stops the event loop, with it every handler of a signal that runs there:
an inbox without a window went on for ever, and its server beside it.
"""

from __future__ import annotations

import asyncio
import contextvars
import os
import signal
import threading
from collections.abc import Callable
from typing import Final

PATIENCE: Final = 20.0
"""Seconds an orderly end may take: the server beside the inbox gets 15 for the request in flight. After that the
process ends as it is; its server sees its input close and ends in order by itself."""

ALONE: Final = 3.0
"""The same when the terminal is gone and there is nothing to restore."""

WRITER: Final = "textual-output"
"""The name of Textual's thread that writes to the terminal."""


def when_told(leave: Callable[[], object]) -> None:
    """Has SIGTERM, SIGHUP and the loss of the terminal call `leave` in the running event loop, and end the process.

    Call it on the main thread. The signals' handlers are Python's own, which run while the loop waits for a lock.
    """
    loop, context = asyncio.get_running_loop(), contextvars.copy_context()

    def go(seconds: float) -> None:
        last = threading.Timer(seconds, os._exit, (1,))
        last.daemon = True
        last.start()
        if not loop.is_closed():
            loop.call_soon_threadsafe(leave, context=context)

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: go(PATIENCE))
    told = threading.excepthook

    def ended(fault: threading.ExceptHookArgs) -> None:
        if fault.thread is not None and fault.thread.name == WRITER and isinstance(fault.exc_value, OSError):
            go(ALONE)
        else:
            told(fault)

    threading.excepthook = ended
