"""How long the house drafter takes: `python -m tests.performance.house [--quick]`.

A draft is everything: reading the intents, the searches on a file of 10,000 pieces, the reply and its grounding check.
Asked are the labelled phrasings and questions about pieces of the stock.
"""

from __future__ import annotations

import random
import tempfile
import time
from pathlib import Path

from store.database import connect
from store.migrations import migrate
from tests.performance.figures import Figure, alone, percentile, spread, within
from tests.server.agent.house.confusion import phrasings
from tests.server.agent.house.shops import ask, fill, random_row


def measure(quick: bool) -> list[Figure]:
    """Measures the part."""
    pieces, questions = (1_000, 330) if quick else (10_000, 600)
    chance = random.Random(7)
    with tempfile.TemporaryDirectory(prefix="philia-house-") as folder:
        path = Path(folder) / "philia.db"
        migrate(path)
        db = connect(path)
        rows = [random_row(chance, number) for number in range(pieces)]
        fill(db, rows)
        texts = [row.text for row in phrasings()]
        texts += [
            chance.choice(
                ("is the {n} still available?", "how much is the {n}", "any {b} jackets in L", "{s}?")
            ).format(n=row["name"], b=row["brand"], s=row["sku"])
            for row in chance.choices(rows, k=max(0, questions - len(texts)))
        ]
        ask(db, "is this available")  # the word lists are read once
        walls, processors = [], []
        for text in texts:
            began, began_processor = time.perf_counter(), time.process_time()
            ask(db, text)
            walls.append((time.perf_counter() - began) * 1_000)
            processors.append((time.process_time() - began_processor) * 1_000)
        db.close()
    return [
        within(
            f"house draft, {pieces:,} pieces, p95", percentile(walls, 95), 50,
            beside=f"{len(texts)} drafts, p50 {percentile(walls, 50):.1f}, p99 {percentile(walls, 99):.1f}, slowest"
            f" {max(walls):.0f} ms; of CPU {spread(processors)}",
        )
    ]  # fmt: skip


if __name__ == "__main__":
    alone(__doc__, measure)
