"""Every other key of the inbox: what it changes in the database and what it shows."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import msgspec
import pytest
from textual import events

from philia_tui import keys
from philia_tui.app import PhiliaApp
from philia_tui.screens.activity import ActivityScreen
from philia_tui.screens.inbox import InboxScreen
from philia_tui.screens.insights import InsightsScreen
from philia_tui.screens.settings import SettingsScreen
from philia_tui.screens.stock import StockScreen
from philia_tui.widgets.ask import Ask
from philia_tui.widgets.editor import Editor
from philia_tui.widgets.review import Review
from server.settings import Inbox, Settings
from tests.conftest import FakeClock
from tests.philia_tui.driving import driving, screen_text, settle, toasts, typing
from tests.philia_tui.shop import HOUR, Shop, many, street, suede


def test_every_command_has_a_name_a_key_and_an_action() -> None:
    """Each public name is unique, says what it does, and is bound to an action that exists where it is bound."""
    names = [key.id for key in keys.ALL]
    assert len(set(names)) == len(names)
    assert all(key.keys and key.name and key.does for key in keys.ALL)
    homes: list[tuple[tuple[keys.Key, ...], type]] = [
        (keys.INBOX + keys.MOVING, InboxScreen),
        (keys.EVERYWHERE, PhiliaApp),
        (keys.STOCK + keys.MOVING, StockScreen),
        (keys.ACTIVITY + keys.LOOKING, ActivityScreen),
        (keys.INSIGHTS, InsightsScreen),
        (keys.SETTINGS, SettingsScreen),
        (keys.EDITING, Editor),
        (keys.REVIEWING, Review),
        (keys.ASKING, Ask),
    ]
    for scope, home in homes:
        for key in scope:
            assert hasattr(home, f"action_{key.id}"), (key.id, home)
    assert keys.clashes({}) == []


def test_clashing_and_unknown_keys_are_told() -> None:
    """Two commands on one key and a name that does not exist are each said in words."""
    told = keys.clashes({"approve": "r", "fly": "z"})
    assert any("fly is not a command" in one for one in told)
    assert any("both approve and reject" in one for one in told)


async def test_keys_move_along_the_list_and_between_lists(
    db: sqlite3.Connection, db_path: Path, clock: FakeClock
) -> None:
    """J k g G, pages, n N, Tab and Shift+Tab go where their names say, and the panes follow."""
    street(Shop(db, clock()))
    many(Shop(db, clock()), 60)
    async with driving(db_path, clock) as pilot:
        inbox = pilot.app.inbox
        assert [inbox.queue.row(one).window_closes_at for one in inbox.queue.ids] == sorted(
            inbox.queue.row(one).window_closes_at for one in inbox.queue.ids
        )
        await pilot.press("j", "j", "k")
        assert inbox.queue.cursor == 1
        assert inbox.card.conversation == inbox.selected
        await pilot.press("G")
        assert inbox.queue.cursor == len(inbox.queue.ids) - 1
        await pilot.press("g", "pagedown")
        assert 5 < inbox.queue.cursor < 60
        await pilot.press("pageup", "n", "n", "N")
        assert inbox.queue.cursor == 1
        seen = []
        for _ in range(7):
            await pilot.press("tab")
            await settle(pilot)
            seen.append((inbox.listed, len(inbox.queue.ids)))
        assert [name for name, _ in seen] == ["waiting", "sending", "holds", "in_doubt", "snoozed", "done", "needs_you"]
        assert [count for _, count in seen] == [1, 1, 0, 1, 1, 1, 64]
        await pilot.press("shift+tab")
        assert inbox.listed == "done"
        await pilot.press("n")
        assert inbox.listed == "needs_you"


async def test_enter_opens_and_q_goes_back_step_by_step(
    db: sqlite3.Connection, db_path: Path, clock: FakeClock
) -> None:
    """Enter gives the thread the keys; q closes the thread, then the filter, then the list, and last the inbox."""
    conversation, _ = suede(Shop(db, clock()))
    shop = Shop(db, clock())
    for number in range(200):
        shop.message(conversation, f"older {number}", at=clock() - 86_400_000 + number * 1000)
    async with driving(db_path, clock) as pilot:
        inbox = pilot.app.inbox
        await pilot.press("enter")
        first = len(inbox.thread.lines)
        await pilot.press(*["pageup"] * 30)
        await settle(pilot)
        assert len(inbox.thread.lines) > first + 100
        assert inbox.queue.cursor == 0
        await pilot.press("q", "w")
        assert inbox.has_class("-why")
        await pilot.press("q", "tab")
        await settle(pilot)
        await pilot.press("q")
        assert inbox.listed == "needs_you"
        await pilot.press("q")
        await pilot.pause()
        assert pilot.app._exit


async def test_snooze_wake_notes_labels_modes_and_blocks(
    db: sqlite3.Connection, db_path: Path, clock: FakeClock
) -> None:
    """S S m M l p b each change exactly their row, and u takes the last one back."""
    conversation, _ = suede(Shop(db, clock()))

    def row() -> tuple[object, ...]:
        found = db.execute(
            "SELECT c.snoozed_until, c.notes, u.notes, c.labels, c.mode, u.blocked FROM conversations c"
            " JOIN users u ON u.id = c.user_id WHERE c.id = ?",
            (conversation,),
        ).fetchone()
        return tuple(found)

    async with driving(db_path, clock) as pilot:
        for key, text in (("m", "likes brown"), ("M", "tall"), ("l", "vip, #paris")):
            await pilot.press(key)
            await settle(pilot)
            await typing(pilot, text)
            await pilot.press("enter")
            await settle(pilot)
        await pilot.press("p")
        await settle(pilot)
        assert row() == (None, "likes brown", "tall", '["vip", "paris"]', "auto", 0)
        await pilot.press("l")
        await settle(pilot)
        await typing(pilot, "vip")
        await pilot.press("enter")
        await settle(pilot)
        assert row()[3] == '["paris"]'
        await pilot.press("u")
        await settle(pilot)
        assert row()[3] == '["vip", "paris"]'
        await pilot.press("s")
        await settle(pilot)
        await typing(pilot, "2h")
        assert "→" in screen_text(pilot.app)[-1]
        await pilot.press("enter")
        await settle(pilot)
        assert row()[0] == clock() + 2 * HOUR
        assert conversation not in pilot.app.inbox.queue.ids
        await pilot.press("u")
        await settle(pilot)
        assert row()[0] is None
        assert conversation in pilot.app.inbox.queue.ids
        await pilot.press("s")
        await settle(pilot)
        await typing(pilot, "never")
        await pilot.press("enter")
        await settle(pilot)
        assert "is not a time" in toasts(pilot.app)
        await pilot.press("b")
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert row()[5] == 1
        await pilot.press("u")
        await settle(pilot)
        assert row()[5] == 0


async def test_hold_sold_and_back(db: sqlite3.Connection, db_path: Path, clock: FakeClock) -> None:
    """H holds the draft's piece for her, H ends it, x sells it, u and X bring it back; the draft goes each time."""
    conversation, _ = suede(Shop(db, clock()))

    def status() -> str:
        return str(db.execute("SELECT status FROM items WHERE sku = 'J-014'").fetchone()[0])

    async with driving(db_path, clock) as pilot:
        assert "hold J-014" in screen_text(pilot.app)[-1]
        await pilot.press("h")
        await settle(pilot)
        assert status() == "held"
        assert "J-014 is on hold for maria.k" in toasts(pilot.app)
        held = db.execute("SELECT conversation_id, state FROM holds").fetchone()
        assert tuple(held) == (conversation, "active")
        pilot.app.inbox.show_list("holds")
        await settle(pilot)
        assert pilot.app.inbox.selected == conversation
        await pilot.press("H")
        await settle(pilot)
        assert status() == "available"
        pilot.app.inbox.go_to(conversation)
        await pilot.press("x")
        await settle(pilot)
        await typing(pilot, "J-014")
        await pilot.press("enter")
        await settle(pilot)
        assert status() == "sold"
        await pilot.press("u")
        await settle(pilot)
        assert status() == "available"


