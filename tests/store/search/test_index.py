"""The index follows the rows of the stock through every kind of change, and the package stays light."""

from __future__ import annotations

import json
import random
import sqlite3
import subprocess
import sys

from store.search import batch, search
from tests.store.search.shop import Row, put


def test_the_index_follows_every_change(shop: sqlite3.Connection, rows: list[Row]) -> None:
    """After 300 random inserts, edits and deletes the index agrees with the table, and so do the counted labels."""
    rng = random.Random(1)
    for number in range(300):
        sku = shop.execute("SELECT sku FROM items ORDER BY random() LIMIT 1").fetchone()["sku"]
        kind = rng.choice(("insert", "edit", "label", "delete"))
        if kind == "insert":
            put(shop, [{**rng.choice(rows), "sku": f"N-{number}"}])
        elif kind == "edit":
            shop.execute("UPDATE items SET name = name || ' x', description = 'new ' || sku WHERE sku = ?", (sku,))
        elif kind == "label":
            shop.execute(
                "UPDATE items SET color = ?, size_label = ? WHERE sku = ?", (rng.choice("abc"), rng.choice("SML"), sku)
            )
        else:
            shop.execute("DELETE FROM items WHERE sku = ?", (sku,))
    shop.execute("INSERT INTO items_fts (items_fts, rank) VALUES ('integrity-check', 1)")
    shop.execute("INSERT INTO items_words_fts (items_words_fts, rank) VALUES ('integrity-check', 1)")
    for label in ("brand", "category", "size_label", "color", "era"):
        counted = dict(shop.execute("SELECT value, pieces FROM items_fts_values WHERE field = ?", (label,)).fetchall())
        assert counted == dict(shop.execute(f"SELECT {label}, count(*) FROM items GROUP BY {label}").fetchall())


def test_every_change_gives_a_new_revision(shop: sqlite3.Connection) -> None:
    """No two states of the stock share a revision, and a rolled back change gives its own away."""
    seen = set()
    for price in range(50):
        shop.execute("UPDATE items SET price_cents = ? WHERE sku = 'J-001'", (price,))
        seen.add(shop.execute("SELECT value FROM switches WHERE name = 'stock_revision'").fetchone()[0])
    assert len(seen) == 50


def test_the_public_object(shop: sqlite3.Connection) -> None:
    """The object of `items search --json` has the fields of the contract, and only what JSON knows."""
    told = json.loads(json.dumps(search(shop, "large nike windbraker under $50").as_json("in")))
    assert told == {
        "query": "large nike windbraker under $50",
        "exact": True,
        "relaxed": [],
        "corrected": {"windbraker": "windbreaker"},
        "filters": {"category": "windbreaker", "brand": "Nike", "size": "L", "max_price": "50.00"},
        "items": [told["items"][0]],
    }
    item = told["items"][0]
    assert (item["sku"], item["price"], item["size"], item["unit"]) == ("J-001", "48.00", "L", "in")
    assert item["measurements"] == {"pit_to_pit": 24.5, "length": 28.0}
    metric = search(shop, "large nike windbreaker under $50").as_json("cm")["items"][0]
    assert (metric["unit"], metric["measurements"]) == ("cm", {"pit_to_pit": 62.0, "length": 71.0})


def test_a_batch_answers_in_order(shop: sqlite3.Connection) -> None:
    """Each question is answered under its own name, in the order asked."""
    answers = list(batch(shop, [("a", "metallica tee"), ("b", "qwxyz"), ("c", "gucci jacket")]))
    assert [answer["id"] for answer in answers] == ["a", "b", "c"]
    assert answers[0] == {"id": "a", "skus": ["T-007"], "exact": True}
    assert answers[1] == {"id": "b", "skus": [], "exact": False}
    assert answers[2]["exact"] is False


def test_importing_the_search_is_light() -> None:
    """Neither SQLAlchemy nor the typo repair is loaded before a query needs it."""
    heavy = "{'sqlalchemy', 'sqlmodel', 'symspellpy', 'rapidfuzz', 'alembic'}"
    code = f"import sys, store.search; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
