"""Shops for the tests of the house drafter: the sample stock, and random stock of any size."""

from __future__ import annotations

import csv
import json
import random
import sqlite3
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from server.agent.house import draft
from server.agent.port import Drafted, DraftRequest, Turn
from store import items
from store.database import transaction
from store.search import search
from store.stock import cents, to_mm

SAMPLE: Final = Path(__file__).parents[4] / "server" / "simulator" / "sample_stock.csv"

POLICIES: Final = {
    "shipping": "US shipping is $6 flat and takes 3-5 business days.",
    "payment": "Payment goes through TikTok Shop checkout only.",
    "returns": "All sales are final.",
}

_BRANDS: Final = ("Nike", "Carhartt", "Levi's", "Pendleton", "St. John's Bay", "L.L.Bean", "Members Only", "Coach", "")
_COLOURS: Final = ("black", "navy", "cream", "burgundy", "forest green", "tan", "multicolor", "")
_ERAS: Final = ("60s", "70s", "80s", "90s", "2000s", "")
_MATERIALS: Final = ("suede", "wool", "denim", "corduroy", "silk", "nylon")
_KINDS: Final[tuple[tuple[str, str, tuple[str, ...], tuple[str, ...]], ...]] = (
    ("Jackets", "jacket", ("XS", "S", "M", "L", "XL", "XXL", ""), ("pit_to_pit", "length", "sleeve")),
    ("Jackets", "windbreaker", ("S", "M", "L", "XL"), ("pit_to_pit", "length")),
    ("Sweaters", "cardigan", ("S", "M", "One size"), ("pit_to_pit", "length")),
    ("T-Shirts", "tee", ("S", "M", "L"), ("pit_to_pit", "length")),
    ("Jeans", "jeans", ("30x30", "32x34", "W33 L32"), ("waist", "inseam", "rise", "leg_opening")),
    ("Dresses", "maxi dress", ("XS", "S", "US 8"), ("pit_to_pit", "waist", "length")),
    ("Boots", "boots", ("US 9", "US 8.5", "EU 42"), ("insole", "height")),
    ("Hats", "bucket hat", ("One size", "M"), ("brim", "circumference")),
    ("Bags", "shoulder bag", ("", "One size"), ("width", "height", "depth")),
)
_TAILS: Final = ("", "", "", ", light wash", " with gold buttons", ", made in Italy", " with a wide collar")


def random_row(chance: random.Random, number: int) -> dict[str, Any]:
    """Returns the values of one piece, with gaps as real stock has them."""
    category, garment, sizes, kinds = chance.choice(_KINDS)
    brand, colour, era = chance.choice(_BRANDS), chance.choice(_COLOURS), chance.choice(_ERAS)
    words = [brand, colour if chance.random() < 0.6 else "", chance.choice(_MATERIALS), garment]
    name = " ".join(word for word in words if word)
    measured = {kind: to_mm(chance.randrange(16, 140) / 4, "in") for kind in kinds if chance.random() < 0.85}
    return {
        "sku": f"{garment[0].upper()}-{number:04d}",
        "name": name[0].upper() + name[1:] + chance.choice(_TAILS),
        "category": category,
        "brand": brand,
        "size_label": chance.choice(sizes),
        "price_cents": None if chance.random() < 0.03 else chance.choice((1200, 4500, 8500, 9999, 12550, 21000)),
        "description": chance.choice(("", "Soft and worn in.", "Two pockets and a belt.")),
        "measurements": json.dumps(measured),
        "color": colour,
        "era": era,
        "condition": chance.choice(("Good", "Very good", "")),
        "status": chance.choices(("available", "sold", "held", "reserved"), (80, 12, 4, 4))[0],
        "created_at": 0,
        "updated_at": 0,
    }


def sample_rows() -> list[dict[str, Any]]:
    """Returns the values of the sample shop's pieces."""
    with SAMPLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [
        {
            **{key: row[key] for key in ("sku", "name", "category", "brand", "size_label", "description", "color")},
            **{key: row[key] for key in ("era", "condition", "status")},
            "price_cents": cents(row["price"]),
            "measurements": json.dumps(
                {kind: to_mm(value, "in") for kind, value in json.loads(row["measurements"] or "{}").items()}
            ),
            "created_at": 0,
            "updated_at": 0,
        }
        for row in rows
    ]


def fill(db: sqlite3.Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Writes pieces into the stock."""
    with transaction(db):
        for row in rows:
            columns = ", ".join(row)
            db.execute(f"INSERT INTO items ({columns}) VALUES ({', '.join('?' * len(row))})", tuple(row.values()))


def ask(db: sqlite3.Connection, *texts: str, earlier: tuple[Turn, ...] = (), **given: Any) -> Drafted:
    """Returns the house drafter's answer to a burst of messages on the stock in the database."""
    request = DraftRequest(
        conversation_id=1,
        turns=(*earlier, *(Turn(role="user", text=text) for text in texts)),
        unanswered=tuple(texts),
        policies=given.pop("policies", POLICIES),
        **given,
    )
    return draft(request, partial(search, db), partial(items.get, db))
