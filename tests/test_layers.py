"""The arrows of the house, each proved in a process of its own: what a room may not bring along."""

from __future__ import annotations

import subprocess
import sys

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
