"""`philia items …`: the stock for scripts and hands."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ParamSpec, TypeVar

import typer

from philia_tui.commands import items_import, items_picture, items_told
from philia_tui.commands.context import complain, emit, fail, reading, shop, writing
from philia_tui.commands.grouped import Grouped
from philia_tui.inert import inert
from server import stock
from server.stock import Tidied
from store import holds, items, listing
from store.documents import json_text
from store.holds import DEFAULT_HOURS
from store.stock import STATUSES, Status, Unit

if TYPE_CHECKING:
    from store.search import SearchResult

P = ParamSpec("P")
T = TypeVar("T")

WHO = items_import.WHO

app = typer.Typer(cls=Grouped, no_args_is_help=True, help="The stock: import, list, search, edit, hold, sell.")

app.command("import")(items_import.bring_in)
app.command()(items_picture.picture)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Sku = Annotated[str, typer.Argument(metavar="SKU", help="The piece, as `philia items list` names it.")]
Name = Annotated[str | None, typer.Option(help="What it is called.")]
Category = Annotated[str | None, typer.Option(help="Such as Jackets.")]
Brand = Annotated[str | None, typer.Option(help="Empty when it has none.")]
Size = Annotated[str | None, typer.Option(help="As the label says it.")]
Price = Annotated[str | None, typer.Option(help="Such as 45.00; empty for none.")]
Description = Annotated[str | None, typer.Option(help="In your own words.")]
Color = Annotated[str | None, typer.Option("--color", "--colour", help="Such as brown.")]
Era = Annotated[str | None, typer.Option(help="Such as 70s.")]
Condition = Annotated[str | None, typer.Option(help="Such as very good.")]
Material = Annotated[str | None, typer.Option(help="Such as suede.")]
Fit = Annotated[str | None, typer.Option("--fit-note", help="Such as: runs small.")]
Tags = Annotated[str | None, typer.Option(help="Words to find it by, with commas between.")]
Measure = Annotated[
    list[str] | None,
    typer.Option(
        "--measure", metavar="KIND=LENGTH", help="Such as pit_to_pit=21 or 'length=70 cm'; empty takes it off."
    ),
]
Photo = Annotated[list[str] | None, typer.Option("--photo", help="A file or an address; several times for several.")]


@app.command("list")
def list_(
    ctx: typer.Context,
    status: Annotated[str | None, typer.Option(help=f"Only {', '.join(STATUSES)}.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many.")] = None,
    as_json: Json = False,
) -> None:
    """List the pieces in the order of their SKUs.

    Example: philia items list --status held
    """
    where = shop(ctx)
    unit = where.settings.shop.unit
    with reading(where) as db:
        found = items.page(db, status=_status(status), limit=-1 if limit is None else limit)
    lines = (items_told.line(piece) for piece in found)
    emit(
        [piece.as_json(unit) for piece in found],
        as_json,
        lines if found else ["No pieces yet. Bring them in: philia items import FILE.csv"],
    )


@app.command()
def show(ctx: typer.Context, sku: Sku, as_json: Json = False) -> None:
    """Show a piece with its photos, its posts, who holds it and who waits for it.

    Example: philia items show J-014
    """
    where = shop(ctx)
    with reading(where) as db:
        piece = items.find(db, sku)
        told = items_told.whole(db, piece, where.settings.shop.unit)
    emit(told, as_json, items_told.whole_lines(told, where))


@app.command()
def search(
    ctx: typer.Context,
    query: Annotated[str, typer.Argument(help="In a customer's words.")] = "",
    batch: Annotated[
        bool, typer.Option("--batch", help='JSON lines {"id", "query"} in, one answer a line out.')
    ] = False,
    limit: Annotated[
        int | None, typer.Option(min=1, help="At most so many: 10, or in a batch 50 where the answer is exact.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="What is held, reserved and sold, too.")] = False,
    as_json: Json = False,
) -> None:
    """Search the stock as a draft would.

    Example: philia items search "large windbreakers under 60"
    """
    from store.search import LIMIT, WHOLE  # noqa: PLC0415  # typo repair costs 60 ms of imports
    from store.search import search as search_stock  # noqa: PLC0415

    where = shop(ctx)
    unit = where.settings.shop.unit
    if not batch and not query.strip():
        raise typer.BadParameter("is empty; write what to look for, or give --batch", param_hint="QUERY")

    with reading(where) as db:

        def answer(text: str) -> SearchResult:
            most = limit or (WHOLE if batch else LIMIT)
            found = search_stock(db, text, limit=most, unit=unit, include_unavailable=everything)
            # A script counts what fits; of what only comes near it wants no more than a person would look through.
            return found if found.exact or limit else replace(found, pieces=found.pieces[:LIMIT])

        if batch:
            if not _answer_lines(answer):
                raise typer.Exit(1)
            return
        result = answer(query)
    emit(result.as_json(unit), as_json, items_told.found_lines(result))


@app.command()
def add(
    ctx: typer.Context,
    sku: Sku,
    name: Annotated[str, typer.Option(help="What it is called.")],
    category: Category = None,
    brand: Brand = None,
    size: Size = None,
    price: Price = None,
    description: Description = None,
    color: Color = None,
    era: Era = None,
    condition: Condition = None,
    material: Material = None,
    fit_note: Fit = None,
    tags: Tags = None,
    measure: Measure = None,
    photo: Photo = None,
    post: Annotated[list[str] | None, typer.Option(help="A TikTok post that shows it.")] = None,
    status: Annotated[str, typer.Option(help="available or reserved.")] = "available",
    as_json: Json = False,
) -> None:
    """Add a piece.

    Example: philia items add J-015 --name "Suede jacket" --price 85 --size M --measure pit_to_pit=21
    """
    where = shop(ctx)
    unit = where.settings.shop.unit
    wanted = _status(status)
    if wanted == "held":
        raise typer.BadParameter("a hold is for somebody; add it, then: philia items hold", param_hint="--status")
    values = _values(
        unit, name=name, category=category, brand=brand, size_label=size, price_cents=price, description=description,
        color=color, era=era, condition=condition, material=material, fit_note=fit_note, tags=tags,
    )  # fmt: skip
    values |= {"currency": where.settings.shop.currency, **_lengths(measure, {}, unit), **_photos(photo)}
    with writing(where) as db:
        piece = items.add(db, _read(listing.sku, sku), values, now=where.now(), who=WHO, status=wanted or "available")
        for each in post or ():
            items.map_post(db, piece.sku, _read(listing.post, each), now=where.now(), who=WHO)
        told = items_told.whole(db, piece, unit)
    emit(told, as_json, [f"Added {inert(piece.sku)} {inert(piece.name)}."])


@app.command()
def edit(
    ctx: typer.Context,
    sku: Sku,
    name: Name = None,
    category: Category = None,
    brand: Brand = None,
    size: Size = None,
    price: Price = None,
    description: Description = None,
    color: Color = None,
    era: Era = None,
    condition: Condition = None,
    material: Material = None,
    fit_note: Fit = None,
    tags: Tags = None,
    measure: Measure = None,
    photo: Photo = None,
    status: Annotated[str | None, typer.Option(help="available also takes a sale back.")] = None,
    as_json: Json = False,
) -> None:
    """Change a piece; what is not named stays as it is.

    Example: philia items edit J-014 --price 79 --measure "length=25.5"
    """
    where = shop(ctx)
    unit = where.settings.shop.unit
    wanted = None if status is None else _status(status)
    values = _values(
        unit, name=name, category=category, brand=brand, size_label=size, price_cents=price, description=description,
        color=color, era=era, condition=condition, material=material, fit_note=fit_note, tags=tags,
    )  # fmt: skip
    values |= _photos(photo)
    if not values and not measure and wanted is None:
        raise typer.BadParameter("nothing to change was named; see philia items edit --help")
    with writing(where) as db:
        values |= _lengths(measure, items.find(db, sku).measurements, unit)
        tidied = stock.edit(db, sku, values, status=wanted, now=where.now(), who=WHO)
        told = items_told.whole(db, tidied.piece, unit)
    lines = [
        f"{inert(told['sku'])} is kept: {items_told.line(tidied.piece)}",
        *items_told.redrafted_lines(tidied.drafts),
    ]
    emit({**told, "drafts": items_told.redrafted(tidied.drafts)}, as_json, lines)


@app.command()
def sold(
    ctx: typer.Context,
    sku: Sku,
    to: Annotated[int | None, typer.Option("--to", metavar="CONVERSATION", help="Who bought it.")] = None,
    as_json: Json = False,
) -> None:
    """Mark a piece sold: drafts that name it are taken back and written anew, and the line for it is told.

    Example: philia items sold J-014 --to 12
    """
    where = shop(ctx)
    with writing(where) as db:
        tidied = stock.sell(db, sku, now=where.now(), who=WHO, buyer=to)
    _say_tidied(tidied, as_json, f"{inert(tidied.piece.sku)} is sold.")


@app.command()
def hold(
    ctx: typer.Context,
    sku: Sku,
    conversation: Annotated[int, typer.Option("--for", metavar="CONVERSATION", help="Whom it is kept for.")],
    hours: Annotated[int, typer.Option(min=1, max=holds.LONGEST_HOURS, help="How long.")] = DEFAULT_HOURS,
    as_json: Json = False,
) -> None:
    """Keep a piece for a customer, or give her the next place in its line; the message that tells her is drafted.

    Example: philia items hold J-014 --for 12 --hours 48
    """
    where = shop(ctx)
    with writing(where) as db:
        held = stock.hold(db, sku, conversation, hours=hours, now=where.now(), who=WHO)
    told = {
        "sku": held.sku,
        "conversation": held.conversation_id,
        "state": held.state,
        "place": held.place,
        "until": held.until,
        "extended": held.extended,
        "draft": held.draft,
    }
    if held.state == "active":
        until = items_told.time_of(held.until, where)
        line = f"{inert(held.sku)} is on hold for conversation {conversation} until {until}."
    else:
        line = f"{inert(held.sku)} is not free; conversation {conversation} is number {held.place} in the line for it."
    if held.draft is None:
        more = "Her reply window is closed, so she cannot be told until she writes again."
    else:
        more = "The message that tells her is being drafted."
    emit(told, as_json, [line, more])


@app.command()
def release(
    ctx: typer.Context,
    sku: Sku,
    conversation: Annotated[
        int | None, typer.Option("--for", metavar="CONVERSATION", help="Only this one's hold or place in the line.")
    ] = None,
    as_json: Json = False,
) -> None:
    """End a hold; the piece is offered to the next in line who can be told.

    Example: philia items release J-014
    """
    where = shop(ctx)
    with writing(where) as db:
        tidied = stock.release(db, sku, now=where.now(), who=WHO, conversation_id=conversation)
    offer = None if tidied.freed is None else tidied.freed.offer
    if offer is not None:
        line = f"{inert(tidied.piece.sku)} is now held for conversation {offer.conversation_id}, who was next in line."
    else:
        line = f"{inert(tidied.piece.sku)} is {tidied.piece.status}."
    _say_tidied(tidied, as_json, line)


@app.command()
def post(
    ctx: typer.Context,
    sku: Sku,
    post_id: Annotated[str, typer.Argument(metavar="POST", help="The post's number or address.")],
    remove: Annotated[bool, typer.Option("--remove", help="Forget it instead.")] = False,
    as_json: Json = False,
) -> None:
    """Say which piece a TikTok post shows, so that a customer who shares it means this one.

    Example: philia items post J-014 https://www.tiktok.com/@philia.thrifts/video/7301234567890123456
    """
    where = shop(ctx)
    wanted = _read(listing.post, post_id)
    with writing(where) as db:
        piece = items.find(db, sku)
        if remove:
            items.unmap_post(db, wanted, now=where.now(), who=WHO)
        else:
            items.map_post(db, piece.sku, wanted, now=where.now(), who=WHO)
        posts = items.posts(db, piece.sku)
    word = "no longer shows" if remove else "shows"
    emit({"sku": piece.sku, "posts": posts}, as_json, [f"Post {wanted} {word} {inert(piece.sku)}."])


def _status(text: str | None) -> Status | None:
    return None if text is None else _read(listing.status, text)


def _read(reader: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    try:
        return reader(*args, **kwargs)
    except ValueError as fault:
        raise typer.BadParameter(str(fault)) from fault


def _values(unit: Unit, **given: str | None) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for column, text in given.items():
        if text is not None:
            values[column] = _read(listing.value, column, text, unit)
    return values


def _lengths(given: Sequence[str] | None, known: Mapping[str, int], unit: Unit) -> dict[str, Any]:
    if not given:
        return {}
    lengths = dict(known)
    for each in given:
        kind, separator, length = each.partition("=")
        if not separator:
            raise typer.BadParameter(f"{each!r} is no measurement; write KIND=LENGTH", param_hint="--measure")
        named = _read(listing.kind, kind)
        lengths.pop(named, None)
        if length.strip():
            lengths[named] = _read(listing.length, named, length, unit)
    return {"measurements": lengths}


def _photos(given: Sequence[str] | None) -> dict[str, Any]:
    if given is None:
        return {}
    kept = []
    for each in given:
        if each.startswith(("https://", "http://")):
            kept.append(each)
        elif each:
            file = Path(each).expanduser()
            if not file.is_file():
                fail(f"There is no photo {each}.")
            kept.append(str(file.absolute()))
    return {"photos": kept}


def _answer_lines(answer: Callable[[str], SearchResult]) -> bool:
    """Answers queries line by line; tells whether every line could be read."""
    good = True
    for number, line in enumerate(sys.stdin, 1):
        if not line.strip():
            continue
        try:
            asked = json.loads(line)
            result = answer(str(asked["query"]))
            told = {"id": asked.get("id"), "skus": [piece.sku for piece in result.pieces], "exact": result.exact}
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            complain(f'Line {number} is not {{"id": …, "query": "…"}}.')
            good = False
            continue
        sys.stdout.write(json_text(told) + "\n")
        sys.stdout.flush()
    return good


def _say_tidied(tidied: Tidied, as_json: bool, line: str) -> None:
    told = {
        "sku": tidied.piece.sku,
        "status": tidied.piece.status,
        "offered_to": tidied.freed.offer.conversation_id if tidied.freed and tidied.freed.offer else None,
        "drafts": items_told.redrafted(tidied.drafts),
    }
    emit(told, as_json, [line, *items_told.redrafted_lines(tidied.drafts)])
