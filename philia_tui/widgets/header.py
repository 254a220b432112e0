"""The top line: whose shop, whether the server listens, what waits. Refreshed on a timer, never per event."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from textual.strip import Strip

from philia_tui.health import SIGNS, Health
from philia_tui.inert import one_line
from philia_tui.telling import clock_time
from philia_tui.widgets.painting import Painter
from philia_tui.wrapping import Line, cut_line, width_of
from store.clock import MINUTE, Clock
from store.views import Header as Figures

LOCAL: Final = ("127.", "localhost", "[::1]")
"""Addresses that every server has and nobody needs to read; a tunnel's is shown where there is room."""


class Header(Painter):
    """One line; what does not fit is left out from the right, never the server's health."""

    def __init__(self, handle: str, auto: str, clock: Clock, zone: ZoneInfo, *, id: str | None = None) -> None:  # noqa: A002  # Textual's name
        """Takes what seldom changes while the inbox is open; `auto` is set again when it does."""
        super().__init__(id=id)
        self._handle = one_line(handle)
        self.auto = auto
        self._clock = clock
        self._zone = zone
        self.figures: Figures | None = None
        self.health = Health("starting")
        self.work = ""
        self._minute = 0

    def show(self, figures: Figures | None, health: Health, work: str = "") -> None:
        """Shows new figures, drawing only when something is different."""
        minute = self._clock() // MINUTE
        if (figures, health, work, minute) != (self.figures, self.health, self.work, self._minute):
            self.figures, self.health, self.work, self._minute = figures, health, work, minute
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draws the line."""
        width = self.size.width
        if y:
            return self.strip([], width)
        time: Line = [(f" {clock_time(self._clock(), self._zone)} ", "dim")]
        line: Line = [(" Philia", "accent"), (f" · {self._handle} · ", "dim"), *self._standing()]
        for part in self._figures():
            if width_of([*line, *part, *time]) > width:
                break
            line += part
        room = width - width_of(time)
        line = cut_line(line, room)
        return self.strip([*line, (" " * (room - width_of(line)), "text"), *time], width)

    def _standing(self) -> Line:
        style = {"listening": "good", "starting": "dim", "stopped": "warn", "failed": "bad"}[self.health.standing]
        line: Line = [(SIGNS[self.health.standing], style)]
        if self.health.standing == "listening" and self.health.words:
            line.append(("  ! TikTok cannot reach it", "warn"))
        if self.health.standing == "listening" and not self.health.account:
            line.append(("  ! nobody is signed in", "warn"))
        figures = self.figures
        if figures is not None and figures.paused:
            line.append((f"  ■ ALL STOPPED ({self.key_of('stop_all')} goes on)", "bad"))
        elif figures is not None and figures.sender_paused:
            line.append(("  ■ SENDING PAUSED", "bad"))
        if self.work:
            line.append((f"  ⟳ {self.work}", "accent"))
        return line

    def _figures(self) -> list[Line]:
        figures = self.figures
        if figures is None:
            return []
        tally = figures.tally
        parts: list[Line] = [[(f"   auto: {self.auto}", "dim")], [(f"   needs you {tally['needs_you']}", "strong")]]
        if figures.urgent:
            parts.append([(f" · {figures.urgent} within the hour !!", "bad")])
        for key, word, style in (("holds", "holds", "dim"), ("in_doubt", "in doubt", "bad")):
            if tally[key]:
                parts.append([(f" · {word} {tally[key]}", style)])
        if figures.failed:
            parts.append([(f" · not sent {figures.failed}", "bad")])
        if figures.poison:
            parts.append([(f" · unreadable {figures.poison}", "bad")])
        host = urlsplit(self.health.address or "").netloc
        if host and not host.startswith(LOCAL):
            parts.append([(f"   {one_line(host)}", "dim")])
        return parts
