"""`philia demo --headless` from outside: the newcomer's first command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path


def test_every_promised_step_is_seen_and_nothing_is_left(tmp_path: Path) -> None:
    """The demo ends by itself with 0, names each step it proved, and leaves neither a process nor a file."""
    before = _our_processes()
    done = subprocess.run(
        [sys.executable, "-m", "philia_tui", "demo", "--headless", "--json"],
        capture_output=True,
        text=True,
        timeout=90,
        cwd=tmp_path,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "TMPDIR": str(tmp_path),
            "OPENAI_API_KEY": "must-not-be-used",
        },
        check=False,
    )
    told = json.loads(done.stdout)
    assert (done.returncode, told["fault"]) == (0, None), done.stderr
    assert [step["step"] for step in told["steps"]] == [
        "open",
        "draft from stock",
        "approve → sent",
        "thread",
        "size understood",
        "both dialects",
        "edit → sent",
        "undo",
        "reject",
        "burst",
        "Spanish",
        "left to the owner",
        "sold tidies",
        "hold",
        "webhooks",
        "never twice",
        "the phone",
        "close",
    ]
    assert not list(tmp_path.glob("philia-demo-*"))
    assert _our_processes() <= before


def _our_processes() -> set[int]:
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if b"server.simulator" in command or b"philia_tui\0serve" in command:
                found.add(int(entry.name))
    return found
