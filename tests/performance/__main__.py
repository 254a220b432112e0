"""Measures everything and writes the page: `uv run python -m tests.performance`.

    --quick           small counts, a look in two minutes; prints, writes nothing
    --parts A,B       only these: receiving drafting delivering search verifier house inbox growth startup cost
    --peers           also the first paint of other terminal programs, in throw-away environments
    --write FILE      the page, docs/performance.md by default

Every part is a program of its own and runs alone too: `python -m tests.performance.receiving`. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tests.performance.figures import Figure, read, table
from tests.performance.machine import facts

PAGE: Final = Path(__file__).parents[2] / "docs" / "performance.md"
PATIENCE: Final = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One program: what it measures, and with which words it is called."""

    title: str
    words: Sequence[str] = ()
    quick: Sequence[str] = ("--quick",)
    figures: bool = False
    """Whether it hands over figures; the other programs print their own table or lines."""
    goals: str = ""


PARTS: Final[Mapping[str, Part]] = {
    "receiving": Part(title="Receiving", figures=True),
    "drafting": Part(title="A message becomes a draft", figures=True),
    "delivering": Part(title="An approval becomes a delivery", figures=True),
    "search": Part(
        title="Search",
        words=("--sizes", "1000,10000,100000"),
        quick=("--sizes", "1000"),
        goals="Goal: at 100,000 pieces p99 ≤ 60 ms of CPU; more in [search.md](search.md).",
    ),
    "verifier": Part(title="The grounding check", words=("1000",), quick=("200",), goals="Goal: p95 ≤ 5 ms."),
    "house": Part(title="The house drafter", words=("10000", "600"), quick=("1000", "330"), goals="Goal: p95 ≤ 50 ms."),
    "inbox": Part(title="The inbox", words=(), quick=("--conversations", "5000", "--repeat", "1")),
    "growth": Part(title="Growth", figures=True),
    "startup": Part(title="Starts", figures=True),
    "cost": Part(title="What a draft costs", figures=True),
}


def measured(name: str, part: Part, *, quick: bool, peers: bool, folder: Path) -> tuple[list[str], list[Figure]]:
    """Runs a part; returns the lines of its section and its figures, if it hands any over."""
    told = folder / f"{name}.json"
    words = list(part.quick if quick else part.words)
    if part.figures:
        words += ["--json", str(told)]
    if peers and name == "inbox":
        words.append("--peers")
    command = [sys.executable, "-m", f"tests.performance.{name}", *words]
    began = time.perf_counter()
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        return [f"Not finished after {PATIENCE} s."], []
    seconds = time.perf_counter() - began
    shown = [
        f"`python -m tests.performance.{' '.join([name, *(part.quick if quick else part.words)])}`, {seconds:.0f} s"
    ]
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no word"])[-1]
        return [*shown, "", f"**It broke off** ({done.returncode}): `{last[:200]}`"], []
    if part.figures:
        figures = read(told)
        return [*shown, "", *table(figures)], figures
    lines = done.stdout.strip().splitlines()
    if not any(line.startswith("|") for line in lines):
        lines = ["```", *lines, "```"]
    return [*shown, *([part.goals] if part.goals else []), "", *lines], []


def page(
    machine: Sequence[str], sections: Mapping[str, Sequence[str]], missed: Sequence[Figure], seconds: float
) -> str:
    """Returns the whole page."""
    lines = [
        "# How fast, how big, how it grows",
        "",
        "Written by `uv run python -m tests.performance`; do not edit it by hand. Every figure stands beside its limit",
        "or its peer from the same run, because machines differ and ratios less so. What was tried to get here is in",
        "[decisions/0007-performance.md](decisions/0007-performance.md).",
        "",
        f"Taken {datetime.now(UTC):%Y-%m-%d %H:%M} UTC in {seconds:.0f} s on:",
        "",
        *(f"- {line}" for line in machine),
        "",
        "## Goals that were not met in this run",
        "",
        *(f"- {one.what}: {one.measured}; the goal is {one.goal} ({one.beside})" for one in missed),
        *([] if missed else ["None of those that the tables below mark."]),
    ]
    for name, section in sections.items():
        lines += ["", f"## {PARTS[name].title}", "", *section]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measures and prints; in full, writes the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--parts", default=",".join(PARTS))
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--write", type=Path)
    given = parser.parse_args()
    names = given.parts.split(",")
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        parser.error(f"there is no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    whole = not given.quick and names == list(PARTS)
    target = given.write or (PAGE if whole else None)
    machine = facts()
    began = time.perf_counter()
    sections: dict[str, list[str]] = {}
    missed: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="philia-performance-") as folder:
        for name in names:
            sections[name], figures = measured(
                name, PARTS[name], quick=given.quick, peers=given.peers, folder=Path(folder)
            )
            missed += [one for one in figures if one.met is False]
            print(f"\n## {PARTS[name].title}\n", *sections[name], sep="\n", flush=True)
            if target is not None:
                # After every part: a run that is broken off leaves what it has.
                target.write_text(page(machine, sections, missed, time.perf_counter() - began), "utf-8")
    if target is not None:
        print(f"\nwritten to {os.path.relpath(target)}")


if __name__ == "__main__":
    main()
