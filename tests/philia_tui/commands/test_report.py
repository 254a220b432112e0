"""`philia report`: the figures in words and as JSON, against a shop that is counted by hand."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner

from philia_tui.commands.root import app
from store.clock import MINUTE, system_clock
from tests.philia_tui.shop import Shop


@pytest.fixture(autouse=True)
def here(db_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command works on the test's shop."""
    monkeypatch.setenv("PHILIA_DATABASE__URL", f"sqlite:///{db_path}")


def run(*arguments: str, status: int = 0) -> str:
    """What the command prints."""
    done = CliRunner().invoke(app, ["report", *arguments])
    assert done.exit_code == status, done.output
    return done.stdout if status == 0 else done.stderr


def test_an_empty_shop_is_told_in_words() -> None:
    """Nothing asked is a sentence, not a table of zeros; days out of range are wrong usage."""
    assert "nothing was asked" in run()
    assert json.loads(run("--json"))["answers"]["asked"] == 0
    assert len(json.loads(run("--days", "30", "--json"))["days"]) == 30
    assert "--days" in run("--days", "0", status=2)


def test_figures_are_told_as_they_were_counted_by_hand(db: sqlite3.Connection) -> None:
    """Two questions, one answered after 10 minutes; two drafts sent, one of them edited; one of two by itself."""
    now = system_clock()
    shop = Shop(db, now)
    asked = now - 30 * MINUTE
    for number, (state, decision) in enumerate((("approved", "approve"), ("edited", "edit"))):
        one = shop.conversation(f"u{number}", ())
        shop.message(one, "is it here? \x1b[31m", at=asked)
        shop.message(one, "yes", at=asked + 10 * MINUTE, role="assistant", source="owner")
        draft = shop.draft(one, state=state, cost_microcents=1_000_000)
        db.execute(
            "INSERT INTO verdicts (draft_id, conversation_id, decision, who, intent, at)"
            " VALUES (?, ?, ?, 'owner', 'price', ?)",
            (draft, one, decision, now),
        )
        shop.delivery(one, "yes", state="sent", who="auto" if number else "owner", ended_at=now)
    told = run("--days", "2")
    assert "2 of 2 (100 %) questions answered" in told
    assert "half of them within 10 min" in told
    assert "1 of 2 (50 %) drafts sent as they were written; 0 rejected" in told
    assert "1 of 2 (50 %) replies left by themselves" in told
    assert "$0.020" in told
    assert "\x1b" not in told
    found = json.loads(run("--days", "2", "--json"))
    assert (found["sent"], found["automatic"], found["approved"], found["edited"]) == (2, 1, 1, 1)
    assert found["cost_microcents"] == 2_000_000
