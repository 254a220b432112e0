"""What is offered for a piece that is gone, and which piece a question means."""

from __future__ import annotations

import sqlite3

import pytest

from store import items
from store.search import named_pieces, search, similar


def test_similar_pieces_are_of_the_kind_and_can_be_sold(whole_shop: sqlite3.Connection) -> None:
    """For the sold Nike windbreaker in L those by Nike in L come first; nothing unavailable, never itself."""
    gone = items.find(whole_shop, "J-006")
    near = similar(whole_shop, gone)
    assert ({piece.sku for piece in near[:2]}, len(near)) == ({"J-001", "J-004"}, 3)
    every = similar(whole_shop, gone, limit=100)
    assert {piece.status for piece in every} == {"available"}
    assert gone.sku not in {piece.sku for piece in every}
    assert {piece.category for piece in every} <= {"Jackets"}


@pytest.mark.parametrize("sku", ["P-006", "D-005", "F-007", "X-006", "S-009", "T-004", "H-009", "A-005"])
def test_similar_stays_on_the_shelf(whole_shop: sqlite3.Connection, sku: str) -> None:
    """Whatever is gone, what is offered lies on the same shelf or is called the same."""
    gone = items.find(whole_shop, sku)
    near = similar(whole_shop, gone)
    assert near
    assert all(
        piece.category == gone.category or {gone.category, piece.category} <= {"Boots", "Sneakers"} for piece in near
    )


def test_similar_to_the_only_one_is_nothing(shop: sqlite3.Connection) -> None:
    """A piece alone of its kind has no likeness in the shop."""
    assert similar(shop, items.find(shop, "A-003")) == ()
    shop.execute("UPDATE items SET status = 'sold' WHERE category = 'Dresses'")
    assert similar(shop, items.find(shop, "D-001")) == ()


def test_similar_follows_the_stock(shop: sqlite3.Connection) -> None:
    """A piece sold a moment ago is not offered."""
    gone = items.find(shop, "J-006")
    first = similar(shop, gone)[0]
    shop.execute("UPDATE items SET status = 'sold' WHERE sku = ?", (first.sku,))
    assert first.sku not in {piece.sku for piece in similar(shop, gone, limit=100)}


@pytest.mark.parametrize(
    ("text", "skus"),
    [
        ("is the brown suede one still available", ["J-014"]),
        ("is J-014 still there?", ["J-014"]),
        ("j-014 and J-013 pls", ["J-014", "J-013"]),
        ("how much is the metallica tee, and would it fit a 44 chest?", ["T-007"]),
        ("the bowling shirt with the lightning strike", ["S-009"]),
        ("are the red chuck taylors gone?", ["F-007"]),
        ("the burberry trench", ["J-025"]),
        ("price of the stetson in L?", ["X-004"]),
        ("the windbreaker with the orange lining", ["J-006"]),
        ("hi! how are you", []),
        ("do you ship to spain", []),
        ("is the gucci belt there", []),
        ("", []),
    ],
)
def test_the_piece_a_question_means(whole_shop: sqlite3.Connection, text: str, skus: list[str]) -> None:
    """By SKU or by description, sold ones included; nothing when the text names nothing."""
    assert [piece.sku for piece in named_pieces(whole_shop, text)] == skus


def test_a_sku_is_searched_as_one(whole_shop: sqlite3.Connection) -> None:
    """A query with a SKU finds that piece alone; a sold one only for a question about what is gone."""
    assert [piece.sku for piece in search(whole_shop, "do you still have j-014?").pieces] == ["J-014"]
    assert search(whole_shop, "J-006 jacket").pieces == ()
    assert [piece.sku for piece in search(whole_shop, "J-006", include_unavailable=True).pieces] == ["J-006"]


def test_available_ones_come_before_sold_ones(whole_shop: sqlite3.Connection) -> None:
    """The Nike windbreaker may be five: those that can be had come first, at most as many as asked for."""
    named = named_pieces(whole_shop, "is the nike windbreaker still available?", limit=10)
    assert {piece.sku for piece in named} == {"J-001", "J-002", "J-004", "J-005", "J-006"}
    assert named[-1].sku == "J-006"
    assert len(named_pieces(whole_shop, "nike windbreaker", limit=2)) == 2
