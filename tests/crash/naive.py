"""A sender as one would write it first: send, then mark it sent; when in doubt, try again.

The crash suite must find its doubles, or the suite proves nothing.
"""

from __future__ import annotations

import sqlite3
import time

from server.tiktok.answer import Answer, Dialect
from server.tiktok.client import TikTokClient
from store.clock import system_clock
from store.database import Database

TRIES = 5


class NaiveSender:
    """Sends whatever is not marked as sent."""

    def __init__(self, database: Database, client: TikTokClient) -> None:
        """Remembers its collaborators."""
        self._database = database
        self._client = client

    async def tick(self) -> None:
        """Sends each due delivery and marks it afterwards, whatever happened before."""
        for row in await self._database.read(_due):
            dialect: Dialect = "v1" if row["dialect"] == "v1" else "v1.3"
            answer = await self._client.send(dialect, row["platform_id"], row["text"])
            await self._database.write(_mark, row["id"], answer)


def _due(db: sqlite3.Connection) -> list[sqlite3.Row]:
    return db.execute(
        "SELECT d.id, d.text, c.dialect, c.platform_id FROM deliveries d"
        " JOIN conversations c ON c.id = d.conversation_id"
        " WHERE d.state IN ('held', 'retrying') AND d.send_after <= ? AND d.tries < ? ORDER BY d.id LIMIT 5",
        (time.time() * 1000, TRIES),
    ).fetchall()


def _mark(db: sqlite3.Connection, delivery_id: int, answer: Answer) -> None:
    state = {"sent": "sent", "refused": "failed"}.get(answer.outcome, "retrying")
    db.execute(
        "UPDATE deliveries SET state = ?, tries = tries + 1, ended_at = ? WHERE id = ?",
        (state, system_clock(), delivery_id),
    )
