r"""JSON and CSV as Philia writes them for others: whole, and inert wherever they are looked at.

JSON escapes control characters itself, but not those above ASCII: U+009B is an escape to a terminal in its own right,
and a reversed line reads as another. `\u009b` means the same to whoever reads the document.
"""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import IO, Final, TypeVar

from store.errors import CannotWrite

Line = TypeVar("Line")

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so is a formula to a spreadsheet: a customer's name must not run on the owner's machine."""

_OBEYED: Final = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ufeff\ufff9-\ufffb]")
"""What a terminal or an editor would obey: controls, direction, line ends, annotations."""


def json_text(value: object) -> str:
    """Returns a value as one line of JSON; letters stay as they are, what a terminal would obey is escaped."""
    return _OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False))


def cell(value: object) -> str:
    """Returns a value as a cell of CSV: empty for None, and a text that a spreadsheet would run behind a '."""
    if value is None:
        return ""
    text = str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(FORMULA) else text


def csv_rows(file: IO[str]) -> Callable[[Sequence[object]], object]:
    """Returns what writes a row of CSV to an open file."""
    writer = csv.writer(file, lineterminator="\r\n")
    return lambda row: writer.writerow([cell(value) for value in row])


def write_csv(path: Path, rows: Iterable[Sequence[object]]) -> int:
    """Writes a table for the owner alone and returns how many rows it has. Raises CannotWrite."""
    return write_whole(path, rows, csv_rows)


def write_whole(path: Path, lines: Iterable[Line], putter: Callable[[IO[str]], Callable[[Line], object]]) -> int:
    """Writes a file of mode 0600 that replaces an older one only when it is whole; returns its lines.

    Raises CannotWrite.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    count = 0
    try:
        with os.fdopen(
            os.open(partial, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w", encoding="utf-8", newline=""
        ) as file:
            put = putter(file)
            for line in lines:
                put(line)
                count += 1
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as fault:
        raise CannotWrite(f"{path} could not be written: {fault.strerror or fault}.") from fault
    finally:
        partial.unlink(missing_ok=True)
    return count
