"""The draft under the owner's hands: many lines, undo, counted against 200, checked as she types."""

from __future__ import annotations

from dataclasses import dataclass

from textual import events
from textual.content import Content
from textual.message import Message
from textual.strip import Strip
from textual.widgets import TextArea

from philia_tui.keys import EDITING, bindings
from philia_tui.telling import many
from philia_tui.widgets.draft import LIMIT
from philia_tui.widgets.painting import as_typed


class Editor(TextArea):
    """A field over the draft pane; it never sends, it only hands its text to the review."""

    BINDINGS = bindings(EDITING)

    @dataclass
    class Ready(Message):
        """The field can be typed into."""

        field: Editor

    @dataclass
    class Done(Message):
        """The text is to be looked at once more."""

        text: str

    @dataclass
    class Outside(Message):
        """The text is to be changed in $EDITOR."""

        editor: Editor
        text: str

    def __init__(self, text: str, *, what: str) -> None:
        """Starts with the draft's text and the cursor at its end."""
        super().__init__(text, id="editor", soft_wrap=True, show_line_numbers=False, tab_behavior="focus")
        self._what = what

    def on_mount(self) -> None:
        """Takes the keys."""
        self.move_cursor(self.document.end)
        self.count()
        self.post_message(self.Ready(self))

    def on_text_area_changed(self) -> None:
        """Counts again."""
        self.count()

    def count(self) -> None:
        """Says how long the reply is."""
        length = len(self.text)
        over = f" · {length - LIMIT} over {LIMIT} !" if length > LIMIT else f" of {LIMIT}"
        self.border_title = Content(f" {self._what} · {many(length, 'character')}{over} ")

    def render_line(self, y: int) -> Strip:
        """Draws a line; what is in the text is the owner's to see and never the terminal's to obey."""
        return as_typed(super().render_line(y))

    def action_edit_done(self) -> None:
        """Hands the text to the review."""
        self.post_message(self.Done(self.text))

    def action_edit_editor(self) -> None:
        """Hands the text to the owner's own editor."""
        self.post_message(self.Outside(self, self.text))

    async def _on_key(self, event: events.Key) -> None:
        # TextArea turns Escape into a move of the focus; here it means: I am done.
        if event.key == "escape":
            event.stop()
            event.prevent_default()
            self.action_edit_done()
            return
        await super()._on_key(event)
