"""The model client judged by somebody else: llmock injects the faults, watches every attempt and gives its verdict."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from server.agent.drafter import AIAgent
from server.agent.hold_reasons import code_of
from server.agent.port import Drafted
from server.secrets import Secrets
from server.settings import Agent, Settings
from store.database import Database
from tests.server.agent.model.conftest import asked

QUESTION = "is the brown suede jacket still available? ask {}"


@pytest.fixture(scope="module")
def llmock_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An llmock of this module's own, as a process on a free port; ended with the module."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = Path(sys.executable).with_name("llmock")
    command = [str(program), "serve", "--host", "127.0.0.1", "-p", str(port), "--log-level", "error"]
    log = tmp_path_factory.mktemp("llmock") / "log"
    with log.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=out) as process:
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_for(f"{url}/health", process)
            yield url
        finally:
            process.terminate()
            process.wait(10)


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if httpx.get(url, trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError("llmock did not start")


PAUSE = 0.2
"""Seconds: the waiting is real here, since llmock measures it."""


FAULTS: list[tuple[dict[str, Any], str | None]] = [
    ({"type": "fail", "status": 429, "retry_after": PAUSE}, None),
    ({"type": "fail", "status": 500, "retry_after": PAUSE}, None),
    ({"type": "fail", "status": 503, "retry_after": PAUSE}, None),
    ({"type": "fail", "status": 503, "times": 2, "retry_after": PAUSE}, "server_error"),
    ({"type": "fail", "status": 400, "code": "context_length_exceeded"}, "context_too_long"),
    ({"type": "fail", "status": 401}, "bad_key"),
    ({"type": "fail", "status": 403}, "no_access"),
    ({"type": "fail", "status": 404}, "no_such_model"),
    ({"type": "tool_fault", "kind": "malformed_arguments"}, None),
    ({"type": "tool_fault", "kind": "unknown_tool"}, None),
    ({"type": "delay", "seconds": PAUSE}, None),
]


async def test_llmock_finds_no_fault_with_the_client(llmock_url: str, database: Database) -> None:
    """Through rate limits, server errors, refusals and broken tool calls its verdict has no error and no warning."""
    settings = Settings(agent=Agent(base_url=f"{llmock_url}/v1"))
    agent = AIAgent(settings, Secrets(openai_api_key="k"), read=database.read)
    drafts: list[Drafted] = []
    try:
        async with httpx.AsyncClient(base_url=f"{llmock_url}/_llmock", trust_env=False) as control:
            await control.post("/reset")
            for number, (behaviour, _) in enumerate(FAULTS):
                queued = await control.post("/scenario", json={"behaviors": [behaviour]})
                assert queued.status_code == 201, queued.text
                # Every draft asks in other words, so that llmock cannot take one for the retry of another.
                drafts.append(await agent.draft(asked(QUESTION.format(number))))
                await control.delete("/scenario")
            verdict = (await control.get("/verdict")).json()
    finally:
        await agent.aclose()
    assert verdict["passed"], verdict
    assert verdict["findings"] == []
    assert verdict["faults_injected"] == sum(one.get("times", 1) for one, _ in FAULTS if one["type"] == "fail")
    for (behaviour, code), draft in zip(FAULTS, drafts, strict=True):
        assert draft.text, behaviour
        if code is not None:
            assert (draft.drafter, code_of(draft.hold_reason or "")) == ("house", code), behaviour
