"""The one writer of a server: waiting requests share a transaction, and so a commit.

A durable commit costs a disk flush; the requests that wait for the same flush pay it together. If one of them fails,
the batch is undone and run again with a savepoint for each, so that the failing one takes only its own changes along:
savepoints for all would be two thirds of what a webhook costs the writer. If the commit itself fails, every request
is tried again alone, so that one too large row cannot fail its neighbours. A request may therefore run more than once;
only its last run counts.

Python runs one thread at a time, and each statement hands the turn to the event loop and must ask for it back. So
requests that ask for the same thing of many rows run as one call of one statement (`write_together`), and a turn of the
event loop wakes the writer once, at its end, for everything that was asked in it. Such a call with nothing before it in
its batch has no BEGIN and no COMMIT: SQLite makes a lone statement a transaction, flushed before it returns, and the
writer asks for its turn once instead of three times.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from itertools import islice, takewhile
from queue import SimpleQueue
from typing import Any, Final, TypeVar

from store.errors import CannotWrite

T = TypeVar("T")
Item = TypeVar("Item")

BATCH: Final = 256
"""Requests in one commit at the most: beyond this the flush no longer dominates and the first would only wait."""


SECONDS: Final = 0.02
"""After this a transaction commits what has run and leaves the rest to the next: who came first should not wait for
two hundred others, nor another process for the lock."""

TOGETHER: Final = 64
"""Requests in one call at the most: a call is not ended in its middle when the time is up."""

Many = Callable[[sqlite3.Connection, Sequence[Any]], Sequence[Any]]
"""Does the same for each of several items by one writing statement, all of it or nothing; returns a result for each, in
their order."""


class _Request:
    __slots__ = ("fault", "future", "item", "loop", "many", "result")

    def __init__(self, many: Many, item: Any, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self.many = many
        self.item = item
        self.loop = loop
        self.future: Future[Any] | asyncio.Future[Any] = Future() if loop is None else loop.create_future()
        self.result: Any = None
        self.fault: BaseException | None = None

    def wanted(self) -> bool:
        """Tells whether the caller still waits; afterwards it cannot take the request back."""
        if isinstance(self.future, Future):
            return self.future.set_running_or_notify_cancel()
        return not self.future.cancelled()

    def answer(self) -> None:
        """Ends the caller's wait; for a caller in an event loop, in its thread."""
        if self.future.cancelled():
            return
        if self.fault is not None:
            self.future.set_exception(self.fault)
        else:
            self.future.set_result(self.result)


def _one(db: sqlite3.Connection, functions: Sequence[Callable[[sqlite3.Connection], Any]]) -> list[Any]:
    """Runs functions that have nothing in common."""
    return [fn(db) for fn in functions]


class Writer:
    """A thread with the only writing connection of its process."""

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        """Starts the thread; the connection is opened in it at the first request."""
        self._connect = connect
        self._waiting: deque[_Request] = deque()
        self._bell: SimpleQueue[None] = SimpleQueue()
        self._to_ring: asyncio.AbstractEventLoop | None = None
        """The event loop that will ring at the end of its turn."""
        self._closed = False
        self._gate = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def submit(self, fn: Callable[[sqlite3.Connection], T]) -> Future[T]:
        """Queues `fn` for the next transaction; the future ends after the commit. Raises CannotWrite once closed."""
        future: Future[T] = self._queue(_Request(_one, fn))
        self._bell.put(None)
        return future

    async def write(self, fn: Callable[[sqlite3.Connection], T]) -> T:
        """Queues `fn` as `submit` does and waits in the running event loop, which a whole batch wakes once."""
        result: T = await self._ask(_one, fn)
        return result

    async def write_together(self, many: Callable[[sqlite3.Connection, Sequence[Item]], Sequence[T]], item: Item) -> T:
        """Queues an item for `many`, which is called with all items that wait for it side by side; waits as `write`.

        `many` writes by one statement, which may be a transaction of its own. When it raises among several, it is
        called again with each alone.
        """
        result: T = await self._ask(many, item)
        return result

    def _ask(self, many: Many, item: Any) -> Any:
        loop = asyncio.get_running_loop()
        future = self._queue(_Request(many, item, loop))
        if self._to_ring is not loop:
            self._to_ring = loop
            loop.call_soon(self._ring)
        return future

    def _ring(self) -> None:
        self._to_ring = None
        self._bell.put(None)

    def _queue(self, request: _Request) -> Any:
        with self._gate:
            if self._closed:
                raise CannotWrite("Philia is stopping; nothing was written.")
            self._waiting.append(request)
        return request.future

    def close(self) -> None:
        """Writes everything that waits, then ends the thread and closes its connection."""
        with self._gate:
            if self._closed:
                return
            self._closed = True
        self._bell.put(None)
        self._thread.join()

    def _run(self) -> None:
        db: sqlite3.Connection | None = None
        while self._waiting or not self._closed:
            self._bell.get()
            batch = self._collect()
            while batch:
                try:
                    if db is None:
                        db = self._connect()
                except Exception as fault:  # noqa: BLE001  # whatever it is, the waiting callers must hear it
                    for request in batch:
                        request.fault = fault
                    done = batch
                else:
                    done = batch[: _commit(db, batch)]
                _answer(done)
                batch = batch[len(done) :] or self._collect()
        if db is not None:
            db.close()

    def _collect(self) -> list[_Request]:
        batch: list[_Request] = []
        while self._waiting and len(batch) < BATCH:
            request = self._waiting.popleft()
            if request.wanted():
                batch.append(request)
        return batch


