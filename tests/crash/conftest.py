"""How many kills, and where their figures go."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def kills(request: pytest.FixtureRequest) -> int:
    return int(request.config.getoption("--kills"))


@pytest.fixture
def crash_report(request: pytest.FixtureRequest) -> Path | None:
    given = request.config.getoption("--crash-report")
    return None if given is None else Path(given)
