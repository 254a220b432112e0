"""What the screen reads: orders, rows and searches, against rows put in by plain SQL."""

from __future__ import annotations

import sqlite3

import pytest

from store import views
from store.clock import HOUR
from store.views.activity import entries, entry_ids
from store.views.stock import piece_ids, pieces
from tests.conftest import FakeClock
from tests.philia_tui.shop import Shop, many, street, suede


def test_a_queue_is_ordered_by_time_left_and_unknown_windows_stand_last(
    db: sqlite3.Connection, clock: FakeClock
) -> None:
    """The least time left comes first; a thread without a known window is behind all others, and none is lost."""
    shop = Shop(db, clock())
    made = {left: shop.conversation(f"u{left}", left=left) for left in (5 * HOUR, HOUR, 30 * HOUR)}
    unknown = shop.conversation("nobody", left=None)
    shop.conversation("elsewhere", queue="done")
    expected = [made[HOUR], made[5 * HOUR], made[30 * HOUR], unknown]
    assert views.order(db, "needs_you").tolist() == expected
    assert views.order(db, "needs_you", limit=2).tolist() == expected[:2]
    assert views.order(db, "needs_you", limit=4).tolist() == expected
    assert views.tally(db)["needs_you"] == 4


@pytest.mark.parametrize("listed", views.LISTS)
def test_no_list_is_sorted_or_scanned(db: sqlite3.Connection, listed: str) -> None:
    """Reading a list goes along an index: SQLite sorts nothing and scans no table of conversations."""
    seen: list[str] = []
    db.set_trace_callback(seen.append)
    views.order(db, listed)
    views.rows(db, [1, 2, 3])
    db.set_trace_callback(None)
    for statement in seen:
        plan = [row["detail"] for row in db.execute(f"EXPLAIN QUERY PLAN {statement}")]
        assert not [step for step in plan if step.startswith("SCAN c") and "INDEX" not in step], plan
        if listed != views.HOLDS:
            assert not [step for step in plan if "TEMP B-TREE" in step and "ORDER BY" in step], plan


def test_rows_say_what_stands_in_the_tables(db: sqlite3.Connection, clock: FakeClock) -> None:
    """A row has its customer, newest message, live draft and newest delivery; a missing id is left out."""
    conversation, draft = suede(Shop(db, clock()))
    Shop(db, clock()).delivery(conversation, "hello")
    found = views.rows(db, [conversation, 999_999])
    assert list(found) == [conversation]
    row = found[conversation]
    assert (row.user, row.last_text, row.draft, row.draft_state) == (
        "maria.k",
        "and would it fit a 38 chest",
        draft,
        "ready",
    )
    assert (row.quota_left, row.delivery_state, row.intent) == (7, "held", "availability")


def test_filter_words_stand_for_themselves(db: sqlite3.Connection, clock: FakeClock) -> None:
    """Every word must be there, in the name, the message, the intent or a label; % and _ are letters."""
    shop = Shop(db, clock())
    street(shop)
    percent = shop.conversation("per_cent", ("100% wool?",))

    def users(words: str) -> set[str]:
        return {views.rows(db, [one])[one].user for one in views.find(db, "needs_you", words)}

    assert users("100%") == {"per_cent"}
    assert users("r_c") == {"per_cent"}
    assert users("price windbreaker") == {"sam"}
    assert users("VIP") == {"li.wei"}
    assert users("nothing here") == set()
    assert percent in views.find(db, "needs_you", "")


def test_a_thread_is_read_in_pages_without_a_gap(db: sqlite3.Connection, clock: FakeClock) -> None:
    """Pages backwards from the newest give every message once, oldest first, even with equal times."""
    shop = Shop(db, clock())
    conversation = shop.conversation("u", ())
    wrote = [shop.message(conversation, str(number), at=clock() + number // 3) for number in range(50)]
    page = views.said(db, conversation, limit=7)
    read = page
    while page:
        page = views.said(db, conversation, before=(page[0].at, page[0].id), limit=7)
        read = page + read
    assert [one.id for one in read] == wrote


def test_search_finds_every_message_by_its_words(db: sqlite3.Connection, clock: FakeClock) -> None:
    """Words, their beginnings, plain letters for accents, other scripts and names find; changes follow."""
    shop = Shop(db, clock())
    street(shop)

    def found(words: str) -> set[str]:
        return {one.user for one in views.messages(db, words)}

    assert found("suede") == found("sued") == {"maria.k"}
    assert found("cuanto mide") == {"ana"}
    assert found("外套") == {"li.wei"}
    assert found("Ana María") == {"ana"}
    assert found('"') == found("*") == found("") == set()
    assert found('suede" OR "thanks') == set()
    db.execute("UPDATE messages SET text = 'corduroy' WHERE text LIKE '%suede%'")
    assert found("suede") == set()
    assert found("corduroy") == {"maria.k"}
    db.execute("DELETE FROM messages WHERE text = 'corduroy'")
    assert found("corduroy") == set()


def test_held_replies_are_found_for_undo(db: sqlite3.Connection, clock: FakeClock) -> None:
    """The newest held reply is the one that undo means; undo all leaves automatic ones alone."""
    shop = Shop(db, clock())
    one, two = shop.conversation("a"), shop.conversation("b")
    first = shop.delivery(one, "first")
    second = shop.delivery(two, "second")
    shop.delivery(one, "sent", state="sent")
    machine = shop.delivery(two, "machine", who="auto")
    assert views.newest_held(db) == (machine, two)
    assert views.all_held(db) == [(second, two), (first, one)]


def test_the_header_counts(db: sqlite3.Connection, clock: FakeClock) -> None:
    """Counts of lists, failures not looked at, windows within the hour and the switch are told."""
    shop = Shop(db, clock())
    street(shop)
    lost = shop.conversation("lost", queue="done")
    shop.delivery(lost, "x", state="failed")
    shop.delivery(lost, "y", state="failed", acknowledged_at=clock())
    db.execute("INSERT INTO switches (name, value, updated_at) VALUES ('paused', '1', 0)")
    found = views.header(db, now=clock())
    assert (found.tally["needs_you"], found.tally["done"], found.urgent, found.failed, found.paused) == (
        4,
        2,
        1,
        1,
        True,
    )


def test_stock_and_journal_are_listed(db: sqlite3.Connection, clock: FakeClock) -> None:
    """Held pieces come first and sold ones last, with who holds them; the journal is read newest first."""
    shop = Shop(db, clock())
    sold = shop.piece("A-1", "sold one", status="sold")
    free = shop.piece("A-2", "free one")
    held = shop.piece("A-3", "held one", status="held")
    conversation = shop.conversation("kim", name="Kim")
    db.execute(
        "INSERT INTO holds (item_id, conversation_id, state, hours, created_at, expires_at)"
        " VALUES (?, ?, 'active', 24, 0, ?)",
        (held, conversation, clock() + HOUR),
    )
    assert piece_ids(db).tolist() == [held, free, sold]
    assert piece_ids(db, "one free").tolist() == [free]
    assert pieces(db, [held])[held].held_for == "Kim"
    many(shop, 1)
    db.execute("INSERT INTO journal (at, who, what, subject, conversation_id, why)"
        " VALUES (9, 'owner', 'note', 'x', ?, 'y')",
        (conversation,),
    )  # fmt: skip
    newest = entry_ids(db)[0]
    assert entries(db, [newest])[newest].name == "Kim"
    assert newest in entry_ids(db, conversation=conversation, words="owner note")
