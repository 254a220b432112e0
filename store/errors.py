"""Everything the store raises.

StoreError
├── NotFound              the row asked for does not exist
├── Stale                 what was decided on has changed meanwhile; nothing was written
├── NotAllowed            the state of the row does not permit it; nothing was written
├── CannotWrite           the database is locked, full or read-only; try again
├── NewerDatabase         the file was written by a newer Philia
└── ImportRefused         rows of a stock file are wrong; nothing was imported

Every message is a sentence for the owner: what happened, to what, what to do.
"""

from __future__ import annotations


class StoreError(Exception):
    """Anything the store could not do, said in the owner's words."""


class NotFound(StoreError):
    """The row asked for does not exist."""


class Stale(StoreError):
    """What was decided on has changed meanwhile; nothing was written."""


class NotAllowed(StoreError):
    """The state of the row does not permit it; nothing was written."""


class CannotWrite(StoreError):
    """The database is locked, full or read-only; nothing was written."""


class NewerDatabase(StoreError):
    """The database file was written by a newer Philia."""


class ImportRefused(StoreError):
    """Rows of a stock file are wrong; nothing was imported."""

    def __init__(self, rows: list[tuple[int, str]]) -> None:
        """Keeps the faults as (line in the file, what is wrong)."""
        self.rows = rows
        super().__init__("; ".join(f"line {line}: {fault}" for line, fault in rows[:5]))
