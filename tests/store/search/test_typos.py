"""Which words are mended, to what, and which are left alone."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from store.search import search
from store.search.vocabulary import complaint

MENDED = {
    "windbraker": "windbreaker",
    "windbreakr": "windbreaker",
    "jaket": "jacket",
    "jcaket": "jacket",
    "hodie": "hoodie",
    "hoodei": "hoodie",
    "sweter": "sweater",
    "carhart": "carhartt",
    "carhrat": "carhartt",
    "ralf": "ralph",
    "addidas": "adidas",
    "niek": "nike",
    "patagnia": "patagonia",
    "harlye": "harley",
    "levsi": "levis",
    "blak": "black",
    "corduory": "corduroy",
    "suade": "suede",
    "vestdio": "vestido",
    "metalica": "metallica",
}

LEFT_ALONE = (
    "half",  # an ordinary word, though Ralph is near
    "ring",
    "fringe",  # in a name, and two letters from ring
    "shore",
    "strap",
    "house",
    "lining",  # in descriptions
    "butter",
    "hat",  # three letters
    "cat",
    "qqqqqq",  # near to nothing
)


@pytest.mark.parametrize("word", MENDED)
def test_a_typo_is_mended_and_told(whole_shop: sqlite3.Connection, word: str) -> None:
    """A mistyped garment, brand, colour or name becomes the shop's word, and the answer says so."""
    assert search(whole_shop, f"{word} please").corrected == {word: MENDED[word]}


@pytest.mark.parametrize("word", LEFT_ALONE)
def test_ordinary_words_are_no_typos(whole_shop: sqlite3.Connection, word: str) -> None:
    """A word that English, the vocabulary or a description knows is searched for as it was typed."""
    assert search(whole_shop, word).corrected == {}


def test_no_description_word_is_a_target(whole_shop: sqlite3.Connection) -> None:
    """What only a description says mends nothing: "turnlok" stays what it is, though "turnlock" is there."""
    assert search(whole_shop, "turnlok").corrected == {}
    assert [piece.sku for piece in search(whole_shop, "turnlock").pieces] == ["B-001"]


def test_a_typo_beside_the_other_word_of_a_brand_is_that_brand(shop: sqlite3.Connection) -> None:
    """By itself "ralf" is Ralph, but beside "simons" it is Raf, when the shop has Raf Simons."""
    shop.execute("UPDATE items SET brand = 'Raf Simons', name = 'Raf Simons tee' WHERE sku = 'T-013'")
    result = search(shop, "ralf simons")
    assert (result.exact, result.corrected) == (True, {"ralf": "raf"})
    assert [piece.sku for piece in result.pieces] == ["T-013"]


def test_half_a_brand_is_not_another_brand(shop: sqlite3.Connection) -> None:
    """A Tommy Bahama shirt is no answer to Tommy Hilfiger, though "tommy" alone may mean either."""
    shop.execute("UPDATE items SET brand = 'Tommy Bahama', name = 'Tommy Bahama tee' WHERE sku = 'T-013'")
    assert "T-013" not in [piece.sku for piece in search(shop, "tommy hilfiger").pieces]


def test_a_brand_of_one_piece_is_no_typo(shop: sqlite3.Connection) -> None:
    """A brand that the shop has once is known, however near it is to another word."""
    shop.execute("UPDATE items SET brand = 'Gildan', name = 'Gildan blank tee' WHERE sku = 'T-013'")
    result = search(shop, "gildan tee")
    assert (result.corrected, [piece.sku for piece in result.pieces]) == ({}, ["T-013"])


def test_a_word_becomes_a_target_with_its_first_pieces(shop: sqlite3.Connection) -> None:
    """A brand written into the stock now mends typos from the next query on."""
    assert search(shop, "zubazz pants").corrected == {}
    shop.execute("UPDATE items SET brand = 'Zubaz' WHERE sku = 'P-017'")
    assert search(shop, "zubazz pants").corrected == {"zubazz": "zubaz"}


def test_the_owners_own_words(shop: sqlite3.Connection, db_path: Path) -> None:
    """A vocabulary.toml beside the database adds words; a broken one is left out and told, and the search goes on."""
    folder = db_path.parent
    assert not search(shop, "bumbag").pieces
    own = folder / "vocabulary.toml"
    own.write_text('ignore = "ciao"\n[garments.bag]\nwords = ["bag", "bumbag"]\nsizes = "none"\n', encoding="utf-8")
    assert {piece.sku for piece in search(shop, "ciao bumbag").pieces} >= {"B-001", "B-002"}
    assert complaint(folder) is None
    for broken in ("[garments\n", 'garments = "x"\n', "[garments.bag]\nkind = 1\n", "[colors]\nred = 3\n", "\udcff"):
        own.write_bytes(broken.encode("utf-8", "surrogateescape"))
        assert str(own) in (complaint(folder) or "")
        assert search(shop, "metallica tee").pieces
    own.unlink()
    assert complaint(folder) is None
