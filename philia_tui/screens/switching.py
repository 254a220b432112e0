"""The switches of automatic replies on the settings screen: one key walks them, another changes one in the file."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import work

from philia_tui.automatic import KINDS, MODES, switch
from philia_tui.inert import one_line
from philia_tui.screens.side import SideScreen
from philia_tui.wrapping import Line, wrap
from server.status import told

if TYPE_CHECKING:
    from store import autonomy


class Switching(SideScreen):
    """What the settings screen knows of its switches; a mixin of it."""

    SWITCHES: ClassVar = ("mode", *KINDS)
    chosen = 0

    def action_settings_next(self) -> None:
        """Goes to the next switch."""
        self._choose(1)

    def action_settings_previous(self) -> None:
        """Goes to the switch before."""
        self._choose(-1)

    def _choose(self, by: int) -> None:
        self.chosen = (self.chosen + by) % len(self.SWITCHES)
        self.load()
        self.action_first()

    @work(group="ask", exclusive=True, exit_on_error=False)
    async def action_settings_switch(self) -> None:
        """Changes the chosen switch; before anything may go by itself it asks."""
        name = self.SWITCHES[self.chosen]
        auto = self.settings.auto_reply
        if name == "mode":
            modes = list(MODES)
            value = modes[(modes.index(auto.mode) + 1) % len(modes)]
            if value == "on" and await self.ask(f"Let earned kinds go by themselves? {self.inbox.yes_no()}") is None:
                return
            act = switch(self.inbox.switchboard, "mode", value, clock=self.desk.clock)
        else:
            kinds = tuple(one for one in KINDS if (one in auto.intents) != (one == name))
            act = switch(self.inbox.switchboard, "intents", kinds, clock=self.desk.clock)
        await self.inbox.perform(act)
        self.load()

    def switch_lines(self, width: int, standings: list[autonomy.Standing]) -> list[Line]:
        """Writes the switches, what each means, and whether the server goes by them."""
        auto, key = self.settings.auto_reply, self.inbox.key_of
        lines: list[Line] = [[("Automatic replies", "accent"), (f"  {key('settings_next')} goes to the next,", "dim")]]
        lines[0].append((f" {key('settings_switch')} changes it", "dim"))
        lines += self._row(0, auto.mode, MODES[auto.mode], width)
        known = {one.kind: one.sentence.partition(": ")[2] for one in standings}
        for number, kind in enumerate(KINDS, 1):
            may = kind in auto.intents
            words = known.get(kind, "") if may else "only you answer it"
            lines += self._row(number, "may" if may else "never", f"{kind}: {words}", width)
        lines += wrap([("  Every other kind (holds, haggling, returns, complaints …) is always yours.", "dim")], width)
        return lines + self._where(width)

    def _row(self, number: int, state: str, words: str, width: int) -> list[Line]:
        here = number == self.chosen
        style = "strong" if here else "text"
        spans: Line = [("▸ " if here else "  ", "key"), (f"{state.ljust(6)} ", "key"), (one_line(words), style)]
        return wrap(spans, width, indent=[(" " * 9, "text")])

    def _where(self, width: int) -> list[Line]:
        board = self.inbox.switchboard
        if board.trouble:
            return wrap([(f"  ! {one_line(board.trouble)} Nothing goes by itself until then.", "bad")], width)
        if board.file is None:
            return wrap([("  There is no config.toml to keep them in: philia init makes one.", "warn")], width)
        words = ""
        if self.inbox.health().standing == "listening":
            went = told(self.desk.db).get("auto", {})
            auto = self.settings.auto_reply
            same = went.get("mode") == auto.mode and set(went.get("intents", ())) == set(auto.intents)
            words = "The server goes by them. " if same else "The server has NOT taken them up yet. "
        return wrap([(f"  {words}Kept in {one_line(str(board.file))}", "dim")], width, indent=[("  ", "text")])
