"""The log of inbound events, when several come at once."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store import inbound
from store.database import connect
from store.inbound import Received


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lots=st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=8), max_size=5))
def test_each_event_is_new_once(lots: list[list[int]], migrated: Path) -> None:
    """However events repeat, within a lot or between lots, the first of a key is told as new and the others are not."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        with closing(connect(migrated, readonly=True)) as template:
            template.backup(db)
        seen: set[int] = set()
        for lot in lots:
            expected = []
            for key in lot:
                expected.append(key not in seen)
                seen.add(key)
            events = [
                (Received(dedupe_key=f"k{key}", dialect="v1", event="e", thread="t", body=b"%d" % key), 5)
                for key in lot
            ]
            assert inbound.receive_all(db, events) == expected
        kept = db.execute("SELECT dedupe_key, body, received_at FROM inbound_events").fetchall()
        assert {tuple(row) for row in kept} == {(f"k{key}", b"%d" % key, 5) for key in seen}
        assert len(kept) == len(seen)
