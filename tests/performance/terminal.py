"""A terminal of the benchmark's own, 120 by 40, watched frame by frame: tmux, spoken to over one connection.

tmux's control mode tells of every output of the window and answers what it shows in a fraction of a millisecond, so a
program is timed by what a person would see, whatever it is written in.
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

WIDTH: Final = 120
HEIGHT: Final = 40
KEPT: Final = ("PATH", "LANG", "TMPDIR")
LOOK: Final = 0.05
"""Seconds after which a look is taken though tmux told of nothing."""

Frames = Sequence[tuple[float, str]]
"""Seconds since the start, and what the window showed from then on."""


class Terminal:
    """One private tmux server with one window; the program in it is ended with everything it started."""

    def __init__(self, folder: Path, **environment: str) -> None:
        """Takes the folder that is the program's current one and its home, and what more its environment holds."""
        self.folder = folder
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        self.environment = {
            **kept,
            "HOME": str(folder),
            "LC_ALL": "C.UTF-8",
            "TEXTUAL_ANIMATIONS": "none",
            **environment,
        }
        self._given = b""

    def __enter__(self) -> Self:
        """Opens the window."""
        # A socket's path may have a hundred characters; temporary folders may have more.
        self._place = tempfile.mkdtemp(prefix="philia-tmux-", dir="/tmp")  # made by us, for us alone
        self._tmux = ["tmux", "-S", f"{self._place}/socket", "-f", "/dev/null"]
        size = ["-x", str(WIDTH), "-y", str(HEIGHT)]
        subprocess.run(
            [*self._tmux, "new-session", "-d", *size, "-c", str(self.folder), "exec sleep 86400"],
            check=True,
            env=self.environment,
        )
        self._control = subprocess.Popen(
            [*self._tmux, "-C", "attach"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=self.environment
        )
        self._answer()
        for option in ("window-size manual", "remain-on-exit on", "status off"):
            self.ask(f"set-option -g {option}")
        self.ask(f"resize-window -x {WIDTH} -y {HEIGHT}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends the program, what it started, and the window."""
        pids = [pid for pid in tree(self.pid()) if pid != os.getpid()]
        subprocess.run([*self._tmux, "kill-server"], check=False, capture_output=True)
        self._control.communicate(timeout=10)
        until = time.monotonic() + 15
        while any(map(_alive, pids)) and time.monotonic() < until:
            time.sleep(0.05)
        for pid in filter(_alive, pids):
            os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self._place, ignore_errors=True)

    def ask(self, command: str) -> list[str]:
        """Has tmux do something; returns the lines it answers. Raises RuntimeError when tmux refuses."""
        assert self._control.stdin is not None
        self._control.stdin.write(command.encode() + b"\n")
        self._control.stdin.flush()
        return self._answer()

    def start(self, words: Sequence[str]) -> float:
        """Starts a program in the window; returns the clock's time just before."""
        quoted = " ".join("'" + word.replace("'", "'\\''") + "'" for word in words)
        began = time.perf_counter()
        self.ask(f'respawn-pane -k -c "{self.folder}" "exec {quoted}"')
        return began

    def shown(self, *, colours: bool = False) -> str:
        """Returns what the window shows, with the sequences of its colours when they are asked for."""
        return "\n".join(self.ask("capture-pane -p -e" if colours else "capture-pane -p"))

    def pid(self) -> int:
        """Returns the process of the program."""
        return int(self.ask("display-message -p '#{pane_pid}'")[0])

    def ended(self) -> bool:
        """Tells whether the program ended by itself."""
        return self.ask("display-message -p '#{pane_dead}'") == ["1"]

    def frames(self, began: float, *, rest: float = 1.5, most: float = 60.0) -> Frames:
        """Watches from a start until the window shows something and has shown the same for `rest` seconds."""
        seen: list[tuple[float, str]] = [(0.0, "")]
        while True:
            shown, now = self.shown(), time.perf_counter() - began
            if shown.strip() != seen[-1][1].strip():
                seen.append((now, shown))
            if now > most or self.ended() or (len(seen) > 1 and now - seen[-1][0] > rest):
                return seen
            self._output(LOOK)

    def press(self, key: str, of_interest: Callable[[str], Any], *, colours: bool = False, most: float = 10.0) -> float:
        """Presses a key; returns the milliseconds until the part of the window that is of interest shows another."""
        before = of_interest(self.shown(colours=colours))
        began = time.perf_counter()
        self.ask(f"send-keys {key}")
        while of_interest(self.shown(colours=colours)) == before:
            if time.perf_counter() - began > most:
                raise TimeoutError(f"{key} changed nothing in {most:g} s:\n{self.shown()}")
            self._output(LOOK)
        return (time.perf_counter() - began) * 1_000

    def wait(self, true: Callable[[str], bool], *, most: float = 60.0) -> str:
        """Waits until something is true of the window; returns it."""
        until = time.perf_counter() + most
        while not true(shown := self.shown()):
            if time.perf_counter() > until:
                raise TimeoutError(f"not shown in {most:g} s:\n{shown}")
            self._output(LOOK)
        return shown

    def _answer(self) -> list[str]:
        lines: list[str] | None = None
        while True:
            line = self._line(30.0)
            if line is None:
                raise RuntimeError("tmux does not answer")
            if lines is None:
                lines = [] if line.startswith("%begin ") else None
            elif line.startswith("%end "):
                return lines
            elif line.startswith("%error "):
                raise RuntimeError(f"tmux refuses: {' '.join(lines)}")
            else:
                lines.append(line)

    def _output(self, seconds: float) -> None:
        """Waits until tmux tells of something, at most so long."""
        if b"\n" in self._given or self._read(seconds):
            self._given = self._given[self._given.rfind(b"\n") + 1 :]

    def _line(self, seconds: float) -> str | None:
        while b"\n" not in self._given:
            if not self._read(seconds):
                return None
        line, _, self._given = self._given.partition(b"\n")
        return line.decode("utf-8", "replace").rstrip("\r")

    def _read(self, seconds: float) -> bool:
        assert self._control.stdout is not None
        readable, _, _ = select.select([self._control.stdout], [], [], seconds)
        given = os.read(self._control.stdout.fileno(), 1 << 20) if readable else b""
        self._given += given
        return bool(given)


def first_paint(frames: Frames, share: float = 0.5) -> float:
    """Returns the seconds until the window showed this share of the characters that it showed at rest.

    Blank cells do not count; a splash that goes away again does not either. Raises ValueError where nothing was shown.
    """
    rest = cells(frames[-1][1])
    if not rest:
        raise ValueError("nothing was painted")
    return next(at for at, shown in frames if len(rest & cells(shown)) >= share * len(rest))


def cells(shown: str) -> set[tuple[int, int, str]]:
    """Returns the characters of a window with their places, without blanks."""
    return {
        (row, column, character)
        for row, line in enumerate(shown.splitlines())
        for column, character in enumerate(line)
        if not character.isspace()
    }


def tree(pid: int) -> list[int]:
    """Returns a process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text("ascii", "replace").rpartition(")")[2].split()[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found


def memory(pids: Sequence[int]) -> float:
    """Returns the MiB that processes hold, what several share divided among them (the kernel's PSS)."""
    total = 0
    for pid in pids:
        try:
            told = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii")
        except OSError:  # it ended meanwhile
            continue
        total += int(told.partition("\nPss:")[2].split()[0])
    return total / 1024


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
