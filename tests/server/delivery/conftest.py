"""A shop with its sender and a pretend TikTok, under a fake clock."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from server.delivery.sender import Sender
from server.settings import Settings
from store.database import Database, connect
from tests.conftest import FakeClock
from tests.server.delivery.shop import FakeTikTok, Shop, settings_with


@pytest.fixture
async def open_shop(db_path: Path, clock: FakeClock) -> AsyncIterator[Callable[..., Shop]]:
    """Opens the shop with settings of choice; everything is closed afterwards."""
    opened: list[Shop] = []

    def open_with(settings: Settings | None = None, boot: str = "boot-1") -> Shop:
        settings = settings or settings_with()
        tiktok = opened[0].tiktok if opened else FakeTikTok(clock)
        database = Database(db_path)
        sender = Sender(database, tiktok, settings, clock=clock, random=lambda: 0.5, boot=boot)
        opened.append(Shop(db_path, connect(db_path), clock, tiktok, settings, database, sender))
        return opened[-1]

    yield open_with
    for shop in opened:
        await shop.sender.drain()
        shop.database.close()
        shop.db.close()


@pytest.fixture
async def shop(open_shop: Callable[..., Shop]) -> Shop:
    return open_shop()
