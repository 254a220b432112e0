"""The sample shop in a fresh database."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from store.database import connect
from tests.store.search.shop import Row, put, sample


@pytest.fixture(scope="session")
def rows() -> list[Row]:
    return sample()


@pytest.fixture
def shop(db: sqlite3.Connection, rows: list[Row]) -> sqlite3.Connection:
    put(db, rows)
    return db


@pytest.fixture(scope="session")
def whole_shop(
    migrated: Path, rows: list[Row], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[sqlite3.Connection]:
    """The sample shop for tests that only read: filled once, not to be changed."""
    path = tmp_path_factory.mktemp("whole") / "philia.db"
    shutil.copy(migrated, path)
    db = connect(path)
    put(db, rows)
    db.execute("PRAGMA query_only = ON")
    yield db
    db.close()
