"""One line to type into: a reason, a time, words to find. Enter gives it, Escape gives nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.strip import Strip
from textual.widgets import Input, Static

from philia_tui import keys
from philia_tui.inert import inert
from philia_tui.widgets.painting import as_typed

Preview = Callable[[str], str]
Typed = Callable[[str], None]


class Field(Input):
    """A line to type into, drawn so that nothing that was pasted into it is obeyed."""

    def render_line(self, y: int) -> Strip:
        """Draws the line."""
        return as_typed(super().render_line(y))


class Ask(Horizontal):
    """A question at the bottom of the screen; `answer` is a future, so that a worker can wait for it."""

    BINDINGS: ClassVar = keys.bindings(keys.ASKING)
    DEFAULT_CSS = """
    Ask { height: 1; dock: bottom; background: $panel; layer: above; }
    Ask > #ask-label { width: auto; padding: 0 1; color: $primary; text-style: bold; background: $panel; }
    Ask > Field { width: 1fr; height: 1; border: none; padding: 0; background: $panel; color: $foreground; }
    Ask > Field:focus { border: none; }
    Ask > #ask-preview { width: auto; max-width: 50%; padding: 0 1; color: $text-muted; background: $panel; }
    """

    @dataclass
    class Ready(Message):
        """The field can be typed into."""

        field: Input

    def __init__(
        self,
        label: str,
        *,
        value: str = "",
        placeholder: str = "",
        preview: Preview | None = None,
        typed: Typed | None = None,
    ) -> None:
        """Asks `label`; `preview` says beside it what the typed words mean, `typed` hears every change."""
        super().__init__(id="ask")
        self.label = label
        self.value = value
        self.placeholder = placeholder
        self._preview = preview
        self._typed = typed
        self.answer: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()

    def compose(self) -> ComposeResult:
        """Lays out the label, the field and what it means."""
        yield Static(Content(inert(self.label)), id="ask-label")
        yield Field(self.value, placeholder=self.placeholder, id="ask-input", select_on_focus=False)
        yield Static(Content(""), id="ask-preview")

    def on_mount(self) -> None:
        """Takes the keys."""
        self._say(self.value)
        self.post_message(self.Ready(self.query_one(Input)))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Says what it means so far."""
        event.stop()
        self._say(event.value)
        if self._typed is not None:
            self._typed(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Gives the answer."""
        event.stop()
        self.give(event.value)

    def action_ask_cancel(self) -> None:
        """Gives nothing."""
        self.give(None)

    def give(self, answer: str | None) -> None:
        """Ends the question."""
        if not self.answer.done():
            self.answer.set_result(answer)

    def on_unmount(self) -> None:
        """Nobody waits for ever."""
        self.give(None)

    def _say(self, value: str) -> None:
        if self._preview is not None:
            self.query_one("#ask-preview", Static).update(Content(inert(self._preview(value))))
