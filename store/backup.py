"""Backup while the shop is open, restore that sends nothing by itself, and the nightly look at the file's health."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from store import journal, pauses, reconciling
from store.database import connect, transaction
from store.errors import CannotWrite, NotFound, StoreError
from store.lock import ServerLock
from store.migrations import migrate, revision_of

PAGES: Final = 256
"""Pages of 4 kB copied at a time: writers wait for one such step at most."""

Progress = Callable[[int, int], None]
"""Is told how many pages are copied, of how many."""


class BrokenDatabase(StoreError):
    """The file is damaged or no shop of Philia's."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did: how many deliveries are in doubt, and where the database that it replaced is kept."""

    in_doubt: int
    kept: Path | None


def backup(database: Path, target: Path, *, progress: Progress | None = None) -> int:
    """Copies the database, which may be in use, and returns the copy's size in bytes.

    The target appears only when it is whole and sound, with mode 0600. Raises NotFound, CannotWrite, BrokenDatabase.
    """
    if not database.is_file():
        raise NotFound(f"There is no database {database}; nothing was backed up.")
    if target.exists() and target.samefile(database):
        raise CannotWrite(f"{target} is the database itself; name another file.")
    partial = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(partial, os.O_CREAT | os.O_RDWR | os.O_TRUNC, 0o600))
        with closing(connect(database, readonly=True)) as source, closing(sqlite3.connect(partial)) as copy:
            source.backup(copy, pages=PAGES, progress=_told(progress), sleep=0.01)
            # One file, no companions: what is copied away is everything.
            copy.execute("PRAGMA journal_mode = DELETE")
        faults = integrity(partial)
        if faults:
            raise BrokenDatabase(f"The backup of {database} is not sound and was not kept: {faults[0]}")
        _sync(partial)
        partial.replace(target)
        _sync(target.parent)
    except (OSError, sqlite3.Error) as fault:
        raise CannotWrite(f"The backup {target} could not be written: {fault}.") from fault
    finally:
        partial.unlink(missing_ok=True)
    return target.stat().st_size


def restore(source: Path, database: Path, *, now: int, progress: Progress | None = None) -> Restored:
    """Puts a backup in the place of the database, which is kept beside it; no server may be running.

    It starts paused, and every delivery that was open in the backup is in doubt until it is looked up. Raises
    NotFound, BrokenDatabase, AlreadyRunning, NewerDatabase, CannotWrite; then nothing has changed.
    """
    if not source.is_file():
        raise NotFound(f"There is no backup {source}; nothing was changed.")
    if database.exists() and source.samefile(database):
        raise CannotWrite(f"{source} is the database itself; name a backup.")
    with ServerLock(database):
        partial = database.with_name(f".{database.name}.{os.getpid()}.part")
        try:
            os.close(os.open(partial, os.O_CREAT | os.O_RDWR | os.O_TRUNC, 0o600))
            _copy(source, partial, progress)
            migrate(partial)
            in_doubt = _make_safe(partial, now)
            _sync(partial)
            kept = _set_aside(database, now)
            partial.replace(database)
            _sync(database.parent)
        except (OSError, sqlite3.Error) as fault:
            raise CannotWrite(f"The database {database} could not be restored: {fault}.") from fault
        finally:
            for file in _with_companions(partial):
                file.unlink(missing_ok=True)
    return Restored(in_doubt=in_doubt, kept=kept)


def integrity(database: Path, *, limit: int = 20) -> list[str]:
    """Returns what is wrong with a database file, an empty list for nothing; reads all of it."""
    try:
        with closing(connect(database, readonly=True)) as db:
            found = [str(row[0]) for row in db.execute(f"PRAGMA integrity_check({limit})")]
            broken = db.execute("PRAGMA foreign_key_check").fetchmany(limit)
    except (sqlite3.Error, StoreError) as fault:
        return [str(fault)]
    faults = [] if found == ["ok"] else found
    return faults + [f"a row of {row[0]} points to a missing row of {row[2]}" for row in broken]


def note_integrity(db: sqlite3.Connection, faults: list[str], *, now: int) -> None:
    """Writes down the nightly look, and tells the owner when the file is damaged."""
    why = "sound" if not faults else f"{len(faults)} faults: {faults[0]}"
    journal.note(db, now=now, who="server", what="integrity", subject="database", why=why)
    if faults:
        text = f"The database file is damaged ({faults[0]}). Restore the last backup: philia restore FILE"
        pauses.notify(db, f"integrity:{now}", "integrity", text, now=now)


def _told(progress: Progress | None) -> Callable[[int, int, int], None] | None:
    if progress is None:
        return None
    return lambda _status, remaining, total: progress(total - remaining, total)


def _copy(source: Path, target: Path, progress: Progress | None) -> None:
    faults = integrity(source)
    if faults:
        raise BrokenDatabase(f"{source} is no sound backup, so nothing was changed: {faults[0]}")
    with closing(connect(source, readonly=True)) as given, closing(sqlite3.connect(target)) as copy:
        if revision_of(given) is None:
            raise BrokenDatabase(f"{source} is no shop of Philia's, so nothing was changed.")
        given.backup(copy, pages=PAGES, progress=_told(progress))


def _make_safe(database: Path, now: int) -> int:
    with closing(connect(database)) as db:
        with transaction(db):
            in_doubt = reconciling.mark_restored(db, now=now)
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.execute("PRAGMA journal_mode = DELETE")
    return in_doubt


def _set_aside(database: Path, now: int) -> Path | None:
    if not database.exists():
        for file in _with_companions(database)[1:]:
            file.unlink(missing_ok=True)
        return None
    kept = database.with_name(f"{database.name}.before-restore-{now}")
    # Through SQLite, so that what only the write-ahead log holds is kept too.
    try:
        backup(database, kept)
        with closing(connect(database)) as db:
            # A kill before the exchange must leave the old database whole without its log.
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except (BrokenDatabase, CannotWrite):
        # A damaged file is the usual reason to restore: keep it as it is.
        for file in _with_companions(database):
            if file.exists():
                shutil.copy2(file, kept.with_name(kept.name + file.name.removeprefix(database.name)))
    for file in _with_companions(database)[1:]:
        file.unlink(missing_ok=True)
    return kept


def _with_companions(database: Path) -> list[Path]:
    return [database.with_name(database.name + suffix) for suffix in ("", "-wal", "-shm", "-journal")]


def _sync(path: Path) -> None:
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
