"""Other people's words in every column: no command prints any of their powers, and no table of it runs anything."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from philia_tui.commands.root import app
from store.clock import system_clock
from tests.philia_tui.hostile import POISON, forbidden, poisoned
from tests.philia_tui.shop import Shop

READING = (
    "inbox list", "inbox list --queue needs_you", "inbox show 1", "inbox show 3", "inbox show 5", "inbox show 9",
    "inbox show 11", "inbox show 13", "items list", "items search suede", "deliveries list", "habits list", "report",
    "status", "doctor --offline", "replay --past 20 --texts",
)  # fmt: skip
"""What shows rows; --json prints the same rows as a document."""

DECIDING = (
    "inbox reject 1 --reason R", "inbox edit 3 --text T", "inbox instruct 5 --text T", "inbox send 7 --text T",
    "inbox approve 9", "inbox send-picture 1 SKU", "inbox undo 1", "inbox snooze 3 --until 2h", "inbox mode 3 auto",
    "items show SKU", "items edit SKU --price 79", "items picture SKU", "items post SKU 7301234567890123456",
    "items release SKU", "items hold SKU --for 3", "items sold SKU", "items import FILE", "items import FILE --dry-run",
    "items add NEW --name NAME --brand NAME", "deliveries resolve 3 again", "deliveries retry 2", "habits accept 1",
    "habits decline 2", "habits withdraw 1", "forget NAME --yes", "forget USER --yes",
)  # fmt: skip
"""What says in a sentence what it did or why it refused, about rows or arguments that hold another's words."""

WORDLESS = frozenset(
    {
        "pause", "resume", "init", "login", "logout", "tunnel", "serve", "demo", "simulator", "web", "fetch", "backup",
        "restore", "config show", "config path", "webhook subscribe", "webhook list", "webhook remove",
    }
)  # fmt: skip
"""Say only what the owner's own settings, this machine and TikTok's servers say; all go through the same two doors."""

APART = frozenset({"export", "check"})
"""Have tests of their own below, or answer in JSON what was asked in JSON."""


def tree(command: Any, before: tuple[str, ...] = ()) -> Iterator[str]:
    """Yields the names of all commands."""
    for name, one in getattr(command, "commands", {}).items():
        yield from tree(one, (*before, name)) if hasattr(one, "commands") else [" ".join((*before, name))]


@pytest.fixture
def shop(db: sqlite3.Connection, db_path: Path, monkeypatch: pytest.MonkeyPatch) -> sqlite3.Connection:
    """A shop of nothing but hostile words."""
    monkeypatch.setenv("PHILIA_DATABASE__URL", f"sqlite:///{db_path}")
    poisoned(Shop(db, system_clock()))
    return db


def printed(words: str, text: str, number: int, tmp_path: Path) -> tuple[str, str, int]:
    """Runs a command whose words in capitals stand for hostile ones."""
    file = tmp_path / "stock.csv"
    with file.open("w", encoding="utf-8", newline="") as opened:
        csv.writer(opened).writerows([["sku", "name", "price", text], [f"{text}{number}", text, "45", text]])
    known = {
        "SKU": f"{text}{number}", "NAME": text, "USER": f"{text}{number}", "NEW": f"new {text}", "T": f"{text} T",
        "R": text, "FILE": str(file),
    }  # fmt: skip
    done = CliRunner().invoke(app, [known.get(word, word) for word in words.split(" ")])
    assert not isinstance(done.exception, Exception), done.exception
    return done.stdout, done.stderr, done.exit_code


def test_no_command_is_left_out() -> None:
    """Every command is tried with hostile rows below, or stands in the short list of those that show none."""
    tried = {
        name for name in tree(typer.main.get_command(app)) for words in READING + DECIDING if words.startswith(name)
    }
    assert tried | WORDLESS | APART == set(tree(typer.main.get_command(app)))
    assert not tried & (WORDLESS | APART)


@pytest.mark.parametrize("words", READING)
def test_what_is_shown_is_inert(shop: sqlite3.Connection, tmp_path: Path, words: str) -> None:
    """Lists, threads, figures and searches of hostile rows hold no character that a terminal obeys."""
    said, complained, _ = printed(words, POISON[0], 0, tmp_path)
    assert said.strip()
    assert not forbidden(said + complained)
    # JSON keeps the words whole, and is inert to look at all the same.
    if "--texts" not in words:
        document, _, _ = printed(f"{words} --json", POISON[0], 0, tmp_path)
        json.loads(document)
        assert [one for one in document if not one.isprintable() and one not in "\n\u200d"] == []


@pytest.mark.parametrize("words", DECIDING)
@pytest.mark.parametrize("number", [0, 1, 4])
def test_what_is_told_of_a_decision_is_inert(shop: sqlite3.Connection, tmp_path: Path, words: str, number: int) -> None:
    """Whether a command does it or refuses, its sentence about hostile words is inert."""
    said, complained, status = printed(words, POISON[number], number, tmp_path)
    assert status in {0, 1, 2}
    assert said + complained
    assert not forbidden(said + complained)


def test_the_words_are_in_the_json_as_they_were_written(shop: sqlite3.Connection, tmp_path: Path) -> None:
    """What is escaped in a document reads back as exactly what the rows hold."""
    document, _, _ = printed("inbox list --json", "", 0, tmp_path)
    kept = {row[0] for row in shop.execute("SELECT display_name FROM users")}
    assert {row["name"] for row in json.loads(document)} == kept == set(POISON)


def test_the_columns_of_the_stock_stay_columns(shop: sqlite3.Connection, tmp_path: Path) -> None:
    """Wide letters in a SKU or a size move no column: every price ends in the same cell, as the C library counts."""
    shop.execute("DELETE FROM holds")
    shop.execute("DELETE FROM items")
    made = Shop(shop, system_clock())
    for sku, size in (("A-1", "M"), ("日本", "大"), ("é", "e\u0301"), ("ﾊﾝｶｸ", "한")):
        made.piece(sku, f"piece {sku}", size=size)
    said, _, _ = printed("items list", "", 0, tmp_path)
    ends = {cells(line[: line.index("85.00 USD")]) for line in said.splitlines()}
    names = {cells(line[: line.index("piece ")]) for line in said.splitlines()}
    assert (len(said.splitlines()), len(ends), len(names)) == (4, 1, 1), said


def cells(text: str) -> int:
    """Counts cells by Unicode's own tables: two for wide and fullwidth letters, none for marks."""
    import unicodedata

    return sum(
        0 if unicodedata.combining(one) else 2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text
    )


def test_no_cell_of_an_exported_table_is_a_formula(shop: sqlite3.Connection, tmp_path: Path) -> None:
    """In every CSV of an export no cell that holds another's words begins as a spreadsheet's formula does."""
    printed(f"export {tmp_path / 'out'}", "", 0, tmp_path)
    tables = sorted((tmp_path / "out").glob("*.csv"))
    assert [table.name for table in tables] == ["conversations.csv", "figures.csv"]
    held = 0
    for table in tables:
        with table.open(encoding="utf-8", newline="") as opened:
            for row in csv.reader(opened):
                assert not [one for one in row if one.startswith(("=", "+", "-", "@", "\t", "\r"))], row
                held += sum("=1+1" in one for one in row)
    assert held
