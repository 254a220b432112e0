"""The inbox: queue | thread | draft | evidence, live while messages arrive."""

from __future__ import annotations

import time
from array import array
from typing import ClassVar
from zoneinfo import ZoneInfo

from textual import events, on
from textual.app import ComposeResult
from textual.worker import Worker, WorkerState

from philia_tui import keys, notices
from philia_tui.desk import Desk
from philia_tui.health import Examine, Health, ServerHandle
from philia_tui.inert import one_line
from philia_tui.known import known
from philia_tui.longwork import Job, LongWork
from philia_tui.messages import Changed, Fresh
from philia_tui.screens.helping import Helping
from philia_tui.screens.keeping import Keeping
from philia_tui.screens.moving import FIRST, Moving
from philia_tui.screens.noticing import Noticing
from philia_tui.screens.picturing import Picturing
from philia_tui.telling import left, many, urgency
from philia_tui.widgets.draft import Draft
from philia_tui.widgets.evidence import Evidence
from philia_tui.widgets.header import Header
from philia_tui.widgets.hints import Hints
from philia_tui.widgets.painting import Across, Down
from philia_tui.widgets.queue import Queue
from philia_tui.widgets.tabs import Tabs
from philia_tui.widgets.thread import Thread
from server.settings import Settings
from server.switchboard import Switchboard
from store import views

STACK_BELOW = 100
"""Columns under which the panes stand on each other."""

POLL_SECONDS = 0.1
"""How often the database is asked whether it changed: 10 µs each time."""

CALM = 12.0
"""After reading the lists for a while, so many times that while passes before they are read again."""

TICK_SECONDS = 1.0
"""How often countdowns and the header are drawn anew."""

THREAD_PAGE = 60
"""Messages read when a conversation is opened, and at each look further back."""


