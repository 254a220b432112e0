"""`philia backup`, `restore`, `export`, `forget`: the data is the owner's."""

from __future__ import annotations

import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from philia_tui.commands.context import Shop, emit, fail, reading, shop
from philia_tui.commands.grouped import DATA
from philia_tui.commands.progress import Progress
from philia_tui.inert import inert, one_line
from server.nightly import folder_of
from store import backup as backups
from store import exporting, forgetting, media
from store.clock import HOUR
from store.database import connect, transaction
from store.errors import StoreError
from store.migrations import migrate

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def register(root: typer.Typer) -> None:
    """Mounts the commands on the root."""
    root.command(rich_help_panel=DATA)(backup)
    root.command(rich_help_panel=DATA)(restore)
    root.command(rich_help_panel=DATA)(export)
    root.command(rich_help_panel=DATA)(forget)


def backup(
    ctx: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(help="The copy to write; else one named by the time, in the folder of [backup].")
    ] = None,
    as_json: Json = False,
) -> None:
    """Copy the whole shop into one file, while it stays open. Pictures are files beside it, in `media`: copy them too.

    Example: philia backup /media/stick/philia.db
    """
    where = shop(ctx)
    now = datetime.fromtimestamp(where.now() / 1000, UTC)
    target = file or folder_of(where.settings, where.path) / f"philia-by-hand-{now:%Y%m%d-%H%M%S}.db"
    progress = Progress()
    try:
        size = backups.backup(where.path, target, progress=lambda done, of: progress("page", done, of))
    except (StoreError, OSError) as fault:
        progress.end()
        fail(str(fault))
    except KeyboardInterrupt:
        progress.end()
        fail("Stopped. No backup was written.")
    progress.end()
    told = {"file": str(target.absolute()), "bytes": size}
    emit(told, as_json, [f"The shop is in {target} ({size:,} bytes), checked and whole."])


def restore(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="A backup.")],
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Put a backup in the place of the shop. Nothing is sent until you say so; what it replaces is kept.

    Example: philia restore backups/philia-20261122-030000.db
    """
    where = shop(ctx)
    progress = Progress()
    try:
        if not yes and where.path.exists() and file.is_file():
            _confirm(f"Replace {where.path} by {file}? What is there now is kept beside it.")
        done = backups.restore(file, where.path, now=where.now(), progress=lambda done, of: progress("page", done, of))
    except (StoreError, OSError) as fault:
        progress.end()
        fail(str(fault))
    progress.end()
    told = {
        "database": str(where.path),
        "in_doubt": done.in_doubt,
        "kept": None if done.kept is None else str(done.kept),
    }
    lines = [f"{where.path} is the shop of {file} again. Sending is paused."]
    if done.in_doubt:
        lines.append(f"{done.in_doubt} replies were open in the backup: each is looked up before anything leaves.")
    if done.kept is not None:
        lines.append(f"What it replaced is {done.kept}.")
    lines.append("Start it, look at philia deliveries list, then: philia resume")
    emit(told, as_json, lines)


def export(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder; made if it is not there.")],
    as_json: Json = False,
) -> None:
    """Write everything as plain files: conversations.csv, messages.jsonl, figures.csv.

    Example: philia export ~/philia-export
    """
    where = shop(ctx)
    window = int(where.settings.delivery.window_hours * HOUR)
    progress = Progress()
    with reading(where) as db:
        try:
            rows = exporting.export(db, folder, now=where.now(), window_ms=window, progress=progress)
        except StoreError as fault:
            progress.end()
            fail(str(fault))
    progress.end()
    told = {"folder": str(folder.absolute()), "rows": rows}
    emit(told, as_json, [f"{folder / name}: {count:,} rows" for name, count in rows.items()])


def forget(
    ctx: typer.Context,
    customer: Annotated[str, typer.Argument(help="Her TikTok id, or her name if nobody else has it.")],
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Delete everything of one customer: messages, drafts, pictures, notes, names. It cannot be taken back.

    Backups made before still hold her, until they are deleted; the command says how many there are.

    Example: philia forget 7012345678901234567
    """
    where = shop(ctx)
    try:
        migrate(where.path)
        with closing(connect(where.path)) as db:
            found = forgetting.find(db, customer)
            held = _held_for(db, found)
            if not yes:
                whom = one_line(found.name or found.tiktok_id)
                _confirm(f"Forget {whom}: {found.messages} messages and everything else of hers, for good?")
            with transaction(db):
                _release(db, held, now=where.now())
                gone = forgetting.forget(db, forgetting.find(db, customer), now=where.now(), who="owner")
            media.remove(media.folder_of(where.path), gone.files)
            clean = forgetting.scrub(db)
    except StoreError as fault:
        fail(str(fault))
    older = _older_copies(where)
    lines = [f"Forgotten: {gone.messages} messages, {gone.drafts} drafts, {len(gone.files)} pictures."]
    if not clean:
        lines.append("Traces stay in free pages of the file: the server was too busy. Say it once more in a minute.")
    if older:
        lines.append(f"{len(older)} backups made before still hold her; delete them, or let the nights do it:")
        lines += [f"  {file}" for file in older]
    emit({**gone.as_json(), "clean": clean, "backups": [str(file) for file in older]}, as_json, lines)


def _held_for(db: Any, customer: forgetting.Customer) -> list[tuple[str, int]]:
    from store import holds  # noqa: PLC0415  # only here

    return [(sku, one) for one in customer.conversations for sku in holds.held_for(db, one)]


def _release(db: Any, held: list[tuple[str, int]], *, now: int) -> None:
    """Lets go of what is kept for her, so that the next in line gets it."""
    from server import stock  # noqa: PLC0415  # only here

    for sku, conversation in held:
        stock.release(db, sku, now=now, who="owner", conversation_id=conversation)


def _older_copies(where: Shop) -> list[Path]:
    folder = folder_of(where.settings, where.path)
    copies = sorted(folder.glob("*.db")) if folder.is_dir() else []
    return copies + sorted(where.path.parent.glob(f"{where.path.name}.before-restore-*"))


def _confirm(question: str) -> None:
    sys.stderr.write(f"{inert(question)} [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        fail("Nothing was changed. To do it without being asked: --yes")
