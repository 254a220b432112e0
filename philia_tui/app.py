"""PhiliaApp: the inbox and its neighbours, over one database file. The first paint imports Textual and sqlite3 only."""

from __future__ import annotations

import gc
import importlib
import os
import sys
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import events
from textual.app import App, SystemCommand
from textual.binding import Binding
from textual.dom import DOMNode
from textual.geometry import Size
from textual.notifications import SeverityLevel
from textual.screen import Screen
from textual.theme import BUILTIN_THEMES, Theme

from philia_tui import keys
from philia_tui.desk import Desk
from philia_tui.health import Examine, ServerHandle
from philia_tui.inert import inert, pasted
from philia_tui.leaving import when_told
from philia_tui.longwork import LongWork
from philia_tui.screens.inbox import InboxScreen
from philia_tui.screens.typing import Typing
from philia_tui.themes import DEFAULT, THEMES
from server.settings import Loaded, Settings
from server.switchboard import Switchboard
from store.clock import Clock, system_clock

HERE = Path(__file__).parent
HOUSE = {theme.name: theme for theme in THEMES}
EVERYWHERE = frozenset(key.id for key in keys.EVERYWHERE) - {"quit", "palette"}


class PhiliaApp(App[None]):
    """The owner's screen."""

    # The inbox is the first screen, whose own CSS_PATH Textual does not read.
    CSS_PATH: ClassVar = [HERE / "philia.tcss", HERE / "screens" / "inbox.tcss"]
    TITLE = "Philia"
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"
    BINDINGS: ClassVar = keys.bindings(keys.EVERYWHERE)

    def __init__(
        self,
        database_path: Path,
        settings: Settings,
        *,
        clock: Clock = system_clock,
        server: ServerHandle | None = None,
        examine: Examine | None = None,
        work: LongWork | None = None,
        switchboard: Switchboard | None = None,
    ) -> None:
        """Opens the database; `server` tells how the server stands, `examine` is the doctor.

        `work` runs long work, `switchboard` keeps the switches of automatic replies.
        """
        # Before Textual builds its stylesheet: changed afterwards, everything would be parsed and styled twice.
        known = settings.inbox.theme in HOUSE or settings.inbox.theme in BUILTIN_THEMES
        self.set_reactive(App.theme, settings.inbox.theme if known else DEFAULT)
        super().__init__()
        self.desk = Desk(database_path, clock)
        self.settings = settings
        self.server = server
        self._clash_told = False
        for theme in THEMES:
            self.register_theme(theme)
        self.work = work
        board = switchboard or Switchboard(Loaded(settings=settings, file=None, sources={}))
        self.inbox = InboxScreen(self.desk, settings, server, board, examine, work)

    def get_theme(self, theme_name: str) -> Theme | None:
        """Returns a theme by its name; the house's are there before they are registered."""
        return HOUSE.get(theme_name) or super().get_theme(theme_name)

    def get_default_screen(self) -> Screen[None]:
        """Opens on the inbox."""
        return self.inbox

    def _fatal_error(self) -> None:
        """Ends with a sentence: Textual's own trace shows every local variable, the customers' words among them."""
        from philia_tui.unforeseen import told  # noqa: PLC0415  # only here

        if self._exception is not None:
            self._exit_renderables.append(told(self._exception))
        self._close_messages_no_wait()

    def on_mount(self) -> None:
        """Takes the owner's keys, and freezes what lives as long as the app so that no key waits for it."""
        if self.settings.inbox.keys:
            self.set_keymap(self.settings.inbox.keys)
        if not self.is_headless:
            # Textual leaves signals to the system, which would leave the terminal in its raw state.
            when_told(self.exit)
            self.set_interval(1.0, self._mind_the_size)
        self.call_after_refresh(self._settled)

    def _mind_the_size(self) -> None:
        """Takes the terminal's size again: of two quick changes the second signal can be lost (seen under tmux)."""
        try:
            found = Size(*os.get_terminal_size(sys.__stderr__.fileno()))  # type: ignore[union-attr]
        except (OSError, ValueError, AttributeError):
            return
        if found not in (self.size, Size(0, 0)):
            self.post_message(events.Resize(found, found))
        elif self.screen.size != found:
            self.screen.post_message(events.Resize(found, found))

    def _settled(self) -> None:
        if self.server is not None:
            self.server.start()
        self.run_worker(load_verbs, thread=True, exit_on_error=False, group="warm")
        gc.collect()
        gc.freeze()
        gc.enable()
        # A list of 100,000 that is read in the background gives way to a key after 1 ms instead of 5.
        sys.setswitchinterval(0.001)
        for told in keys.clashes(self.settings.inbox.keys):
            self.notify(told, title="Keys", severity="warning", timeout=12)
        if self.settings.inbox.theme not in self.available_themes:
            self.notify(
                f"[inbox] theme is {self.settings.inbox.theme!r}; there is no such theme.",
                severity="warning",
            )

    async def on_unmount(self) -> None:
        """Stops long work, which leaves nothing half done, and closes every connection."""
        if self.work is not None:
            await self.work.stop()
        self.desk.close()

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = False,  # noqa: ARG002  # Textual's shape
    ) -> None:
        """Says something in a toast: as plain text, whoever's words are in it."""
        super().notify(inert(message, lines=True), title=inert(title), severity=severity, timeout=timeout, markup=False)

    def handle_bindings_clash(self, clashed_bindings: set[Binding], node: DOMNode) -> None:
        """Is told by `keys.clashes` once, at the start, in words."""

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Offers every command by its name."""
        for key in (*getattr(screen, "KEYS", ()), *keys.MOVING, *keys.EVERYWHERE):
            owner = self if key in keys.EVERYWHERE else screen
            if key.id == "palette":
                continue
            action = getattr(owner, f"action_{key.id}", None)
            if action is not None:
                # Nobody opens a list of commands to go one thread down: those are found by typing.
                shown = key not in keys.MOVING
                yield SystemCommand(f"{key.name} ({self.key_of(key.id)})", key.does, action, discover=shown)
        if not any(key in keys.WORK for key in getattr(screen, "KEYS", ())):
            for key in keys.WORK:
                yield SystemCommand(key.name, key.does, partial(self.begin_work, key.id))
        for theme in self.available_themes:
            take = partial(self.use_theme, theme)
            yield SystemCommand(f"theme: {theme}", "Change the colours", take, discover=theme in HOUSE)

    def key_of(self, name: str) -> str:
        """Returns the key of a command as the owner has it."""
        return keys.pressed(name, self.settings.inbox.keys)

    def use_theme(self, name: str) -> None:
        """Changes the colours."""
        self.theme = name

    # Everywhere

    def on_key(self, event: events.Key) -> None:
        """Gives a key to what waits for words before any binding is looked up."""
        screen = self.screen
        if isinstance(screen, Typing) and screen.take(event):
            event.prevent_default()
            event.stop()

    async def on_event(self, event: events.Event) -> None:
        """Lets a paste bring nothing hidden into any field, Textual's own among them: she would send it unseen."""
        if isinstance(event, events.Paste):
            event.text = pasted(event.text)
        await super().on_event(event)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Lets only leaving and the palette act while something is being typed."""
        if isinstance(self.screen, Typing) and self.screen.typing and action in EVERYWHERE:
            return False
        return super().check_action(action, parameters)

    def action_palette(self) -> None:
        """Opens the palette."""
        self.action_command_palette()

    def action_theme(self) -> None:
        """Takes the next of the house's themes."""
        names = [theme.name for theme in THEMES]
        here = names.index(self.theme) if self.theme in names else -1
        self.theme = names[(here + 1) % len(names)]
        self.notify(f"Theme: {self.theme}", timeout=2)

    async def action_back(self) -> None:
        """Closes what is on top; in the inbox with nothing open, quits."""
        if len(self.screen_stack) > 1:
            self.pop_screen()
        elif not self.inbox.go_back():
            self.exit()

    async def action_quit(self) -> None:
        """Closes Philia."""
        self.exit()

    def action_help(self) -> None:
        """Tells what the keys do where the focus is."""
        from philia_tui.screens.help import HelpScreen  # noqa: PLC0415  # at the first ?

        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(self.screen, self.settings.inbox.keys))

    def action_jump(self) -> None:
        """Puts a letter on every row; the next key goes there."""
        if self.screen is self.inbox:
            self.inbox.jump()

    def action_screen_inbox(self) -> None:
        """Shows the inbox."""
        while len(self.screen_stack) > 1:
            self.pop_screen()

    def action_screen_stock(self) -> None:
        """Shows the stock."""
        from philia_tui.screens.stock import StockScreen  # noqa: PLC0415  # when it is asked for

        self.open_beside(StockScreen)

    def action_screen_insights(self) -> None:
        """Shows the figures."""
        from philia_tui.screens.insights import InsightsScreen  # noqa: PLC0415  # plotext, 120 ms

        self.open_beside(InsightsScreen)

    def action_screen_activity(self) -> None:
        """Shows what happened."""
        from philia_tui.screens.activity import ActivityScreen  # noqa: PLC0415  # when it is asked for

        self.open_beside(ActivityScreen)

    def action_screen_work(self) -> None:
        """Shows long work and what can be begun."""
        from philia_tui.screens.work import WorkScreen  # noqa: PLC0415  # when it is asked for

        self.open_beside(WorkScreen)

    def action_screen_canned(self) -> None:
        """Shows the canned replies."""
        from philia_tui.screens.canned import CannedScreen  # noqa: PLC0415  # when it is asked for

        self.open_beside(CannedScreen)

    def begin_work(self, name: str) -> None:
        """Shows long work and begins a piece of it."""
        self.action_screen_work()
        self.screen.call_after_refresh(getattr(self.screen, f"action_{name}"))

    def action_screen_settings(self) -> None:
        """Shows the settings, the switches, and whether everything is well."""
        from philia_tui.screens.settings import SettingsScreen  # noqa: PLC0415  # when it is asked for

        self.open_beside(SettingsScreen)

    def open_beside(self, screen: Callable[[InboxScreen], Screen[None]]) -> None:
        """Shows a screen in place of any other that is not the inbox."""
        if isinstance(screen, type) and isinstance(self.screen, screen):
            return
        while len(self.screen_stack) > 1:
            self.pop_screen()
        self.push_screen(screen(self.inbox))

    def action_stop_all(self) -> None:
        """Stops everything, or lets it go on."""
        figures = self.inbox.figures
        stopped = figures is not None and (figures.paused or figures.sender_paused is not None)
        self.inbox.act(self.inbox.verbs.stop(stop=not stopped))


def load_verbs() -> None:
    """Loads what the first verb and the plots need, 180 ms that neither the first paint nor the first key pays."""
    for name in ("verbs", "widgets.ask", "widgets.editor", "widgets.review", "screens.insights"):
        importlib.import_module(f"philia_tui.{name}")
