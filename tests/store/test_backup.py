"""Backup of a shop in use, restore that sends nothing by itself, and the look at the file's health."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from store import backup, pauses, switches
from store.database import connect, transaction
from store.errors import CannotWrite, NotFound
from store.lock import AlreadyRunning, ServerLock

NOW = 1_800_000_000_000


def put(db: sqlite3.Connection, value: str) -> None:
    with transaction(db):
        switches.put(db, "mark", value, now=NOW)


def mark(path: Path) -> str | None:
    with closing(connect(path)) as db:
        return switches.get(db, "mark")


def test_a_backup_is_whole_while_the_shop_is_written_to(db: sqlite3.Connection, db_path: Path, tmp_path: Path) -> None:
    """A backup holds what only the write-ahead log has, is sound, private, one file, and reports its progress."""
    put(db, "before")
    told: list[tuple[int, int]] = []

    def progress(done: int, of: int) -> None:
        told.append((done, of))
        put(db, "during")

    target = tmp_path / "backups" / "one.db"
    size = backup.backup(db_path, target, progress=progress)
    assert size == target.stat().st_size > 0
    assert told
    assert told[-1][0] == told[-1][1]
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert [file.name for file in target.parent.iterdir()] == ["one.db"]
    assert backup.integrity(target) == []
    assert mark(target) in {"before", "during"}


def test_a_restore_starts_paused_and_keeps_what_it_replaced(
    db: sqlite3.Connection, db_path: Path, tmp_path: Path
) -> None:
    """The restored shop has the backup's data and a paused sender; the replaced one is kept beside it, log and all."""
    put(db, "old")
    target = tmp_path / "one.db"
    backup.backup(db_path, target)
    put(db, "new")
    db.close()
    restored = backup.restore(target, db_path, now=NOW)
    assert mark(db_path) == "old"
    with closing(connect(db_path)) as again:
        assert "restored from a backup" in (pauses.sender_pause(again) or "")
    assert restored.kept is not None
    assert mark(restored.kept) == "new"
    assert mark(target) == "old"


def test_a_restore_is_refused_while_a_server_runs(db: sqlite3.Connection, db_path: Path, tmp_path: Path) -> None:
    """With the server's lock held nothing is restored."""
    backup.backup(db_path, tmp_path / "one.db")
    put(db, "new")
    with ServerLock(db_path), pytest.raises(AlreadyRunning):
        backup.restore(tmp_path / "one.db", db_path, now=NOW)
    assert mark(db_path) == "new"


def test_what_is_no_backup_changes_nothing(db: sqlite3.Connection, db_path: Path, tmp_path: Path) -> None:
    """A missing file, another program's database, garbage and half a backup are refused, and nothing is changed."""
    put(db, "kept")
    for number in range(4_000):
        db.execute("INSERT INTO switches VALUES (?, ?, 0)", (f"fill-{number}", "x" * 200))
    whole = tmp_path / "whole.db"
    backup.backup(db_path, whole)
    foreign, garbage, half = tmp_path / "foreign.db", tmp_path / "garbage.db", tmp_path / "half.db"
    with closing(sqlite3.connect(foreign)) as other:
        other.execute("CREATE TABLE t (x)")
    garbage.write_bytes(b"nothing of the kind" * 1_000)
    half.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    for wrong in (foreign, garbage, half):
        with pytest.raises(backup.BrokenDatabase):
            backup.restore(wrong, db_path, now=NOW)
    with pytest.raises(NotFound):
        backup.restore(tmp_path / "missing.db", db_path, now=NOW)
    with pytest.raises(CannotWrite):
        backup.restore(db_path, db_path, now=NOW)
    with pytest.raises(CannotWrite):
        backup.backup(db_path, db_path)
    assert mark(db_path) == "kept"
    assert not list(db_path.parent.glob(".*.part*"))


def test_a_damaged_database_can_be_restored_over(db: sqlite3.Connection, db_path: Path, tmp_path: Path) -> None:
    """A file that is not sound any more is set aside as it is, and the backup takes its place."""
    put(db, "old")
    backup.backup(db_path, tmp_path / "one.db")
    db.close()
    db_path.write_bytes(b"\0" * 5_000)
    assert backup.integrity(db_path) != []
    restored = backup.restore(tmp_path / "one.db", db_path, now=NOW)
    assert mark(db_path) == "old"
    assert restored.kept is not None
    assert restored.kept.read_bytes() == b"\0" * 5_000


def test_the_nightly_look_tells_the_owner_of_damage(db: sqlite3.Connection) -> None:
    """A sound file leaves a line in the journal, a damaged one a notice too."""
    with transaction(db):
        backup.note_integrity(db, [], now=NOW)
        assert db.execute("SELECT count(*) FROM notices").fetchone()[0] == 0
        backup.note_integrity(db, ["row 1 missing"], now=NOW)
    assert "philia restore" in db.execute("SELECT text FROM notices").fetchone()[0]
