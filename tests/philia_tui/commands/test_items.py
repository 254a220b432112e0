"""`philia items …` by its contract: one JSON document on standard output, 0, 1 or 2, and errors that help."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from philia_tui.commands import items as commands
from store.database import connect
from tests.store.stock_rows import HOUR, conversation, csv_text, entries, file, piece, row, statuses

Run = Callable[..., Result]


@pytest.fixture
def run(db_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `philia items …` on the test's shop."""
    monkeypatch.setenv("PHILIA_DATABASE__URL", f"sqlite:///{db_path}")
    root = typer.Typer()
    root.add_typer(commands.app, name="items")
    root.callback()(lambda: None)

    def invoke(*given: str, stdin: str | None = None) -> Result:
        return CliRunner().invoke(root, ["items", *given], input=stdin)

    return invoke


@pytest.fixture
def shop(db_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(connect(db_path)) as db:
        yield db


def told(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def test_a_piece_through_its_life(run: Run, shop: sqlite3.Connection, tmp_path: Path) -> None:
    """Added, listed, shown, edited, held, released and sold, each with its JSON and its exit code."""
    photo = file(tmp_path, b"jpg", "front.jpg")
    words = ["--name", "Suede jacket", "--price", "$85", "--size", "M", "--post", "7301", "--json"]
    lengths = ["--measure", "pit_to_pit=21", "--measure", "length=65 cm"]
    added = told(run("add", "J-014", *words, *lengths, "--photo", str(photo), "--photo", "https://p/1.jpg"))
    assert (added["price"], added["currency"], added["status"]) == ("85.00", "USD", "available")
    assert (added["measurements"], added["unit"]) == ({"pit_to_pit": 21.0, "length": 25.5}, "in")
    assert (added["photos"], added["posts"]) == ([str(photo), "https://p/1.jpg"], ["7301"])
    listed = told(run("list", "--json"))
    contract = {"sku", "name", "brand", "category", "size", "price", "currency", "measurements", "unit", "color", "era"}
    assert contract | {"condition", "status", "description"} <= set(listed[0])
    assert listed[0]["size"] == "M"
    edited = told(run("edit", "j-014", "--price", "79", "--measure", "length=", "--color", "brown", "--json"))
    assert (edited["price"], edited["measurements"], edited["color"]) == ("79.00", {"pit_to_pit": 21.0}, "brown")
    maria, jo = (conversation(shop, name, now=now_ms()) for name in ("maria", "jo"))
    held = told(run("hold", "J-014", "--for", str(maria), "--hours", "6", "--json"))
    assert (held["state"], held["place"]) == ("active", 0)
    assert abs(held["until"] - now_ms() - 6 * HOUR) < 60_000
    assert told(run("hold", "J-014", "--for", str(jo), "--json"))["place"] == 1
    shown = told(run("show", "J-014", "--json"))
    assert (shown["status"], shown["held_for"], shown["line"]) == ("held", maria, [jo])
    assert told(run("release", "J-014", "--json"))["offered_to"] == jo
    sold = told(run("sold", "J-014", "--json"))
    assert (sold["sku"], sold["status"]) == ("J-014", "sold")
    assert statuses(shop) == {"J-014": "sold"}
    assert told(run("list", "--status", "available", "--json")) == []
    assert told(run("edit", "J-014", "--status", "available", "--json"))["status"] == "available"
    assert {entry["who"] for entry in entries(shop, subject="item")} >= {"script"}


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        (("show", "NOPE"), 1, "NOPE"),
        (("sold", "NOPE"), 1, "NOPE"),
        (("sold", "GONE"), 1, "sold already"),
        (("hold", "GONE", "--for", "1"), 1, "conversation 1"),
        (("hold", "A", "--for", "77"), 1, "conversation 77"),
        (("hold", "A"), 2, "--for"),
        (("hold", "A", "--for", "1", "--hours", "0"), 2, "hours"),
        (("release", "A"), 1, "not on hold"),
        (("add", "A", "--name", "again"), 1, "already"),
        (("add", "B", "--name", ""), 2, "name is empty"),
        (("add", "B", "--name", "x", "--status", "held"), 2, "for somebody"),
        (("edit", "A"), 2, "nothing to change"),
        (("edit", "A", "--price", "cheap"), 2, "'cheap'"),
        (("edit", "A", "--status", "gone"), 2, "'gone'"),
        (("edit", "A", "--measure", "waist"), 2, "KIND=LENGTH"),
        (("edit", "A", "--photo", "nowhere.jpg"), 1, "nowhere.jpg"),
        (("list", "--status", "gone"), 2, "'gone'"),
        (("import", "nowhere.csv"), 1, "nowhere.csv"),
        (("search",), 2, "QUERY"),
        (("post", "A", "no post"), 2, "no post"),
    ],
)
def test_faults_end_with_their_code_and_nothing_on_stdout(
    run: Run, shop: sqlite3.Connection, given: tuple[str, ...], code: int, said: str
) -> None:
    """What does not exist or may not be is 1, what is written wrong is 2; the reason is on standard error alone."""
    piece(shop, "A")
    piece(shop, "GONE", status="sold")
    result = run(*given)
    assert (result.exit_code, result.stdout) == (code, "")
    assert said in " ".join(result.stderr.replace("│", " ").split())


