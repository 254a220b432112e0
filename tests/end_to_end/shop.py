"""A real shop for a test: a folder, `philia serve` as a process, `philia …` as the owner types it."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from store import contract, outbox
from store.database import connect

T = TypeVar("T")

STOCK = Path(__file__).parents[2] / "server" / "simulator" / "sample_stock.csv"

PATIENCE = 20.0
"""Seconds a state may take on a loaded machine; a passing test never waits so long."""


class Shop:
    """A folder with settings; everything it starts is ended by `close`."""

    def __init__(self, folder: Path, platform: str, *, settings: str = "", **secrets: str) -> None:
        """Writes the settings: short waits, a free port, the platform given."""
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.toml").write_text(
            f'[database]\nurl = "sqlite:///shop.db"\n[listener]\nport = 0\n[tiktok]\nbase_url = "{platform}"\n'
            f"[agent]\ndebounce_seconds = 0\n{settings}",
            "utf-8",
        )
        self.database = folder / "shop.db"
        self.environment = {
            **{name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "TMPDIR"}},
            "PHILIA_CONFIG": str(folder / "config.toml"),
            "TIKTOK_BUSINESS_ID": "biz-1",
            "TIKTOK_ACCESS_TOKEN": "token-1",
            "PHILIA_DELIVERY__UNDO_SECONDS": "0",
            "PYTHONWARNINGS": "error",
            **secrets,
        }
        self.listening = ""
        self.server: subprocess.Popen[str] | None = None

    def run(self, *arguments: str, status: int = 0, given: str | None = None) -> str:
        """Runs a command of the owner's and returns what it printed; its exit status is part of the claim."""
        done = subprocess.run(
            [sys.executable, "-m", "philia_tui", *arguments],
            capture_output=True,
            text=True,
            env=self.environment,
            cwd=self.folder,
            input=given,
            timeout=PATIENCE * 2,
            check=False,
        )
        assert done.returncode == status, (arguments, done.returncode, done.stdout, done.stderr)
        return done.stdout if status == 0 else done.stderr

    def json(self, *arguments: str) -> Any:
        """Runs a command with --json and reads its one document."""
        return json.loads(self.run(*arguments, "--json"))

    def serve(self, **more: str) -> None:
        """Starts `philia serve` and waits until it listens."""
        self.server = subprocess.Popen(
            [sys.executable, "-m", "philia_tui", "serve"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env={**self.environment, **more},
            cwd=self.folder,
        )
        line = first_line(self.server, "Listening on ")
        self.listening = line.split()[2].removesuffix("/webhook/tiktok")

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Ends the server with a signal; returns its exit status."""
        assert self.server is not None
        self.server.send_signal(number)
        status = self.server.wait(PATIENCE)
        if self.server.stderr is not None:
            self.server.stderr.close()
        self.server = None
        return status

    def close(self) -> None:
        """Leaves nothing behind."""
        if self.server is not None:
            self.server.kill()
            self.stop()

    def post(self, body: bytes, *, headers: Mapping[str, str] | None = None) -> tuple[int, dict[str, Any]]:
        """Posts a webhook with exactly these headers; returns the status and the JSON answer."""
        host = self.listening.removeprefix("http://")
        connection = http.client.HTTPConnection(host, timeout=PATIENCE)
        try:
            connection.putrequest("POST", "/webhook/tiktok", skip_accept_encoding=True)
            for name, value in (headers or {}).items():
                connection.putheader(name, value)
            connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def get(self, path: str) -> tuple[int, bytes]:
        """Asks the listener for a path."""
        connection = http.client.HTTPConnection(self.listening.removeprefix("http://"), timeout=PATIENCE)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def conversation(self, user: str) -> dict[str, Any] | None:
        """Returns a customer's conversation: what `philia inbox list` prints, without a process for each look."""
        if not self.database.exists():
            return None
        with closing(connect(self.database, readonly=True)) as db:
            found = [row for row in contract.conversations(db) if row["user"] == user]
        assert len(found) <= 1
        return found[0] if found else None

    def draft(self, user: str) -> dict[str, Any]:
        """Waits for a customer's ready draft."""

        def look() -> dict[str, Any] | None:
            row = self.conversation(user)
            draft = row["draft"] if row else None
            return draft if draft and draft["state"] == "ready" else None

        return wait(look)

    def delivery(self, number: int, *states: str) -> dict[str, Any]:
        """Waits until a delivery is in one of the states."""

        def look() -> dict[str, Any] | None:
            with closing(connect(self.database, readonly=True)) as db:
                found = outbox.as_json(db, outbox.get(db, number))
            return found if found["state"] in states else None

        return wait(look)


def wait(look: Callable[[], T | None], seconds: float = PATIENCE) -> T:
    """Looks until there is something; the state is awaited, never a time."""
    until = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)


def first_line(process: subprocess.Popen[str], begins: str) -> str:
    """Returns the first line of standard error that begins so."""
    assert process.stderr is not None
    words = []
    with selectors.DefaultSelector() as ready:
        ready.register(process.stderr, selectors.EVENT_READ)
        while ready.select(PATIENCE):
            line = process.stderr.readline()
            if line.startswith(begins):
                return line.strip()
            words.append(line)
            if not line:
                break
    raise AssertionError(f"the process said: {''.join(words)}")


def signed(secret: str, body: bytes, at: float | None = None) -> dict[str, str]:
    """Signs a webhook by the published rule, with the standard library alone."""
    t = int(time.time() if at is None else at)
    digest = hmac.new(secret.encode(), f"{t}.".encode() + body, hashlib.sha256).hexdigest()
    return {"TikTok-Signature": f"t={t},s={digest}", "Content-Type": "application/json"}


def v1(event_id: str, user: str, text: str, **more: Any) -> bytes:
    """A webhook body of dialect v1."""
    message = {"from_user_id": user, "content": text}
    return json.dumps(
        {"event": "message.received", "event_id": event_id, "data": {"message": message}, **more}
    ).encode()


def v1_3(message_id: str, conversation: str, user: str, text: str, *, at: int | None = None) -> bytes:
    """A webhook body of dialect v1.3, its content a JSON string."""
    content = {
        "from_user": {"id": user, "role": "personal_account"},
        "to_user": {"id": "biz-1", "role": "business_account"},
        "conversation_id": conversation,
        "message_id": message_id,
        "timestamp": int(time.time() * 1000) if at is None else at,
        "type": "text",
        "text": {"body": text},
    }
    return json.dumps({"event": "im_receive_msg", "user_openid": "biz-1", "content": json.dumps(content)}).encode()


@contextmanager
def opened(shop: Shop) -> Iterator[Shop]:
    """Closes a shop however its test ends."""
    try:
        yield shop
    finally:
        shop.close()
