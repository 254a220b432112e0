"""`philia inbox …`, `philia pause`, `philia resume`: the inbox for scripts and screen readers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from philia_tui.commands.context import Shop, complain, emit, emit_each, reading, shop, writing
from philia_tui.commands.grouped import EVERY_DAY, Grouped
from store import contract, switches
from store import inbox as store_inbox
from store.states import CONVERSATION_MODES, QUEUES

if TYPE_CHECKING:
    from server.decisions import Decided

WHO = "script"
"""How the journal names a decision that came by command."""

app = typer.Typer(cls=Grouped, no_args_is_help=True, help="The inbox for scripts and screen readers.")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Now = Annotated[bool, typer.Option("--now", help="Send at once, without the seconds for undo.")]


def register(root: typer.Typer) -> None:
    """Mounts the commands on the root."""
    root.add_typer(app, name="inbox", rich_help_panel=EVERY_DAY)
    root.command(rich_help_panel=EVERY_DAY)(pause)
    root.command(rich_help_panel=EVERY_DAY)(resume)


@app.command("list")
def list_(
    ctx: typer.Context,
    queue: Annotated[str | None, typer.Option(help=f"Only one of {', '.join(QUEUES)}.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many.")] = None,
    as_json: Json = False,
) -> None:
    """List the conversations, those with the least time left first.

    Example: philia inbox list --queue needs_you
    """
    if queue is not None and queue not in QUEUES:
        raise typer.BadParameter(f"{queue!r} is not a queue; allowed are {', '.join(QUEUES)}", param_hint="--queue")
    with reading(shop(ctx)) as db:
        emit_each(contract.conversations(db, queue=queue, limit=limit), as_json, contract.line)


@app.command()
def show(ctx: typer.Context, conversation: int, as_json: Json = False) -> None:
    """Show a conversation with its messages and its draft.

    Example: philia inbox show 12
    """
    with reading(shop(ctx)) as db:
        found = contract.conversation(db, conversation)
        emit(found, as_json, contract.thread_lines(found))


@app.command()
def approve(ctx: typer.Context, draft: int, now: Now = False, as_json: Json = False) -> None:
    """Send a draft as it stands.

    Example: philia inbox approve 7 --now
    """
    from server import decisions  # noqa: PLC0415  # 40 ms that reading saves

    where = shop(ctx)
    with writing(where) as db:
        decided = decisions.approve(db, draft, now=where.now(), who=WHO, settings=where.settings.delivery, send_now=now)
    _say(where, decided, as_json)


@app.command()
def edit(
    ctx: typer.Context,
    draft: int,
    text: Annotated[str, typer.Option(help="What to send instead.")],
    now: Now = False,
    as_json: Json = False,
) -> None:
    """Send a text of your own instead of a draft.

    Example: philia inbox edit 7 --text "It's yours, I'll pack it tonight."
    """
    from server import decisions  # noqa: PLC0415  # 40 ms that reading saves

    where = shop(ctx)
    with writing(where) as db:
        decided = decisions.edit(
            db, draft, text, now=where.now(), who=WHO, settings=where.settings.delivery, send_now=now
        )
    _say(where, decided, as_json)


@app.command()
def reject(
    ctx: typer.Context,
    draft: int,
    reason: Annotated[str, typer.Option(help="Why, for the journal and for learning.")],
    as_json: Json = False,
) -> None:
    """Drop a draft; nothing is sent.

    Example: philia inbox reject 7 --reason "answered in person"
    """
    from server import decisions  # noqa: PLC0415  # 40 ms that reading saves

    where = shop(ctx)
    with writing(where) as db:
        decisions.reject(db, draft, reason, now=where.now(), who=WHO)
    emit({"draft": draft, "state": "rejected"}, as_json, [f"Draft {draft} is dropped."])


@app.command()
def instruct(
    ctx: typer.Context,
    draft: int,
    text: Annotated[str, typer.Option(help="How to write it again.")],
    as_json: Json = False,
) -> None:
    """Have a draft written again with a word of yours.

    Example: philia inbox instruct 7 --text "mention that it is in the window"
    """
    from server import decisions  # noqa: PLC0415  # 40 ms that reading saves

    where = shop(ctx)
    with writing(where) as db:
        new = decisions.instruct(db, draft, text, now=where.now(), who=WHO)
    emit({"draft": new, "state": "queued"}, as_json, [f"Draft {new} is being written."])


@app.command()
def send(
    ctx: typer.Context,
    conversation: int,
    text: Annotated[str, typer.Option(help="What to send.")],
    now: Now = False,
    as_json: Json = False,
) -> None:
    """Send a text to a conversation, draft or none.

    Example: philia inbox send 12 --text "Just posted more photos of it."
    """
    from server import decisions  # noqa: PLC0415  # 40 ms that reading saves

    where = shop(ctx)
    with writing(where) as db:
        decided = decisions.send(
            db, conversation, text, now=where.now(), who=WHO, settings=where.settings.delivery, send_now=now
        )
    _say(where, decided, as_json)


@app.command("send-picture")
def send_picture(
    ctx: typer.Context,
    conversation: int,
    sku: Annotated[str, typer.Argument(metavar="SKU", help="The piece whose picture to send.")],
    now: Now = False,
    as_json: Json = False,
) -> None:
    """Send the picture of a piece to a conversation, where TikTok allows pictures; a draft stays as it is.

    Example: philia inbox send-picture 12 J-014
    """
    from server import decisions  # noqa: PLC0415  # 40 ms that reading saves

    where = shop(ctx)
    given = where.settings
    with writing(where) as db:
        decided = decisions.send_picture(
            db, conversation, sku, now=where.now(), who=WHO, settings=given.delivery, api=given.tiktok.api, send_now=now
        )
    _say(where, decided, as_json)


@app.command()
def undo(ctx: typer.Context, delivery: int, as_json: Json = False) -> None:
    """Take a reply back before it leaves; its text returns to the draft.

    Example: philia inbox undo 3
    """
    from server import decisions  # noqa: PLC0415  # 40 ms that reading saves

    where = shop(ctx)
    with writing(where) as db:
        undone = decisions.undo(db, delivery, now=where.now(), who=WHO)
    found = {"delivery": delivery, "state": "cancelled", "draft": undone.draft_id, "text": undone.text}
    emit(found, as_json, [f"Delivery {delivery} is taken back."])


@app.command()
def snooze(
    ctx: typer.Context,
    conversation: int,
    until: Annotated[str, typer.Option(help='"2h", "tomorrow 9:00", "monday", or epoch milliseconds.')],
    as_json: Json = False,
) -> None:
    """Put a conversation away until a time, or until the customer writes again.

    Example: philia inbox snooze 12 --until "tomorrow 9:00"
    """
    from server.until import NotATime  # noqa: PLC0415  # only here
    from server.until import until as time_of  # noqa: PLC0415  # only here

    where = shop(ctx)
    try:
        at = time_of(until, now=where.now(), zone=ZoneInfo(where.settings.shop.timezone))
    except NotATime as fault:
        raise typer.BadParameter(str(fault), param_hint="--until") from fault
    with writing(where) as db:
        store_inbox.snooze(db, conversation, until=at, now=where.now(), who=WHO)
    emit({"conversation": conversation, "snoozed_until": at}, as_json, [f"Conversation {conversation} is put away."])


@app.command()
def mode(ctx: typer.Context, conversation: int, to: str, as_json: Json = False) -> None:
    """Say who answers a conversation: you (review), Philia where it has earned it (auto), nobody (paused).

    Example: philia inbox mode 12 auto
    """
    if to not in CONVERSATION_MODES:
        raise typer.BadParameter(f"{to!r} is not a mode; allowed are {', '.join(CONVERSATION_MODES)}")
    where = shop(ctx)
    with writing(where) as db:
        store_inbox.set_mode(db, conversation, to, now=where.now(), who=WHO)
    emit({"conversation": conversation, "mode": to}, as_json, [f"Conversation {conversation} is on {to}."])


def pause(ctx: typer.Context, as_json: Json = False) -> None:
    """Stop everything that leaves, within a second; receiving and drafting go on.

    Example: philia pause
    """
    where = shop(ctx)
    with writing(where) as db:
        switches.pause(db, now=where.now(), who=WHO)
    emit({"paused": True}, as_json, ["Nothing leaves until: philia resume"])


def resume(ctx: typer.Context, as_json: Json = False) -> None:
    """Let replies leave again.

    Example: philia resume
    """
    from store import pauses  # noqa: PLC0415  # only here

    where = shop(ctx)
    with writing(where) as db:
        switches.resume(db, now=where.now(), who=WHO)
        pauses.resume_sender(db, now=where.now(), who=WHO)
    emit({"paused": False}, as_json, ["Replies leave again."])


def _say(where: Shop, decided: Decided, as_json: bool) -> None:
    from store import outbox  # noqa: PLC0415  # only here

    for warning in decided.warnings:
        complain(warning)
    with reading(where) as db:
        found: dict[str, Any] = outbox.as_json(db, outbox.get(db, decided.delivery_id))
    emit(
        found,
        as_json,
        [f"Delivery {found['id']} is {found['state']}. Take it back with: philia inbox undo {found['id']}"],
    )
