"""`philia habits` as a script sees it."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner

from philia_tui.commands.root import app
from store import learning
from store.database import transaction


def run(*arguments: str, status: int = 0) -> str:
    """What a command prints, on standard output or, when it fails, on standard error."""
    done = CliRunner().invoke(app, ["habits", *arguments])
    assert done.exit_code == status, done.output
    return done.stdout if status == 0 else done.stderr


def test_a_rule_is_shown_accepted_and_taken_back(
    db: sqlite3.Connection, db_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proposal is told in her words, accepted and withdrawn by its number; what cannot be is refused with 1."""
    monkeypatch.setenv("PHILIA_DATABASE__URL", f"sqlite:///{db_path}")
    assert "Nothing yet" in run("list")
    with transaction(db):
        learning.propose(db, [("remove", "lovely\x1b[31m", "", 9, 10)], now=1)
    assert "in 9 of 10" in run("list")
    assert "\x1b" not in run("list")
    assert json.loads(run("accept", "1", "--json"))["state"] == "accepted"
    assert [one["id"] for one in json.loads(run("list", "--state", "accepted", "--json"))] == [1]
    assert "Rule 1 is accepted" in run("decline", "1", status=1)
    run("withdraw", "1")
    assert "no rule 7" in run("accept", "7", status=1)
