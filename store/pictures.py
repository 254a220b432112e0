"""The pictures of the pieces: one file each, beside the database, and what TikTok calls it once it was uploaded.

A file lies in the folder of the customers' pictures (`store.media`), mode 0600, under the hash of its bytes: what was
decided is what leaves, even when the piece gets another picture meanwhile. A file that was replaced stays as long as a
delivery names it.
"""

from __future__ import annotations

import hashlib
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from store import items, journal, media
from store.clock import DAY
from store.errors import CannotWrite, NotAllowed, NotFound

LIMIT: Final = 3 * 1024 * 1024
"""Bytes of a picture that TikTok takes."""

ENDINGS: Final = {"image/jpeg": "jpg", "image/png": "png"}
"""What TikTok takes, with the endings of their files."""

FRESH: Final = 29 * DAY
"""How long TikTok's id of an uploaded file is used; it is good for 30 days."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemPicture:
    """The picture of a piece; `path` is a name in the folder of the pictures, sizes in bytes and pixels."""

    id: int
    sku: str
    name: str
    sha256: str
    path: str
    content_type: str
    size: int
    width: int
    height: int
    replaced_at: int | None

    @property
    def measure(self) -> str:
        """How large it is, in words."""
        return media.measure(self.width, self.height, self.size)


_PICTURE: Final = (
    "SELECT p.id, i.sku, i.name, p.sha256, p.path, p.content_type, p.size, p.width, p.height, p.replaced_at"
    " FROM pictures p JOIN items i ON i.id = p.item_id"
)


def check_file(content: bytes) -> str:
    """Returns the media type of a file that TikTok would take. Raises NotAllowed with what to do."""
    if len(content) > LIMIT:
        raise NotAllowed(f"The picture is larger than the {LIMIT:,} bytes that TikTok takes. Make it smaller.")
    kind = media.kind_of(content)
    if kind is None or kind[0] not in ENDINGS:
        raise NotAllowed("TikTok takes pictures as JPG or PNG only. Convert it first.")
    return kind[0]


def put(folder: Path, content: bytes, content_type: str) -> tuple[str, str]:
    """Writes a piece's picture into the folder; returns the hash of its bytes and its name. Raises CannotWrite."""
    digest = hashlib.sha256(content).hexdigest()
    try:
        return digest, media.write(folder, f"piece-{digest[:32]}.{ENDINGS[content_type]}", content)
    except OSError as fault:
        raise CannotWrite(f"The picture could not be written to {folder}: {fault.strerror or fault}.") from fault


def read(folder: Path, path: str, digest: str) -> bytes:
    """Returns the bytes of a kept picture. Raises NotFound when they are gone or are not those that were kept."""
    try:
        content = (folder / Path(path).name).read_bytes()
    except OSError:
        raise NotFound("the file of the picture is gone; give the piece its picture again") from None
    if hashlib.sha256(content).hexdigest() != digest:
        raise NotFound("the file of the picture is another one than was kept; give the piece its picture again")
    return content


def give(
    db: sqlite3.Connection,
    sku: str,
    *,
    path: str,
    sha256: str,
    content_type: str,
    size: int,
    width: int,
    height: int,
    now: int,
    who: str,
) -> ItemPicture:
    """Makes a file that lies in the folder the picture of a piece, in place of the one before. Raises NotFound."""
    piece = items.find(db, sku)
    db.execute("UPDATE pictures SET replaced_at = ? WHERE item_id = ? AND replaced_at IS NULL", (now, piece.id))
    db.execute(
        "INSERT INTO pictures (item_id, sha256, path, content_type, size, width, height, added_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (piece.id, sha256, path, content_type, size, width, height, now),
    )
    _note(db, piece.id, "given", now=now, who=who)
    found = of_piece(db, piece.id)
    assert found is not None
    return found


def take_off(db: sqlite3.Connection, sku: str, *, now: int, who: str) -> bool:
    """Leaves a piece without a picture; False when it had none. Raises NotFound."""
    piece = items.find(db, sku)
    cursor = db.execute(
        "UPDATE pictures SET replaced_at = ? WHERE item_id = ? AND replaced_at IS NULL", (now, piece.id)
    )
    if cursor.rowcount:
        _note(db, piece.id, "taken off", now=now, who=who)
    return cursor.rowcount == 1


def _note(db: sqlite3.Connection, item_id: int, new: str, *, now: int, who: str) -> None:
    journal.note(db, now=now, who=who, what="picture", subject="item", subject_id=item_id, new=new)


def of_piece(db: sqlite3.Connection, item_id: int) -> ItemPicture | None:
    """Returns the present picture of a piece, None when it has none."""
    row = db.execute(f"{_PICTURE} WHERE p.item_id = ? AND p.replaced_at IS NULL", (item_id,)).fetchone()
    return None if row is None else ItemPicture(**dict(row))


def get(db: sqlite3.Connection, picture_id: int) -> ItemPicture:
    """Returns a picture, replaced or not. Raises NotFound."""
    row = db.execute(f"{_PICTURE} WHERE p.id = ?", (picture_id,)).fetchone()
    if row is None:
        raise NotFound(f"There is no picture {picture_id}.")
    return ItemPicture(**dict(row))


def paths(db: sqlite3.Connection) -> frozenset[str]:
    """Returns the names of the files that are needed: those of pieces now, and those that a delivery names."""
    rows = db.execute(
        "SELECT path FROM pictures p WHERE replaced_at IS NULL"
        " OR EXISTS (SELECT 1 FROM deliveries d WHERE d.picture_id = p.id)"
    )
    return frozenset(str(row[0]) for row in rows)
