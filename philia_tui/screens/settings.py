"""Settings and health: the doctor live, the switches, the policy of each kind of question, every setting."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from textual import work
from textual.widget import Widget

from philia_tui import keys
from philia_tui.health import NOBODY, SIGNS
from philia_tui.inert import one_line
from philia_tui.screens.switching import Switching
from philia_tui.widgets.page import Page
from philia_tui.wrapping import Line, wrap
from store import autonomy, learning

if TYPE_CHECKING:
    from philia_tui.screens.inbox import InboxScreen

STATES = {"ok": ("✓ well", "good"), "warn": ("! look", "warn"), "fail": ("✗ FAILS", "bad")}


class SettingsScreen(Switching):
    """One page: what of it has a key is changed here, everything else in config.toml."""

    NAME = "settings and health"
    BINDINGS: ClassVar = keys.bindings(keys.SETTINGS)
    KEYS: ClassVar = keys.SETTINGS

    def __init__(self, inbox: InboxScreen) -> None:
        """Starts without the doctor's word."""
        super().__init__(inbox)
        self.checks: list[Any] | None = None
        self.standings: list[autonomy.Standing] = []
        self.rules: list[learning.Rule] = []
        self.page = Page(self._write)
        self.page.add_class("-whole")

    def body(self) -> Iterable[Widget]:
        """Returns the page."""
        return (self.page,)

    def load(self) -> None:
        """Shows what is known and has the doctor look."""
        self.inbox.look_at_switches()
        self.settings = self.inbox.settings
        auto = self.settings.auto_reply
        self.standings = autonomy.all_kinds(
            self.desk.db, needed=auto.earn_decisions, earn=auto.earn_unedited, lose=auto.lose_unedited
        )
        self.rules = learning.rules(self.desk.db)
        self.page.relay()
        if self.checks is None:
            self._examine(False)

    def action_settings_check(self) -> None:
        """Has the doctor look again, outside of this machine too."""
        self._examine(True)

    @work(group="lists", exclusive=True, exit_on_error=False)
    async def _examine(self, outside: bool) -> None:
        examine = self.inbox.examine
        if examine is None:
            return
        self.say("looking…")
        self.checks = found = await asyncio.to_thread(examine, outside)
        self.say(f"{sum(one.state != 'ok' for one in found)} to look at")
        self.page.relay()

    def action_settings_accept(self) -> None:
        """Turns on the first proposed rule."""
        self._decide("accept", "proposed")

    def action_settings_decline(self) -> None:
        """Declines the first proposed rule, or takes the last accepted one back."""
        if not self._decide("decline", "proposed"):
            self._decide("withdraw", "accepted")

    def _decide(self, answer: learning.Answer, state: str) -> bool:
        found = [one for one in self.rules if one.state == state]
        if found:
            self.act(self.inbox.verbs.rule(found[0].id, answer))
        return bool(found)

    def action_settings_server(self) -> None:
        """Starts the server when none runs."""
        if self.inbox.server is not None:
            self.inbox.server.start()
        self.page.relay()

    def _write(self, width: int) -> list[Line]:
        health = self.inbox.health()
        figures = self.inbox.figures
        style = {"listening": "good", "starting": "dim", "stopped": "warn", "failed": "bad"}[health.standing]
        lines: list[Line] = [[("Server", "accent")], [("  " + SIGNS[health.standing], style)]]
        if health.address:
            lines[-1].append((f"  {one_line(health.address)}{self.settings.listener.path}", "text"))
        if health.pid:
            lines[-1].append((f"  process {health.pid}", "dim"))
        if health.words:
            lines += wrap([("  " + one_line(health.words), "bad")], width, indent=[("  ", "text")])
        if health.standing == "listening" and not health.account:
            lines += wrap([("  " + NOBODY, "warn")], width, indent=[("  ", "text")])
        stopped = figures is not None and figures.paused
        lines += [[], [("Switches", "accent")]]
        stop = self.inbox.key_of("stop_all")
        words = f"■ ALL STOPPED, {stop} goes on" if stopped else f"▶ replies may leave; {stop} stops all"
        lines.append([(f"  {words}", "text")])
        if figures is not None and figures.sender_paused:
            lines += wrap([(f"  ■ sending rests: {one_line(figures.sender_paused)}", "bad")], width)
        lines += [[], *self.switch_lines(width, self.standings)]
        rules = [one for one in self.rules if one.state in {"proposed", "accepted"}]
        lines += [[], [("What your edits teach", "accent")]]
        for rule in rules:
            accept, decline = self.inbox.key_of("settings_accept"), self.inbox.key_of("settings_decline")
            proposed = rule.state == "proposed"
            words = f"proposed: {accept} accepts, {decline} declines" if proposed else f"on: {decline} takes it back"
            spans: Line = [("  ? " if proposed else "  ✓ ", "warn"), (one_line(rule.sentence), "text")]
            lines += wrap([*spans, (f"  {words}", "dim")], width, indent=[("    ", "text")])
        if not rules:
            lines.append([("  nothing yet: a change you make again and again is proposed here", "dim")])
        lines += [[], [("Health", "accent")]]
        if self.checks is None:
            lines.append([("  looking…", "dim")])
        for check in self.checks or ():
            word, colour = STATES.get(check.state, (check.state, "text"))
            spans = [(f"  {word.ljust(8)} ", colour), (f"{one_line(check.check)}: ", "strong")]
            spans.append((one_line(check.detail), "text"))
            if check.state != "ok" and check.mend:
                spans.append((f" → {one_line(check.mend)}", "warn"))
            lines += wrap(spans, width, indent=[(" " * 11, "text")])
        lines += [[], [("Settings (the rest is changed in config.toml, and counts at the next start)", "accent")]]
        for section in self.settings.__struct_fields__:
            part = getattr(self.settings, section)
            told = ", ".join(f"{key} = {_value(getattr(part, key))}" for key in part.__struct_fields__)
            lines += wrap([(f"  [{section}] ", "key"), (one_line(told), "dim")], width, indent=[("    ", "text")])
        return lines


def _value(value: object) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(map(str, value)) + "]"
    return '""' if value == "" else str(value).lower() if isinstance(value, bool) else str(value)
