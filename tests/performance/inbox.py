"""Measures the inbox beside a bare Textual app in real terminals: `python -m tests.performance.inbox`.

Prints figures with their budgets; asserts nothing. Options: --conversations N, --repeat N.
"""

from __future__ import annotations

import argparse
import json
import os
import pty
import select
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
from fcntl import ioctl
from pathlib import Path
from termios import TIOCSWINSZ
from typing import Any

from store.clock import system_clock
from store.database import connect
from store.migrations import migrate
from tests.philia_tui.shop import HOUR, Shop, many


def build(database: Path, conversations: int) -> None:
    """Builds a shop with this many waiting threads and one of 1,000 messages."""
    migrate(database)
    db = connect(database)
    try:
        db.execute("PRAGMA synchronous = OFF")
        shop = Shop(db, system_clock())
        many(shop, conversations)
        db.execute("BEGIN")
        texts = [f"message {n}: is the jacket with the wide lapels from the window still there?" for n in range(1000)]
        big = shop.conversation("big", texts, left=HOUR + 2_000_000)
        shop.draft(big)
        db.execute("COMMIT")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        db.close()


def terminal(what: str, database: Path, *, marker: bytes) -> tuple[float, dict[str, Any]]:
    """Runs one measurement in a terminal of 120 by 40; returns (seconds to the first paint, what it found)."""
    result = database.parent / f"{what}.json"
    result.unlink(missing_ok=True)
    master, slave = pty.openpty()
    ioctl(slave, TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    environment = {**os.environ, "TERM": "xterm-256color", "TEXTUAL_ANIMATIONS": "none"}
    start = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.performance.inbox_inside", what, str(database), str(result)],
        stdin=slave, stdout=slave, stderr=slave, env=environment, close_fds=True,
    )  # fmt: skip
    os.close(slave)
    painted = 0.0
    seen = b""
    try:
        while child.poll() is None and time.perf_counter() - start < 120:
            ready, _, _ = select.select([master], [], [], 0.2)
            if not ready:
                continue
            try:
                data = os.read(master, 65536)
            except OSError:
                break
            if not painted:
                seen = (seen + data)[-200_000:]
                if marker in seen:
                    painted = time.perf_counter() - start
        child.wait(10)
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()
        os.close(master)
    found = json.loads(result.read_text("utf-8")) if result.exists() else {}
    return painted, found


def webhooks(database: Path, stop: threading.Event, rate: float = 100.0) -> None:
    """Writes what `rate` webhooks a second write: an event and a message each, one commit for those that wait."""
    db = connect(database)
    shop = Shop(db, system_clock())
    number = 0
    target = db.execute("SELECT min(id) FROM conversations").fetchone()[0]
    try:
        while not stop.wait(0.05):
            db.execute("BEGIN IMMEDIATE")
            for _ in range(int(rate * 0.05)):
                number += 1
                now = system_clock()
                db.execute(
                    "INSERT INTO messages (conversation_id, dedupe_key, role, source, text, platform_id, platform_at,"
                    " received_at) VALUES (?, ?, 'user', 'customer', 'and this one?', ?, ?, ?)",
                    (target + number % 5000, f"burst:{number}", f"x{number}", now, now),
                )
                db.execute(
                    "UPDATE conversations SET unread = unread + 1, newest_message_id = last_insert_rowid(),"
                    " window_closes_at = ? WHERE id = ?",
                    (shop.now + 48 * HOUR, target + number % 5000),
                )
            db.execute("COMMIT")
    finally:
        db.close()


def p95(values: list[float]) -> float:
    """Returns the 95th percentile."""
    return statistics.quantiles(values, n=20)[-1] if len(values) > 1 else values[0]


def main() -> None:
    """Measures and prints."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--conversations", type=int, default=100_000)
    options.add_argument("--repeat", type=int, default=3)
    given = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="philia-inbox-") as folder:
        database = Path(folder) / "philia.db"
        start = time.perf_counter()
        build(database, given.conversations)
        print(f"built {given.conversations} conversations in {time.perf_counter() - start:.1f} s")
        bare_paints, paints = [], []
        for _ in range(given.repeat):
            bare_paints.append(terminal("bare", database, marker=b"ready")[0])
            paints.append(terminal("paint", database, marker=b"Customer ")[0])
        bare = terminal("bare", database, marker=b"ready")[1]["memory"]
        ratio = min(paints) / min(bare_paints)
        line(
            "first paint",
            f"{min(paints) * 1000:.0f} ms, bare {min(bare_paints) * 1000:.0f} ms",
            f"{ratio:.2f} ×",
            "≤ 1.5 ×",
        )
        found = terminal("keys", database, marker=b"Customer ")[1]
        line("j to repaint, p95", f"p50 {statistics.median(found['j']):.1f} ms", f"{p95(found['j']):.1f} ms", "≤ 12 ms")
        line(
            "j, processor time, p95",
            f"p50 {statistics.median(found['worked']):.1f} ms",
            f"{p95(found['worked']):.1f} ms",
            "",
        )
        line(
            "page down, p95",
            f"p50 {statistics.median(found['page']):.1f} ms",
            f"{p95(found['page']):.1f} ms",
            "≤ 40 ms",
        )
        line(
            "memory",
            f"{found['memory']:.1f} MiB, bare {bare:.1f} MiB",
            f"+{found['memory'] - bare:.1f} MiB",
            "≤ +25 MiB",
        )
        opened = terminal("open", database, marker=b"Customer ")[1]["open"]
        line("open 1,000 messages", f"p50 {statistics.median(opened):.1f} ms", f"max {max(opened):.1f} ms", "≤ 60 ms")
        stop = threading.Event()
        burst = threading.Thread(target=webhooks, args=(database, stop))
        burst.start()
        try:
            under = terminal("burst", database, marker=b"Customer ")[1]["j"]
        finally:
            stop.set()
            burst.join()
        line("j under 100 webhooks/s, p95", f"p50 {statistics.median(under):.1f} ms", f"{p95(under):.1f} ms", "≤ 50 ms")


def line(what: str, figures: str, result: str, budget: str) -> None:
    """Prints one figure with its budget."""
    print(f"{what:30} {result:>12}   budget {budget:10} ({figures})")


if __name__ == "__main__":
    main()
