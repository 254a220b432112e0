"""The sample shop of the demo: its stock, its posts, its name on the simulated platform."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from store import importing, items

STOCK: Final = Path(__file__).with_name("sample_stock.csv")

BUSINESS_ID: Final = "-000philia"
"""An id that begins with a dash, as TikTok's do."""

POSTS: Final[Mapping[str, str]] = {"7300000000000000014": "J-014"}
"""TikTok post → the piece it shows."""

POLICIES: Final = """\
# The demo shop's own words; a real shop writes its own.
[policies]
shipping = "We ship within the US in 1-2 business days; it's a flat $6."
international = "We ship to Canada for $14."
returns = "All sales are final, but ask for any photo or measurement first."
payment = "You can pay by card through the link on our TikTok profile."
holds = "We hold a piece for 24 hours."
"""


def fill(db: sqlite3.Connection, *, now: int) -> int:
    """Puts the sample pieces into an empty stock, in the caller's transaction; returns how many it put."""
    if items.count(db):
        return 0
    file = importing.read_file(STOCK, unit="in", currency="USD")
    importing.apply(db, file, now=now, who="script")
    for post, sku in POSTS.items():
        items.map_post(db, sku, post, now=now, who="script")
    return items.count(db)
