"""The bottom line: the keys that matter now, from the key map as the owner has it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from textual import events
from textual.strip import Strip

from philia_tui.keys import BY_NAME, Key, shown
from philia_tui.widgets.painting import Painter
from philia_tui.wrapping import Line, cut_line, width_of

LAST: Final = ("help", "back")
"""Never left out: who does not know the keys needs these."""


class Hints(Painter):
    """One line of keys with their names."""

    def __init__(self, changed: Mapping[str, str], *, id: str | None = None) -> None:  # noqa: A002  # Textual's name
        """Takes the owner's own keys."""
        super().__init__(id=id)
        self._changed = changed
        self._keys: list[tuple[Key, str]] = []
        self._lead = ""
        self._places: list[tuple[int, int, str]] = []

    def show(self, keys: Iterable[Key], *, names: Mapping[str, str] | None = None, lead: str = "") -> None:
        """Shows these keys; `names` says some of them more exactly, `lead` stands before them."""
        wanted = [(key, (names or {}).get(key.id, key.name)) for key in keys]
        if (wanted, lead) != (self._keys, self._lead):
            self._keys, self._lead = wanted, lead
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draws the line, leaving out whole keys that do not fit; help and the way back always stand at its end."""
        width = self.size.width
        if y:
            return self.strip([], width)
        line: Line = [(f" {self._lead} ", "strong")] if self._lead else [(" ", "text")]
        parts: list[tuple[str, Line]] = [
            (key.id, [(shown(key, self._changed), "key"), (f" {name}  ", "dim")]) for key, name in self._keys
        ]
        last = [part for part in parts if part[0] in LAST]
        room = width - sum(width_of(part) for _, part in last)
        self._places = []
        for name, part in [*(part for part in parts if part[0] not in LAST), *last]:
            start = width_of(line)
            if name not in LAST and start + width_of(part) > room:
                continue
            line += part
            self._places.append((start, width_of(line), name))
        return self.strip(cut_line(line, width), width)

    def on_click(self, event: events.Click) -> None:
        """Does what the clicked words say, for whoever would rather point."""
        for start, end, name in self._places:
            if start <= event.x < end:
                self.app.simulate_key(self._first(name))

    def _first(self, name: str) -> str:
        """Returns a command's first key as the terminal would name it."""
        return self._changed.get(name, BY_NAME[name].keys).split(",")[0].strip()
