"""How soon each key of the inbox shows what it does: `python -m tests.performance.keys [--quick]`.

`philia` with its server in tmux, on 5,000 threads with a draft each. A key's time runs from the key to the window that
shows something else than before, tmux and all; figures are not looked at, since countdowns move by themselves, except
where moving to the next customer changes nothing else. Of the list of commands the first frame dims the inbox. After
each key others bring the inbox back to rest.
"""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.performance.backlog import title
from tests.performance.figures import Figure, alone, percentile, within
from tests.performance.peers import calm, filled
from tests.performance.receiving import a_shop
from tests.performance.startup import PHILIA
from tests.performance.terminal import Terminal

THREADS: Final = 5_000
ROUNDS: Final = 8
REST: Final = 0.15
"""Seconds between two keys."""


COLOURS: Final = re.compile(r"\x1b\[[\d;:]*m")


def painted(shown: str) -> str:
    """Returns the window's lines without figures but with their colours: a list that opens dims what is behind it."""
    return "\n".join(
        "".join((*COLOURS.findall(line), words(f"\n{COLOURS.sub('', line)}"))) for line in shown.splitlines()[1:]
    )


def words(shown: str) -> str:
    """Returns what the window says without its figures and its header."""
    return re.sub(r"[\d\s]+", " ", shown.partition("\n")[2])


@dataclass(frozen=True, slots=True)
class Pressed:
    """One key by tmux's name, what of the window it changes, and the keys that undo it."""

    key: str
    does: str
    back: tuple[str, ...] = ()
    looks: Callable[[str], str] = words


KEYS: Final = (
    Pressed("j", "down", looks=title),
    Pressed("k", "up", looks=title),
    Pressed("PageDown", "page down", looks=title),
    Pressed("G", "last", looks=title),
    Pressed("g", "first", looks=title),
    Pressed("n", "next that needs me", looks=title),
    Pressed("a", "approve", looks=title),
    Pressed("v", "mark", ("v",)),
    Pressed("Tab", "next list", ("BTab",)),
    Pressed("e", "edit", ("Escape", "d")),
    Pressed("i", "instruct", ("Escape",)),
    Pressed("r", "reject", ("Escape",)),
    Pressed("s", "snooze", ("Escape",)),
    Pressed("l", "label", ("Escape",)),
    Pressed("m", "note", ("Escape",)),
    Pressed("/", "find", ("Escape",)),
    Pressed("w", "why", ("w",)),
    Pressed("f", "jump", ("Escape",)),
    Pressed("?", "help", ("Escape",)),
    Pressed(":", "commands", ("Escape",), looks=painted),
    Pressed("'\\'", "search everything", ("Escape",)),
    Pressed("2", "stock", ("1",)),
    Pressed("3", "insights", ("1",)),
    Pressed("4", "activity", ("1",)),
    Pressed("5", "settings", ("1",)),
    Pressed("6", "long work", ("1",)),
    Pressed("7", "canned replies", ("1",)),
)


def measure(quick: bool) -> list[Figure]:
    """Measures the part."""
    rounds = 3 if quick else ROUNDS
    took: dict[str, list[float]] = {one.does: [] for one in KEYS}
    with tempfile.TemporaryDirectory(prefix="philia-keys-") as name:
        shop = a_shop(Path(name))
        filled(shop.database, THREADS)
        calm(shop.database)
        with Terminal(shop.folder, **shop.environment) as terminal:
            terminal.start([str(PHILIA)])
            terminal.wait(lambda shown: shown.count("\n") > 1 and "Customer 1 " in title(shown) and "● l" in shown)
            for _ in range(rounds):
                for one in KEYS:
                    settle(terminal)
                    took[one.does].append(terminal.press(one.key, one.looks, colours=one.looks is painted))
                    for key in one.back:
                        settle(terminal)
                        terminal.press(key, words)
    first = {does: times[:1] for does, times in took.items()}
    again = {does: times[1:] for does, times in took.items()}
    return [
        _all(f"any of {len(KEYS)} keys in the inbox, p95", again, f"{rounds - 1} times each"),
        _all("the first press of each, p95", first, "what a screen needs is loaded then"),
    ]


def settle(terminal: Terminal) -> None:
    """Waits until the window has shown the same for a while: a key is timed alone."""
    before, since = words(terminal.shown()), time.perf_counter()
    while time.perf_counter() - since < REST:
        time.sleep(REST / 5)
        shown = words(terminal.shown())
        if shown != before:
            before, since = shown, time.perf_counter()


def _all(what: str, times: dict[str, list[float]], more: str) -> Figure:
    middle = {does: percentile(some, 50) for does, some in times.items()}
    named = ", ".join(f"{does} {middle[does]:.0f}" for does in sorted(middle, key=lambda does: -middle[does])[:5])
    every = [one for some in times.values() for one in some]
    beside = (
        f"p50 {percentile(every, 50):.0f} ms, slowest {max(every):.0f} ms; the slowest keys' p50: {named} ms; {more}"
    )
    return within(what, percentile(every, 95), 50, beside=beside)


if __name__ == "__main__":
    alone(__doc__, measure)
