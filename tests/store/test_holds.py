"""Holds: one holder, a fair line, never a sold piece, and exactly one winner of two at once."""

from __future__ import annotations

import multiprocessing
import random
import sqlite3
from contextlib import closing
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from store import holds, items
from store.database import connect, transaction
from store.errors import NotAllowed, NotFound
from tests.store.stock_rows import HOUR, conversation, entries, hold_rows, piece, statuses

NOW = 1_000_000


@pytest.fixture
def people(db: sqlite3.Connection) -> list[int]:
    piece(db, "J-014")
    return [conversation(db, name, now=NOW) for name in ("maria", "jo", "sam", "kim")]


def hold(db: sqlite3.Connection, who: int, hours: int = 24, *, now: int = NOW) -> holds.Held:
    return holds.hold(db, "J-014", who, hours, now=now, who="owner")


def test_a_free_piece_is_held_at_once(db: sqlite3.Connection, people: list[int]) -> None:
    """The first to ask holds it for the hours asked, the piece is held, and both are in the journal."""
    held = hold(db, people[0], 6)
    assert (held.state, held.place, held.until) == ("active", 0, NOW + 6 * HOUR)
    assert statuses(db) == {"J-014": "held"}
    assert holds.held_for(db, people[0]) == ["J-014"]
    assert [(entry["from_state"], entry["to_state"]) for entry in entries(db, subject="item")] == [
        ("available", "held")
    ]
    assert [entry["to_state"] for entry in entries(db, subject="hold")] == ["active"]


def test_the_line_is_first_come_first_served(db: sqlite3.Connection, people: list[int]) -> None:
    """Later askers get places 1, 2, 3; asking again keeps the place and makes no second one."""
    places = [hold(db, who).place for who in people]
    assert places == [0, 1, 2, 3]
    assert [hold(db, who).place for who in people[1:]] == [1, 2, 3]
    assert len(hold_rows(db, "J-014")) == 4


def test_her_own_hold_is_never_in_her_way(db: sqlite3.Connection, people: list[int]) -> None:
    """The holder who asks again keeps it until the later of both ends, never shorter."""
    hold(db, people[0], 24)
    longer = hold(db, people[0], 48)
    shorter = hold(db, people[0], 1)
    assert (longer.state, longer.extended, longer.until) == ("active", True, NOW + 48 * HOUR)
    assert shorter.until == NOW + 48 * HOUR
    assert hold_rows(db, "J-014") == [(people[0], "active")]


def test_what_cannot_be_held(db: sqlite3.Connection, people: list[int]) -> None:
    """A sold piece, an unknown one, an unknown conversation and absurd hours are refused, and nothing is written."""
    piece(db, "GONE", status="sold")
    for sku, who, hours, fault in [
        ("GONE", people[0], 24, NotAllowed),
        ("NOPE", people[0], 24, NotFound),
        ("J-014", 999, 24, NotFound),
        ("J-014", people[0], 0, NotAllowed),
        ("J-014", people[0], 10_000, NotAllowed),
    ]:
        with pytest.raises(fault):
            holds.hold(db, sku, who, hours, now=NOW, who="owner")
    assert db.execute("SELECT count(*) FROM holds").fetchone()[0] == 0


def test_a_reserved_piece_has_a_line_too(db: sqlite3.Connection, people: list[int]) -> None:
    """What the owner keeps for somebody outside is waited for, and offered once she gives it free."""
    db.execute("UPDATE items SET status = 'reserved'")
    assert (hold(db, people[0]).state, hold(db, people[0]).place) == ("waiting", 1)
    freed = holds.release(db, "J-014", now=NOW, who="owner")
    assert freed.offer is not None
    assert freed.offer.conversation_id == people[0]
    assert statuses(db) == {"J-014": "held"}


