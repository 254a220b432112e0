"""Secrets: from the environment, `.env`, the system keyring, or a 0600 file, in that order. Never from config.toml.

They are never logged, printed or put into an error.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

NAMES = (
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "TIKTOK_BUSINESS_ID",
    "TIKTOK_ACCESS_TOKEN",
    "TIKTOK_APP_ID",
    "TIKTOK_APP_SECRET",
    "SENTRY_DSN",
)


@dataclass(frozen=True, slots=True)
class Secrets:
    """What must not be seen; each empty when not given."""

    openai_api_key: str = ""
    openai_base_url: str = ""
    tiktok_business_id: str = ""
    tiktok_access_token: str = ""
    tiktok_app_id: str = ""
    tiktok_app_secret: str = ""
    sentry_dsn: str = ""

    def __repr__(self) -> str:
        """Names what is set and shows none of it."""
        known = ", ".join(field.name for field in fields(self) if getattr(self, field.name))
        return f"Secrets(set: {known or 'none'})"


def load(environment: Mapping[str, str] | None = None, dotenv: Path | None = None) -> Secrets:
    """Reads the secrets: the environment first, then the `.env` file given."""
    environment = os.environ if environment is None else environment
    written = read_dotenv(dotenv) if dotenv is not None and dotenv.is_file() else {}
    return Secrets(**{name.lower(): environment.get(name) or written.get(name, "") for name in NAMES})


def read_dotenv(file: Path) -> dict[str, str]:
    """Reads NAME=value lines; quotes around a value and lines that begin with # are dropped."""
    found = {}
    for line in file.read_text("utf-8").splitlines():
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        if equals and not name.startswith("#"):
            found[name.strip()] = value.strip().strip("\"'")
    return found
