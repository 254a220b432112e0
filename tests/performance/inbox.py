"""Measures the inbox beside a bare Textual app in real terminals: `python -m tests.performance.inbox [--quick]`.

The app is timed from within, from a key to the frame that is written; `peers` times the whole program from without.
"""

from __future__ import annotations

import json
import os
import pty
import select
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
from tests.performance.figures import Figure, alone, percentile, within
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


def measure(quick: bool) -> list[Figure]:
    """Measures the part."""
    conversations, repeat = (5_000, 1) if quick else (100_000, 5)
    with tempfile.TemporaryDirectory(prefix="philia-inbox-") as folder:
        database = Path(folder) / "philia.db"
        build(database, conversations)
        bare_paints, paints = [], []
        for _ in range(repeat):
            bare_paints.append(terminal("bare", database, marker=b"ready")[0] * 1_000)
            paints.append(terminal("paint", database, marker=b"Customer ")[0] * 1_000)
        bare = terminal("bare", database, marker=b"ready")[1]["memory"]
        found = terminal("keys", database, marker=b"Customer ")[1]
        opened = terminal("open", database, marker=b"Customer ")[1]["open"]
        stop = threading.Event()
        burst = threading.Thread(target=webhooks, args=(database, stop))
        burst.start()
        try:
            under = terminal("burst", database, marker=b"Customer ")[1]["j"]
        finally:
            stop.set()
            burst.join()
    painted, floor = percentile(paints, 50), percentile(bare_paints, 50)
    worked = f"of CPU p50 {percentile(found['worked'], 50):.1f}, p95 {percentile(found['worked'], 95):.1f} ms"
    return [
        within(
            f"first paint of the app on {conversations:,} conversations, against a bare one", painted / floor, 1.5,
            unit="×", digits=2, beside=f"{painted:.0f} ms, bare {floor:.0f} ms, medians of {repeat} by turns",
        ),
        _key("`j` to repaint", found["j"], 12, more=f"; {worked}"),
        _key("page down", found["page"], 40),
        within(
            "opening a thread of 1,000 messages, slowest", max(opened), 60,
            beside=f"{len(opened)} times, p50 {percentile(opened, 50):.1f} ms",
        ),
        _key("`j` under 100 webhooks/s", under, 50, more=f"; at rest p95 {percentile(found['j'], 95):.1f} ms"),
        within(
            "memory of the app more than a bare one's", found["memory"] - bare, 25, unit="MiB",
            beside=f"{found['memory']:.1f} MiB, bare {bare:.1f} MiB",
        ),
    ]  # fmt: skip


def _key(what: str, took: list[float], most: float, *, more: str = "") -> Figure:
    return within(
        f"{what}, p95", percentile(took, 95), most,
        beside=f"{len(took)} keys, p50 {percentile(took, 50):.1f} ms, slowest {max(took):.0f} ms{more}",
    )  # fmt: skip


if __name__ == "__main__":
    alone(__doc__, measure)
