"""Insights: what was answered in time, how fast, how often unedited, by which prompt, for how much; each plotted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.widget import Widget
from textual_plotext import PlotextPlot

from philia_tui import keys
from philia_tui.inert import one_line
from philia_tui.plots import NOTHING, Plot, plots_of, prompt_name
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
TOO_LOW = 12
"""Rows of a plot below which its scale has its two ends only."""


class InsightsScreen(SideScreen):
    """One plot of several over all figures in words; both from rows that are kept anyway."""

    NAME = "insights"
    BINDINGS: ClassVar = keys.bindings(keys.INSIGHTS)
    KEYS: ClassVar = (*keys.INSIGHTS, *(key for key in keys.LOOKING if key.id == "look_export"))
    DEFAULT_CSS = """
    InsightsScreen PlotextPlot { height: 40%; min-height: 8; padding: 0 1; background: $background; }
    InsightsScreen.-large PlotextPlot { height: 1fr; }
    InsightsScreen.-large Page { display: none; }
    """

    def __init__(self, inbox: InboxScreen) -> None:
        """Starts with a week."""
        super().__init__(inbox)
        self.span = SPANS[0]
        self.plotted = 0
        self.plots: tuple[Plot, ...] = ()
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

        found, self.standings = await self.desk.read(read)
        self.figures, self.plots = found, plots_of(found, self.zone)
        self.say(f"the last {self.span} days")
        self.page.relay()
        self._draw()

    def on_resize(self) -> None:
        """Draws the plot's names anew, as many letters as there is room for."""
        self._draw()

    @property
    def drawn(self) -> bool:
        """Tells whether there is a plot to see.

        It draws in true colours, which it takes from the theme: the terminal's own 16 have none to give, and its
        letters would be black on black. The figures below say the same in words.
        """
        return not self.app.native_ansi_color

    def _draw(self) -> None:
        if not self.plots:
            return
        self.plot.display = self.drawn
        self.set_class(self.has_class("-large") and self.drawn, "-large")
        shown = self.plots[self.plotted]
        plot = self.plot.plt
        plot.clear_figure()
        # The bars' colour is the terminal's own text colour: what they mean stands in the title, not in a colour.
        place = f"{self.plotted + 1} of {len(self.plots)}: "
        plot.title(f"{place}{shown.title}{': nothing yet' if shown.empty else ''}")
        values = [value or 0.0 for value in shown.values]
        if not shown.empty:
            room = max(3, (self.size.width - 8) // len(values) - 1) if len(values) <= SPANS[0] else 5
            pairs = zip(shown.names, shown.values, strict=True)
            plot.bar([NOTHING if value is None else name[:room] for name, value in pairs], values, width=0.6)
        if shown.share:
            plot.ylim(0, 100)
            plot.yticks([0, 50, 100], ["0 %", "50 %", "100 %"])
        elif not any(values):
            plot.ylim(0, 1)
            plot.yticks([0], ["0"])
        else:
            top = max(values)
            marks = [0.0, top] if self.plot.size.height < TOO_LOW else [0.0, top / 2, top]
            plot.yticks(marks, [f"{mark:.4g}" for mark in marks])
        self.plot.refresh()

    def _write(self, width: int) -> list[Line]:
        found = self.figures
        if found is None:
            return [[("counting…", "dim")]]
        answers = found.answers
        lines: list[Line] = []

        def tell(name: str, value: str, more: str = "") -> None:
            spans: Line = [(fit(name, 25) + " ", "dim"), (value, "strong"), (f"  {more}", "dim")]
            lines.extend(wrap(spans, width, indent=[(" " * 26, "text")]))

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
            seconds = f"{prompt.latency_ms / 1000:.1f} s" if prompt.latency_ms else "at once"
            tell(
                f"  {prompt_name(prompt)}",
                many(prompt.drafts, "draft", "drafts"),
                f"backed {_share(prompt.passed, prompt.drafts)[0]}"
                f" · unedited {_share(prompt.unedited, prompt.decided)[0]}"
                f" · {seconds} · {prompt.length or 0} characters · ${metrics.dollars(prompt.cost_microcents)}",
            )
        lines += [[], [("Day by day", "accent")]]
        for day in reversed(found.days):
            asked, in_window = day.answers.asked, day.answers.in_window
            parts = [
                words
                for words, told in (
                    (many(day.received, "message", "messages"), day.received),
                    (f"{in_window} of {asked} answered in the window", asked),
                    (f"in {_span(day.answers.median_ms)}", day.answers.median_ms is not None),
                    (f"{day.unedited} of {day.decided} as drafted", day.decided),
                    (f"{day.automatic} of {day.sent} by itself", day.sent),
                    (f"${metrics.dollars(day.cost_microcents)}", day.cost_microcents),
                )
                if told
            ]
            if parts:
                date = dt.datetime.fromtimestamp(day.start / 1000, self.zone).strftime("%d.%m")
                lines += wrap([(f"  {date}  ", "dim"), (" · ".join(parts), "text")], width, indent=[(" " * 9, "text")])
        if not any(day.received or day.sent or day.decided for day in found.days):
            lines.append([("  nothing yet", "dim")])
        return lines

    def action_insights_span(self) -> None:
        """Takes the next time span."""
        self.span = SPANS[(SPANS.index(self.span) + 1) % len(SPANS)]
        self.load()

    def action_insights_plot(self) -> None:
        """Draws the next plot."""
        self._walk(1)

    def action_insights_plot_back(self) -> None:
        """Draws the plot before."""
        self._walk(-1)

    def action_insights_large(self) -> None:
        """Gives the plot the whole screen, or the figures their room again."""
        if self._can_draw():
            self.toggle_class("-large")
            self.call_after_refresh(self._draw)

    def _walk(self, by: int) -> None:
        if self.plots and self._can_draw():
            self.plotted = (self.plotted + by) % len(self.plots)
            self._draw()

    def _can_draw(self) -> bool:
        if not self.drawn:
            self.inbox.tell("In the terminal's own 16 colours nothing is plotted; the figures say the same in words.")
        return self.drawn

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
