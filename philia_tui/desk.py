"""The screen's three ways to the database: quick reads at once, slow reads and decisions on threads of their own.

A read by index takes less than a millisecond and is made where it is needed. A list of 100,000, a search and every
write wait for a thread: a writer may have to queue behind the server's own transaction.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar

from store.clock import Clock
from store.database import connect, transaction

T = TypeVar("T")

CACHE_KIB: Final = 1024
"""Pages kept by each reading connection: what one screen touches, so that memory stays with the screen."""


class Desk:
    """The connections of one inbox; `close` ends them all."""

    def __init__(self, path: Path, clock: Clock) -> None:
        """Opens the connection of the quick reads; the others open at their first use, on their own thread."""
        self.path = path
        self.clock = clock
        self.db = _reading(path)
        self._slow: sqlite3.Connection | None = None
        self._writing: sqlite3.Connection | None = None
        self._readers = ThreadPoolExecutor(1, thread_name_prefix="inbox-reader")
        self._writers = ThreadPoolExecutor(1, thread_name_prefix="inbox-writer")
        self._closed = False

    def version(self) -> int:
        """Returns a number that changes when anybody else commits."""
        return int(self.db.execute("PRAGMA data_version").fetchone()[0])

    async def read(self, fn: Callable[[sqlite3.Connection], T]) -> T:
        """Runs a slow read on its own thread, against one consistent picture."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, fn)

    async def write(self, fn: Callable[[sqlite3.Connection], T]) -> T:
        """Runs a decision in one transaction on the writing thread. Raises what it raises, and CannotWrite."""
        return await asyncio.get_running_loop().run_in_executor(self._writers, self._write, fn)

    def close(self) -> None:
        """Lets running work end, then closes every connection."""
        if self._closed:
            return
        self._closed = True
        self._readers.shutdown(wait=True, cancel_futures=True)
        self._writers.shutdown(wait=True)
        for db in (self.db, self._slow, self._writing):
            if db is not None:
                db.close()

    def _read(self, fn: Callable[[sqlite3.Connection], T]) -> T:
        if self._slow is None:
            self._slow = _reading(self.path)
        self._slow.execute("BEGIN")
        try:
            return fn(self._slow)
        finally:
            self._slow.execute("ROLLBACK")

    def _write(self, fn: Callable[[sqlite3.Connection], T]) -> T:
        if self._writing is None:
            self._writing = connect(self.path)
            self._writing.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        with transaction(self._writing) as db:
            return fn(db)


def _reading(path: Path) -> sqlite3.Connection:
    db = connect(path, readonly=True)
    db.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    return db
