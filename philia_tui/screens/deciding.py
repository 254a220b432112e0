"""Deciding about replies: approve, edit with its review, instruct, reject, undo. A mixin of the inbox screen.

Every decision is bound to the text that was on the screen; what changed meanwhile is refused by the store, and the
refusal is shown in its own words.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from textual import work

from philia_tui import keys
from philia_tui.inert import one_line
from philia_tui.screens.typing import Typing
from philia_tui.telling import many
from store import views
from store.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from philia_tui.desk import Desk
    from philia_tui.verbs import Act, Done, Verbs
    from philia_tui.widgets.queue import Queue
    from server.settings import Settings

SEEN_SECONDS = 0.12
"""How long a draft must have been on the screen before `a` sends it: a key held down repeats every 30 ms."""


class Deciding(Typing):
    """The verbs about replies."""

    if TYPE_CHECKING:
        desk: Desk
        settings: Settings
        card: views.Card | None
        draft: views.DraftView | None
        queue: Queue
        pending: set[int]
        listed: str
        show_conversation: Callable[[], None]
        refresh_lists: Callable[[], None]

    seen_seconds = SEEN_SECONDS
    _shown_draft: tuple[int, str] | None = None
    _shown_at = 0.0

    @property
    def selected(self) -> int | None:
        """The conversation that the panes show and the verbs act on."""
        return self.queue.selected

    @property
    def verbs(self) -> Verbs:
        """The acts of this inbox."""
        # 60 ms of decisions, stock and outbox; loaded in the background after the first paint.
        from philia_tui.verbs import Verbs  # noqa: PLC0415

        return Verbs(self.settings, self.desk.clock)

    def whom(self, conversation: int | None = None) -> str:
        """Returns how the customer of a conversation is called in a sentence."""
        card = self.card
        if conversation is not None and (card is None or card.conversation != conversation):
            card = views.card(self.desk.db, conversation)
        return (one_line(card.name) or one_line(card.tiktok_id) or "this customer") if card else "this customer"

    def tell(self, words: str, *, bad: bool = False) -> None:
        """Says something in a toast, as plain text."""
        self.app.notify(words, severity="warning" if bad else "information", timeout=8 if bad else 5)

    # One act

    @work(group="act", exit_on_error=False)
    async def act(self, act: Act, *, leaving: int | None = None) -> None:
        """Runs one act and says what it did, what `u` undoes, or why it was refused."""
        await self.perform(act, leaving=leaving)

    async def perform(self, act: Act, *, leaving: int | None = None, quiet: bool = False) -> Done | None:
        """Runs one act; None when it was refused, with the reason told."""
        if leaving is not None:
            self.pending.add(leaving)
            self.queue.drop({leaving})
            self.show_conversation()
        try:
            done = await self.desk.write(act)
        except StoreError as refusal:
            if not quiet:
                self.tell(str(refusal), bad=True)
            return None
        finally:
            if leaving is not None:
                self.pending.discard(leaving)
            self.refresh_lists()
        if done.undo is not None:
            self.undo_stack.append(done)
        if done.words and not quiet:
            back = self.key_of("undo")
            self.tell(done.words + (f"   [{back} undoes: {done.undo_words}]" if done.undo is not None else ""))
        return done

    @property
    def undo_stack(self) -> list[Done]:
        """What can be taken back, the newest last."""
        if not hasattr(self, "_undos"):
            self._undos: list[Done] = []
        return self._undos

    def key_of(self, name: str) -> str:
        """Returns the key of a command as the owner has it."""
        return keys.pressed(name, self.settings.inbox.keys)

    def yes_no(self) -> str:
        """Says how a question that is only to be confirmed is answered; Enter is the field's own."""
        return f"Enter: yes, {self.key_of('ask_cancel')}: no"

    def no_draft(self) -> str:
        """Says what can be done where no draft stands."""
        return (
            f"No draft stands here. {self.key_of('redraft')} has one written, {self.key_of('write')} writes your own."
        )

    # Approve

    def note_shown(self) -> None:
        """Remembers since when the present draft is on the screen."""
        shown = None if self.draft is None else (self.draft.id, self.draft.text_hash)
        if shown != self._shown_draft:
            self._shown_draft, self._shown_at = shown, time.monotonic()

    def action_approve(self) -> None:
        """Sends the draft that is on the screen, or all that are marked."""
        if self.queue.marks:
            self.approve_many(self.marked())
            return
        draft = self.ready()
        if draft is None:
            return
        if time.monotonic() - self._shown_at < self.seen_seconds:
            self.tell("You have not seen this draft yet; press it again.", bad=True)
            return
        conversation = draft.conversation
        act = self.verbs.approve(draft.id, seen_hash=draft.text_hash, whom=self.whom())
        self.act(act, leaving=conversation if self.listed == "needs_you" else None)

    def ready(self) -> views.DraftView | None:
        """Returns the ready draft on the screen, or says why there is none."""
        draft = self.draft
        if self.selected is None:
            self.tell("There is nothing here to decide.", bad=True)
            return None
        if draft is None:
            self.tell(self.no_draft(), bad=True)
            return None
        if draft.state != "ready":
            self.tell("The draft is still being written.", bad=True)
            return None
        return draft

    def marked(self) -> list[int]:
        """Returns the marked conversations in the order of the list."""
        return [one for one in self.queue.ids if one in self.queue.marks]

    def action_approve_all(self) -> None:
        """Sends every draft of this list whose claims are all backed, after asking."""
        conversations = [
            one.conversation
            for some in _chunks(self.queue.ids.tolist())
            for one in views.rows(self.desk.db, some).values()
            if one.draft_state == "ready" and one.verdict == "pass" and not one.needs_owner
        ]
        if not conversations:
            self.tell("No draft of this list is backed in every claim.", bad=True)
            return
        self.approve_many(conversations, asked=f"Send {many(len(conversations), 'backed draft')}? {self.yes_no()}")

    @work(group="bulk", exclusive=True, exit_on_error=False)
    async def approve_many(self, conversations: list[int], asked: str = "") -> None:
        """Sends the drafts of several conversations, each checked again when its turn comes."""
        if asked and await self.ask(asked) is None:
            return
        sent = 0
        refused: list[str] = []
        for conversation in conversations:
            card = views.card(self.desk.db, conversation)
            draft = views.draft(self.desk.db, card.live_draft) if card and card.live_draft else None
            name = one_line(card.name or card.tiktok_id) if card else str(conversation)
            if draft is None or draft.state != "ready":
                refused.append(f"{name}: no draft is ready")
                continue
            if draft.verdict == "hold" and not self.queue.marks:
                refused.append(f"{name}: not every claim is backed")
                continue
            try:
                done = await self.desk.write(self.verbs.approve(draft.id, seen_hash=draft.text_hash, whom=name))
            except StoreError as refusal:
                refused.append(f"{name}: {refusal}")
                continue
            sent += 1
            self.undo_stack.append(done)
        self.clear_marks()
        self.refresh_lists()
        words = f"{many(sent, 'reply', 'replies')} decided; {self.key_of('undo_all')} takes all back that has not left."
        if refused:
            words += "\nNot sent: " + "; ".join(refused[:4]) + (" …" if len(refused) > 4 else "")
        self.tell(words, bad=bool(refused))

    def clear_marks(self) -> None:
        """Unmarks everything."""
        self.queue.marks.clear()
        self.queue.redraw()

    # Instruct, reject, redraft

    @work(group="ask", exclusive=True, exit_on_error=False)
    async def action_instruct(self) -> None:
        """Asks for an instruction and has the draft written again."""
        targets = self.marked() or ([self.selected] if self.selected is not None else [])
        if not targets:
            return
        words = await self.ask("How should it be written?", placeholder="shorter, offer the blue one, in Spanish …")
        if not words:
            return
        for conversation in targets:
            card = views.card(self.desk.db, conversation)
            draft = views.draft(self.desk.db, card.live_draft) if card and card.live_draft else None
            number = draft.id if draft is not None and draft.state == "ready" else None
            whom = self.whom(conversation)
            await self.perform(self.verbs.instruct(conversation, number, words, whom=whom), quiet=len(targets) > 1)
        self.after_many(targets, "drafts are being written again")

    @work(group="ask", exclusive=True, exit_on_error=False)
    async def action_reject(self) -> None:
        """Asks for a reason and throws the draft away."""
        targets = self.marked()
        if not targets:
            draft = self.ready()
            if draft is None:
                return
            targets = [draft.conversation]
        shown = {one: self.live_draft(one) for one in targets}
        reason = await self.ask("Why not?", placeholder="wrong facts, tone, no reply needed … (Enter: no reason)")
        if reason is None:
            return
        for conversation in targets:
            number = shown[conversation]
            if number is not None:
                act = self.verbs.reject(number, str(reason).strip() or "no reason given", whom=self.whom(conversation))
                await self.perform(act, quiet=len(targets) > 1)
        self.after_many(targets, "drafts rejected")

    def live_draft(self, conversation: int) -> int | None:
        """Returns the number of a conversation's live draft."""
        card = views.card(self.desk.db, conversation)
        return card.live_draft if card else None

    def action_redraft(self) -> None:
        """Has new drafts written from the stock as it is now."""
        targets = self.marked() or ([self.selected] if self.selected is not None else [])
        for conversation in targets:
            self.act(self.verbs.redraft(conversation, whom=self.whom(conversation)))
        self.clear_marks()

    def after_many(self, targets: list[int], words: str) -> None:
        """Unmarks after a verb on several, and says how many it was."""
        if len(targets) > 1:
            self.tell(f"{len(targets)} {words}")
        self.clear_marks()

    # Undo

    @work(group="undo", exit_on_error=False)
    async def action_undo(self) -> None:
        """Takes the last thing back, or the newest reply that has not left."""
        while self.undo_stack:
            last = self.undo_stack.pop()
            assert last.undo is not None
            try:
                done = await self.desk.write(last.undo)
            except StoreError as refusal:
                self.tell(str(refusal), bad=True)
                return
            finally:
                self.refresh_lists()
            self.tell(done.words)
            return
        held = views.newest_held(self.desk.db)
        if held is None:
            self.tell("There is nothing to take back.")
            return
        await self.perform(self.verbs.take_back(held[0], whom=self.whom(held[1])))

    @work(group="undo", exit_on_error=False)
    async def action_undo_all(self) -> None:
        """Takes back every reply that is still held."""
        taken = 0
        for delivery, conversation in views.all_held(self.desk.db):
            if await self.perform(self.verbs.take_back(delivery, whom=self.whom(conversation)), quiet=True):
                taken += 1
        self.undo_stack.clear()
        self.tell(f"{many(taken, 'reply', 'replies')} taken back." if taken else "There is nothing to take back.")

    def action_send_now(self) -> None:
        """Lets what is held in this conversation leave now."""
        held = [one for one in self.sendings_here() if one.state == "held"]
        if not held:
            self.tell("Nothing is held here.", bad=True)
        for one in held:
            self.act(self.verbs.hurry(one.id, whom=self.whom()))

    def sendings_here(self) -> list[views.Sending]:
        """Returns what is on its way or failed in this conversation."""
        return [] if self.selected is None else views.sendings(self.desk.db, self.selected)

    @work(group="ask", exclusive=True, exit_on_error=False)
    async def action_doubt(self) -> None:
        """Asks what became of a reply in doubt, or whether a failed one is tried again."""
        found = [one for one in self.sendings_here() if one.state in {"needs_owner", "unknown", "failed", "expired"}]
        if not found:
            self.tell("Nothing is in doubt here.")
            return
        one, whom = found[0], self.whom()
        if one.state in {"failed", "expired"}:
            answer = await self.ask("It was not sent: again or drop?", placeholder="again | drop")
            if answer is None:
                return
            again = str(answer).strip().lower() == "again"
            await self.perform(
                self.verbs.retry(one.id, whom=whom) if again else self.verbs.acknowledge(one.id, whom=whom)
            )
            return
        answer = await self.ask("Did it arrive? sent, again or drop", placeholder="sent | again | drop")
        if answer is not None:
            await self.perform(self.verbs.resolve(one.id, str(answer).strip().lower(), whom=whom))


def _chunks(ids: list[int]) -> list[list[int]]:
    return [ids[start : start + 200] for start in range(0, min(len(ids), 1000), 200)]
