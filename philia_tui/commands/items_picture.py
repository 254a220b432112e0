"""`philia items picture`: the one picture of a piece, which can be sent to a customer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from philia_tui.commands.context import emit, fail, shop, writing
from philia_tui.inert import inert
from server.measuring import pixels
from server.stripping import Unstrippable, stripped
from store import items, media, pictures
from store.errors import StoreError

WHO = "script"


def picture(
    ctx: typer.Context,
    sku: Annotated[str, typer.Argument(metavar="SKU", help="The piece, as `philia items list` names it.")],
    file: Annotated[Path | None, typer.Argument(help="A JPG or PNG of 3 MB at most; it is copied.")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Leave the piece without a picture.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Give a piece the picture that can be sent to customers, in place of the one it had; without a file, tell it.

    It is copied beside the database, readable by you alone, without what the camera wrote into it (place, time,
    device). TikTok takes JPG and PNG of 3 MB at most.

    Example: philia items picture J-014 ~/photos/jacket.jpg
    """
    where = shop(ctx)
    if remove and file is not None:
        raise typer.BadParameter("a file and --remove say two things", param_hint="FILE")
    folder = media.folder_of(where.path)
    kept: dict[str, Any] = {} if file is None else _kept(file, folder)
    with writing(where) as db:
        piece = items.find(db, sku)
        if remove:
            pictures.take_off(db, piece.sku, now=where.now(), who=WHO)
        elif kept:
            pictures.give(db, piece.sku, **kept, now=where.now(), who=WHO)
        told = as_told(pictures.of_piece(db, piece.id), folder)
    line = f"{inert(piece.sku)} has no picture." if told is None else f"{inert(piece.sku)}: {told['file']}"
    emit({"sku": piece.sku, "picture": told}, as_json, [line if told is None else f"{line} ({told['measure']})"])


def _kept(file: Path, folder: Path) -> dict[str, Any]:
    """Copies a file into the folder of the pictures; returns what its row says. Ends with 1 for what cannot be one."""
    path = file.expanduser()
    try:
        with path.open("rb") as opened:
            content = opened.read(pictures.LIMIT + 1)
    except OSError as fault:
        fail(f"The picture {file} cannot be read: {fault.strerror or fault}.")
    try:
        pictures.check_file(content)
        # Before anything is kept: the file beside the database is what customers get.
        content = stripped(content)
        content_type = pictures.check_file(content)
    except Unstrippable:
        fail(f"{file} begins like a picture and is none that can be read. Save it anew.")
    except StoreError as fault:
        fail(str(fault))
    size = pixels(content)
    if size is None:
        fail(f"{file} is a picture whose size cannot be read. Save it anew.")
    try:
        digest, name = pictures.put(folder, content, content_type)
    except StoreError as fault:
        fail(str(fault))
    return {
        "path": name,
        "sha256": digest,
        "content_type": content_type,
        "size": len(content),
        "width": size[0],
        "height": size[1],
    }


def as_told(found: pictures.ItemPicture | None, folder: Path) -> dict[str, Any] | None:
    """Returns a picture as `--json` writes it, None when there is none."""
    if found is None:
        return None
    return {
        "file": str(folder / found.path),
        "content_type": found.content_type,
        "size": found.size,
        "width": found.width,
        "height": found.height,
        "measure": found.measure,
    }
