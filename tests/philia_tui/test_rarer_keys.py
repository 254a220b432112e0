"""The keys that one presses once a week: each changes what it says, judged by the rows and by the screen."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from textual import events

from tests.conftest import FakeClock
from tests.philia_tui.driving import driving, screen_text, settle, typing
from tests.philia_tui.shop import Shop, suede


def one(db: sqlite3.Connection, sql: str) -> Any:
    """The one value of a question."""
    return db.execute(sql).fetchone()[0]


async def test_a_thread_is_put_away_and_brought_back(db: sqlite3.Connection, db_path: Path, clock: FakeClock) -> None:
    """S in the list of what is put away brings the thread back now."""
    suede(Shop(db, clock()))
    async with driving(db_path, clock) as pilot:
        await pilot.press("s")
        await settle(pilot)
        await typing(pilot, "2h")
        await pilot.press("enter")
        await settle(pilot)
        assert one(db, "SELECT snoozed_until FROM conversations") is not None
        for _ in range(5):
            await pilot.press("tab")
            await settle(pilot)
        assert pilot.app.inbox.listed == "snoozed"
        await pilot.press("S")
        await settle(pilot)
    assert one(db, "SELECT snoozed_until FROM conversations") is None


async def test_a_sale_is_taken_back_and_a_hold_ended(db: sqlite3.Connection, db_path: Path, clock: FakeClock) -> None:
    """X in the inbox makes the piece available again; H on the stock screen ends its hold."""
    suede(Shop(db, clock()))
    status = "SELECT status FROM items WHERE sku = 'J-014'"
    async with driving(db_path, clock) as pilot:
        piece = pilot.app.inbox.piece()
        assert piece == "J-014"
        await pilot.press("h")
        await settle(pilot)
        if pilot.app.inbox.query("#ask"):
            await pilot.press("enter")
            await settle(pilot)
        assert one(db, status) == "held"
        await pilot.press("2")
        await settle(pilot)
        await pilot.press("H")
        await settle(pilot)
        assert one(db, status) == "available"
        assert one(db, "SELECT count(*) FROM holds WHERE state = 'active'") == 0


@pytest.mark.parametrize("way", [("E", "escape"), ("e", "ctrl+o", "escape")])
async def test_a_text_goes_through_her_own_editor_and_is_looked_at_before_it_leaves(
    db: sqlite3.Connection, db_path: Path, clock: FakeClock, way: tuple[str, ...]
) -> None:
    """What $EDITOR gives back stands in the review; only then it can be sent, and it is what is sent."""
    suede(Shop(db, clock()))
    async with driving(db_path, clock) as pilot:
        pilot.app.inbox.outside = lambda text: text + " From outside."
        for key in way:
            await pilot.press(key)
            await settle(pilot)
        assert one(db, "SELECT count(*) FROM deliveries") == 0
        assert any("Send it?" in line for line in screen_text(pilot.app))
        await pilot.press("s")
        await settle(pilot)
    assert one(db, "SELECT text FROM deliveries").endswith("From outside.")


async def test_the_ways_between_screens_the_colours_and_the_way_out(
    db: sqlite3.Connection, db_path: Path, clock: FakeClock
) -> None:
    """1 leads back to the inbox, F2 changes the theme, c keeps the journal to one thread, Q closes Philia."""
    shop = Shop(db, clock())
    suede(shop)
    other = shop.conversation("other", ("hello",))
    db.execute(
        "INSERT INTO journal (at, who, what, subject, subject_id, conversation_id) VALUES (?, 'owner', 'snooze',"
        " 'conversation', ?, ?)",
        (clock(), other, other),
    )
    async with driving(db_path, clock) as pilot:
        await pilot.press("4")
        await settle(pilot)
        entries = len(pilot.app.screen.listing.ids)
        await pilot.press("c")
        await settle(pilot)
        assert len(pilot.app.screen.listing.ids) < entries
        assert "maria.k" in screen_text(pilot.app)[0]
        await pilot.press("1")
        await settle(pilot)
        assert pilot.app.screen is pilot.app.inbox
        before = pilot.app.theme
        await pilot.press("f2")
        assert pilot.app.theme != before
        await pilot.press("Q")
        await pilot.pause()
        assert not pilot.app.is_running or pilot.app._exit


async def test_a_server_is_started_from_the_settings(db: sqlite3.Connection, db_path: Path, clock: FakeClock) -> None:
    """S on the settings screen asks the child's keeper for a server."""
    suede(Shop(db, clock()))
    async with driving(db_path, clock) as pilot:
        asked: list[bool] = []
        pilot.app.inbox.server.start = lambda: asked.append(True)
        await pilot.press("5")
        await settle(pilot)
        await pilot.press("s")
        await settle(pilot)
    assert asked == [True]


async def test_the_thread_is_scrolled_from_the_queue(db: sqlite3.Connection, db_path: Path, clock: FakeClock) -> None:
    """The keys for older and newer move the thread while the cursor stays on its row."""
    shop = Shop(db, clock())
    shop.conversation("long", tuple(f"line {number:03}" for number in range(80)))
    async with driving(db_path, clock) as pilot:
        thread = pilot.app.inbox.thread
        end = thread.scroll_offset.y
        await pilot.press("K", "K")
        await settle(pilot)
        assert thread.scroll_offset.y < end
        await pilot.press("J", "J")
        await settle(pilot)
        assert thread.scroll_offset.y == end
        assert pilot.app.inbox.queue.cursor == 0


async def test_words_typed_faster_than_the_search_opens_are_searched(
    db: sqlite3.Connection, db_path: Path, clock: FakeClock
) -> None:
    r"""`\` and the words in one burst: none of them is a verb, all of them are searched."""
    suede(Shop(db, clock()))
    async with driving(db_path, clock) as pilot:
        for key in ("backslash", *"suede"):
            pilot.app.post_message(events.Key(key, "\\" if key == "backslash" else key))
        await settle(pilot, until=lambda: "with “suede”" in screen_text(pilot.app)[0])
        assert any("the brown suede one" in line for line in screen_text(pilot.app))
    assert one(db, "SELECT count(*) FROM deliveries") == 0
