"""The log: JSON lines in a rotating file of mode 0600, never on the inbox's screen, without texts or tokens."""

from __future__ import annotations

import logging
import os
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import IO, Any, Final

from server.settings import Log
from store.documents import json_text

FILE_BYTES: Final = 5_000_000
FILES: Final = 5

QUIET: Final = ("apscheduler", "httpx", "httpx2", "httpcore", "openai", "uvicorn", "alembic", "asyncio", "symspellpy")
"""Libraries whose news would drown ours, or whose requests carry what must not be written down."""


class JsonLines(logging.Formatter):
    """Writes a record as one JSON object a line: time, level, room, what happened, and the trace of an error."""

    def format(self, record: logging.LogRecord) -> str:
        """Returns the line."""
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "room": record.name,
            "what": record.getMessage(),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json_text(line)


class PrivateFile(RotatingFileHandler):
    """A rotating file that only its owner may read."""

    def _open(self) -> IO[Any]:  # type: ignore[override]  # the base promises a TextIOWrapper and opens like this
        return open(self.baseFilename, self.mode, encoding=self.encoding, errors=self.errors, opener=_private)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def file_for(settings: Log, database: Path) -> Path:
    """Returns where the log is: where the settings say, else beside the database."""
    return Path(settings.file).expanduser() if settings.file else database.with_name("philia.log")


def start(settings: Log, database: Path) -> Path:
    """Sends every room's log to the file; returns where that is."""
    path = file_for(settings, database)
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = PrivateFile(path, maxBytes=FILE_BYTES, backupCount=FILES, encoding="utf-8")
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
        old.close()
    root.addHandler(handler)
    root.setLevel(settings.level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    return path


def stop() -> None:
    """Closes the log's file."""
    root = logging.getLogger()
    for handler in list(root.handlers):
        root.removeHandler(handler)
        handler.close()
