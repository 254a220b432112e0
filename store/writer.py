"""The one writer of a server: waiting requests share a transaction, and so a commit.

A durable commit costs a disk flush; the requests that wait for the same flush pay it together. If one of them fails,
the batch is undone and run again with a savepoint for each, so that the failing one takes only its own changes along:
savepoints for all would be two thirds of what a webhook costs the writer. If the commit itself fails, every request
is tried again alone, so that one too large row cannot fail its neighbours. A request may therefore run more than once;
only its last run counts.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, Final, TypeVar

from store.errors import CannotWrite

T = TypeVar("T")

BATCH: Final = 256
"""Requests in one commit at the most: beyond this the flush no longer dominates and the first would only wait."""


SECONDS: Final = 0.02
"""After this a transaction commits what has run and leaves the rest to the next: who came first should not wait for
two hundred others, nor another process for the lock."""


class _Request:
    __slots__ = ("fault", "fn", "future", "loop", "result")

    def __init__(self, fn: Callable[[sqlite3.Connection], Any], loop: asyncio.AbstractEventLoop | None = None) -> None:
        self.fn = fn
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


class Writer:
    """A thread with the only writing connection of its process."""

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        """Starts the thread; the connection is opened in it at the first request."""
        self._connect = connect
        self._requests: SimpleQueue[_Request | None] = SimpleQueue()
        self._closed = threading.Event()
        self._gate = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def submit(self, fn: Callable[[sqlite3.Connection], T]) -> Future[T]:
        """Queues `fn` for the next transaction; the future ends after the commit. Raises CannotWrite once closed."""
        future: Future[T] = self._queue(_Request(fn))
        return future

    async def write(self, fn: Callable[[sqlite3.Connection], T]) -> T:
        """Queues `fn` as `submit` does and waits in the running event loop, which a whole batch wakes once."""
        result: T = await self._queue(_Request(fn, asyncio.get_running_loop()))
        return result

    def _queue(self, request: _Request) -> Any:
        with self._gate:
            if self._closed.is_set():
                raise CannotWrite("Philia is stopping; nothing was written.")
            self._requests.put(request)
        return request.future

    def close(self) -> None:
        """Writes everything that waits, then ends the thread and closes its connection."""
        with self._gate:
            if self._closed.is_set():
                return
            self._closed.set()
            self._requests.put(None)
        self._thread.join()

    def _run(self) -> None:
        db: sqlite3.Connection | None = None
        last = False
        while not last:
            batch, last = self._collect()
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
                batch = batch[len(done) :]
        if db is not None:
            db.close()

    def _collect(self) -> tuple[list[_Request], bool]:
        batch: list[_Request] = []
        request = self._requests.get()
        while request is not None:
            if request.wanted():
                batch.append(request)
            if len(batch) == BATCH:
                return batch, False
            try:
                request = self._requests.get_nowait()
            except Empty:
                return batch, False
        return batch, True


def _commit(db: sqlite3.Connection, batch: list[_Request], *, careful: bool = False) -> int:
    """Runs the beginning of the batch, or all of it, in one transaction; returns how many requests ran.

    Not careful, it runs them without savepoints; a fault among several makes it begin again, careful.
    """
    done = 0
    began = time.monotonic()
    try:
        db.execute("BEGIN IMMEDIATE")
        for request in batch:
            if not _apply(db, request, alone=len(batch) == 1, careful=careful):
                _roll_back(db)
                return _commit(db, batch, careful=True)
            done += 1
            if time.monotonic() - began > SECONDS:
                break
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


def _apply(db: sqlite3.Connection, request: _Request, *, alone: bool, careful: bool) -> bool:
    """Runs a request; False when it failed among neighbours without a savepoint, where it cannot be undone alone."""
    request.fault = None
    if careful and not alone:
        db.execute("SAVEPOINT request")
    try:
        request.result = request.fn(db)
    except sqlite3.OperationalError:
        # Locked, full, broken: the whole transaction is in question.
        raise
    except BaseException as fault:  # noqa: BLE001  # the caller hears it; the writer lives on
        if not alone and not careful:
            return False
        request.fault = fault
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
