"""Measures everything and writes the page: `uv run python -m tests.performance`.

    --quick           small counts, a look in three minutes; prints, writes nothing
    --parts A,B       only these; `--parts ?` names them
    --peers           also four other terminal programs, installed into throw-away environments
    --write FILE      the page, docs/performance.md by default; with --parts only theirs are taken anew in it

Every part is a program of its own and runs alone too: `python -m tests.performance.receiving`. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tests.performance.figures import NO, read, table
from tests.performance.machine import facts

PAGE: Final = Path(__file__).parents[2] / "docs" / "performance.md"
PATIENCE: Final = 1_200
"""Seconds for one part; the longest, growth, takes four minutes on two quiet cores."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One program: what it measures, and with which words it is called."""

    title: str
    flags: Sequence[str] = ()
    """Of this program, those that are handed on to it."""
    more: str = ""
    """A line below the table's head."""


PARTS: Final[Mapping[str, Part]] = {
    "receiving": Part(title="Receiving"),
    "backlog": Part(title="A backlog beside the inbox"),
    "drafting": Part(title="A message becomes a draft"),
    "delivering": Part(title="An approval becomes a delivery"),
    "search": Part(title="Search", more="More of it in [search.md](search.md)."),
    "verifier": Part(title="The grounding check"),
    "house": Part(title="The house drafter"),
    "inbox": Part(title="The inbox"),
    "keys": Part(title="Every key of the inbox"),
    "peers": Part(title="The inbox beside other terminal programs", flags=("peers",)),
    "growth": Part(
        title="Growth",
        more="Four values a row: 1,000, 10,000 and 100,000 conversations, each with a draft, and as many pieces; then"
        " 1,000,000 messages in 10,000 conversations with 10,000 pieces. A question is the p95 of one look.",
    ),
    "startup": Part(title="Starts"),
    "cost": Part(title="What a draft costs"),
}


def measured(name: str, part: Part, *, flags: Sequence[str], folder: Path) -> list[str]:
    """Runs a part and returns the lines of its section."""
    told = folder / f"{name}.json"
    words = [f"--{flag}" for flag in flags if flag == "quick" or flag in part.flags]
    shown = f"`python -m tests.performance.{' '.join([name, *words])}`, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, load "
    shown += " ".join(f"{value:.1f}" for value in os.getloadavg())
    command = [sys.executable, "-m", f"tests.performance.{name}", *words, "--json", str(told)]
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as program:
        try:
            _, said = program.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            # As with Ctrl+C: it ends what it has started.
            program.send_signal(signal.SIGINT)
            program.communicate()
            return [shown, "", f"**Not finished after {PATIENCE} s.**"]
    head = [f"{shown}, {time.perf_counter() - began:.0f} s", *(["", part.more] if part.more else [])]
    if program.returncode != 0:
        last = (said.strip().splitlines() or ["no word"])[-1]
        return [*head, "", f"**It broke off** ({program.returncode}): `{last[:200]}`"]
    return [*head, "", *table(read(told))]


def missed(sections: Mapping[str, Sequence[str]]) -> list[str]:
    """Returns the rows of goals that were not met, as sentences; a part that broke off met none."""
    found = []
    for name, section in sections.items():
        for line in section:
            cells = [cell.strip() for cell in line.strip("| ").split(" | ")]
            if len(cells) >= 4 and cells[3].startswith(NO):
                found.append(f"- {PARTS[name].title}: {cells[0]}: {cells[1]}; the goal is {cells[2]}")
            elif line.startswith("**"):
                found.append(f"- {PARTS[name].title}: {line}")
    return found


def kept(target: Path) -> dict[str, list[str]]:
    """Returns the sections of a page that was written before, so that a few parts can be taken anew."""
    titles = {part.title: name for name, part in PARTS.items()}
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in target.read_text("utf-8").splitlines() if target.exists() else ():
        if line.startswith("## "):
            current = []
            if line[3:] in titles:
                found[titles[line[3:]]] = current
        else:
            current.append(line)
    return {name: "\n".join(section).strip().splitlines() for name, section in found.items()}


def page(machine: Sequence[str], sections: Mapping[str, Sequence[str]]) -> str:
    """Returns the whole page."""
    unmet = missed(sections)
    lines = [
        "# How fast, how big, how it grows",
        "",
        "Written by `uv run python -m tests.performance`; do not edit it by hand. Every figure stands beside its limit",
        "or its peer from the same run, because machines differ and ratios less so. What was tried to get here is in",
        "[decisions/0007-performance.md](decisions/0007-performance.md). A part tells when it was taken and the load",
        "average before it (1, 5, 15 minutes): above the number of cores, other work had a share of the machine.",
        "",
        *(f"- {line}" for line in machine),
        "",
        "## Goals that were not met",
        "",
        *(unmet or ["None of those that the tables below mark."]),
    ]
    for name in PARTS:
        if name in sections:
            lines += ["", f"## {PARTS[name].title}", "", *sections[name]]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measures and prints; in full, or with --write, writes the page."""
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
    target = given.write or (PAGE if not given.quick and names == list(PARTS) else None)
    sections = kept(target) if target is not None else {}
    flags = [flag for flag in ("quick", "peers") if getattr(given, flag)]
    machine = facts()
    with tempfile.TemporaryDirectory(prefix="philia-performance-") as folder:
        for name in names:
            sections[name] = measured(name, PARTS[name], flags=flags, folder=Path(folder))
            print(f"\n## {PARTS[name].title}\n", *sections[name], sep="\n", flush=True)
            if target is not None:
                # After every part: a run that is broken off leaves what it has.
                target.write_text(page(machine, sections), "utf-8")
    if target is not None:
        print(f"\nwritten to {os.path.relpath(target)}")


if __name__ == "__main__":
    main()
