"""Whatever a customer writes is words to look for: it never fails, and never becomes an operator."""

from __future__ import annotations

import random
import sqlite3
import time

import pytest

from store.search import named_pieces, search

HOSTILE = (
    '"', '""', "'", "''; DROP TABLE items; --", "nike AND", "nike OR OR", "NOT", "NEAR(nike jacket)", "name:nike",
    "{name} : nike", "nike*", "^nike", "nike + jacket", "-nike", "(nike", "nike)", 'nike" OR "x', "jacket\x00nike",
    "\x00", "nike\x1b[31m jacket", "%", "_", "\\", "0", "-1", "1e309", "9" * 400, "9" * 20 + " waist", "32x" * 50,
    "waist " * 60, "under " * 60, "$" * 100, "1 2 3 4 5 6 7 8 9 10 11 12 waist inseam chest length sleeve size us",
    "½ ¼ ¾ ٣٢ waist", "\uff13\uff12 \uff57\uff41\uff49\uff53\uff54", "\u202enike", "n\u200bike", "👟👖🧥", "ñandú",
    "Ω≈ç√", "a" * 10_000, "nike jacket " * 1_000, "\ud800 nike", "<script>", "[bold]nike[/bold]", "{0}", "%s%n",
    "rowid:1", "items_fts:nike", "nike NEAR/2 jacket", "a.p.c.", "//", "1/0", "7 1/0 hat", "size 7 1/0",
    "between 40 and 20", "0 waist",
)  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_no_text_fails(whole_shop: sqlite3.Connection, text: str) -> None:
    """Operators, quotes, NUL, ten kilobytes, emoji, half a surrogate: an answer comes, fast, and the stock is whole."""
    started = time.thread_time()
    result = search(whole_shop, text)
    assert isinstance(result.as_json("in")["items"], list)
    named_pieces(whole_shop, text)
    assert whole_shop.execute("SELECT count(*) FROM items").fetchone()[0] == 129
    # Not a benchmark: ten seconds would be a way to stop the shop with one message.
    assert time.thread_time() - started < 5


def test_operators_are_words(whole_shop: sqlite3.Connection) -> None:
    """The word NOT excludes by meaning, not by syntax: the query with operators finds what its words do."""
    assert {piece.sku for piece in search(whole_shop, 'name:"metallica" OR tee*').pieces} >= {"T-007"}


def test_random_bytes(whole_shop: sqlite3.Connection) -> None:
    """Three hundred random texts of every kind of character are answered."""
    rng = random.Random(9)
    alphabet = "abz09 \"'*^:(){}[]-+/\\$%~<>&|\x00\n\t½é漢🧥.,"
    words = ("nike", "waist", "under", "32", "size", "L", "$50", "90s", "between", "and", "x", "or", "not")
    for _ in range(300):
        parts = [
            rng.choice(words) if rng.random() < 0.5 else "".join(rng.choices(alphabet, k=rng.randrange(1, 6)))
            for _ in range(rng.randrange(1, 14))
        ]
        search(whole_shop, rng.choice(("", " ")).join(parts))


def test_hostile_stock(shop: sqlite3.Connection) -> None:
    """A piece whose own texts are hostile is indexed, found and leaves the rest findable."""
    shop.execute(
        "INSERT INTO items (sku, name, brand, category, size_label, color, era, description, created_at, updated_at)"
        " VALUES ('Z\"*', 'DROP \"TABLE\" NEAR(x) zebra', '\"', ' ) OR (', '9/0', '((', '''', ?, 1, 1)",
        ('\x00 "quoted" OR 1=1 --',),
    )
    assert [piece.sku for piece in search(shop, "zebra").pieces] == ['Z"*']
    assert search(shop, "nike jacket under 50").pieces
