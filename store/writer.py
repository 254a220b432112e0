"""The one writer of a server: waiting requests share a transaction, and so a commit.

A durable commit costs a disk flush; the requests that wait for the same flush pay it together. Each request runs in
a savepoint of its own, so that one that fails takes only its own changes along. If the commit itself fails, every
request of the batch is tried again alone, so that one too large row cannot fail its neighbours.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any, Final, TypeVar

from store.errors import CannotWrite

T = TypeVar("T")

BATCH: Final = 256
"""Requests in one commit at the most: beyond this the flush no longer dominates and the first would only wait."""


class _Request:
    __slots__ = ("fault", "fn", "future", "result")

    def __init__(self, fn: Callable[[sqlite3.Connection], Any]) -> None:
        self.fn = fn
        self.future: Future[Any] = Future()
        self.result: Any = None
        self.fault: BaseException | None = None


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
        request = _Request(fn)
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
            if not batch:
                continue
            try:
                if db is None:
                    db = self._connect()
            except Exception as fault:  # noqa: BLE001  # whatever it is, the waiting callers must hear it
                for request in batch:
                    request.fault = fault
            else:
                _commit(db, batch)
            for request in batch:
                _answer(request)
        if db is not None:
            db.close()

    def _collect(self) -> tuple[list[_Request], bool]:
        batch: list[_Request] = []
        request = self._requests.get()
        while request is not None:
            if request.future.set_running_or_notify_cancel():
                batch.append(request)
            if len(batch) == BATCH:
                return batch, False
            try:
                request = self._requests.get_nowait()
            except Empty:
                return batch, False
        return batch, True


def _commit(db: sqlite3.Connection, batch: list[_Request]) -> None:
    try:
        db.execute("BEGIN IMMEDIATE")
        for request in batch:
            _apply(db, request, alone=len(batch) == 1)
        db.execute("COMMIT")
    except sqlite3.Error as fault:
        _roll_back(db)
        if len(batch) > 1:
            for request in batch:
                request.fault = None
                _commit(db, [request])
            return
        if batch[0].fault is None:
            batch[0].fault = CannotWrite(
                f"The database cannot be written now: {fault}. Nothing was changed; try again."
            )


def _apply(db: sqlite3.Connection, request: _Request, *, alone: bool) -> None:
    if not alone:
        db.execute("SAVEPOINT request")
    try:
        request.result = request.fn(db)
    except sqlite3.OperationalError:
        # Locked, full, broken: the whole transaction is in question.
        raise
    except BaseException as fault:  # noqa: BLE001  # the caller hears it; the writer lives on
        request.fault = fault
        if alone:
            db.execute("ROLLBACK")
            db.execute("BEGIN IMMEDIATE")
        else:
            db.execute("ROLLBACK TO request")
    if not alone:
        db.execute("RELEASE request")


def _roll_back(db: sqlite3.Connection) -> None:
    try:
        if db.in_transaction:
            db.execute("ROLLBACK")
    except sqlite3.Error:
        # A full disk rolls back by itself, and then says there is nothing to roll back.
        return


def _answer(request: _Request) -> None:
    if request.fault is not None:
        request.future.set_exception(request.fault)
    else:
        request.future.set_result(request.result)
