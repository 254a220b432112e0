"""What a glance tells: is the server running, and how many things want somebody."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from server.settings import AutoReply, Settings
from store import lock, pauses, switches
from store.database import connect

SERVER: Final = "server"
"""The switch in which a running server tells where it listens."""


@dataclass(frozen=True, slots=True)
class Running:
    """What a server tells of itself while it runs."""

    pid: int
    listening: str
    public: str | None = None
    signed: bool = False
    """Whether it refuses webhooks without TikTok's signature."""
    account: bool = True
    """Whether somebody is signed in with TikTok; until then replies wait."""


def tell(db: sqlite3.Connection, running: Running, *, now: int) -> None:
    """Writes down where the server of this process listens."""
    switches.put(db, SERVER, json.dumps(asdict(running)), now=now)


def joined(db: sqlite3.Connection, *, now: int) -> None:
    """Writes down that somebody is signed in now."""
    switches.put(db, SERVER, json.dumps({**told(db), "account": True}), now=now)


def switched(db: sqlite3.Connection, auto: AutoReply, *, now: int) -> None:
    """Writes down by which switches of automatic replies the server goes from now on."""
    told_of = {"mode": auto.mode, "intents": list(auto.intents)}
    switches.put(db, SERVER, json.dumps({**told(db), "auto": told_of}), now=now)


def publish(db: sqlite3.Connection, public: str | None, *, tunnel: str, webhook: str, now: int) -> None:
    """Writes down the public address beside where the server listens, and what is wrong with the tunnel or webhook."""
    switches.put(db, SERVER, json.dumps({**told(db), "public": public, "tunnel": tunnel, "webhook": webhook}), now=now)


def told(db: sqlite3.Connection) -> Mapping[str, Any]:
    """Returns what the last server told of itself; whether it still runs only the lock knows."""
    written = switches.get(db, SERVER)
    found: dict[str, Any] = json.loads(written) if written else {}
    return found


def running(path: Path) -> Mapping[str, Any]:
    """Returns what the server of a database told of itself, {} when none runs."""
    if lock.holder(path) is None:
        return {}
    with closing(connect(path, readonly=True)) as db:
        return told(db)


def status(db: sqlite3.Connection, settings: Settings, path: Path) -> dict[str, Any]:
    """Returns the status as the public contract writes it."""
    pid = lock.holder(path)
    known = told(db) if pid is not None else {}
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
        "listening": known.get("listening"),
        "public": known.get("public"),
        "tunnel": known.get("tunnel") or None,
        "webhook": known.get("webhook") or None,
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
