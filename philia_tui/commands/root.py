"""The commands of `philia`, mounted from their rooms; without one, the inbox opens."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from philia_tui.commands import agent, data, deliveries, fetching, habits, inbox, items, report, running, setup, web
from philia_tui.commands.grouped import EVERY_DAY, Grouped
from philia_tui.opening import open_shop
from philia_tui.version import VERSION

app = typer.Typer(
    cls=Grouped,
    no_args_is_help=False,
    invoke_without_command=True,
    add_completion=False,
    rich_markup_mode=None,
    # A traceback with its locals would print what must not be seen.
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="The inbox of a one-of-a-kind shop: TikTok messages in, drafts from the real stock, replies sent once.",
    epilog="Try it without any account: philia demo. More on one, with an example: philia COMMAND --help",
)


@app.callback()
def root(
    ctx: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option("--config", help="The settings file; else PHILIA_CONFIG, ./config.toml, your config folder."),
    ] = None,
    version: Annotated[bool, typer.Option("--version", "-V", help="Print the version and end.")] = False,
    plain: Annotated[bool, typer.Option("--plain", help="The inbox as numbered lines, for screen readers.")] = False,
) -> None:
    """Open the inbox; with a command, do that instead."""
    ctx.obj = config
    if version:
        typer.echo(f"philia {VERSION}")
        raise typer.Exit
    if ctx.invoked_subcommand is None:
        raise typer.Exit(open_shop(config, plain=plain))


inbox.register(app)
app.add_typer(items.app, name="items", rich_help_panel=EVERY_DAY, help="The stock.")
app.add_typer(deliveries.app, name="deliveries", rich_help_panel=EVERY_DAY, help="What was sent, what is in doubt.")
app.add_typer(habits.app, name="habits", rich_help_panel=EVERY_DAY, help="What you keep changing in drafts.")
setup.register(app)
running.register(app)
web.register(app)
fetching.register(app)
data.register(app)
report.register(app)
agent.register(app)


def run() -> None:
    """Runs the command line."""
    app(prog_name="philia")
