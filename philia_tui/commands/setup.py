"""`philia init`, `philia doctor`, `philia config`: founding a shop, and whether everything is as it must be."""

from __future__ import annotations

import getpass
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from philia_tui.commands import outside
from philia_tui.commands.context import Shop, complain, emit, fail, shop
from philia_tui.commands.grouped import SETTING_UP, Grouped
from server.secrets import NAMES, beside
from server.settings import Settings, SettingsError

if TYPE_CHECKING:
    from server.doctor import Check
    from server.founding import Question

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]

config_app = typer.Typer(cls=Grouped, no_args_is_help=True, help="The settings that count, and where each comes from.")

SIGNS = {"ok": "✓", "warn": "!", "fail": "✗"}


def register(root: typer.Typer) -> None:
    """Mounts the commands on the root."""
    root.command(rich_help_panel=SETTING_UP)(init)
    root.command(rich_help_panel=SETTING_UP)(doctor)
    outside.register(root)
    root.add_typer(config_app, name="config", rich_help_panel=SETTING_UP)


def init(
    ctx: typer.Context,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing; every answer is its default.")] = False,
    keep: Annotated[str | None, typer.Option(help="keyring or file: where the keys are kept.")] = None,
) -> None:
    """Found a shop: ask what it must, write config.toml and keep the keys, then look at everything.

    Answers may be piped, one a line; an empty line or the end takes the default. What the environment gives already is
    not asked.

    Example: philia init
    """
    from server.founding import FoundingError, found, questions, refuse_to_overwrite  # noqa: PLC0415  # only here
    from server.vault import KeyringVault, VaultError, real_keyring  # noqa: PLC0415

    if keep not in {None, "keyring", "file"}:
        raise typer.BadParameter(f"{keep!r}; allowed are keyring, file", param_hint="--keep")
    config = _config_file(ctx)
    try:
        refuse_to_overwrite(config)
        backend = None if keep == "file" else real_keyring()
        if keep == "keyring" and backend is None:
            fail("This machine has no system keyring; use --keep file.")
        asked = [each for each in questions() if not os.environ.get(each.name)]
        answers = {each.name: each.shape(each.default) if yes else _answer(each) for each in asked}
        vault = KeyringVault(backend, f"philia {config.absolute().parent}") if backend is not None else None
        told = found(config, answers, vault=vault)
    except (FoundingError, VaultError, SettingsError) as fault:
        fail(str(fault))
    emit(None, False, told)
    ctx.find_root().obj = config
    where = shop(ctx)
    emit(None, False, ["", *_check_lines(_examine(where, offline=False)), "", "Next: philia items import FILE.csv"])


def _config_file(ctx: typer.Context) -> Path:
    """Returns which file to write: the one that every command would read."""
    given = ctx.find_root().obj
    if isinstance(given, Path):
        return given
    return Path(os.environ.get("PHILIA_CONFIG") or "config.toml")


def _answer(question: Question) -> str:
    """Asks until the answer will do; a piped one that will not do ends the command with 2."""
    words = f"{question.words} [{question.default}] " if question.default else f"{question.words} "
    while True:
        given = (_asked(words, secret=question.secret) or "").strip() or question.default
        allowed = question.fault(given)
        if allowed is None:
            return question.shape(given)
        complain(f"{given!r} will not do; allowed is {allowed}.")
        if not sys.stdin.isatty():
            raise typer.Exit(2)


def _asked(words: str, *, secret: bool) -> str:
    if secret and sys.stdin.isatty():
        return getpass.getpass(words, stream=sys.stderr)
    sys.stderr.write(words)
    sys.stderr.flush()
    line = sys.stdin.readline()
    if not sys.stdin.isatty():
        sys.stderr.write("\n")
    # What the terminal's encoding does not have must not break the file.
    return line.encode("utf-8", "replace").decode()


def doctor(
    ctx: typer.Context,
    offline: Annotated[bool, typer.Option("--offline", help="Ask nobody outside of this machine.")] = False,
    as_json: Json = False,
) -> None:
    """Check everything and say how to mend what is wrong; exit 1 when something fails.

    Example: philia doctor
    """
    checks = _examine(shop(ctx), offline=offline)
    emit([check.as_json() for check in checks], as_json, _check_lines(checks))
    if any(check.state == "fail" for check in checks):
        raise typer.Exit(1)


def _examine(where: Shop, *, offline: bool) -> list[Check]:
    from server.doctor import examine  # noqa: PLC0415  # httpx, 150 ms

    return examine(where.loaded, beside(where.loaded.file), where.path, offline=offline, clock=where.now)


def _check_lines(checks: list[Check]) -> list[str]:
    return [
        f"{SIGNS[check.state]} {check.state:<4}  {check.check}: {check.detail}"
        + (f"  →  {check.mend}" if check.mend else "")
        for check in checks
    ]


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
    secrets = beside(where.loaded.file)
    hidden = [
        {
            "setting": name,
            "value": "set" if getattr(secrets, name.lower()) else "not set",
            "source": secrets.sources.get(name, "default"),
        }
        for name in NAMES
    ]
    if secrets.trouble:
        complain(f"! {secrets.trouble}")
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
