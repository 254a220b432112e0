"""Moving about: between lists, along a list, into a thread and back. A mixin of the inbox screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on

from philia_tui.screens.deciding import Deciding
from philia_tui.telling import QUEUE_NAMES
from philia_tui.widgets.queue import Queue
from philia_tui.widgets.tabs import Tabs
from store import views

if TYPE_CHECKING:
    from philia_tui.widgets.thread import Thread

FIRST = 400
"""Conversations of the list that the first paint reads; the rest follows in the background."""

EMPTY = {
    "needs_you": "Nothing needs you. New messages appear here by themselves.",
    "waiting": "No draft is being written.",
    "sending": "Nothing is on its way.",
    "holds": "No piece is on hold. {hold} holds one for a customer.",
    "in_doubt": "Nothing is in doubt.",
    "snoozed": "Nothing is put away.",
    "done": "Nothing is done yet.",
}


class Moving(Deciding):
    """The keys that move."""

    if TYPE_CHECKING:
        words: str
        figures: views.Header | None
        tabs: Tabs
        thread: Thread

    # Lists

    def show_list(self, listed: str, *, words: str = "") -> None:
        """Shows another list, or the same with other words."""
        if self.listed != listed:
            self.queue.marks.clear()
        self.listed, self.words = listed, words
        self.queue.empty_words = self.empty_words()
        self.queue.cursor = 0
        db = self.desk.db
        ids = views.find(db, listed, words) if words else views.order(db, listed, limit=FIRST)
        self.queue.show(ids, keep=None)
        self.tabs.show(listed, self.figures.tally if self.figures else {}, words)
        self.show_conversation()
        self.refresh_lists()

    def empty_words(self) -> str:
        """Says what it means that the list is empty."""
        if self.words:
            return f"Nothing in {QUEUE_NAMES[self.listed]} has these words."
        return EMPTY[self.listed].format(hold=self.key_of("hold"))

    def go_to(self, conversation: int) -> None:
        """Shows a conversation, in whichever list it stands."""
        row = views.rows(self.desk.db, [conversation]).get(conversation)
        if row is None:
            self.tell("That conversation is gone.", bad=True)
            return
        self.show_list(row.queue)
        if not self.queue.find(conversation):
            ids = views.order(self.desk.db, row.queue)
            self.queue.show(ids, keep=conversation)
            self.queue.find(conversation)
            self.show_conversation()

    def action_next_list(self) -> None:
        """Shows the next list."""
        self.show_list(views.LISTS[(views.LISTS.index(self.listed) + 1) % len(views.LISTS)])

    def action_previous_list(self) -> None:
        """Shows the list before."""
        self.show_list(views.LISTS[views.LISTS.index(self.listed) - 1])

    @on(Tabs.Picked)
    def _picked(self, event: Tabs.Picked) -> None:
        self.show_list(event.listed)

    # Moving

    def action_down(self) -> None:
        """One down; in an opened thread, one line."""
        self._step(1)

    def action_up(self) -> None:
        """One up."""
        self._step(-1)

    def _step(self, by: int) -> None:
        if self.has_class("-opened"):
            self.thread.scroll_lines(by)
        else:
            self.queue.move(by)

    def action_page_down(self) -> None:
        """A page down."""
        self._page(1)

    def action_page_up(self) -> None:
        """A page up."""
        self._page(-1)

    def _page(self, by: int) -> None:
        if self.has_class("-opened"):
            self.thread.scroll_lines(by * max(1, self.thread.size.height - 2))
        else:
            self.queue.page(by)

    def action_first(self) -> None:
        """The first."""
        self.queue.go(0)

    def action_last(self) -> None:
        """The last."""
        self.queue.go(len(self.queue.ids) - 1)

    def action_older(self) -> None:
        """Scrolls the thread back."""
        self.thread.scroll_lines(-3)

    def action_newer(self) -> None:
        """Scrolls the thread on."""
        self.thread.scroll_lines(3)

    def action_open(self) -> None:
        """Gives the thread the keys, and the whole screen where panes are stacked."""
        if self.selected is not None:
            self.add_class("-opened")
            if self.card is not None and self.card.unread:
                self.run_worker(self.perform(self.verbs.seen(self.selected), quiet=True), group="act")
            self.thread.focus()

    @on(Queue.Opened)
    def _opened(self) -> None:
        self.action_open()
