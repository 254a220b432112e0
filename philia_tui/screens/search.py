"""Search everything: every message ever, by the index, as it is typed."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on, work
from textual.widget import Widget

from philia_tui import keys
from philia_tui.inert import one_line
from philia_tui.screens.side import SideScreen
from philia_tui.telling import QUEUE_NAMES, clock_time, day, many
from philia_tui.widgets.listing import Listing
from philia_tui.wrapping import Line, fit
from store import views

if TYPE_CHECKING:
    from philia_tui.screens.inbox import InboxScreen


class SearchScreen(SideScreen):
    """A list of messages that have the words."""

    NAME = "search"
    KEYS: ClassVar = tuple(key for key in keys.LOOKING if key.id != "look_export")

    def __init__(self, inbox: InboxScreen) -> None:
        """Starts by asking for the words."""
        super().__init__(inbox)
        # From its first moment on keys are words, though the field for them comes a frame later.
        self.typing, self._early = True, []
        self._found: dict[int, views.Found] = {}
        self.listing = Listing(self._rows, self._row, empty="No message has these words.")

    def body(self) -> Iterable[Widget]:
        """Returns the list."""
        return (self.listing,)

    def on_mount(self) -> None:
        """Asks at once."""
        self.action_look_filter()

    def load(self) -> None:
        """Searches in the background."""
        self._search(self.words)

    @work(group="lists", exclusive=True, exit_on_error=False)
    async def _search(self, words: str) -> None:
        found = await self.desk.read(lambda db: views.messages(db, words)) if words else []
        if words == self.words:
            self._found = {one.message: one for one in found}
            self.listing.show(array("q", [one.message for one in found]))
            self.say(f"{many(len(found), 'message')} with “{one_line(words)}”" if words else "type a word")

    def _rows(self, ids: Any) -> dict[int, Any]:
        return {number: self._found[number] for number in ids if number in self._found}

    def _row(self, one: views.Found, _width: int) -> Line:
        named = day(one.at, self.desk.clock(), self.zone)
        when = clock_time(one.at, self.zone) if named == "Today" else named
        who = one_line(one.name or one.user)
        said = one_line(views.excerpt(one.text, self.words))
        return [
            (fit(when, 14) + " ", "faint"),
            (fit(who, 14) + " ", "strong"),
            (QUEUE_NAMES.get(one.queue, one.queue).ljust(10), "dim"),
            ("you: " if one.role == "assistant" else "", "dim"),
            (said, "text"),
        ]

    def action_look_open(self) -> None:
        """Goes to the conversation of the message."""
        number = self.listing.selected
        if number in self._found:
            conversation = self._found[number].conversation
            self.app.pop_screen()
            self.inbox.go_to(conversation)

    @on(Listing.Chosen)
    def _chosen(self) -> None:
        self.action_look_open()
