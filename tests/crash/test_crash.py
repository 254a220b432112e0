"""Killed anywhere, with the platform failing in every way it can: the ledger shows nothing twice and nothing lost."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from server.simulator.faults import NAMED
from store.failpoints import PLACES
from tests.crash import harness


def test_every_fault_and_every_place_once(tmp_path: Path, migrated: Path) -> None:
    """With each fault and at each failpoint the server is killed at least once, and every invariant holds."""
    plan = harness.short_pairs()
    assert {fault for fault, _ in plan} == set(NAMED)
    assert {place for _, place in plan} == set(PLACES)
    report = harness.run(tmp_path, migrated, plan, kills=len(plan) + 6)
    assert report.faults() == {}
    assert report.kills == len(plan) + 6
    assert report.accepted > report.pictures > 0
    assert report.doubts > 0


def test_a_naive_sender_fails_the_same_test(tmp_path: Path, migrated: Path) -> None:
    """A sender that marks after sending and tries again when in doubt is found out by its doubles."""
    plan = [(fault, 6) for fault in ("slow_applied", "cut_applied", "code_51065_applied", "not_json_applied")] * 3
    report = harness.run(tmp_path, migrated, plan, kills=len(plan), naive=True)
    assert report.doubles > 0


@pytest.mark.crash
@pytest.mark.timeout(4 * 3600)
def test_thousands_of_kills(
    tmp_path: Path, migrated: Path, kills: int, crash_report: Path | None, request: pytest.FixtureRequest
) -> None:
    """Every fault with every place, then kills at random, `--kills` altogether; the figures go to `--crash-report`."""
    seed = random.SystemRandom().randrange(10**6)
    report = harness.run_together(tmp_path / "philia", migrated, harness.pairs(), kills=kills, seed=seed)
    naive = harness.run_together(tmp_path / "naive", migrated, harness.pairs(), kills=max(21, kills // 10), naive=True)
    told = {"philia": report.as_json(), "naive": naive.as_json()}
    if crash_report is not None:
        crash_report.write_text(json.dumps(told, indent=2) + "\n")
    assert report.faults() == {}, report.faults()
    assert naive.doubles > 0
    assert report.kills == sum(report.kills_at_places.values()) == kills
