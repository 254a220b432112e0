"""How a query is read, seen through the filters it reports."""

from __future__ import annotations

import sqlite3

import pytest

from store.search import search

READ = {
    # A number belongs to its nearest unit word.
    "under 80 waist 32": {"max_price": "80.00", "waist": "32"},
    "waist 32 under 80": {"max_price": "80.00", "waist": "32"},
    "32 waist 30 inseam under $90": {"max_price": "90.00", "waist": "32", "inseam": "30"},
    "chest 44 under 60": {"max_price": "60.00", "pit_to_pit": "22"},
    "under 60 chest 44": {"max_price": "60.00", "pit_to_pit": "22"},
    "max 50 bucks 23.5 in pit to pit": {"max_price": "50.00", "pit_to_pit": "23.5"},
    "pit to pit 22.5 max 85": {"max_price": "85.00", "pit_to_pit": "22.5"},
    "length 28 pit to pit 22": {"length": "28", "pit_to_pit": "22"},
    "size 32 waist jeans": {"category": "jeans", "waist": "32"},
    "under 75 size L": {"max_price": "75.00", "size": "L"},
    # Prices.
    "under $50": {"max_price": "50.00"},
    "less than 80 bucks": {"max_price": "80.00"},
    "no more than 45.50": {"max_price": "45.50"},
    "50 dollars or less": {"max_price": "50.00"},
    "between 20 and 40": {"min_price": "20.00", "max_price": "40.00"},
    "$20-$40": {"min_price": "20.00", "max_price": "40.00"},
    "from 20 to 40 dollars": {"min_price": "20.00", "max_price": "40.00"},
    "over 100": {"min_price": "100.00"},
    "around 60": {"min_price": "48.00", "max_price": "72.00"},
    "60ish": {"min_price": "48.00", "max_price": "72.00"},
    "menos de 50": {"max_price": "50.00"},
    "entre 20 y 40": {"min_price": "20.00", "max_price": "40.00"},
    "£30 max": {"max_price": "30.00"},
    # Sizes.
    "large": {"size": "L"},
    "XXL": {"size": "XXL"},
    "2xl": {"size": "XXL"},
    "x-large": {"size": "XL"},
    "extra small": {"size": "XS"},
    "m or l": {"size": "L/M"},
    "us 9": {"size": "US 9"},
    "eu 38 boots": {"category": "boots", "size": "EU 38"},
    "talla M": {"size": "M"},
    "hat 7 1/4": {"category": "hat", "size": "7.25"},
    "how long is it": {},
    "hat size 7 1/4": {"category": "hat", "size": "7.25"},
    # Waists and inseams.
    "jeans between 30 and 32 waist": {"category": "jeans", "waist": "30-32"},
    "waist 30-32": {"waist": "30-32"},
    "w32 l30": {"waist": "32", "inseam": "30"},
    "W32L30": {"waist": "32", "inseam": "30"},
    "32x30": {"waist": "32", "inseam": "30"},
    "32 \u00d7 30": {"waist": "32", "inseam": "30"},
    "32/30 jeans": {"category": "jeans", "waist": "32", "inseam": "30"},
    "jeans 32": {"category": "jeans", "waist": "32"},
    "shorts size 34": {"category": "shorts", "waist": "34"},
    "jeans waist 81 cm": {"category": "jeans", "waist": "31.89"},
    # Flat measurements and bodies; inches unless said or plainly not.
    "44 in chest": {"pit_to_pit": "22"},
    "38 chest": {"pit_to_pit": "19"},
    "chest 22": {"pit_to_pit": "22"},
    "chest 112 cm": {"pit_to_pit": "22.05"},
    "chest 112": {"pit_to_pit": "22.05"},
    "21½ pit to pit": {"pit_to_pit": "21.5"},
    'p2p 21.5"': {"pit_to_pit": "21.5"},
    "tee 22x28": {"category": "t-shirt", "pit_to_pit": "22", "length": "28"},
    "at least 28 long": {"length": ">=28"},
    "sleeve 24 inches": {"sleeve": "24"},
    # Eras.
    "90s": {"era": "90s"},
    "1990's": {"era": "90s"},
    "\u201990s": {"era": "90s"},
    "a tee from 1996": {"category": "t-shirt", "era": "90s"},
    "y2k": {"era": "2000s"},
    "seventies": {"era": "70s"},
    # Colours, brands, garments.
    "gray": {"color": "grey"},
    "navy blue": {"color": "navy"},
    "not black": {"not_color": "black"},
    "a tee that isn't black": {"category": "t-shirt", "not_color": "black"},
    "jacket not in black": {"category": "jacket", "not_color": "black"},
    "hoodie no black": {"category": "hoodie", "not_color": "black"},
    "something warm for winter under 60": {
        "category": "jacket or coat or sweater or hoodie or fleece",
        "max_price": "60.00",
    },
    "levis": {"brand": "Levi's"},
    "harley": {"brand": "Harley Davidson"},
    "the north face": {"brand": "The North Face"},
    "jacket or hoodie": {"category": "jacket or hoodie"},
    # Numbers that are nobody's: bodies, clocks, models.
    "i'm 6'2 and 180 lbs": {},
    "can you hold it for 24 hours": {},
    "air max 10": {},
}  # fmt: skip


@pytest.mark.parametrize("query", READ, ids=str)
def test_the_filters_of_a_query(whole_shop: sqlite3.Connection, query: str) -> None:
    """Each number, size, era, colour, brand and garment lands in the filter it belongs to, and in no other."""
    assert search(whole_shop, query).filters == READ[query]


def test_lengths_are_reported_in_the_shops_unit(whole_shop: sqlite3.Connection) -> None:
    """A shop that measures in centimetres reads back centimetres."""
    assert search(whole_shop, "jacket chest 112 cm", unit="cm").filters["pit_to_pit"] == "56"
    assert search(whole_shop, "pit to pit 22 in", unit="cm").filters["pit_to_pit"] == "55.88"


def test_arguments_win_over_the_text(whole_shop: sqlite3.Connection) -> None:
    """What a tool call says explicitly replaces what its text says of the same thing, and only that."""
    result = search(
        whole_shop,
        "small red nike jacket under 20",
        size="L",
        max_price_cents=5_500,
        color="teal",
        brand="nike",
        category="Jackets",
    )
    assert [piece.sku for piece in result.pieces] == ["J-001"]
    assert result.exact
    assert result.filters == {"category": "jacket", "brand": "Nike", "size": "L", "max_price": "55.00", "color": "teal"}
    assert {piece.sku for piece in search(whole_shop, "", category="Hats", color="navy").pieces} == {"X-002"}
    assert {piece.sku for piece in search(whole_shop, "levis", size="34").pieces} == {"P-002"}
    assert {piece.sku for piece in search(whole_shop, "jeans", size="31x34").pieces} == {"P-003"}
    assert {piece.sku for piece in search(whole_shop, "", brand="Coach").pieces} == {"B-001", "B-002"}
    assert {piece.sku for piece in search(whole_shop, "dress", era="1960s").pieces} == {"D-004"}
    assert {piece.sku for piece in search(whole_shop, "jacket", min_price_cents=20_000).pieces} == {"J-013"}
