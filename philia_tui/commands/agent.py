"""`philia check` and `philia replay`: verdicts on given replies, and prompts tried on messages that were answered."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from philia_tui.commands.context import Shop, complain, emit, fail, reading, shop
from philia_tui.commands.grouped import TRYING
from philia_tui.commands.progress import Progress
from philia_tui.commands.running import secrets_of
from server.secrets import Secrets

if TYPE_CHECKING:
    from server.agent.replay import Case, Contender, Tried

Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
Lines = Annotated[str, typer.Argument(metavar="FILE", help="JSON lines, or - for standard input.")]


def register(app: typer.Typer) -> None:
    """Puts the commands on the root."""
    app.command(rich_help_panel=TRYING)(check)
    app.command(rich_help_panel=TRYING)(replay)


def check(ctx: typer.Context, file: Lines) -> None:
    """Judge replies against given items: one JSON object a line in, one out.

    Example: philia check replies.jsonl
    """
    from server.agent.grounding import BadLine, check_line  # noqa: PLC0415  # 60 ms of word lists

    known = shop(ctx).settings.shop
    wrong = 0
    for number, line in _lines(file):
        try:
            verdict = check_line(line, currency=known.currency, unit=known.unit)
        except BadLine as fault:
            wrong += 1
            complain(f"Line {number}: {fault}.")
            # One line out for each line in, and what cannot be read is never a pass.
            unread = {"span": [0, 0], "kind": "unreadable", "reason": str(fault)}
            verdict = {"id": None, "verdict": "hold", "grounding": "inferred", "reasons": [unread], "claims": []}
        emit(verdict, as_json=True)
    if wrong:
        fail(f"{wrong} lines could not be read.")


def replay(
    ctx: typer.Context,
    file: Annotated[str | None, typer.Argument(metavar="FILE", help="Messages as JSON lines, or -.")] = None,
    past: Annotated[int | None, typer.Option(min=1, max=10_000, help="The last N answered messages instead.")] = None,
    prompt: Annotated[
        list[str] | None,
        typer.Option(help="A prompt: default, default@1, or a file.md; twice to compare. Else those in use."),
    ] = None,
    live: Annotated[bool, typer.Option("--live", help="Ask the model with your key. Else the house drafter.")] = False,
    max_spend: Annotated[float, typer.Option(min=0.0, help="US dollars a live replay may cost.")] = 1.0,
    prefetch: Annotated[
        bool, typer.Option("--prefetch", help="Try each prompt with and without the search done first.")
    ] = False,
    texts: Annotated[bool, typer.Option("--texts", help="Show the drafts too, message by message.")] = False,
    as_json: Json = False,
) -> None:
    """Try prompts on past messages, side by side; sends nothing, keeps nothing.

    Example: philia replay --past 50 --prompt default --prompt mine.md
    """
    if (file is None) == (past is None):
        complain("Name a file of messages, or --past N for the last N answered ones.")
        raise typer.Exit(2)
    where = shop(ctx)
    document = _replayed(where, file, past, prompt or [], live=live, max_spend=max_spend, both=prefetch)
    emit(document, as_json, _table(document, texts=texts))
    if document["stopped"]:
        raise typer.Exit(1)


def _replayed(
    where: Shop,
    file: str | None,
    last: int | None,
    names: Sequence[str],
    *,
    live: bool,
    max_spend: float,
    both: bool,
) -> dict[str, Any]:
    from server.agent import cost  # noqa: PLC0415  # the agent's rooms cost 200 ms
    from server.agent import replay as room  # noqa: PLC0415

    policies = _policies(where)
    with reading(where) as db:
        try:
            if last is not None:
                cases = room.from_past(db, last, where.settings, policies)
            else:
                cases = room.from_lines((line for _, line in _lines(file or "-")), where.settings, policies)
        except room.BadMessage as fault:
            fail(str(fault))
    if not cases:
        fail("There is no message to try.")
    if not live:
        complain("Without --live every draft is the house drafter's, whatever the prompt.")
    budget = room.Budget(cost.microcents_of(max_spend) if live else None)
    tried: list[Tried] = []
    with _contenders(where, names, live=live, both=both) as contenders:
        stopped = _run(where, cases, contenders, budget, tried)
    document = room.report(cases, contenders, tried)
    if stopped:
        complain(f"Stopped after {document['tried']} of {len(cases)} messages.")
    elif document["tried"] < len(cases):
        complain(f"Stopped after {document['tried']} of {len(cases)} messages: --max-spend {max_spend:g} is reached.")
    return {"live": live, "spent_usd": cost.dollars_of(budget.spent), "stopped": stopped, **document}


@contextmanager
def _contenders(where: Shop, names: Sequence[str], *, live: bool, both: bool) -> Iterator[list[Contender]]:
    from server.agent import prompts  # noqa: PLC0415  # with the agent's rooms
    from server.agent.drafter import AIAgent  # noqa: PLC0415
    from server.agent.replay import Contender  # noqa: PLC0415

    words = secrets_of(where) if live else Secrets()
    ways = [False, True] if both else [where.settings.agent.prefetch]
    agents = []
    for way in ways:
        # The cap of the replay takes the place of the day's budget, which is for customers.
        agent = msgspec.structs.replace(
            where.settings.agent, drafter="model" if live else "house", prefetch=way, daily_budget=0.0
        )
        try:
            agents.append(AIAgent(msgspec.structs.replace(where.settings, agent=agent), words))
        except prompts.PromptError as fault:
            complain(str(fault))
            raise typer.Exit(2) from fault
    if live and not agents[0].asks_a_model:
        complain("--live needs a model: set OPENAI_API_KEY, or [agent] base_url for one of your own.")
        raise typer.Exit(2)
    try:
        known = agents[0].prompts
        wanted = [prompts.find(known, name) for name in names] or [one for one in known if one.share]
    except prompts.PromptError as fault:
        complain(str(fault))
        raise typer.Exit(2) from fault
    yield [
        Contender(f"{one.label}{' +prefetch' if both and way else ''}", one, agent)
        for one in wanted
        for way, agent in zip(ways, agents, strict=True)
    ]


def _run(where: Shop, cases: Sequence[Case], contenders: Sequence[Contender], budget: Any, tried: list[Tried]) -> bool:
    """Fills `tried`; returns whether Ctrl+C ended it early."""
    from server.agent.replay import replay as run  # noqa: PLC0415  # with the agent's rooms
    from store.database import Database  # noqa: PLC0415

    total = len(cases) * len(contenders)
    progress = Progress()
    progress("draft", 0, total)

    async def all_of_them() -> None:
        database = Database(where.path)
        try:
            async for one in run(cases, contenders, database.read, budget):
                tried.append(one)
                progress("draft", len(tried), total)
        finally:
            for agent in {id(one.agent): one.agent for one in contenders}.values():
                await agent.aclose()
            database.close()

    try:
        asyncio.run(all_of_them())
    except KeyboardInterrupt:
        return True
    finally:
        progress.end()
    return False


def _policies(where: Shop) -> Mapping[str, str]:
    from server.agent.policies import PolicyFileError, load  # noqa: PLC0415  # with the agent's rooms

    folder = where.loaded.file.parent if where.loaded.file is not None else Path()
    try:
        return load(folder / where.settings.shop.policies)
    except PolicyFileError as fault:
        complain(str(fault))
        raise typer.Exit(2) from fault


def _lines(file: str) -> Iterator[tuple[int, str]]:
    """Reads lines that are not empty, with their numbers; a file that cannot be read ends with 1."""
    try:
        if file == "-":
            sys.stdin.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
            yield from ((number, line) for number, line in enumerate(sys.stdin, 1) if line.strip())
            return
        with Path(file).open(encoding="utf-8-sig", errors="replace") as given:
            yield from ((number, line) for number, line in enumerate(given, 1) if line.strip())
    except OSError as fault:
        fail(f"{file} cannot be read: {fault.strerror}.")


def _table(document: Mapping[str, Any], *, texts: bool) -> Iterator[str]:
    columns = document["prompts"]
    rows: list[tuple[str, list[str]]] = [
        ("prompt", [one["prompt"] for one in columns]),
        ("messages", [str(one["messages"]) for one in columns]),
        ("by the model", [str(one["by_model"]) for one in columns]),
        ("grounded", [f"{one['grounded_share']:.1%}" if one["messages"] else "-" for one in columns]),
        ("for the owner", [str(one["needs_owner"]) for one in columns]),
        ("over 200 characters", [str(one["over_200"]) for one in columns]),
        ("characters p50/p95", [f"{one['characters']['p50']}/{one['characters']['p95']}" for one in columns]),
        ("model calls a draft", [str(one["model_calls_per_draft"]) for one in columns]),
        ("cost, US dollars", [f"{one['cost_usd']:.4f}" for one in columns]),
        ("latency ms p50/p95", [f"{one['latency_ms']['p50']}/{one['latency_ms']['p95']}" for one in columns]),
    ]
    rows += [
        (f"{table.rstrip('s')}: {name}", [str(one[table].get(name, 0)) for one in columns])
        for table in ("holds", "intents")
        for name in sorted({name for one in columns for name in one[table]})
    ]
    wide = max(len(label) for label, _ in rows)
    widths = [max(len(values[at]) for _, values in rows) for at in range(len(columns))]
    for label, values in rows:
        cells = "  ".join(value.rjust(width) for value, width in zip(values, widths, strict=True))
        yield f"{label.ljust(wide)}  {cells}"
    if texts:
        yield from _told(document)


def _told(document: Mapping[str, Any]) -> Iterator[str]:
    from philia_tui.inert import one_line  # noqa: PLC0415  # customers' words, shown without their escapes

    for row in document["rows"]:
        yield ""
        yield f"{row['id']}: {one_line(row['customer'])}"
        for draft in row["drafts"]:
            mark = "✓" if draft["verdict"] == "pass" else "hold"
            yield f"  {draft['prompt']} [{mark}] {one_line(draft['text'])}"
