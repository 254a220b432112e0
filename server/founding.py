"""Founding a shop: the questions `philia init` asks, and the files it writes from their answers."""

from __future__ import annotations

import os
import re
import zoneinfo
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from server import secrets
from server.agent.policies import TEMPLATE
from server.secrets import NAMES
from server.settings import Settings, SettingsError
from server.settings import load as load_settings
from server.settings_text import render
from server.vault import KeyringVault

ZONE_LINKS: Final = "/etc/localtime"


class FoundingError(Exception):
    """A shop that cannot be founded: what is in the way, what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One thing to ask. `name` is "section.key" of a setting, or the name of a secret."""

    name: str
    words: str
    default: str = ""
    fault: Callable[[str], str | None] = lambda _answer: None
    """Returns what is allowed when an answer is not."""
    shape: Callable[[str], str] = str.strip
    """Makes the value of an answer."""

    @property
    def secret(self) -> bool:
        """Tells whether the answer must not be seen."""
        return self.name in NAMES


def _zone_fault(answer: str) -> str | None:
    try:
        zoneinfo.ZoneInfo(answer.strip())
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return "an IANA name such as Europe/Berlin or America/New_York"
    return None


def _currency_fault(answer: str) -> str | None:
    return None if re.fullmatch(r"[A-Za-z]{3}", answer.strip()) else "three letters such as USD or EUR"


def _unit_fault(answer: str) -> str | None:
    return None if _unit(answer) in {"in", "cm"} else "in or cm"


def _unit(answer: str) -> str:
    given = answer.strip().lower()
    return {"inch": "in", "inches": "in", "centimetres": "cm", "centimeters": "cm"}.get(given, given)


def _tunnel(answer: str) -> str:
    given = answer.strip()
    return "" if given.lower() in {"none", "no", "-"} else given


def _tunnel_fault(answer: str) -> str | None:
    from server.tunnel.kinds import NAMES as TUNNELS  # noqa: PLC0415  # httpx, 150 ms
    from server.tunnel.kinds import TunnelError, plan  # noqa: PLC0415

    if not _tunnel(answer):
        return None
    try:
        plan(_tunnel(answer), 1)
    except TunnelError:
        return f"none, {', '.join(TUNNELS)}, or a command with {{port}}"
    return None


def _handle(answer: str) -> str:
    given = answer.strip()
    return given if not given or given.startswith("@") else f"@{given}"


def questions() -> tuple[Question, ...]:
    """Returns what is asked, in this order: the shop, its measures, the keys, the tunnel."""
    return (
        Question(name="shop.name", words="What is the shop called?", default="Philia Thrifts"),
        Question(
            name="shop.currency",
            words="Which currency are the prices in?",
            default="USD",
            fault=_currency_fault,
            shape=lambda answer: answer.strip().upper(),
        ),
        Question(
            name="shop.unit", words="Inches or centimetres (in, cm)?", default="in", fault=_unit_fault, shape=_unit
        ),
        Question(name="shop.timezone", words="Which time zone?", default=local_zone(), fault=_zone_fault),
        Question(name="OPENAI_API_KEY", words="OpenAI key (empty: drafts without a model)"),
        Question(name="TIKTOK_APP_ID", words="TikTok app id (empty: later)"),
        Question(name="TIKTOK_APP_SECRET", words="TikTok app secret (empty: later)"),
        Question(name="TIKTOK_BUSINESS_ID", words="TikTok business id (empty: philia login finds it)"),
        Question(name="TIKTOK_ACCESS_TOKEN", words="TikTok access token (empty: philia login gets it)"),
        Question(
            name="tunnel.command",
            words="Tunnel (none, cloudflared, ngrok, tailscale, ssh, localtunnel, or a command with {port})",
            default="none",
            fault=_tunnel_fault,
            shape=_tunnel,
        ),
        Question(name="shop.handle", words="The shop's TikTok handle (empty: made from its name)", shape=_handle),
    )


def handle_of(name: str) -> str:
    """Returns what a shop of this name would call itself: "Anna Vintage" → "@anna.vintage"."""
    return "@" + ".".join(re.findall(r"\w+", re.sub("['\u2019]", "", name.lower())))


def local_zone() -> str:
    """Returns this machine's time zone, UTC when it has no name for it."""
    given = os.environ.get("TZ", "").removeprefix(":")
    try:
        linked = str(Path(ZONE_LINKS).readlink())
    except OSError:
        linked = ""
    for candidate in (given, linked.partition("zoneinfo/")[2]):
        if candidate and _zone_fault(candidate) is None:
            return candidate
    return "UTC"


def refuse_to_overwrite(config: Path) -> None:
    """Raises FoundingError when there is a settings file already."""
    if config.exists() or config.is_symlink():
        raise FoundingError(
            f"{config} is there already and stays as it is. Edit it, take it away first, or found another shop: "
            "philia --config OTHER.toml init"
        )


def found(config: Path, answers: Mapping[str, str], *, vault: KeyringVault | None) -> list[str]:
    """Writes config.toml, the secrets and a form for the shop's policies; returns what was written, a line each.

    `answers` are by the questions' names, shaped. Nothing that is there already is overwritten. Raises FoundingError,
    VaultError, and SettingsError for an answer that no setting takes.
    """
    refuse_to_overwrite(config)
    settings = {name: answer for name, answer in answers.items() if name not in NAMES}
    if settings.get("shop.handle") == "":
        settings["shop.handle"] = handle_of(settings.get("shop.name", Settings().shop.name))
    given = {name: answer for name, answer in answers.items() if name in NAMES and answer}
    text = render(_settings(settings), only=frozenset(settings))
    told = []
    try:
        _make_folder(config.parent)
        if given:
            # First: a settings file without its secrets would refuse the second try.
            secrets.keep(config.with_name(".env"), given, vault=vault)
            place = vault.where if vault is not None else f"{config.with_name('.env')}, which only you can read"
            told.append(f"{', '.join(given)} kept in {place}")
        with config.open("x", encoding="utf-8") as file:
            file.write(text)
        _must_load(config)
        told.insert(0, f"{config} written, every setting with its default and its reason")
        policies = config.with_name("policies.toml")
        if not policies.exists():
            policies.write_text(TEMPLATE.read_text("utf-8"), "utf-8")
            told.append(f"{policies} written: fill in what you say about shipping, returns and payment")
    except FileExistsError:
        raise FoundingError(f"{config} was written by another program just now; nothing was changed.") from None
    except OSError as fault:
        raise FoundingError(f"{fault.filename or config} cannot be written: {fault.strerror}.") from fault
    return told


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise FoundingError(f"{folder} is a file; nothing can be written below it.") from None


def _must_load(config: Path) -> None:
    """Takes the file away again, and raises SettingsError, when it is none that every command would read."""
    try:
        load_settings(config, {})
    except SettingsError:
        config.unlink()
        raise


def _settings(answers: Mapping[str, str]) -> Settings:
    """Returns the settings with the answers in their places."""
    sections: dict[str, Any] = {}
    for name, answer in answers.items():
        section, _, key = name.partition(".")
        sections.setdefault(section, {})[key] = answer
    defaults = Settings()
    changed = {section: type(getattr(defaults, section))(**keys) for section, keys in sections.items()}
    return Settings(**changed)