def test_release_offers_to_the_next(db: sqlite3.Connection, people: list[int]) -> None:
    """A released piece goes to the next in line at once, without a moment in which it is free."""
    for who in people[:3]:
        hold(db, who, 12)
    freed = holds.release(db, "J-014", now=NOW + HOUR, who="owner")
    assert freed.offer is not None
    assert (freed.offer.conversation_id, freed.offer.until) == (people[1], NOW + 13 * HOUR)
    assert hold_rows(db, "J-014") == [(people[0], "released"), (people[1], "active"), (people[2], "waiting")]
    assert statuses(db) == {"J-014": "held"}


def test_leaving_the_line(db: sqlite3.Connection, people: list[int]) -> None:
    """One in line can be taken out of it alone; who neither holds nor waits cannot."""
    for who in people[:3]:
        hold(db, who)
    holds.release(db, "J-014", now=NOW, who="owner", conversation_id=people[1])
    assert [state for _, state in hold_rows(db, "J-014")] == ["active", "released", "waiting"]
    with pytest.raises(NotAllowed):
        holds.release(db, "J-014", now=NOW, who="owner", conversation_id=people[3])


def test_nothing_to_release(db: sqlite3.Connection, people: list[int]) -> None:
    """A free piece and a sold one have no hold to end, and say so."""
    with pytest.raises(NotAllowed, match="not on hold"):
        holds.release(db, "J-014", now=NOW, who="owner")
    items.sell(db, "J-014", now=NOW, who="owner")
    with pytest.raises(NotAllowed, match="sold"):
        holds.release(db, "J-014", now=NOW, who="owner")


def test_expiry_skips_those_who_cannot_be_told(db: sqlite3.Connection, people: list[int]) -> None:
    """When a hold ends, the first in line whose window is open gets it; who is passed over keeps her place."""
    for who in people[:3]:
        hold(db, who, 24)
    db.execute("UPDATE conversations SET window_closes_at = ? WHERE id = ?", (NOW + HOUR, people[1]))
    assert holds.expire_due(db, now=NOW + 24 * HOUR - 1) == []
    (freed,) = holds.expire_due(db, now=NOW + 24 * HOUR)
    assert (freed.conversation_id, freed.why) == (people[0], "expired")
    assert freed.offer is not None
    assert (freed.offer.conversation_id, freed.offer.passed_over) == (people[2], (people[1],))
    assert hold_rows(db, "J-014") == [(people[0], "expired"), (people[1], "waiting"), (people[2], "active")]
    assert holds.expire_due(db, now=NOW + 24 * HOUR) == []


def test_expiry_without_a_line_frees_the_piece(db: sqlite3.Connection, people: list[int]) -> None:
    """With nobody to offer it to, the piece is available again, and the end of the hold is in the journal."""
    hold(db, people[0], 1)
    (freed,) = holds.expire_due(db, now=NOW + HOUR)
    assert freed.offer is None
    assert statuses(db) == {"J-014": "available"}
    assert entries(db, subject="hold")[-1]["to_state"] == "expired"


def test_a_line_that_can_be_told_again_is_offered(db: sqlite3.Connection, people: list[int]) -> None:
    """Somebody passed over who writes again gets the free piece at the next look."""
    hold(db, people[0], 1)
    hold(db, people[1], 5)
    db.execute("UPDATE conversations SET window_closes_at = ? WHERE id = ?", (NOW, people[1]))
    holds.expire_due(db, now=NOW + HOUR)
    assert statuses(db) == {"J-014": "available"}
    assert holds.offer_free(db, now=NOW + 2 * HOUR) == []
    db.execute("UPDATE conversations SET window_closes_at = ? WHERE id = ?", (NOW + 99 * HOUR, people[1]))
    (offer,) = holds.offer_free(db, now=NOW + 2 * HOUR)
    assert (offer.conversation_id, offer.until) == (people[1], NOW + 7 * HOUR)


def _ask(path: Path, who: int, ready: Barrier, answers: multiprocessing.Queue[tuple[int, str, int]]) -> None:
    with closing(connect(path)) as db:
        ready.wait()
        with transaction(db):
            held = holds.hold(db, "J-014", who, now=NOW, who="owner")
        answers.put((who, held.state, held.place))


