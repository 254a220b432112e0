"""What the widgets and workers tell the screen; what only one widget says stands with that widget."""

from __future__ import annotations

from array import array
from dataclasses import dataclass

from textual.message import Message

from store.views import Header


class Changed(Message):
    """The database was written by somebody; many of these are worth as much as the last."""

    def can_replace(self, message: Message) -> bool:
        """Lets a newer one stand for this one while both wait."""
        return isinstance(message, Changed)


@dataclass
class Fresh(Message):
    """A list was read anew in the background."""

    listed: str
    words: str
    ids: array[int]
    header: Header
    version: int

    def can_replace(self, message: Message) -> bool:
        """Lets a newer one stand for this one while both wait."""
        return isinstance(message, Fresh)


@dataclass
class Told(Message):
    """Something to say in a toast."""

    text: str
    severity: str = "information"
