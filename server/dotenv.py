"""The lines of `.env`, the file beside the settings that holds secrets and may hold settings."""

from __future__ import annotations

from pathlib import Path


def dotenv_of(settings_file: Path | None) -> Path:
    """Returns where the `.env` of a settings file stands, or the one of this folder; it need not exist."""
    return (settings_file.parent if settings_file is not None else Path()) / ".env"


def written_beside(settings_file: Path | None) -> dict[str, str]:
    """Reads all lines of the `.env` beside a settings file, or of the one here; none of one that cannot be read.

    That it cannot be read is told with the secrets.
    """
    try:
        return read_dotenv(dotenv_of(settings_file))
    except (OSError, UnicodeDecodeError):
        return {}


def read_dotenv(file: Path) -> dict[str, str]:
    """Reads NAME=value lines, none without a file; quotes around a value and lines that begin with # are dropped."""
    if not file.is_file():
        return {}
    found = {}
    # An editor of Windows begins a file with a mark, which is no part of the first name.
    for line in file.read_text("utf-8-sig").splitlines():
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        if equals and not name.startswith("#"):
            found[name.strip()] = value.strip().strip("\"'")
    return found
