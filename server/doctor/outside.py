"""What lies outside of this machine: TikTok's clock, the token's worth, the webhook, the model, the way round.

All are asked at once, each for a few seconds; one that does not answer is a warning, since a shop may be offline.
"""

from __future__ import annotations

import asyncio
import json
import secrets as entropy
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final, cast

from server import status
from server.doctor.check import Check
from server.listener import signature
from server.public import callback_of
from server.secrets import Secrets
from server.settings import Settings
from server.tiktok import probe
from server.tiktok.client import TikTokClient
from server.tiktok.errors import TikTokAuthError, TikTokError, TikTokRefused, TikTokWindowError
from server.tiktok.reply import Reply
from server.tiktok.subscriptions import Subscriptions
from server.tiktok.wire import exchange, new_http
from server.tokens import box_for
from server.vault import KeptIn, VaultError
from store import inbound, signins
from store.clock import SECOND, Clock
from store.database import connect

SECONDS: Final = 5.0
"""What one question may take."""

SKEW: Final = 60 * SECOND
"""A clock further off than this is told; one further than the signature's tolerance refuses every webhook."""

OPENAI: Final = "https://api.openai.com/v1"


async def look(settings: Settings, secrets: Secrets, path: Path, *, clock: Clock) -> list[Check]:
    """Asks everything at once."""
    answers = await asyncio.gather(
        _clock(settings, clock),
        _model(settings, secrets),
        _token(settings, secrets, path, clock),
        _webhook(settings, secrets, path),
        _round_trip(settings, secrets, path, clock),
        return_exceptions=True,
    )
    found = []
    for answer in answers:
        if isinstance(answer, BaseException):
            found.append(Check("doctor", "fail", f"A check broke: {type(answer).__name__}: {answer}", "Report this."))
        elif answer is not None:
            found.append(answer)
    return found


async def _clock(settings: Settings, clock: Clock) -> Check:
    try:
        glimpse = await probe.look(settings.tiktok.base_url, SECONDS)
    except (TikTokError, ValueError) as fault:
        return Check("clock", "warn", f"not compared: {fault}", "Check the network, then: philia doctor")
    if glimpse.now is None:
        return Check("clock", "warn", "not compared: TikTok told no time", "philia doctor")
    off = abs(clock() - glimpse.now)
    told = f"{off // SECOND} s from TikTok's"
    if off > settings.listener.signature_tolerance_seconds * SECOND:
        return Check("clock", "fail", f"{told}: every webhook looks forged", "sudo timedatectl set-ntp true")
    if off > SKEW:
        return Check("clock", "warn", told, "sudo timedatectl set-ntp true")
    return Check("clock", "ok", told)


async def _model(settings: Settings, secrets: Secrets) -> Check | None:
    if not secrets.openai_api_key or settings.agent.drafter == "house":
        return None
    base = (secrets.openai_base_url or settings.agent.base_url or OPENAI).rstrip("/")
    reply = await _ask("GET", f"{base}/models", {"Authorization": f"Bearer {secrets.openai_api_key}"})
    model = settings.agent.model
    if reply is None:
        return Check("model", "warn", f"{base} does not answer; the house drafter stands in", "philia doctor")
    if reply.status in {401, 403}:
        return Check("model", "fail", f"{base} refuses OPENAI_API_KEY ({reply.status})", "Set OPENAI_API_KEY in .env")
    known = [each.get("id") for each in _json(reply).get("data") or [] if isinstance(each, dict)]
    if known and model not in known:
        return Check("model", "warn", f"{base} does not list {model}", "Set [agent] model: philia config path")
    return Check("model", "ok", f"{base} answers" + (f" and has {model}" if known else ""))


async def _token(settings: Settings, secrets: Secrets, path: Path, clock: Clock) -> Check | None:
    """Tries the token on a list of one conversation; dialect v1 has nothing to try it on."""
    if settings.tiktok.api == "v1":
        return None
    held = await asyncio.to_thread(_held, secrets, path)
    if held is None or (held[2] is not None and held[2] <= clock()):
        return None
    business, token, _ = held
    try:
        async with TikTokClient(
            settings.tiktok.base_url, business, token, timeout_seconds=SECONDS, clock=clock
        ) as client:
            await client.list_conversations("SINGLE", limit=1)
    except TikTokAuthError:
        return Check("TikTok", "fail", "it refuses the access token", "philia login")
    except (TikTokRefused, TikTokWindowError) as fault:
        return Check("TikTok", "warn", str(fault), "philia login")
    except (TikTokError, ValueError) as fault:
        return Check("TikTok", "warn", f"the token could not be tried: {fault}", "philia doctor")
    return Check("TikTok", "ok", "it takes the access token")


