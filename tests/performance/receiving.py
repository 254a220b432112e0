"""How fast webhooks are taken and kept: `python -m tests.performance.receiving [--quick]`.

The real server, started as the owner starts it, over HTTP: signatures required, `synchronous=FULL`, everything it
does besides running. Beside it a FastAPI route that does nothing and one commit a request through the async session,
served by the same uvicorn with the same settings. Drafts wait for silence longer than a run takes: writing them is
the part `drafting`.
"""

from __future__ import annotations

import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from store.clock import system_clock
from store.database import connect, transaction
from store.inbox import mark_seen
from store.migrations import migrate
from store.views import queue, thread
from tests.end_to_end.shop import Shop, opened, v1_3, wait
from tests.performance.figures import Figure, alone, percentile, within
from tests.performance.load import CONVERSATIONS, load, start
from tests.performance.served import SECRET

SETTINGS: Final = "debounce_limit_seconds = 3000\n"
ROUNDS: Final = 3


def a_shop(folder: Path) -> Shop:
    """Makes a shop whose drafts wait."""
    shop = Shop(folder, "http://127.0.0.1:9", settings=SETTINGS, TIKTOK_APP_SECRET=SECRET)
    shop.environment["PHILIA_AGENT__DEBOUNCE_SECONDS"] = "600"
    shop.environment["PHILIA_LISTENER__RATE_PER_MINUTE"] = "10000000"
    del shop.environment["PYTHONWARNINGS"]
    return shop


def port_of(shop: Shop) -> int:
    """Returns the port the shop listens on."""
    return int(shop.listening.rsplit(":", 1)[1])


