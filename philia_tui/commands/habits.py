"""`philia habits`: what the owner keeps changing in drafts, as rules that only she turns on, and can take back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer

from philia_tui.commands.context import emit, reading, shop, writing
from philia_tui.commands.grouped import Grouped
from philia_tui.inert import one_line
from store import learning
from store.learning import Answer, Rule

app = typer.Typer(cls=Grouped, no_args_is_help=True, help="What you keep changing in drafts, as rules you may turn on.")

Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
Which = Annotated[int, typer.Argument(metavar="RULE", help="Its number, as `philia habits list` shows it.")]


@app.command("list")
def list_(
    ctx: typer.Context,
    state: Annotated[str | None, typer.Option(help="Only proposed, accepted, declined or withdrawn ones.")] = None,
    as_json: Json = False,
) -> None:
    """Show the rules, proposed and decided.

    Example: philia habits list --state proposed
    """
    with reading(shop(ctx)) as db:
        found = learning.rules(db, state) if state else learning.rules(db)
    emit([rule.as_json() for rule in found], as_json, _lines(found))


@app.command()
def accept(ctx: typer.Context, rule: Which, as_json: Json = False) -> None:
    """Use a proposed rule from now on: in the house drafter's replies and in the model's prompt.

    Example: philia habits accept 2
    """
    _decide(ctx, rule, "accept", as_json)


@app.command()
def decline(ctx: typer.Context, rule: Which, as_json: Json = False) -> None:
    """Do not use a proposed rule; it is not proposed again.

    Example: philia habits decline 2
    """
    _decide(ctx, rule, "decline", as_json)


@app.command()
def withdraw(ctx: typer.Context, rule: Which, as_json: Json = False) -> None:
    """Take an accepted rule back.

    Example: philia habits withdraw 2
    """
    _decide(ctx, rule, "withdraw", as_json)


def _decide(ctx: typer.Context, rule_id: int, answer: Answer, as_json: bool) -> None:
    where = shop(ctx)
    with writing(where) as db:
        rule = learning.decide(db, rule_id, answer, now=where.now())
    emit(rule.as_json(), as_json, [f"Rule {rule.id} is {rule.state}: {one_line(rule.sentence)}."])


def _lines(found: list[Rule]) -> Iterator[str]:
    for rule in found:
        yield f"{rule.id:>4}  {rule.state:<10}  {one_line(rule.sentence)}"
    if not found:
        yield "Nothing yet: a rule is proposed once you make the same change in five of ten edits."
