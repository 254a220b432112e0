"""The owner decides: every key that makes, changes or takes back a reply."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from store.database import connect
from tests.conftest import FakeClock
from tests.philia_tui.driving import driving, settle, toasts, typing
from tests.philia_tui.shop import Shop, many, street, suede


def rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    """Reads with a connection of the test's own."""
    db = connect(path, readonly=True)
    try:
        return [tuple(row) for row in db.execute(sql)]
    finally:
        db.close()


async def test_a_sends_the_draft_as_it_stands(db: sqlite3.Connection, db_path: Path, clock: FakeClock) -> None:
    """`a` makes one held delivery with exactly the draft's text, and moves on."""
    _, draft = suede(Shop(db, clock()))
    text = db.execute("SELECT text FROM drafts WHERE id = ?", (draft,)).fetchone()[0]
    async with driving(db_path, clock) as pilot:
        await pilot.press("a")
        await settle(pilot)
        assert rows(db_path, "SELECT text, state, who FROM deliveries") == [(text, "held", "owner")]
        assert pilot.app.inbox.selected is None
        assert "leaves in 5 s" in toasts(pilot.app)
        assert "[u undoes" in toasts(pilot.app)


async def test_u_takes_it_back_and_the_text_returns(db: sqlite3.Connection, db_path: Path, clock: FakeClock) -> None:
    """`u` cancels the delivery and the draft stands there again with its text."""
    suede(Shop(db, clock()))
    async with driving(db_path, clock) as pilot:
        text = pilot.app.inbox.draft.text
        await pilot.press("a")
        await settle(pilot)
        await pilot.press("u")
        await settle(pilot)
        assert rows(db_path, "SELECT state FROM deliveries") == [("cancelled",)]
        assert pilot.app.inbox.draft is not None
        assert pilot.app.inbox.draft.text == text
        assert pilot.app.inbox.draft.state == "ready"


async def test_undo_survives_a_closed_inbox(db: sqlite3.Connection, db_path: Path, clock: FakeClock) -> None:
    """What one inbox sent, another can take back: undo is a row, not a memory."""
    suede(Shop(db, clock()))
    async with driving(db_path, clock) as pilot:
        await pilot.press("a")
        await settle(pilot)
    async with driving(db_path, clock) as pilot:
        await pilot.press("u")
        await settle(pilot)
    assert rows(db_path, "SELECT state FROM deliveries") == [("cancelled",)]


async def test_e_goes_through_the_review(db: sqlite3.Connection, db_path: Path, clock: FakeClock) -> None:
    """An edited text is never sent straight from the editor; the review sends exactly what was typed."""
    suede(Shop(db, clock()))
    async with driving(db_path, clock) as pilot:
        before = pilot.app.inbox.draft.text
        await pilot.press("e", "space", "X", "a", "q", "escape")
        await settle(pilot)
        assert rows(db_path, "SELECT count(*) FROM deliveries") == [(0,)]
        assert pilot.app.screen.query("#review")
        await pilot.press("s")
        await settle(pilot)
        assert rows(db_path, "SELECT text FROM deliveries") == [(before + " Xaq",)]
        assert rows(db_path, "SELECT state FROM drafts") == [("edited",)]
        assert not pilot.app.screen.query("#editor, #review")


async def test_the_review_can_go_back_or_drop(db: sqlite3.Connection, db_path: Path, clock: FakeClock) -> None:
    """`e` in the review returns to the text as it was typed, `d` forgets it and the draft stays."""
    suede(Shop(db, clock()))
    async with driving(db_path, clock) as pilot:
        before = pilot.app.inbox.draft.text
        await pilot.press("e", "Z", "ctrl+s")
        await settle(pilot)
        await pilot.press("e")
        await settle(pilot)
        assert pilot.app.screen.query_one("#editor").text == before + "Z"
        await pilot.press("escape")
        await settle(pilot)
        await pilot.press("d")
        await settle(pilot)
        assert rows(db_path, "SELECT count(*) FROM deliveries") == [(0,)]
        assert rows(db_path, "SELECT state, text FROM drafts") == [("ready", before)]


async def test_r_rejects_with_a_reason(db: sqlite3.Connection, db_path: Path, clock: FakeClock) -> None:
    """`r` asks why, keeps the answer with the verdict, and sends nothing."""
    suede(Shop(db, clock()))
    async with driving(db_path, clock) as pilot:
        await pilot.press("r")
        await settle(pilot)
        await typing(pilot, "too long")
        await pilot.press("enter")
        await settle(pilot)
    assert rows(db_path, "SELECT decision, reason FROM verdicts") == [("reject", "too long")]
    assert rows(db_path, "SELECT count(*) FROM deliveries") == [(0,)]


