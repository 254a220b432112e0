"""Secrets: from the environment, else from `.env` beside the settings, which may point into the system keyring.

A line `NAME=keyring:SERVICE` in `.env` means that the value stands in the keyring under that service and name, so that
a keyring is opened only by a shop that keeps something there. They are never logged, printed or put into an error.
What cannot be read is told in `trouble`: a server that took it for "not set" would take unsigned webhooks.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from server.dotenv import dotenv_of, read_dotenv
from server.vault import KeyringVault, VaultError, real_keyring, write_private

NAMES = (
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "TIKTOK_BUSINESS_ID",
    "TIKTOK_ACCESS_TOKEN",
    "TIKTOK_APP_ID",
    "TIKTOK_APP_SECRET",
    "SENTRY_DSN",
)

POINTER: Final = "keyring:"
"""What a value in `.env` begins with when it stands in the keyring; the rest is the service's name."""


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
    trouble: str = ""
    """Why some of them could not be read, and what to do; empty when nothing stood in the way."""
    sources: Mapping[str, str] = field(default_factory=dict)
    """Name → environment, .env or keyring, for those that are set."""

    def __repr__(self) -> str:
        """Names what is set and shows none of it."""
        known = ", ".join(name.lower() for name in NAMES if getattr(self, name.lower()))
        return f"Secrets(set: {known or 'none'})"


def load(environment: Mapping[str, str] | None = None, dotenv: Path | None = None) -> Secrets:
    """Reads the secrets: the environment first, then the `.env` file given, then the keyring that it points into."""
    environment = os.environ if environment is None else environment
    found = {name: (environment[name], "environment") for name in NAMES if environment.get(name)}
    trouble, written = "", {}
    if dotenv is not None and dotenv.exists():
        try:
            written = read_dotenv(dotenv)
        except (OSError, UnicodeDecodeError) as fault:
            why = fault.strerror if isinstance(fault, OSError) else "it is not UTF-8 text"
            trouble = f"The keys in {dotenv} cannot be read: {why}. Mend the file, or: chmod 600 {dotenv}"
    pointed = {}
    for name in NAMES:
        value = written.get(name, "")
        if name in found or not value:
            continue
        if value.startswith(POINTER):
            pointed[name] = value.removeprefix(POINTER)
        else:
            found[name] = (value, ".env")
    if pointed:
        try:
            found |= {name: (value, "keyring") for name, value in _in_keyring(pointed).items()}
        except VaultError as fault:
            trouble = str(fault)
    return Secrets(
        **{name.lower(): value for name, (value, _) in found.items()},
        trouble=trouble,
        sources={name: source for name, (_, source) in found.items()},
    )


def beside(settings_file: Path | None, environment: Mapping[str, str] | None = None) -> Secrets:
    """Reads the secrets of a shop: the environment, then `.env` beside its settings, or here where it has no file."""
    return load(environment, dotenv=dotenv_of(settings_file))


def keep(dotenv: Path, given: Mapping[str, str], *, vault: KeyringVault | None) -> None:
    """Keeps secrets for the next start: in the keyring with a pointer in `.env`, or in `.env`, of mode 0600, itself.

    Lines of `.env` that name other things stay as they are. Raises VaultError.
    """
    for name, value in given.items():
        if any(mark in value for mark in "\r\n\0"):
            raise VaultError(f"{name} holds a line break; copy it again.")
    written = dict(given)
    if vault is not None:
        for name, value in given.items():
            vault.put(name, value)
            written[name] = f"{POINTER}{vault.service}"
    before = dotenv.read_text("utf-8").splitlines() if dotenv.is_file() else []
    kept = [line for line in before if line.strip().removeprefix("export ").partition("=")[0].strip() not in written]
    write_private(dotenv, "".join(f"{line}\n" for line in [*kept, *(f"{name}={written[name]}" for name in written)]))


def _in_keyring(pointed: Mapping[str, str]) -> dict[str, str]:
    """Returns what stands in the keyring under these names and services. Raises VaultError at the first that fails."""
    backend = real_keyring()
    if backend is None:
        raise VaultError(
            f"{', '.join(pointed)} should be in the system keyring, and there is none here that answers. Start the "
            "desktop's keyring, or write the keys into .env (mode 0600)."
        )
    given = {name: KeyringVault(backend, service).get(name) for name, service in pointed.items()}
    return {name: value for name, value in given.items() if value}
