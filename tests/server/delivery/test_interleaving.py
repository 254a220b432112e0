"""I16: no message that calls a piece available leaves after it was sold or held for somebody else, in any order."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from server import decisions, stock
from store import items
from store.attempts import PromiseBroken
from store.database import connect
from tests.server.delivery.shop import Shop, add_conversation, ready_draft
from tests.server.delivery.stock_model import Afternoon, Counts
from tests.store.stock_rows import HOUR, piece

START = 1_800_000_000_000


def play(path: Path, orders: range, promise_broken: PromiseBroken = items.promise_broken) -> Counts:
    """Plays the orders on a copy in memory: what a disk does is judged elsewhere, and would cost half the time."""
    counts = Counts()
    with closing(connect(path)) as on_disk, closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        on_disk.backup(db)
        db.row_factory = sqlite3.Row
        db.execute("PRAGMA foreign_keys = ON")
        for seed in orders:
            Afternoon(db, seed, counts, promise_broken, START + seed * 1_000 * HOUR).play()
    return counts


@pytest.mark.parametrize("part", range(4))
def test_no_order_lets_a_lie_leave(db_path: Path, part: int) -> None:
    """Of 1,000 random orders of approve, sell, hold, release, expire and send, none sends what is not true."""
    counts = play(db_path, range(part * 250, part * 250 + 250))
    assert counts.lies == []
    assert counts.orders == 250
    # The orders reach what they are about: true messages did leave, and untrue ones were stopped at every gate.
    assert counts.said_available > 100
    assert counts.said_yours > 10
    assert counts.stopped > 25
    assert counts.refused > 50


def test_a_naive_sender_fails_the_same_orders(db_path: Path) -> None:
    """A sender that believes the decision and does not look again lies in these orders, or they prove nothing."""
    counts = play(db_path, range(100), lambda *_given: None)
    assert len(counts.lies) > 3


SoldMeanwhile = Callable[[sqlite3.Connection, int, int], Any]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda db, _other, now: stock.sell(db, "J-014", now=now, who="owner"), "was sold"),
        (lambda db, other, now: stock.hold(db, "J-014", other, now=now, who="owner"), "on hold for somebody else"),
        (lambda db, _other, now: stock.edit(db, "J-014", {"price_cents": 1}, now=now, who="owner"), "was changed"),
    ],
)
async def test_the_real_sender_stops_it_and_asks_for_another(shop: Shop, change: SoldMeanwhile, reason: str) -> None:
    """An approved reply whose piece went in the seconds of undo never leaves; a new draft is asked for."""
    now = shop.clock.now
    maria = shop.write(add_conversation, "maria")
    jo = shop.write(add_conversation, "jo")
    piece(shop.db, "J-014")
    draft = shop.write(ready_draft, maria, "Yes, it is here!", offering=["J-014"])
    decided = shop.write(decisions.approve, draft, settings=shop.settings.delivery)
    shop.write(lambda db, *, now: change(db, jo, now))
    shop.clock.advance(10_000)
    await shop.run(ticks=2)
    assert shop.texts() == []
    assert shop.state(decided.delivery_id) == "failed"
    assert reason in shop.row(decided.delivery_id)["reason"]
    states = shop.db.execute("SELECT state FROM drafts WHERE conversation_id = ? ORDER BY id", (maria,)).fetchall()
    assert [row["state"] for row in states] == ["approved", "queued"]
    assert now < shop.clock.now
