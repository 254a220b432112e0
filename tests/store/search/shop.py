"""The sample shop as plain rows: what the tests compute their answers from, without any of the search's own code."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path

Row = Mapping[str, str]

SAMPLE = Path(__file__).parents[3] / "server" / "simulator" / "sample_stock.csv"


def sample() -> list[Row]:
    """Returns the rows of the sample shop as the file writes them: inches, dollars."""
    with SAMPLE.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def put(db: sqlite3.Connection, rows: Iterable[Row]) -> None:
    """Writes rows into the stock by plain SQL."""
    db.execute("BEGIN")
    db.executemany(
        "INSERT INTO items (sku, name, category, brand, size_label, price_cents, description, measurements, color, era,"
        " condition, status, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, 1)",
        (
            (
                row["sku"],
                row["name"],
                row["category"],
                row["brand"],
                row["size_label"],
                round(float(row["price"]) * 100),
                row["description"],
                json.dumps({kind: round(inches * 25.4) for kind, inches in json.loads(row["measurements"]).items()}),
                row["color"],
                row["era"],
                row["condition"],
                row["status"],
            )
            for row in rows
        ),
    )
    db.execute("COMMIT")


def inches(row: Row, kind: str) -> float | None:
    """Returns a measurement of a row in inches, as the file has it."""
    value = json.loads(row["measurements"]).get(kind)
    return None if value is None else float(value)
