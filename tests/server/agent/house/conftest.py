"""The sample shop on a file of its own: filled once, copied for each test."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from store.database import connect
from tests.server.agent.house.shops import fill, sample_rows


@pytest.fixture(scope="session")
def stocked(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("stocked") / "philia.db"
    shutil.copy(migrated, path)
    db = connect(path)
    fill(db, sample_rows())
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    return path


@pytest.fixture
def shop(stocked: Path, tmp_path: Path) -> Iterator[sqlite3.Connection]:
    path = tmp_path / "philia.db"
    shutil.copy(stocked, path)
    db = connect(path)
    yield db
    db.close()
