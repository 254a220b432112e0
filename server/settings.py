"""Reads the settings from config.toml and the environment, checks them, and passes them in.

Found in this order: `--config`, `PHILIA_CONFIG`, `./config.toml`, the user's config folder. `PHILIA_SECTION__KEY` in
the environment overrides `.env` beside that file, which overrides the file. Secrets are never here: see
`server.secrets`.
"""

from __future__ import annotations

import os
import re
import tomllib
import zoneinfo
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, get_args, get_type_hints

import msgspec
from msgspec import Struct

from server.dotenv import written_beside
from server.sections import (
    Agent,
    AutoReply,
    Backup,
    DatabaseSettings,
    Delivery,
    Inbox,
    Listener,
    Log,
    Settings,
    Shop,
    TikTok,
    Tunnel,
)

__all__ = [
    "Agent",
    "AutoReply",
    "Backup",
    "DatabaseSettings",
    "Delivery",
    "Inbox",
    "Listener",
    "Loaded",
    "Log",
    "Settings",
    "SettingsError",
    "Shop",
    "TikTok",
    "Tunnel",
    "find",
    "load",
    "quiet_minutes",
]


class SettingsError(Exception):
    """A setting that cannot be used: its name, its value, what is allowed."""


class Loaded(Struct, frozen=True):
    """The settings, the file they came from, and which value came from where."""

    settings: Settings
    file: Path | None
    sources: dict[str, str]
    """"section.key" → default, file, .env or environment."""


ENVIRONMENT_PREFIX: Final = "PHILIA_"


def load(file: Path | None = None, environment: Mapping[str, str] | None = None) -> Loaded:
    """Reads the settings. Raises SettingsError with the setting's name, its value and what is allowed."""
    environment = os.environ if environment is None else environment
    found = find(file, environment)
    given = _read(found)
    sources = {f"{section}.{key}": "file" for section, keys in given.items() for key in keys}
    for source, names in ((".env", written_beside(found)), ("environment", environment)):
        for name, value in names.items():
            section, _, key = name.removeprefix(ENVIRONMENT_PREFIX).lower().partition("__")
            if name.startswith(ENVIRONMENT_PREFIX) and key:
                if section not in Settings.__struct_fields__:
                    allowed = ", ".join(Settings.__struct_fields__)
                    raise SettingsError(f"{name} names no section of the settings; allowed are {allowed}.")
                given.setdefault(section, {})[key] = value
                sources[f"{section}.{key}"] = source
    return Loaded(settings=_anchor(_convert(given), found), file=found, sources=sources)


def find(file: Path | None, environment: Mapping[str, str]) -> Path | None:
    """Returns the settings file that counts, or None. Raises SettingsError if a named one is missing."""
    named = file or (Path(environment["PHILIA_CONFIG"]) if environment.get("PHILIA_CONFIG") else None)
    if named is not None:
        if not named.is_file():
            if named.exists():
                raise SettingsError(
                    f"{named} is no file that settings could be read from; name the config.toml itself."
                )
            raise SettingsError(
                f"The settings file {named} does not exist. Write it with: philia init --config {named}"
            )
        return named
    from platformdirs import user_config_path  # noqa: PLC0415  # 5 ms that a named file saves

    for candidate in (Path("config.toml"), user_config_path("philia") / "config.toml"):
        if candidate.is_file():
            return candidate
    return None


