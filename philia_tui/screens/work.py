"""Long work: import, replay, backup and fetching what was missed, with how far it is, and a key that stops it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.widget import Widget

from philia_tui import keys
from philia_tui.inert import one_line
from philia_tui.longwork import Job, Told
from philia_tui.screens.side import SideScreen
from philia_tui.widgets.page import Page
from philia_tui.wrapping import Line, wrap

if TYPE_CHECKING:
    from philia_tui.screens.inbox import InboxScreen

BAR = 40
"""Cells of the bar."""

LOOK_SECONDS = 0.2

UNCHANGED = "Nothing was imported; the stock is as it was."
PAST = "20"


class WorkScreen(SideScreen):
    """One page: what can be done, what is under way, what came of it."""

    NAME = "long work"
    BINDINGS: ClassVar = keys.bindings(keys.WORK)
    KEYS: ClassVar = keys.WORK

    def __init__(self, inbox: InboxScreen) -> None:
        """Starts with what the last job told."""
        super().__init__(inbox)
        self.work = inbox.work
        self.page = Page(self._write)
        self.page.add_class("-whole")
        self._shown: object = None

    def body(self) -> Iterable[Widget]:
        """Returns the page."""
        return (self.page,)

    def on_mount(self) -> None:
        """Follows what is under way."""
        self.set_interval(LOOK_SECONDS, self._follow)

    def load(self) -> None:
        """Shows what is known."""
        told = self.work.told if self.work is not None else None
        running = told is not None and told.running
        self.say(f"{told.job.name.lower()} {told.share}" if told is not None and running else "nothing is under way")
        self.page.relay()

    def _follow(self) -> None:
        told = self.work.told if self.work is not None else None
        seen = None if told is None else (told.job, told.done, told.of, told.what, told.status, len(told.said))
        if seen != self._shown and self.is_current:
            self._shown = seen
            self.load()

    # Starting

    @work(group="ask", exclusive=True, exit_on_error=False)
    async def action_work_import(self) -> None:
        """Asks for a stock file and tells what it would change; nothing is changed before she says so."""
        if not self.free():
            return
        words = await self.ask("Import which file?", placeholder="/home/me/stock.csv", preview=_file_told)
        if words is None or not words.strip():
            return
        path = _path(words)
        if not path.is_file():
            self.inbox.tell(f"There is no file {one_line(str(path))}.", bad=True)
            return
        self.begin(
            Job("A look at the file", ("items", "import", "--dry-run", "--", str(path)), "Nothing was changed.", line=1)
        )

    def action_work_take(self) -> None:
        """Takes in the file that was looked at."""
        told = self.work.told if self.work is not None else None
        if told is None or told.running or told.status != 0 or "--dry-run" not in told.job.arguments:
            key = self.inbox.key_of("work_import")
            self.inbox.tell(f"No file was looked at that could be taken in; {key} looks at one.", bad=True)
            return
        self.begin(Job("Import", ("items", "import", "--", told.job.arguments[-1]), UNCHANGED, line=1))

    @work(group="ask", exclusive=True, exit_on_error=False)
    async def action_work_replay(self) -> None:
        """Asks how many past messages to try, with which prompts; sends nothing, keeps nothing."""
        if not self.free():
            return
        words = await self.ask(
            "Try how many past messages?",
            value=PAST,
            placeholder="20 · 20 live · 20 default@1 mine.md",
            preview=_replay_told,
        )
        if words is None:
            return
        arguments = _replay(words)
        if arguments is None:
            self.inbox.tell("Begin with how many: 20, or 20 live, or 20 default@1 mine.md.", bad=True)
            return
        self.begin(Job("Replay", arguments, "It had sent and kept nothing."))

    def action_work_backup(self) -> None:
        """Copies the whole shop into one file."""
        if self.free():
            self.begin(Job("Backup", ("backup",), "No backup was written."))

    def action_work_fetch(self) -> None:
        """Asks TikTok for messages that no webhook brought."""
        if self.free():
            self.begin(
                Job("Fetch", ("fetch",), "What is here is whole; the other conversations are fetched at the next look.")
            )

    @work(group="stop", exclusive=True, exit_on_error=False)
    async def action_work_stop(self) -> None:
        """Stops what is under way; it leaves nothing half done."""
        if self.work is None or self.work.told is None or not self.work.told.running:
            self.inbox.tell("Nothing is under way.")
            return
        await self.work.stop()

    def free(self) -> bool:
        """Tells whether something can be begun, or says why not."""
        if self.work is None:
            self.inbox.tell("This inbox was opened without its shop's commands; long work is theirs.", bad=True)
            return False
        if self.work.told is not None and self.work.told.running:
            stop = self.inbox.key_of("work_stop")
            self.inbox.tell(f"{self.work.told.job.name} is still under way; {stop} stops it.", bad=True)
            return False
        return True

    def begin(self, job: Job) -> None:
        """Begins a job; it goes on when this screen is left."""
        self.inbox.begin_work(job)

    # Drawing

    def _write(self, width: int) -> list[Line]:
        lines: list[Line] = [[("What can be done", "accent")]]
        for key in keys.WORK:
            if key.id not in {"work_take", "work_stop"}:
                spans: Line = [(f"  {self.inbox.key_of(key.id)} ", "key"), (key.name.ljust(18), "strong")]
                lines += wrap([*spans, (key.does, "dim")], width, indent=[(" " * 22, "text")])
        told = self.work.told if self.work is not None else None
        if told is not None:
            lines += [[], [(told.job.name, "accent")], *self._progress(told, width)]
            lines += [[(line, "text")] for line in told.said]
            lines += [line for words in told.complaints for line in wrap([(words, "warn")], width)]
        return lines

    def _progress(self, told: Told, width: int) -> list[Line]:
        if told.running:
            cells = min(BAR, max(4, width - 30))
            full = cells * told.done // told.of if told.of else 0
            counted = f" {told.what} {told.done:,} of {told.of:,}" if told.of else " beginning…"
            words = "stopping…" if told.stopping else f"{self.inbox.key_of('work_stop')} stops it"
            return [
                [("▮" * full + "▯" * (cells - full), "accent"), (f" {told.share}", "strong")],
                *wrap([(counted.strip(), "text"), (f" · {words}", "dim")], width),
            ]
        bad = told.status != 0
        lines = wrap([("✗ " if bad else "✓ ", "bad" if bad else "good"), (told.outcome, "strong")], width)
        if not bad and "--dry-run" in told.job.arguments:
            take = self.inbox.key_of("work_take")
            lines += wrap([(f"Nothing is changed yet: {take} takes it in.", "warn")], width)
        return lines


def _path(words: str) -> Path:
    return Path(words.strip().strip("'\"")).expanduser()


def _file_told(words: str) -> str:
    path = _path(words)
    if not words.strip():
        return ""
    try:
        return f"→ {path.stat().st_size:,} bytes" if path.is_file() else "no such file"
    except OSError:
        return "no such file"


def _replay(words: str) -> tuple[str, ...] | None:
    """Reads "20 live default@1" as the command's arguments; None when it does not begin with a number."""
    first, *rest = words.split() or [""]
    if not first.isdigit() or not 1 <= int(first) <= 10_000:
        return None
    live = ("--live",) if "live" in rest else ()
    prompts = [part for name in rest if name != "live" for part in ("--prompt", name)]
    return ("replay", "--past", first, *live, *prompts)


def _replay_told(words: str) -> str:
    arguments = _replay(words)
    if arguments is None:
        return "how many?"
    return "→ with the model, $1 at most" if "--live" in arguments else "→ without the model, free"
