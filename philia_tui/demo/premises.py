"""The demo shop's premises: a folder with a database, settings and stock, a simulator and a server as our children."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self

from server.simulator import sample
from store.clock import system_clock
from store.database import connect, transaction
from store.migrations import migrate

READY_SECONDS: Final = 30.0
"""A slow machine imports the server's rooms in ten."""

STOP_SECONDS: Final = 10.0

SETTINGS: Final = """\
# The demo's own settings; they are written anew at every start.
[shop]
name = "Philia Thrifts"
handle = "@philia.thrifts"
policies = "policies.toml"

[database]
url = "sqlite:///demo.db"

[listener]
port = 0

[tiktok]
base_url = "{platform}"

[agent]
drafter = "house"
debounce_seconds = {debounce}

[delivery]
undo_seconds = {undo}
listing_minutes = 1
"""

SECRET: Final = "demo-app-secret"  # noqa: S105  # signs between two processes of this demo
TOKEN: Final = "demo-token"  # noqa: S105  # of the simulator


class DemoFailed(Exception):
    """A part of the demo did not come up."""


@dataclass(slots=True)
class Child:
    """A process of the demo: ended by its id, and never left behind."""

    name: str
    process: subprocess.Popen[str]

    def stop(self) -> int:
        """Asks it to end, then makes it; returns its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        return self.process.returncode


class Premises:
    """The demo's folder and its simulator, for `with`; the server is the inbox's child, or `start_server`'s."""

    def __init__(self, folder: Path, *, debounce: float, undo: float) -> None:
        """Takes the folder, which is made if need be, and how patient the shop is, in seconds."""
        self.folder = folder
        self.database = folder / "demo.db"
        self.config = folder / "config.toml"
        self.ledger = folder / "ledger.jsonl"
        self.platform = ""
        self._debounce = debounce
        self._undo = undo
        self._children: list[Child] = []

    def __enter__(self) -> Self:
        """Opens the shop: schema, stock, simulator, settings."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            self._stock()
            self.platform = self._start_simulator()
            self.config.write_text(
                SETTINGS.format(platform=self.platform, debounce=self._debounce, undo=self._undo), "utf-8"
            )
            (self.folder / "policies.toml").write_text(sample.POLICIES, "utf-8")
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        """Closes the shop."""
        self.close()

    def close(self) -> None:
        """Ends every process of the demo, the youngest first."""
        while self._children:
            self._children.pop().stop()

    def environment(self) -> dict[str, str]:
        """Returns the environment of the shop's own processes: the owner's keys and settings stay out of it."""
        own = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PHILIA_", "OPENAI_", "TIKTOK_", "SENTRY_"))
        }
        return own | {
            "PHILIA_CONFIG": str(self.config),
            "TIKTOK_BUSINESS_ID": sample.BUSINESS_ID,
            "TIKTOK_ACCESS_TOKEN": TOKEN,
            "TIKTOK_APP_SECRET": SECRET,
        }

    def start_server(self) -> Child:
        """Starts `philia serve` and returns when it listens. Raises DemoFailed with its own words."""
        child = self._spawn("server", ["-m", "philia_tui", "serve", "--child"], read_errors=True)
        line = _first_line(child, child.process.stderr, "Listening on ")
        self.point_simulator(line.split()[2])
        return child

    def point_simulator(self, listener: str) -> None:
        """Tells the simulator where its webhooks go."""
        self.post("webhooks", {"listener_url": listener})

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """Calls the simulator's control API."""
        request = urllib.request.Request(  # noqa: S310  # the address is our own child's
            f"{self.platform}/simulator/{path}",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
            method="POST",
        )
        with urllib.request.urlopen(request, timeout=15) as answer:  # noqa: S310  # see above
            return json.load(answer)

    def get(self, path: str) -> Any:
        """Reads from the simulator's control API."""
        with urllib.request.urlopen(f"{self.platform}/simulator/{path}", timeout=15) as answer:  # noqa: S310  # see post
            return json.load(answer)

    def _stock(self) -> None:
        migrate(self.database)
        db = connect(self.database)
        try:
            with transaction(db):
                sample.fill(db, now=system_clock())
        finally:
            db.close()

    def _start_simulator(self) -> str:
        arguments = ["-m", "server.simulator", "--child", "--ledger", str(self.ledger), "--secret", SECRET]
        child = self._spawn("simulator", arguments, read_errors=False)
        line = _first_line(child, child.process.stdout, "{")
        return str(json.loads(line)["url"])

    def _spawn(self, name: str, arguments: list[str], *, read_errors: bool) -> Child:
        process = subprocess.Popen(  # noqa: S603  # our own modules, by our own interpreter
            [sys.executable, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE if not read_errors else subprocess.DEVNULL,
            stderr=subprocess.PIPE if read_errors else subprocess.DEVNULL,
            text=True,
            env=self.environment(),
            cwd=self.folder,
            # Ctrl+C in the terminal is for the inbox; it ends its children itself, in order.
            start_new_session=True,
        )
        child = Child(name, process)
        self._children.append(child)
        return child


def _first_line(child: Child, pipe: IO[str] | None, begins: str) -> str:
    """Returns the first line of a child that begins so. Raises DemoFailed with the child's own words."""
    words: list[str] = []
    until = time.monotonic() + READY_SECONDS
    with selectors.DefaultSelector() as ready:
        if pipe is not None:
            ready.register(pipe, selectors.EVENT_READ)
        while pipe is not None and (left := until - time.monotonic()) > 0 and ready.select(left):
            line = pipe.readline()
            if line.startswith(begins):
                return line.strip()
            if not line:
                break
            words.append(line)
    said = "".join(words[-5:]).strip() or f"it said nothing for {READY_SECONDS:.0f} s"
    raise DemoFailed(f"The demo's {child.name} did not start: {said}")


@contextlib.contextmanager
def throw_away() -> Iterator[Path]:
    """Makes a folder that is gone afterwards."""
    import tempfile  # noqa: PLC0415  # only here

    with tempfile.TemporaryDirectory(prefix="philia-demo-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)
