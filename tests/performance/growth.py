"""How everything grows: `python -m tests.performance.growth [--quick]`.

Conversations at 1,000, 10,000 and 100,000, each with a message and a ready draft; then 1,000,000 messages in 10,000
threads. The same questions at every size, each in the milliseconds of one look on a warm file; the memory is what a
process that asks them has more than before it opened the file. The plans of the statements are a test:
`tests/store/test_query_plans.py`.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from server import chores
from server.delivery.sender import CONCURRENT
from server.listener import applying
from server.settings import Settings
from store import contract, drafts, inbound, outbox
from store.clock import system_clock
from store.database import connect, transaction
from store.migrations import migrate
from store.views import queue, thread
from store.views.search import messages as search_messages
from tests.end_to_end.shop import v1_3
from tests.performance.figures import Figure, alone, percentile
from tests.philia_tui.shop import Shop, many

SETTINGS: Final = Settings()
LOOKS: Final = 40
WHOLE: Final = "every id of the queue in order"
"""What no key press waits for: the inbox reads a page first and this beside it."""
WORDS: Final = (
    "suede",
    "corduroy",
    "windbreaker",
    "letterman",
    "trench",
    "cardigan",
    "denim",
    "mohair",
    "eagle",
    "ski",
)


def resident() -> float:
    """Returns the MB of this process that are in RAM."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def looks(db: sqlite3.Connection, work: Callable[[int], Any]) -> float:
    """Returns the p95 in milliseconds of doing something, each time with another number."""
    took = []
    for number in range(LOOKS + 3):
        began = time.perf_counter()
        work(number)
        took.append((time.perf_counter() - began) * 1_000)
    return percentile(took[3:], 95)


def asked(path: Path) -> tuple[dict[str, float], float]:
    """Asks a shop everything; returns the p95 of each question and the MB it took."""
    before = resident()
    found = {}
    with closing(connect(path)) as db:
        newest = int(db.execute("SELECT max(id) FROM conversations").fetchone()[0])

        def page(number: int) -> None:
            listed = queue.order(db, "needs_you", limit=200)
            queue.rows(db, listed[number : number + 50])

        def opened(number: int) -> None:
            thread.card(db, 1 + number * 7 % newest)
            thread.said(db, 1 + number * 7 % newest)
            thread.draft(db, 1 + number * 7 % newest)

        found["a page of the queue"] = looks(db, page)
        found[WHOLE] = looks(db, lambda _: queue.order(db, "needs_you"))
        found["a thread opened"] = looks(db, opened)
        found["a word in all messages"] = looks(db, lambda number: search_messages(db, WORDS[number % len(WORDS)]))
        found["the first 50 for a script"] = looks(db, lambda _: contract.conversations(db, limit=50))
        found["a webhook kept and applied"] = looks(db, lambda number: _arrives(db, number, newest))
        found["a second's chores and looks"] = looks(db, lambda _: _tick(db))
        return found, max(0.0, resident() - before)


def _arrives(db: sqlite3.Connection, number: int, newest: int) -> None:
    now, name = system_clock(), f"grown-{time.monotonic_ns()}"
    who = 1 + number * 7 % newest
    body = v1_3(name, f"c{who}", f"user{who}", "is it still there?")
    event = inbound.Received(dedupe_key=name, dialect="v1.3", event="im_receive_msg", thread=f"v1.3:c{who}", body=body)
    with transaction(db):
        inbound.receive(db, event, now=now)
    with transaction(db):
        for logged in inbound.waiting(db):
            applying.apply(db, logged, now=now, rules=applying.rules_of(SETTINGS))


def _tick(db: sqlite3.Connection) -> None:
    now = system_clock()
    drafts.next_due(db)
    outbox.next_due(db)
    outbox.listed(db, limit=CONCURRENT)
    inbound.polls_wanted(db)
    with transaction(db):
        chores.every_second(db, now=now, settings=SETTINGS)


def a_million(path: Path, messages: int) -> float:
    """Fills a shop with so many messages in a hundredth as many threads; returns the seconds it took."""
    migrate(path)
    now, threads = system_clock(), messages // 100
    began = time.perf_counter()
    with closing(connect(path)) as db:
        db.execute("PRAGMA synchronous = OFF")
        many(Shop(db, now), threads)
        with transaction(db):
            db.executemany(
                "INSERT INTO messages (conversation_id, dedupe_key, role, source, text, platform_id, platform_at,"
                " received_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    (
                        1 + number % threads,
                        f"old:{number}",
                        "user" if number % 2 else "assistant",
                        "customer" if number % 2 else "owner",
                        f"about the {WORDS[number % 7]} piece number {number}, would it fit a {number % 60} chest?",
                        f"o{number}",
                        now - (messages - number) * 1_000,
                        now - (messages - number) * 1_000,
                    )
                    for number in range(messages - threads)
                ),
            )
            db.executemany(
                "INSERT INTO inbound_events (dedupe_key, dialect, event, thread, received_at, body, state)"
                " VALUES (?, 'v1.3', 'im_receive_msg', ?, ?, ?, 'applied')",
                (
                    (f"old:{number}", f"v1.3:c{1 + number % threads}", now - (messages - number) * 1_000, b"{}" * 150)
                    for number in range(messages // 2)
                ),
            )
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return time.perf_counter() - began


def measure(quick: bool) -> list[Figure]:
    """Measures the part."""
    sizes = (1_000, 10_000) if quick else (1_000, 10_000, 100_000)
    most = 20_000 if quick else 1_000_000
    found: dict[str, dict[str, float]] = {}
    files: list[str] = []
    with tempfile.TemporaryDirectory(prefix="philia-growth-") as name:
        for size in sizes:
            path = Path(name) / f"{size}.db"
            migrate(path)
            with closing(connect(path)) as db:
                db.execute("PRAGMA synchronous = OFF")
                many(Shop(db, system_clock()), size)
                db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            took, memory = asked(path)
            found[f"{size:,}"] = took
            files.append(f"{size:,} conversations: file {path.stat().st_size / 1e6:.1f} MB, memory +{memory:.1f} MB")
            path.unlink()
        path = Path(name) / "million.db"
        seconds = a_million(path, most)
        took, memory = asked(path)
        found[f"{most:,} messages"] = took
        size_mb = path.stat().st_size / 1e6
        files.append(f"{most:,} messages: file {size_mb:.0f} MB, memory +{memory:.1f} MB, filled in {seconds:.0f} s")
    first, *_, last = found
    figures = [
        Figure(
            f"{what}, p95 at " + " / ".join(found),
            " / ".join(f"{took[what]:.1f}" for took in found.values()) + " ms",
            "≤ 50 ms" if what != WHOLE else "",
            max(took[what] for took in found.values()) <= 50 if what != WHOLE else None,
            f"{found[last][what] / found[first][what]:.1f} × from the smallest to the largest",
        )
        for what in found[first]
    ]
    return [*figures, Figure("file and memory", "; ".join(files))]


if __name__ == "__main__":
    alone(__doc__, measure)
