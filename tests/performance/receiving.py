"""How fast webhooks are taken and kept: `python -m tests.performance.receiving [--quick]`.

The real server, started as the owner starts it, over HTTP: signatures required, `synchronous=FULL`, everything it
does besides running. Beside it a FastAPI route that does nothing and one commit a request through the async session,
served by the same uvicorn with the same settings. Drafts wait for silence longer than a run takes: writing them is
the part `drafting`.
"""

from __future__ import annotations

import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from store.database import connect
from store.migrations import migrate
from tests.end_to_end.shop import Shop, opened, wait
from tests.performance.figures import Figure, alone
from tests.performance.load import load, start
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


def measure(quick: bool) -> list[Figure]:
    """Measures the part."""
    with tempfile.TemporaryDirectory(prefix="philia-receiving-") as name:
        folder = Path(name)
        return [*rates(folder, quick=quick), killed(folder, quick=quick)]


if __name__ == "__main__":
    alone(__doc__, measure)
