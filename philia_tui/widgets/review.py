"""The one line between the editor and the outbox: send, edit on, or drop. Never straight from the editor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from textual.message import Message
from textual.strip import Strip

from philia_tui.keys import REVIEWING, bindings, shown
from philia_tui.widgets.painting import Painter
from philia_tui.wrapping import Line, cut_line


class Review(Painter, can_focus=True):
    """Waits for one key about a changed text."""

    BINDINGS = bindings(REVIEWING)
    DEFAULT_CSS = "Review { height: 1; dock: bottom; background: $panel; layer: above; }"

    @dataclass
    class Chosen(Message):
        """What is to happen with the text."""

        choice: Literal["send", "edit", "drop"]

    def __init__(self, changed: Mapping[str, str], length: int, *, warning: str = "") -> None:
        """Takes the owner's own keys and what the check says of the text."""
        super().__init__(id="review")
        self._changed = changed
        self._length = length
        self.warning = warning

    def on_mount(self) -> None:
        """Takes the keys."""
        self.focus()

    def warn(self, warning: str) -> None:
        """Says what the check found."""
        self.warning = warning
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draws the line."""
        if y:
            return self.strip([], self.size.width)
        line: Line = [(" Send it? ", "strong")]
        for key in REVIEWING:
            line += [(shown(key, self._changed), "key"), (f" {key.name}  ", "text")]
        line.append((f"{self._length} characters", "dim"))
        if self.warning:
            line.append((f"  ⚠ {self.warning}", "warn"))
        return self.strip(cut_line(line, self.size.width), self.size.width)

    def action_review_send(self) -> None:
        """Sends it."""
        self.post_message(self.Chosen("send"))

    def action_review_edit(self) -> None:
        """Goes back to the text."""
        self.post_message(self.Chosen("edit"))

    def action_review_drop(self) -> None:
        """Forgets the change."""
        self.post_message(self.Chosen("drop"))
