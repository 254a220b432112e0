"""What the owner wrote down: settings, keys, policies, the region, the tunnel."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from server import status
from server.agent.policies import PolicyFileError, load
from server.doctor.check import Check, State
from server.secrets import Secrets
from server.settings import Loaded
from server.tunnel import kinds

NO_MESSAGES_API: Final = frozenset(
    "AT BE BG CH CY CZ DE DK EE ES FI FR GB GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK".split()  # noqa: SIM905
)
"""EEA, Switzerland and the UK: TikTok lets no account registered there use the message API."""


def settings(loaded: Loaded) -> Iterator[Check]:
    """Tells which settings count."""
    where = str(loaded.file) if loaded.file is not None else "defaults; there is no settings file"
    changed = len([source for source in loaded.sources.values() if source != "file"])
    yield Check("settings", "ok", f"{where}, {changed} from the environment or .env")


def _private(loaded: Loaded) -> Iterator[Check]:
    """Looks whether others can read the file of keys."""
    dotenv = (loaded.file.parent if loaded.file is not None else Path()) / ".env"
    if dotenv.is_file() and stat.S_IMODE(dotenv.stat().st_mode) & 0o077:
        yield Check("keys", "fail", f"others can read {dotenv}", f"chmod 600 {dotenv}")


def keys(loaded: Loaded, secrets: Secrets) -> Iterator[Check]:
    """Looks for the model's key and for what signs webhooks."""
    yield from _private(loaded)
    if secrets.trouble:
        yield Check("secrets", "fail", secrets.trouble, "Do that, then: philia doctor")
    drafter = loaded.settings.agent.drafter
    if secrets.openai_api_key or drafter == "house":
        yield Check("model key", "ok", "set" if secrets.openai_api_key else "not needed by the house drafter")
    else:
        state: State = "fail" if drafter == "model" else "warn"
        yield Check(
            "model key", state, "OPENAI_API_KEY is not set; the house drafter answers", "Set OPENAI_API_KEY in .env"
        )
    told = loaded.settings.listener.require_signature
    if secrets.tiktok_app_secret and told is not False:
        yield Check("signature", "ok", "webhooks without TikTok's signature are refused")
    elif told:
        yield Check(
            "signature", "fail", "required, but TIKTOK_APP_SECRET is not set: every webhook is refused",
            "Set TIKTOK_APP_SECRET in .env",
        )  # fmt: skip
    elif secrets.tiktok_app_secret:
        yield Check(
            "signature", "warn", "switched off: anyone who finds the address can write to the inbox",
            "Take require_signature = false out of config.toml",
        )  # fmt: skip
    else:
        yield Check(
            "signature", "warn", "anyone who finds the address can write to the inbox",
            "Set TIKTOK_APP_SECRET in .env before a tunnel is opened",
        )  # fmt: skip


def tunnel(loaded: Loaded, secrets: Secrets, path: Path) -> Iterator[Check]:
    """Looks whether TikTok has a way here."""
    from server.public import demand_signature  # noqa: PLC0415  # httpx, 150 ms

    wanted = loaded.settings.tunnel
    told = status.running(path)
    if told.get("public"):
        yield Check("tunnel", "ok", f"up: {told['public']}")
        return
    if not (wanted.command or wanted.public_url):
        yield Check("tunnel", "warn", "none: TikTok cannot post here", "philia serve --tunnel cloudflared")
        return
    try:
        demand_signature(loaded.settings, secrets)
        if wanted.command:
            kinds.check(wanted.command)
    except kinds.TunnelError as fault:
        yield Check("tunnel", "fail", str(fault), "Do that, then: philia doctor")
        return
    if told:
        yield Check("tunnel", "fail", f"down: {told.get('tunnel') or 'it has no address yet'}", "philia status")
    else:
        yield Check("tunnel", "warn", f"set ({wanted.command or wanted.public_url}), not up", "philia serve")


def policies(loaded: Loaded) -> Iterator[Check]:
    """Looks what the shop says of shipping, returns and the like."""
    file = Path(loaded.settings.shop.policies)
    try:
        known = load(file)
    except PolicyFileError as fault:
        yield Check("policies", "fail", str(fault), f"Mend {file}")
        return
    if known:
        yield Check("policies", "ok", f"{len(known)} topics in {file}")
    else:
        yield Check(
            "policies", "warn", f"{file} says nothing: questions on shipping and returns wait for you", f"Write {file}"
        )


def region(loaded: Loaded) -> Iterator[Check]:
    """Tells what TikTok allows where the account is registered."""
    region = loaded.settings.shop.region.upper()
    if region in NO_MESSAGES_API:
        yield Check(
            "region",
            "fail",
            f"TikTok refuses its message API to accounts registered in {region}",
            "An account elsewhere",
        )
    elif region == "US":
        yield Check("region", "warn", "US accounts need an extra review by TikTok before the message API answers")
    elif not region:
        yield Check(
            "region", "warn", "not told; accounts of the EEA, Switzerland and the UK cannot use the message API",
            "Set [shop] region",
        )  # fmt: skip
    else:
        yield Check("region", "ok", region)
