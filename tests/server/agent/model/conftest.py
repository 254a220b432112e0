"""A shop with the sample stock, and an agent that asks a far end of the tests' own."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from server.agent.drafter import AIAgent
from server.agent.port import DraftRequest, Turn
from server.secrets import Secrets
from server.settings import Agent, Settings
from server.simulator import sample
from store.database import Database, connect, transaction
from tests.conftest import FakeClock
from tests.server.agent.model.far_end import FarEnd, Reaction, far_end

POLICIES = {"shipping": "We ship within two days.", "holds": "We hold a piece for 24 hours."}


@pytest.fixture(scope="session")
def stocked(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the sample stock, filled once."""
    path = tmp_path_factory.mktemp("stocked") / "philia.db"
    shutil.copy(migrated, path)
    db = connect(path)
    with transaction(db):
        sample.fill(db, now=1)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    return path


@pytest.fixture
def shop_path(stocked: Path, tmp_path: Path) -> Path:
    path = tmp_path / "stocked.db"
    shutil.copy(stocked, path)
    return path


@pytest.fixture
def database(shop_path: Path) -> Iterator[Database]:
    opened = Database(shop_path)
    yield opened
    opened.close()


@dataclass(slots=True)
class Bench:
    """An agent and the far end it asks."""

    agent: AIAgent
    end: FarEnd


@pytest.fixture
def bench(database: Database, clock: FakeClock) -> Callable[..., Any]:
    """Makes the bench of a script and of settings of `[agent]`; its agent waits for nothing."""

    @asynccontextmanager
    async def make(*script: Reaction, **given: Any) -> AsyncIterator[Bench]:
        async with far_end(*script) as end:
            settings = Settings(agent=msgspec.structs.replace(Agent(base_url=end.base_url), **given))
            agent = AIAgent(
                settings,
                Secrets(openai_api_key="sk-secret"),
                read=database.read,
                policies=lambda: POLICIES,
                clock=clock,
            )
            if agent._own is not None:
                await agent.warm()
                agent._own._sleep = _no_sleep
            try:
                yield Bench(agent, end)
            finally:
                await agent.aclose()

    return make


async def _no_sleep(seconds: float) -> None:
    """Takes no time."""


def asked(*texts: str, **fields: Any) -> DraftRequest:
    """Makes a request whose burst is these texts."""
    turns = tuple(Turn(role="user", text=text) for text in texts)
    given: dict[str, Any] = {"conversation_id": 1, "turns": turns, "unanswered": texts, "policies": POLICIES}
    return DraftRequest(**{**given, **fields})