def test_two_at_once_have_one_winner(db: sqlite3.Connection, db_path: Path, people: list[int]) -> None:
    """Four processes that ask for the same piece at the same moment get one hold and places 1, 2 and 3."""
    context = multiprocessing.get_context("spawn")
    answers: multiprocessing.Queue[tuple[int, str, int]] = context.Queue()
    ready = context.Barrier(len(people))
    started = [context.Process(target=_ask, args=(db_path, who, ready, answers)) for who in people]
    for process in started:
        process.start()
    got = [answers.get(timeout=60) for _ in people]
    for process in started:
        process.join(timeout=60)
        process.close()
    answers.close()
    answers.join_thread()
    assert sorted(state for _, state, _ in got) == ["active", "waiting", "waiting", "waiting"]
    assert sorted(place for _, _, place in got) == [0, 1, 2, 3]
    winner = next(who for who, state, _ in got if state == "active")
    assert db.execute("SELECT conversation_id FROM holds WHERE state = 'active'").fetchall()[0][0] == winner


def test_the_schema_itself_allows_one_holder(db: sqlite3.Connection, people: list[int]) -> None:
    """Code that forgot to look cannot make a second active hold, nor a second place of one customer."""
    hold(db, people[0])
    insert = "INSERT INTO holds (item_id, conversation_id, state, hours, created_at) VALUES (1, ?, ?, 1, 1)"
    for who, state in ((people[1], "active"), (people[0], "waiting")):
        with pytest.raises(sqlite3.IntegrityError):
            db.execute(insert, (who, state))


@pytest.mark.parametrize("seed", range(20))
def test_any_order_keeps_the_piece_and_its_holds_in_step(db: sqlite3.Connection, people: list[int], seed: int) -> None:
    """After any sequence: held exactly when a hold is active, sold without open holds, the line in order of asking."""
    chance = random.Random(seed)
    now = NOW
    asked: list[int] = []
    for _ in range(60):
        now += chance.randrange(8) * HOUR
        verb = chance.choice(["hold", "hold", "hold", "release", "expire", "offer", "sell", "back", "window"])
        who = chance.choice(people)
        try:
            if verb == "hold":
                hold(db, who, chance.randrange(1, 30), now=now)
                if who not in asked:
                    asked.append(who)
            elif verb == "release":
                holds.release(db, "J-014", now=now, who="owner", conversation_id=chance.choice([None, who]))
            elif verb == "expire":
                holds.expire_due(db, now=now)
            elif verb == "offer":
                holds.offer_free(db, now=now)
            elif verb == "sell" and chance.random() < 0.3:
                items.sell(db, "J-014", now=now, who="owner")
            elif verb == "back":
                found = items.find(db, "J-014")
                if found.status == "sold":
                    items.reopen(db, found, "available", now=now, who="owner", why="back")
            elif verb == "window":
                closes = now + chance.choice([-1, 1]) * HOUR * 40
                db.execute("UPDATE conversations SET window_closes_at = ? WHERE id = ?", (closes, who))
        except NotAllowed:
            pass
        rows = db.execute("SELECT conversation_id, state FROM holds WHERE state IN ('active', 'waiting') ORDER BY id")
        open_holds = [(found[0], found[1]) for found in rows]
        asked = [each for each in asked if each in {found[0] for found in open_holds}]
        status = statuses(db)["J-014"]
        active = [each for each, state in open_holds if state == "active"]
        assert len(active) <= 1
        assert (status == "held") == bool(active)
        assert status != "sold" or not open_holds
        waiting = [each for each, state in open_holds if state == "waiting"]
        assert waiting == [each for each in asked if each in waiting]
    replayed = "available"
    for entry in entries(db, subject="item", subject_id=1):
        if entry["to_state"] is not None:
            assert entry["from_state"] == replayed
            replayed = entry["to_state"]
    assert replayed == statuses(db)["J-014"]
