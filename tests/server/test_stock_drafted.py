"""What customers are told of a sale, a hold and an offer, in the words of the house drafter over the sample shop."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from server import drafting, stock
from server.agent import house
from server.settings import Settings
from store import drafts, holds, importing, items
from store.database import transaction
from store.search import search
from tests.server.delivery.shop import add_conversation

NOW = 1_800_000_000_000
SAMPLE = Path(__file__).parents[2] / "server" / "simulator" / "sample_stock.csv"
QUESTION = "Hi! Is the Nike windbreaker with the teal colour block still available?"


@pytest.fixture
def shop(db: sqlite3.Connection) -> sqlite3.Connection:
    with transaction(db):
        importing.apply(db, importing.read_file(SAMPLE, unit="in", currency="USD"), now=NOW, who="owner")
    return db


def write(db: sqlite3.Connection) -> dict[int, tuple[str, str]]:
    """Writes what is due as the server does, and returns (text, verdict) of each ready draft by conversation."""
    settings = Settings()
    for draft in drafts.claim_due(db, now=NOW, boot="test", limit=100):
        request = drafting.request_for(db, draft, settings, {})
        drafted = house.draft(request, lambda *a, **k: search(db, *a, **k), lambda sku: items.get(db, sku))
        drafting.keep(db, draft.id, drafted, settings, now=NOW)
    rows = db.execute("SELECT conversation_id, text, verdict FROM drafts WHERE state = 'ready'")
    return {row[0]: (row[1], row[2]) for row in rows}


def ask(db: sqlite3.Connection, name: str) -> int:
    who = add_conversation(db, name, now=NOW, text=QUESTION)
    drafts.enqueue(db, who, now=NOW)
    return who


def test_a_sale_is_told_with_similar_pieces(shop: sqlite3.Connection) -> None:
    """Both who asked are told that it is gone, offered up to three pieces that are there, and nothing untrue passes."""
    maria, jo = ask(shop, "maria"), ask(shop, "jo")
    before = write(shop)
    assert {verdict for _, verdict in before.values()} == {"pass"}
    (sku,) = drafts.discussed(shop, maria)
    tidied = stock.sell(shop, sku, now=NOW, who="owner")
    assert {each.conversation_id for each in tidied.drafts} == {maria, jo}
    after = write(shop)
    for who in (maria, jo):
        text, verdict = after[who]
        live = drafts.live(shop, who)
        assert live is not None
        offered = [each for each in items.get_many(shop, live.cited_skus) if each.sku != sku]
        assert (verdict, live.cause) == ("pass", "sold")
        assert "sold" in text.lower() or "gone" in text.lower()
        assert 1 <= len(offered) <= 3
        assert {each.status for each in offered} == {"available"}


def test_a_hold_is_confirmed_and_the_line_told(shop: sqlite3.Connection) -> None:
    """The holder reads that it is hers, the next that she is next, and after the hold that it is offered to her."""
    maria, jo = ask(shop, "maria"), ask(shop, "jo")
    write(shop)
    (sku,) = drafts.discussed(shop, maria)
    stock.hold(shop, sku, maria, hours=24, now=NOW, who="owner")
    stock.hold(shop, sku, jo, hours=24, now=NOW, who="owner")
    told = write(shop)
    assert "hold" in told[maria][0].lower()
    assert "next" in told[jo][0].lower()
    stock.release(shop, sku, now=NOW, who="owner")
    assert holds.held_for(shop, jo) == [sku]
    offered = write(shop)
    assert offered[jo][0] != told[jo][0]
    assert offered[maria][0] != told[maria][0]
    assert "on hold for you" not in offered[maria][0].lower()
