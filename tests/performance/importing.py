"""How long a stock file takes, in CPU seconds: read, new, unchanged, a third repriced, a tenth sold.

python -m tests.performance.importing [PIECES]
"""

from __future__ import annotations

import csv
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from store import importing
from store.database import connect, transaction
from store.migrations import migrate

SAMPLE = Path(__file__).parents[2] / "server" / "simulator" / "sample_stock.csv"


def write(path: Path, pieces: int, change: Callable[[int, dict[str, str]], None]) -> Path:
    """Writes the sample shop over and over under new SKUs."""
    with SAMPLE.open(newline="", encoding="utf-8") as given:
        rows = list(csv.DictReader(given))
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, rows[0].keys())
        writer.writeheader()
        for at in range(pieces):
            row = {**rows[at % len(rows)], "sku": f"S-{at:07}", "status": "available"}
            row["name"] += f" {at % 977}"
            change(at, row)
            writer.writerow(row)
    return path


def sell(at: int, row: dict[str, str]) -> None:
    row["status"] = "sold" if at % 10 == 0 else "available"
    reprice(at, row)


def reprice(at: int, row: dict[str, str]) -> None:
    if at % 3 == 0:
        row["price"] = "12.00"


def main() -> None:
    """Measures and prints one line for each kind of file."""
    pieces = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        first = write(base / "first.csv", pieces, lambda _at, _row: None)
        files = [
            ("new", first),
            ("unchanged", first),
            ("a third repriced", write(base / "repriced.csv", pieces, reprice)),
            ("a tenth sold", write(base / "sold.csv", pieces, sell)),
        ]
        migrate(base / "philia.db")
        with closing(connect(base / "philia.db")) as db:
            for name, path in files:
                start = time.process_time()
                file = importing.read_file(path, unit="in", currency="USD")
                read = time.process_time()
                with transaction(db):
                    importing.apply(db, file, now=1, who="owner")
                done = time.process_time()
                print(f"{pieces:>8,} pieces, {name:<17} read {read - start:6.2f} s  write {done - read:6.2f} s of CPU")
    print(f"at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")


if __name__ == "__main__":
    main()
