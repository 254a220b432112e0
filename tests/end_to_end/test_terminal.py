"""The inbox in a real terminal, with the real server as its child: driven through tmux, waiting on what is shown."""

from __future__ import annotations

import fcntl
import os
import pty
import secrets
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from store.clock import system_clock
from store.database import connect
from tests.philia_tui.shop import Shop, suede

PATIENCE = 40.0
"""Seconds that a loaded machine may take for one step."""


class Terminal:
    """One private tmux server with one window; everything is waited for by its text."""

    def __init__(self, folder: Path) -> None:
        """Prepares; `start` opens the window."""
        self.folder = folder
        self.name = f"philia-test-{os.getpid()}-{secrets.token_hex(4)}"

    def tmux(self, *arguments: str) -> str:
        """Runs one tmux command on the private server."""
        done = subprocess.run(
            ["tmux", "-L", self.name, "-f", "/dev/null", *arguments], capture_output=True, text=True, check=False
        )
        return done.stdout

    def start(self, command: str, *, width: int = 120, height: int = 40) -> None:
        """Runs a shell line in a window of this size, and then says how it ended and whether the terminal is sane."""
        told = 'echo "left with $?"; stty -a | tr " " "\\n" | grep -x -e "-*icanon;*" -e "-*echo;*"; exec sleep 300'
        environment = {
            "LC_ALL": "C.UTF-8",
            "TEXTUAL_ANIMATIONS": "none",
            "HOME": str(self.folder),
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(Path(__file__).parents[2]),
        }
        given = [f"-e{name}={value}" for name, value in environment.items()]
        self.tmux(
            "new-session",
            "-d",
            "-x",
            str(width),
            "-y",
            str(height),
            "-c",
            str(self.folder),
            *given,
            f"{command}; {told}",
        )

    def shown(self) -> str:
        """Returns what the window shows."""
        return self.tmux("capture-pane", "-p")

    def press(self, *keys: str) -> None:
        """Presses keys, by tmux's names."""
        self.tmux("send-keys", *keys)

    def wait(self, *texts: str, gone: str | None = None) -> str:
        """Waits until all these texts are shown, and `gone` is not; returns the window."""
        return self.until(
            lambda shown: all(text in shown for text in texts) and (gone is None or gone not in shown),
            f"{texts} {gone}",
        )

    def until(self, true: Callable[[str], bool], what: str) -> str:
        """Waits until something is true of the window."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            shown = self.shown()
            if true(shown):
                return shown
            time.sleep(0.05)
        raise AssertionError(f"waited for {what} and saw:\n{self.shown()}")

    def close(self) -> None:
        """Ends the private server and everything in it."""
        self.tmux("kill-server")


@pytest.fixture
def shop(tmp_path: Path, migrated: Path) -> Path:
    """A folder with settings and a seeded database."""
    database = tmp_path / "philia.db"
    shutil.copy(migrated, database)
    db = connect(database)
    suede(Shop(db, system_clock()))
    db.close()
    (tmp_path / "config.toml").write_text(
        "[listener]\nport = 0\n[delivery]\nundo_seconds = 600\n[tiktok]\nbase_url = 'http://127.0.0.1:9'\n", "utf-8"
    )
    return tmp_path


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    opened = Terminal(tmp_path)
    yield opened
    opened.close()


def rows(shop: Path, sql: str) -> list[tuple[object, ...]]:
    """Reads with a connection of the test's own."""
    db = sqlite3.connect(shop / "philia.db", timeout=20)
    try:
        return list(db.execute(sql))
    finally:
        db.close()


def servers(shop: Path) -> list[int]:
    """Returns the processes that serve this shop, by their command lines."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            command = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"serve" in command and str(shop / "config.toml").encode() in command:
            found.append(int(entry.name))
    return found


def inboxes(shop: Path) -> list[int]:
    """Returns the processes of the inbox itself."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            command = (entry / "cmdline").read_bytes().split(b"\0") if entry.name.isdigit() else []
        except OSError:
            continue
        if str(shop / "config.toml").encode() in command and b"serve" not in command and b"philia_tui" in command:
            found.append(int(entry.name))
    return found


def philia(shop: Path) -> str:
    """Returns the shell line that opens the inbox of this shop."""
    return f"{sys.executable} -m philia_tui --config {shop / 'config.toml'}"


def gone(shop: Path) -> None:
    """Waits until the child has ended."""
    end = time.monotonic() + PATIENCE
    while servers(shop):
        assert time.monotonic() < end, "a server was left behind"
        time.sleep(0.05)


