"""Writing: the draft in the editor, then one line of review, then the outbox. A mixin of the inbox screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from philia_tui import canned, keys
from philia_tui.screens.deciding import Deciding
from store import views

if TYPE_CHECKING:
    from philia_tui.widgets.draft import Draft
    from philia_tui.widgets.editor import Editor
    from philia_tui.widgets.evidence import Evidence
    from philia_tui.widgets.hints import Hints
    from philia_tui.widgets.review import Review


class Editing(Deciding):
    """From the draft's text to the owner's own."""

    if TYPE_CHECKING:
        draft_pane: Draft
        evidence: Evidence
        hints: Hints

    _editing: views.DraftView | None = None
    _writing_to: views.Card | None = None
    warning = ""

    def action_edit(self) -> None:
        """Opens the draft in the editor."""
        draft = self.ready()
        if draft is not None:
            self._editing, self._writing_to = draft, None
            self.open_editor(draft.text, "Editing the draft")

    def action_write(self) -> None:
        """Opens an empty editor for words of the owner's own."""
        if self.card is None:
            self.tell("There is nobody here to write to.", bad=True)
            return
        self._editing, self._writing_to = None, self.card
        self.open_editor("", f"Writing to {self.whom()}")

    def open_editor(self, text: str, what: str) -> None:
        """Puts the editor in the draft's place."""
        from philia_tui.widgets.editor import Editor  # noqa: PLC0415  # 60 ms, in the background by now

        if self.typing:
            return
        self.begin_typing()
        self.draft_pane.display = False
        self.mount(Editor(text, what=what), after=self.draft_pane)
        self.hints.show([key for key in keys.EDITING if key.hint])

    async def on_editor_done(self, event: Editor.Done) -> None:
        """Shows the review of a text."""
        event.stop()
        await self.review(event.text)

    async def on_review_chosen(self, event: Review.Chosen) -> None:
        """Does what the review was told, in a worker: a decision may have to wait for its turn to write."""
        event.stop()
        self.run_worker(self.choose(event.choice), group="act", exit_on_error=False)

    async def review(self, text: str) -> None:
        """Shows the one line between the editor and the outbox."""
        from philia_tui.widgets.review import Review  # noqa: PLC0415  # with the editor

        if not text.strip():
            self.tell("Nothing is written, so nothing is sent.")
            await self.close_editor()
            return
        if not self.query("#review"):
            await self.mount(Review(self.settings.inbox.keys, len(text), warning=self.warning))

    async def close_editor(self) -> None:
        """Puts the draft back in its place."""
        self._editing = self._writing_to = None
        self.warning = ""
        self.evidence.warn([], [])
        await self.query("#review, #editor").remove()
        self.end_typing()
        self.draft_pane.display = True
        self.queue.focus()
        self.show_conversation()

    async def choose(self, choice: str) -> None:
        """Does what the review line was told."""
        from philia_tui.widgets.editor import Editor  # noqa: PLC0415  # 60 ms, in the background by now

        editor = self.query_one("#editor", Editor)
        text = editor.text
        if choice == "edit":
            await self.query("#review").remove()
            editor.focus()
            return
        draft, to = self._editing, self._writing_to
        if choice == "drop":
            await self.close_editor()
            self.tell("The change is dropped; the draft stays as it was." if draft else "Nothing was sent.")
            return
        empty = canned.holes(text)
        if empty:
            # Checked here and not only by the warning, which may still be on its way.
            self.tell(f"{', '.join(empty)} is not filled in, so nothing was sent.", bad=True)
            await self.query("#review").remove()
            editor.focus()
            return
        if draft is not None:
            act = self.verbs.edit(draft.id, text, seen_hash=draft.text_hash, whom=self.whom(draft.conversation))
            leaving: int | None = draft.conversation
        elif to is not None:
            act = self.verbs.send(
                to.conversation, text, seen_message=to.newest_customer_message, whom=self.whom(to.conversation)
            )
            leaving = to.conversation
        else:
            return
        done = await self.perform(act, leaving=leaving if self.listed == "needs_you" else None)
        if done is not None:
            await self.close_editor()
        else:
            # Refused: the words are the owner's work and stay in the editor.
            await self.query("#review").remove()
            editor.focus()
