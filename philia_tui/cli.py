"""The `philia` command: `--version` answers before any import, the inbox opens before any command is built."""

from __future__ import annotations

import sys
from pathlib import Path

from philia_tui.version import VERSION


def main() -> None:
    """Runs the command line; a fault that nobody foresaw ends it with 1 and a sentence."""
    try:
        _run()
    except Exception as fault:  # noqa: BLE001  # the last one who can say it in the owner's words
        from philia_tui.unforeseen import told  # noqa: PLC0415  # only here

        sys.stderr.write(f"{told(fault)}\n")
        sys.exit(1)


def _run() -> None:
    if sys.argv[1:] in (["--version"], ["-V"]):
        # Building every command costs 500 ms, asking the package's metadata 60, the constant nothing.
        sys.stdout.write(f"philia {VERSION}\n")
        return
    sys.argv[1:] = config_first(sys.argv[1:])
    given = inbox_asked(sys.argv[1:])
    if given is not None:
        # The tree of commands and Typer are 200 ms before the first paint, and she asked for none of them.
        from philia_tui.opening import open_shop  # noqa: PLC0415

        file, plain = given
        sys.exit(open_shop(file, plain=plain))
    from philia_tui.commands.root import run  # noqa: PLC0415

    run()


def inbox_asked(arguments: list[str]) -> tuple[Path | None, bool] | None:
    """Returns the settings file and whether the lines are to be plain when the inbox is all that is asked for."""
    file, plain = None, False
    words = iter(arguments)
    for word in words:
        if word == "--plain":
            plain = True
        elif word.startswith("--config="):
            file = Path(word.removeprefix("--config="))
        elif word == "--config" and (name := next(words, None)) is not None:
            file = Path(name)
        else:
            return None
    return file, plain


def config_first(arguments: list[str]) -> list[str]:
    """Returns the arguments with `--config FILE` before the command, where it is read; it may be typed anywhere."""
    moved: list[str] = []
    rest: list[str] = []
    words = iter(arguments)
    for word in words:
        if word == "--":
            rest += [word, *words]
        elif word == "--config":
            moved += [word, *([file] if (file := next(words, None)) is not None else [])]
        elif word.startswith("--config="):
            moved.append(word)
        else:
            rest.append(word)
    return moved + rest
