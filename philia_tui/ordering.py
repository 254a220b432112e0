"""Keeping order in plain lines: snooze, notes, labels, blocks, modes, pictures; and how a decision is done and told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from philia_tui.health import ServerHandle
from philia_tui.reading import Reader, Refused
from philia_tui.telling import many, moment
from philia_tui.verbs import Act, Done, Verbs
from server.settings import Settings
from server.until import EXAMPLES, until
from store import views
from store.clock import Clock
from store.database import transaction


class Ordering(Reader):
    """The verbs about threads, of the thread that is open."""

    def __init__(
        self,
        database: Path,
        settings: Settings,
        *,
        clock: Clock,
        server: ServerHandle | None,
        write: Callable[[str], None],
    ) -> None:
        """Opens the database; `write` says one line."""
        super().__init__(database, settings, clock=clock, server=server, write=write)
        self.verbs = Verbs(settings, clock)
        self.undos: list[Done] = []

    def do(self, act: Act, *, keep: bool = True) -> None:
        """Runs an act and says what it did."""
        with transaction(self.db) as db:
            done = act(db)
        if keep and done.undo is not None:
            self.undos.append(done)
        self.say(done.words + "." + (f" Type undo to undo {done.undo_words}." if keep and done.undo else ""))
        self.draft = None if self.here is None else self._live()

    def _live(self) -> views.DraftView | None:
        """Returns the draft again only if it is the one that was read out: a new one must be read first."""
        card = views.card(self.db, self.there())
        kept = self.draft.id if self.draft is not None else None
        return views.draft(self.db, kept) if kept is not None and card is not None and card.live_draft == kept else None

    def snooze(self, words: str) -> None:
        """Puts the thread away."""
        now = self.clock()
        if not words:
            raise Refused(f"say when: {EXAMPLES}.")
        time = until(words, now=now, zone=self.zone)
        self.do(self.verbs.snooze(self.there(), time, whom=self.whom(), when=moment(time, now, self.zone)))

    def note(self, words: str) -> None:
        """Keeps a note."""
        card = views.card(self.db, self.there())
        self.do(self.verbs.note(self.there(), words, before=card.notes if card else "", whom=self.whom()))

    def customer(self, words: str) -> None:
        """Keeps a note with the customer, in all her conversations."""
        card = views.card(self.db, self.there())
        if card is not None:
            act = self.verbs.note_customer(
                card.conversation, card.user, words, before=card.user_notes, whom=self.whom()
            )
            self.do(act)

    def label(self, words: str) -> None:
        """Adds labels, or takes off those that are there."""
        card = views.card(self.db, self.there())
        before = card.labels if card else ()
        named = [one.strip().lstrip("#") for one in words.split(",") if one.strip()]
        after = (*(one for one in before if one not in named), *(one for one in named if one not in before))
        self.do(self.verbs.labels(self.there(), after, before=before, whom=self.whom()))

    def block(self, *, blocked: bool) -> None:
        """Blocks the customer, or lifts it."""
        card = views.card(self.db, self.there())
        if card is not None:
            self.do(self.verbs.block(card.conversation, card.user, blocked=blocked, whom=self.whom()))

    def mode(self, words: str) -> None:
        """Sets the thread's mode."""
        if words not in {"review", "auto", "paused"}:
            raise Refused("say review, auto or paused.")
        card = views.card(self.db, self.there())
        before = card.mode if card else "review"
        self.do(self.verbs.mode(self.there(), words, before=before, whom=self.whom()))

    def picture(self, sku: str) -> None:
        """Sends the picture of a piece."""
        wanted = needed(sku, "a SKU")
        act = self.verbs.send_picture(self.there(), wanted, seen_message=self.newest, whom=self.whom())
        self.do(act)

    def pictures(self, _words: str) -> None:
        """Says where the pictures of the thread lie, the newest first."""
        found = views.of_thread(self.db, self.there())
        self.say(f"{many(len(found), 'picture')}.")
        for number, one in enumerate(found, 1):
            self.say(f"{number}. {'hers' if one.role == 'user' else 'yours'}: {self.pictured(one)}")


def needed(words: str, what: str) -> str:
    if not words:
        raise Refused(f"say {what}.")
    return words
