"""The simulated TikTok as a process of its own, and HTTP as its customers and browsers speak it."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tests.end_to_end.shop import PATIENCE


class Platform:
    """The simulator as a process of its own, and its control API."""

    def __init__(self, folder: Path) -> None:
        """Starts it; its ledger is a file."""
        self.ledger_file = folder / "ledger.jsonl"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "server.simulator", "--port", "0", "--ledger", str(self.ledger_file)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout is not None
        self.url = json.loads(self.process.stdout.readline())["url"]

    def close(self) -> None:
        """Ends it."""
        assert self.process.stdout is not None
        self.process.terminate()
        self.process.wait(PATIENCE)
        self.process.stdout.close()

    def control(self, path: str, **asked: Any) -> Any:
        """Calls the control API: a POST with fields, a GET without."""
        body = json.dumps(asked).encode() if asked else None
        status, answer = fetch(f"{self.url}/simulator/{path}", body)
        assert status == 200, answer
        return json.loads(answer)

    def ledger(self) -> list[dict[str, Any]]:
        """Reads what the platform accepted."""
        return [json.loads(line) for line in self.ledger_file.read_text("utf-8").splitlines()]


def fetch(address: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
    """Asks an address of this machine, following where it leads; returns the status and the body."""
    asked = urllib.request.Request(address, body, headers or {})  # noqa: S310  # always http on 127.0.0.1
    try:
        with urllib.request.urlopen(asked, timeout=PATIENCE) as answer:  # noqa: S310  # see above
            return answer.status, answer.read()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read()
