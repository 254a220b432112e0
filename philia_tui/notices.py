"""Speaks to a terminal that is not being looked at: its title always, a bell or a notice when more needs her."""

from __future__ import annotations

from typing import TYPE_CHECKING

from philia_tui.inert import one_line
from philia_tui.telling import many

if TYPE_CHECKING:
    from textual.app import App


def title(app: App[object], waiting: int) -> None:
    """Sets the terminal's title to the count and the name."""
    _write(app, f"\x1b]0;{f'({waiting}) ' if waiting else ''}Philia\x07")


def more_needs_you(app: App[object], waiting: int, how: str) -> None:
    """Tells that more needs the owner, unless she is looking; how is off, bell or desktop.

    A desktop notice says how many, never a customer's name or words: it may show on a locked screen.
    """
    if app.app_focus or how == "off":
        return
    if how == "bell":
        app.bell()
        return
    words = one_line(f"{many(waiting, 'message needs', 'messages need')} you")
    # OSC 9 is what iTerm2, kitty, WezTerm and Windows Terminal know; 777 is urxvt's, foot's and VTE's.
    _write(app, f"\x1b]9;Philia: {words}\x07\x1b]777;notify;Philia;{words}\x07")


def _write(app: App[object], sequence: str) -> None:
    driver = app._driver  # noqa: SLF001  # the only way to the terminal besides drawing
    if driver is not None and not app.is_headless:
        driver.write(sequence)
