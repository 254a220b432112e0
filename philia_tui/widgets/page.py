"""A pane whose lines somebody else writes: help, details, figures in words."""

from __future__ import annotations

from collections.abc import Callable

from philia_tui.widgets.lines import LinesPane
from philia_tui.wrapping import Line

Writer = Callable[[int], list[Line]]


class Page(LinesPane, can_focus=True):
    """Shows what a function writes for a width."""

    def __init__(self, write: Writer, *, id: str | None = None) -> None:  # noqa: A002  # Textual's name
        """Takes who writes."""
        super().__init__(id=id)
        self.write = write

    def lay(self, width: int) -> list[Line]:
        """Returns the lines."""
        return self.write(width)

    def scroll_lines(self, by: int) -> None:
        """Scrolls."""
        self.scroll_to(y=max(0, self.scroll_offset.y + by), animate=False)
