"""Turns lines of named styles into strips of the theme's colours: what every drawn widget of Philia shares."""

from __future__ import annotations

from typing import ClassVar, Final

from rich.segment import Segment
from rich.style import Style
from textual.containers import Horizontal, Vertical
from textual.geometry import Region
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from philia_tui.keys import pressed
from philia_tui.wrapping import Line, width_of

STYLES: Final = {
    "text": "ph--text",
    "dim": "ph--dim",
    "faint": "ph--faint",
    "strong": "ph--strong",
    "accent": "ph--accent",
    "customer": "ph--customer",
    "owner": "ph--owner",
    "auto": "ph--auto",
    "phone": "ph--phone",
    "mark": "ph--mark",
    "good": "ph--good",
    "warn": "ph--warn",
    "bad": "ph--bad",
    "claim": "ph--claim",
    "unbacked": "ph--unbacked",
    "key": "ph--key",
    "cursor": "ph--cursor",
    "marked": "ph--marked",
}
"""Style names of lines → component classes of philia.tcss."""

COMPONENTS: Final = frozenset(STYLES.values())


class Still(Widget):
    """A widget that keeps what it drew until something of it is to be drawn anew.

    A frame asks every widget that lies in it for all of its lines, changed or not: half of what a key cost.
    """

    _kept: tuple[Region, list[Strip]] | None = None

    def render_lines(self, crop: Region) -> list[Strip]:
        """Returns the lines as they were, or draws those that are asked for anew."""
        if self._kept is None or self._kept[0] != crop:
            self._kept = crop, super().render_lines(crop)
        return self._kept[1]

    def notify_style_update(self) -> None:
        """Forgets lines in old colours."""
        self._kept = None
        super().notify_style_update()

    def _set_dirty(self, *regions: Region) -> None:
        # The one door through which Textual asks for anything to be drawn anew.
        self._kept = None
        super()._set_dirty(*regions)


class Across(Horizontal, Still):
    """Panes beside each other."""


class Down(Vertical, Still):
    """Panes above each other."""


class Painter(Still):
    """A widget that draws lines; the colours are looked up once and again when the theme changes."""

    COMPONENT_CLASSES: ClassVar = set(COMPONENTS)

    _colours: dict[str, Style] | None = None
    _ground: Style | None = None

    def colours(self) -> dict[str, Style]:
        """Returns the style of each name in the theme that is on."""
        if self._colours is None:
            self._colours = {
                name: self.get_component_rich_style(component, partial=name not in {"cursor", "marked"})
                for name, component in STYLES.items()
            }
        return self._colours

    def notify_style_update(self) -> None:
        """Forgets colours of the old theme."""
        self._colours = self._ground = None
        super().notify_style_update()

    def key_of(self, name: str) -> str:
        """Returns the key of a command as the owner has it, for words that name one."""
        settings = getattr(self.app, "settings", None)
        return pressed(name, settings.inbox.keys if settings is not None else {})

    def strip(self, line: Line, width: int, *, under: str | None = None) -> Strip:
        """Draws a line on the widget's background, or on that of the style named `under`, exactly `width` wide."""
        colours = self.colours()
        if self._ground is None:
            # 0.3 ms a look-up, which would be most of what a line costs.
            self._ground = self.rich_style
        base = self._ground if under is None else self._ground + colours[under]
        if under == "cursor" and self.app.native_ansi_color:
            # Whatever the terminal's 16 colours are, only the cursor's own pair is sure to be told apart.
            segments = [Segment(text, base) for text, _ in line]
        else:
            segments = [Segment(text, base + colours[style]) for text, style in line]
        return Strip(segments, width_of(line)).adjust_cell_length(width, base)


class Scrolled(Painter, ScrollView):
    """A painter with more lines than it is high: it scrolls by keys and wheel and has no bar.

    Textual scrolls what shows a bar. A bar that comes and goes would lay the whole screen out again at every
    conversation; the cursor and the counts say where she is.
    """

    @property
    def allow_vertical_scroll(self) -> bool:
        """Lets it scroll."""
        return True
