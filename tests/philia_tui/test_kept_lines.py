"""Panes keep the lines they drew: after a change of theme or size nothing old is left in them."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from textual.widget import Widget

from philia_tui.themes import THEMES
from tests.conftest import FakeClock
from tests.philia_tui.driving import Quick, driving, settle
from tests.philia_tui.shop import Shop, street


def drawn(pilot: Quick) -> list[Any]:
    """What is on the screen, with its colours."""
    return [list(strip) for strip in pilot.app.screen._compositor.render_strips()]


def test_textual_still_has_the_door_that_kept_lines_are_forgotten_by() -> None:
    """`Still` overrides Textual's private `_set_dirty`: an upgrade that renames it fails here first."""
    assert "_set_dirty" in vars(Widget)


async def test_a_new_theme_or_size_leaves_nothing_old(db: sqlite3.Connection, db_path: Path, clock: FakeClock) -> None:
    """The screen is the one that is drawn when every kept line is thrown away, in each theme and after a resize."""
    street(Shop(db, clock()))
    async with driving(db_path, clock, live=False) as pilot:
        before: list[Any] = []
        for step in (*(theme.name for theme in THEMES), ""):
            if step:
                pilot.app.theme = step
            else:
                await pilot._pilot.resize_terminal(90, 30)
            await settle(pilot)
            kept = drawn(pilot)
            for widget in pilot.app.screen.walk_children():
                widget.refresh()
            await settle(pilot)
            assert kept == drawn(pilot), step
            assert kept != before
            before = kept
