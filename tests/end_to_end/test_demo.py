"""`philia demo --headless` from outside: the newcomer's first command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.end_to_end.shop import wait


def test_every_promised_step_is_seen_and_nothing_is_left(tmp_path: Path) -> None:
    """The demo ends by itself with 0, names each step it proved, and leaves neither a process nor a file."""
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
    assert not _processes_of(tmp_path)


def _processes_of(folder: Path) -> set[int]:
    """The processes that were started with this folder in their environment, and still run."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                environment = (entry / "environ").read_bytes()
                ended = (entry / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
            except OSError:
                continue
            if str(folder).encode() in environment and not ended:
                found.add(int(entry.name))
    return found


def test_a_killed_demo_leaves_nobody_behind(tmp_path: Path) -> None:
    """After SIGKILL in the middle of the demo its server and its simulator end by themselves."""
    process = subprocess.Popen(
        [sys.executable, "-m", "philia_tui", "demo", "--headless"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TMPDIR": str(tmp_path)},
    )
    assert process.stdout is not None
    while "draft from stock" not in process.stdout.readline():
        assert process.poll() is None
    assert len(_processes_of(tmp_path)) == 3
    process.kill()
    process.wait()
    process.stdout.close()
    wait(lambda: not _processes_of(tmp_path))
