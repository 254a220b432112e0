"""The files of docs/deploy hold what their pages say."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "docs" / "deploy"


def test_the_unit_is_sound(tmp_path: Path) -> None:
    """Systemd finds nothing to say about the unit, where systemd is; its command is one that exists."""
    text = (DEPLOY / "philia.service").read_text("utf-8")
    assert "philia --config %h/philia/config.toml serve" in text
    if shutil.which("systemd-analyze") is not None:
        # The program of the unit must exist for systemd to be content: any will do.
        unit = tmp_path / "philia.service"
        unit.write_text(text.replace("%h/.local/bin/philia", "/bin/true"), "utf-8")
        done = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", str(unit)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={**os.environ, "HOME": str(tmp_path)},
        )
        assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_image_is_as_promised() -> None:
    """The image runs as a numbered user, checks its health, and installs nothing without a hash."""
    lines = (DEPLOY / "Dockerfile").read_text("utf-8").splitlines()
    assert "USER 10001" in lines
    assert any(line.startswith("HEALTHCHECK") for line in lines)
    assert any("--require-hashes -r requirements.lock" in line for line in lines)
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    pinned = [line for line in lock.splitlines() if line and not line.startswith((" ", "#"))]
    assert lock.count("--hash=sha256:") >= len(pinned) > 20
    copied = {word for line in lines if line.startswith("COPY") and "--from" not in line for word in line.split()[1:-1]}
    assert all((ROOT / name).exists() for name in copied)


def test_railway_asks_for_what_answers() -> None:
    """Railway builds that file and asks the route that tells readiness; one replica, since the database is one."""
    told = json.loads((DEPLOY / "railway.json").read_text("utf-8"))
    assert (ROOT / told["build"]["dockerfilePath"]).is_file()
    assert told["deploy"]["healthcheckPath"] == "/readyz"
    assert told["deploy"]["numReplicas"] == 1
    assert (DEPLOY / "Procfile").read_text("utf-8").startswith("web: ")
