"""`philia --plain`: the inbox as numbered lines and typed commands, for screen readers and terminals that cannot draw.

Nothing is drawn over, nothing blinks, no colour is used; every line can be read on its own. Decisions are bound to the
text that was read out, as on the screen.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from philia_tui import canned
from philia_tui.automatic import KINDS, MODES, switch
from philia_tui.health import ServerHandle
from philia_tui.inert import one_line
from philia_tui.ordering import Ordering, needed
from philia_tui.outside import NoEditor, outside
from philia_tui.reading import LISTED, Refused
from philia_tui.telling import many
from philia_tui.verbs import Act
from server.settings import Loaded, Settings
from server.switchboard import Switchboard
from server.until import NotATime
from store import views
from store.clock import Clock, system_clock
from store.errors import StoreError

Read = Callable[[str], str]
Write = Callable[[str], None]

HELP: Final = """\
list [needs you|drafting|sending|holds|in doubt|snoozed|done]   read a list out; more reads on
filter WORDS          keep the list to the threads with these words
open N, or just N     read thread N with its draft and why; earlier reads what was said before
next, previous        open the next thread that needs you, or the one before
approve               send the draft that was read out
approve all           send every draft of the list whose claims are all backed; asks first
edit, editor          type another text, or change it in $EDITOR; then say send, edit or drop
write                 type a reply of your own
instruct WORDS        have the draft written again
reject [REASON]       throw the draft away
redraft               have a new draft written
undo, undo all        take the last thing back, or everything of yours that has not left
now                   send at once what is held here
snooze WHEN           put the thread away: 2h, tomorrow 9:00, monday
wake                  bring it back
hold SKU, release SKU, sold SKU, unsold SKU
picture SKU           send the picture of a piece
pictures              the files of the pictures in this thread
note WORDS, customer WORDS   keep a note with the thread, with the customer
label WORDS, block, unblock, mode review|auto|paused
each 1-3,5 COMMAND    do a command for several threads of the list
canned NAME           take a kept reply; keep NAME keeps the draft's text
settle sent|again|drop   what became of a reply in doubt
why, translation      read the evidence again, or what the draft says in your language
find WORDS            search all messages
automatic             read the switches of automatic replies
automatic off|shadow|on, automatic KIND yes|no   change one of them, in config.toml
stop, go              stop everything that leaves, let it go on
status, help, quit"""


class Plain(Ordering):
    """One conversation with the owner."""

    def __init__(
        self,
        database: Path,
        settings: Settings,
        *,
        clock: Clock = system_clock,
        server: ServerHandle | None = None,
        switchboard: Switchboard | None = None,
        read: Read = input,
        write: Write | None = None,
    ) -> None:
        """Opens the database; `read` asks for a line, `write` says one."""
        super().__init__(database, settings, clock=clock, server=server, write=write or _say)
        self.switchboard = switchboard or Switchboard(Loaded(settings=settings, file=None, sources={}))
        self._read = read
        self._commands: dict[str, Callable[[str], None]] = {
            "list": self.list,
            "more": self.more,
            "filter": self.filter,
            "open": self.open,
            "earlier": self.earlier,
            "next": self.next,
            "previous": self.previous,
            "approve": self.approve,
            "edit": self.edit,
            "editor": self.editor,
            "write": self.write,
            "instruct": self.instruct,
            "reject": self.reject,
            "redraft": lambda _words: self.do(self.verbs.redraft(self.there(), whom=self.whom())),
            "undo": self.undo,
            "now": self.now,
            "snooze": self.snooze,
            "wake": lambda _words: self.do(self.verbs.wake(self.there(), whom=self.whom())),
            "hold": lambda sku: self.do(self.verbs.hold(needed(sku, "a SKU"), self.there(), whom=self.whom())),
            "release": lambda sku: self.do(self.verbs.release(needed(sku, "a SKU"), self.there(), whom=self.whom())),
            "sold": lambda sku: self.do(self.verbs.sold(needed(sku, "a SKU"))),
            "unsold": lambda sku: self.do(self.verbs.unsold(needed(sku, "a SKU"))),
            "note": self.note,
            "customer": self.customer,
            "label": self.label,
            "block": lambda _words: self.block(blocked=True),
            "unblock": lambda _words: self.block(blocked=False),
            "mode": self.mode,
            "canned": self.canned,
            "keep": self.keep,
            "settle": self.settle,
            "translation": lambda _words: self.translation(),
            "each": self.each,
            "why": lambda _words: self.evidence(),
            "picture": self.picture,
            "pictures": self.pictures,
            "find": self.find,
            "automatic": self.automatic,
            "stop": lambda _words: self.do(self.verbs.stop(stop=True)),
            "go": lambda _words: self.do(self.verbs.stop(stop=False)),
            "status": lambda _words: self.status(),
            "help": lambda _words: self.say(HELP),
        }

    def run(self) -> None:
        """Talks until `quit` or the end of the input."""
        if self.server is not None:
            self.server.start()
        self.say("Philia, in plain lines. Type help for the commands, quit to leave.")
        self.status()
        self.list("")
        while True:
            self.news()
            try:
                line = self._read("> ").strip()
            except (EOFError, KeyboardInterrupt):
                return
            if line in {"quit", "q", "exit"}:
                return
            if line:
                self.obey(line)

    def obey(self, line: str) -> None:
        """Does one command, or says why not."""
        word, _, rest = line.partition(" ")
        if word.isdigit():
            word, rest = "open", word
        names = [name for name in self._commands if name.startswith(word.lower())]
        exact = word.lower() in self._commands
        if not exact and len(names) != 1:
            self.say(f"{one_line(word)} is {'not one command' if names else 'no command'}. Type help.")
            return
        try:
            self._commands[word.lower() if exact else names[0]](rest.strip())
        except (StoreError, NotATime, Refused) as refusal:
            self.say(f"Not done: {refusal}")

    # Deciding

    def approve(self, words: str) -> None:
        """Sends the draft that was read out, or all that are backed."""
        if words.lower() == "all":
            self._approve_all()
            return
        draft = self.ready()
        if canned.holes(draft.text):
            raise Refused(f"{', '.join(canned.holes(draft.text))} is not filled in.")
        self.do(self.verbs.approve(draft.id, seen_hash=draft.text_hash, whom=self.whom()))

    def _approve_all(self) -> None:
        backed = [
            row
            for start in range(0, len(self.numbers), 200)
            for row in views.rows(self.db, self.numbers[start : start + 200]).values()
            if row.draft_state == "ready" and row.verdict == "pass" and not row.needs_owner
        ]
        if not backed:
            raise Refused("no draft of this list is backed in every claim.")
        if self._answer(f"Send {many(len(backed), 'backed draft')}? yes or no ") != "yes":
            self.say("Nothing is sent.")
            return
        for row in backed:
            self._for(row.conversation, lambda: self.approve(""))

    def edit(self, _words: str) -> None:
        """Takes another text for the draft."""
        draft = self.ready()
        self._type(
            lambda text: self.verbs.edit(draft.id, text, seen_hash=draft.text_hash, whom=self.whom()), draft.text
        )

    def editor(self, _words: str) -> None:
        """Takes another text for the draft from the owner's own editor."""
        draft = self.ready()
        try:
            text = outside(draft.text)
        except NoEditor as refusal:
            raise Refused(str(refusal)) from refusal
        self._review(lambda typed: self.verbs.edit(draft.id, typed, seen_hash=draft.text_hash, whom=self.whom()), text)

    def write(self, _words: str) -> None:
        """Takes a reply of the owner's own."""
        there = self.there()
        self._type(lambda text: self.verbs.send(there, text, seen_message=self.newest, whom=self.whom()))

    def _type(self, make: Callable[[str], Act], text: str = "") -> None:
        """Takes lines up to one with a single dot, then asks: send, edit or drop."""
        self.say("Type the text; a line with only a dot ends it.")
        self._review(make, self._lines() or text)

    def _review(self, make: Callable[[str], Act], text: str) -> None:
        """Reads a text back and asks: send, edit or drop."""
        while True:
            if not text.strip():
                self.say("Nothing was typed, nothing is sent.")
                return
            empty = canned.holes(text)
            if empty:
                self.say(f"{', '.join(empty)} is not filled in, so it cannot be sent.")
            self.say(f"{many(len(text), 'character')}: {one_line(text)}")
            while (answer := self._answer("send, edit or drop? ")) not in {"send", "edit", "drop"}:
                self.say("Say send, edit or drop.")
            if answer == "drop" or (answer == "send" and empty):
                self.say("Dropped; nothing is sent.")
                return
            if answer == "send":
                self.do(make(text))
                return
            self.say("Type the text; a line with only a dot ends it.")
            text = self._lines() or text

    def _lines(self) -> str:
        lines = []
        while (line := self._answer("", strip=False)) != ".":
            lines.append(line)
        return "\n".join(lines).strip()

    def _answer(self, prompt: str, *, strip: bool = True) -> str:
        try:
            line = self._read(prompt)
        except EOFError:
            return "drop" if prompt else "."
        return line.strip().lower() if strip else line

    def instruct(self, words: str) -> None:
        """Has the draft written again."""
        number = self.draft.id if self.draft is not None and self.draft.state == "ready" else None
        self.do(self.verbs.instruct(self.there(), number, words, whom=self.whom()))

    def reject(self, words: str) -> None:
        """Throws the draft away."""
        self.do(self.verbs.reject(self.ready().id, words or "no reason given", whom=self.whom()))

    def undo(self, words: str) -> None:
        """Takes the last thing back, or everything of the owner's that has not left."""
        if words.lower() == "all":
            for delivery, conversation in views.all_held(self.db):
                self.do(self.verbs.take_back(delivery, whom=self.whom(conversation)), keep=False)
            self.undos.clear()
            return
        if self.undos:
            last = self.undos.pop()
            assert last.undo is not None
            self.do(last.undo, keep=False)
            return
        held = views.newest_held(self.db)
        if held is None:
            raise Refused("there is nothing to take back.")
        self.do(self.verbs.take_back(held[0], whom=self.whom(held[1])))

    def now(self, _words: str) -> None:
        """Sends at once what is held here."""
        held = [one for one in views.sendings(self.db, self.there()) if one.state == "held"]
        if not held:
            raise Refused("nothing is held here.")
        for one in held:
            self.do(self.verbs.hurry(one.id, whom=self.whom()))

    def settle(self, words: str) -> None:
        """Takes the owner's word on a reply in doubt, or on one that failed."""
        for one in views.sendings(self.db, self.there()):
            if one.state in {"unknown", "needs_owner"}:
                self.do(self.verbs.resolve(one.id, words.lower(), whom=self.whom()))
                return
            if one.state in {"failed", "expired"}:
                again = words.lower() == "again"
                whom = self.whom()
                self.do(self.verbs.retry(one.id, whom=whom) if again else self.verbs.acknowledge(one.id, whom=whom))
                return
        raise Refused("nothing is in doubt here.")

    def canned(self, words: str) -> None:
        """Takes a kept reply."""
        kept = {one.name.lower(): one for one in canned.kept(self.db)}
        card = views.card(self.db, self.there())
        if words.lower() not in kept or card is None:
            raise Refused(f"kept are: {', '.join(one_line(one.name) for one in kept.values()) or 'none'}.")
        text = canned.filled(
            kept[words.lower()].text,
            card,
            self.draft,
            shop=self.settings.shop.name,
            sign=self.settings.shop.currency + " ",
        )
        there = self.there()
        self.say(f"{one_line(text)}")
        self._type(lambda typed: self.verbs.send(there, typed, seen_message=self.newest, whom=self.whom()), text)

    def keep(self, name: str) -> None:
        """Keeps the draft's text under a name."""
        self.do(self.verbs.keep_canned(needed(name, "a name"), self.ready().text))

    def automatic(self, words: str) -> None:
        """Reads the switches of automatic replies out, or changes one; before anything may go by itself it asks."""
        self.switchboard.look()
        auto = self.switchboard.settings.auto_reply
        name, _, answer = words.lower().partition(" ")
        if not name:
            self.say(f"Automatic replies: {auto.mode}, {MODES[auto.mode]}.")
            for kind in KINDS:
                self.say(f"{kind}: {'may be answered by itself' if kind in auto.intents else 'only you answer it'}.")
            if self.switchboard.trouble:
                self.say(f"{self.switchboard.trouble} Nothing goes by itself until then.")
        elif name in MODES and not answer:
            if name == "on" and self._answer("Let earned kinds go by themselves? yes or no ") != "yes":
                self.say("Nothing is changed.")
                return
            self.do(switch(self.switchboard, "mode", name, clock=self.clock))
        elif name in KINDS and answer in {"yes", "no"}:
            kinds = tuple(one for one in KINDS if (answer == "yes" if one == name else one in auto.intents))
            self.do(switch(self.switchboard, "intents", kinds, clock=self.clock))
        else:
            raise Refused(f"say {', '.join(MODES)}, or one of {', '.join(KINDS)} and yes or no.")

    def find(self, words: str) -> None:
        """Searches all messages; the found threads can be opened by their numbers."""
        found = views.messages(self.db, words, limit=LISTED)
        self.numbers = [one.conversation for one in found]
        self.shown = len(found)
        self.say(f"{many(len(found), 'message')}.")
        for number, one in enumerate(found, 1):
            self.say(f"{number}. {one_line(one.name or one.user)}: {one_line(views.excerpt(one.text, words))}")

    # Shared

    def each(self, words: str) -> None:
        """Does a command for several threads of the list, by their numbers: 1-3,5 snooze 2h."""
        which, _, command = words.partition(" ")
        if not command.strip():
            raise Refused("say which, and what to do: each 1-3,5 snooze 2h.")
        for conversation in self.several(which):
            self._for(conversation, lambda: self.obey(command.strip()))

    def _for(self, conversation: int, act: Callable[[], None]) -> None:
        """Acts on a thread as if it were open; what is refused is said and the next has its turn."""
        before = self.here, self.draft, self.newest
        self.take(conversation)
        try:
            act()
        except (StoreError, Refused) as refusal:
            self.say(f"{self.whom()}: not done: {refusal}")
        finally:
            self.here, self.draft, self.newest = before

    def ready(self) -> views.DraftView:
        """Returns the draft that was read out."""
        self.there()
        if self.draft is None or self.draft.state != "ready":
            raise Refused("no draft is ready here.")
        return self.draft


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def converse(
    database: Path,
    settings: Settings,
    *,
    clock: Clock = system_clock,
    server: ServerHandle | None = None,
    switchboard: Switchboard | None = None,
    read: Read = input,
    write: Write | None = None,
) -> None:
    """Runs the plain inbox until the owner leaves."""
    plain = Plain(database, settings, clock=clock, server=server, switchboard=switchboard, read=read, write=write)
    try:
        plain.run()
    finally:
        plain.close()


__all__ = ["Plain", "converse"]
