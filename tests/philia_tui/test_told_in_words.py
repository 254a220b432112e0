"""Insights and activity read as sentences of the shop, also where there is nothing to count yet."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from tests.conftest import FakeClock
from tests.philia_tui.driving import driving, screen_text, settle
from tests.philia_tui.shop import Shop, suede


async def test_a_new_shops_insights_say_that_there_is_nothing_yet(
    db: sqlite3.Connection, db_path: Path, clock: FakeClock
) -> None:
    """No share of nothing: what was never decided is said to be so, and kinds of question have the owner's words."""
    suede(Shop(db, clock()))
    async with driving(db_path, clock, size=(120, 50)) as pilot:
        await pilot.press("3")
        await settle(pilot)
        shown = "\n".join(screen_text(pilot.app))
    assert "sent as it was drafted    nothing yet" in shown
    assert "time to answer            nothing yet" in shown
    assert " of 0 " not in shown.split("Automatic replies, earned", maxsplit=1)[0]
    assert "1 draft" in shown


async def test_the_journal_names_replies_drafts_and_pieces(
    db: sqlite3.Connection, db_path: Path, clock: FakeClock
) -> None:
    """A decision, its undo and a sale stand there as the owner calls them; the filter finds a word that is shown."""
    suede(Shop(db, clock()))
    async with driving(db_path, clock, size=(120, 40)) as pilot:
        await pilot.press("a")
        await settle(pilot)
        await pilot.press("u")
        await settle(pilot)
        await pilot.press("x")
        await settle(pilot)
        await pilot.press("4")
        await settle(pilot)
        shown = "\n".join(screen_text(pilot.app))
        assert "reply: held" in shown
        assert "reply: cancelled" in shown
        assert "piece: sold" in shown
        assert "delivery" not in shown
        await pilot.press("slash", *"sold")
        await settle(pilot)
        shown = "\n".join(screen_text(pilot.app))
    assert "piece: sold" in shown
    assert "reply:" not in shown
