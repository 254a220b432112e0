"""Keeps a server running while the inbox is open: finds one, or starts `philia serve` as a child and ends it again.

The child cannot outlive the inbox: it stops when its standard input closes, whatever became of the inbox; on Linux
the kernel also sends it SIGTERM when the inbox dies; and `stop` waits for it, then kills it.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from philia_tui.health import Health, Reach
from philia_tui.inert import one_line
from server.children import die_with_parent
from store import lock

PATIENCE: Final = 15.0
"""Seconds a child gets to end: the request in flight may take 10, and its outcome must be written down."""

KEPT: Final = 4_000
"""Bytes of the child's complaints that are kept: its last words matter."""

Reached = Callable[[], Reach | None]


class ServerKeeper:
    """Watches over the one server of a database."""

    def __init__(
        self,
        database: Path,
        *,
        arguments: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        reached: Reached = lambda: None,
        starts: bool = True,
    ) -> None:
        """Takes what `philia serve` is called with; with `starts` false it only watches."""
        self.database = database
        self._command = [sys.executable, "-m", "philia_tui", *arguments, "serve", "--child"]
        self._environment = dict(environment) if environment is not None else None
        self._reached = reached
        self._starts = starts
        self._child: subprocess.Popen[bytes] | None = None
        self._said = b""

    def start(self) -> None:
        """Starts a child unless a server has the database already. Call it from the main thread.

        The kernel ties the child's life to the thread that started it.
        """
        if not self._starts or self._alive() or lock.holder(self.database) is not None:
            return
        self._forget()
        self._child = subprocess.Popen(  # noqa: S603  # this very program, with its own arguments
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=self._environment,
            # Its own session: a Ctrl+C or a closed terminal reaches the inbox first, which then ends it in order.
            start_new_session=True,
            preexec_fn=die_with_parent(),  # noqa: PLW1509  # one system call, looked up before the fork
        )
        assert self._child.stderr is not None
        os.set_blocking(self._child.stderr.fileno(), False)

    def health(self) -> Health:
        """Returns how the server stands; never waits."""
        self._listen()
        child = self._child
        if child is not None:
            code = child.poll()
            if code is None:
                if lock.holder(self.database) == child.pid:
                    reach = self._reached()
                    if reach is not None:
                        return _listening(reach, child.pid)
                return Health("starting", pid=child.pid)
            if lock.holder(self.database) is None:
                return Health("failed", words=self._last_words(code))
        pid = lock.holder(self.database)
        if pid is None:
            return Health("stopped")
        reach = self._reached() or Reach("")
        return _listening(reach, pid or None)

    def stop(self) -> None:
        """Ends the child: asks, waits, and kills what does not listen."""
        child = self._child
        if child is None:
            return
        if child.poll() is None:
            child.terminate()
            if child.stdin is not None:
                with contextlib.suppress(OSError):
                    child.stdin.close()
            try:
                child.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self._forget()

    def _alive(self) -> bool:
        return self._child is not None and self._child.poll() is None

    def _forget(self) -> None:
        if self._child is not None:
            for pipe in (self._child.stdin, self._child.stderr):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()
        self._child = None
        self._said = b""

    def _listen(self) -> None:
        """Reads what the child complains of, so that its pipe never fills."""
        if self._child is None or self._child.stderr is None or self._child.stderr.closed:
            return
        with contextlib.suppress(OSError):
            while said := self._child.stderr.read(KEPT):
                self._said = (self._said + said)[-KEPT:]

    def _last_words(self, code: int) -> str:
        lines = [line for line in self._said.decode("utf-8", "replace").splitlines() if line.strip()]
        ended = f"The server ended by itself (status {code})."
        return one_line(lines[-1])[:300] if lines else f"{ended} philia doctor tells what is wrong."


def _listening(reach: Reach, pid: int | None) -> Health:
    return Health("listening", words=reach.trouble, address=reach.address or None, pid=pid, account=reach.account)
