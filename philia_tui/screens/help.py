"""Help for what has the focus: each key as the owner has it, its name for config.toml, and what it does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import ModalScreen, Screen

from philia_tui import keys
from philia_tui.widgets.page import Page
from philia_tui.wrapping import Line, wrap


class HelpScreen(ModalScreen[None]):
    """A page over the screen it tells about."""

    BINDINGS: ClassVar = [
        Binding("j,down", "scroll(1)", "down", show=False),
        Binding("k,up", "scroll(-1)", "up", show=False),
        Binding("pagedown,space", "scroll(10)", "page down", show=False),
        Binding("pageup", "scroll(-10)", "page up", show=False),
        Binding("question_mark,enter,q,escape", "app.back", "close", show=False),
    ]
    DEFAULT_CSS = """
    HelpScreen { align: center middle; background: $background 60%; }
    HelpScreen Page { width: 90%; max-width: 92; height: 90%; background: $surface; color: $foreground;
        border: round $primary; border-title-color: $primary; padding: 0 1; scrollbar-size-vertical: 1; }
    """

    def __init__(self, about: Screen[object], changed: Mapping[str, str]) -> None:
        """Takes the screen and the owner's own keys."""
        super().__init__()
        self._changed = changed
        self._parts = _parts(about)

    def compose(self) -> ComposeResult:
        """Lays out the page."""
        yield Page(self._write)

    def on_mount(self) -> None:
        """Names it."""
        page = self.query_one(Page)
        page.entitle(" Help · q closes · names in brackets are for [inbox] keys in config.toml ")
        page.focus()

    def action_scroll(self, by: int) -> None:
        """Scrolls."""
        self.query_one(Page).scroll_lines(by)

    def _write(self, width: int) -> list[Line]:
        lines: list[Line] = []
        for name, scope in self._parts:
            lines += [[(name, "accent")]]
            for key in scope:
                pressed = keys.shown(key, self._changed)
                lines += wrap(
                    [
                        (pressed.rjust(10) + "  ", "key"),
                        (key.name.ljust(18), "strong"),
                        (f" {key.does} ", "text"),
                        (f"[{key.id}]", "faint"),
                    ],
                    width,
                    indent=[(" " * 31, "text")],
                )
            lines.append([])
        return lines


def _parts(about: Screen[object]) -> list[tuple[str, tuple[keys.Key, ...]]]:
    if about.query("#review"):
        return [("The changed text", keys.REVIEWING)]
    if about.query("#editor"):
        return [("The editor", keys.EDITING)]
    own = (str(getattr(about, "NAME", "the inbox")).capitalize(), getattr(about, "KEYS", keys.INBOX))
    return [own, ("Moving", keys.MOVING), ("Everywhere", keys.EVERYWHERE)]
