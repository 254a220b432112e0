"""`philia doctor`, `philia config`: is everything as it must be, and where each value comes from."""

from __future__ import annotations

from typing import Annotated

import typer

from philia_tui.commands.context import emit, shop
from philia_tui.commands.running import secrets_of
from server.secrets import NAMES
from server.settings import Settings

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]

config_app = typer.Typer(no_args_is_help=True, help="The settings that count, and where each comes from.")

SIGNS = {"ok": "✓", "warn": "!", "fail": "✗"}


def register(root: typer.Typer, *, panel: str) -> None:
    """Mounts the commands on the root."""
    root.command(rich_help_panel=panel)(doctor)
    root.add_typer(config_app, name="config", rich_help_panel=panel)


def doctor(ctx: typer.Context, as_json: Json = False) -> None:
    """Check everything and say how to mend what is wrong; exit 1 when something fails.

    Example: philia doctor
    """
    from server.doctor import examine  # noqa: PLC0415  # only here

    where = shop(ctx)
    checks = examine(where.loaded, secrets_of(where), where.path)
    lines = [
        f"{SIGNS[check.state]} {check.state:<4}  {check.check}: {check.detail}"
        + (f"  →  {check.mend}" if check.mend else "")
        for check in checks
    ]
    emit([check.as_json() for check in checks], as_json, lines)
    if any(check.state == "fail" for check in checks):
        raise typer.Exit(1)


@config_app.command("show")
def config_show(ctx: typer.Context, as_json: Json = False) -> None:
    """Show every setting with its value and its source; secrets only as set or not.

    Example: philia config show
    """
    where = shop(ctx)
    found = [
        {
            "setting": f"{section}.{key}",
            "value": getattr(getattr(where.settings, section), key),
            "source": where.loaded.sources.get(f"{section}.{key}", "default"),
        }
        for section in Settings.__struct_fields__
        for key in getattr(where.settings, section).__struct_fields__
    ]
    secrets = secrets_of(where)
    hidden = [
        {"setting": name, "value": "set" if getattr(secrets, name.lower()) else "not set", "source": "secret"}
        for name in NAMES
    ]
    emit(
        [*found, *hidden],
        as_json,
        (f"{row['setting']} = {row['value']!r}  ({row['source']})" for row in [*found, *hidden]),
    )


@config_app.command("path")
def config_path(ctx: typer.Context, as_json: Json = False) -> None:
    """Show which settings file counts.

    Example: philia config path
    """
    where = shop(ctx)
    file = None if where.loaded.file is None else str(where.loaded.file.absolute())
    emit(
        {"file": file, "database": str(where.path)}, as_json, [file or "There is none; every setting has its default."]
    )