async def test_marks_and_ranges_with_one_verb(db: sqlite3.Connection, db_path: Path, clock: FakeClock) -> None:
    """V marks one, V the range; a then sends each after checking it again: the one that changed is refused by name."""
    many(Shop(db, clock()), 8)
    async with driving(db_path, clock, live=False) as pilot:
        inbox = pilot.app.inbox
        await pilot.press("v", "j", "j", "V")
        assert len(inbox.queue.marks) == 4
        assert "4 marked" in screen_text(pilot.app)[-1]
        gone = inbox.queue.ids[1]
        db.execute("UPDATE drafts SET state = 'withdrawn', ended_reason = 'sold' WHERE conversation_id = ?", (gone,))
        await pilot.press("a")
        await settle(pilot)
        sent = {row[0] for row in db.execute("SELECT conversation_id FROM deliveries")}
        assert len(sent) == 3
        assert gone not in sent
        assert f"Not sent: Customer {gone}: " in toasts(pilot.app)
        assert not inbox.queue.marks
        await pilot.press("U")
        await settle(pilot)
        assert {row[0] for row in db.execute("SELECT state FROM deliveries")} == {"cancelled"}


async def test_approve_all_asks_and_leaves_the_doubtful(
    db: sqlite3.Connection, db_path: Path, clock: FakeClock
) -> None:
    """A sends only drafts whose claims are all backed, and only after Enter."""
    street(Shop(db, clock()))
    many(Shop(db, clock()), 3)
    async with driving(db_path, clock) as pilot:
        await pilot.press("A")
        await settle(pilot)
        assert "Send 4 backed drafts?" in screen_text(pilot.app)[-1]
        await pilot.press("escape")
        await settle(pilot)
        assert db.execute("SELECT count(*) FROM deliveries WHERE draft_id IS NOT NULL").fetchone()[0] == 0
        await pilot.press("A")
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        intents = {row[0] for row in db.execute("SELECT d.intent FROM deliveries o JOIN drafts d ON d.id = o.draft_id")}
        assert intents == {"availability"}


