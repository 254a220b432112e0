"""Turns lines of named styles into strips of the theme's colours: what every drawn widget of Philia shares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.containers import Horizontal, Vertical
from textual.geometry import Region
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from philia_tui.inert import in_field
from philia_tui.keys import pressed
from philia_tui.wrapping import Line, width_of


class Paint(NamedTuple):
    """One name's colours, as variables of the theme, and how its letters stand."""

    letters: str
    ground: str | None = None
    """None leaves the widget's own."""

    face: Style = Style.null()


PAINTS: Final = {
    "text": Paint("foreground"),
    "dim": Paint("text-muted"),
    "faint": Paint("text-disabled"),
    "strong": Paint("foreground", face=Style(bold=True)),
    "accent": Paint("primary"),
    "customer": Paint("foreground"),
    "owner": Paint("secondary"),
    "auto": Paint("accent"),
    "phone": Paint("secondary", face=Style(italic=True)),
    "mark": Paint("accent", face=Style(bold=True)),
    "good": Paint("success"),
    "warn": Paint("warning"),
    "bad": Paint("error", face=Style(bold=True)),
    "claim": Paint("success"),
    "unbacked": Paint("error", face=Style(underline=True)),
    "key": Paint("primary", face=Style(bold=True)),
    "cursor": Paint("block-cursor-foreground", ground="block-cursor-background"),
    "marked": Paint("foreground", ground="boost", face=Style(italic=True)),
}
"""Style names of lines. As classes of a stylesheet each would be matched anew for every widget whose focus or size
changes: a fifth of the first paint."""

READABLE: Final = 2.5
"""The least contrast of letters. In Textual's own themes the accent is the cursor's ground: letters of it were gone."""


def painted(theme: Mapping[str, str], ground: Color) -> dict[str, Style]:
    """Returns the style of each name over a ground, in the colours of a theme's variables."""
    styles = {}
    for name, paint in PAINTS.items():
        under = ground if paint.ground is None else shade(theme[paint.ground], ground)
        behind = None if paint.ground is None else under.rich_color
        letters = shade(theme[paint.letters], under)
        if letters.ansi is None and under.ansi is None and contrast(letters, under) < READABLE:
            letters = under.get_contrast_text()
        styles[name] = Style.from_color(letters.rich_color, behind) + paint.face
    return styles


def contrast(one: Color, two: Color) -> float:
    """Returns the contrast of two opaque colours as WCAG 2.2 defines it: 1 (none) to 21."""
    lights = []
    for colour in (one, two):
        parts = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour.normalized)
        red, green, blue = parts
        lights.append(0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)
    return max(lights) / min(lights)


def shade(value: str, ground: Color) -> Color:
    """Returns a colour of a theme (`#d9a066`, `#d9a066 35%`, `auto 60%`, `ansi_cyan`) as it is seen over a ground."""
    name, _, share = value.partition(" ")
    colour = Color.automatic() if name == "auto" else Color.parse(name)
    if share and colour.ansi is None:
        # A terminal's own colours cannot be thinned.
        colour = colour.multiply_alpha(float(share.strip().removesuffix("%")) / 100)
    return ground + colour


def as_typed(strip: Strip) -> Strip:
    """Returns a field's line with what may be drawn of it: a pasted or drafted escape is seen, and not obeyed."""
    if all(in_field(segment.text) == segment.text for segment in strip):
        return strip
    width = strip.cell_length
    drawn = Strip([Segment(in_field(text), style, control) for text, style, control in strip])
    return drawn.adjust_cell_length(width)


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

    _painted: dict[str | None, tuple[Style, dict[str, Style]]]

    def painted(self, under: str | None = None) -> tuple[Style, dict[str, Style]]:
        """Returns the ground, the widget's own or that of the style named `under`, and every style over it."""
        found = self._painted.get(under)
        if found is None:
            theme, ground, base = self.app.theme_variables, self.background_colors[1], self.rich_style
            if under is not None:
                base += painted(theme, ground)[under]
                ground = shade(theme[PAINTS[under].ground or "background"], ground)
            found = self._painted[under] = base, painted(theme, ground)
        return found

    def notify_style_update(self) -> None:
        """Forgets colours of the old theme."""
        self._painted = {}
        super().notify_style_update()

    def key_of(self, name: str) -> str:
        """Returns the key of a command as the owner has it, for words that name one."""
        settings = getattr(self.app, "settings", None)
        return pressed(name, settings.inbox.keys if settings is not None else {})

    def strip(self, line: Line, width: int, *, under: str | None = None) -> Strip:
        """Draws a line on the widget's background, or on that of the style named `under`, exactly `width` wide."""
        base, colours = self.painted(under)
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
