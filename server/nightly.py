"""The nightly copy of the shop, checked page by page, while the inbox and the listener go on.

What is due stands in a row: a night that the machine slept through is made up for at the next start.
"""

from __future__ import annotations

import asyncio
import logging
import re
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from server.settings import Settings
from store import backup, journal, media, pauses, pictures, switches
from store.clock import HOUR, Clock
from store.database import Database
from store.errors import StoreError

log = logging.getLogger(__name__)

DONE: Final = "backup_at"
"""The switch that holds when the last good copy was begun; at first, when this shop was first looked after."""

TRIED: Final = "backup_tried_at"
"""The switch that holds when a copy was last tried."""

AGAIN: Final = HOUR
"""A copy that failed is tried again after this."""

NAME: Final = re.compile(r"philia-\d{8}-\d{6}\.db")


def folder_of(settings: Settings, database: Path) -> Path:
    """Returns where the copies are: where the settings say, else `backups` beside the database."""
    return Path(settings.backup.folder).expanduser() if settings.backup.folder else database.parent / "backups"


def last_turn(now: int, settings: Settings) -> int:
    """Returns when the hour of the settings last struck in the shop's time zone."""
    zone = ZoneInfo(settings.shop.timezone)
    local = datetime.fromtimestamp(now / 1000, zone)
    struck = local.replace(hour=settings.backup.hour, minute=0, second=0, microsecond=0)
    if struck.timestamp() * 1000 > now:
        # By the calendar, so that the hour stays the hour where clocks are changed.
        struck = (local - timedelta(days=1)).replace(hour=settings.backup.hour, minute=0, second=0, microsecond=0)
    return int(struck.timestamp() * 1000)


def is_due(db: sqlite3.Connection, *, now: int, settings: Settings) -> bool:
    """Tells whether a copy is due; reads two rows."""
    done, tried = switches.get(db, DONE), switches.get(db, TRIED)
    if not settings.backup.nightly or done is None:
        return False
    turn = last_turn(now, settings)
    return int(done) < turn and int(tried or 0) < max(turn, now - AGAIN)


def begin(db: sqlite3.Connection, *, now: int) -> None:
    """Starts counting nights in a new shop: it has nothing to lose before its first one."""
    if switches.get(db, DONE) is None:
        switches.put(db, DONE, str(now), now=now)


async def look(database: Database, settings: Settings, *, clock: Clock) -> int:
    """Makes the copy if it is due, on a thread; a failure is told to the owner and tried again in an hour."""
    now = clock()
    if not await database.read(is_due, now=now, settings=settings):
        if settings.backup.nightly and await database.read(switches.get, DONE) is None:
            await database.write(begin, now=now)
        return 0
    await database.write(switches.put, TRIED, str(now), now=now)
    folder = folder_of(settings, database.path)
    target = folder / f"philia-{datetime.fromtimestamp(now / 1000, UTC):%Y%m%d-%H%M%S}.db"
    try:
        # The copy is what is checked: every page of it is read without holding up anybody.
        size = await asyncio.to_thread(backup.backup, database.path, target)
    except (StoreError, OSError) as fault:
        log.error("the nightly backup failed: %s", fault)  # noqa: TRY400  # the sentence says it all
        await database.write(_tell, str(fault), turn=last_turn(now, settings), now=clock())
        return 0
    await database.write(_note, target.name, size, begun=now, now=clock())
    removed = await asyncio.to_thread(prune, folder, settings.backup.keep)
    kept = await database.read(media.paths) | await database.read(pictures.paths)
    await asyncio.to_thread(media.sweep, media.folder_of(database.path), kept, before=(now - HOUR) / 1000)
    log.info("the nightly backup has %d bytes; %d older ones were deleted", size, removed)
    return 0


def _note(db: sqlite3.Connection, name: str, size: int, *, begun: int, now: int) -> None:
    switches.put(db, DONE, str(begun), now=now)
    backup.note_integrity(db, [], now=now)
    journal.note(db, now=now, who="server", what="backup", subject="database", why=f"{name}, {size} bytes")


def _tell(db: sqlite3.Connection, why: str, *, turn: int, now: int) -> None:
    journal.note(db, now=now, who="server", what="backup", subject="database", new="failed", why=why)
    text = f"Tonight's backup failed: {why} Make one yourself: philia backup"
    pauses.notify(db, f"backup:{turn}", "backup", text, now=now)


def prune(folder: Path, keep: int) -> int:
    """Deletes all but the newest copies that the nights made; what the owner put there stays. Returns how many."""
    ours = sorted(file for file in folder.iterdir() if NAME.fullmatch(file.name) and file.is_file())
    for file in ours[:-keep]:
        file.unlink(missing_ok=True)
    return len(ours[:-keep])
