"""Texts that mean something to SQL, FTS5, a path or markup are texts, through every field that takes one."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from philia_tui.commands.root import app
from server import decisions
from server.settings import Delivery
from store.clock import system_clock
from store.database import transaction
from store.views import search
from tests.security.bodies import HOSTILE
from tests.server.delivery.shop import add_conversation

SAYABLE = [text for text in HOSTILE if "\x00" not in text and "\ud800" not in text and text.strip()]
"""What a shell can hand over: no NUL, no half characters."""


@pytest.fixture(autouse=True)
def _shop(db_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHILIA_DATABASE__URL", f"sqlite:///{db_path}")


def run(*arguments: str) -> tuple[int, str]:
    """Runs a command; anything but an orderly end fails the test."""
    done = CliRunner().invoke(app, list(arguments))
    assert done.exception is None or isinstance(done.exception, SystemExit), (arguments, repr(done.exception))
    assert done.exit_code in {0, 1, 2}, (arguments, done.output)
    return done.exit_code, done.stdout


def schema(db: sqlite3.Connection) -> list[str]:
    return [str(row[0]) for row in db.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name")]


def rows(db: sqlite3.Connection) -> dict[str, int]:
    names = ("items", "messages", "users", "conversations", "deliveries", "switches", "canned_replies")
    return {name: db.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in names}


def test_hostile_words_find_nothing_and_break_nothing(db: sqlite3.Connection) -> None:
    """Searching, showing and naming by hostile words ends in an answer or a refusal, and changes no row."""
    before, tables = rows(db), schema(db)
    for text in SAYABLE:
        status, printed = run("items", "search", "--json", "--", text)
        assert (status, json.loads(printed)["items"]) == (0, []), text
        for command in (("items", "show"), ("forget", "--yes"), ("restore", "--yes")):
            assert run(*command, "--", text)[0] != 0, (command, text)
    assert (rows(db), schema(db)) == (before, tables)


def test_hostile_words_are_kept_as_they_are(db: sqlite3.Connection, tmp_path: Path) -> None:
    """A reply, a piece and a customer made of hostile words come back byte for byte from list, export and search."""
    now = system_clock()
    tables = schema(db)
    # {names} in a reply are refused as unfilled, which is the gate's business.
    plain = [text for text in SAYABLE if "{" not in text]
    with transaction(db):
        found = [add_conversation(db, text, now=now) for text in plain]
        for number, text in zip(found, plain, strict=True):
            decisions.send(db, number, f"reply {text}", now=now, settings=Delivery())
    _, listed = run("deliveries", "list", "--json")
    said: list[dict[str, Any]] = json.loads(listed)
    assert {one["text"].strip() for one in said} == {f"reply {text}".strip() for text in plain}
    for number, text in enumerate(SAYABLE):
        run("items", "add", f"S-{number}", f"--name={text}", "--price=10")
    status, printed = run("inbox", "list", "--json")
    assert status == 0
    assert {one["user"] for one in json.loads(printed)} == {f"user-{text}" for text in plain}
    assert run("export", str(tmp_path / "out"))[0] == 0
    for text in plain:
        assert run("forget", "--yes", "--", f"user-{text}")[0] == 0
    assert schema(db) == tables
    assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


def test_the_inboxs_search_takes_any_words(db: sqlite3.Connection) -> None:
    """The search over all messages answers any words with rows or none; FTS5's own language means nothing in it."""
    with transaction(db):
        add_conversation(db, "ann", now=system_clock())
    for text in SAYABLE:
        for words in (text, f"{text} hello", f'"{text}', f"({text}", f"{text}*", f"text:{text}"):
            list(search.messages(db, words, limit=5))
