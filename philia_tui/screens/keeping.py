"""Keeping order: snooze, hold, sold, notes, labels, marks, finding. A mixin of the inbox screen."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec.structs import replace
from textual import work

from philia_tui.inert import one_line
from philia_tui.screens.deciding import Deciding
from philia_tui.telling import moment
from store import views

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from philia_tui.verbs import Act
    from philia_tui.widgets.draft import Draft
    from philia_tui.widgets.header import Header
    from server.switchboard import Switchboard


class Keeping(Deciding):
    """The verbs about threads."""

    if TYPE_CHECKING:
        zone: ZoneInfo
        draft_pane: Draft
        header: Header
        switchboard: Switchboard
        words: str
        piece: Callable[[], str | None]
        show_list: Callable[..., None]
        _hint: Callable[[], None]

    def targets(self) -> list[int]:
        """Returns the marked conversations, or the selected one."""
        return self.marked() or ([self.selected] if self.selected is not None else [])

    async def on_all(self, make: Callable[[int], Act], words: str, *, leaving: bool = False) -> None:
        """Runs an act for each target; several are told of in one sentence."""
        targets = self.targets()
        for conversation in targets:
            goes = conversation if leaving and len(targets) == 1 else None
            await self.perform(make(conversation), leaving=goes, quiet=len(targets) > 1)
        self.after_many(targets, words)

    # Snooze

    @work(group="ask", exclusive=True, exit_on_error=False)
    async def action_snooze(self) -> None:
        """Asks until when and puts the threads away."""
        # 2 ms of patterns that the first paint does not pay.
        from server.until import EXAMPLES, NotATime, until  # noqa: PLC0415

        if not self.targets():
            return
        now = self.desk.clock()

        def meant(words: str) -> str:
            try:
                return f"→ {moment(until(words, now=now, zone=self.zone), now, self.zone)}"
            except NotATime:
                return EXAMPLES[:34]

        answer = await self.ask("Snooze until?", placeholder="2h, tomorrow 9:00, monday", preview=meant)
        if answer is None:
            return
        try:
            time = until(answer, now=self.desk.clock(), zone=self.zone)
        except NotATime as refusal:
            self.tell(str(refusal), bad=True)
            return
        when = moment(time, now, self.zone)
        await self.on_all(
            lambda one: self.verbs.snooze(one, time, whom=self.whom(one), when=when),
            f"threads put away until {when}",
            leaving=self.listed == "needs_you",
        )

    @work(group="ask", exclusive=True, exit_on_error=False)
    async def action_unsnooze(self) -> None:
        """Brings threads back."""
        await self.on_all(lambda one: self.verbs.wake(one, whom=self.whom(one)), "threads are back")

    # Notes, labels, blocks, modes

    @work(group="ask", exclusive=True, exit_on_error=False)
    async def action_note(self) -> None:
        """Keeps a note with the conversation."""
        card = self.card
        if card is None:
            return
        text = await self.ask("Note:", value=one_line(card.notes), placeholder="seen only by you")
        if text is not None and text != card.notes:
            await self.perform(self.verbs.note(card.conversation, text, before=card.notes, whom=self.whom()))

    @work(group="ask", exclusive=True, exit_on_error=False)
    async def action_note_customer(self) -> None:
        """Keeps a note with the customer."""
        card = self.card
        if card is None:
            return
        text = await self.ask(f"Note on {self.whom()}:", value=one_line(card.user_notes))
        if text is not None and text != card.user_notes:
            await self.perform(
                self.verbs.note_customer(card.conversation, card.user, text, before=card.user_notes, whom=self.whom())
            )

    @work(group="ask", exclusive=True, exit_on_error=False)
    async def action_label(self) -> None:
        """Adds labels, or takes off those that are there."""
        if not self.targets():
            return
        text = await self.ask("Label:", placeholder="vip, wholesale … naming one again takes it off")
        named = [one.strip().lstrip("#") for one in (text or "").split(",") if one.strip().lstrip("#")]
        if not named:
            return

        def make(conversation: int) -> Act:
            card = views.card(self.desk.db, conversation)
            before = card.labels if card else ()
            kept = tuple(one for one in before if one not in named)
            after = kept + tuple(one for one in named if one not in before)
            return self.verbs.labels(conversation, after, before=before, whom=self.whom(conversation))

        await self.on_all(make, "threads labelled")

    @work(group="ask", exclusive=True, exit_on_error=False)
    async def action_block(self) -> None:
        """Blocks the customer, or lifts it; blocking asks first."""
        card = self.card
        if card is None:
            return
        if not card.blocked and await self.ask(f"Block {self.whom()}? {self.yes_no()}") is None:
            return
        await self.perform(self.verbs.block(card.conversation, card.user, blocked=not card.blocked, whom=self.whom()))

    @work(group="ask", exclusive=True, exit_on_error=False)
    async def action_mode(self) -> None:
        """Changes the conversation to its next mode: review, auto, paused."""
        following = {"review": "auto", "auto": "paused", "paused": "review"}

        def make(conversation: int) -> Act:
            card = views.card(self.desk.db, conversation)
            before = card.mode if card else "review"
            return self.verbs.mode(conversation, following[before], before=before, whom=self.whom(conversation))

        await self.on_all(make, "threads changed")

    def look_at_switches(self) -> None:
        """Takes the switches of automatic replies as config.toml has them now, whoever wrote it."""
        self.switchboard.look()
        auto = self.switchboard.settings.auto_reply
        if auto != self.settings.auto_reply:
            self.settings = replace(self.settings, auto_reply=auto)
            self.header.auto = auto.mode
            self.header.refresh()

    # Pieces

    @work(group="ask", exclusive=True, exit_on_error=False)
    async def action_hold(self) -> None:
        """Holds the piece for this customer; the confirmation is drafted."""
        await self._about_piece("Hold which piece?", self.verbs.hold)

    @work(group="ask", exclusive=True, exit_on_error=False)
    async def action_release(self) -> None:
        """Ends the hold on the piece."""
        held = self.card.holds[0] if self.card is not None and self.card.holds else None
        await self._about_piece("Release which piece?", self.verbs.release, named=held)

    @work(group="ask", exclusive=True, exit_on_error=False)
    async def action_sold(self) -> None:
        """Marks the piece sold; every thread about it is tidied."""
        await self._about_piece("Sold which piece?", lambda sku, _one, **_: self.verbs.sold(sku))

    @work(group="ask", exclusive=True, exit_on_error=False)
    async def action_unsold(self) -> None:
        """Makes a sold piece available again."""
        await self._about_piece("Which piece is not sold?", lambda sku, _one, **_: self.verbs.unsold(sku))

    async def _about_piece(self, question: str, verb: Callable[..., Act], *, named: str | None = None) -> None:
        if self.selected is None:
            return
        conversation, whom = self.selected, self.whom()
        skus = [piece.sku for piece in self.draft.basis] if self.draft is not None else []
        sku = named or (skus[0] if len(skus) == 1 else None)
        if sku is None:
            first = skus[0] if skus else ""
            sku = await self.ask(question, value=first, placeholder="its SKU, such as J-014")
        if sku and sku.strip():
            await self.perform(verb(sku.strip(), conversation, whom=whom))

    # Marks

    def action_mark(self) -> None:
        """Marks or unmarks this one."""
        one = self.selected
        if one is None:
            return
        self.queue.marks ^= {one}
        self._anchor = self.queue.cursor
        self.queue.move(1)
        self.queue.redraw()
        self._hint()

    _anchor = 0

    def action_mark_range(self) -> None:
        """Marks everything between the last mark and here."""
        low, high = sorted((self._anchor, self.queue.cursor))
        self.queue.marks |= set(self.queue.ids[low : high + 1])
        self._anchor = self.queue.cursor
        self.queue.redraw()
        self._hint()

    # Finding

    def action_needs_me(self) -> None:
        """Goes to the next thread that needs the owner."""
        self._needing(1)

    def action_needs_me_back(self) -> None:
        """Goes to the one before."""
        self._needing(-1)

    def _needing(self, by: int) -> None:
        if self.listed != "needs_you" or self.words:
            self.show_list("needs_you")
            return
        if not self.queue.ids:
            self.tell("Nothing needs you.")
            return
        self.queue.go((self.queue.cursor + by) % len(self.queue.ids))

    @work(group="ask", exclusive=True, exit_on_error=False)
    async def action_filter(self) -> None:
        """Keeps the list to the words as they are typed."""
        before = self.words
        answer = await self.ask(
            "/", value=before, placeholder="name, word, intent, label", typed=lambda words: self._filter(words.strip())
        )
        if answer is None:
            self._filter("")

    def _filter(self, words: str) -> None:
        if words != self.words:
            self.show_list(self.listed, words=words)

    # Looking closer

    def action_why(self) -> None:
        """Gives the evidence the room, or takes it back."""
        self.toggle_class("-why")
        self.call_after_refresh(self.draft_pane.relay)

    def action_translate(self) -> None:
        """Shows or hides the translation."""
        self.draft_pane.translated = not self.draft_pane.translated
        self.draft_pane.relay()
