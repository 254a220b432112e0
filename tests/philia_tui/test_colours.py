"""The styles of lines over their grounds, judged by WCAG's contrast of what Rich would draw."""

from __future__ import annotations

import pytest
from rich.color import Color as Drawn
from textual.color import Color
from textual.theme import BUILTIN_THEMES, Theme

from philia_tui.themes import THEMES
from philia_tui.widgets.painting import PAINTS, painted, shade

COLOURED = [theme for theme in (*THEMES, *BUILTIN_THEMES.values()) if not theme.ansi]


def light(colour: Drawn) -> float:
    """Returns the relative luminance of WCAG 2.2, 0 to 1."""
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (part / 255 for part in colour.get_truecolor())
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", COLOURED, ids=lambda theme: theme.name)
def test_no_letter_is_lost_in_any_theme_of_the_palette(theme: Theme) -> None:
    """In every theme that the palette offers, each style can be read on panes, bars, the cursor and marked rows.

    Textual's own have an accent that is their cursor's ground, and muted colours that depend on what is under them.
    """
    colours = {**theme.to_color_system().generate(), **theme.variables}
    for bare in ("background", "panel"):
        own = Color.parse(colours[bare])
        for under in (None, "cursor", "marked"):
            ground = own if under is None else shade(colours[str(PAINTS[under].ground)], own)
            for name, style in painted(colours, ground).items():
                drawn, behind = style.color, style.bgcolor or ground.rich_color
                assert drawn is not None
                one, two = sorted((light(drawn), light(behind)), reverse=True)
                assert (one + 0.05) / (two + 0.05) >= 2.2, (bare, under, name)