@contextmanager
def peer(*words: str) -> Iterator[int]:
    """Runs a peer for the length of a block; gives its port."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.performance.served", *words], stdout=subprocess.PIPE, text=True
    ) as program:
        try:
            assert program.stdout is not None
            yield int(program.stdout.readline())
        finally:
            program.send_signal(signal.SIGTERM)


def waiting(path: Path) -> int:
    """Returns how many events are not applied yet."""
    with closing(connect(path, readonly=True)) as db:
        return int(db.execute("SELECT count(*) FROM inbound_events WHERE state = 'received'").fetchone()[0])


def rates(folder: Path, *, quick: bool) -> list[Figure]:
    """Measures requests a second at three widths, each beside its peers."""
    figures = []
    migrate(folder / "session.db")
    with opened(a_shop(folder / "shop")) as shop, peer("noop") as noop, peer("session", f"{folder}/session.db") as one:
        shop.serve()
        ports = {"philia": port_of(shop), "noop": noop, "session": one}
        for name, port in ports.items():
            load(port, 4, 200, f"warm-{name}", SECRET)
        for width in (1, 16, 64):
            found: dict[str, list[dict[str, Any]]] = {name: [] for name in ports}
            for number in range(1 if quick else ROUNDS):
                for name, port in ports.items():
                    # The peer with a commit each is ten times slower: a tenth of the requests says as much.
                    count = (300 if width == 1 else 800) * (1 if quick else 2) // (4 if name == "session" else 1)
                    wait(lambda: waiting(shop.database) == 0, 300)
                    found[name].append(load(port, width, count, f"{name}-{width}-{number}", SECRET))
            refused = sum(
                times for runs in found.values() for one_run in runs for times in one_run["statuses"].values()
            ) - sum(one_run["statuses"].get("200", 0) for runs in found.values() for one_run in runs)
            middle = {
                name: {key: statistics.median(run[key] for run in runs) for key in ("rate", "p50", "p99")}
                for name, runs in found.items()
            }
            figures += _compared(width, middle, refused)
    return figures


def _compared(width: int, found: dict[str, dict[str, float]], refused: int) -> list[Figure]:
    philia, noop, session = found["philia"], found["noop"], found["session"]
    many = f"{width} connection{'s' * (width > 1)}"
    share, times = philia["rate"] / noop["rate"], philia["rate"] / session["rate"]
    goal = "≥ 60 % of the no-op, ≥ 4 × a commit each" if width == 16 else ""
    return [
        Figure(
            f"webhooks kept, {many}",
            f"{philia['rate']:,.0f}/s = {share:.0%} of the no-op, {times:.1f} × a commit each",
            goal,
            (share >= 0.6 and times >= 4) if goal else None,
            f"no-op {noop['rate']:,.0f}/s, a commit each {session['rate']:,.0f}/s, not answered 200: {refused}",
        ),
        Figure(
            f"time to the answer, {many}",
            f"p50 {philia['p50']:.1f} ms, p99 {philia['p99']:.1f} ms",
            "p99 ≤ 50 ms",
            philia["p99"] <= 50,
            f"no-op p99 {noop['p99']:.1f} ms, a commit each p99 {session['p99']:.1f} ms",
        ),
    ]


def killed(folder: Path, *, quick: bool) -> Figure:
    """Kills the server in the middle of a load and looks for what it had acknowledged."""
    told, missing, kills = 0, 0, 1 if quick else 4
    for number in range(kills):
        with opened(a_shop(folder / f"killed{number}")) as shop:
            shop.serve()
            acknowledged = folder / f"acknowledged{number}"
            with start(port_of(shop), 16, 20_000, f"k{number}", SECRET, acknowledged) as program:
                wait(lambda: _logged(shop.database) > 100 + 150 * number, 60)  # noqa: B023  # called in this round
                shop.stop(signal.SIGKILL)
                program.communicate(timeout=60)
            names = set(acknowledged.read_text("utf-8").split())
            with closing(connect(shop.database)) as db:
                kept = {row[0].rsplit(":", 1)[1] for row in db.execute("SELECT dedupe_key FROM inbound_events")}
            told += len(names)
            missing += len(names - kept)
    return Figure(
        "acknowledged and missing after SIGKILL under load", str(missing), "0", missing == 0,
        f"{told:,} acknowledged before {kills} kills",
    )  # fmt: skip


def _logged(path: Path) -> int:
    with closing(connect(path, readonly=True)) as db:
        return int(db.execute("SELECT coalesce(max(id), 0) FROM inbound_events").fetchone()[0])


def backlog(folder: Path, *, quick: bool) -> list[Figure]:
    """Starts the server on events that wait and reads the inbox, and writes to it, until they are applied."""
    count = 3_000 if quick else 50_000
    shop = a_shop(folder / "backlog")
    migrate(shop.database)
    with closing(connect(shop.database)) as db, transaction(db):
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
    reads: list[float] = []
    writes: list[float] = []
    with opened(shop), closing(connect(shop.database)) as db:
        shop.serve()
        began, left = time.perf_counter(), count
        while left:
            for _ in range(20):
                reads.append(_milliseconds(_look, db))
                time.sleep(0.02)
            writes.append(_milliseconds(_decide, db))
            left = waiting(shop.database)
        seconds = time.perf_counter() - began
    return [
        Figure(
            f"a backlog of {count:,} events is applied",
            f"{seconds:.1f} s, {count / seconds:,.0f}/s",
            beside="from the ready line to the last one applied",
        ),
        within(
            "the inbox's queries of a key press meanwhile, p95", percentile(reads, 95), 50,
            beside=f"{len(reads)} looks in another process, slowest {max(reads):.1f} ms",
        ),
        within(
            "a decision's commit meanwhile, p95", percentile(writes, 95), 250,
            beside=f"{len(writes)} of them, p50 {percentile(writes, 50):.1f} ms",
        ),
    ]  # fmt: skip


def _milliseconds(work: Any, db: sqlite3.Connection) -> float:
    began = time.perf_counter()
    work(db)
    return (time.perf_counter() - began) * 1_000


def _look(db: sqlite3.Connection) -> None:
    """Reads what a key press in the queue reads: the order, a page of rows, a thread with its draft."""
    listed = queue.order(db, "needs_you") or queue.order(db, "waiting")
    if not listed:
        return
    queue.tally(db)
    queue.rows(db, listed[:50])
    thread.card(db, listed[0])
    thread.said(db, listed[0])


def _decide(db: sqlite3.Connection) -> None:
    with transaction(db):
        mark_seen(db, 1, now=system_clock())


def measure(quick: bool) -> list[Figure]:
    """Measures the part."""
    with tempfile.TemporaryDirectory(prefix="philia-receiving-") as name:
        folder = Path(name)
        return [*rates(folder, quick=quick), killed(folder, quick=quick), *backlog(folder, quick=quick)]


if __name__ == "__main__":
    alone(__doc__, measure)