async def test_filter_search_and_jump_find(db: sqlite3.Connection, db_path: Path, clock: FakeClock) -> None:
    r"""/ keeps the list to words as they are typed, \\ finds any message ever said, f goes by a letter."""
    shop = Shop(db, clock())
    street(shop)
    many(shop, 30)
    async with driving(db_path, clock) as pilot:
        inbox = pilot.app.inbox
        await pilot.press("slash")
        await settle(pilot)
        await typing(pilot, "suede")
        await settle(pilot)
        assert len(inbox.queue.ids) == 0
        await pilot.press(*["backspace"] * 5)
        await typing(pilot, "38 chest")
        await settle(pilot)
        assert [inbox.queue.row(one).user for one in inbox.queue.ids] == ["maria.k"]
        await pilot.press("escape")
        await settle(pilot)
        assert len(inbox.queue.ids) == 34
        await pilot.press("backslash")
        await settle(pilot)
        await typing(pilot, "suede")
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert pilot.app.screen is inbox
        assert inbox.card.tiktok_id == "maria.k"
        # Letters stand on what is in sight: back to the top, from where the search had led.
        await pilot.press("g")
        target = inbox.queue.ids[3]
        await pilot.press("f")
        letter = inbox.queue.jumps[target]
        await pilot.press(letter)
        await settle(pilot)
        assert inbox.selected == target
        assert db.execute("SELECT count(*) FROM deliveries WHERE draft_id IS NOT NULL").fetchone()[0] == 0


async def test_canned_replies_fill_in_and_refuse_holes(db: sqlite3.Connection, db_path: Path, clock: FakeClock) -> None:
    """C fills the names that the conversation knows; a text with an unfilled one is not sent; C keeps a text."""
    suede(Shop(db, clock()))
    db.execute("INSERT INTO canned_replies (name, text, updated_at) VALUES ('ship', 'The {piece}: {eta}?', 0)")
    async with driving(db_path, clock) as pilot:
        await pilot.press("c")
        await settle(pilot)
        await typing(pilot, "ship")
        await pilot.press("enter")
        await settle(pilot)
        editor = pilot.app.screen.query_one("#editor")
        assert editor.text == "The 70s suede jacket: {eta}?"
        await pilot.press("escape")
        await settle(pilot)
        await pilot.press("s")
        await settle(pilot)
        assert "{eta} is not filled in" in toasts(pilot.app)
        assert db.execute("SELECT count(*) FROM deliveries").fetchone()[0] == 0
        await pilot.press("escape")
        await settle(pilot)
        await pilot.press("d")
        await settle(pilot)
        await pilot.press("C")
        await settle(pilot)
        await typing(pilot, "yes")
        await pilot.press("enter")
        await settle(pilot)
        assert db.execute("SELECT text FROM canned_replies WHERE name = 'yes'").fetchone()[0].startswith("Yes! The 70s")