async def test_twenty_messages_in_at_most_forty_five_keys(
    db: sqlite3.Connection, db_path: Path, clock: FakeClock
) -> None:
    """Promise 5: twenty waiting messages are cleared in two keys each at the most."""
    many(Shop(db, clock()), 20)
    keys = 0
    async with driving(db_path, clock) as pilot:
        while pilot.app.inbox.selected is not None and keys < 45:
            await pilot.press("a")
            keys += 1
            await settle(pilot)
    assert rows(db_path, "SELECT count(*), count(DISTINCT conversation_id) FROM deliveries") == [(20, 20)]
    assert keys <= 45


async def test_a_stale_decision_is_refused_and_explained(
    db: sqlite3.Connection, db_path: Path, clock: FakeClock
) -> None:
    """A draft that was written anew behind the screen is not sent, and the owner reads why."""
    conversation, draft = suede(Shop(db, clock()))
    async with driving(db_path, clock, live=False) as pilot:
        assert pilot.app.inbox.draft.id == draft
        db.execute("UPDATE drafts SET state = 'superseded' WHERE id = ?", (draft,))
        Shop(db, clock()).draft(conversation, "A newer draft.")
        await pilot.press("a")
        await settle(pilot)
        assert rows(db_path, "SELECT count(*) FROM deliveries") == [(0,)]
        assert "She wrote again" in toasts(pilot.app)
        assert pilot.app.inbox.draft.text == "A newer draft."


async def test_a_key_held_down_does_not_send_what_was_not_seen(
    db: sqlite3.Connection, db_path: Path, clock: FakeClock
) -> None:
    """`a` in the very moment a draft appears is refused in words."""
    many(Shop(db, clock()), 3)
    async with driving(db_path, clock) as pilot:
        pilot.app.inbox.seen_seconds = 1000.0
        await pilot.press("a", "a", "a")
        await settle(pilot)
        assert "not seen" in toasts(pilot.app)
    assert rows(db_path, "SELECT count(*) FROM deliveries") == [(0,)]


async def test_messages_appear_while_it_is_open(db: sqlite3.Connection, db_path: Path, clock: FakeClock) -> None:
    """What another process commits is on the screen without a key; the cursor stays where it was."""
    shop = Shop(db, clock())
    street(shop)
    async with driving(db_path, clock) as pilot:
        await pilot.press("j")
        kept = pilot.app.inbox.selected
        before = len(pilot.app.inbox.queue.ids)
        shop.conversation("new.one", ("hello?",), left=60_000)
        await settle(pilot, until=lambda: len(pilot.app.inbox.queue.ids) == before + 1)
        assert pilot.app.inbox.selected == kept


async def test_bang_stops_everything_and_lets_it_go_on(db: sqlite3.Connection, db_path: Path, clock: FakeClock) -> None:
    """`!` sets the switch that every claim of the sender reads; a second one clears it."""
    street(Shop(db, clock()))
    async with driving(db_path, clock) as pilot:
        await pilot.press("exclamation_mark")
        await settle(pilot)
        assert rows(db_path, "SELECT value FROM switches WHERE name = 'paused'") == [("1",)]
        await pilot.press("exclamation_mark")
        await settle(pilot)
        assert rows(db_path, "SELECT value FROM switches WHERE name = 'paused'") == [("0",)]


def test_first_paint_imports_only_textual_and_sqlite() -> None:
    """`import philia_tui.app` brings in none of the heavy rooms."""
    import subprocess
    import sys

    heavy = [
        "sqlalchemy",
        "sqlmodel",
        "fastapi",
        "openai",
        "uvicorn",
        "httpx",
        "typer",
        "apscheduler",
        "alembic",
        "keyring",
        "pydantic",
    ]
    code = f"import philia_tui.app, sys; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


async def test_what_is_thrown_away_is_collected_once_the_screen_is_drawn(db_path: Path, clock: FakeClock) -> None:
    """The garbage collector, off while the inbox starts, is on as soon as it stands."""
    import gc

    gc.disable()
    try:
        async with driving(db_path, clock) as pilot:
            await settle(pilot)
            assert gc.isenabled()
    finally:
        gc.enable()


async def test_notices_are_told_once_and_reading_marks_as_seen(
    db: sqlite3.Connection, db_path: Path, clock: FakeClock
) -> None:
    """A notice of the server is a toast in this inbox and in no later one; Enter marks what she wrote as seen."""
    suede(Shop(db, clock()))
    db.execute("INSERT INTO notices (key, kind, text, at) VALUES ('w', 'window', 'maria.k: 1 h left [b]x[/b]', 0)")
    async with driving(db_path, clock) as pilot:
        await settle(pilot)
        assert "maria.k: 1 h left [b]x[/b]" in toasts(pilot.app)
        await pilot.press("enter")
        await settle(pilot)
        assert rows(db_path, "SELECT unread FROM conversations") == [(0,)]
        assert rows(db_path, "SELECT count(*) FROM notices WHERE seen_at IS NULL") == [(0,)]
    async with driving(db_path, clock) as pilot:
        assert "1 h left" not in toasts(pilot.app)