def _held(secrets: Secrets, path: Path) -> tuple[str, str, int | None] | None:
    """Returns business, token and the token's end; None when there is no token to try."""
    if secrets.tiktok_access_token:
        return secrets.tiktok_business_id, secrets.tiktok_access_token, None
    if not path.exists():
        return None
    with closing(connect(path, readonly=True)) as db:
        signin = signins.find(db)
    try:
        kept = None if signin is None else box_for(path, cast("KeptIn", signin.kept_in)).read()
    except VaultError:
        return None
    return None if kept is None else (kept.tokens.business_id, kept.tokens.access_token, kept.tokens.access_expires_at)


async def _webhook(settings: Settings, secrets: Secrets, path: Path) -> Check | None:
    if not (secrets.tiktok_app_id and secrets.tiktok_app_secret):
        return Check(
            "webhook", "warn", "not looked up: TIKTOK_APP_ID or TIKTOK_APP_SECRET is not set", "Set both in .env"
        )
    try:
        async with Subscriptions(
            settings.tiktok.base_url, secrets.tiktok_app_id, secrets.tiktok_app_secret, timeout_seconds=SECONDS
        ) as subscriptions:
            found = await subscriptions.current()
    except TikTokRefused as fault:
        return Check("webhook", "fail", str(fault), "Compare TIKTOK_APP_ID and TIKTOK_APP_SECRET with TikTok's portal")
    except (TikTokError, ValueError) as fault:
        return Check("webhook", "warn", f"not looked up: {fault}", "philia webhook list")
    public = status.running(path).get("public") or settings.tunnel.public_url
    if not public:
        state = f"TikTok posts to {found}" if found else "TikTok posts nowhere"
        return Check("webhook", "warn", f"{state}; there is no public address", "philia serve --tunnel cloudflared")
    wanted = callback_of(str(public), settings.listener.path)
    if found == wanted:
        return Check("webhook", "ok", f"TikTok posts to {wanted}")
    told = f"TikTok posts {f'to {found}' if found else 'nowhere'}, not to {wanted}"
    return Check("webhook", "fail", told, "philia webhook subscribe")


async def _round_trip(settings: Settings, secrets: Secrets, path: Path, clock: Clock) -> Check | None:
    """Sends a signed test message the way TikTok would, and looks whether it arrived in this database."""
    told = status.running(path)
    if not told:
        return None
    public = told.get("public")
    address = callback_of(str(public or told["listening"]), settings.listener.path)
    word = f"doctor-{entropy.token_hex(8)}"
    # An event that nobody knows: it is kept, answered, and concerns no conversation.
    body = json.dumps({"event": "philia.doctor", "event_id": word}).encode()
    kind = {"Content-Type": "application/json"}
    signed = kind
    if secrets.tiktok_app_secret:
        value = signature.header_value(secrets.tiktok_app_secret, clock() // SECOND, body)
        signed = kind | {signature.HEADER: value}
    mend = "philia serve --tunnel cloudflared" if public else "philia serve"
    reply = await _ask("POST", address, signed, body)
    if reply is None:
        return Check("round trip", "fail", f"{address} does not answer", mend)
    if reply.status != 200 or not await asyncio.to_thread(_arrived, path, f"v1:{word}"):
        where = "did not arrive here" if reply.status == 200 else f"was answered {reply.status}"
        return Check("round trip", "fail", f"a signed message to {address} {where}", mend)
    if not public:
        return Check("round trip", "ok", f"a message to {address} arrived; no tunnel leads to it")
    forged = await _ask("POST", address, kind, body)
    if forged is None or forged.status != 401:
        return Check(
            "round trip", "fail", f"{address} takes messages without a signature", "Set TIKTOK_APP_SECRET in .env"
        )
    return Check("round trip", "ok", f"a signed message to {address} arrived, an unsigned one was refused")


def _arrived(path: Path, key: str) -> bool:
    with closing(connect(path, readonly=True)) as db:
        return inbound.arrived(db, key)


async def _ask(method: str, address: str, headers: Mapping[str, str], body: bytes | None = None) -> Reply | None:
    """Makes one request; None when no answer came."""
    http = new_http(address, SECONDS, keep_alive=False)
    try:
        request = http.build_request(method, address, headers=dict(headers), content=body)
        reply = await exchange(http, request, SECONDS)
    finally:
        await http.aclose()
    return reply if isinstance(reply, Reply) else None


def _json(reply: Reply) -> Mapping[str, Any]:
    try:
        given = json.loads(reply.body)
    except ValueError:
        return {}
    return given if isinstance(given, dict) else {}
