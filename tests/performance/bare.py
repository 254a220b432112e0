"""The smallest Textual app there can be, a yardstick for the inbox: `python -m tests.performance.bare`."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.widgets import Static


class Bare(App[None]):
    """One line of text."""

    def compose(self) -> ComposeResult:
        """Holds the line."""
        yield Static("the bare app is ready")


if __name__ == "__main__":
    Bare().run()
