"""`philia deliveries`: what was sent, what waits, what is in doubt, and the owner's word on it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from philia_tui.commands.context import Shop, emit, reading, shop, writing
from philia_tui.commands.grouped import Grouped
from philia_tui.inert import one_line
from server import decisions
from store import outbox

app = typer.Typer(cls=Grouped, no_args_is_help=True, help="What was sent, what waits, what is in doubt.")


class Word(StrEnum):
    """What the owner says of a delivery in doubt."""

    sent = "sent"
    again = "again"
    drop = "drop"


Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
Which = Annotated[int, typer.Argument(metavar="DELIVERY", help="Its number, as `philia deliveries list` shows it.")]
Now = Annotated[bool, typer.Option("--now", help="Without the time to take it back.")]


@app.command("list")
def list_(
    ctx: typer.Context,
    conversation: Annotated[int | None, typer.Option(help="Only this conversation's.")] = None,
    state: Annotated[str | None, typer.Option(help="Only those in this state, such as needs_owner.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many, the newest first.")] = 200,
    as_json: Json = False,
) -> None:
    """Show deliveries with their attempts, the newest first.

    Example: philia deliveries list --state needs_owner
    """
    where = shop(ctx)
    with reading(where) as db:
        found = outbox.listed(db, conversation_id=conversation, state=state, limit=limit)
    emit(found, as_json, _lines(found, where))


@app.command()
def resolve(
    ctx: typer.Context,
    delivery: Which,
    word: Annotated[Word, typer.Argument(help="sent: it arrived. again: send it once more. drop: leave it.")],
    now: Now = False,
    as_json: Json = False,
) -> None:
    """Say what became of a delivery that could not be proven.

    Example: philia deliveries resolve 3 sent
    """
    where = shop(ctx)
    with writing(where) as db:
        decided = decisions.resolve(
            db, delivery, word.value, now=where.now(), who="owner", settings=where.settings.delivery, send_now=now
        )
        told = outbox.as_json(db, outbox.get(db, delivery if decided is None else decided.delivery_id))
    done = {"sent": "counts as sent", "drop": "is dropped"}.get(word.value, f"is sent again as delivery {told['id']}")
    emit(told, as_json, [f"Delivery {delivery} {done}."])


@app.command()
def retry(ctx: typer.Context, delivery: Which, now: Now = False, as_json: Json = False) -> None:
    """Send a failed or expired delivery's text again; one that waits for its next try goes now.

    Example: philia deliveries retry 3
    """
    where = shop(ctx)
    with writing(where) as db:
        decided = decisions.retry(
            db, delivery, now=where.now(), who="owner", settings=where.settings.delivery, send_now=now
        )
        told = outbox.as_json(db, outbox.get(db, decided.delivery_id))
    emit(told, as_json, [f"Delivery {told['id']} is {told['state']}.", *decided.warnings])


def _lines(found: list[dict[str, Any]], where: Shop) -> Iterator[str]:
    zone = ZoneInfo(where.settings.shop.timezone)
    for one in found:
        at = datetime.fromtimestamp((one["ended_at"] or one["created_at"]) / 1_000, zone)
        text = one_line(one["text"]) if one["picture"] is None else f"[picture of {one_line(one['picture']['sku'])}]"
        short = text if len(text) <= 60 else f"{text[:59]}…"
        yield f"{one['id']:>5}  {at:%m-%d %H:%M}  {one['state']:<11}  in {one['conversation']:<4}  {short}"
        if one["reason"]:
            yield f"       {one_line(one['reason'])}"
    if not found:
        yield "No deliveries yet."
