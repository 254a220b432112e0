"""Brings a database file to the schema this Philia knows: a new one, an old one; a newer one is refused."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from store.database import connect
from store.errors import CannotWrite, NewerDatabase

HEAD: Final = "0006"
"""The newest revision; a test compares it with Alembic's own answer."""

FOLDER: Final = Path(__file__).parent


def revision_of(db: sqlite3.Connection) -> str | None:
    """Returns the revision the file is at, or None for an empty one."""
    known = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
    if known is None:
        return None
    row = db.execute("SELECT version_num FROM alembic_version").fetchone()
    return None if row is None else str(row[0])


def migrate(path: Path) -> None:
    """Brings the file at `path` to the head, creating it if need be; does nothing, fast, when it is there already.

    Raises NewerDatabase for a file of a newer Philia, CannotWrite for one that cannot be written.
    """
    with closing(connect(path)) as db:
        try:
            found = revision_of(db)
        except sqlite3.Error as fault:
            raise CannotWrite(f"The database {path} cannot be read: {fault}. philia doctor says more.") from fault
    if found == HEAD:
        return
    # Alembic and SQLAlchemy cost 1.2 s of imports, paid only by a start that has something to migrate.
    from store.migrations.run import upgrade  # noqa: PLC0415

    if found is not None and found not in {file.name[:4] for file in (FOLDER / "versions").glob("[0-9]*.py")}:
        raise NewerDatabase(
            f"The database {path} was written by a newer Philia (its schema is {found}, this one knows {HEAD}). "
            "Install that version again, or open another database with [database] url."
        )
    upgrade(path)
