"""The names of the lists with their counts; the one that is shown stands in brackets."""

from __future__ import annotations

from dataclasses import dataclass

from textual import events
from textual.message import Message
from textual.strip import Strip

from philia_tui.inert import one_line
from philia_tui.telling import QUEUE_NAMES
from philia_tui.widgets.painting import Painter
from philia_tui.wrapping import Line, cut_line, width_of
from store.views import LISTS

SHORT = {"needs_you": "Needs you", "waiting": "Drafts", "in_doubt": "Doubt", "snoozed": "Later"}


class Tabs(Painter):
    """One line of list names."""

    @dataclass
    class Picked(Message):
        """A name was clicked."""

        listed: str

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  # Textual's name
        """Starts on the list that matters."""
        super().__init__(id=id)
        self.listed = "needs_you"
        self.words = ""
        self._tally: dict[str, int] = {}
        self._places: list[tuple[int, int, str]] = []

    def show(self, listed: str, tally: dict[str, int], words: str) -> None:
        """Shows which list is on, the counts, and the words it is kept to."""
        if (listed, tally, words) != (self.listed, self._tally, self.words):
            self.listed, self._tally, self.words = listed, dict(tally), words
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draws the line; lists with nothing in them are left out where room is short."""
        width = self.size.width
        if y:
            return self.strip([], width)
        line, places = self._line([one for one in LISTS if one == self.listed or self._tally.get(one)])
        full, full_places = self._line(list(LISTS))
        if width_of(full) <= width:
            line, places = full, full_places
        if width_of(line) > width:
            line, places = self._line([one for one in LISTS if one == self.listed or self._tally.get(one)], gap="")
        self._places = places
        return self.strip(cut_line(line, width), width)

    def _line(self, names: list[str], gap: str = " ") -> tuple[Line, list[tuple[int, int, str]]]:
        line: Line = []
        places = []
        for name in names:
            start = width_of(line)
            word = SHORT.get(name, QUEUE_NAMES[name])
            count = self._tally.get(name, 0)
            if name == self.listed:
                line.append((f"[{word} {count}]", "accent"))
                if self.words:
                    line.append((f" /{one_line(self.words)}", "key"))
            else:
                line.append((f" {word} {count}{gap}", "text" if count else "faint"))
            places.append((start, width_of(line), name))
        return line, places

    def on_click(self, event: events.Click) -> None:
        """Picks the list whose name was clicked."""
        for start, end, name in self._places:
            if start <= event.x < end:
                self.post_message(self.Picked(name))
