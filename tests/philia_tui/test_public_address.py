"""The header shows the public address where there is room, and always when TikTok cannot reach the shop."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from philia_tui.health import Health, Reach
from philia_tui.opening import reach
from server import status
from store.database import transaction
from tests.conftest import FakeClock
from tests.philia_tui.driving import driving, screen_text

HERE, THERE = "http://127.0.0.1:8000", "https://quiet-river.trycloudflare.com"


def test_what_a_server_told_of_itself_is_where_it_is_reached(db: sqlite3.Connection, db_path: Path) -> None:
    """The public address goes before the local one; a broken tunnel and a refused webhook are told."""
    assert reach(db_path) is None
    with transaction(db):
        status.tell(db, status.Running(pid=1, listening=HERE), now=1)
    assert reach(db_path) == Reach(HERE)
    for public, tunnel, webhook, found in (
        (THERE, "", "", Reach(THERE)),
        (THERE, "", "subscribed", Reach(THERE)),
        (THERE, "", "by hand: enter it", Reach(THERE)),
        (THERE, "", "TikTok refused it.", Reach(THERE, "TikTok refused it.")),
        (None, "cloudflared ended.", "", Reach(HERE, "cloudflared ended.")),
    ):
        with transaction(db):
            status.publish(db, public, tunnel=tunnel, webhook=webhook, now=2)
        assert reach(db_path) == found


@pytest.mark.parametrize(
    ("health", "shown", "absent"),
    [
        (Health("listening", address=THERE), "quiet-river.trycloudflare.com", "cannot reach"),
        (Health("listening", address=HERE), "listening", "127.0.0.1"),
        (Health("listening", address=HERE, words="cloudflared ended."), "TikTok cannot reach it", "127.0.0.1"),
    ],
)
async def test_the_header_tells_whether_tiktok_has_a_way_here(
    db_path: Path, clock: FakeClock, health: Health, shown: str, absent: str
) -> None:
    """A tunnel's host is shown, this machine's own address is not, and trouble has words."""
    async with driving(db_path, clock, size=(120, 24), live=False) as pilot:
        header = pilot.app.inbox.header
        header.show(header.figures, health)
        await pilot.pause()
        top = screen_text(pilot.app)[0]
    assert shown in top
    assert absent not in top
