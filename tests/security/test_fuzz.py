"""The listener under bodies that nobody sane would send, and under its own schema."""

from __future__ import annotations

import http.client
import json
import sqlite3
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case
from schemathesis.core.result import Ok

from server.listener import applying
from server.settings import Settings
from store import inbound
from store.clock import system_clock
from store.database import connect, transaction
from tests.security.bodies import bodies
from tests.security.listening import PATH, Listener, listening
from tests.security.schema import document

KNOWN = {200, 400, 401, 404, 405, 408, 413, 429}
"""Every status that the listener may answer while the disk takes what it is given."""


def post_all(listener: Listener, count: int, seed: int) -> Counter[int]:
    """Posts so many bodies on one connection and counts the answers; each must be one JSON object or an echo."""
    statuses: Counter[int] = Counter()
    connection = listener.connection()
    for body in bodies(count, seed):
        try:
            connection.request("POST", PATH, body)
            answer = connection.getresponse()
        except (http.client.RemoteDisconnected, ConnectionError):
            connection.close()
            connection.request("POST", PATH, body)
            answer = connection.getresponse()
        said = answer.read()
        statuses[answer.status] += 1
        if answer.headers["Content-Type"] == "application/json":
            assert isinstance(json.loads(said)["status"], str)
    connection.close()
    return statuses


def apply_all(db: sqlite3.Connection) -> Counter[str]:
    """Applies what was logged, one event a transaction; an exception is a failure of the test."""
    rules = applying.rules_of(Settings())
    states: Counter[str] = Counter()
    while waiting := inbound.waiting(db, limit=1_000):
        with transaction(db):
            for logged in waiting:
                states[applying.apply(db, logged, now=system_clock(), rules=rules)] += 1
    return states


@pytest.mark.parametrize(
    "count", [pytest.param(800, id="small"), pytest.param(100_000, id="full", marks=pytest.mark.security)]
)
@pytest.mark.timeout(900)
def test_no_body_breaks_the_listener(count: int, db_path: Path) -> None:
    """Whatever the body, the answer is one of the known ones, never 5xx; and what was taken can be applied."""
    began = time.monotonic()
    with listening(db_path) as listener:
        statuses = post_all(listener, count, seed=7)
        took = time.monotonic() - began
        assert listener.ask("GET", "/readyz")[0] == 200
    with closing(connect(db_path)) as db:
        states = apply_all(db)
        (logged,) = db.execute("SELECT count(*) FROM inbound_events").fetchone()
        assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        db.execute("INSERT INTO messages_fts (messages_fts, rank) VALUES ('integrity-check', 1)")
    print(f"{count} bodies in {took:.1f} s: {dict(statuses)}; {logged} kept; applied: {dict(states)}")
    assert sum(statuses.values()) == count
    assert set(statuses) <= KNOWN, statuses
    assert statuses[200] > count / 3
    assert statuses[400] > count / 50


@pytest.mark.parametrize(
    "examples", [pytest.param(25, id="small"), pytest.param(2_000, id="full", marks=pytest.mark.security)]
)
@pytest.mark.timeout(900)
def test_the_schema_holds(examples: int, db_path: Path) -> None:
    """Every operation of the schema, called as the schema allows, answers with a status that the schema names."""
    seen: Counter[str] = Counter()
    with listening(db_path) as listener:
        schema = schemathesis.openapi.from_dict(document(PATH))
        schema.config.update(base_url=listener.url)
        for found in schema.get_all_operations():
            assert isinstance(found, Ok)
            operation = found.ok()

            @given(case=operation.as_strategy())
            @settings(
                max_examples=examples,
                deadline=None,
                database=None,
                derandomize=True,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            def call(case: Case[Any]) -> None:
                answer = case.call()
                seen[f"{case.method} {case.path} {answer.status_code}"] += 1
                case.validate_response(answer)

            call()
    print(dict(seen))
    assert {key.rsplit(" ", 1)[0] for key in seen} == {
        f"POST {PATH}", f"GET {PATH}", "GET /healthz", "GET /readyz",
    }  # fmt: skip
