"""Reads the inbox out in lines that can each be understood alone: what `philia --plain` says of a list and a thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from philia_tui.health import NOBODY, ServerHandle
from philia_tui.inert import inert, one_line
from philia_tui.known import known
from philia_tui.telling import DELIVERY_WORDS, DRAFT_WORDS, KIND_NAMES, QUEUE_NAMES, clock_time, intent_name, left, many
from server.settings import Settings
from store import media, views
from store.clock import HOUR, Clock
from store.database import connect

LISTED: Final = 20
"""Threads read out at once; `more` reads the next."""


SAID: Final = 10
"""Messages of a thread read out at once; `earlier` reads those before."""


class Refused(Exception):
    """What was typed cannot be done; says why."""


class Reader:
    """What is read out, and where the owner is."""

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
        self.settings = settings
        self.clock = clock
        self.server = server
        self.zone = ZoneInfo(settings.shop.timezone)
        self.path = database
        self.db = connect(database)
        self._write = write
        self.listed = "needs_you"
        self.numbers: list[int] = []
        self.shown = 0
        self.here: int | None = None
        self.draft: views.DraftView | None = None
        self.newest: int | None = None
        self._waiting = -1
        self._before: tuple[int, int] | None = None

    def close(self) -> None:
        """Closes the database."""
        self.db.close()

    def say(self, text: str) -> None:
        """Says one or more lines; whoever's words are in them, they do nothing to a terminal."""
        for line in inert(text, lines=True).split("\n"):
            self._write(line)

    def there(self) -> int:
        """Returns the open conversation."""
        if self.here is None:
            raise Refused("no thread is open; say its number.")
        return self.here

    def whom(self, conversation: int | None = None) -> str:
        """Returns how a customer is called."""
        card = views.card(self.db, conversation or self.here or 0)
        return (one_line(card.name) or one_line(card.tiktok_id) or "this customer") if card else "this customer"

    def status(self) -> None:
        """Says how the server stands and what waits."""
        figures = views.header(self.db, now=self.clock())
        health = self.server.health() if self.server is not None else None
        standing = health.standing if health is not None else "not watched"
        words = f" {one_line(health.words)}" if health is not None and health.words else ""
        counts = ", ".join(f"{QUEUE_NAMES[name]} {count}" for name, count in figures.tally.items() if count)
        self.say(f"Server {standing}.{words} {counts or 'Nothing waits'}.")
        if health is not None and health.standing == "listening" and not health.account:
            self.say(f"{NOBODY}.")
        if figures.paused:
            self.say("Everything is stopped. Type go to let it go on.")
        if figures.sender_paused:
            self.say(f"Sending rests: {one_line(figures.sender_paused)}")

    def news(self) -> None:
        """Says when the number of threads that need the owner has changed."""
        waiting = views.tally(self.db)["needs_you"]
        if self._waiting not in {-1, waiting}:
            self.say(f"Now {many(waiting, 'thread needs', 'threads need')} you.")
        self._waiting = waiting

    def list(self, words: str) -> None:
        """Reads a list out."""
        wanted = words.lower().replace(" ", "_")
        if wanted:
            known = {name: name for name in views.LISTS}
            known |= {told.lower().replace(" ", "_"): name for name, told in QUEUE_NAMES.items()}
            if wanted not in known:
                raise Refused(f"there is no list {one_line(words)}; there are {', '.join(QUEUE_NAMES.values())}.")
            self.listed = known[wanted]
        self.numbers = views.order(self.db, self.listed).tolist()
        self.shown = 0
        self.say(f"{QUEUE_NAMES[self.listed]}: {many(len(self.numbers), 'thread')}.")
        self.more("")

    def more(self, _words: str) -> None:
        """Reads the next threads of the list out."""
        some = self.numbers[self.shown : self.shown + LISTED]
        rows = views.rows(self.db, some)
        for number, conversation in enumerate(some, self.shown + 1):
            if conversation in rows:
                self.say(f"{number}. {self.line(rows[conversation])}")
        self.shown += len(some)
        if self.shown < len(self.numbers):
            self.say(f"{len(self.numbers) - self.shown} more; type more.")

    def line(self, row: views.Row) -> str:
        """Returns a thread as one line that can be read on its own."""
        parts = [one_line(row.name or row.user)]
        if row.intent:
            parts.append(intent_name(row.intent))
        if row.window_closes_at is not None:
            rest = row.window_closes_at - self.clock()
            parts.append("window closed" if rest < 0 else f"{left(rest)} left" + (", hurry" if rest < HOUR else ""))
        if row.quota_left is not None:
            parts.append(f"{row.quota_left} of {self.settings.delivery.quota_per_window} replies left")
        if row.draft_state is not None:
            check = (
                ", to be checked" if row.draft_state == "ready" and (row.verdict == "hold" or row.needs_owner) else ""
            )
            parts.append(f"draft {DRAFT_WORDS.get(row.draft_state, row.draft_state)}{check}")
        if row.blocked:
            parts.append("blocked")
        kind = f"{KIND_NAMES.get(row.last_kind, one_line(row.last_kind))}: " if row.last_kind != "text" else ""
        who = "you said" if row.last_role == "assistant" else "she says"
        return f"{', '.join(parts)}; {who}: {kind}{one_line(row.last_text)}"

    def filter(self, words: str) -> None:
        """Reads out the threads of the list that have these words; without any, the whole list."""
        if not words:
            self.list("")
            return
        self.numbers = views.find(self.db, self.listed, words).tolist()
        self.shown = 0
        self.say(f"{QUEUE_NAMES[self.listed]} with “{one_line(words)}”: {many(len(self.numbers), 'thread')}.")
        self.more("")

    def several(self, words: str) -> tuple[int, ...]:
        """Returns the conversations that numbers of the list mean, such as 1-3,5."""
        found: list[int] = []
        for part in words.split(","):
            first, _, last = part.partition("-")
            if not first.isdigit() or not (last or first).isdigit():
                raise Refused(f"{one_line(part)} is no number of the list; say 4, 1-3 or 1-3,5.")
            low, high = int(first), int(last or first)
            if not 1 <= low <= high <= len(self.numbers):
                raise Refused(f"{one_line(part)} is not in the list; it has {many(len(self.numbers), 'thread')}.")
            found += [one for one in self.numbers[low - 1 : high] if one not in found]
        return tuple(found)

    def take(self, conversation: int) -> None:
        """Makes a thread the one that commands are about, without reading it out."""
        card = views.card(self.db, conversation)
        if card is None:
            raise Refused("that conversation is gone.")
        self.here, self.newest = conversation, card.newest_customer_message
        self.draft = views.draft(self.db, card.live_draft) if card.live_draft is not None else None

    def open(self, words: str) -> None:
        """Reads a thread out, with its draft and why."""
        if not words.isdigit() or not 1 <= int(words) <= len(self.numbers):
            last = len(self.numbers)
            raise Refused(
                f"say a number from 1 to {last}." if last else "this list is empty; say list to read it again."
            )
        self.here = self.numbers[int(words) - 1]
        self.thread()

    def next(self, _words: str) -> None:
        """Opens the next thread that needs the owner."""
        self._needing(1)

    def previous(self, _words: str) -> None:
        """Opens the thread before that needs the owner."""
        self._needing(-1)

    def _needing(self, by: int) -> None:
        waiting = views.order(self.db, "needs_you", limit=500).tolist()
        if not waiting:
            self.here = self.draft = None
            self.say("Nothing needs you.")
            return
        place = waiting.index(self.here) + by if self.here in waiting else 0
        self.here = waiting[place % len(waiting)]
        self.thread()

    def thread(self) -> None:
        """Reads the open thread out."""
        conversation = self.there()
        card = views.card(self.db, conversation)
        if card is None:
            raise Refused("that conversation is gone.")
        self.newest = card.newest_customer_message
        said = views.said(self.db, conversation, limit=60)
        about = "".join(f", {one}" for one in known(self.db, card, said))
        self.say(f"Thread with {self.whom()}{about}, {QUEUE_NAMES.get(card.queue, card.queue)}, mode {card.mode}.")
        if card.notes or card.user_notes:
            self.say(f"Note: {one_line(card.notes)} {one_line(card.user_notes)}".rstrip())
        self._before = (said[-SAID:][0].at, said[-SAID:][0].id) if said else None
        self.messages(said[-SAID:])
        for leaving in views.sendings(self.db, conversation):
            words = DELIVERY_WORDS.get(leaving.state, leaving.state)
            told = words.format(left=left(max(0, leaving.send_after - self.clock())))
            self.say(
                f"Your reply, {told}: {one_line(leaving.text)}"
                + (f" ({one_line(leaving.reason)})" if leaving.reason else "")
            )
        self.draft = views.draft(self.db, card.live_draft) if card.live_draft is not None else None
        if self.draft is None:
            self.say("No draft. Type redraft or write.")
        elif self.draft.state != "ready":
            self.say(f"The draft is {DRAFT_WORDS.get(self.draft.state, self.draft.state)}.")
        else:
            self.say(f"Draft, {many(len(self.draft.text), 'character')}: {one_line(self.draft.text)}")
            self.evidence()
            self.say("approve, edit, instruct, reject or snooze?")

    def messages(self, said: Sequence[views.Said]) -> None:
        """Reads messages out, the oldest first."""
        for one in said:
            who = {"customer": self.whom(), "owner": "You", "auto": "Automatic", "phone": "You, on the phone"}
            kind = f"[{KIND_NAMES.get(one.kind, one_line(one.kind))}] " if one.kind != "text" else ""
            if one.picture is not None:
                kind = f"[photo: {self.pictured(one.picture)}] "
            text = inert(one.text[:4000], lines=True).replace("\n", " / ")
            self.say(f"{clock_time(one.at, self.zone)} {who.get(one.source, one.source)}: {kind}{text}")

    def earlier(self, _words: str) -> None:
        """Reads out what was said before."""
        there = self.there()
        said = views.said(self.db, there, before=self._before, limit=SAID) if self._before is not None else []
        if not said:
            raise Refused("nothing was said before.")
        self._before = (said[0].at, said[0].id)
        self.messages(said)

    def translation(self) -> None:
        """Reads out what the draft says in the owner's language."""
        if self.draft is None or not self.draft.translation:
            raise Refused("this draft has no translation.")
        self.say(f"It says: {one_line(self.draft.translation)}")

    def pictured(self, picture: views.Shown) -> str:
        """Returns a picture in words: how large it is, and where its file lies."""
        lies = "" if picture.path is None else f", {media.folder_of(self.path) / picture.path}"
        return f"{one_line(picture.words)}{inert(lies)}"

    def evidence(self) -> None:
        """Reads out what the draft stands on."""
        draft = self.draft
        if draft is None:
            self.say("There is no draft.")
            return
        for start, end, why in draft.reasons:
            self.say(f"Not backed: {one_line(draft.text[start:end])}: {one_line(why)}")
        backed = [mark for mark in draft.marks if mark.backed]
        for mark in draft.marks:
            words = one_line(draft.text[mark.start : mark.end])
            source = f"{one_line(mark.sku)} says so" if mark.sku else mark.grounding
            self.say(f"Claim: {words}: {source if mark.backed else 'nothing backs it'}")
        self.say(f"{len(backed)} of {many(len(draft.marks), 'claim')} backed.")
        if draft.hold_reason:
            self.say(f"Held: {one_line(draft.hold_reason)}")
