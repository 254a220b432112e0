"""Cuts every test off from the home folder, the environment and the clock, and hands out fresh databases."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from store.database import connect
from store.migrations import migrate


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds what the crash suite is told."""
    parser.addoption("--kills", type=int, default=600, help="how often `-m crash` kills the server")
    parser.addoption("--crash-report", help="file for the figures of `-m crash`, as JSON")


class FakeClock:
    """A clock that only a test moves."""

    def __init__(self, now: int = 1_800_000_000_000) -> None:
        """Starts at a fixed time of day in 2027."""
        self.now = now

    def __call__(self) -> int:
        """Returns the time in UTC epoch milliseconds."""
        return self.now

    def advance(self, milliseconds: int) -> int:
        """Moves the time on and returns it."""
        self.now += milliseconds
        return self.now


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keeps the developer's own shop, keys and settings out of the tests."""
    for name in list(os.environ):
        if name.startswith(("PHILIA_", "OPENAI_", "TIKTOK_", "SENTRY_")):
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.chdir(home)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(home / ".local"))


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database, made once: migrating costs two seconds, copying two milliseconds."""
    path = tmp_path_factory.mktemp("template") / "philia.db"
    migrate(path)
    # Everything into the one file, so that copying it is enough.
    db = connect(path)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    return path


@pytest.fixture
def db_path(migrated: Path, tmp_path: Path) -> Path:
    path = tmp_path / "shop" / "philia.db"
    path.parent.mkdir()
    shutil.copy(migrated, path)
    return path


@pytest.fixture
def db(db_path: Path) -> Iterator[sqlite3.Connection]:
    connection = connect(db_path)
    yield connection
    connection.close()
