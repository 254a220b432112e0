"""A picture in a terminal that draws pixels: the program on a pseudo-terminal whose other end answers as one does."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import sqlite3
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from store import media
from tests.conftest import FakeClock
from tests.philia_tui.shop import Shop, suede
from tests.philia_tui.test_pictures_shown import keep, photo

PROGRAM: Final = """
import sys
from pathlib import Path
from philia_tui.app import PhiliaApp
from server.settings import Settings
PhiliaApp(Path(sys.argv[1]), Settings(), clock=lambda: int(sys.argv[2])).run()
"""

CELL: Final = b"\x1b[16t"
KITTY: Final = b"\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\"
ATTRIBUTES: Final = b"\x1b[c"

KINDS: Final[Mapping[str, tuple[dict[bytes, bytes], bytes]]] = {
    "sixel": ({CELL: b"\x1b[6;20;10t", ATTRIBUTES: b"\x1b[?62;4;22c"}, b"\x1bP"),
    "kitty": ({CELL: b"\x1b[6;20;10t", KITTY: b"\x1b_Gi=31;OK\x1b\\", ATTRIBUTES: b"\x1b[?62c"}, "\U0010eeee".encode()),
    "plain colours": ({ATTRIBUTES: b"\x1b[?1;2c"}, "▀".encode()),
    "silent": ({}, "▀".encode()),
}
"""What a terminal answers, and how the picture then comes."""


class Terminal:
    """The other end of a pseudo-terminal: it collects what is drawn, and answers."""

    def __init__(self, answers: Mapping[bytes, bytes], *command: str) -> None:
        """Starts a program in it."""
        self.answers = dict(answers)
        self.heard = b""
        self._place = 0
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "TEXTUAL_ANIMATIONS": "none"}
        environment = {name: value for name, value in environment.items() if name not in {"TMUX", "NO_COLOR"}}
        self.program = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True
        )
        os.close(slave)

    def type(self, keys: bytes) -> None:
        """Presses keys."""
        os.write(self._master, keys)

    def wait_for(self, *words: bytes, seconds: float = 60.0) -> None:
        """Reads and answers until all of this was drawn since the last wait."""
        end = time.monotonic() + seconds
        while not all(word in self.heard[self._place :] for word in words):
            assert time.monotonic() < end, (words, self.heard[-2_000:])
            self._read(0.5)
        self._place = len(self.heard)

    def ended(self, seconds: float = 30.0) -> int:
        """Reads until the program has ended; returns its exit code."""
        end = time.monotonic() + seconds
        while self.program.poll() is None:
            assert time.monotonic() < end
            self._read(0.2)
        return int(self.program.returncode)

    def close(self) -> None:
        """Ends the program, if it has not."""
        if self.program.poll() is None:
            self.program.kill()
            self.program.wait()
        os.close(self._master)

    def _read(self, seconds: float) -> None:
        if not select.select([self._master], [], [], seconds)[0]:
            return
        before = len(self.heard)
        try:
            self.heard += os.read(self._master, 65_536)
        except OSError:
            return
        for question, answer in self.answers.items():
            # A question may come in two parts; it is asked once each time it stands whole.
            start = max(0, before - len(question) + 1)
            for _ in range(self.heard.count(question, start)):
                os.write(self._master, answer)


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_is_drawn_as_the_terminal_can(
    db: sqlite3.Connection, db_path: Path, clock: FakeClock, kind: str
) -> None:
    """Asked once with the screen set aside, each terminal gets its own form; the inbox goes on and ends well."""
    answers, drawn = KINDS[kind]
    shop = Shop(db, clock())
    conversation, _ = suede(shop)
    keep(shop, conversation, photo(400, 300), at=clock() - 1_000)
    assert media.of_conversation(db, conversation)
    terminal = Terminal(answers, sys.executable, "-c", PROGRAM, str(db_path), str(clock()))
    try:
        terminal.wait_for(b"o opens it")
        assert KITTY not in terminal.heard, "asked before anybody wanted a picture"
        terminal.type(b"o")
        terminal.wait_for(drawn)
        terminal.type(b"q")
        terminal.wait_for(b"o opens it")
        asked = terminal.heard.count(KITTY)
        terminal.type(b"o")
        terminal.wait_for(drawn)
        assert terminal.heard.count(KITTY) == asked == 1
        terminal.type(b"Q")
        assert terminal.ended() == 0
    finally:
        terminal.close()
    assert b"Traceback" not in terminal.heard
