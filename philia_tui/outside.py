"""The owner's own editor: $VISUAL, $EDITOR or vi, on a text in a file that only she can read."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from pathlib import Path


class NoEditor(Exception):
    """The text did not come back; says why, and what to do."""


def outside(text: str) -> str:
    """Runs the editor on a text in this terminal and returns what became of it.

    Raises NoEditor when it cannot be started, ends with a failure, or leaves something that is not text: vi ends so
    by :cq, which means that nothing of it is wanted.
    """
    command = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
    name = Path(command[0]).name
    with tempfile.TemporaryDirectory(prefix="philia-") as folder:
        file = Path(folder) / "reply.txt"
        file.write_text(text, "utf-8")
        try:
            done = subprocess.run([*command, str(file)], check=False)  # noqa: S603  # the owner's own choice
        except OSError as fault:
            why = f"{fault.strerror or fault}. Set EDITOR, such as EDITOR=nano"
            raise NoEditor(f"{name} could not be started: {why}; the text is as it was.") from fault
        if done.returncode:
            raise NoEditor(f"{name} ended with {done.returncode}; the text is as it was.")
        try:
            return file.read_text("utf-8").rstrip("\n")
        except (OSError, UnicodeDecodeError) as fault:
            raise NoEditor(f"What {name} wrote is not text; the text is as it was.") from fault
