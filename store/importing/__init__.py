"""Brings a stock file in: read, compared, told, and written whole or not at all.

`read_file` opens no transaction and may take seconds; `apply` runs in the caller's, compares again inside it, and
raises before anything is written when a single row is wrong. A stop in between (an error in `progress`, Ctrl+C)
leaves nothing, since nothing is committed here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from store import items, journal
from store.errors import ImportRefused, StoreError
from store.importing import mapping as mappings
from store.importing import records as reading
from store.importing import table
from store.importing.difference import Change, Difference, compare
from store.importing.mapping import ColumnMapping
from store.importing.records import STEP, Progress, Record
from store.listing import COLUMNS, STATED, stored
from store.stock import Unit

__all__ = ["Change", "Difference", "Progress", "Record", "StockFile", "apply", "compare", "read_file"]

PORTION: Final = 5_000
"""Rows written by one statement: between two of them an import can be stopped."""

_EMPTY: Final[dict[str, Any]] = dict.fromkeys(COLUMNS, "") | {
    "price_cents": None,
    "measurements": stored("measurements", {}),
    "photos": stored("photos", []),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StockFile:
    """A file that was read: its pieces, and what is wrong with its other rows."""

    path: Path
    kind: str
    """Philia, Shopify, eBay, Depop, or the name of the owner's own mapping."""
    encoding: str
    delimiter: str
    records: list[Record]
    faults: list[tuple[int, str]]
    unused: tuple[str, ...]
    """Columns that nothing was read from."""
    unit: Unit
    currency: str


def read_file(
    path: Path,
    *,
    unit: Unit,
    currency: str,
    mapping: Path | None = None,
    progress: Progress | None = None,
) -> StockFile:
    """Reads a stock file; lengths without a unit and prices without a currency are in the shop's.

    Raises StoreError when the file or the mapping cannot be used as a whole; wrong rows are in `faults`.
    """
    if mapping is None:
        choice: Sequence[ColumnMapping] = mappings.shipped()
    else:
        choice = (mappings.load(mapping),)
    taken = table.read(path, lambda header: max(each.knows(header) for each in choice))
    chosen = max(choice, key=lambda each: each.knows(taken.header))
    found = reading.read(taken, chosen, unit=unit, progress=progress)
    return StockFile(
        path=path,
        kind=chosen.name,
        encoding=taken.encoding,
        delimiter=taken.delimiter,
        records=found.found,
        faults=found.faults,
        unused=found.unused,
        unit=chosen.unit or unit,
        currency=currency,
    )


def apply(
    db: sqlite3.Connection,
    file: StockFile,
    *,
    now: int,
    who: str,
    reopen: bool = False,
    progress: Progress | None = None,
) -> Difference:
    """Writes a file into the stock in the caller's transaction and returns what it did.

    Raises ImportRefused with every wrong row and every conflict, before anything is written.
    """
    difference = compare(db, file.records, unit=file.unit, reopen=reopen, progress=progress)
    wrong = sorted([*file.faults, *difference.conflicts])
    if wrong:
        raise ImportRefused(wrong)
    if not file.records:
        raise StoreError(f"{file.path} has a header and no piece below it.")
    source = file.path.name
    _add(db, difference.new, file.currency, source, now=now, who=who, progress=progress)
    _change(db, difference.changed, source, now=now, who=who, progress=progress)
    for at, change in enumerate(difference.changed):
        if progress is not None and at % STEP == 0:
            progress("moving", at, len(difference.changed))
        _move(db, change, difference, source, now=now, who=who)
    for record in file.records:
        for post in record.posts:
            known = items.by_post(db, post)
            if known is None or known.sku != record.sku:
                items.map_post(db, record.sku, post, now=now, who=who)
    journal.note(
        db, now=now, who=who, what="import", subject="stock",
        why=f"{source}: {len(difference.new)} new, {len(difference.changed)} changed,"
        f" {difference.unchanged} unchanged",
    )  # fmt: skip
    return difference


