"""With every key remapped, no screen names an old one: what a hint says is what the key does."""

from __future__ import annotations

import json
import re
import sqlite3
import string
from pathlib import Path

import msgspec

from philia_tui import keys
from server.settings import Inbox, Settings
from tests.conftest import FakeClock
from tests.philia_tui.driving import driving, screen_text, settle
from tests.philia_tui.shop import Shop, street

LEADS = ("alt+", "alt+shift+", "super+", "super+alt+")
ODD = [f"{lead}{letter}" for lead in LEADS for letter in string.ascii_lowercase]
HERS = {key.id: odd for key, odd in zip(keys.ALL, ODD, strict=False)}

STALE = re.compile(r"(?:^|[\s(·;,\[:])([A-Zb-z!?/\\:]|Esc|Tab|Space) ([a-z]+s)\b")
"""A key and what it does, as a sentence names it: "u takes it back". Not "a", which is an article, and no digit."""

NAMES = "|".join(re.escape(key.name) for key in keys.ALL)
HINTED = re.compile(rf"(?:^|\s)([B-Zb-z!?/\\:]|Tab|Space|Enter) ({NAMES})\b")
"""A key and a command's name, as the bottom line shows them."""

SCREENS = ("stock", "insights", "activity", "settings", "work", "canned")


def stale(lines: list[str]) -> list[str]:
    """Returns every place where a key of the table that she has no more is named."""
    old = {keys.shown(key, {}) for key in keys.ALL} | {"Esc"}
    found = [match for line in lines for pattern in (STALE, HINTED) for match in pattern.findall(line)]
    return [f"{key} {words}" for key, words in found if key in old]


async def test_no_screen_names_a_key_that_she_has_changed(
    db: sqlite3.Connection, db_path: Path, clock: FakeClock
) -> None:
    """Every screen, the help, a question, a stopped shop, a proposed rule, a doubt, a held reply: all name her keys."""
    assert len(HERS) == len(keys.ALL)
    street(Shop(db, clock()))
    db.execute(
        "INSERT INTO learned_rules (kind, before, after, seen, of, state, created_at)"
        " VALUES ('remove', 'lovely', '', 9, 10, 'proposed', 0)"
    )
    settings = msgspec.structs.replace(Settings(), inbox=Inbox(keys=HERS))
    seen: list[str] = []
    async with driving(db_path, clock, settings=settings, size=(160, 60)) as pilot:

        async def look(*names: str) -> str:
            for name in names:
                await pilot.press(HERS[name])
                await settle(pilot)
            lines = screen_text(pilot.app)
            assert not stale(lines), (names, stale(lines))
            seen.extend(lines)
            return "\n".join(lines)

        assert f"{HERS['approve']} approve" in await look()
        for _ in range(6):
            await look("next_list")
        await look("previous_list", "previous_list")
        assert f"({HERS['stop_all']} goes on)" in await look("stop_all")
        for name in SCREENS:
            shown = await look(f"screen_{name}")
            assert f"{HERS['back']} back" in shown
            if name == "settings":
                assert f"{HERS['settings_accept']} accepts, {HERS['settings_decline']} declines" in shown
                assert f"{HERS['stop_all']} goes on" in shown
            await look("help")
            assert any(f"{HERS['back']} closes" in line for line in seen[-60:])
            await look("back")
        await look("screen_inbox")
        assert f"{HERS['ask_cancel']}: no" in await look("block")
        await pilot.press(HERS["ask_cancel"])
        await settle(pilot)
    assert len(json.dumps(seen)) > 10_000


async def test_an_empty_shop_names_her_keys(db: sqlite3.Connection, db_path: Path, clock: FakeClock) -> None:
    """The first steps name the key of the health screen as she has it."""
    settings = msgspec.structs.replace(Settings(), inbox=Inbox(keys=HERS))
    async with driving(db_path, clock, settings=settings) as pilot:
        lines = screen_text(pilot.app)
        assert f"({HERS['screen_settings']} shows it here)" in "\n".join(lines)
        assert not stale(lines)


def test_the_look_for_old_names_finds_them() -> None:
    """The sentences that stood there once would be found."""
    for words in (
        "■ ALL STOPPED, ! goes on",
        "proposed: y accepts, d declines",
        "picture · o opens it",
        " u undo  / find",
    ):
        assert stale([words]), words
