"""The version that is told is the version that is released."""

from __future__ import annotations

import tomllib
from pathlib import Path

from philia_tui.version import VERSION


def test_the_constant_is_the_projects_version() -> None:
    """The constant of the code and the version of pyproject.toml are one."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))
    assert project["project"]["version"] == VERSION
