"""Activity: the journal, newest first; of everything, or of the conversation that the inbox shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, ClassVar

from textual.widget import Widget

from philia_tui import keys
from philia_tui.inert import one_line
from philia_tui.screens.side import SideScreen
from philia_tui.telling import clock_time, day, happened, many
from philia_tui.widgets.listing import Listing
from philia_tui.wrapping import Line, fit
from store.views.activity import Entry, entries, entry_ids

if TYPE_CHECKING:
    from philia_tui.screens.inbox import InboxScreen

WHO = {"owner": "owner", "auto": "auto", "phone": "phone", "customer": "customer"}


class ActivityScreen(SideScreen):
    """One list; `c` keeps it to the conversation of the inbox."""

    NAME = "activity"
    BINDINGS: ClassVar = keys.bindings(keys.ACTIVITY)
    KEYS: ClassVar = (*keys.ACTIVITY, *keys.LOOKING)

    def __init__(self, inbox: InboxScreen) -> None:
        """Starts with everything."""
        super().__init__(inbox)
        self.only: int | None = None
        self.listing = Listing(
            lambda ids: entries(self.desk.db, ids), self._row, empty="Nothing happened that has these words."
        )

    def body(self) -> Iterable[Widget]:
        """Returns the list."""
        return (self.listing,)

    def load(self) -> None:
        """Reads the order of the entries."""
        ids = entry_ids(self.desk.db, conversation=self.only, words=self.words)
        self.listing.show(ids)
        of = f" · {self.inbox.whom(self.only)}" if self.only is not None else ""
        self.say(many(len(ids), "entry", "entries") + of + (f" with “{one_line(self.words)}”" if self.words else ""))

    def _row(self, one: Entry, _width: int) -> Line:
        now = self.desk.clock()
        named = day(one.at, now, self.zone)
        when = clock_time(one.at, self.zone) if named == "Today" else f"{named[:9]} {clock_time(one.at, self.zone)}"
        line: Line = [
            (when.ljust(16), "faint"),
            (fit(one_line(one.who), 9) + " ", WHO.get(one.who, "dim")),
            (one_line(happened(one.what, one.subject, one.new)), "text"),
        ]
        if one.name:
            line.append((f"  {one_line(one.name)}", "dim"))
        if one.why:
            line.append((f"  {one_line(one.why)}", "dim"))
        return line

    def action_activity_only(self) -> None:
        """Keeps the list to one conversation, or shows everything again."""
        self.only = self.inbox.selected if self.only is None else None
        self.load()

    def action_look_open(self) -> None:
        """Goes to the conversation of the entry."""
        number = self.listing.selected
        entry = self.listing.row(number) if number is not None else None
        if entry is not None and entry.conversation is not None:
            self.app.pop_screen()
            self.inbox.go_to(entry.conversation)

    def action_look_export(self) -> None:
        """Writes the shown entries to a CSV file beside the database."""
        self.export("philia-activity.csv", self._table())

    def _table(self) -> Iterator[tuple[object, ...]]:
        yield ("at", "who", "what", "subject", "subject_id", "conversation", "from", "to", "why")
        for start in range(0, len(self.listing.ids), 500):
            some = self.listing.ids[start : start + 500].tolist()
            rows = entries(self.desk.db, some)
            for one in (rows[number] for number in some if number in rows):
                yield (
                    one.at,
                    one.who,
                    one.what,
                    one.subject,
                    one.subject_id,
                    one.conversation,
                    one.old,
                    one.new,
                    one.why,
                )
