"""The ledger: what this TikTok has accepted, written down before it says so.

It is the oracle of the tests, so it knows nothing of Philia: one JSON object a line, only ever appended.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any


@dataclass(frozen=True, slots=True)
class Accepted:
    """One message that the business sent and the platform took.

    `at` is the platform's time in epoch milliseconds, `request` the number of the request that brought it, `fault` the
    name of the fault that was played on that request, None for an honest answer.
    """

    seq: int
    at: int
    dialect: str
    conversation_id: str
    recipient: str
    message_type: str
    text: str
    message_id: str
    request: int
    fault: str | None
    media_id: str | None = None
    """The uploaded picture that it is; ledgers from before have none."""

    def as_json(self) -> dict[str, Any]:
        """Returns the line's object."""
        return asdict(self)


class Ledger:
    """Accepted messages in order; with a path also a file that outlives the process.

    Each line is flushed to the operating system before `append` returns, so it survives a kill of this process. An
    existing file is read first and continued.
    """

    def __init__(self, path: Path | None = None) -> None:
        """Opens the file, if one is wanted."""
        self.path = path
        self.entries: list[Accepted] = []
        self._file: IO[str] | None = None
        if path is not None:
            if path.exists():
                self.entries = _read(path)
            # Half a surrogate pair is written as its escape, which JSON reads back.
            self._file = path.open("a", encoding="utf-8", errors="backslashreplace", newline="\n")

    def append(self, entry: Accepted) -> None:
        """Writes one line; the message counts as accepted from here on."""
        if self._file is not None:
            self._file.write(json.dumps(entry.as_json(), ensure_ascii=False) + "\n")
            self._file.flush()
        self.entries.append(entry)

    def close(self) -> None:
        """Closes the file."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _read(path: Path) -> list[Accepted]:
    """Reads the whole lines and cuts off a last one that a kill left half: it was never answered."""
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) < len(content):
        path.write_bytes(whole)
    return [Accepted(**json.loads(line)) for line in whole.split(b"\n") if line]