def _commit(db: sqlite3.Connection, batch: list[_Request], *, careful: bool = False) -> int:
    """Runs the beginning of the batch, or all of it, in one transaction; returns how many requests ran.

    Not careful, it runs them without savepoints; a fault among several makes it begin again, careful.
    """
    done = 0
    began = time.monotonic()
    try:
        if batch[0].many is not _one and not careful:
            alike = _alike(batch, 0)
            done = len(alike)
            return done if _apply(db, alike, alone=False, careful=False) else _commit(db, alike, careful=True)
        db.execute("BEGIN IMMEDIATE")
        while done < len(batch) and (done == 0 or time.monotonic() - began < SECONDS):
            alike = batch[done : done + 1] if careful else _alike(batch, done)
            if not _apply(db, alike, alone=len(batch) == 1, careful=careful):
                _roll_back(db)
                return _commit(db, batch, careful=True)
            done += len(alike)
        db.execute("COMMIT")
    except sqlite3.Error as fault:
        _roll_back(db)
        if len(batch) > 1:
            for request in batch:
                request.fault = None
                _commit(db, [request])
            return len(batch)
        if batch[0].fault is None:
            batch[0].fault = CannotWrite(
                f"The database cannot be written now: {fault}. Nothing was changed; try again."
            )
        return 1
    return done


def _alike(batch: list[_Request], start: int) -> list[_Request]:
    """Returns the requests from `start` on that one call can answer."""
    many = batch[start].many
    if many is _one:
        return batch[start : start + 1]
    return list(takewhile(lambda request: request.many == many, islice(batch, start, start + TOGETHER)))


def _apply(db: sqlite3.Connection, alike: list[_Request], *, alone: bool, careful: bool) -> bool:
    """Runs requests in one call; False when it failed among neighbours without a savepoint and cannot be undone alone.

    Alone or careful it is given one request.
    """
    for request in alike:
        request.fault = None
    if careful and not alone:
        db.execute("SAVEPOINT request")
    try:
        results = alike[0].many(db, [request.item for request in alike])
        for request, result in zip(alike, results, strict=True):
            request.result = result
    except sqlite3.OperationalError:
        # Locked, full, broken: the whole transaction is in question.
        raise
    except BaseException as fault:  # noqa: BLE001  # the caller hears it; the writer lives on
        if not alone and not careful:
            return False
        alike[0].fault = fault
        if alone:
            db.execute("ROLLBACK")
            db.execute("BEGIN IMMEDIATE")
        else:
            db.execute("ROLLBACK TO request")
    if careful and not alone:
        db.execute("RELEASE request")
    return True


def _roll_back(db: sqlite3.Connection) -> None:
    try:
        if db.in_transaction:
            db.execute("ROLLBACK")
    except sqlite3.Error:
        # A full disk rolls back by itself, and then says there is nothing to roll back.
        return


def _answer(done: list[_Request]) -> None:
    loops: dict[asyncio.AbstractEventLoop, list[_Request]] = {}
    for request in done:
        if request.loop is None:
            request.answer()
        else:
            loops.setdefault(request.loop, []).append(request)
    for loop, requests in loops.items():
        # A loop that is closed has nobody left who waits.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(_answer_here, requests)


def _answer_here(requests: list[_Request]) -> None:
    for request in requests:
        request.answer()