def test_search_and_its_batch(run: Run, shop: sqlite3.Connection) -> None:
    """A search answers by the contract; a batch answers each line in its order, and tells of lines that are none."""
    piece(shop, "W-1", name="Nike windbreaker")
    piece(shop, "W-2", name="Nike windbreaker", status="sold")
    found = told(run("search", "nike windbreakers", "--json"))
    assert (found["query"], [each["sku"] for each in found["items"]]) == ("nike windbreakers", ["W-1"])
    assert {"exact", "relaxed", "corrected", "filters"} <= set(found)
    lines = '{"id": "a", "query": "windbreaker"}\n\n{"id": 2, "query": "grand piano"}\n'
    batch = run("search", "--batch", stdin=lines)
    assert batch.exit_code == 0
    answers = [json.loads(line) for line in batch.stdout.splitlines()]
    assert [(each["id"], each["skus"]) for each in answers] == [("a", ["W-1"]), (2, [])]
    broken = run("search", "--batch", stdin='nonsense\n[1]\n{"id": 3, "query": "windbreaker"}\n')
    assert broken.exit_code == 1
    assert [json.loads(line)["id"] for line in broken.stdout.splitlines()] == [3]


def test_an_import_is_told_then_done(run: Run, shop: sqlite3.Connection, tmp_path: Path) -> None:
    """The dry run changes nothing and tells everything; the import does it; a wrong row takes nothing, by its line."""
    piece(shop, "A", name="Piece A")
    path = file(tmp_path, csv_text([row("A", price="70"), row("B", status="sold"), row("C")]))
    dry = told(run("import", str(path), "--dry-run", "--json"))
    assert (dry["new"], dry["imported"], dry["errors"]) == (["B", "C"], False, [])
    assert "price 85.00 USD → 70.00 USD" in dry["changed"][0]["changes"]
    assert statuses(shop) == {"A": "available"}
    done = told(run("import", str(path), "--json"))
    assert (done["imported"], done["new"]) == (True, ["B", "C"])
    assert statuses(shop) == {"A": "available", "B": "sold", "C": "available"}
    wrong = file(tmp_path, csv_text([row("D"), row("E", price="?"), row("B", status="available")]), "wrong.csv")
    for more in ((), ("--dry-run",)):
        refused = run("import", str(wrong), "--json", *more)
        assert refused.exit_code == 1
        assert [fault["line"] for fault in json.loads(refused.stdout)["errors"]] == [3, 4]
    assert "D" not in statuses(shop)
    plain = run("import", str(wrong))
    assert (plain.exit_code, "line 3" in plain.stdout, "Nothing was imported" in plain.stderr) == (1, True, True)


def test_others_words_are_inert_on_the_terminal(run: Run, shop: sqlite3.Connection, tmp_path: Path) -> None:
    """A name with escapes, however it came in, is printed without them."""
    piece(shop, "A\x1b]0;x\x07", name="\x1b[31mred\u202e[bold]x[/]")
    for given in (("list",), ("show", "A\x1b]0;x\x07")):
        shown = run(*given).stdout
        assert "\x1b" not in shown
        assert "\u202e" not in shown
        assert "[bold]x[/]" in shown


def test_ctrl_c_leaves_nothing_half_imported(db_path: Path, shop: sqlite3.Connection, tmp_path: Path) -> None:
    """An import that is interrupted while it writes ends with 1, says so, and the stock is as it was."""
    piece(shop, "OLD")
    path = file(tmp_path, csv_text([row(f"S-{at}") for at in range(4_000)]))
    # The child stops itself at its first portion and waits there, so that the interruption always comes in the middle.
    body = (
        "import sys, time\n"
        "from philia_tui.commands import items_import\n"
        "def wait(self, what, done, of):\n"
        "    if what == 'writing':\n"
        "        print('writing', flush=True)\n"
        "        time.sleep(60)\n"
        "items_import.Progress.__call__ = wait\n"
        "import typer\n"
        "from philia_tui.commands import items\n"
        "root = typer.Typer()\n"
        "root.callback()(lambda: None)\n"
        "root.add_typer(items.app, name='items')\n"
        "root()\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", body, "items", "import", str(path)],
        env={**os.environ, "PHILIA_DATABASE__URL": f"sqlite:///{db_path}"},
        cwd=Path(__file__).parents[3],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with child:
        assert child.stdout is not None
        assert child.stderr is not None
        assert child.stdout.readline() == "writing\n"
        child.send_signal(signal.SIGINT)
        assert child.wait(timeout=60) == 1
        assert "Nothing was imported" in child.stderr.read()
    assert statuses(shop) == {"OLD": "available"}
