"""`philia check` and `philia replay` as scripts use them: lines in, lines out, one document, honest exits."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from philia_tui.commands import agent
from server.simulator import sample
from store import drafts, inbox
from store.database import connect, transaction
from tests.server.agent.model.far_end import Say, calls, far_end, final

QUESTION = "is the brown suede jacket still available?"
TRUE = "Yes! The brown suede jacket is here, $85.00."
JACKET = {
    "sku": "J-014",
    "name": "Brown 70s suede jacket",
    "category": "Jackets",
    "price": "85.00",
    "status": "available",
}


@pytest.fixture
def shop_file(migrated: Path, tmp_path: Path) -> Path:
    """A settings file beside a database with the sample stock and one answered conversation."""
    path = tmp_path / "shop.db"
    shutil.copy(migrated, path)
    db = connect(path)
    with transaction(db):
        sample.fill(db, now=1)
        thread = inbox.open_conversation(db, dialect="v1", platform_id="p", user="u", name="Mia", business_id="", now=1)
        for at, text in ((5, "hello"), (6, QUESTION)):
            said = inbox.NewMessage(platform_id=f"m{at}", role="user", source="customer", text=text, platform_at=at)
            inbox.add_message(db, thread, said, now=at)
            inbox.refresh(db, thread, now=at)
            drafts.enqueue(db, thread, now=at)
    db.close()
    config = tmp_path / "config.toml"
    config.write_text(f'[database]\nurl = "sqlite:///{path}"\n')
    return config


def run(config: Path, *arguments: str, given: str = "") -> Result:
    app = typer.Typer()

    @app.callback()
    def root(ctx: typer.Context) -> None:
        ctx.obj = config

    agent.register(app)
    return CliRunner().invoke(app, list(arguments), input=given)


def test_check_answers_each_line_with_a_line(shop_file: Path, tmp_path: Path) -> None:
    """Verdicts come in the order of the lines, from a file and from standard input alike."""
    lines = "\n".join(
        json.dumps({"id": at, "customer": QUESTION, "reply": reply, "items": [JACKET]})
        for at, reply in enumerate([TRUE, TRUE.replace("85", "35")])
    )
    file = tmp_path / "replies.jsonl"
    file.write_text(f"\ufeff{lines}\n\n")
    for result in (run(shop_file, "check", str(file)), run(shop_file, "check", "-", given=lines)):
        assert result.exit_code == 0, result.stderr
        told = [json.loads(line) for line in result.stdout.splitlines()]
        assert [(one["id"], one["verdict"]) for one in told] == [(0, "pass"), (1, "hold")]
        assert told[1]["reasons"][0]["kind"] == "price"


def test_check_holds_what_it_cannot_read(shop_file: Path) -> None:
    """A broken line is held on standard output, explained on standard error, and ends with 1."""
    good = json.dumps({"id": 2, "reply": "Hi!", "items": []})
    result = run(shop_file, "check", "-", given=f"not json\n{good}\n")
    told = [json.loads(line) for line in result.stdout.splitlines()]
    assert [one["verdict"] for one in told] == ["hold", "pass"]
    assert result.exit_code == 1
    assert "Line 1" in result.stderr


def test_check_of_a_missing_file_says_so(shop_file: Path) -> None:
    """A file that is not there ends with 1 and its name."""
    result = run(shop_file, "check", "missing.jsonl")
    assert (result.exit_code, "missing.jsonl" in result.stderr) == (1, True)


def rows_of(config: Path) -> dict[str, int]:
    db = sqlite3.connect(config.with_name("shop.db"))
    try:
        tables = ("messages", "drafts", "deliveries", "verdicts", "journal", "conversations")
        return {table: db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables}
    finally:
        db.close()


def test_replay_compares_prompts_without_a_model(shop_file: Path) -> None:
    """Without --live the house drafter writes each column; nothing is sent or kept."""
    before = rows_of(shop_file)
    given = "\n".join([json.dumps({"id": "a", "text": QUESTION}), json.dumps("hello")])
    result = run(shop_file, "replay", "-", "--prompt", "default", "--prompt", "brief@1", "--json", given=given)
    assert result.exit_code == 0, result.stderr
    told = json.loads(result.stdout)
    assert [one["prompt"] for one in told["prompts"]] == ["default@1", "brief@1"]
    assert [(one["messages"], one["by_house"], one["cost_usd"]) for one in told["prompts"]] == [(2, 2, 0.0)] * 2
    assert [row["id"] for row in told["rows"]] == ["a", "2"]
    assert told["prompts"][0]["grounded_share"] == 1.0
    assert "house drafter" in result.stderr
    assert rows_of(shop_file) == before


def test_replay_takes_past_conversations(shop_file: Path) -> None:
    """--past tries the messages that drafts were written for, with the whole burst before them."""
    result = run(shop_file, "replay", "--past", "5", "--json")
    told = json.loads(result.stdout)
    assert [row["customer"] for row in told["rows"]] == [f"hello\n{QUESTION}"]


def test_replay_prints_a_table_for_people(shop_file: Path) -> None:
    """Without --json the figures stand side by side, and --texts shows the drafts."""
    result = run(shop_file, "replay", "-", "--texts", given=json.dumps(QUESTION))
    assert "grounded" in result.stdout
    assert "suede" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "given", "status", "says"),
    [
        ([], "", 2, "--past"),
        (["-", "--past", "3"], "", 2, "--past"),
        (["-", "--prompt", "poetry"], '"hi"', 2, "There is no prompt"),
        (["-", "--live"], '"hi"', 2, "OPENAI_API_KEY"),
        (["-"], "", 1, "no message"),
        (["-"], "{", 1, "Line 1"),
        (["-"], '{"messages": [{"role": "assistant", "text": "hi"}]}', 1, "Line 1"),
        (["-"], '{"messages": [{"role": "robot", "text": "hi"}]}', 1, "robot"),
        (["-"], '{"text": 5}', 1, "Line 1"),
        (["nowhere.jsonl"], "", 1, "nowhere.jsonl"),
    ],
)
def test_replay_says_what_is_wrong(shop_file: Path, arguments: list[str], given: str, status: int, says: str) -> None:
    """Wrong usage ends with 2, messages that cannot be read with 1, each with a sentence."""
    result = run(shop_file, "replay", *arguments, given=given)
    assert (result.exit_code, says in result.stderr) == (status, True), result.stderr


class Asked(list[dict[str, Any]]):
    """What a far end was asked, for a test in another thread."""

    def __init__(self) -> None:
        super().__init__()
        self._more = threading.Condition()

    def add(self, body: dict[str, Any]) -> None:
        with self._more:
            self.append(body)
            self._more.notify_all()

    def reached(self, count: int) -> bool:
        """Waits until it was asked so often."""
        with self._more:
            return self._more.wait_for(lambda: len(self) >= count, timeout=30)


@pytest.fixture
def live(monkeypatch: pytest.MonkeyPatch) -> Iterator[Asked]:
    """A far end in a thread of its own, named by the environment as the owner's would be; gives what it was asked."""
    ready, over = threading.Event(), threading.Event()
    asked = Asked()

    def react(body: dict[str, Any]) -> Say:
        asked.add(body)
        if body["messages"][-1]["role"] == "tool":
            return final(TRUE, cited_skus=["J-014"])
        return calls(("a", "search_inventory", {"query": "brown suede jacket"}))

    async def serve() -> None:
        async with far_end(react) as end:
            monkeypatch.setenv("OPENAI_BASE_URL", end.base_url)
            monkeypatch.setenv("OPENAI_API_KEY", "k")
            ready.set()
            await asyncio.to_thread(over.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(10)
    yield asked
    over.set()
    thread.join(10)


def test_a_live_replay_compares_the_prefetch(shop_file: Path, live: Asked) -> None:
    """--live asks the model; --prefetch shows the two-call flow and the one-call flow side by side."""
    result = run(shop_file, "replay", "-", "--live", "--prefetch", "--json", given=json.dumps(QUESTION))
    assert result.exit_code == 0, result.stderr
    told = json.loads(result.stdout)
    assert [(one["prompt"], one["model_calls"], one["grounded"]) for one in told["prompts"]] == [
        ("default@1", 2, 1),
        ("default@1 +prefetch", 1, 1),
    ]
    # Three calls of 100 tokens in and 20 out: $0.00135.
    assert told["spent_usd"] == 0.00135
    assert len(live) == 3


def test_a_live_replay_stops_at_its_cap(shop_file: Path, live: Asked) -> None:
    """Before a draft could go over --max-spend the replay stops and says how far it came."""
    given = "\n".join([json.dumps(QUESTION)] * 10)
    result = run(shop_file, "replay", "-", "--live", "--max-spend", "0.003", "--json", given=given)
    told = json.loads(result.stdout)
    assert told["tried"] == 3
    assert told["spent_usd"] <= 0.003
    assert "max-spend" in result.stderr


def test_a_live_replay_without_money_asks_nothing(shop_file: Path, live: Asked) -> None:
    """--max-spend 0 makes no call at all."""
    result = run(shop_file, "replay", "-", "--live", "--max-spend", "0", "--json", given=json.dumps(QUESTION))
    assert json.loads(result.stdout)["tried"] == 0
    assert live == []


def test_ctrl_c_ends_a_replay_with_the_figures_so_far(shop_file: Path, live: Asked) -> None:
    """An interrupt prints what was tried until then as a whole document, says so, and ends with 1."""
    code = (
        "import sys, typer; from pathlib import Path; from philia_tui.commands import agent\n"
        "app = typer.Typer()\n"
        "@app.callback()\n"
        "def root(ctx: typer.Context): ctx.obj = Path(sys.argv[1])\n"
        "agent.register(app); app(args=['replay', '-', '--live', '--max-spend', '100', '--json'])"
    )
    command = [sys.executable, "-c", code, str(shop_file)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdin is not None
        process.stdin.write("\n".join([json.dumps(QUESTION)] * 5_000))
        process.stdin.close()
        process.stdin = None
        assert live.reached(6)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    told = json.loads(out)
    assert process.returncode == 1, err
    assert told["stopped"]
    assert 2 <= told["tried"] < 5_000
    assert "Stopped after" in err