async def test_instruct_redraft_write_and_settle(db: sqlite3.Connection, db_path: Path, clock: FakeClock) -> None:
    """I asks for words and a new draft, R for a new one, I sends the owner's own words, d settles a doubt."""
    conversation, draft = suede(Shop(db, clock()))
    doubt = Shop(db, clock()).conversation("tom", ("hello?",), queue="in_doubt", left=30 * HOUR)
    Shop(db, clock()).delivery(doubt, "It ships.", state="needs_owner", unknown_since=clock() - 1000)
    async with driving(db_path, clock) as pilot:
        await pilot.press("i")
        await settle(pilot)
        await typing(pilot, "shorter")
        await pilot.press("enter")
        await settle(pilot)
        states = dict(db.execute("SELECT id, state FROM drafts").fetchall())
        assert states[draft] == "superseded"
        assert db.execute("SELECT instruction FROM drafts WHERE state = 'queued'").fetchone()[0] == "shorter"
        pilot.app.inbox.go_to(conversation)
        await pilot.press("R")
        await settle(pilot)
        assert db.execute("SELECT count(*) FROM drafts").fetchone()[0] == 3
        await pilot.press("I")
        await settle(pilot)
        await typing(pilot, "Hi Maria")
        await pilot.press("ctrl+s")
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert [row[0] for row in db.execute("SELECT text FROM deliveries WHERE state = 'held'")] == ["Hi Maria"]
        pilot.app.inbox.go_to(conversation)
        await pilot.press("y")
        await settle(pilot)
        assert db.execute("SELECT send_after FROM deliveries WHERE state = 'held'").fetchone()[0] <= clock()
        pilot.app.inbox.go_to(doubt)
        await pilot.press("d")
        await settle(pilot)
        await typing(pilot, "drop")
        await pilot.press("enter")
        await settle(pilot)
        assert db.execute("SELECT state FROM deliveries WHERE text = 'It ships.'").fetchone()[0] == "dropped"


async def test_letters_typed_with_the_key_that_opens_a_field_are_words(
    db: sqlite3.Connection, db_path: Path, clock: FakeClock
) -> None:
    """A burst of e and words, faster than the editor can open, lands in the editor and decides nothing."""
    suede(Shop(db, clock()))
    async with driving(db_path, clock) as pilot:
        before = pilot.app.inbox.draft.text
        for key in ("e", "a", "r", "x", "q"):
            pilot.app.post_message(events.Key(key, key))
        await settle(pilot, until=lambda: bool(pilot.app.inbox.query("#editor")))
        await pilot.pause()
        assert pilot.app.inbox.query_one("#editor").text == before + "arxq"
        assert db.execute("SELECT count(*) FROM deliveries").fetchone()[0] == 0
        assert db.execute("SELECT status FROM items").fetchone()[0] == "available"


async def test_own_words_are_checked_as_a_warning(db: sqlite3.Connection, db_path: Path, clock: FakeClock) -> None:
    """A price that no row has is warned of while it is typed, and may be sent all the same."""
    suede(Shop(db, clock()))
    async with driving(db_path, clock) as pilot:
        await pilot.press("e")
        await settle(pilot)
        await typing(pilot, " $99!")
        await settle(pilot, until=lambda: "⚠ yours" in "\n".join(screen_text(pilot.app)))
        await pilot.press("escape")
        await settle(pilot)
        assert "⚠" in screen_text(pilot.app)[-1]
        await pilot.press("s")
        await settle(pilot)
        assert db.execute("SELECT text FROM deliveries").fetchone()[0].endswith("$99!")


async def test_keys_can_be_remapped_and_every_label_follows(
    db: sqlite3.Connection, db_path: Path, clock: FakeClock
) -> None:
    """[inbox] keys by public name change the key, the hint line and the help; the old key does nothing."""
    suede(Shop(db, clock()))
    settings = msgspec.structs.replace(Settings(), inbox=Inbox(keys={"approve": "z", "fly": "y"}))
    async with driving(db_path, clock, settings=settings) as pilot:
        assert "fly is not a command" in toasts(pilot.app)
        assert "z approve" in screen_text(pilot.app)[-1]
        await pilot.press("a")
        await settle(pilot)
        assert db.execute("SELECT count(*) FROM deliveries").fetchone()[0] == 0
        await pilot.press("question_mark")
        await pilot.pause()
        assert any("z  approve" in line for line in screen_text(pilot.app))
        await pilot.press("q")
        await settle(pilot)
        await pilot.press("z")
        await settle(pilot)
        assert db.execute("SELECT count(*) FROM deliveries").fetchone()[0] == 1


