"""The keeper of the server: starts one only when none runs, tells how it stands, and never leaves it behind."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from philia_tui.child import ServerKeeper
from philia_tui.health import Health, Reach
from store.lock import ServerLock

SERVES = """
import sys, time
sys.path.insert(0, {root!r})
from pathlib import Path
from store.lock import ServerLock
with ServerLock(Path({database!r})):
    {body}
"""


def keeper(database: Path, body: str) -> ServerKeeper:
    """Returns a keeper whose child is this little program instead of the real server."""
    made = ServerKeeper(database, reached=lambda: Reach("http://127.0.0.1:1"))
    root = str(Path(__file__).parents[2])
    code = SERVES.format(root=root, database=str(database), body=body)
    made._command = [sys.executable, "-c", code]
    return made


def waited(true: Callable[[], bool]) -> bool:
    """Waits until something is true, 20 s at most."""
    end = time.monotonic() + 20
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def alive(pid: int) -> bool:
    """Tells whether a process is there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def standing(of: ServerKeeper) -> Health:
    """Returns how the server stands now."""
    return of.health()


def test_a_child_is_started_told_and_ended(tmp_path: Path) -> None:
    """It starts, then listens with its process and address; `stop` ends it, and calling that twice is nothing."""
    made = keeper(tmp_path / "philia.db", "sys.stdin.read()")
    assert standing(made).standing == "stopped"
    made.start()
    made.start()
    try:
        assert waited(lambda: standing(made).standing == "listening")
        pid = standing(made).pid
        assert pid is not None
        assert alive(pid)
    finally:
        made.stop()
    made.stop()
    assert not alive(pid)
    assert standing(made).standing == "stopped"


def test_a_child_that_does_not_listen_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that ignores SIGTERM and the closed pipe is killed once its time is over."""
    monkeypatch.setattr("philia_tui.child.PATIENCE", 0.3)
    body = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
    made = keeper(tmp_path / "philia.db", body)
    made.start()
    try:
        assert waited(lambda: standing(made).standing == "listening")
        pid = standing(made).pid
    finally:
        made.stop()
    assert pid is not None
    assert not alive(pid)


def test_a_child_that_fails_is_told_with_its_last_words(tmp_path: Path) -> None:
    """What it complained of last is shown, inert, and it is not started again and again."""
    made = keeper(
        tmp_path / "philia.db", "sys.stderr.write('x' * 100000 + '\\n\\x1b[31mthe port is taken\\n'); sys.exit(1)"
    )
    made.start()
    try:
        assert waited(lambda: standing(made).standing == "failed")
        words = standing(made).words
        assert words.endswith("the port is taken")
        assert "\x1b" not in words
    finally:
        made.stop()


def test_no_child_is_started_beside_another_server(tmp_path: Path) -> None:
    """While somebody else holds the lock, that server is shown and none is started."""
    made = keeper(tmp_path / "philia.db", "sys.stdin.read()")
    with ServerLock(tmp_path / "philia.db"):
        made.start()
        assert made._child is None
        found = standing(made)
        assert (found.standing, found.pid) == ("listening", os.getpid())
    assert standing(made).standing == "stopped"
