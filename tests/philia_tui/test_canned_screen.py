"""The screen of canned replies: add, change, forget, what fills their names, and that an unfilled one is not sent."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from tests.conftest import FakeClock
from tests.philia_tui.driving import driving, screen_text, settle, toasts, typing
from tests.philia_tui.hostile import HOSTILE, forbidden
from tests.philia_tui.shop import Shop, suede


def kept(db: sqlite3.Connection) -> dict[str, str]:
    """The kept texts by their names."""
    return {str(row[0]): str(row[1]) for row in db.execute("SELECT name, text FROM canned_replies")}


async def test_texts_are_added_changed_forgotten_and_brought_back(
    db: sqlite3.Connection, db_path: Path, clock: FakeClock
) -> None:
    """A writes a new text, e changes it, x forgets it, u undoes each right here, / keeps to words."""
    suede(Shop(db, clock()))
    async with driving(db_path, clock) as pilot:
        await pilot.press("7")
        await settle(pilot)
        assert any("No reply is kept yet. a writes one." in line for line in screen_text(pilot.app))
        await pilot.press("a")
        await settle(pilot)
        await typing(pilot, "ship")
        await pilot.press("enter")
        await settle(pilot)
        await typing(pilot, "It ships monday.")
        await pilot.press("escape")
        await settle(pilot)
        assert kept(db) == {"ship": "It ships monday."}
        await pilot.press("a")
        await settle(pilot)
        await typing(pilot, "ship")
        await pilot.press("enter")
        await settle(pilot)
        assert "is kept already" in toasts(pilot.app)
        await pilot.press("e", "!")
        await settle(pilot)
        await pilot.press("ctrl+s")
        await settle(pilot)
        assert kept(db) == {"ship": "It ships monday.!"}
        await pilot.press("u")
        await settle(pilot)
        assert kept(db) == {"ship": "It ships monday."}
        await pilot.press("x")
        await settle(pilot)
        assert kept(db) == {}
        await pilot.press("u")
        await settle(pilot)
        assert kept(db) == {"ship": "It ships monday."}
        await pilot.press("slash")
        await settle(pilot)
        await typing(pilot, "nothing like it")
        await settle(pilot)
        assert any("0 replies" in line for line in screen_text(pilot.app))


async def test_what_fills_a_name_is_shown_and_an_unfilled_one_is_not_sent(
    db: sqlite3.Connection, db_path: Path, clock: FakeClock
) -> None:
    """The text stands there as it reads for this customer; Enter takes it to the editor; an open name is refused."""
    suede(Shop(db, clock()))
    db.execute("INSERT INTO canned_replies (name, text, updated_at) VALUES ('ship', 'The {piece}: {eta}?', 0)")
    async with driving(db_path, clock) as pilot:
        await pilot.press("7")
        await settle(pilot)
        shown = "\n".join(screen_text(pilot.app))
        assert "To maria.k: The 70s suede jacket: {eta}?" in shown
        assert "{eta} is yours to fill in; unfilled it is not sent" in shown
        assert "{price}" in shown
        await pilot.press("enter")
        await settle(pilot)
        assert pilot.app.screen is pilot.app.inbox
        assert pilot.app.inbox.query_one("#editor").text == "The 70s suede jacket: {eta}?"
        await pilot.press("escape")
        await settle(pilot)
        await pilot.press("s")
        await settle(pilot)
        assert "{eta} is not filled in" in toasts(pilot.app)
        assert db.execute("SELECT count(*) FROM deliveries").fetchone()[0] == 0


async def test_hostile_names_and_texts_are_inert_here(db: sqlite3.Connection, db_path: Path, clock: FakeClock) -> None:
    """No kept text, name or customer can draw on this screen."""
    for number, text in enumerate(HOSTILE):
        Shop(db, clock()).conversation(f"{number}{text[:20]}", (text,), name=text[:40])
        db.execute(
            "INSERT INTO canned_replies (name, text, updated_at) VALUES (?, ?, 0)",
            (f"{number}{text[:30]}", text + "{name}"),
        )
    async with driving(db_path, clock) as pilot:
        await pilot.press("7")
        await settle(pilot)
        for _ in HOSTILE:
            assert not forbidden("".join(screen_text(pilot.app)))
            await pilot.press("j")
        await pilot.press("x")
        await settle(pilot)
        assert not forbidden("".join(screen_text(pilot.app)))
