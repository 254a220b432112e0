"""The shop's data as plain files: a row a conversation, a JSON line a message, a table of figures."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Final

from store import metrics
from store.clock import DAY
from store.documents import csv_rows, json_text, write_whole
from store.errors import CannotWrite

Progress = Callable[[str, int, int], None]
"""Is told the file, how many rows are written, of how many."""

STEP: Final = 500
"""Rows between two words of progress."""

_CONVERSATIONS: Final = (
    "SELECT c.id AS conversation, u.tiktok_id AS user, u.display_name AS name, c.dialect, c.mode, c.queue,"
    " (SELECT count(*) FROM messages m WHERE m.conversation_id = c.id AND m.role = 'user') AS received,"
    " (SELECT count(*) FROM messages m WHERE m.conversation_id = c.id AND m.role = 'assistant') AS sent,"
    " (SELECT min(m.platform_at) FROM messages m WHERE m.conversation_id = c.id) AS first_at,"
    " c.last_message_at AS last_at, c.window_closes_at, u.language, u.blocked, u.labels, u.notes AS customer_notes,"
    " c.notes AS conversation_notes FROM conversations c JOIN users u ON u.id = c.user_id ORDER BY c.id"
)

_MESSAGES: Final = (
    "SELECT m.id, m.conversation_id AS conversation, u.tiktok_id AS user, m.role, m.source, m.kind, m.text,"
    " m.attachments, m.platform_at AS at, m.state, m.platform_id, m.delivery_id AS delivery,"
    " coalesce(d.path, p.path) AS picture"
    " FROM messages m JOIN conversations c ON c.id = m.conversation_id JOIN users u ON u.id = c.user_id"
    " LEFT JOIN media d ON d.message_id = m.id LEFT JOIN deliveries s ON s.id = m.delivery_id"
    " LEFT JOIN pictures p ON p.id = s.picture_id ORDER BY m.conversation_id, m.platform_at, m.id"
)


def export(
    db: sqlite3.Connection, folder: Path, *, now: int, window_ms: int, progress: Progress | None = None
) -> dict[str, int]:
    """Writes conversations.csv, messages.jsonl and figures.csv; returns how many rows each has.

    All three show one moment, whatever is written meanwhile. The files are for the owner alone (0600) and each
    replaces its older one only when it is whole. Raises CannotWrite.
    """
    tell = progress or (lambda _file, _done, _of: None)
    try:
        _private_folder(folder)
        db.execute("BEGIN")
        try:
            return {
                "conversations.csv": _write(
                    folder / "conversations.csv", _conversations(db), _count(db, "conversations"), tell
                ),
                "messages.jsonl": _write(folder / "messages.jsonl", _messages(db), _count(db, "messages"), tell),
                "figures.csv": _write(folder / "figures.csv", _figures(db, now, window_ms), 0, tell),
            }
        finally:
            db.execute("ROLLBACK")
    except OSError as fault:
        raise CannotWrite(f"The export to {folder} could not be written: {fault.strerror or fault}.") from fault


def _private_folder(folder: Path) -> None:
    if not folder.exists():
        folder.mkdir(parents=True)
        folder.chmod(0o700)


def _count(db: sqlite3.Connection, table: str) -> int:
    return int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


Line = Sequence[object] | dict[str, Any]


def _write(path: Path, lines: Iterable[Line], total: int, tell: Progress) -> int:
    heads = 1 if path.suffix == ".csv" else 0

    def counted() -> Iterator[Line]:
        for number, line in enumerate(lines, 1):
            yield line
            if (rows := number - heads) and rows % STEP == 0:
                tell(path.name, rows, max(total, rows))

    rows = write_whole(path, counted(), _putter(path)) - heads
    tell(path.name, rows, max(total, rows))
    return rows


def _putter(path: Path) -> Callable[[IO[str]], Callable[[Any], object]]:
    if path.suffix == ".csv":
        return csv_rows
    return lambda file: lambda line: file.write(json_text(line) + "\n")


def _conversations(db: sqlite3.Connection) -> Iterator[Line]:
    found = db.execute(_CONVERSATIONS)
    yield [str(column[0]) for column in found.description]
    yield from (tuple(row) for row in found)


def _messages(db: sqlite3.Connection) -> Iterator[Line]:
    for row in db.execute(_MESSAGES):
        found: Mapping[str, Any] = dict(row)
        yield {**found, "attachments": json.loads(row["attachments"])}


def _figures(db: sqlite3.Connection, now: int, window_ms: int) -> Iterator[Line]:
    (first,) = db.execute("SELECT min(platform_at) FROM messages").fetchone()
    since = (now if first is None else int(first)) // DAY * DAY
    yield from metrics.as_table(metrics.figures(db, since=since, until=now + 1, window_ms=window_ms))
