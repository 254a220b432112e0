"""What helps while answering: canned replies, the check of a changed text, $EDITOR, jumping. A mixin of the inbox."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from textual import work
from textual.app import SuspendNotSupported

from philia_tui import canned
from philia_tui.inert import one_line
from philia_tui.screens.editing import Editing
from philia_tui.telling import many
from philia_tui.widgets.evidence import CURRENCY_SIGNS
from store import switches, views

if TYPE_CHECKING:
    from philia_tui.checking import Warned
    from philia_tui.widgets.editor import Editor

LETTERS = "asdfghjklqwertyuiopzxcvbnm"

PAUSE_SECONDS = 0.15
"""How long the owner must have stopped typing before her text is checked."""


class Helping(Editing):
    """The verbs that help."""

    # Canned replies

    @work(group="ask", exclusive=True, exit_on_error=False)
    async def action_canned(self) -> None:
        """Takes a kept reply by its name or its beginning, fills it in and opens it in the editor."""
        card = self.card
        if card is None:
            return
        replies = canned.kept(self.desk.db)
        if not replies:
            self.tell(f"No reply is kept yet. {self.key_of('canned_keep')} keeps the text of a draft.")
            return

        def meant(words: str) -> str:
            found = _matching(replies, words)
            return f"→ {one_line(found.name)}: {one_line(found.text)[:40]}" if found else "no such reply"

        names = ", ".join(one_line(one.name) for one in replies)
        words = await self.ask("Canned:", placeholder=names, preview=meant)
        found = _matching(replies, words) if words is not None else None
        if found is None:
            return
        self.take_canned(found)

    def filled(self, kept: canned.Canned) -> str:
        """Returns a kept text as it reads in the selected conversation."""
        if self.card is None:
            return kept.text
        sign = CURRENCY_SIGNS.get(self.settings.shop.currency, self.settings.shop.currency + " ")
        return canned.filled(kept.text, self.card, self.draft, shop=self.settings.shop.name, sign=sign)

    def take_canned(self, kept: canned.Canned) -> None:
        """Opens a kept text, filled in, in the editor of the selected conversation."""
        ready = self.draft is not None and self.draft.state == "ready"
        self._editing, self._writing_to = (self.draft, None) if ready else (None, self.card)
        self.open_editor(self.filled(kept), f"Canned: {one_line(kept.name)}")

    @work(group="ask", exclusive=True, exit_on_error=False)
    async def action_canned_keep(self) -> None:
        """Keeps the draft's text under a name; an empty text under a kept name forgets it."""
        draft = self.ready()
        if draft is None:
            return
        name = await self.ask("Keep it under which name?", placeholder="shipping, thanks, closed on sunday …")
        if name and name.strip():
            await self.perform(self.verbs.keep_canned(name.strip(), draft.text))

    # The check of a changed text

    def on_text_area_changed(self) -> None:
        """Checks again once the typing rests."""
        self.check_text()

    @work(group="check", exclusive=True, exit_on_error=False)
    async def check_text(self) -> None:
        """Checks the text in the editor beside the screen and shows what nothing backs."""
        await asyncio.sleep(PAUSE_SECONDS)
        for editor in self.query("#editor"):
            await self.look_at(editor.text)  # type: ignore[attr-defined]

    async def look_at(self, text: str) -> None:
        """Shows what nothing backs in a text: a warning, never a wall."""
        draft, card = self._editing, self._writing_to
        conversation = draft.conversation if draft else card.conversation if card else None
        if conversation is None:
            return
        question = next(
            (one.text for one in reversed(views.said(self.desk.db, conversation, limit=10)) if one.role == "user"), ""
        )
        shop = self.settings.shop

        def check() -> list[Warned]:
            # 200 ms of vocabulary and rules, once, on a thread.
            from philia_tui.checking import warnings  # noqa: PLC0415

            return warnings(text, draft, question, currency=shop.currency, unit=shop.unit)

        found = await asyncio.to_thread(check)
        if self._editing is not draft or self._writing_to is not card:
            return
        # Nothing automatic leaves in this conversation while she writes (server.policy reads it).
        now = self.desk.clock()
        await self.desk.write(lambda db: switches.put(db, f"typing:{conversation}", str(now), now=now))
        empty = canned.holes(text)
        self.warning = ""
        if empty:
            self.warning = f"fill in {', '.join(empty)} first"
        elif found:
            self.warning = f"{many(len(found), 'claim')} nothing backs"
        self.evidence.warn([(one.words, one.why) for one in found], empty)
        for review in self.query("#review"):
            review.warn(self.warning)  # type: ignore[attr-defined]

    # $EDITOR

    def action_edit_outside(self) -> None:
        """Opens the draft in the owner's own editor, then in the field before the review."""
        draft = self.ready()
        if draft is not None:
            self._editing, self._writing_to = draft, None
            self.open_editor(self.outside(draft.text), "Editing the draft")

    def on_editor_outside(self, event: Editor.Outside) -> None:
        """Takes the text of the editor to $EDITOR and back."""
        event.stop()
        event.editor.text = self.outside(event.text)

    def outside(self, text: str) -> str:
        """Runs $EDITOR on a text and returns what became of it; unchanged, with the reason told, when it cannot."""
        # Only here: the first paint needs neither subprocess nor tempfile.
        from philia_tui.outside import NoEditor, outside  # noqa: PLC0415

        refused = ""
        try:
            with self.app.suspend():
                # Nothing may be raised through `suspend`, which would not take the terminal back: a dead blank screen.
                try:
                    text = outside(text)
                except NoEditor as refusal:
                    refused = str(refusal)
        except SuspendNotSupported:
            refused = "There is no terminal here to give to an editor."
        if refused:
            self.tell(refused, bad=True)
        return text

    # Jumping

    def jump(self) -> None:
        """Puts a letter on every row that is on the screen."""
        height = max(1, self.queue.scrollable_content_region.height // self.queue.row_height)
        first = self.queue.scroll_offset.y // self.queue.row_height
        shown = self.queue.ids[first : first + min(height, len(LETTERS))]
        self.queue.jumps = dict(zip(shown.tolist(), LETTERS, strict=False))
        self.jumping = bool(self.queue.jumps)
        self.queue.redraw()

    def land(self, letter: str) -> None:
        """Goes to the row of a letter; any other key only takes the letters away."""
        target = next((one for one, given in self.queue.jumps.items() if given == letter), None)
        self.queue.jumps = {}
        self.jumping = False
        self.queue.redraw()
        if target is not None:
            self.queue.find(target)

    def action_search(self) -> None:
        """Searches all messages."""
        from philia_tui.screens.search import SearchScreen  # noqa: PLC0415  # when it is asked for

        self.app.push_screen(SearchScreen(self))  # type: ignore[arg-type]


def _matching(replies: list[canned.Canned], words: str) -> canned.Canned | None:
    wanted = words.strip().lower()
    for fits in (
        lambda one: one.name.lower() == wanted,
        lambda one: one.name.lower().startswith(wanted),
        lambda one: wanted in one.name.lower() or wanted in one.text.lower(),
    ):
        found = next((one for one in replies if fits(one)), None)
        if found is not None:
            return found
    return None