def sane(shown: str) -> bool:
    """Tells whether the terminal reads lines and echoes again, and shows the shell's screen."""
    lines = {line.strip().rstrip(";") for line in shown.splitlines()}
    return {"icanon", "echo"} <= lines


def test_an_evening_in_a_terminal(shop: Path, terminal: Terminal) -> None:
    """Start, approve, undo, resize, edit, quit: the rows change, the child ends, the terminal is sane."""
    terminal.start(philia(shop))
    terminal.wait("● listening", "maria.k", "Yes! The 70s suede jacket", "a approve")
    assert len(servers(shop)) == 1
    terminal.press("a")
    terminal.wait("Nothing needs you", "leaves in")
    assert rows(shop, "SELECT state FROM deliveries") == [("held",)]
    terminal.press("u")
    terminal.wait("▸", "Yes! The 70s suede jacket", "Taken back")
    assert rows(shop, "SELECT state FROM deliveries") == [("cancelled",)]
    terminal.tmux("resize-window", "-x", "80", "-y", "24")
    shown = terminal.until(lambda now: "▸" in now and "▕" not in now and "─ Why" in now, "stacked panes")
    assert max(len(line) for line in shown.splitlines()) <= 80
    terminal.tmux("resize-window", "-x", "160", "-y", "50")
    terminal.wait("▕", "─ Why")
    terminal.press("e")
    terminal.wait("Editing the draft")
    terminal.press("-l", " See you!")
    terminal.wait("96 characters of 200")
    terminal.press("Escape")
    terminal.wait("Send it?")
    terminal.press("s")
    # The list lets the thread go at once; the line of review stays until the decision is in the file.
    terminal.wait("Nothing needs you", gone="Send it?")
    (text,) = rows(shop, "SELECT text FROM deliveries WHERE state = 'held'")[0]
    assert str(text).endswith("Want me to hold it? See you!")
    terminal.press("q")
    terminal.until(lambda now: "left with 0" in now and sane(now), "a sane terminal")
    gone(shop)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_restores_the_terminal_and_ends_the_child(
    shop: Path, terminal: Terminal, number: signal.Signals
) -> None:
    """SIGTERM and SIGHUP end the inbox in order: the shell's screen is back and no server is left."""
    terminal.start(philia(shop), width=80, height=24)
    terminal.wait("● listening", "maria.k")
    (pid,) = [one for one in inboxes(shop) if one not in servers(shop)][-1:]
    os.kill(pid, number)
    terminal.until(lambda now: "left with" in now and sane(now), "a sane terminal")
    gone(shop)


@pytest.mark.parametrize("full", [False, True])
def test_a_terminal_that_is_gone_ends_the_inbox_and_its_server(shop: Path, full: bool) -> None:
    """Without any signal the inbox ends when its terminal is gone, also when a frame waits to be taken by it."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    inbox = subprocess.Popen(
        philia(shop).split(), stdin=theirs, stdout=theirs, stderr=theirs, cwd=shop, start_new_session=True,
        env={**os.environ, "TERM": "xterm-256color", "TEXTUAL_ANIMATIONS": "none"},
    )  # fmt: skip
    os.close(theirs)
    shown = b""
    while "● listening".encode() not in shown:
        shown += os.read(ours, 65536)
    if full:
        # Nobody takes what these draw: the terminal's buffer fills, then Textual's queue, then the inbox waits.
        for _ in range(100):
            os.write(ours, b"jk")
            time.sleep(0.01)
    os.close(ours)
    try:
        inbox.wait(PATIENCE)
    finally:
        inbox.kill()
    gone(shop)


def test_a_killed_inbox_leaves_no_server_behind(shop: Path, terminal: Terminal) -> None:
    """After kill -9 the child ends by itself."""
    terminal.start(philia(shop), width=80, height=24)
    terminal.wait("● listening", "maria.k")
    (pid,) = [one for one in inboxes(shop) if one not in servers(shop)][-1:]
    os.kill(pid, signal.SIGKILL)
    terminal.wait("left with 137")
    gone(shop)


def test_a_server_that_cannot_run_is_told(shop: Path, terminal: Terminal) -> None:
    """A port that is taken is said in the header and in words, and the inbox can be used all the same."""
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        (shop / "config.toml").write_text(f"[listener]\nport = {taken.getsockname()[1]}\n", "utf-8")
        terminal.start(philia(shop))
        terminal.wait("✗ SERVER FAILED", str(taken.getsockname()[1]), "maria.k")
        terminal.press("q")
        terminal.wait("left with 0")
    gone(shop)
