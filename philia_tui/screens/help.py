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
        # By their public names, so that the owner's own keys work here too; Enter, Escape and Space always do.
        *(
            keys.BY_NAME[name]._replace(action=action).binding()
            for name, action in (
                ("down", "scroll(1)"),
                ("up", "scroll(-1)"),
                ("page_down", "scroll(10)"),
                ("page_up", "scroll(-10)"),
                ("help", "app.back"),
                ("back", "app.back"),
            )
        ),
        Binding("space", "scroll(10)", "page down", show=False),
        Binding("enter,escape", "app.back", "close", show=False),
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
        closes = keys.pressed("back", self._changed)
        page.entitle(f" Help · {closes} closes · names in brackets are for [inbox] keys in config.toml ")
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
