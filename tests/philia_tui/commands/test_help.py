"""`--help`: grouped by what one wants to do, and each command with an example that can be typed as it stands."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from philia_tui.commands.grouped import GROUPS
from philia_tui.commands.root import app

ROOT: Any = typer.main.get_command(app)


def walked(command: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Every command that does something, by its words."""
    for name, below in command.commands.items():
        if hasattr(below, "commands"):
            yield from walked(below, (*path, name))
        else:
            yield (*path, name)


COMMANDS = tuple(walked(ROOT, ()))


def help_of(*words: str) -> str:
    done = CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": "200"}, terminal_width=200)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_an_example_can_be_typed(words: tuple[str, ...]) -> None:
    """The help shows an example of this very command, whose options and arguments the command takes."""
    examples = [line.partition("Example: ")[2] for line in help_of(*words).splitlines() if "Example: " in line]
    assert examples
    for example in examples:
        typed = shlex.split(example)
        assert tuple(typed[: len(words) + 1]) == ("philia", *words)
        command = ROOT
        for word in words:
            command = command.commands[word]
        # Reads the words as they would be read; what it does not take raises.
        command.make_context("philia", typed[len(words) + 1 :], parent=typer.Context(ROOT))


def test_every_command_has_its_place() -> None:
    """The list is by groups, each command below one of them, with its whole sentence."""
    told = help_of()
    heads = [line.removesuffix(":") for line in told.splitlines() if line.endswith(":") and not line.startswith(" ")]
    assert heads == ["Options", *GROUPS]
    for name in {words[0] for words in COMMANDS}:
        assert f"\n  {name} " in told
    assert "..." not in told.partition("Every day:")[2]
    assert "\nCommands:\n  subscribe " in help_of("webhook")


def test_help_needs_no_rich() -> None:
    """Neither the list nor a mistyped word imports rich, Textual or the database's heavy rooms."""
    for words in (["--help"], ["doctor", "--hlep"]):
        program = (
            "import sys; from philia_tui.commands.root import app\n"
            f"try: app({words!r})\n"
            "except SystemExit: pass\n"
            "print(*(name for name in ('rich', 'textual', 'sqlalchemy', 'httpx', 'fastapi') if name in sys.modules))"
        )
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        assert done.stdout.splitlines()[-1] == ""