def _move(db: sqlite3.Connection, change: Change, difference: Difference, source: str, *, now: int, who: str) -> None:
    if change.to is None:
        return
    if change.to == "sold":
        difference.sales.append(
            items.sell(db, change.record.sku, now=now, who=who, elsewhere=True, why=f"sold in {source}")
        )
        return
    piece = items.by_id(db, change.item_id)
    verb = items.reopen if piece.status == "sold" else items.move
    verb(db, piece, change.to, now=now, who=who, why=f"{change.to} in {source}")


def _add(
    db: sqlite3.Connection,
    records: Sequence[Record],
    currency: str,
    source: str,
    *,
    now: int,
    who: str,
    progress: Progress | None,
) -> None:
    columns = ("sku", "status", "created_at", "updated_at", "sold_at", *COLUMNS)
    last = db.execute("SELECT coalesce(max(id), 0) FROM items").fetchone()[0]
    empty = _EMPTY | {"currency": currency}

    def row(record: Record) -> tuple[Any, ...]:
        status = record.status or "available"
        values = empty | record.values
        return (record.sku, status, now, now, now if status == "sold" else None, *(values[name] for name in COLUMNS))

    for _ in _staged(db, columns, [row(record) for record in records], "writing", progress):
        db.execute(
            f"INSERT INTO items ({', '.join(columns)}) SELECT {', '.join(columns)} FROM temp.staged ORDER BY rowid"
        )
    db.execute(
        "INSERT INTO journal (at, who, what, subject, subject_id, to_state, why)"
        " SELECT ?, ?, 'add', 'item', id, status, sku || ' from ' || ? FROM items WHERE id > ?",
        (now, who, source, last),
    )


def _change(
    db: sqlite3.Connection,
    changes: Sequence[Change],
    source: str,
    *,
    now: int,
    who: str,
    progress: Progress | None,
) -> None:
    by_columns: dict[tuple[str, ...], list[Change]] = {}
    for change in changes:
        if change.new:
            by_columns.setdefault(tuple(change.new), []).append(change)
    for columns, alike in by_columns.items():
        stated = "revision + 1" if not STATED.isdisjoint(columns) else "facts_revision"
        rows = [(change.item_id, *change.new.values()) for change in alike]
        for _ in _staged(db, ("item_id", *columns), rows, "changing", progress):
            db.execute(
                f"UPDATE items SET {', '.join(f'{column} = staged.{column}' for column in columns)},"
                f" revision = revision + 1, facts_revision = {stated}, updated_at = ?"
                " FROM temp.staged WHERE items.id = staged.item_id",
                (now,),
            )
        db.executemany(
            "INSERT INTO journal (at, who, what, subject, subject_id, why) VALUES (?, ?, 'edit', 'item', ?, ?)",
            ((now, who, change.item_id, f"{'; '.join(change.rewritten())} ({source})") for change in alike),
        )


def _staged(
    db: sqlite3.Connection,
    columns: Sequence[str],
    rows: Sequence[tuple[Any, ...]],
    what: str,
    progress: Progress | None,
) -> Iterator[None]:
    """Lays rows out in temp.staged, portion by portion, for the caller to take over with one statement each.

    The search index follows `items` by triggers, and FTS5 writes its memory out before every statement: 20,000 rows
    one by one cost 1.3 s of CPU, by the thousands 0.4 s.
    """
    if not rows:
        return
    db.execute(f"CREATE TEMP TABLE staged ({', '.join(columns)})")
    for start in range(0, len(rows), PORTION):
        if progress is not None:
            progress(what, start, len(rows))
        db.execute("DELETE FROM temp.staged")
        marks = ", ".join("?" * len(columns))
        db.executemany(f"INSERT INTO temp.staged VALUES ({marks})", rows[start : start + PORTION])
        yield
    db.execute("DROP TABLE temp.staged")
