"""`philia items import`: reads a stock file, tells the difference, and takes all of it or nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from philia_tui.commands import items_told
from philia_tui.commands.context import Shop, complain, emit, fail, reading, shop, writing
from philia_tui.commands.progress import Progress
from philia_tui.inert import inert
from server import stock
from server.stock import Redrafted
from store import importing
from store.errors import ImportRefused, StoreError
from store.importing import Difference, StockFile, records

WHO: Final = "script"
"""How the journal names a change that came by command."""

SHOWN: Final = 20
"""Entries of each kind that a person is shown; --json holds all of them."""


def bring_in(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV of Philia's columns, Shopify, eBay or Depop.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what would change, and change nothing.")] = False,
    mapping: Annotated[Path | None, typer.Option("--mapping", help="Your own mapping of columns, a TOML file.")] = None,
    reopen: Annotated[bool, typer.Option("--reopen", help="Let the file bring sold pieces back.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Take a stock file in: all of it, or nothing when a single row is wrong.

    Example: philia items import stock.csv --dry-run
    """
    where = shop(ctx)
    settings = where.settings.shop
    progress = Progress(least=records.STEP)
    try:
        read = importing.read_file(
            file, unit=settings.unit, currency=settings.currency, mapping=mapping, progress=progress
        )
        if dry_run:
            difference, faults = _compared(where, read, reopen=reopen, progress=progress)
            drafts: Sequence[Redrafted] = ()
        else:
            difference, faults, drafts = _taken(where, read, reopen=reopen, progress=progress)
    except StoreError as fault:
        progress.end()
        fail(str(fault))
    except KeyboardInterrupt:
        progress.end()
        fail("Stopped. Nothing was imported.")
    progress.end()
    told = _json(read, difference, faults, drafts, dry_run=dry_run)
    emit(told, as_json, _lines(read, difference, faults, drafts, dry_run=dry_run))
    if faults:
        if not as_json:
            wrong = "1 row is" if len(faults) == 1 else f"{len(faults)} rows are"
            complain(f"Nothing {'would be' if dry_run else 'was'} imported: {wrong} wrong.")
        raise typer.Exit(1)


def _compared(
    where: Shop, read: StockFile, *, reopen: bool, progress: importing.Progress
) -> tuple[Difference, list[tuple[int, str]]]:
    with reading(where) as db:
        difference = importing.compare(db, read.records, unit=read.unit, reopen=reopen, progress=progress)
    return difference, sorted([*read.faults, *difference.conflicts])


def _taken(
    where: Shop, read: StockFile, *, reopen: bool, progress: importing.Progress
) -> tuple[Difference, list[tuple[int, str]], Sequence[Redrafted]]:
    with writing(where) as db:
        try:
            difference, drafts = stock.bring_in(db, read, now=where.now(), who=WHO, reopen=reopen, progress=progress)
        except ImportRefused as refused:
            # Raised before anything was written: the transaction that ends here is empty.
            return Difference(), refused.rows, ()
    return difference, [], drafts


def _json(
    read: StockFile,
    difference: Difference,
    faults: Sequence[tuple[int, str]],
    drafts: Sequence[Redrafted],
    *,
    dry_run: bool,
) -> dict[str, Any]:
    return {
        "file": str(read.path),
        "kind": read.kind,
        "encoding": read.encoding,
        "dry_run": dry_run,
        "imported": not dry_run and not faults,
        "rows": len(read.records),
        "new": [record.sku for record in difference.new],
        "changed": [
            {"sku": change.record.sku, "line": change.record.line, "changes": change.fields()}
            for change in difference.changed
        ],
        "unchanged": difference.unchanged,
        "missing": difference.missing,
        "sold": [change.record.sku for change in difference.sold],
        "kept_on_hold": difference.kept,
        "errors": [{"line": line, "error": fault} for line, fault in faults],
        "unused_columns": list(read.unused),
        "drafts": items_told.redrafted(drafts),
    }


def _lines(
    read: StockFile,
    difference: Difference,
    faults: Sequence[tuple[int, str]],
    drafts: Sequence[Redrafted],
    *,
    dry_run: bool,
) -> Iterator[str]:
    yield f"{read.path.name}: {read.kind}, {read.encoding}, {len(read.records):,} pieces"
    if read.unused:
        yield f"  not read: {inert(', '.join(read.unused))}"
    if faults:
        yield from _some([f"  line {line}: {inert(fault)}" for line, fault in faults])
    if faults and not dry_run:
        return
    would = "would be " if dry_run else ""
    yield (
        f"  {would}new {len(difference.new):,}, {would}changed {len(difference.changed):,}"
        f" (of them sold {len(difference.sold):,}), unchanged {difference.unchanged:,},"
        f" in the shop and not in the file {len(difference.missing):,}"
    )
    if dry_run:
        yield from _some([f"  + {inert(record.sku)}  {inert(record.values['name'])}" for record in difference.new])
    yield from _some(
        [f"  ~ {inert(change.record.sku)}  {inert('; '.join(change.fields()))}" for change in difference.changed]
    )
    if difference.kept:
        yield f"  kept on hold in spite of the file: {inert(', '.join(difference.kept[:SHOWN]))}"
    if dry_run and difference.missing:
        yield from _some([f"  ? {inert(sku)}  is not in the file, and stays as it is" for sku in difference.missing])
    yield from items_told.redrafted_lines(drafts)


def _some(lines: Sequence[str]) -> Iterator[str]:
    yield from lines[:SHOWN]
    if len(lines) > SHOWN:
        yield f"    and {len(lines) - SHOWN:,} more; --json shows all"
