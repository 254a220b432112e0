"""What the insights screen plots: one title and one row of bars each, worked out from the figures."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from philia_tui.inert import one_line
from philia_tui.telling import intent_name
from store.clock import HOUR, MINUTE, SECOND
from store.metrics import DayFigures, Figures, PromptFigures

NOTHING: Final = "none"
"""Stands under a bar's place where there was nothing to count: no question asked is not the same as none answered."""


@dataclass(frozen=True, slots=True)
class Plot:
    """One plot: what its bars mean, what stands under each, and how high each is; None where nothing was counted."""

    title: str
    names: tuple[str, ...]
    values: tuple[float | None, ...]
    share: bool = False
    """Whether the values are per cent, of which 100 are all."""

    @property
    def empty(self) -> bool:
        """Tells whether there is nothing at all to plot yet."""
        return not any(value is not None for value in self.values)


def plots_of(found: Figures, zone: dt.tzinfo) -> tuple[Plot, ...]:
    """Returns every plot, in the order in which the screen walks through them."""
    names = tuple(dt.datetime.fromtimestamp(day.start / 1000, zone).strftime("%d.%m") for day in found.days)

    def by_day(title: str, value: Callable[[DayFigures], float | None], *, share: bool = False) -> Plot:
        return Plot(title, names, tuple(value(day) for day in found.days), share=share)

    unit, length = _unit([day.answers.median_ms for day in found.days if day.answers.median_ms is not None])
    kinds = [one for one in found.intents if one.shadow]
    prompts = sorted((one for one in found.prompts if one.decided), key=prompt_name)
    return (
        by_day("messages a day", lambda day: float(day.received)),
        by_day(
            "answered in the window, % of a day's questions",
            lambda day: _share(day.answers.in_window, day.answers.asked),
            share=True,
        ),
        by_day(
            f"time to answer, {unit}, the middle one of a day",
            lambda day: None if day.answers.median_ms is None else day.answers.median_ms / length,
        ),
        by_day("sent as it was drafted, % a day", lambda day: _share(day.unedited, day.decided), share=True),
        by_day("sent by itself, % a day", lambda day: _share(day.automatic, day.sent), share=True),
        Plot(
            "shadow agreed with you, % by kind of question",
            tuple(intent_name(one.intent) for one in kinds),
            tuple(_share(one.agreed, one.shadow) for one in kinds),
            share=True,
        ),
        Plot(
            "prompts beside each other, % sent as it was drafted",
            tuple(prompt_name(one) for one in prompts),
            tuple(_share(one.unedited, one.decided) for one in prompts),
            share=True,
        ),
        by_day("cost a day, US cents", lambda day: day.cost_microcents / 1_000_000),
    )


def prompt_name(one: PromptFigures) -> str:
    """Returns who drafted, as one name: the drafter, and the prompt with its version if there was one."""
    version = f" v{one.version}" if one.version is not None else ""
    return f"{one_line(one.drafter)} {one_line(one.prompt)}{version}".replace("  ", " ").strip()


def _share(part: int, whole: int) -> float | None:
    return 100.0 * part / whole if whole else None


def _unit(times: Sequence[int]) -> tuple[str, int]:
    """Returns the unit in which the longest of some times is easily read, and its milliseconds."""
    longest = max(times, default=0)
    if longest < 2 * MINUTE:
        return "seconds", SECOND
    return ("minutes", MINUTE) if longest < 2 * HOUR else ("hours", HOUR)
