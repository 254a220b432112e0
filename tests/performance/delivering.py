"""How long an approved reply takes to TikTok: `python -m tests.performance.delivering [--quick]`.

The real server and a platform of the tests' own that accepts at once; undo is 0 seconds and the rate is not limited.
The decision is made as the inbox makes it, in another process than the server's; the clock runs from before the
decision's transaction to the moment the platform has the whole request, and to the moment a third reader sees `sent`.
"""

from __future__ import annotations

import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from server import decisions
from server.settings import Delivery
from store.clock import system_clock
from store.database import connect, transaction
from store.migrations import migrate
from tests.end_to_end.recorder import Answer, Recorder, Request, ok
from tests.end_to_end.shop import Shop, opened, v1_3
from tests.performance import stock
from tests.performance.drafting import questions, until_ready
from tests.performance.figures import Figure, alone, percentile, spread, within
from tests.store.search.shop import put

SETTINGS: Final = "[delivery]\nrate_per_minute = 100000\n"


@contextmanager
def platform() -> Iterator[tuple[str, list[float]]]:
    """Runs a platform that accepts every reply; gives its address and the times at which replies were whole."""
    accepted: list[float] = []

    def answer(request: Request, number: int) -> Answer:
        if not request.path.endswith("/message/send/"):
            return 404, {}, b""
        accepted.append(time.perf_counter())
        return ok(request, number)

    with Recorder(answer) as recorder:
        yield recorder.url, accepted


def approved(db: sqlite3.Connection, users: Sequence[str], accepted: list[float]) -> tuple[list[float], list[float]]:
    """Approves each customer's draft; returns the milliseconds to the platform's request and to `sent`."""
    arrived, told = [], []
    for user in users:
        draft = db.execute(
            "SELECT c.live_draft_id FROM conversations c JOIN users u ON u.id = c.user_id WHERE u.tiktok_id = ?",
            (user,),
        ).fetchone()[0]
        seen, began = len(accepted), time.perf_counter()
        with transaction(db):
            decided = decisions.approve(db, draft, now=system_clock(), who="owner", settings=Delivery(undo_seconds=0))
        while _state(db, decided.delivery_id) != "sent":
            assert time.perf_counter() - began < 20
            time.sleep(0.001)
        told.append((time.perf_counter() - began) * 1_000)
        arrived.append((accepted[seen] - began) * 1_000)
    return arrived, told


def measure(quick: bool) -> list[Figure]:
    """Measures the part."""
    count = 10 if quick else 100
    with tempfile.TemporaryDirectory(prefix="philia-delivering-") as folder, platform() as (url, accepted):
        shop = Shop(Path(folder) / "shop", url, settings=SETTINGS)
        del shop.environment["PYTHONWARNINGS"]
        migrate(shop.database)
        with opened(shop), closing(connect(shop.database)) as db:
            put(db, list(stock.rows(500)))
            shop.serve()
            users = [f"u{number}" for number in range(count)]
            for user, text in zip(users, questions() * 2, strict=False):
                shop.post(v1_3(f"m-{user}", f"c-{user}", user, text))
            until_ready(db, users)
            arrived, told = approved(db, users, accepted)
    return [
        within(
            "approved to accepted by the platform, undo 0, p95", percentile(arrived, 95), 60,
            beside=f"p50 {percentile(arrived, 50):.1f} ms over {count} deliveries, slowest {max(arrived):.0f} ms",
        ),
        Figure(
            "approved to `sent` in the file that the inbox reads", spread(told),
            beside=f"to the platform {spread(arrived)}",
        ),
    ]  # fmt: skip


def _state(db: sqlite3.Connection, delivery: int) -> str:
    return str(db.execute("SELECT state FROM deliveries WHERE id = ?", (delivery,)).fetchone()[0])


if __name__ == "__main__":
    alone(__doc__, measure)
