"""A pane of lines that scrolls: the thread, the draft and the evidence are three of them."""

from __future__ import annotations

from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from philia_tui.widgets.painting import Painter
from philia_tui.wrapping import Line


class LinesPane(Painter, ScrollView):
    """Shows lines that were laid out for its width; lays them out again when the width changes.

    No layout of the screen is ever asked for: a pane keeps its place and only its own lines are drawn anew.
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002  # Textual's name
        """Starts empty."""
        super().__init__(id=id, classes=classes)
        self.lines: list[Line] = []

    def lay(self, width: int) -> list[Line]:
        """Returns the lines for a width; each pane knows its own."""
        raise NotImplementedError

    def relay(self) -> None:
        """Lays the lines out for the present width and draws them."""
        width = self.scrollable_content_region.width
        if width <= 0:
            return
        self.lines = self.lay(width)
        self.virtual_size = Size(width, len(self.lines))
        self.refresh()

    def on_resize(self) -> None:
        """Lays out again; a pane that showed its end shows it still."""
        self.relay()

    def render_line(self, y: int) -> Strip:
        """Draws one line of the screen."""
        number = y + self.scroll_offset.y
        line = self.lines[number] if 0 <= number < len(self.lines) else []
        return self.strip(line, self.size.width)
