"""A virtual list of one-line rows over an order of ids: stock, search results, the journal, kept replies."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from philia_tui.widgets.painting import Scrolled
from philia_tui.wrapping import Line, cut_line

PAGE = 60
"""Rows read at once."""


class Listing(Scrolled, can_focus=True, inherit_bindings=False):
    """Knows how to ask for rows by their ids and how a row is written; nothing of what they are."""

    @dataclass
    class Highlighted(Message):
        """The cursor is on another row."""

        listing: Listing
        number: int | None

    @dataclass
    class Chosen(Message):
        """A row was clicked twice."""

        listing: Listing
        number: int

    def __init__(
        self,
        read: Callable[[Sequence[int]], dict[int, Any]],
        write: Callable[[Any, int], Line],
        *,
        empty: str = "Nothing here.",
        id: str | None = None,  # noqa: A002  # Textual's name
    ) -> None:
        """Takes the way to read rows and the way to write one in so many cells."""
        super().__init__(id=id)
        self._read = read
        self._write = write
        self.empty = empty
        self.ids: array[int] = array("q")
        self.cursor = 0
        self._rows: dict[int, Any] = {}

    @property
    def selected(self) -> int | None:
        """The id under the cursor."""
        return self.ids[self.cursor] if 0 <= self.cursor < len(self.ids) else None

    def row(self, number: int) -> Any:
        """Returns a row by its id, or None."""
        if number not in self._rows:
            self._rows.update(self._read([number]))
        return self._rows.get(number)

    def show(self, ids: array[int]) -> None:
        """Shows this order; the cursor stays on its row if that is still there."""
        kept = self.selected
        self.ids = ids
        self._rows.clear()
        self.cursor = ids.index(kept) if kept is not None and kept in ids else min(self.cursor, max(0, len(ids) - 1))
        self.virtual_size = Size(self.scrollable_content_region.width, len(ids))
        self._reveal()
        self.refresh()
        self.post_message(self.Highlighted(self, self.selected))

    def move(self, by: int) -> None:
        """Moves the cursor, not past the ends."""
        place = max(0, min(self.cursor + by, len(self.ids) - 1))
        if place != self.cursor:
            self.cursor = place
            self._reveal()
            self.refresh()
            self.post_message(self.Highlighted(self, self.selected))

    def page(self, by: int) -> None:
        """Moves the cursor by pages."""
        self.move(by * max(1, self.scrollable_content_region.height - 1))

    def render_line(self, y: int) -> Strip:
        """Draws one line of the screen."""
        width = self.size.width
        place = y + self.scroll_offset.y
        if not self.ids:
            return self.strip([("  " + self.empty, "dim")] if y == 1 else [], width)
        if place >= len(self.ids):
            return self.strip([], width)
        number = self.ids[place]
        if number not in self._rows:
            start = max(0, place - PAGE // 4)
            self._rows.update(self._read(self.ids[start : start + PAGE].tolist()))
        row = self._rows.get(number)
        here = place == self.cursor
        line: Line = [("▸ " if here else "  ", "accent")]
        line += self._write(row, width - 2) if row is not None else [("…", "dim")]
        return self.strip(cut_line(line, width), width, under="cursor" if here else None)

    def on_resize(self) -> None:
        """Keeps the cursor in sight."""
        self.virtual_size = Size(self.scrollable_content_region.width, len(self.ids))
        self._reveal()

    def on_click(self, event: events.Click) -> None:
        """Moves the cursor; twice chooses."""
        self.move(event.y + self.scroll_offset.y - self.cursor)
        if event.chain == 2 and self.selected is not None:
            self.post_message(self.Chosen(self, self.selected))

    def _reveal(self) -> None:
        height = self.scrollable_content_region.height
        if height <= 0:
            return
        if self.cursor < self.scroll_offset.y:
            self.scroll_to(y=self.cursor, animate=False)
        elif self.cursor >= self.scroll_offset.y + height:
            self.scroll_to(y=self.cursor - height + 1, animate=False)
