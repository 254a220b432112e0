"""A look at TikTok without an account: whether it can be reached, and what time it is there."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from server.tiktok.calls import silence_error
from server.tiktok.wire import Silence, clean_base_url, exchange, new_http


@dataclass(frozen=True, slots=True)
class Glimpse:
    """What a bare request showed: the HTTP status, and TikTok's clock in epoch milliseconds, None without a Date."""

    status: int
    now: int | None


async def look(base_url: str, timeout_seconds: float = 10.0) -> Glimpse:
    """Returns what TikTok's host answers to a bare request; any status will do. Raises TikTokError when none comes."""
    http = new_http(clean_base_url(base_url), timeout_seconds, keep_alive=False)
    try:
        reply = await exchange(http, http.build_request("HEAD", "/"), timeout_seconds)
    finally:
        await http.aclose()
    if isinstance(reply, Silence):
        raise silence_error(reply, "a first look")
    try:
        now = int(parsedate_to_datetime(reply.headers.get("date", "")).timestamp() * 1_000)
    except (ValueError, TypeError, OverflowError):
        now = None
    return Glimpse(reply.status, now)
