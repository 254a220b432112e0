"""How everything grows: `python -m tests.performance.growth [--quick]`.

Shops of 1,000, 10,000 and 100,000 conversations, each with a message and a ready draft, and as many pieces; then one
of 1,000,000 messages in 10,000 conversations with 10,000 pieces. In each the same questions are asked of the file, each
the p95 of one look when it is warm, and then the whole program is run for real (`sized`). The plans of the statements
are a test: `tests/store/test_query_plans.py`.
"""

from __future__ import annotations

import shutil
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
from store.views import queue, thread
from store.views.search import messages as search_messages
from tests.end_to_end.shop import v1_3
from tests.performance import sized, stock
from tests.performance.figures import Figure, alone, percentile
from tests.performance.peers import calm, filled
from tests.performance.receiving import peer
from tests.performance.sized import Goal
from tests.store.search.shop import put

SETTINGS: Final = Settings()
LOOKS: Final = 40
WHOLE: Final = "every id of the queue in order"
"""What no key press waits for: the inbox reads a page first and this beside it."""
FILE: Final = "the file"
GOALS: Final = {WHOLE: Goal(), FILE: Goal("MB"), **sized.GOALS}
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


def looks(db: sqlite3.Connection, work: Callable[[int], Any]) -> float:
    """Returns the p95 in milliseconds of doing something, each time with another number."""
    took = []
    for number in range(LOOKS + 3):
        began = time.perf_counter()
        work(number)
        took.append((time.perf_counter() - began) * 1_000)
    return percentile(took[3:], 95)


def asked(path: Path) -> dict[str, float]:
    """Asks a shop everything; returns the p95 of each question."""
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
        found["the first 50 for a script"] = looks(db, lambda _: list(contract.conversations(db, limit=50)))
        found["a webhook kept and applied"] = looks(db, lambda number: _arrives(db, number, newest))
        found["a second's chores and looks"] = looks(db, lambda _: _tick(db))
        return found


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


def grown(path: Path, conversations: int, pieces: int) -> None:
    """Makes a shop of some size."""
    filled(path, conversations)
    with closing(connect(path)) as db:
        put(db, list(stock.rows(pieces)))


def a_million(path: Path, messages: int) -> float:
    """Fills a shop with so many messages in a hundredth as many threads; returns the seconds they took."""
    threads = messages // 100
    grown(path, threads, threads)
    now = system_clock()
    began = time.perf_counter()
    with closing(connect(path)) as db:
        db.execute("PRAGMA synchronous = OFF")
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
    sizes, most = ((1_000, 10_000), 20_000) if quick else ((1_000, 10_000, 100_000), 1_000_000)
    found: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory(prefix="philia-growth-") as name, peer("noop") as noop:
        for size in (*sizes, most):
            folder = Path(name) / f"{size}"
            folder.mkdir()
            path = folder / "shop.db"
            if size == most:
                seconds = a_million(path, most)
            else:
                grown(path, size, size)
            found.append({FILE: path.stat().st_size / 1e6, **asked(path)})
            calm(path)
            found[-1] |= sized.run(folder, noop, quick=quick)
            shutil.rmtree(folder)
    figures = [_row(what, [one[what] for one in found]) for what in found[0]]
    return [
        *figures,
        Figure(f"storing {most:,} messages", f"{most / seconds:,.0f}/s", beside="index of words included"),
    ]


def _row(what: str, values: list[float]) -> Figure:
    goal = GOALS.get(what, Goal(most=50))
    digits = 0 if min(values) >= 100 else 1
    told, met = "", None
    if goal.most is not None:
        told, met = f"≤ {goal.most:g} {goal.unit}", max(values) <= goal.most
    elif goal.least is not None:
        told, met = f"≥ {goal.least:g} {goal.unit}", min(values) >= goal.least
    return Figure(
        what,
        " / ".join(f"{value:,.{digits}f}" for value in values) + f" {goal.unit}",
        told,
        met,
        f"to the last but one {values[-2] / values[0]:.1f} ×, to the last {values[-1] / values[0]:.1f} × the first",
    )


if __name__ == "__main__":
    alone(__doc__, measure)
