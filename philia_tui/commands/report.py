"""`philia report`: the figures of the insights screen for scripts and screen readers."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from philia_tui.commands.context import emit, reading, shop
from philia_tui.commands.grouped import DATA
from philia_tui.inert import one_line
from philia_tui.telling import intent_name, many
from store import metrics
from store.clock import HOUR, MINUTE

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def register(root: typer.Typer) -> None:
    """Mounts the command on the root."""
    root.command(rich_help_panel=DATA)(report)


def report(
    ctx: typer.Context,
    days: Annotated[int, typer.Option(min=1, max=3650, help="So many days, today included.")] = 7,
    as_json: Json = False,
) -> None:
    """Tell what was answered in time, how fast, how often unedited, by which prompt, and what it cost.

    Example: philia report --days 30
    """
    where = shop(ctx)
    zone = ZoneInfo(where.settings.shop.timezone)
    now = where.now()
    today = dt.datetime.fromtimestamp(now / 1000, zone).date()
    dates = [today - dt.timedelta(days=back) for back in range(days - 1, -1, -1)]
    starts = [int(dt.datetime.combine(one, dt.time(), zone).timestamp() * 1000) for one in dates]
    with reading(where) as db:
        window = int(where.settings.delivery.window_hours * HOUR)
        found = metrics.figures(db, since=starts[0], until=now + 1, window_ms=window, day_starts=starts)
    emit(dataclasses.asdict(found), as_json, _lines(found, many(days, "day", "days")))


def _lines(found: metrics.Figures, span: str) -> Iterator[str]:
    answers = found.answers
    yield f"The last {span}:"
    if answers.asked:
        yield f"  {_of(answers.in_window, answers.asked)} questions answered before the window closed"
    if answers.median_ms is not None and answers.p90_ms is not None:
        yield f"  half of them within {_time(answers.median_ms)}, nine in ten within {_time(answers.p90_ms)}"
    if decided := found.approved + found.edited:
        yield f"  {_of(found.approved, decided)} drafts sent as they were written; {found.rejected} rejected"
    if found.sent:
        yield f"  {_of(found.automatic, found.sent)} replies left by themselves"
    if found.shadow:
        yield f"  {_of(found.agreed, found.shadow)} times the shadow would have sent what you sent"
    if found.cost_microcents:
        yield f"  the model cost ${metrics.dollars(found.cost_microcents)}"
    if not (answers.asked or decided or found.sent):
        yield "  nothing was asked and nothing was answered."
    for kind in found.intents:
        unedited = f", {_of(kind.unedited, kind.decided)} sent as written" if kind.decided else ""
        shadow = f", shadow agreed {_of(kind.agreed, kind.shadow)}" if kind.shadow else ""
        yield f"  {intent_name(kind.intent)}: {many(kind.drafts, 'draft', 'drafts')}{unedited}{shadow}"
    for one in found.prompts:
        name = one.drafter if one.version is None else f"{one.drafter}, prompt {one_line(one.prompt)} v{one.version}"
        cost = f", ${metrics.dollars(one.cost_microcents)}" if one.cost_microcents else ""
        yield f"  {name}: {_of(one.passed, one.drafts)} drafts backed in every claim{cost}"


def _of(part: int, whole: int) -> str:
    return f"{part} of {whole} ({100 * part / whole:.0f} %)"


def _time(milliseconds: int) -> str:
    if milliseconds < MINUTE:
        return f"{milliseconds / 1000:.0f} s"
    if milliseconds < 2 * HOUR:
        return f"{milliseconds / MINUTE:.0f} min"
    return f"{milliseconds / HOUR:.1f} h"
