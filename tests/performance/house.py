"""How long the house drafter takes: `python -m tests.performance.house [PIECES] [QUESTIONS]`.

A draft is everything: reading the intents, the searches on a file of 10,000 pieces, the reply and its grounding check.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from pathlib import Path

from store.database import connect
from store.migrations import migrate
from tests.server.agent.house.confusion import phrasings
from tests.server.agent.house.shops import ask, fill, random_row


def main() -> None:
    """Prints the percentiles over the labelled phrasings and over questions about pieces of the stock."""
    pieces = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    questions = int(sys.argv[2]) if len(sys.argv) > 2 else 600
    chance = random.Random(7)
    with tempfile.TemporaryDirectory() as folder:
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
    print(f"{len(texts)} drafts at {pieces:,} pieces")
    for name, taken in (("wall", sorted(walls)), ("processor", sorted(processors))):
        shown = ", ".join(f"p{share} {taken[int(len(taken) * share / 100)]:.1f} ms" for share in (50, 95, 99))
        print(f"{name:9} {shown}, slowest {taken[-1]:.1f} ms")


if __name__ == "__main__":
    main()
