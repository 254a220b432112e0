"""What the figures were taken on: `python -m tests.performance.machine`."""

from __future__ import annotations

import os
import platform
import sqlite3
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Final

from tests.performance.figures import percentile

PACKAGES: Final = ("fastapi", "uvicorn", "starlette", "sqlmodel", "sqlalchemy", "aiosqlite", "textual", "openai")


def flush() -> float:
    """Returns the milliseconds (p50) that a write of 4 kB and its flush to this disk take."""
    took = []
    with tempfile.TemporaryFile() as file:
        for _ in range(60):
            began = time.perf_counter()
            file.write(b"x" * 4096)
            file.flush()
            os.fsync(file.fileno())
            took.append((time.perf_counter() - began) * 1_000)
    return percentile(took, 50)


def loop() -> float:
    """Returns the milliseconds that a million additions take: how fast one core is, and how busy."""
    began = time.perf_counter()
    total = 0
    for number in range(1_000_000):
        total += number
    return (time.perf_counter() - began) * 1_000


def processor() -> str:
    """Returns the processor's name where the system tells it."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def facts() -> list[str]:
    """Returns the machine and the versions, a line each."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    return [
        f"{os.cpu_count()} cores, {processor()}, {memory:.0f} GB; {platform.system()} {platform.release()}",
        f"load average before the run (1, 5, 15 minutes): {load}",
        f"a write of 4 kB with its flush: {flush():.2f} ms; a million additions in Python: {loop():.0f} ms",
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}",
        ", ".join(f"{name} {version(name)}" for name in PACKAGES),
    ]


if __name__ == "__main__":
    sys.stdout.write("\n".join(facts()) + "\n")
