"""Canned replies: the kept texts, what fills their {names}, and how one reads for the conversation of the inbox."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on, work
from textual.widget import Widget

from philia_tui import canned, keys
from philia_tui.canned import Canned
from philia_tui.inert import inert, one_line
from philia_tui.screens.side import SideScreen
from philia_tui.telling import many
from philia_tui.widgets.draft import LIMIT
from philia_tui.widgets.listing import Listing
from philia_tui.widgets.page import Page
from philia_tui.wrapping import Line, fit, wrap

if TYPE_CHECKING:
    from philia_tui.screens.inbox import InboxScreen
    from philia_tui.widgets.editor import Editor

MEANINGS = {
    "name": "what she is called",
    "piece": "the first piece of the draft",
    "sku": "its number",
    "price": "its price",
    "size": "its size",
    "hold": "the piece that is on hold for her",
    "shop": "your shop's name",
}


class CannedScreen(SideScreen):
    """One list and the text under the cursor; a text is changed in the editor and never sent from here."""

    NAME = "canned replies"
    BINDINGS: ClassVar = keys.bindings(keys.CANNED)
    KEYS: ClassVar = (*keys.CANNED, *(key for key in keys.LOOKING if key.id in {"look_filter", "look_open"}))
    DEFAULT_CSS = """
    CannedScreen Editor { height: 1fr; min-height: 5; background: $background; border: none;
        border-top: solid $primary; border-title-color: $primary; padding: 0 1; }
    """

    def __init__(self, inbox: InboxScreen) -> None:
        """Starts with every kept text."""
        super().__init__(inbox)
        self._kept: dict[int, Canned] = {}
        self._named: str | None = None
        empty = f"No reply is kept yet. {inbox.key_of('canned_add')} writes one."
        self.listing = Listing(self._rows, self._row, empty=empty)
        self.page = Page(self._detail)

    def body(self) -> Iterable[Widget]:
        """Returns the list and the text."""
        return (self.listing, self.page)

    def load(self) -> None:
        """Reads the kept texts."""
        words = self.words.lower().split()
        found = [
            one for one in canned.kept(self.desk.db) if all(word in f"{one.name} {one.text}".lower() for word in words)
        ]
        self._kept = {one.id: one for one in found}
        self.listing.show(array("q", self._kept))
        self.say(many(len(found), "reply", "replies") + (f" with “{one_line(self.words)}”" if self.words else ""))
        self.page.relay()

    @property
    def chosen(self) -> Canned | None:
        """The text under the cursor."""
        number = self.listing.selected
        return None if number is None else self._kept.get(number)

    @on(Listing.Highlighted)
    def _moved(self) -> None:
        self.page.relay()

    def _rows(self, ids: Any) -> dict[int, Any]:
        return {number: self._kept[number] for number in ids if number in self._kept}

    def _row(self, one: Canned, _width: int) -> Line:
        return [(fit(one_line(one.name), 20) + "  ", "strong"), (one_line(one.text), "text")]

    def _detail(self, width: int) -> list[Line]:
        one = self.chosen
        lines: list[Line] = []
        if one is not None:
            length = many(len(one.text), "character") + (f" · over {LIMIT}" if len(one.text) > LIMIT else "")
            lines += [[(one_line(one.name), "accent"), (f"  {length}", "dim")]]
            lines += wrap([(inert(one.text, lines=True), "text")], width)
            lines += self._filled(one, width)
        lines += [[], [("Names that are filled in by themselves", "accent")]]
        for name in canned.NAMES:
            lines += wrap([(f"  {{{name}}}".ljust(12), "key"), (MEANINGS[name], "dim")], width)
        return lines

    def _filled(self, one: Canned, width: int) -> list[Line]:
        """Tells how it reads in the conversation of the inbox, and which names she must fill in herself."""
        lines: list[Line] = []
        text = one.text
        if self.inbox.card is not None:
            text = self.inbox.filled(one)
            if text != one.text:
                spans: Line = [(f"To {self.inbox.whom()}: ", "dim"), (inert(text, lines=True), "owner")]
                lines += wrap(spans, width, indent=[("  ", "text")])
        for hole in dict.fromkeys(canned.holes(text)):
            why = "is yours to fill in" if hole.strip("{}").lower() not in canned.NAMES else "is not known here"
            lines += wrap(
                [("✗ ", "bad"), (one_line(hole), "unbacked"), (f" {why}; unfilled it is not sent", "bad")], width
            )
        return lines

    # Verbs

    @work(group="ask", exclusive=True, exit_on_error=False)
    async def action_canned_add(self) -> None:
        """Asks for a name and opens an empty text."""
        name = ((await self.ask("Its name?", placeholder="shipping, thanks, closed on sunday …")) or "").strip()
        if not name:
            return
        if any(one.name == name for one in canned.kept(self.desk.db)):
            self.inbox.tell(
                f"“{one_line(name)}” is kept already; {self.inbox.key_of('canned_edit')} changes it.", bad=True
            )
            return
        self.write(name, "")

    def action_canned_edit(self) -> None:
        """Opens the text in the editor."""
        one = self.chosen
        if one is not None:
            self.write(one.name, one.text)

    def action_canned_delete(self) -> None:
        """Forgets the text; u brings it back."""
        one = self.chosen
        if one is not None:
            self.act(self.inbox.verbs.drop_canned(one.name))

    def action_look_open(self) -> None:
        """Takes the text to the conversation of the inbox, filled in, into the editor."""
        one = self.chosen
        if one is None:
            return
        if self.inbox.card is None:
            self.inbox.tell("No conversation is open to take it to.", bad=True)
            return
        self.app.pop_screen()
        self.inbox.take_canned(one)

    @on(Listing.Chosen)
    def _clicked(self) -> None:
        self.action_look_open()

    # Writing

    def write(self, name: str, text: str) -> None:
        """Puts the editor in the text's place."""
        from philia_tui.widgets.editor import Editor  # noqa: PLC0415  # 60 ms, in the background by now

        if self.typing:
            return
        self._named = name
        self.begin_typing()
        self.page.display = False
        self.mount(Editor(text, what=f"Keeping “{one_line(name)}”"), after=self.page)

    async def on_editor_done(self, event: Editor.Done) -> None:
        """Keeps what was written; an empty text keeps nothing."""
        event.stop()
        name, self._named = self._named, None
        before = next((one.text for one in canned.kept(self.desk.db) if one.name == name), "")
        await self.query("#editor").remove()
        self.end_typing()
        self.page.display = True
        self.focus_home()
        if name is None or event.text == before:
            return
        if not event.text.strip():
            delete = self.inbox.key_of("canned_delete")
            self.inbox.tell(f"An empty text is not kept; {delete} forgets one.", bad=True)
            return
        self.act(self.inbox.verbs.keep_canned(name, event.text))

    def on_editor_outside(self, event: Editor.Outside) -> None:
        """Takes the text to $EDITOR and back."""
        event.stop()
        event.editor.text = self.inbox.outside(event.text)
