"""How the commands of the stock tell a piece: as JSON, and as lines for a person."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from philia_tui.commands.context import Shop
from philia_tui.inert import inert, one_line
from server.stock import Redrafted
from store import holds, items, pictures
from store.stock import Piece, Unit, money

if TYPE_CHECKING:
    from store.search import SearchResult


def whole(db: sqlite3.Connection, piece: Piece, unit: Unit) -> dict[str, Any]:
    """Returns a piece with its photos, posts, holder and line."""
    held = holds.of_piece(db, piece.id)
    picture = pictures.of_piece(db, piece.id)
    return {
        **piece.as_json(unit),
        "tags": list(piece.tags),
        "photos": items.photos(db, piece.sku),
        "picture": None if picture is None else picture.measure,
        "posts": items.posts(db, piece.sku),
        "revision": piece.revision,
        "held_for": next((row["conversation_id"] for row in held if row["state"] == "active"), None),
        "held_until": next((row["expires_at"] for row in held if row["state"] == "active"), None),
        "line": [row["conversation_id"] for row in held if row["state"] == "waiting"],
    }


def line(piece: Piece) -> str:
    """Returns a piece in one line."""
    price = "no price" if piece.price_cents is None else f"{money(piece.price_cents)} {piece.currency}"
    sku, size = _column(piece.sku, 12), _column(piece.size, 6)
    return f"{sku} {piece.status:<9}  {price:>12}  {size}  {one_line(piece.name)}"


def _column(text: str, cells: int) -> str:
    """Returns a text as a column of at least `cells` cells; nothing of a SKU is cut, it is typed again elsewhere."""
    drawn = one_line(text)
    if drawn.isascii():
        return drawn.ljust(cells)
    # The tables of widths cost 34 ms, which no other command pays.
    from philia_tui.wrapping import width_of  # noqa: PLC0415

    return drawn + " " * (cells - width_of([(drawn, "")]))


def whole_lines(told: Mapping[str, Any], where: Shop) -> Iterator[str]:
    """Tells what `whole` returned."""
    yield f"{inert(told['sku'])}  {inert(told['name'])}"
    for key in ("status", "price", "size", "brand", "category", "color", "era", "condition", "material", "fit_note"):
        if told[key]:
            more = f" {told['currency']}" if key == "price" else ""
            yield f"  {key.replace('_', ' ')}: {inert(str(told[key]))}{more}"
    for kind, length in told["measurements"].items():
        yield f"  {kind.replace('_', ' ')}: {length:g} {told['unit']}"
    if told["description"]:
        yield from (f"  {text}" for text in inert(told["description"], lines=True).splitlines())
    if told["picture"]:
        yield f"  picture: {told['picture']}"
    for name in ("photos", "posts"):
        yield from (f"  {name[:-1]}: {inert(each)}" for each in told[name])
    if told["held_for"] is not None:
        yield f"  on hold for conversation {told['held_for']} until {time_of(told['held_until'], where)}"
    if told["line"]:
        yield f"  in line: {', '.join(map(str, told['line']))}"


def found_lines(result: SearchResult) -> Iterator[str]:
    """Tells what a search found, and what it had to leave out of the question."""
    for written, meant in result.corrected.items():
        yield f"read {inert(written)} as {inert(meant)}"
    if not result.pieces:
        yield "Nothing found."
    elif not result.exact:
        yield f"Nothing fits exactly; without {', '.join(result.relaxed) or 'some words'}:"
    yield from (line(piece) for piece in result.pieces)


def redrafted(drafts: Sequence[Redrafted]) -> list[dict[str, int | None]]:
    """Returns the drafts that a change touched."""
    return [{"conversation": each.conversation_id, "withdrawn": each.withdrawn, "draft": each.draft} for each in drafts]


def redrafted_lines(drafts: Sequence[Redrafted]) -> Iterator[str]:
    """Tells the drafts that a change touched."""
    for each in drafts:
        what = "is told" if each.withdrawn is None else f"draft {each.withdrawn} was taken back"
        if each.draft is not None:
            what += f", draft {each.draft} is being written"
        elif each.withdrawn is None:
            what = "cannot be told: the reply window is closed"
        yield f"  conversation {each.conversation_id}: {what}"


def time_of(at: int | None, where: Shop) -> str:
    """Returns a time in the shop's zone."""
    if at is None:
        return "?"
    zone = ZoneInfo(where.settings.shop.timezone)
    return f"{datetime.fromtimestamp(at / 1_000, zone):%Y-%m-%d %H:%M}"
