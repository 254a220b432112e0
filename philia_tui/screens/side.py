"""What the screens beside the inbox share: a title, a body, keys to move, and the way back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.strip import Strip
from textual.widget import Widget

from philia_tui import keys
from philia_tui.screens.typing import Typing
from philia_tui.widgets.hints import Hints
from philia_tui.widgets.listing import Listing
from philia_tui.widgets.page import Page
from philia_tui.widgets.painting import Painter
from philia_tui.wrapping import Line, cut_line
from store.documents import write_csv
from store.errors import CannotWrite

if TYPE_CHECKING:
    from philia_tui.screens.inbox import InboxScreen
    from philia_tui.verbs import Act


class Title(Painter):
    """One line that names the screen."""

    DEFAULT_CSS = "Title { height: 1; background: $panel; color: $foreground; }"

    def __init__(self, text: str) -> None:
        """Starts with the name."""
        super().__init__(id="title")
        self.line: Line = [(f" Philia · {text} ", "accent")]

    def say(self, name: str, more: str = "") -> None:
        """Shows the name and what is to be known of the list."""
        self.line = [(f" Philia · {name} ", "accent"), (more, "dim")]
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draws the line."""
        return self.strip(cut_line(self.line, self.size.width) if y == 0 else [], self.size.width)


class SideScreen(Typing):
    """One of the other screens; knows the inbox beside which it stands."""

    NAME = ""
    KEYS: ClassVar[tuple[keys.Key, ...]] = ()
    BINDINGS: ClassVar = keys.bindings((*keys.MOVING, *keys.LOOKING, keys.BY_NAME["undo"]))
    DEFAULT_CSS = """
    SideScreen { background: $background; }
    SideScreen #side-body { height: 1fr; }
    SideScreen Listing { height: 2fr; background: $background; scrollbar-size-vertical: 1; padding: 0 1; }
    SideScreen Page { height: 1fr; background: $background; border-top: solid $border-blurred; padding: 0 1;
        border-title-color: $text-muted; scrollbar-size-vertical: 1; overflow-x: hidden; }
    SideScreen Page.-whole { border: none; height: 1fr; }
    """

    def __init__(self, inbox: InboxScreen) -> None:
        """Takes the inbox's desk, settings and verbs."""
        super().__init__()
        self.inbox = inbox
        self.desk = inbox.desk
        self.settings = inbox.settings
        self.zone = inbox.zone
        self.words = ""
        self._version = -1

    def compose(self) -> ComposeResult:
        """Lays out the title, the body and the hints."""
        yield Title(self.NAME)
        with Vertical(id="side-body"):
            yield from self.body()
        yield Hints(self.settings.inbox.keys, id="side-hints")

    def body(self) -> Iterable[Widget]:
        """Returns what stands between the title and the hints; nothing, unless a screen has something."""
        return ()

    def on_mount(self) -> None:
        """Shows what there is, and again whenever the database changes."""
        self.query_one("#side-hints", Hints).show(
            [*(key for key in self.KEYS if key.hint), *(key for key in keys.EVERYWHERE if key.id in {"help", "back"})]
        )
        self.load()
        self.focus_home()
        self.set_interval(0.5, self._look)

    def _look(self) -> None:
        version = self.desk.version()
        if version != self._version and self.is_current and not self.typing:
            self._version = version
            self.load()

    def load(self) -> None:
        """Reads and shows; a screen without rows has nothing to read."""

    def say(self, more: str) -> None:
        """Says beside the screen's name what is shown."""
        self.query_one(Title).say(self.NAME, more)

    def focus_home(self) -> None:
        """Gives the keys to the list, or to the page."""
        for kind in (Listing, Page):
            for widget in self.query(kind):
                widget.focus()
                return

    # Moving

    def _step(self, by: int) -> None:
        for listing in self.query(Listing):
            listing.move(by)
            return
        for page in self.query(Page):
            page.scroll_lines(by)
            return

    def action_down(self) -> None:
        """One down."""
        self._step(1)

    def action_up(self) -> None:
        """One up."""
        self._step(-1)

    def action_page_down(self) -> None:
        """A page down."""
        self._step(max(1, self.size.height // 2))

    def action_page_up(self) -> None:
        """A page up."""
        self._step(-max(1, self.size.height // 2))

    def action_first(self) -> None:
        """The first."""
        self._step(-1_000_000)

    def action_last(self) -> None:
        """The last."""
        self._step(1_000_000)

    def action_older(self) -> None:
        """Scrolls the page up."""
        for page in self.query(Page):
            page.scroll_lines(-3)

    def action_newer(self) -> None:
        """Scrolls the page down."""
        for page in self.query(Page):
            page.scroll_lines(3)

    @work(group="ask", exclusive=True, exit_on_error=False)
    async def action_look_filter(self) -> None:
        """Keeps the list to the words as they are typed."""
        answer = await self.ask("/", value=self.words, placeholder="words", typed=self.filter)
        if answer is None:
            self.filter("")

    @work(group="act", exit_on_error=False)
    async def act(self, act: Act) -> None:
        """Runs one act as the inbox does, and shows at once what it changed here."""
        await self.inbox.perform(act)
        self._look()

    @work(group="undo", exit_on_error=False)
    async def action_undo(self) -> None:
        """Takes the last thing back: what a toast of this screen says is true here too."""
        await self.inbox.action_undo().wait()
        self._look()

    def filter(self, words: str) -> None:
        """Shows only what has these words."""
        if words.strip() != self.words:
            self.words = words.strip()
            self.load()

    def action_look_open(self) -> None:
        """Goes to what the row is about."""

    def action_look_export(self) -> None:
        """Writes what is shown to a file."""
        self.inbox.tell("There is nothing here to export.")

    def export(self, name: str, rows: Iterable[Sequence[object]]) -> None:
        """Writes a table to a file beside the database and says where it is, or why it is not."""
        path = Path(self.desk.path).with_name(name)
        try:
            write_csv(path, rows)
        except CannotWrite as refusal:
            self.inbox.tell(str(refusal), bad=True)
        else:
            self.inbox.tell(f"Written: {path}")
