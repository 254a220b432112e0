"""What does not fit on the screen is scrolled to: the cursor never leaves it, and the newest message is in sight."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from textual import events

from tests.conftest import FakeClock
from tests.philia_tui.driving import Quick, driving, screen_text, settle
from tests.philia_tui.shop import HOUR, Shop


def street_of(shop: Shop, count: int) -> None:
    """So many customers, the first of whom wrote a hundred messages, the most pressing first."""
    for number in range(count):
        texts = tuple(f"line {line:03}" for line in range(100)) if number == 0 else ("hello",)
        shop.conversation(f"u{number}", texts, name=f"C{number:03}", left=HOUR + number * 60_000)


def row_of_cursor(pilot: Quick) -> str:
    """The one line of the queue with the cursor."""
    shown = screen_text(pilot.app)
    rows = [line for line in shown if "▸" in line]
    assert len(rows) == 1, "\n".join(shown)
    return rows[0]


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_the_cursor_of_the_queue_is_always_in_sight(
    db: sqlite3.Connection, db_path: Path, clock: FakeClock, size: tuple[int, int]
) -> None:
    """J, page down, G, g and k bring the row under the cursor onto the screen, whichever it is."""
    street_of(Shop(db, clock()), 90)
    async with driving(db_path, clock, size=size) as pilot:
        for keys, number in ((("j",) * 45, 45), (("G",), 89), (("k",) * 30, 59), (("g",), 0)):
            await pilot.press(*keys)
            await settle(pilot)
            assert f"C{number:03}" in row_of_cursor(pilot)
        await pilot.press("pagedown", "pagedown")
        await settle(pilot)
        assert f"C{pilot.app.inbox.queue.cursor:03}" in row_of_cursor(pilot)
        assert pilot.app.inbox.queue.cursor > 5


async def test_a_long_thread_opens_at_its_end_and_goes_back_to_its_beginning(
    db: sqlite3.Connection, db_path: Path, clock: FakeClock
) -> None:
    """Her newest message is what one sees first; the older ones come as they are scrolled to, also by the wheel."""
    street_of(Shop(db, clock()), 3)
    async with driving(db_path, clock) as pilot:
        shown = "\n".join(screen_text(pilot.app))
        assert "line 099" in shown
        assert "line 000" not in shown
        thread = pilot.app.inbox.thread
        x, y = thread.region.center
        before = thread.scroll_offset.y
        wheel = events.MouseScrollUp(thread, int(x), int(y), 0, 0, 0, False, False, False, int(x), int(y))
        thread.post_message(wheel)
        await settle(pilot, until=lambda: thread.scroll_offset.y < before)
        await pilot.press("enter")
        for _ in range(40):
            await pilot.press("pageup")
            await settle(pilot)
        assert "line 000" in "\n".join(screen_text(pilot.app))


async def test_the_screens_beside_scroll_to_their_ends(db: sqlite3.Connection, db_path: Path, clock: FakeClock) -> None:
    """The settings' last section, the last piece of the stock and the oldest entry of the journal are reached by G."""
    shop = Shop(db, clock())
    for number in range(80):
        shop.piece(f"P-{number:03}", f"Piece {number:03}")
    street_of(shop, 2)
    async with driving(db_path, clock, size=(80, 24)) as pilot:
        await pilot.press("5")
        await settle(pilot)
        assert "[inbox]" not in "\n".join(screen_text(pilot.app))
        await pilot.press("G")
        await settle(pilot)
        assert "[inbox]" in "\n".join(screen_text(pilot.app))
        await pilot.press("q", "2")
        await settle(pilot)
        for key, seen in (("G", True), ("g", False)):
            last = pilot.app.screen.listing.ids[-1]
            await pilot.press(key)
            await settle(pilot)
            sku = db.execute("SELECT sku FROM items WHERE id = ?", (last,)).fetchone()[0]
            assert any("▸" in line for line in screen_text(pilot.app))
            assert any(f"▸ {sku}" in line for line in screen_text(pilot.app)) is seen
