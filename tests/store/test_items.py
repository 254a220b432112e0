"""The stock: changes count revisions, sales end holds, and promises are read again as they stand."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

import pytest

from store import holds, items, listing
from store.errors import NotAllowed, NotFound, Stale
from tests.store.stock_rows import conversation, entries, hold_rows, piece, statuses

NOW = 1_000_000


def test_a_piece_comes_back_as_it_was_added(db: sqlite3.Connection) -> None:
    """What is added is read again by its SKU, with its photos, and its first entry is in the journal."""
    values = {
        "name": "Suede jacket", "brand": "Levi's", "size_label": "M", "price_cents": 8500, "currency": "EUR",
        "measurements": {"pit_to_pit": 533, "length": 648}, "color": "brown", "tags": "suede western",
        "photos": ["/photos/a.jpg", "https://p/1.jpg"], "material": "suede", "fit_note": "runs small",
    }  # fmt: skip
    added = items.add(db, "J-014", values, now=NOW, who="owner")
    found = items.get(db, "J-014")
    assert found == added
    assert (found.price_cents, found.size, found.tags, found.status, found.revision) == (
        8500, "M", ("suede", "western"), "available", 1,
    )  # fmt: skip
    assert found.as_json("cm")["measurements"] == {"length": 65.0, "pit_to_pit": 53.5}
    assert items.photos(db, "J-014") == ["/photos/a.jpg", "https://p/1.jpg"]
    assert [(entry["what"], entry["to_state"], entry["why"]) for entry in entries(db)] == [
        ("add", "available", "J-014")
    ]


def test_what_cannot_be_added(db: sqlite3.Connection) -> None:
    """A taken SKU, a missing name and an unknown column are refused."""
    piece(db, "A")
    for sku, values in (("A", {"name": "x"}), ("B", {"name": ""}), ("B", {}), ("B", {"name": "x", "colour": "red"})):
        with pytest.raises(NotAllowed):
            items.add(db, sku, values, now=NOW, who="owner")


def test_capitals_do_not_matter_unless_they_must(db: sqlite3.Connection) -> None:
    """The owner may write j-014; two pieces that differ by capitals are told apart, and nothing is guessed."""
    piece(db, "J-014")
    assert items.find(db, " j-014 ").sku == "J-014"
    piece(db, "j-014")
    assert items.find(db, "j-014").sku == "j-014"
    with pytest.raises(NotFound, match="J-O14"):
        items.find(db, "J-O14")


def test_an_edit_tells_what_changed(db: sqlite3.Connection) -> None:
    """Each change counts one revision and says old and new; the same values again change nothing."""
    piece(db, "A", price=8_500)
    edited = items.edit(db, "A", {"price_cents": 7_900, "color": "brown"}, now=NOW, who="owner")
    assert (edited.price_cents, edited.color, edited.revision) == (7_900, "brown", 2)
    assert entries(db, what="edit")[0]["why"] == "price 85.00 USD → 79.00 USD; color empty → brown"
    assert items.edit(db, "A", {"price_cents": 7_900}, now=NOW, who="owner").revision == 2
    assert len(entries(db, what="edit")) == 1


def test_an_edit_of_what_was_changed_meanwhile_is_refused(db: sqlite3.Connection) -> None:
    """Whoever looked at an older revision edits nothing."""
    piece(db, "A")
    items.edit(db, "A", {"color": "brown"}, now=NOW, who="owner")
    with pytest.raises(Stale):
        items.edit(db, "A", {"color": "black"}, now=NOW, who="owner", seen_revision=1)
    assert items.edit(db, "A", {"color": "black"}, now=NOW, who="owner", seen_revision=2).color == "black"


def test_an_edit_cannot_sell_or_rename_to_nothing(db: sqlite3.Connection) -> None:
    """The status is no column of an edit, and a piece keeps a name."""
    piece(db, "A")
    for values in ({"status": "sold"}, {"name": ""}, {"revision": 9}, {"sku": "B"}):
        with pytest.raises(NotAllowed):
            items.edit(db, "A", values, now=NOW, who="owner")
    assert statuses(db) == {"A": "available"}


def test_a_sale_ends_the_holds(db: sqlite3.Connection) -> None:
    """The holder counts as the buyer, the line is let go, and the piece is sold at the same time."""
    piece(db, "A")
    maria, jo = (conversation(db, name, now=NOW) for name in ("maria", "jo"))
    for who in (maria, jo):
        holds.hold(db, "A", who, now=NOW, who="owner")
    sale = items.sell(db, "a", now=NOW, who="owner")
    assert [(end.conversation_id, end.was, end.bought) for end in sale.ended] == [
        (maria, "active", True), (jo, "waiting", False),
    ]  # fmt: skip
    assert hold_rows(db, "A") == [(maria, "sold"), (jo, "released")]
    assert statuses(db) == {"A": "sold"}
    assert db.execute("SELECT sold_at FROM items").fetchone()[0] == NOW
    with pytest.raises(NotAllowed, match="already"):
        items.sell(db, "A", now=NOW, who="owner")


def test_a_sale_to_somebody_else_than_the_holder(db: sqlite3.Connection) -> None:
    """A named buyer has bought it, hold or not; the holder is let go; taking it back leaves no buyer."""
    piece(db, "A")
    maria, jo = (conversation(db, name, now=NOW) for name in ("maria", "jo"))
    holds.hold(db, "A", maria, now=NOW, who="owner")
    items.sell(db, "A", now=NOW, who="owner", buyer=jo)
    assert hold_rows(db, "A") == [(maria, "released"), (jo, "sold")]
    items.reopen(db, items.find(db, "A"), "available", now=NOW, who="owner", why="she sent it back")
    assert hold_rows(db, "A") == [(maria, "released"), (jo, "released")]
    assert statuses(db) == {"A": "available"}
    with pytest.raises(NotFound):
        items.sell(db, "A", now=NOW, who="owner", buyer=99)


def test_posts_show_one_piece(db: sqlite3.Connection) -> None:
    """A post shows the piece it was given last, by number or address, until it is forgotten."""
    piece(db, "A")
    piece(db, "B")
    post = listing.post("https://www.tiktok.com/@philia.thrifts/video/7301234567890123456?lang=en")
    assert post == "7301234567890123456"
    items.map_post(db, "A", post, now=NOW, who="owner")
    items.map_post(db, "B", post, now=NOW, who="owner")
    found = items.by_post(db, post)
    assert found is not None
    assert (found.sku, items.posts(db, "A"), items.posts(db, "B")) == ("B", [], [post])
    items.unmap_post(db, post, now=NOW, who="owner")
    assert items.by_post(db, post) is None
    with pytest.raises(NotFound):
        items.unmap_post(db, post, now=NOW, who="owner")
    with pytest.raises(ValueError, match="post"):
        listing.post("not a post")


def test_pages_in_the_order_of_the_skus(db: sqlite3.Connection) -> None:
    """Pages follow each other without a gap; many are read at once in the order asked for."""
    for sku in ("B", "A", "D", "C"):
        piece(db, sku, status="sold" if sku == "C" else "available")
    assert [each.sku for each in items.page(db, limit=2)] == ["A", "B"]
    assert [each.sku for each in items.page(db, limit=2, after="B")] == ["C", "D"]
    assert [each.sku for each in items.page(db, status="sold")] == ["C"]
    assert (items.count(db), items.count(db, status="available")) == (4, 3)
    assert [each.sku for each in items.get_many(db, ["D", "X", "A", "D"])] == ["D", "A"]
    assert items.get_many(db, [f"X-{at}" for at in range(2_000)]) == []


PROMISE = [{"sku": "A", "revision": 1}]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, None),
        ({"description": "A typo mended."}, "rewritten"),
        ({"category": "Jackets", "tags": "suede", "photos": ["a"]}, None),
        ({"price_cents": 9_000}, "85.00 USD → 90.00 USD"),
        ({"size_label": "L"}, "size_label"),
        ({"measurements": {"pit_to_pit": 500}}, "pit_to_pit"),
    ],
)
def test_a_promise_breaks_with_what_it_states(
    db: sqlite3.Connection, change: dict[str, Any], expected: str | None
) -> None:
    """A new price, size, length or wording since the draft breaks the promise and is named; a tag does not."""
    piece(db, "A", price=8_500)
    db.execute("UPDATE items SET description = 'a tpyo'")
    her = conversation(db, "maria", now=NOW)
    items.edit(db, "A", change, now=NOW, who="owner")
    broken = items.promise_broken(db, PROMISE, her)
    assert (broken is None) if expected is None else (broken is not None and expected in broken)


def test_promises_and_who_has_the_piece(db: sqlite3.Connection) -> None:
    """Sold, reserved, held for anybody else breaks it; her own hold does not; a confirmed one must still be hers."""
    piece(db, "A", name="Suede jacket")
    maria, jo = (conversation(db, name, now=NOW) for name in ("maria", "jo"))
    confirmed = [{"sku": "A", "revision": 1, "held": True}]
    assert items.promise_broken(db, confirmed, maria) == "A Suede jacket is not on hold for her any more"
    holds.hold(db, "A", maria, now=NOW, who="owner")
    assert items.promise_broken(db, PROMISE, maria) is None
    assert items.promise_broken(db, confirmed, maria) is None
    assert items.promise_broken(db, PROMISE, jo) == "A Suede jacket is on hold for somebody else"
    holds.release(db, "A", now=NOW, who="owner")
    assert items.promise_broken(db, PROMISE, jo) is None
    items.move(db, items.find(db, "A"), "reserved", now=NOW, who="owner", why="kept aside")
    assert items.promise_broken(db, PROMISE, jo) == "A Suede jacket is reserved"
    items.sell(db, "A", now=NOW, who="owner")
    assert items.promise_broken(db, PROMISE, maria) == "A Suede jacket was sold"
    assert items.promise_broken(db, [{"sku": "NOPE", "revision": 1}], maria) == "NOPE is not in the stock any more"
    assert items.promise_broken(db, [], maria) is None


@pytest.mark.parametrize(
    ("text", "cents"),
    [
        ("45", 4500), ("45.00", 4500), ("$45", 4500), ("45,00 €", 4500), ("1,234.50", 123450), ("1.234,50", 123450),
        ("1,200", 120000), ("USD 45", 4500), ("0", 0), ("", None), ("1'200.00", 120000), ("1.234.567", 123456700),
        ("US $45.00", 4500), ("C$45", 4500),
    ],
)  # fmt: skip
def test_prices(text: str, cents: int | None) -> None:
    """Prices are read as they are written in Europe and in America."""
    assert listing.price(text) == cents


@pytest.mark.parametrize("text", ["-5", "1e5", "$", "12.345", "1.200", "1,23,456", "45.", "nan", "45 or so", "9" * 30])
def test_prices_that_are_none(text: str) -> None:
    """What is no price, or could be two, is refused with what to write."""
    with pytest.raises(ValueError, match="price is"):
        listing.price(text)


def test_lengths() -> None:
    """Lengths take the shop's unit unless they name their own; kinds go by their usual names."""
    given = json.dumps({"P2P": 21, "length": "54 cm", "waist": '32"', "inseam": "30,5", "hem": "210mm", "rise": None})
    assert listing.measurements(given, "in") == {
        "pit_to_pit": 533, "length": 540, "waist": 813, "inseam": 775, "hem": 210,
    }  # fmt: skip
    assert listing.measurements("", "cm") == {}
    for wrong in (
        "[1]",
        "{",
        '{"waist": 0}',
        '{"waist": "wide"}',
        '{"waist": true}',
        '{"": 3}',
        '{"waist": NaN}',
        "[" * 9_999,
    ):
        with pytest.raises(ValueError, match="measurement"):
            listing.measurements(wrong, "in")
