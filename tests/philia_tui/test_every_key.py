"""Each key of the table does what the table says: pressed on its own screen, it reaches the one action of its name."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from philia_tui import keys
from philia_tui.keys import Key
from tests.conftest import FakeClock
from tests.philia_tui.driving import driving, settle
from tests.philia_tui.shop import Shop, suede

PLACES: tuple[tuple[str, str, tuple[Key, ...]], ...] = (
    ("inbox", "", keys.INBOX + keys.MOVING + keys.EVERYWHERE),
    ("stock", "2", keys.STOCK + keys.LOOKING),
    ("insights", "3", keys.INSIGHTS),
    ("activity", "4", keys.ACTIVITY + keys.LOOKING),
    ("settings", "5", keys.SETTINGS),
    ("work", "6", keys.WORK),
    ("canned", "7", keys.CANNED),
    ("editor", "e", keys.EDITING),
)


def test_no_key_is_left_out() -> None:
    """Every key of the table is pressed below, but for those of the review and the question, which have tests apart."""
    pressed = {key.id for _, _, some in PLACES for key in some}
    apart = {key.id for key in (*keys.REVIEWING, *keys.ASKING)}
    assert pressed | apart == {key.id for key in keys.ALL}
    assert len({key.id for key in keys.ALL}) == len(keys.ALL)


@pytest.mark.parametrize(("place", "way", "some"), PLACES, ids=[place for place, _, _ in PLACES])
async def test_every_key_reaches_its_action(
    db: sqlite3.Connection,
    db_path: Path,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
    place: str,
    way: str,
    some: tuple[Key, ...],
) -> None:
    """All keys that the table gives to a command call that command, once, and none other."""
    suede(Shop(db, clock()))
    async with driving(db_path, clock, live=False) as pilot:
        if way:
            await pilot.press(way)
            await settle(pilot)
        reached: list[str] = []

        def instead(name: str) -> Any:
            return lambda _self, *_given: reached.append(name)

        owners = (*type(pilot.app.screen).__mro__, *type(pilot.app).__mro__, *type(pilot.app.focused).__mro__)
        for key in some:
            name = key.action or key.id
            owner = next(one for one in owners if f"action_{name}" in vars(one))
            monkeypatch.setattr(owner, f"action_{name}", instead(key.id))
        # Textual's own binding of Ctrl+P opens the same palette.
        monkeypatch.setattr(type(pilot.app), "action_command_palette", instead("palette"))
        for key in some:
            for pressed in key.keys.split(","):
                reached.clear()
                await pilot.press(pressed)
                await settle(pilot)
                assert reached == [key.id], (place, pressed)
