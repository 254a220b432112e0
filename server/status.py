"""What a glance tells: is the server running, and how many things want somebody."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from server.settings import Settings
from store import lock, pauses, switches

SERVER: Final = "server"
"""The switch in which a running server tells where it listens."""


@dataclass(frozen=True, slots=True)
class Running:
    """What a server tells of itself while it runs."""

    pid: int
    listening: str
    public: str | None = None


def tell(db: sqlite3.Connection, running: Running, *, now: int) -> None:
    """Writes down where the server of this process listens."""
    told = {"pid": running.pid, "listening": running.listening, "public": running.public}
    switches.put(db, SERVER, json.dumps(told), now=now)


def told(db: sqlite3.Connection) -> Mapping[str, Any]:
    """Returns what the last server told of itself; whether it still runs only the lock knows."""
    written = switches.get(db, SERVER)
    found: dict[str, Any] = json.loads(written) if written else {}
    return found


def status(db: sqlite3.Connection, settings: Settings, path: Path) -> dict[str, Any]:
    """Returns the status as the public contract writes it."""
    pid = lock.holder(path)
    running = told(db) if pid is not None else {}
    queues = {
        str(row[0]): int(row[1]) for row in db.execute("SELECT queue, count(*) FROM conversations GROUP BY queue")
    }
    failed = db.execute(
        "SELECT count(*) FROM deliveries WHERE state IN ('failed', 'expired') AND acknowledged_at IS NULL"
    ).fetchone()[0]
    poison = db.execute("SELECT count(*) FROM inbound_events WHERE state = 'poison'").fetchone()[0]
    return {
        "server": "stopped" if pid is None else "running",
        "pid": pid,
        "listening": running.get("listening"),
        "public": running.get("public"),
        "database": str(path),
        "auto": settings.auto_reply.mode,
        "paused": switches.is_paused(db),
        "sender_paused": pauses.sender_pause(db),
        "needs_you": queues.get("needs_you", 0),
        "sending": queues.get("sending", 0),
        "in_doubt": queues.get("in_doubt", 0),
        "failed": failed,
        "poison": poison,
        "version": version("philia"),
    }
