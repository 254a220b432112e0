"""One measured figure beside its limit and its peer, and the program around a part that measures some."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

NO: Final = "**no**"
"""How a table marks a goal that was not met."""

HEAD: Final = ("what", "measured", "goal", "met", "beside it, in the same run")


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured, as the table says it."""

    what: str
    measured: str
    goal: str = ""
    met: bool | None = None
    """None where there is no goal."""
    beside: str = ""


def percentile(values: Sequence[float], share: float) -> float:
    """Returns the value that `share` of 100 do not exceed (nearest rank). Raises ValueError without values."""
    if not values:
        raise ValueError("nothing was measured")
    return sorted(values)[max(0, math.ceil(len(values) * share / 100) - 1)]


def spread(values: Sequence[float], unit: str = "ms") -> str:
    """Returns p50 and p95 as words."""
    return f"p50 {percentile(values, 50):.1f} {unit}, p95 {percentile(values, 95):.1f} {unit}"


def within(what: str, value: float, most: float, *, unit: str = "ms", beside: str = "", digits: int = 1) -> Figure:
    """Makes a figure that should not exceed a limit."""
    return Figure(what, f"{value:,.{digits}f} {unit}", f"≤ {most:g} {unit}", value <= most, beside)


def table(figures: Iterable[Figure]) -> list[str]:
    """Returns the lines of a Markdown table."""
    lines = ["| " + " | ".join(HEAD) + " |", "|---|---|---|---|---|"]
    for one in figures:
        met = {True: "yes", False: NO, None: ""}[one.met]
        lines.append(f"| {one.what} | {one.measured} | {one.goal} | {met} | {one.beside} |")
    return lines


def alone(page: str | None, measure: Callable[..., list[Figure]], **flags: str) -> None:
    """Runs a part as a program: prints its table, or writes it as JSON for the program that calls it.

    `measure` is called with whether it is to be quick and, by their names, with the part's own flags.
    """
    parser = argparse.ArgumentParser(description=page, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small counts: a look, not a result")
    parser.add_argument("--json", type=Path, help=argparse.SUPPRESS)
    for name, meaning in flags.items():
        parser.add_argument(f"--{name}", action="store_true", help=meaning)
    given = parser.parse_args()
    figures = measure(given.quick, **{name: getattr(given, name) for name in flags})
    if given.json is not None:
        write(figures, given.json)
    else:
        sys.stdout.write("\n".join(table(figures)) + "\n")


def write(figures: Iterable[Figure], path: Path) -> None:
    """Writes figures for the program that called this one."""
    path.write_text(json.dumps([asdict(one) for one in figures], ensure_ascii=False), "utf-8")


def read(path: Path) -> list[Figure]:
    """Reads what `write` wrote."""
    return [Figure(**one) for one in json.loads(path.read_text("utf-8"))]
