"""The simulator as a process of its own, as the crash suite and `philia simulator` run it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

SEND = "/open_api/v1.3/business/message/send/"
BODY = {
    "business_id": "b",
    "recipient_type": "CONVERSATION",
    "recipient": "c+1",
    "message_type": "TEXT",
    "text": {"body": "hi"},
}


@contextmanager
def running(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """Starts the simulator and yields the process and its ready line; ends it if the test did not."""
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "server.simulator", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        yield process, json.loads(process.stdout.readline())
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(20)
        process.stdout.close()
        process.stderr.close()


def test_it_reports_its_port_plays_its_faults_and_ends_on_sigterm(tmp_path: Path) -> None:
    """Port 0 binds a free port and says which; faults given at the start are played; SIGTERM ends it with status 0."""
    ledger = tmp_path / "ledger.jsonl"
    (tmp_path / "faults.json").write_text('{"queue": ["code_40100"]}', "utf-8")
    with running("--port", "0", "--ledger", str(ledger), "--faults", f"@{tmp_path / 'faults.json'}") as (
        process,
        ready,
    ):
        assert ready["ledger"] == str(ledger)
        with httpx.Client(base_url=ready["url"], headers={"Access-Token": "t"}, trust_env=False) as http:
            codes = [http.post(SEND, json=BODY).json()["code"] for _ in range(2)]
            assert codes == [40100, 0]
            http.post("/simulator/faults", json={"queue": ["slow"]})
        # A caller who waits for a slow answer does not hold the process up.
        host, port = ready["url"].removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as caller:
            body = json.dumps(BODY).encode()
            head = f"POST {SEND} HTTP/1.1\r\nHost: x\r\nAccess-Token: t\r\nContent-Length: {len(body)}\r\n\r\n"
            caller.sendall(head.encode() + body)
            with httpx.Client(base_url=ready["url"], trust_env=False) as http:
                while len(http.get("/simulator/requests").json()) < 3:
                    pass
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""
    assert len(ledger.read_text("utf-8").splitlines()) == 1


def test_a_caller_who_hangs_up_leaves_no_trace() -> None:
    """Whoever hangs up in the middle of a body is not recorded, and nothing is printed about it."""
    with running() as (process, ready):
        host, port = ready["url"].removeprefix("http://").split(":")
        for path in (SEND, "/simulator/faults"):
            with socket.create_connection((host, int(port))) as caller:
                # The server says that it reads the body, and so waits for it when the caller leaves.
                head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n"
                caller.sendall(head.encode())
                assert caller.recv(100).startswith(b"HTTP/1.1 100")
                caller.sendall(b"half")
        with httpx.Client(base_url=ready["url"], trust_env=False) as http:
            assert http.get("/simulator/requests").json() == []
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_what_was_answered_survives_a_kill(tmp_path: Path) -> None:
    """After SIGKILL every message that was answered is in the ledger file."""
    ledger = tmp_path / "ledger.jsonl"
    with running("--ledger", str(ledger)) as (process, ready):
        with httpx.Client(base_url=ready["url"], headers={"Access-Token": "t"}, trust_env=False) as http:
            ids = [http.post(SEND, json=BODY).json()["data"]["message"]["message_id"] for _ in range(5)]
        process.kill()
        process.wait(20)
    assert [json.loads(line)["message_id"] for line in ledger.read_text("utf-8").splitlines()] == ids


def test_a_port_in_use_and_an_unknown_fault_are_said_plainly() -> None:
    """What cannot start ends with status 1 and one sentence, no traceback."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        for arguments, word in ((["--port", port], "in use"), (["--faults", '{"queue": ["nope"]}'], "nope")):
            ended = subprocess.run(
                [sys.executable, "-m", "server.simulator", *arguments],
                capture_output=True,
                text=True,
                cwd=Path(__file__).parents[3],
                check=False,
                timeout=60,
            )
            assert (ended.returncode, ended.stdout) == (1, "")
            assert word in ended.stderr
            assert len(ended.stderr.splitlines()) == 1
