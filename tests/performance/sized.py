"""The whole program in a shop of some size: `growth` runs it at four.

Everything is real: `philia serve` over HTTP, a platform that accepts, `philia` in tmux, the commands as processes.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from store.database import connect
from tests.end_to_end.shop import Shop, opened, wait
from tests.performance.backlog import title
from tests.performance.delivering import SETTINGS, approved, platform
from tests.performance.drafting import one_by_one, questions
from tests.performance.figures import percentile
from tests.performance.load import load
from tests.performance.receiving import a_shop, port_of, waiting
from tests.performance.served import SECRET
from tests.performance.startup import PHILIA
from tests.performance.terminal import Terminal, first_paint, memory


@dataclass(frozen=True, slots=True)
class Goal:
    """In what something is told, and its limit where the project has one."""

    unit: str = "ms"
    most: float | None = None
    least: float | None = None


GOALS: Final[Mapping[str, Goal]] = {
    "`philia serve` to ready": Goal(),
    "webhooks kept, 16 connections, of the no-op's": Goal("%", least=60),
    "time to the answer, 16 connections, p99": Goal(most=50),
    "memory of `philia serve` after them": Goal("MiB"),
    # The goal of 50 ms is one at 10,000 pieces; `drafting` has it.
    "message to visible draft, house drafter, p95": Goal(),
    "approved to accepted by the platform, p95": Goal(most=60),
    "`philia inbox list --limit 20`": Goal(),
    "first paint of `philia` in tmux": Goal(),
    "`j` to the next thread in tmux, p95": Goal(most=50),
    "memory of the inbox, its server apart": Goal("MiB"),
}


def run(folder: Path, noop: int, *, quick: bool) -> dict[str, float]:
    """Runs everything on a folder's `shop.db`; returns a value for each of GOALS, in their order."""
    found = [
        *_receives(folder, noop, quick=quick),
        *_drafts_and_sends(folder, quick=quick),
        *_opens(folder, quick=quick),
    ]
    return dict(zip(GOALS, found, strict=True))


def _receives(folder: Path, noop: int, *, quick: bool) -> list[float]:
    shares, slowest = [], []
    with opened(a_shop(folder)) as shop:
        began = time.perf_counter()
        shop.serve()
        assert shop.get("/readyz")[0] == 200
        ready = (time.perf_counter() - began) * 1_000
        load(port_of(shop), 4, 200, "warm", SECRET)
        for number in range(1 if quick else 3):
            wait(lambda: waiting(shop.database) == 0, 300)
            ours = load(port_of(shop), 16, 1_600, f"sized-{number}", SECRET)
            least = load(noop, 16, 1_600, f"noop-{number}", SECRET)
            shares.append(100 * ours["rate"] / least["rate"])
            slowest.append(ours["p99"])
        wait(lambda: waiting(shop.database) == 0, 300)
        assert shop.server is not None
        held = memory([shop.server.pid])
    return [ready, percentile(shares, 50), percentile(slowest, 50), held]


def _drafts_and_sends(folder: Path, *, quick: bool) -> list[float]:
    texts = questions()[: 10 if quick else 40]
    with platform() as (url, accepted):
        shop = Shop(folder, url, settings=SETTINGS)
        del shop.environment["PYTHONWARNINGS"]
        with opened(shop), closing(connect(shop.database)) as db:
            shop.serve()
            one_by_one(shop, texts[:3], "warm")
            drafted = one_by_one(shop, texts, "sized")
            arrived, _ = approved(db, [f"sized{number}" for number in range(len(texts))], accepted)
    return [percentile(drafted, 95), percentile(arrived, 95)]


def _opens(folder: Path, *, quick: bool) -> list[float]:
    shop = a_shop(folder)
    listed, painted = [], []
    for _ in range(3):
        began = time.perf_counter()
        subprocess.run(
            [PHILIA, "inbox", "list", "--limit", "20"],
            check=True, stdout=subprocess.DEVNULL, env=shop.environment, cwd=folder,
        )  # fmt: skip
        listed.append((time.perf_counter() - began) * 1_000)
    for _ in range(1 if quick else 3):
        with Terminal(folder, **shop.environment) as terminal:
            painted.append(first_paint(terminal.frames(terminal.start([str(PHILIA)]))) * 1_000)
            held = memory([terminal.pid()])
            keys = [terminal.press("j", title) for _ in range(20 if quick else 100)]
    return [percentile(listed, 50), percentile(painted, 50), percentile(keys, 95), held]
