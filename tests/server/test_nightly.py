"""The nightly copy: when it is due, what it keeps, and what the owner hears when it fails."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from server import nightly
from server.settings import Backup, Settings, Shop
from store import backup, switches
from store.clock import DAY, HOUR, MINUTE
from store.database import Database, connect
from tests.conftest import FakeClock

BERLIN = ZoneInfo("Europe/Berlin")


def settings_of(folder: Path, **backup_settings: object) -> Settings:
    return Settings(shop=Shop(timezone="Europe/Berlin"), backup=Backup(folder=str(folder), **backup_settings))  # type: ignore[arg-type]


def at(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=BERLIN).timestamp() * 1000)  # type: ignore[arg-type,misc]  # year … minute


@pytest.mark.parametrize(
    ("now", "struck"),
    [
        ((2027, 1, 15, 4, 0), (2027, 1, 15, 4, 0)),
        ((2027, 1, 15, 3, 59), (2027, 1, 14, 4, 0)),
        # The nights on which clocks are changed.
        ((2027, 3, 28, 12, 0), (2027, 3, 28, 4, 0)),
        ((2027, 3, 29, 3, 0), (2027, 3, 28, 4, 0)),
        ((2027, 11, 1, 2, 0), (2027, 10, 31, 4, 0)),
    ],
)
def test_the_hour_is_the_shops(now: tuple[int, ...], struck: tuple[int, ...], tmp_path: Path) -> None:
    """The last turn is the newest 4 o'clock of the shop's own zone, on short and long nights too."""
    assert nightly.last_turn(at(*now), settings_of(tmp_path)) == at(*struck)


async def test_one_copy_a_night_and_the_missed_one_at_the_next_look(db_path: Path, tmp_path: Path) -> None:
    """A new shop waits for its first night; each night makes one sound copy, a night asleep is made up for, 3 stay."""
    clock = FakeClock(at(2027, 1, 15, 12, 0))
    folder = tmp_path / "copies"
    settings = settings_of(folder, keep=3)
    database = Database(db_path)
    try:
        for _ in range(3):
            await nightly.look(database, settings, clock=clock)
        assert not folder.exists()
        (tmp_path / "mine.db").write_bytes(b"")
        clock.now = at(2027, 1, 16, 4, 1)
        for _ in range(3):
            await nightly.look(database, settings, clock=clock)
            clock.advance(MINUTE)
        (first,) = folder.iterdir()
        assert backup.integrity(first) == []
        # Two nights asleep are one copy at the next start.
        clock.now = at(2027, 1, 18, 15, 0)
        await nightly.look(database, settings, clock=clock)
        assert len(list(folder.iterdir())) == 2
        (folder / "by-hand.db").write_bytes(b"the owner's own")
        for _ in range(5):
            clock.advance(DAY)
            await nightly.look(database, settings, clock=clock)
        names = sorted(file.name for file in folder.iterdir())
        assert len(names) == 4
        assert names[0] == "by-hand.db"
        assert first.name not in names
        assert {file.stat().st_mode & 0o777 for file in folder.glob("philia-*")} == {0o600}
    finally:
        database.close()


async def test_a_failure_is_told_once_a_night_and_tried_again(db_path: Path, tmp_path: Path) -> None:
    """A folder that cannot be written is one notice, writing goes on, and an hour later it is tried again."""
    clock = FakeClock(at(2027, 1, 15, 12, 0))
    folder = tmp_path / "copies"
    folder.write_text("a file where the folder should be")
    settings = settings_of(folder)
    database = Database(db_path)
    try:
        await nightly.look(database, settings, clock=clock)
        clock.now = at(2027, 1, 16, 4, 1)
        for _ in range(3):
            await nightly.look(database, settings, clock=clock)
            clock.advance(30 * MINUTE)
        assert await database.read(notices) == ["backup"]
        folder.unlink()
        clock.advance(HOUR)
        await nightly.look(database, settings, clock=clock)
        assert len(list(folder.iterdir())) == 1
        assert await database.read(notices) == ["backup"]
    finally:
        database.close()


def notices(db: sqlite3.Connection) -> list[str]:
    return [str(row["kind"]) for row in db.execute("SELECT kind FROM notices")]


async def test_a_damaged_shop_is_told(db_path: Path, tmp_path: Path) -> None:
    """A copy that is not sound is not kept, and the notice says so."""
    db = connect(db_path)
    db.execute("PRAGMA foreign_keys = OFF")
    db.execute("INSERT INTO conversations (user_id, platform_id, dialect, created_at) VALUES (99, 'x', 'v1', 0)")
    switches.put(db, nightly.DONE, "1", now=1)
    db.close()
    database = Database(db_path)
    try:
        await nightly.look(database, settings_of(tmp_path / "copies"), clock=FakeClock())
        assert list((tmp_path / "copies").iterdir()) == []
        text = await database.read(lambda db: str(db.execute("SELECT text FROM notices").fetchone()["text"]))
        assert "not sound" in text
    finally:
        database.close()


async def test_it_can_be_switched_off(db_path: Path, tmp_path: Path) -> None:
    """With `nightly = false` no copy is made, however long ago the last one was."""
    db = connect(db_path)
    switches.put(db, nightly.DONE, "1", now=1)
    db.close()
    database = Database(db_path)
    try:
        await nightly.look(database, settings_of(tmp_path / "copies", nightly=False), clock=FakeClock())
    finally:
        database.close()
    assert not (tmp_path / "copies").exists()
