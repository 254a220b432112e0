"""What the owner is told of a fault that nobody foresaw: a sentence, and where the trace is.

A trace on the screen would say nothing to her, and Textual's holds every local variable: customers' words among them.
"""

from __future__ import annotations

import os
import traceback
from datetime import UTC, datetime
from pathlib import Path

from philia_tui.version import VERSION


def told(fault: BaseException) -> str:
    """Writes the trace into a file that only the owner may read, and returns what to tell her; never raises."""
    steps = traceback.extract_tb(fault.__traceback__)
    at = f" in {Path(steps[-1].filename).name}, line {steps[-1].lineno}" if steps else ""
    # The error's own words stay out: they may quote a customer or a key.
    what = f"Philia met something it did not foresee ({type(fault).__name__}{at}) and stopped. What was written stays."
    try:
        file = _write("".join(traceback.format_exception(fault)))
    except OSError:
        return f"{what} philia doctor may say what is wrong."
    return f"{what} philia doctor may say what is wrong; a report needs the file {file} (read it before you share it)."


def _write(trace: str) -> Path:
    from platformdirs import user_log_path  # noqa: PLC0415  # 5 ms, only here

    folder = user_log_path("philia")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / "unforeseen.txt"
    opened = os.open(file, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(opened, "w", encoding="utf-8", errors="replace") as out:
        out.write(f"Philia {VERSION}, {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC\n{trace}")
    return file
