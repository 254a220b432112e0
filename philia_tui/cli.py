"""The `philia` command. `--version` answers before anything is imported; each room's commands are mounted here."""

from __future__ import annotations

import sys

from philia_tui.version import VERSION


def main() -> None:
    """Runs the command line; the console script `philia` points here."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        # Building every command costs 500 ms, asking the package's metadata 60, the constant nothing.
        sys.stdout.write(f"philia {VERSION}\n")
        return
    from philia_tui.commands.root import run  # noqa: PLC0415

    sys.argv[1:] = config_first(sys.argv[1:])
    run()


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
