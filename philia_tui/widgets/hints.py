"""The bottom line: the keys that matter now, from the key map as the owner has it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from textual.strip import Strip

from philia_tui.keys import Key, shown
from philia_tui.widgets.painting import Painter
from philia_tui.wrapping import Line, cut_line, width_of


class Hints(Painter):
    """One line of keys with their names."""

    def __init__(self, changed: Mapping[str, str], *, id: str | None = None) -> None:  # noqa: A002  # Textual's name
        """Takes the owner's own keys."""
        super().__init__(id=id)
        self._changed = changed
        self._keys: list[tuple[Key, str]] = []
        self._lead = ""

    def show(self, keys: Iterable[Key], *, names: Mapping[str, str] | None = None, lead: str = "") -> None:
        """Shows these keys; `names` says some of them more exactly, `lead` stands before them."""
        wanted = [(key, (names or {}).get(key.id, key.name)) for key in keys]
        if (wanted, lead) != (self._keys, self._lead):
            self._keys, self._lead = wanted, lead
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draws the line, leaving out from the right whole keys that do not fit."""
        width = self.size.width
        if y:
            return self.strip([], width)
        line: Line = [(f" {self._lead} ", "strong")] if self._lead else [(" ", "text")]
        for key, name in self._keys:
            part: Line = [(shown(key, self._changed), "key"), (f" {name}  ", "dim")]
            if width_of([*line, *part]) > width:
                break
            line += part
        return self.strip(cut_line(line, width), width)
