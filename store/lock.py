"""One server per database: an exclusive lock on a file beside it, which the kernel lets go of even after `kill -9`.

The lock is `flock`, not POSIX record locks: those would be lost as soon as the server itself opened and closed the
file to look who holds it.
"""

from __future__ import annotations

import fcntl
import os
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from store.errors import StoreError

PATIENCE: Final = 0.5
"""Seconds in which a server tries again: an inbox that looks who holds the lock holds it for microseconds itself."""


class AlreadyRunning(StoreError):
    """Another server has this database; `pid` is its process, None when it has not written it yet."""

    def __init__(self, path: Path, pid: int | None) -> None:
        """Says which process it is and what to do."""
        self.pid = pid
        who = "Another Philia" if pid is None else f"Another Philia (process {pid})"
        stop = "Stop it first" if pid is None else f"Stop it first (kill {pid})"
        super().__init__(f"{who} serves the database {path} already. {stop}, or use its inbox: philia")


@dataclass(frozen=True, slots=True)
class Identity:
    """Which file a path means: it changes when the file is replaced, not when it is written."""

    device: int
    inode: int


def lock_path(database: Path) -> Path:
    """Returns the lock file of a database."""
    return database.with_name(database.name + ".lock")


def identity(path: Path) -> Identity | None:
    """Returns which file the path means now, None when there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return Identity(found.st_dev, found.st_ino)


class ServerLock:
    """The lock of the one server; held until `release` or the end of the process."""

    def __init__(self, database: Path) -> None:
        """Takes the lock. Raises AlreadyRunning when another process has it, StoreError when the folder is closed."""
        self.database = database
        self.identity = identity(database)
        try:
            database.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(lock_path(database), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as fault:
            raise StoreError(
                f"The lock file {lock_path(database)} cannot be opened: {fault.strerror}. Mend its folder's "
                "permissions, or set [database] url."
            ) from fault
        try:
            self._take()
        except BaseException:
            os.close(self._file)
            raise

    def _take(self) -> None:
        until = time.monotonic() + PATIENCE
        while True:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= until:
                    raise AlreadyRunning(self.database, _read_pid(self._file)) from None
                time.sleep(0.01)
            else:
                break
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    def replaced(self) -> bool:
        """Tells whether the database file is another one, or gone, since the lock was taken: stop at once then.

        A server that goes on would write into a file that nobody else sees.
        """
        if self.identity is None:
            # The file was made after the lock was taken.
            self.identity = identity(self.database)
            return False
        return identity(self.database) != self.identity

    def release(self) -> None:
        """Lets the lock go; the file stays, since removing it would let two servers lock two files of one name."""
        if self._file >= 0:
            os.ftruncate(self._file, 0)
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self.release()


def holder(database: Path) -> int | None:
    """Returns the process that serves the database, None when none does; takes nothing from a server that starts.

    0 stands for a server that has the lock and has not written its number yet.
    """
    try:
        file = os.open(lock_path(database), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read_pid(file) or 0
    else:
        return None
    finally:
        os.close(file)


def _read_pid(file: int) -> int | None:
    text = os.pread(file, 20, 0).strip()
    return int(text) if text.isdigit() else None
