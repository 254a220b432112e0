"""Keeps the pins of the whole dependency tree: exact constraints in pyproject.toml, and requirements.lock with hashes.

`uv run python .ci/pins.py` takes the newest releases that fit and writes both files; `--check` says whether they agree.
There is no uv.lock in the repository: it names the addresses of package registries.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROJECT = ROOT / "pyproject.toml"
LOCK = ROOT / "requirements.lock"
BLOCK = re.compile(r"\n\[tool\.uv\]\n.*?\n\]\n", re.DOTALL)
HEAD = (
    "# What a server installs: pip install --require-hashes -r requirements.lock\n"
    "# Written by .ci/pins.py; do not edit.\n"
)


def export(*more: str) -> str:
    """Returns what uv resolves, as requirement lines without addresses."""
    command = ["uv", "export", "--quiet", "--no-emit-project", "--no-header", "--no-annotate", *more]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def constraints() -> str:
    """Returns the block of exact pins for the whole tree, development included."""
    lines = export("--all-groups", "--all-extras", "--no-hashes").splitlines()
    pins = "\n".join(f"  {quoted(line)}," for line in sorted({line.strip() for line in lines if "==" in line}))
    return f"\n[tool.uv]\n# The whole tree, exactly; written by .ci/pins.py.\nconstraint-dependencies = [\n{pins}\n]\n"


def quoted(line: str) -> str:
    """Returns a requirement as a TOML string."""
    return f"'{line}'" if '"' in line else f'"{line}"'


def main() -> int:
    """Writes or checks; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    written = PROJECT.read_text("utf-8")
    if not check:
        PROJECT.write_text(BLOCK.sub("", written), "utf-8")
        subprocess.run(["uv", "lock", "--quiet", "--upgrade"], cwd=ROOT, check=True)
        block = constraints()
        PROJECT.write_text(BLOCK.sub("", written).rstrip("\n") + "\n" + block, "utf-8")
        LOCK.write_text(HEAD + export("--no-dev"), "utf-8")
        return 0
    found = BLOCK.search(written)
    faults = []
    if found is None or found.group() != constraints():
        faults.append("pyproject.toml's constraint-dependencies are not what uv resolves")
    if not LOCK.exists() or LOCK.read_text("utf-8") != HEAD + export("--no-dev"):
        faults.append("requirements.lock is not what uv resolves")
    if "://" in LOCK.read_text("utf-8"):
        faults.append("requirements.lock names an address")
    for fault in faults:
        sys.stderr.write(f"{fault}; run: uv run python .ci/pins.py\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