def _read(file: Path | None) -> dict[str, dict[str, Any]]:
    if file is None:
        return {}
    try:
        given = tomllib.loads(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise SettingsError(f"The settings file {file} cannot be read: {fault}.") from fault
    for section, keys in given.items():
        if section not in Settings.__struct_fields__:
            allowed = ", ".join(Settings.__struct_fields__)
            raise SettingsError(f"[{section}] in {file} is not a section; allowed are {allowed}.")
        if not isinstance(keys, dict):
            raise SettingsError(f"{section} = {keys!r} in {file} stands outside of a section; write [{section}].")
    return given


def _convert(given: dict[str, dict[str, Any]]) -> Settings:
    sections: dict[str, Any] = {}
    for section, kind in get_type_hints(Settings).items():
        values: dict[str, Any] = {}
        hints = get_type_hints(kind, include_extras=True)
        for key, value in given.get(section, {}).items():
            if key not in hints:
                raise SettingsError(f"[{section}] {key} is not a setting; allowed are {', '.join(hints)}.")
            values[key] = _value(f"[{section}] {key}", value, hints[key])
        sections[section] = kind(**values)
    settings = Settings(**sections)
    for name, check, allowed in _CHECKS:
        fault = check(settings)
        if fault is not None:
            raise SettingsError(f"{name} is {fault!r}; allowed is {allowed}.")
    return settings


def _value(name: str, value: Any, hint: Any) -> Any:
    if isinstance(value, str):
        value = _from_environment(value, hint)
    try:
        return msgspec.convert(value, hint, strict=False)
    except msgspec.ValidationError as fault:
        raise SettingsError(f"{name} is {value!r}; allowed is {_allowed(hint, str(fault))}.") from fault


def _from_environment(value: str, hint: Any) -> Any:
    """Reads a list or a table out of one string, as the environment has to write them."""
    kind = getattr(hint, "__origin__", hint)
    if kind is tuple and not value.lstrip().startswith("["):
        return [part.strip() for part in value.split(",") if part.strip()]
    if kind in {tuple, dict}:
        try:
            return tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError:
            return value
    return value


_KINDS: Final = {"int": "an integer", "float": "a number", "str": "text", "array": "a list", "object": "a table"}
"""What msgspec calls a kind of value, and what an owner does."""


def _allowed(hint: Any, fault: str) -> str:
    choices = [choice for choice in get_args(hint) if isinstance(choice, str)]
    if choices:
        return " | ".join(choices)
    if "bool" in str(hint):
        return "true | false"
    told = fault.split(" - at", 1)[0].removeprefix("Expected ").replace("`", "").partition(", got")[0]
    for kind, words in _KINDS.items():
        told = re.sub(rf"\b{kind}\b", words, told)
    return told


def _unknown_zone(settings: Settings) -> str | None:
    try:
        zoneinfo.ZoneInfo(settings.shop.timezone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return settings.shop.timezone
    return None


def _bad_url(settings: Settings) -> str | None:
    return None if settings.database.url.startswith("sqlite:///") else settings.database.url


def _bad_path(settings: Settings) -> str | None:
    return None if settings.listener.path.startswith("/") else settings.listener.path


def _bad_base(settings: Settings) -> str | None:
    base = settings.tiktok.base_url
    return None if base.startswith(("https://", "http://")) else base


def _bad_retries(settings: Settings) -> str | None:
    return None if settings.delivery.retry_seconds else "[]"


def _bad_intents(settings: Settings) -> str | None:
    return next((intent for intent in settings.auto_reply.intents if intent not in AutoReply().intents), None)


def _bad_hours(settings: Settings) -> str | None:
    given = settings.auto_reply.quiet_hours
    if not given:
        return None
    try:
        quiet_minutes(given)
    except ValueError:
        return given
    return None


_CHECKS: Final[tuple[tuple[str, Callable[[Settings], str | None], str], ...]] = (
    ("[shop] timezone", _unknown_zone, "an IANA name such as Europe/Berlin or America/New_York"),
    ("[database] url", _bad_url, "a SQLite file such as sqlite:///philia.db"),
    ("[listener] path", _bad_path, "a path that begins with /"),
    ("[tiktok] base_url", _bad_base, "an address that begins with https:// or http://"),
    ("[delivery] retry_seconds", _bad_retries, "at least one number of seconds"),
    ("[auto_reply] intents", _bad_intents, f"any of {', '.join(AutoReply().intents)}"),
    ("[auto_reply] quiet_hours", _bad_hours, "two times of day such as 22:00-08:00, or empty"),
)


def quiet_minutes(given: str) -> tuple[int, int]:
    """Reads "22:00-08:00" as minutes of the day (1320, 480). Raises ValueError for anything else."""
    start, _, end = given.partition("-")
    minutes = []
    for part in (start, end):
        hours, _, rest = part.strip().partition(":")
        if not (hours.isdigit() and rest.isdigit() and int(hours) < 24 and int(rest) < 60):
            raise ValueError(given)
        minutes.append(int(hours) * 60 + int(rest))
    return minutes[0], minutes[1]


def _anchor(settings: Settings, file: Path | None) -> Settings:
    """Makes relative paths count from the settings file, so that every folder opens the same shop."""
    if file is None:
        return settings
    folder = file.absolute().parent
    database = folder / Path(settings.database.url.removeprefix("sqlite:///")).expanduser()
    shop = {"policies": str(folder / Path(settings.shop.policies).expanduser())}
    backups = settings.backup.folder and str(folder / Path(settings.backup.folder).expanduser())
    prompts = settings.agent.prompts and str(folder / Path(settings.agent.prompts).expanduser())
    return msgspec.structs.replace(
        settings,
        database=DatabaseSettings(url=f"sqlite:///{database}"),
        shop=msgspec.structs.replace(settings.shop, **shop),
        backup=msgspec.structs.replace(settings.backup, folder=backups),
        agent=msgspec.structs.replace(settings.agent, prompts=prompts),
    )
