"""An answer is never older than the stock, whoever changed it and whatever is cached."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

from store.database import connect, transaction
from store.search import search
from tests.store.search.shop import Row, put


def skus(db: sqlite3.Connection, query: str, *, unavailable: bool = False) -> set[str]:
    """Returns what a search finds."""
    return {piece.sku for piece in search(db, query, limit=50, include_unavailable=unavailable).pieces}


def test_a_sale_disappears_at_its_commit(shop: sqlite3.Connection, db_path: Path) -> None:
    """Another connection finds the piece until the very commit of its sale, and not once after it."""
    with closing(connect(db_path)) as other:
        assert "J-014" in skus(other, "brown suede jacket")
        with transaction(shop):
            shop.execute("UPDATE items SET status = 'sold' WHERE sku = 'J-014'")
            assert "J-014" not in skus(shop, "brown suede jacket")
            assert "J-014" in skus(other, "brown suede jacket")
        assert "J-014" not in skus(other, "brown suede jacket")
        assert "J-014" in skus(other, "brown suede jacket", unavailable=True)


def test_only_available_pieces_unless_asked(shop: sqlite3.Connection, rows: list[Row]) -> None:
    """Reserved, held and sold pieces are found only by a question that asks for them."""
    shop.execute("UPDATE items SET status = 'held' WHERE sku = 'J-001'")
    statuses = {row["sku"]: row["status"] for row in rows} | {"J-001": "held"}
    open_now = skus(shop, "jackets")
    assert {statuses[sku] for sku in open_now} == {"available"}
    assert {statuses[sku] for sku in skus(shop, "jackets", unavailable=True)} == {
        "available",
        "sold",
        "reserved",
        "held",
    }


def test_a_rolled_back_change_leaves_nothing_in_the_cache(shop: sqlite3.Connection) -> None:
    """A search inside a transaction that is undone answers for that transaction only."""
    before = skus(shop, "tee under 20")
    shop.execute("BEGIN")
    shop.execute("UPDATE items SET price_cents = 100 WHERE sku = 'T-001'")
    assert "T-001" in skus(shop, "tee under 20")
    shop.execute("ROLLBACK")
    assert skus(shop, "tee under 20") == before
    shop.execute("UPDATE items SET price_cents = 100 WHERE sku = 'T-002'")
    assert skus(shop, "tee under 20") == before | {"T-002"}


def test_the_cache_is_used_and_never_stale(shop: sqlite3.Connection, db_path: Path, rows: list[Row]) -> None:
    """Over 200 random changes by two connections, every cached answer equals what the columns say."""
    rng = random.Random(3)
    with closing(connect(db_path)) as other:
        for _ in range(200):
            writer, reader = rng.sample((shop, other), 2)
            sku = rng.choice(rows)["sku"]
            change = rng.choice(("status = 'sold'", "status = 'available'", "price_cents = 4200", "color = 'black'"))
            if rng.random() < 0.6:
                writer.execute(f"UPDATE items SET {change} WHERE sku = ?", (sku,))
            expected = {
                row["sku"]
                for row in shop.execute(
                    "SELECT sku FROM items WHERE status = 'available' AND color = 'black' AND price_cents <= 5000"
                )
            }
            assert skus(reader, "black under 50") == expected
            assert search(reader, "black under 50") is search(reader, "black under 50")


def test_another_process_is_noticed(shop: sqlite3.Connection, db_path: Path) -> None:
    """A sale by another process is seen by the next search of this one."""
    assert "J-001" in skus(shop, "nike windbreaker")
    sale = (
        "import sqlite3, sys; db = sqlite3.connect(sys.argv[1], isolation_level=None);"
        "db.execute(\"UPDATE items SET status = 'sold' WHERE sku = 'J-001'\"); db.close()"
    )
    subprocess.run([sys.executable, "-c", sale, str(db_path)], check=True)
    assert "J-001" not in skus(shop, "nike windbreaker")


def test_searching_while_importing(shop: sqlite3.Connection, db_path: Path, rows: list[Row]) -> None:
    """While a thread imports, every search sees all of an import or nothing of it, and none fails."""
    copies = [[{**row, "sku": f"{row['sku']}/{part}"} for row in rows] for part in range(4)]
    jackets = len(skus_of(rows))
    done = threading.Event()
    failures: list[sqlite3.Error] = []

    def write() -> None:
        try:
            with closing(connect(db_path)) as writer:
                for part in copies:
                    put(writer, part)
        except sqlite3.Error as fault:
            failures.append(fault)
        finally:
            done.set()

    thread = threading.Thread(target=write)
    thread.start()
    counts: list[int] = []
    while not done.is_set() or not counts:
        counts.append(len(search(shop, "nike jackets", limit=500).pieces))
    thread.join()
    counts.append(len(search(shop, "nike jackets", limit=500).pieces))
    assert not failures
    assert counts == sorted(counts)
    assert {count % jackets for count in counts} == {0}
    assert counts[-1] == 5 * jackets


def skus_of(rows: list[Row]) -> set[str]:
    """Returns the available Nike jackets by their columns."""
    return {
        row["sku"]
        for row in rows
        if row["brand"] == "Nike" and row["category"] == "Jackets" and row["status"] == "available"
    }
