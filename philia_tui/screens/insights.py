"""Insights: what was answered in time, how fast, how often unedited, by which prompt, for how much; with a plot."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.widget import Widget
from textual_plotext import PlotextPlot

from philia_tui import keys
from philia_tui.inert import one_line
from philia_tui.screens.side import SideScreen
from philia_tui.telling import intent_name, many
from philia_tui.widgets.page import Page
from philia_tui.wrapping import Line, fit, wrap
from store import autonomy, metrics
from store.clock import HOUR, MINUTE

if TYPE_CHECKING:
    import sqlite3

    from philia_tui.screens.inbox import InboxScreen

SPANS = (7, 30, 90)
PLOTS = ("messages a day", "answered by itself, % a day", "cost a day, US cents")


class InsightsScreen(SideScreen):
    """Figures in words over a plot of days; both from rows that are kept anyway."""

    NAME = "insights"
    BINDINGS: ClassVar = keys.bindings(keys.INSIGHTS)
    KEYS: ClassVar = (*keys.INSIGHTS, *(key for key in keys.LOOKING if key.id == "look_export"))
    DEFAULT_CSS = """
    InsightsScreen PlotextPlot { height: 40%; min-height: 8; padding: 0 1; background: $background; }
    """

    def __init__(self, inbox: InboxScreen) -> None:
        """Starts with a week."""
        super().__init__(inbox)
        self.span = SPANS[0]
        self.plotted = 0
        self.figures: metrics.Figures | None = None
        self.standings: list[autonomy.Standing] = []
        self.plot = PlotextPlot()
        self.page = Page(self._write)
        self.page.add_class("-whole")

    def body(self) -> Iterable[Widget]:
        """Returns the plot and the figures."""
        return (self.plot, self.page)

    def load(self) -> None:
        """Counts in the background."""
        self._count()

    @work(group="lists", exclusive=True, exit_on_error=False)
    async def _count(self) -> None:
        today = dt.datetime.fromtimestamp(self.desk.clock() / 1000, self.zone).date()
        days = [today - dt.timedelta(days=back) for back in range(self.span - 1, -1, -1)]
        starts = [int(dt.datetime.combine(one, dt.time(), self.zone).timestamp() * 1000) for one in days]
        auto = self.settings.auto_reply
        window = int(self.settings.delivery.window_hours * HOUR)

        def read(db: sqlite3.Connection) -> tuple[metrics.Figures, list[autonomy.Standing]]:
            return (
                metrics.figures(db, since=starts[0], until=self.desk.clock() + 1, window_ms=window, day_starts=starts),
                autonomy.all_kinds(db, needed=auto.earn_decisions, earn=auto.earn_unedited, lose=auto.lose_unedited),
            )

        self.figures, self.standings = await self.desk.read(read)
        self.say(f"the last {self.span} days")
        self.page.relay()
        self._draw()

    def _draw(self) -> None:
        found = self.figures
        if found is None:
            return
        # The plot draws in true colours, which it takes from the theme: the terminal's own 16 have none to give, and
        # its letters would be black on black. The figures below say the same in words.
        self.plot.display = not self.app.native_ansi_color
        plot = self.plot.plt
        plot.clear_figure()
        # The bars' colour is the terminal's own text colour: what they mean stands in the title, not in a colour.
        plot.title(PLOTS[self.plotted])
        names = [dt.datetime.fromtimestamp(day.start / 1000, self.zone).strftime("%d.%m") for day in found.days]
        if self.plotted == 0:
            values = [float(day.received) for day in found.days]
        elif self.plotted == 1:
            values = [100.0 * day.automatic / day.sent if day.sent else 0.0 for day in found.days]
        else:
            values = [day.cost_microcents / 1_000_000 for day in found.days]
        plot.bar(names, values, width=0.6)
        self.plot.refresh()

    def _write(self, width: int) -> list[Line]:
        found = self.figures
        if found is None:
            return [[("counting…", "dim")]]
        answers = found.answers
        lines: list[Line] = []

        def tell(name: str, value: str, more: str = "") -> None:
            lines.extend(wrap([(fit(name, 25) + " ", "dim"), (value, "strong"), (f"  {more}", "dim")], width))

        tell("answered in the window", *_share(answers.in_window, answers.asked, "asked"))
        slow = "" if answers.p90_ms is None else f"one in ten took over {_span(answers.p90_ms)}"
        tell("time to answer", _span(answers.median_ms), slow)
        decided = found.approved + found.edited
        tell("sent as it was drafted", *_share(found.approved, decided, f"decided; {found.rejected} rejected"))
        tell("sent by itself", *_share(found.automatic, found.sent, "sent"))
        tell("shadow agreed with you", *_share(found.agreed, found.shadow, "that it would have sent"))
        tell("cost", f"${metrics.dollars(found.cost_microcents)}")
        lines += [[], [("By kind of question", "accent")]]
        for one in found.intents:
            parts = [
                f"{part} {' '.join(_share(*figures))}"
                for part, figures in (
                    ("unedited", (one.unedited, one.decided, "decided")),
                    ("shadow agreed", (one.agreed, one.shadow, "settled")),
                )
                if figures[1]
            ]
            tell(f"  {intent_name(one.intent)}", many(one.drafts, "draft", "drafts"), " · ".join(parts))
        if self.standings:
            lines += [[], [("Automatic replies, earned", "accent")]]
            for standing in self.standings:
                lines += wrap(
                    [("  " + ("✓ " if standing.earned else "· ") + one_line(standing.sentence), "text")], width
                )
        if found.prompts:
            lines += [[], [("Prompts beside each other", "accent")]]
        for prompt in found.prompts:
            version = f" v{prompt.version}" if prompt.version is not None else ""
            seconds = f"{prompt.latency_ms / 1000:.1f} s" if prompt.latency_ms else "at once"
            tell(
                f"  {one_line(prompt.drafter)} {one_line(prompt.prompt)}{version}",
                many(prompt.drafts, "draft", "drafts"),
                f"backed {_share(prompt.passed, prompt.drafts)[0]}"
                f" · unedited {_share(prompt.unedited, prompt.decided)[0]}"
                f" · {seconds} · {prompt.length or 0} characters · ${metrics.dollars(prompt.cost_microcents)}",
            )
        return lines

    def action_insights_span(self) -> None:
        """Takes the next time span."""
        self.span = SPANS[(SPANS.index(self.span) + 1) % len(SPANS)]
        self.load()

    def action_insights_plot(self) -> None:
        """Draws the next plot."""
        self.plotted = (self.plotted + 1) % len(PLOTS)
        self._draw()

    def action_look_export(self) -> None:
        """Writes the figures to a CSV file beside the database."""
        if self.figures is not None:
            self.export(f"philia-insights-{self.span}-days.csv", metrics.as_table(self.figures))


def _share(part: int, whole: int, of: str = "") -> tuple[str, str]:
    """Returns a share in per cent and of how many it is; words where there is nothing to count yet."""
    return (f"{100 * part / whole:.0f} %", f"of {whole} {of}".rstrip()) if whole else ("nothing yet", "")


def _span(milliseconds: int | None) -> str:
    if milliseconds is None:
        return "nothing yet"
    if milliseconds < MINUTE:
        return f"{milliseconds / 1000:.0f} s"
    if milliseconds < 2 * HOUR:
        return f"{milliseconds / MINUTE:.0f} min"
    return f"{milliseconds / HOUR:.1f} h"