class InboxScreen(Moving, Keeping, Picturing, Noticing, Helping):
    """One screen over one desk; the verbs are in `deciding` and `keeping`."""

    BINDINGS: ClassVar = keys.bindings(keys.INBOX + keys.MOVING)
    KEYS: ClassVar = keys.INBOX
    AUTO_FOCUS = "Queue"

    def __init__(
        self,
        desk: Desk,
        settings: Settings,
        server: ServerHandle | None,
        switchboard: Switchboard,
        examine: Examine | None = None,
        work: LongWork | None = None,
    ) -> None:
        """Takes what it reads from."""
        super().__init__()
        self.desk = desk
        self.settings = settings
        self.server = server
        self.examine = examine
        self.work = work
        self.switchboard = switchboard
        self.zone = ZoneInfo(settings.shop.timezone)
        self.listed = "needs_you"
        self.words = ""
        self.card: views.Card | None = None
        self.draft: views.DraftView | None = None
        self.figures: views.Header | None = None
        self.pending: set[int] = set()
        self.faults: list[str] = []
        self._version = -1
        self._waiting = -1
        self._reading = False
        self._again = False
        self._not_before = 0.0

    def compose(self) -> ComposeResult:
        """Lays out the panes."""
        clock = self.desk.clock
        yield Header(self.settings.shop.handle, self.settings.auto_reply.mode, clock, self.zone, id="header")
        with Across(id="body"):
            with Down(id="left"):
                yield Tabs(id="tabs")
                yield Queue(
                    lambda ids: views.rows(self.desk.db, ids),
                    self.show_conversation,
                    clock,
                    self.zone,
                    self.settings.delivery.quota_per_window,
                    id="queue",
                )
            with Down(id="right"):
                yield Thread(self._older, clock, self.zone, id="thread")
                yield Draft(id="draft")
                yield Evidence(clock, self.settings.shop.unit, id="evidence")
        yield Hints(self.settings.inbox.keys, id="hints")

    def on_mount(self) -> None:
        """Shows the beginning of the list at once and the rest from the background."""
        self._widgets()
        self._stack(self.app.size.width)
        self.queue.empty_words = self.empty_words()
        self._version = self.desk.version()
        self.queue.show(views.order(self.desk.db, self.listed, limit=FIRST), keep=None)
        self.show_conversation()
        self.refresh_lists()
        self.set_interval(POLL_SECONDS, lambda: self.poll())  # noqa: PLW0108  # a test takes poll away
        self.set_interval(TICK_SECONDS, self._tick)

    def _widgets(self) -> None:
        self.queue = self.query_one(Queue)
        self.thread = self.query_one(Thread)
        self.draft_pane = self.query_one(Draft)
        self.evidence = self.query_one(Evidence)
        self.tabs = self.query_one(Tabs)
        self.header = self.query_one(Header)
        self.hints = self.query_one(Hints)

    def focus_home(self) -> None:
        """Gives the keys back to the queue."""
        self.queue.focus()

    # Live

    @property
    def is_reading(self) -> bool:
        """Whether a list is being read in the background."""
        return self._reading or self._again

    def poll(self) -> None:
        """Asks the database whether anybody wrote."""
        if self.desk.version() != self._version:
            self.post_message(Changed())

    def _tick(self) -> None:
        """Countdowns move by themselves; nothing is read that has not changed."""
        self.look_at_switches()
        health = self.health()
        if health.standing == "failed" and self.header.health.standing != "failed":
            self.tell(f"The server failed: {health.words}", bad=True)
        elif health.standing == "stopped" and self.server is not None:
            self.server.start()
        self._show_header(health)
        self.queue.redraw()
        if self.thread.has_sendings:
            self.thread.relay()
        self.evidence.tick()

    def begin_work(self, job: Job) -> None:
        """Begins long work; it goes on whatever screen is shown, and a toast says what came of it."""
        if self.work is not None:
            self.run_worker(self._work_through(self.work, job), group="work", exit_on_error=False)

    async def _work_through(self, work: LongWork, job: Job) -> None:
        told = await work.run(job)
        self.tell(told.outcome, bad=told.status != 0)
        self._show_header(self.health())

    def _show_header(self, health: Health) -> None:
        self.header.show(self.figures, health, self.work.words if self.work is not None else "")

    def health(self) -> Health:
        """Returns how the server stands."""
        return Health("stopped") if self.server is None else self.server.health()

    @on(Changed)
    def _changed(self, event: Changed) -> None:
        event.stop()
        self._version = self.desk.version()
        self.refresh_lists()

    def refresh_lists(self) -> None:
        """Reads the shown list and the figures anew in the background; what comes in meanwhile waits for one more."""
        if self._reading:
            self._again = True
            return
        rest = self._not_before - time.monotonic()
        if rest > 0:
            # Somebody writes without end: the screen follows in steps, and keys stay quick in between.
            if not self._again:
                self._again = True
                self.set_timer(rest, self._read_again)
            return
        self._reading, self._again = True, False
        self.run_worker(self._read_lists(), group="lists", exit_on_error=False)

    def _read_again(self) -> None:
        self._again = False
        self.refresh_lists()

    async def _read_lists(self) -> None:
        start = time.monotonic()
        listed, words = self.listed, self.words
        version = self._version
        now = self.desk.clock()

        def read(db: object) -> tuple[array[int], views.Header]:
            ids = views.find(db, listed, words) if words else views.order(db, listed)  # type: ignore[arg-type]
            return ids, views.header(db, now=now)  # type: ignore[arg-type]

        try:
            ids, figures = await self.desk.read(read)
        finally:
            self._reading = False
            self._not_before = time.monotonic() + CALM * (time.monotonic() - start)
        self.post_message(Fresh(listed, words, ids, figures, version))

    @on(Fresh)
    def _fresh(self, event: Fresh) -> None:
        event.stop()
        self.figures = event.header
        self._show_header(self.health())
        self.tabs.show(self.listed, event.header.tally, self.words)
        self._title()
        if (event.listed, event.words) == (self.listed, self.words):
            ids = event.ids
            if self.pending:
                ids = array("q", [one for one in ids if one not in self.pending])
            self.queue.show(ids, keep=self.queue.selected)
            self.show_conversation()
        self.tell_notices()
        if self._again or (event.listed, event.words) != (self.listed, self.words):
            self._again = False
            self.refresh_lists()

    def _title(self) -> None:
        waiting = self.figures.tally["needs_you"] if self.figures else 0
        if waiting != self._waiting:
            self.app.title = f"({waiting}) Philia" if waiting else "Philia"
            notices.title(self.app, waiting)
            if waiting > self._waiting >= 0:
                notices.more_needs_you(self.app, waiting, self.settings.inbox.notify)
            self._waiting = waiting

    # The selected conversation

    def show_conversation(self) -> None:
        """Reads the selected conversation by index and draws its panes."""
        conversation = self.selected
        db = self.desk.db
        self.card = None if conversation is None else views.card(db, conversation)
        if conversation is None or self.card is None:
            self.draft = None
            self.thread.entitle(" Thread ")
            self.thread.words = self._first_steps()
            self.thread.show(None, [], [], read_at=None, whole=True)
            self.draft_pane.show(None)
            self.evidence.show(None)
            self._hint()
            return
        said = views.said(db, conversation, limit=THREAD_PAGE)
        self.thread.entitle(self._title_of(self.card, said))
        self.thread.show(
            conversation,
            said,
            views.sendings(db, conversation),
            read_at=self.card.customer_read_at,
            whole=len(said) < THREAD_PAGE,
        )
        number = self.card.live_draft
        self.draft = None if number is None else views.draft(db, number)
        self.draft_pane.show(self.draft, "" if self.draft else self._why_no_draft(self.card))
        self.evidence.show(self.draft)
        self.note_shown()
        self._hint()

    def _first_steps(self) -> tuple[str, ...]:
        """Returns what to do in a shop to which nobody has written yet."""
        if self.desk.db.execute("SELECT 1 FROM conversations LIMIT 1").fetchone() is not None:
            return ()
        shows = self.key_of("screen_settings")
        return (
            "Welcome. Nobody has written yet.",
            "Messages from TikTok appear here by themselves, each with a draft written from your stock.",
            "philia items import FILE.csv   brings in the stock",
            "philia login                   signs in with TikTok",
            f"philia doctor                  says what is missing, and how to mend it ({shows} shows it here)",
            "philia demo                    tries all of it with made-up customers",
        )

    def _title_of(self, card: views.Card, said: list[views.Said]) -> str:
        parts = [one_line(card.name or card.tiktok_id), *known(self.desk.db, card, said)]
        if card.mode != "review":
            parts.append("auto" if card.mode == "auto" else "paused")
        if card.blocked:
            parts.append("BLOCKED")
        parts += [f"#{one_line(label)}" for label in card.labels[:3]]
        if card.window_closes_at is not None:
            rest = card.window_closes_at - self.desk.clock()
            parts.append("window closed" if urgency(rest) == "closed" else f"⌛ {left(rest)}")
        if card.notes or card.user_notes:
            parts.append("✎ " + one_line(card.notes or card.user_notes)[:40])
        return " " + " · ".join(parts) + " "

    def _why_no_draft(self, card: views.Card) -> str:
        if card.blocked:
            return f"Blocked: nothing is drafted for this customer. {self.key_of('block')} lifts it."
        if card.queue == "sending":
            return f"Decided; on its way. {self.key_of('undo')} takes it back while it is held."
        if card.queue == "in_doubt":
            settles = f"{self.key_of('doubt')} settles it when Philia cannot."
            return f"A reply is in doubt: it may or may not have arrived. {settles}"
        if card.queue == "needs_you":
            return self.no_draft()
        return "No draft."

    def _older(self, before: tuple[int, int]) -> list[views.Said]:
        conversation = self.selected
        return [] if conversation is None else views.said(self.desk.db, conversation, before=before, limit=THREAD_PAGE)

    def _hint(self) -> None:
        if self.typing and self.query("#editor"):
            # The line says what the editor's keys are, whatever arrives meanwhile.
            return
        lead = f"{many(len(self.queue.marks), 'marked', 'marked')}:" if self.queue.marks else ""
        piece = self.piece()
        names = {"hold": f"hold {one_line(piece)}"} if piece else {}
        wanted = [key for key in keys.INBOX + keys.EVERYWHERE if key.hint]
        self.hints.show(wanted, names=names, lead=lead)

    def piece(self) -> str | None:
        """Returns the SKU that hold and sold mean here: the first that the draft names."""
        return self.draft.basis[0].sku if self.draft is not None and self.draft.basis else None

    @on(Worker.StateChanged)
    def _worker_ended(self, event: Worker.StateChanged) -> None:
        """Says that something failed which nobody foresaw; the inbox stays open and nothing was half done."""
        event.stop()
        if event.state is WorkerState.ERROR and event.worker.error is not None:
            fault = event.worker.error
            self.faults.append(repr(fault))
            # The kind only: an error's text may quote a customer.
            self.tell(f"That did not work ({type(fault).__name__}). Nothing was changed; try again.", bad=True)

    def go_back(self) -> bool:
        """Closes what is open on this screen; tells whether anything was."""
        if self.has_class("-opened"):
            self.remove_class("-opened")
            self.queue.focus()
            return True
        if self.has_class("-why"):
            self.remove_class("-why")
            return True
        if self.queue.marks:
            self.queue.marks.clear()
            self.queue.redraw()
            self._hint()
            return True
        if self.words:
            self.show_list(self.listed)
            return True
        if self.listed != "needs_you":
            self.show_list("needs_you")
            return True
        return False

    def on_resize(self, event: events.Resize) -> None:
        """Stacks the panes where the screen is narrow."""
        self._stack(event.size.width)

    def _stack(self, width: int) -> None:
        stacked = width < STACK_BELOW
        self.set_class(stacked, "-stacked")
        if self.is_mounted:
            queue = self.query_one(Queue)
            if queue.tall == stacked:
                queue.tall = not stacked
                queue.show(queue.ids, keep=queue.selected)
