"""How long starts take: `python -m tests.performance.startup [--quick]`.

Each beside a bare interpreter started in the same run.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from store.clock import system_clock
from store.database import connect
from store.migrations import migrate
from tests.end_to_end.shop import Shop, opened
from tests.performance.figures import Figure, alone, percentile
from tests.philia_tui.shop import Shop as Rows
from tests.philia_tui.shop import many

PHILIA: Final = Path(shutil.which("philia") or Path(sys.executable).with_name("philia"))
"""The console script: `uv run` has it on the path, also with packages beside the project's."""


def timed(words: Sequence[str | Path], times: int, shop: Shop | None = None) -> list[float]:
    """Runs a program again and again; returns the milliseconds of each."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        subprocess.run(
            list(words),
            check=True,
            stdout=subprocess.DEVNULL,
            env=shop.environment if shop else None,
            cwd=shop.folder if shop else None,
        )
        took.append((time.perf_counter() - began) * 1_000)
    return took


def measure(quick: bool) -> list[Figure]:
    """Measures the part."""
    times, conversations = (5, 5_000) if quick else (15, 100_000)
    with tempfile.TemporaryDirectory(prefix="philia-startup-") as folder:
        shop = Shop(Path(folder) / "shop", "http://127.0.0.1:9")
        del shop.environment["PYTHONWARNINGS"]
        # By turns, so that a busy moment of the machine meets both.
        pairs = [
            (timed([sys.executable, "-c", "pass"], 1)[0], timed([PHILIA, "--version"], 1)[0]) for _ in range(times)
        ]
        bare, version = (percentile(list(column), 50) for column in zip(*pairs, strict=True))
        figures = [
            Figure(
                "`philia --version`",
                f"{version:.0f} ms = {version / bare:.1f} × a bare interpreter",
                "≤ 3 ×",
                version <= 3 * bare,
                f"bare interpreter {bare:.0f} ms, medians of {times} by turns",
            )
        ]
        migrate(shop.database)
        with closing(connect(shop.database)) as db:
            many(Rows(db, system_clock()), conversations)
        for words in (["--limit", "20"], ["--queue", "done"], [], ["--json"]):
            took = percentile(timed([PHILIA, "inbox", "list", *words], 1 if quick else 3, shop), 50)
            figures.append(
                Figure(
                    f"`philia inbox list {' '.join(words)}`".replace(" `", "`"),
                    f"{took:,.0f} ms",
                    beside=f"{conversations:,} conversations with a draft each; bare interpreter {bare:.0f} ms",
                )
            )
        ready = []
        with opened(shop):
            for _ in range(2 if quick else 5):
                began = time.perf_counter()
                shop.serve()
                assert shop.get("/readyz")[0] == 200
                ready.append((time.perf_counter() - began) * 1_000)
                shop.stop()
        figures.append(
            Figure(
                "`philia serve` to ready",
                f"p50 {percentile(ready, 50):,.0f} ms",
                beside=f"slowest {max(ready):,.0f} ms of {len(ready)}; until /readyz answers 200 on {conversations:,}"
                " conversations",
            )
        )
    return figures


if __name__ == "__main__":
    alone(__doc__, measure)
