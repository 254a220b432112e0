"""Opens the database: pragmas, transactions, the reader threads and the one writer.

Two doors to one file. `connect` gives a plain `sqlite3.Connection` to the store's functions; `Database` runs them from
the server's event loop. The SQLModel sessions over aiosqlite are made in `store.sessions`, where SQLAlchemy is
already paid for.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Concatenate, Final, ParamSpec, TypeVar

from store.errors import CannotWrite, StoreError
from store.writer import Writer

P = ParamSpec("P")
T = TypeVar("T")
Item = TypeVar("Item")

BUSY_SECONDS: Final = 10.0
"""How long a writer waits for another process's transaction before it says the database is locked."""

LOOK_SECONDS: Final = 0.002
"""How often a waiting writer looks whether the lock is free."""

READERS: Final = 4
"""Reader threads of a server: more than this gains nothing on the two cores it is measured on."""

PRAGMAS: Final = (
    "PRAGMA journal_mode = WAL",
    # A webhook's 200 and an attempt's row must survive a power cut, not only a crash.
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -8000",
)


def path_of(url: str) -> Path:
    """Reads "sqlite:///shop.db" as a path. Raises StoreError for any other kind of database."""
    prefix = "sqlite:///"
    if not url.startswith(prefix):
        raise StoreError(f"[database] url is {url!r}; Philia keeps its data in SQLite: write sqlite:///philia.db")
    return Path(url.removeprefix(prefix)).expanduser()


def connect(path: Path, *, readonly: bool = False, busy_seconds: float = BUSY_SECONDS) -> sqlite3.Connection:
    """Opens a connection with the house's pragmas; rows answer to names.

    The connection may be handed between threads, but only one may use it at a time. A new file gets mode 0600: it
    holds other people's words. Raises CannotWrite when the file cannot be opened.
    """
    try:
        if readonly:
            db = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode=ro",
                uri=True,
                timeout=busy_seconds,
                isolation_level=None,
                check_same_thread=False,
            )
        else:
            _make_private(path)
            db = sqlite3.connect(path, timeout=busy_seconds, isolation_level=None, check_same_thread=False)
    except (sqlite3.Error, OSError) as fault:
        raise CannotWrite(
            f"The database {path} cannot be opened: {fault}. Check the folder and its permissions."
        ) from fault
    db.row_factory = sqlite3.Row
    try:
        for pragma in PRAGMAS[1:] if readonly else PRAGMAS:
            db.execute(pragma)
    except sqlite3.Error as fault:
        db.close()
        raise CannotWrite(f"The database {path} cannot be used: {fault}.") from fault
    return db


def _make_private(path: Path) -> None:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    for file in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
        try:
            mode = stat.S_IMODE(file.stat().st_mode)
            if mode & 0o077:
                file.chmod(0o600)
        except OSError:
            # Not ours to change, or gone between the look and the touch: opening it will tell.
            continue


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Runs a block in one writing transaction that holds the write lock from its start; all of it or nothing.

    Raises CannotWrite when the database is locked, full or read-only.
    """
    try:
        _begin(db)
    except sqlite3.OperationalError as fault:
        raise CannotWrite(f"The database cannot be written now: {fault}. Nothing was changed; try again.") from fault
    try:
        yield db
        db.execute("COMMIT")
    except sqlite3.OperationalError as fault:
        _roll_back(db)
        raise CannotWrite(f"The database cannot be written now: {fault}. Nothing was changed; try again.") from fault
    except BaseException:
        _roll_back(db)
        raise


def _begin(db: sqlite3.Connection) -> None:
    """Takes the write lock, as long as the connection is patient.

    SQLite's own waiting looks ever less often, at last ten times a second, and against a server that applies a backlog
    of events it can lose for seconds; a key press cannot.
    """
    patience = int(db.execute("PRAGMA busy_timeout").fetchone()[0])
    until = time.monotonic() + patience / 1000
    db.execute("PRAGMA busy_timeout = 0")
    try:
        while True:
            try:
                db.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as fault:
                if fault.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= until:
                    raise
                time.sleep(LOOK_SECONDS)
            else:
                return
    finally:
        db.execute(f"PRAGMA busy_timeout = {patience}")


def _roll_back(db: sqlite3.Connection) -> None:
    if db.in_transaction:
        db.execute("ROLLBACK")


class Database:
    """The server's way to the store: reads on a few threads, writes in one that shares commits.

    Every function given to `read` or `write` takes the connection first and must not wait for anything: no
    transaction is open across a pause, a model call or an HTTP call.
    """

    def __init__(self, path: Path) -> None:
        """Opens the writer; readers open as they are needed."""
        self.path = path
        self._writer = Writer(lambda: connect(path))
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="reader")
        self._idle: SimpleQueue[sqlite3.Connection] = SimpleQueue()

    async def read(
        self, fn: Callable[Concatenate[sqlite3.Connection, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Runs `fn` on a reader thread, against one consistent picture of the database."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._readers, lambda: self._read(lambda db: fn(db, *args, **kwargs)))

    async def write(
        self, fn: Callable[Concatenate[sqlite3.Connection, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Runs `fn` in the writer's next transaction and returns after its commit reached the disk.

        Raises whatever `fn` raises (its own changes are then undone, others' are not) and CannotWrite.
        """
        return await self._writer.write(lambda db: fn(db, *args, **kwargs))

    async def write_together(self, many: Callable[[sqlite3.Connection, Sequence[Item]], Sequence[T]], item: Item) -> T:
        """Gives an item to `many`, in one call with all others that wait for it; returns its own result as `write`."""
        return await self._writer.write_together(many, item)

    def _read(self, fn: Callable[[sqlite3.Connection], T]) -> T:
        try:
            db = self._idle.get_nowait()
        except Empty:
            db = connect(self.path, readonly=True)
        try:
            db.execute("BEGIN")
            try:
                return fn(db)
            finally:
                _roll_back(db)
        finally:
            self._idle.put(db)

    def close(self) -> None:
        """Writes what is waiting, then closes every connection."""
        self._readers.shutdown(wait=True)
        self._writer.close()
        while True:
            try:
                self._idle.get_nowait().close()
            except Empty:
                return
