"""The arrows of the house, each proved in a process of its own: what a room may not bring along."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("sqlalchemy", "sqlmodel", "fastapi", "openai", "uvicorn", "httpx", "alembic", "apscheduler", "keyring")


@pytest.mark.parametrize(
    ("room", "forbidden"),
    [
        ("store.inbox", ("textual", "server", *HEAVY)),
        ("store.outbox", ("textual", "server", *HEAVY)),
        ("store.search", ("textual", "server", *HEAVY)),
        ("store.holds", ("textual", "server", *HEAVY)),
        ("store.migrations", ("textual", "server", *HEAVY)),
        ("server.decisions", ("textual", *HEAVY)),
        ("server.stock", ("textual", *HEAVY)),
        ("server.runtime", ("textual", "philia_tui")),
        ("server.agent.drafter", ("textual", "philia_tui", "fastapi", "uvicorn")),
        ("server.agent.grounding", ("textual", *HEAVY)),
        ("philia_tui.app", ("typer", "openai", *HEAVY)),
        ("philia_tui.commands.inbox", ("textual", *HEAVY)),
    ],
)
def test_a_room_brings_only_what_it_may(room: str, forbidden: tuple[str, ...]) -> None:
    """Importing a room loads none of the packages that stand above it or weigh too much for it."""
    program = f"import sys, {room}; print(*(name for name in {forbidden!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_the_version_is_told_without_the_house() -> None:
    """`philia --version` imports neither a command line library nor anything of ours but its own door."""
    program = (
        "import sys; sys.argv = ['philia', '--version']; from philia_tui.cli import main; main();"
        "print(*(name for name in ('typer', 'textual', 'msgspec', 'store', 'server') if name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    version, loaded = done.stdout.splitlines()
    assert version.startswith("philia ")
    assert loaded == ""


@pytest.mark.parametrize("words", [(), ("--config", "mine.toml"), ("--config=mine.toml",)])
def test_the_inbox_opens_without_the_commands(words: tuple[str, ...], tmp_path: Path, migrated: Path) -> None:
    """`philia` comes to its screen without the command line library, the commands, or anything only a server needs."""
    shutil.copy(migrated, tmp_path / "philia.db")
    (tmp_path / "mine.toml").write_text('[database]\nurl = "sqlite:///philia.db"\n', "utf-8")
    forbidden = ("typer", "philia_tui.commands", "openai", *HEAVY)
    program = (
        f"import sys; sys.argv = ['philia', *{words!r}]; from textual.app import App\n"
        f"App.run = lambda app: print(type(app).__name__, *(name for name in {forbidden!r} if name in sys.modules))\n"
        "from philia_tui.cli import main; main()"
    )
    environment = {
        **os.environ,
        "TEXTUAL_DRIVER": "textual.drivers.headless_driver:HeadlessDriver",
        "PYTHONPATH": str(Path(__file__).parents[1]),
        "PHILIA_CONFIG": str(tmp_path / "mine.toml"),
    }
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "PhiliaApp", "")


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [(("--config", "none.toml"), 2, "none.toml"), (("--plain", "--config", "wrong.toml"), 2, "debounce_seconds")],
)
def test_the_inbox_says_what_is_wrong_with_its_settings(
    words: tuple[str, ...], status: int, said: str, tmp_path: Path
) -> None:
    """Settings that are not there or wrong end `philia` with 2 and one message, not with a traceback."""
    (tmp_path / "wrong.toml").write_text("[agent]\ndebounce_seconds = 'soon'\n", "utf-8")
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-m", "philia_tui", *words],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == status
    assert said in done.stderr
    assert "Traceback" not in done.stderr
