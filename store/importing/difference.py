"""What importing a file would do to the stock: told before anything is written, and done as it was told."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from store.importing.records import STEP, Progress, Record
from store.items import Sale, told
from store.listing import COLUMNS, STATED
from store.stock import Status, Unit, in_unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A piece that the file describes otherwise than the stock does."""

    record: Record
    item_id: int
    old: dict[str, Any]
    """Column → what is kept now, of the columns that change."""
    new: dict[str, Any]
    status: Status
    """Of the piece now."""
    to: Status | None
    """The status the file moves it to, or None."""
    currency: str

    def stated(self) -> bool:
        """Tells whether a reply that names the piece may say something else now."""
        return self.to is not None or not STATED.isdisjoint(self.new)

    def rewritten(self) -> list[str]:
        """Returns each changed column as "price 45.00 USD → 50.00 USD"."""
        return [told(column, self.old[column], new, self.currency) for column, new in self.new.items()]

    def fields(self) -> list[str]:
        """Returns each change, that of the status last."""
        changes = self.rewritten()
        if self.to is not None:
            changes.append(f"status {self.status} → {self.to}")
        return changes


@dataclass(slots=True, kw_only=True)
class Difference:
    """All that an import would do."""

    new: list[Record] = field(default_factory=list)
    changed: list[Change] = field(default_factory=list)
    unchanged: int = 0
    missing: list[str] = field(default_factory=list)
    """SKUs of the stock that the file does not name; nothing happens to them."""
    conflicts: list[tuple[int, str]] = field(default_factory=list)
    """(line, why): rows that would un-sell a piece."""
    kept: list[str] = field(default_factory=list)
    """SKUs whose hold in the shop outweighs the status in the file."""
    sales: list[Sale] = field(default_factory=list)
    """Of the pieces that the file sold; filled by `apply`."""

    @property
    def sold(self) -> list[Change]:
        """Returns the pieces that the file sells."""
        return [change for change in self.changed if change.to == "sold"]


_READ: Final = ", ".join(COLUMNS)


def compare(
    db: sqlite3.Connection,
    records: Sequence[Record],
    *,
    unit: Unit,
    reopen: bool = False,
    progress: Progress | None = None,
) -> Difference:
    """Compares a file's pieces with the stock; writes nothing.

    A sold piece that the file calls anything else is a conflict unless `reopen`. A piece with an active hold keeps it
    unless the file says that it was sold.
    """
    held = {row["item_id"] for row in db.execute("SELECT item_id FROM holds WHERE state = 'active'")}
    stock = {row["sku"]: row for row in db.execute(f"SELECT id, sku, status, {_READ} FROM items")}
    result = Difference()
    for at, record in enumerate(records):
        if progress is not None and at % STEP == 0:
            progress("comparing", at, len(records))
        row = stock.pop(record.sku, None)
        if row is None:
            result.new.append(record)
            continue
        to = record.status if record.status != row["status"] else None
        if to is not None and row["id"] in held and to != "sold":
            to = None
            result.kept.append(record.sku)
        if to is not None and row["status"] == "sold" and not reopen:
            why = (
                f"{record.sku} is sold in the shop and {to} in the file; correct its status, or bring it back: --reopen"
            )
            result.conflicts.append((record.line, why))
            continue
        new = {column: kept for column, kept in record.values.items() if kept != row[column]}
        if "measurements" in new and _same_lengths(str(new["measurements"]), row["measurements"], unit):
            del new["measurements"]
        if not new and to is None:
            result.unchanged += 1
            continue
        result.changed.append(
            Change(
                record=record,
                item_id=row["id"],
                old={column: row[column] for column in new},
                new=new,
                status=row["status"],
                to=to,
                currency=row["currency"],
            )
        )
    result.missing = sorted(stock)
    return result


def _same_lengths(new: str, old: str, unit: Unit) -> bool:
    """Tells whether a tape would read the same: an export in rounded inches is no change."""
    first, second = json.loads(new), json.loads(old)
    return first.keys() == second.keys() and all(
        in_unit(first[kind], unit) == in_unit(second[kind], unit) for kind in first
    )
