"""Rows for the tests of the stock: conversations, files, and what the tables say, read by SQL of the tests' own."""

from __future__ import annotations

import csv
import io
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

HOUR = 3_600_000
HEADER = (
    "sku", "name", "category", "brand", "size_label", "price", "description", "measurements", "color", "era",
    "condition", "status",
)  # fmt: skip


def conversation(db: sqlite3.Connection, name: str, *, now: int, window_hours: float = 48) -> int:
    """Makes a customer and her thread with one message, and returns the conversation's id."""
    user = db.execute(
        "INSERT INTO users (tiktok_id, display_name, created_at) VALUES (?, ?, ?) RETURNING id", (name, name, now)
    ).fetchone()[0]
    made = db.execute(
        "INSERT INTO conversations (user_id, platform_id, dialect, created_at, window_closes_at, last_customer_at,"
        " quota_left) VALUES (?, ?, 'v1', ?, ?, ?, 10) RETURNING id",
        (user, name, now, now + int(window_hours * HOUR), now),
    ).fetchone()[0]
    message = db.execute(
        "INSERT INTO messages (conversation_id, dedupe_key, role, source, text, platform_at, received_at)"
        " VALUES (?, ?, 'user', 'customer', 'is it still there?', ?, ?) RETURNING id",
        (made, f"first:{name}", now, now),
    ).fetchone()[0]
    db.execute("UPDATE conversations SET newest_customer_message_id = ? WHERE id = ?", (message, made))
    return int(made)


def piece(db: sqlite3.Connection, sku: str, *, status: str = "available", price: int = 8_500, name: str = "") -> None:
    """Puts a piece into the stock with SQL of its own."""
    db.execute(
        "INSERT INTO items (sku, name, price_cents, status, created_at, updated_at, measurements)"
        ' VALUES (?, ?, ?, ?, 1, 1, \'{"length": 640, "pit_to_pit": 533}\')',
        (sku, name or f"Suede jacket {sku}", price, status),
    )


def statuses(db: sqlite3.Connection) -> dict[str, str]:
    """Returns every SKU with its status."""
    return {row["sku"]: row["status"] for row in db.execute("SELECT sku, status FROM items")}


def hold_rows(db: sqlite3.Connection, sku: str) -> list[tuple[int, str]]:
    """Returns (conversation, state) of every hold a piece ever had, oldest first."""
    rows = db.execute(
        "SELECT h.conversation_id, h.state FROM holds h JOIN items i ON i.id = h.item_id WHERE i.sku = ? ORDER BY h.id",
        (sku,),
    )
    return [(row[0], row[1]) for row in rows]


def entries(db: sqlite3.Connection, **where: Any) -> list[dict[str, Any]]:
    """Returns the journal's entries with these columns, oldest first."""
    wanted = " AND ".join(f"{column} = :{column}" for column in where) or "1"
    return [dict(row) for row in db.execute(f"SELECT * FROM journal WHERE {wanted} ORDER BY id", where)]


def csv_text(rows: Sequence[Mapping[str, str]], header: Sequence[str] = HEADER, **how: Any) -> str:
    """Writes rows as a CSV file's text."""
    out = io.StringIO()
    writer = csv.DictWriter(out, header, **how)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def row(sku: str, **more: str) -> dict[str, str]:
    """Returns a row of Philia's own columns; what is not named is empty."""
    return {**dict.fromkeys(HEADER, ""), "sku": sku, "name": f"Piece {sku}", **more}


def file(folder: Path, text: str | bytes, name: str = "stock.csv") -> Path:
    """Writes a file."""
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path
