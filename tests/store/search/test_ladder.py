"""What gives way when nothing fits, in which order, and what never does."""

from __future__ import annotations

import sqlite3

import pytest

from store.search import search
from tests.store.search.shop import put

BLANK = {
    "category": "", "brand": "", "size_label": "", "price": "30", "description": "", "measurements": "{}", "color": "",
    "era": "", "condition": "", "status": "available",
}  # fmt: skip


@pytest.mark.parametrize(
    ("query", "relaxed", "first"),
    [
        ("60s harley tee", ("era",), None),
        ("levis 501 32x30", ("inseam",), "P-001"),
        ("schott jacket length 30", ("length",), "J-013"),
        ("schott jacket under 180", ("price",), "J-013"),
        ("schott jacket size L", ("size",), "J-013"),
        ("navy jansport backpack", ("color",), None),
        ("gorpcore schott jacket", ("words",), "J-013"),
        ("i wear a 38 chest, would the suede jacket in brown fit", ("size",), "J-014"),
        ("gucci prairie dress", ("brand", "words"), None),
        ("varsity parka size S", ("category",), None),
        ("cargo pants 34x32", ("category",), "P-011"),
    ],
)
def test_one_thing_gives_way(
    whole_shop: sqlite3.Connection, query: str, relaxed: tuple[str, ...] | None, first: str | None
) -> None:
    """Whatever gave way is told, and the answer does not call itself exact."""
    result = search(whole_shop, query)
    if relaxed is not None and result.pieces:
        assert result.relaxed[0] == relaxed[0]
    assert not result.exact
    if first is not None:
        assert result.pieces[0].sku == first


def test_soft_filters_give_way_before_words_and_brands(whole_shop: sqlite3.Connection) -> None:
    """A Patagonia fleece in L: the S is a neighbour of M only, so the size stays; in M the S is shown as near."""
    near = search(whole_shop, "patagonia fleece size M")
    assert ([piece.sku for piece in near.pieces], near.relaxed) == (["J-029"], ("size",))
    dearer = search(whole_shop, "patagonia fleece under 80")
    assert ([piece.sku for piece in dearer.pieces], dearer.relaxed) == (["J-029"], ("price",))


def test_a_price_gives_way_by_a_fifth_and_no_more(whole_shop: sqlite3.Connection) -> None:
    """A jacket of 210 is near 180 and not near 150."""
    assert search(whole_shop, "schott jacket under 175").relaxed == ("price",)
    assert "J-013" not in {piece.sku for piece in search(whole_shop, "schott jacket under 174").pieces}


def test_the_garment_and_the_brand_are_never_dropped_together(whole_shop: sqlite3.Connection) -> None:
    """A Gucci jacket brings other jackets, Coach hats bring Coach or hats, never anything else."""
    jackets = search(whole_shop, "gucci jacket")
    assert jackets.relaxed == ("brand",)
    assert {piece.category for piece in jackets.pieces} == {"Jackets"}
    other = search(whole_shop, "coach hat")
    assert "brand" in other.relaxed
    assert {piece.category for piece in other.pieces} == {"Hats"}
    bags = search(whole_shop, "coach kimono-onesie gloves")
    assert all(piece.brand == "Coach" for piece in bags.pieces)


@pytest.mark.parametrize(
    "query", ["", "   ", "asdfgh qwerty", "gucci", "do you have any", "?!?", "kimono", "unicorn onesie", "size", "🧥"]
)
def test_nothing_stays_nothing(whole_shop: sqlite3.Connection, query: str) -> None:
    """A query that asks for nothing, or for what is not there, brings nothing rather than anything."""
    result = search(whole_shop, query)
    assert result.pieces == ()
    assert result.relaxed == ()
    assert not result.exact


def test_the_words_of_a_description_come_behind(whole_shop: sqlite3.Connection) -> None:
    """Pieces that say "denim" in the name come before those whose description does; both are exact."""
    result = search(whole_shop, "denim jacket")
    assert result.exact
    assert result.pieces[0].sku == "J-018"
    assert {"J-016", "J-019"} & {piece.sku for piece in result.pieces} == {"J-016"}


def test_a_belt_in_a_description_is_no_belt(whole_shop: sqlite3.Connection) -> None:
    """Garments are read off names and shelves: a belted dress and the full belt of a trench are no belts."""
    assert {piece.sku for piece in search(whole_shop, "belt").pieces} == {"A-001", "A-005"}


def test_bait_in_a_description_is_no_brand(shop: sqlite3.Connection) -> None:
    """A brand counts where brands stand, in the name or the brand, not among the tags of a description."""
    bait = {"sku": "Z-1", "name": "Plain zip hoodie", "description": "tags: nike supreme bape"}
    put(shop, [{**BLANK, **bait, "category": "Hoodies & Sweatshirts"}])
    assert "Z-1" not in {piece.sku for piece in search(shop, "nike hoodie").pieces}


def test_a_likeness_comes_last(shop: sqlite3.Connection) -> None:
    """A "Coogi style" sweater stands behind those by Coogi, though it says the name twice."""
    names = {"Z-1": "Coogi style sweater Coogi style", "Z-2": "Coogi sweater"}
    put(shop, [{**BLANK, "sku": sku, "name": name, "category": "Sweaters"} for sku, name in names.items()])
    found = [piece.sku for piece in search(shop, "coogi sweater").pieces]
    assert (set(found[:2]), found[2:]) == ({"Z-2", "K-001"}, ["Z-1"])


def test_names_speak_where_columns_are_empty(shop: sqlite3.Connection) -> None:
    """With empty columns the size, colour, era and brand are read off the name; a filled column has the last word."""
    empty = {**BLANK, "category": "Jackets"}
    put(
        shop,
        [
            {**empty, "sku": "Z-1", "name": "Vintage 1996 Nike maroon jacket size large"},
            {**empty, "sku": "Z-2", "name": "Nike maroon 90s jacket XL", "size_label": "M"},
        ],
    )
    assert [piece.sku for piece in search(shop, "large maroon 90s nike jacket").pieces] == ["Z-1"]
    assert [piece.sku for piece in search(shop, "medium maroon 90s nike jacket").pieces] == ["Z-2"]


def test_a_colour_that_is_part_of_a_name(shop: sqlite3.Connection) -> None:
    """In "green bay" nobody asks for green, once the shop's names hold a bay only behind green."""
    put(shop, [{**BLANK, "sku": "Z-1", "name": "Green Bay football hoodie", "color": "grey"}])
    put(shop, [{**BLANK, "sku": "Z-2", "name": "Green Day tour tee", "color": "black"}])
    assert [piece.sku for piece in search(shop, "the green day tee").pieces] == ["Z-2"]
    result = search(shop, "green bay hoodie")
    assert ([piece.sku for piece in result.pieces], result.exact) == (["Z-1"], True)
    assert "color" not in result.filters
