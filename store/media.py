"""The pictures that customers send: wanted, kept beside the database, or given up.

A row of `media` belongs to one message. The file lies in the folder `media` (0700) beside the database, mode 0600,
under a name made here: nothing of the customer's or the platform's is in a path.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from store.clock import MINUTE, SECOND

SIZE_LIMIT: Final = 10 * 1024 * 1024
"""Bytes of a picture that are kept; phones send under 5 MB."""

PAUSES: Final = (5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, 60 * MINUTE)
"""Between the tries; after the last one the picture is given up."""

KINDS: Final[tuple[tuple[bytes, str, str], ...]] = (
    (b"\xff\xd8\xff", "image/jpeg", "jpg"),
    (b"\x89PNG\r\n\x1a\n", "image/png", "png"),
    (b"GIF87a", "image/gif", "gif"),
    (b"GIF89a", "image/gif", "gif"),
)
"""How the kinds of pictures begin that are kept; WebP is told apart in `kind_of`."""


class Picture(NamedTuple):
    """A picture as its row says it; `path` is relative to the folder, None unless it is kept."""

    id: int
    message_id: int
    state: str
    path: str | None
    content_type: str | None
    size: int | None
    error: str | None
    width: int | None = None
    height: int | None = None

    @property
    def line(self) -> str:
        """Returns one line for where no picture can be drawn."""
        if self.state == "kept":
            return f"picture {self.id}, {self.content_type}, {measure(self.width, self.height, self.size)}"
        if self.state == "wanted":
            return f"picture {self.id}, being fetched"
        return f"picture {self.id}, not fetched: {self.error or 'given up'}"


class Wanted(NamedTuple):
    """A picture to be fetched, by the platform's names."""

    id: int
    media_id: str
    conversation: str
    message: str
    tries: int


_COLUMNS: Final = "d.id, d.message_id, d.state, d.path, d.content_type, d.size, d.error, d.width, d.height"


def measure(width: int | None, height: int | None, size: int | None) -> str:
    """Writes how large a picture is: "800×600, 41 kB"; without the pixels when they are not known."""
    weight = f"{max(1, (size or 0) // 1024)} kB"
    return f"{width}×{height}, {weight}" if width and height else weight


def folder_of(database: Path) -> Path:
    """Returns the folder of the pictures of a database."""
    return database.parent / "media"


def want(db: sqlite3.Connection, message_id: int, attachments: Iterable[Mapping[str, Any]], *, now: int) -> bool:
    """Puts a message's picture on the list of what to fetch; False when it has none."""
    for attachment in attachments:
        media_id = attachment.get("media_id")
        if attachment.get("type") == "image" and isinstance(media_id, str) and media_id:
            db.execute(
                "INSERT INTO media (message_id, media_id, next_at) VALUES (?, ?, ?)"
                " ON CONFLICT (message_id) DO NOTHING",
                (message_id, media_id, now),
            )
            return True
    return False


def of_message(db: sqlite3.Connection, message_id: int) -> Picture | None:
    """Returns the picture of a message, None when it has none."""
    row = db.execute(f"SELECT {_COLUMNS} FROM media d WHERE d.message_id = ?", (message_id,)).fetchone()
    return None if row is None else Picture(**dict(row))


def of_conversation(db: sqlite3.Connection, conversation_id: int) -> list[Picture]:
    """Returns the pictures of a conversation, the newest first."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM media d"
        " JOIN messages m ON m.id = d.message_id WHERE m.conversation_id = ? ORDER BY m.platform_at DESC, m.id DESC",
        (conversation_id,),
    )
    return [Picture(**dict(row)) for row in rows]


def due(db: sqlite3.Connection, *, now: int, limit: int = 4) -> list[Wanted]:
    """Returns the pictures that it is time to fetch, of dialect v1.3: v1 has none."""
    rows = db.execute(
        "SELECT d.id, d.media_id, c.platform_id AS conversation, m.platform_id AS message, d.tries FROM media d"
        " JOIN messages m ON m.id = d.message_id JOIN conversations c ON c.id = m.conversation_id"
        " WHERE d.state = 'wanted' AND d.next_at <= ? AND m.platform_id IS NOT NULL ORDER BY d.next_at, d.id LIMIT ?",
        (now, limit),
    )
    return [Wanted(**dict(row)) for row in rows]


def kind_of(content: bytes) -> tuple[str, str] | None:
    """Returns the media type and the file's ending by how the content begins, None for what is no picture."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp", "webp"
    return next(((kind, ending) for magic, kind, ending in KINDS if content.startswith(magic)), None)


def put(folder: Path, picture_id: int, content: bytes, ending: str) -> str:
    """Writes a customer's picture, whole or not at all, and returns its name in the folder. Raises OSError."""
    return write(folder, f"{picture_id}.{ending}", content)


def write(folder: Path, name: str, content: bytes) -> str:
    """Writes a file into the folder of the pictures, whole or not at all, and returns its name. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    partial = folder / f".{name}.{os.getpid()}.part"
    try:
        with os.fdopen(os.open(partial, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(folder / name)
    finally:
        partial.unlink(missing_ok=True)
    return name


def kept(
    db: sqlite3.Connection,
    picture_id: int,
    *,
    path: str,
    content_type: str,
    size: int,
    width: int | None = None,
    height: int | None = None,
) -> bool:
    """Marks a picture as kept; False when it was forgotten meanwhile, and its file must go."""
    cursor = db.execute(
        "UPDATE media SET state = 'kept', path = ?, content_type = ?, size = ?, width = ?, height = ?, error = NULL"
        " WHERE id = ?",
        (path, content_type, size, width, height, picture_id),
    )
    return cursor.rowcount == 1


def failed(db: sqlite3.Connection, picture_id: int, why: str, *, now: int, final: bool = False) -> str:
    """Counts a try that failed; returns the picture's state: wanted again later, or failed for good."""
    row = db.execute("SELECT tries FROM media WHERE id = ?", (picture_id,)).fetchone()
    if row is None:
        return "failed"
    tries = int(row["tries"]) + 1
    state = "failed" if final or tries > len(PAUSES) else "wanted"
    db.execute(
        "UPDATE media SET state = ?, tries = ?, next_at = ?, error = ? WHERE id = ?",
        (state, tries, now + PAUSES[min(tries, len(PAUSES)) - 1], why, picture_id),
    )
    return state


def paths(db: sqlite3.Connection) -> frozenset[str]:
    """Returns the names of the files that rows know."""
    return frozenset(str(row[0]) for row in db.execute("SELECT path FROM media WHERE path IS NOT NULL"))


def remove(folder: Path, names: Sequence[str]) -> int:
    """Deletes the files of pictures; returns how many were there."""
    there = [folder / Path(name).name for name in names if (folder / Path(name).name).is_file()]
    for file in there:
        file.unlink(missing_ok=True)
    return len(there)


def sweep(folder: Path, known: frozenset[str], *, before: float) -> int:
    """Deletes files that no row knows, last written before a time (unix seconds): a kill can leave one."""
    if not folder.is_dir():
        return 0
    lost = [
        file for file in folder.iterdir() if file.name not in known and file.is_file() and file.stat().st_mtime < before
    ]
    for file in lost:
        file.unlink(missing_ok=True)
    return len(lost)
