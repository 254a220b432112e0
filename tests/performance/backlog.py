"""Whether the inbox answers while the server works off a backlog: `python -m tests.performance.backlog [--quick]`.

The owner opens `philia` in the morning: the inbox, in tmux, on 10,000 threads, and the server that it starts, on events
that wait. She walks down the queue at once. A key's time runs from the key to the window that shows the next customer's
thread, tmux and all. Another process decides something now and then. Afterwards the same keys are pressed at rest.
"""

from __future__ import annotations

import sqlite3
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Final

from store.clock import system_clock
from store.database import connect, transaction
from store.inbox import mark_seen
from tests.end_to_end.shop import v1_3
from tests.performance.figures import Figure, alone, percentile, within
from tests.performance.load import CONVERSATIONS
from tests.performance.peers import calm, filled
from tests.performance.receiving import a_shop, waiting
from tests.performance.startup import PHILIA
from tests.performance.terminal import Terminal

THREADS: Final = 10_000
AT_REST: Final = 100
"""Keys pressed when nothing waits any more."""
MOST: Final = 150.0
"""Seconds after which what was applied until then is told."""
PAUSE: Final = 0.08
"""Seconds between two keys: somebody who walks fast."""


def events(path: Path, count: int) -> None:
    """Puts events into the log that the server has not looked at."""
    with closing(connect(path)) as db, transaction(db):
        db.executemany(
            "INSERT INTO inbound_events (dedupe_key, dialect, event, thread, received_at, body, state)"
            " VALUES (?, 'v1.3', 'im_receive_msg', ?, ?, ?, 'received')",
            (
                (
                    f"b{number}",
                    f"v1.3:load{number % CONVERSATIONS}==",
                    system_clock(),
                    v1_3(f"b{number}", f"load{number % CONVERSATIONS}==", f"user{number % CONVERSATIONS}", "hello"),
                )
                for number in range(count)
            ),
        )


def title(shown: str) -> str:
    """Returns the line that names the customer whose thread is open, beside the queue."""
    return shown.splitlines()[1].partition("▕")[2]


def decide(db: sqlite3.Connection) -> float:
    """Commits what a decision commits; returns its milliseconds."""
    began = time.perf_counter()
    with transaction(db):
        mark_seen(db, 1, now=system_clock())
    return (time.perf_counter() - began) * 1_000


def measure(quick: bool) -> list[Figure]:
    """Measures the part."""
    count = 10_000 if quick else 50_000
    busy: list[float] = []
    decisions: list[float] = []
    with tempfile.TemporaryDirectory(prefix="philia-backlog-") as name:
        shop = a_shop(Path(name))
        filled(shop.database, THREADS)
        calm(shop.database)
        events(shop.database, count)
        with closing(connect(shop.database)) as db, Terminal(shop.folder, **shop.environment) as terminal:
            terminal.start([str(PHILIA)])
            terminal.wait(lambda shown: shown.count("\n") > 1 and "Customer 1 " in title(shown))
            began, left = time.perf_counter(), count
            while left and time.perf_counter() - began < MOST:
                for _ in range(10):
                    busy.append(terminal.press("j", title))
                    time.sleep(PAUSE)
                decisions.append(decide(db))
                left = waiting(shop.database)
            seconds = time.perf_counter() - began
            rest = []
            for _ in range(AT_REST // 5 if quick else AT_REST):
                rest.append(terminal.press("j", title))
                time.sleep(PAUSE)
    return [
        Figure(
            f"a backlog of {count:,} events is applied",
            f"{seconds:.1f} s, {(count - left) / seconds:,.0f}/s" + (f", {left:,} still wait" if left else ""),
            "all",
            left == 0,
            "from the inbox's first frame to the last one applied, the server's start included",
        ),
        within(
            "a key in the inbox meanwhile, `j` to the next thread on the screen, p95", percentile(busy, 95), 50,
            beside=f"{len(busy)} keys, p50 {percentile(busy, 50):.1f} ms, slowest {max(busy):.0f} ms;"
            f" at rest p95 {percentile(rest, 95):.1f} ms",
        ),
        within(
            "a decision's commit meanwhile, p95", percentile(decisions, 95), 250,
            beside=f"{len(decisions)} of them, p50 {percentile(decisions, 50):.1f} ms",
        ),
    ]  # fmt: skip


if __name__ == "__main__":
    alone(__doc__, measure)
