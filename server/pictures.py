"""Fetches the pictures that customers send, by their own first bytes and no larger than a phone's."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from typing import Final, Protocol

from server.measuring import pixels
from server.tiktok.errors import TikTokError, TikTokRefused
from server.tiktok.media import Media, MediaKind
from store import media
from store.clock import Clock
from store.database import Database
from store.media import Wanted

log = logging.getLogger(__name__)

AT_ONCE: Final = 4
"""Pictures a round fetches side by side."""


class Source(Protocol):
    """What pictures are fetched from: `TikTokClient`."""

    async def download_media(
        self, conversation_id: str, message_id: str, media_id: str, kind: MediaKind = "IMAGE"
    ) -> Media:
        """Returns the file."""


async def fetch_due(database: Database, source: Source, *, clock: Clock) -> int:
    """Fetches what is due and returns how many pictures were tried; what fails is tried again later, five times."""
    due = await database.read(media.due, now=clock(), limit=AT_ONCE)
    await asyncio.gather(*(_fetch(database, source, wanted, clock) for wanted in due))
    return len(due)


async def _fetch(database: Database, source: Source, wanted: Wanted, clock: Clock) -> None:
    try:
        got = await source.download_media(wanted.conversation, wanted.message, wanted.media_id)
    except TikTokError as fault:
        # An old address is refused with 403 and a new one is asked for each time, so that a refusal may pass.
        why = "TikTok refused it" if isinstance(fault, TikTokRefused) else "TikTok could not be asked"
        state = await database.write(media.failed, wanted.id, why, now=clock())
        log.warning("picture %d is %s: %s", wanted.id, state, type(fault).__name__)
        return
    kind = media.kind_of(got.content)
    if kind is None or len(got.content) > media.SIZE_LIMIT:
        why = "it is no picture" if kind is None else "it is too large"
        await database.write(media.failed, wanted.id, why, now=clock(), final=True)
        return
    folder = media.folder_of(database.path)
    try:
        name = await asyncio.to_thread(media.put, folder, wanted.id, got.content, kind[1])
    except OSError as fault:
        await database.write(media.failed, wanted.id, "it could not be written to the disk", now=clock())
        log.warning("picture %d could not be written: %s", wanted.id, fault.strerror)
        return
    size = await asyncio.to_thread(pixels, got.content)
    if not await database.write(_keep, wanted.id, name, kind[0], len(got.content), size):
        await asyncio.to_thread(media.remove, folder, [name])


def _keep(
    db: sqlite3.Connection, picture_id: int, name: str, content_type: str, weight: int, size: tuple[int, int] | None
) -> bool:
    width, height = size or (None, None)
    return media.kept(db, picture_id, path=name, content_type=content_type, size=weight, width=width, height=height)