async def test_every_command_is_in_the_palette(db: sqlite3.Connection, db_path: Path, clock: FakeClock) -> None:
    """The palette offers every command of the inbox with its key, and each of the house's themes."""
    suede(Shop(db, clock()))
    async with driving(db_path, clock) as pilot:
        offered = {command.title for command in pilot.app.get_system_commands(pilot.app.screen)}
        for key in keys.INBOX + keys.EVERYWHERE:
            if key.id != "palette":
                assert any(title.startswith(f"{key.name} (") for title in offered), key.id
        assert {"theme: philia-dark", "theme: philia-contrast", "theme: philia-colourblind"} <= offered
        await pilot.press("colon")
        await pilot.pause()
        assert type(pilot.app.screen).__name__ == "CommandPalette"


@pytest.mark.parametrize(("key", "kind"), [("2", StockScreen), ("4", ActivityScreen), ("5", SettingsScreen)])
async def test_the_other_screens_open_and_close(
    db: sqlite3.Connection, db_path: Path, clock: FakeClock, key: str, kind: type
) -> None:
    """A digit opens a screen from anywhere, the filter keeps its rows, q comes back to the inbox."""
    street(Shop(db, clock()))
    async with driving(db_path, clock) as pilot:
        if kind is ActivityScreen:
            await pilot.press("a", "p")
            await settle(pilot)
        await pilot.press(key)
        await settle(pilot)
        assert isinstance(pilot.app.screen, kind)
        if kind is StockScreen:
            await pilot.press("slash")
            await settle(pilot)
            await typing(pilot, "windbreaker")
            await pilot.press("enter")
            await settle(pilot)
            assert "T-031" in screen_text(pilot.app)[1]
            await pilot.press("x")
            await settle(pilot)
            assert db.execute("SELECT status FROM items WHERE sku = 'T-031'").fetchone()[0] == "sold"
            await pilot.press("X")
            await settle(pilot)
            assert db.execute("SELECT status FROM items WHERE sku = 'T-031'").fetchone()[0] == "available"
        if kind is ActivityScreen:
            assert any("thread: mode → auto" in line for line in screen_text(pilot.app))
            await pilot.press("E")
            await pilot.pause()
            assert (db_path.parent / "philia-activity.csv").read_text("utf-8").startswith("at,who,what")
        await pilot.press("q")
        await pilot.pause()
        assert pilot.app.screen is pilot.app.inbox


async def test_insights_count_and_export(db: sqlite3.Connection, db_path: Path, clock: FakeClock) -> None:
    """3 plots and tells the figures, t and p change span and plot, E writes a CSV of them."""
    street(Shop(db, clock()))
    async with driving(db_path, clock) as pilot:
        await pilot.press("3")
        await settle(pilot, until=lambda: any("answered in the window" in line for line in screen_text(pilot.app)))
        await pilot.press("t", "p", "p")
        await settle(pilot)
        assert any("the last 30 days" in line for line in screen_text(pilot.app))
        await pilot.press("E")
        await pilot.pause()
        written = (db_path.parent / "philia-insights-30-days.csv").read_text("utf-8")
        assert "questions,,1" in written


async def test_learnt_rules_are_accepted_and_taken_back(
    db: sqlite3.Connection, db_path: Path, clock: FakeClock
) -> None:
    """5 shows what her edits teach; y turns a proposal on, d takes it back; nothing is on before she says so."""
    suede(Shop(db, clock()))
    db.execute(
        "INSERT INTO learned_rules (kind, before, after, seen, of, state, created_at)"
        " VALUES ('remove', 'lovely', '', 9, 10, 'proposed', 0)"
    )

    def state() -> str:
        return str(db.execute("SELECT state FROM learned_rules").fetchone()[0])

    async with driving(db_path, clock) as pilot:
        await pilot.press("5")
        await settle(pilot)
        assert any("lovely" in line and "9 of 10" in line for line in screen_text(pilot.app))
        await pilot.press("y")
        await settle(pilot, until=lambda: state() == "accepted")
        pilot.app.screen.load()
        await pilot.press("d")
        await settle(pilot, until=lambda: state() == "withdrawn")
