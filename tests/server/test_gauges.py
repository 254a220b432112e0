"""Prometheus' figures: counted from rows, on a port of this machine alone."""

from __future__ import annotations

import http.client
import re
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest

from server import gauges
from server.settings import Listener, Settings
from store import inbound
from store.database import Database, transaction
from tests.conftest import FakeClock
from tests.server.delivery.shop import add_conversation

LINE = re.compile(r'philia_[a-z_]+\{[a-z]+="[^"]*"\} \d+')


def ask(
    port: int, path: str = "/metrics", headers: Mapping[str, str] | None = None, method: str = "GET"
) -> tuple[int, str]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request(method, path, headers=dict(headers or {}))
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


async def test_figures_are_shown_to_this_machine(db: sqlite3.Connection, db_path: Path, clock: FakeClock) -> None:
    """/metrics tells queues, states and steps in Prometheus' format; another path, method or host gets nothing."""
    import asyncio

    with transaction(db):
        add_conversation(db, "ann", now=clock())
    database = Database(db_path)
    settings = Settings(listener=Listener(metrics=True, metrics_port=0))
    try:
        async with gauges.shown(settings, database, lambda: {"receive": "ok", "deliver": "OSError: gone"}) as port:
            assert port is not None
            status, text = await asyncio.to_thread(ask, port)
            assert status == 200
            lines = [line for line in text.splitlines() if not line.startswith("#")]
            assert all(LINE.fullmatch(line) for line in lines)
            assert 'philia_up{step="receive"} 1' in lines
            assert 'philia_up{step="deliver"} 0' in lines
            assert 'philia_paused{by="owner"} 0' in lines
            assert sum(int(line.split()[-1]) for line in lines if line.startswith("philia_conversations")) == 1
            assert "ann" not in text
            assert (await asyncio.to_thread(ask, port, "/"))[0] == 404
            assert (await asyncio.to_thread(ask, port, method="POST"))[0] == 404
            assert (await asyncio.to_thread(ask, port, headers={"Host": "evil.example:80"}))[0] == 404
            with pytest.raises((http.client.HTTPException, ConnectionError)):
                await asyncio.to_thread(ask, port, "/" + "a" * 20_000)
            assert (await asyncio.to_thread(ask, port, headers={"Host": f"localhost:{port}"}))[0] == 200
    finally:
        database.close()


async def test_they_are_off_by_default(db_path: Path) -> None:
    """Without [listener] metrics no port is opened."""
    database = Database(db_path)
    try:
        async with gauges.shown(Settings(), database, dict) as port:
            assert port is None
    finally:
        database.close()


def test_events_are_counted_as_a_walk_over_them_would(db: sqlite3.Connection, clock: FakeClock) -> None:
    """With every state, duplicates, an undone lot and no event at all, the counts by index are those of the table."""

    def compare() -> None:
        walked = dict(db.execute("SELECT state, count(*) FROM inbound_events GROUP BY state").fetchall())
        assert {state: count for state, count in inbound.counted(db).items() if count} == walked

    def keep(*numbers: int) -> None:
        events = [(received(number), clock()) for number in numbers]
        inbound.receive_all(db, events)

    def received(number: int) -> inbound.Received:
        state = ("received", "ignored", "poison", "received", "received")[number % 5]
        return inbound.Received(
            dedupe_key=f"k{number}", dialect="v1", event="e", thread=f"t{number}", body=b"{}", state=state
        )

    compare()
    with transaction(db):
        keep(*range(50))
    compare()
    with transaction(db):
        keep(*range(40, 60), 3, 61)
    db.execute("BEGIN IMMEDIATE")
    keep(*range(70, 90))
    db.execute("ROLLBACK")
    with transaction(db):
        keep(*range(90, 95))
        for logged in inbound.waiting(db)[::2]:
            inbound.settle(db, logged.id, "needs_poll" if logged.id % 3 == 0 else "applied", now=clock())
    compare()
    assert all(inbound.counted(db).values())
