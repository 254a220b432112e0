"""A pane of lines that scrolls: the thread, the draft and the evidence are three of them."""

from __future__ import annotations

from textual.content import Content
from textual.geometry import Region, Size
from textual.strip import Strip

from philia_tui.widgets.painting import Scrolled
from philia_tui.wrapping import Line


class LinesPane(Scrolled):
    """Shows lines that were laid out for its width; lays them out again when the width changes.

    No layout of the screen is ever asked for: a pane keeps its place and only its own lines are drawn anew.
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002  # Textual's name
        """Starts empty."""
        super().__init__(id=id, classes=classes)
        self.lines: list[Line] = []
        self._named = ""

    def lay(self, width: int) -> list[Line]:  # noqa: ARG002  # each pane's is asked for its own
        """Returns the lines for a width; each pane knows its own, and one that knows none is empty."""
        return []

    def relay(self) -> None:
        """Lays the lines out for the present width and draws those that are different."""
        width = self.scrollable_content_region.width
        if width <= 0:
            return
        old, self.lines = self.lines, self.lay(width)
        self.virtual_size = Size(width, len(self.lines))
        self._draw_changes(old)

    def _draw_changes(self, old: list[Line]) -> None:
        top = self.scroll_offset.y
        for y in range(self.scrollable_content_region.height):
            number = top + y
            before = old[number] if number < len(old) else None
            now = self.lines[number] if number < len(self.lines) else None
            if before != now:
                # In the widget's own coordinates, where the border's line and the padding come first.
                self.refresh(Region(0, y, self.content_size.width, 1))

    def entitle(self, title: str) -> None:
        """Sets the title on the border, drawing it only when it is another one."""
        if title != self._named:
            self._named = title
            # Not by `border_title`, which draws the whole pane anew for its top line.
            self._border_title = Content(title)
            inside = self.content_offset
            self.refresh(Region(-inside.x, -inside.y, self.outer_size.width, 1))

    def on_resize(self) -> None:
        """Lays out again."""
        self.relay()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draws one line of the screen."""
        number = y + self.scroll_offset.y
        line = self.lines[number] if 0 <= number < len(self.lines) else []
        return self.strip(line, self.size.width)
