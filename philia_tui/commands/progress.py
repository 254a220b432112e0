"""How far long work is, on standard error: one line that changes for a person, a JSON line each for the inbox."""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Final

VARIABLE: Final = "PHILIA_PROGRESS"
"""The inbox sets it to "lines" for the commands it runs and reads `{"what", "done", "of"}` lines."""


class Progress:
    """Tells how far it is, when somebody is watching; the work can be stopped with Ctrl+C as long as it is open."""

    def __init__(self, *, least: int = 0) -> None:
        """Tells a person nothing of work that has at most `least` steps."""
        self._lines = os.environ.get(VARIABLE) == "lines"
        self._watched = sys.stderr.isatty()
        self._least = least
        self._shown = False
        if self._lines:
            # When the inbox that started it is killed the kernel sends SIGTERM: that too must leave nothing half done.
            signal.signal(signal.SIGTERM, signal.default_int_handler)

    def __call__(self, what: str, done: int, of: int) -> None:
        """Tells that `done` of `of` are behind it."""
        if self._lines:
            sys.stderr.write(json.dumps({"what": what, "done": done, "of": of}) + "\n")
        elif self._watched and of > self._least:
            sys.stderr.write(f"\r{what} {done:,} of {of:,}\x1b[K")
            self._shown = True
        else:
            return
        sys.stderr.flush()

    def end(self) -> None:
        """Takes the line away."""
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._shown = False
