"""Pictures and films: what customers send is fetched, one picture of a piece may be sent back."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final, Literal

import httpx

from server.tiktok.calls import silence_error
from server.tiktok.errors import TikTokNoAnswer, TikTokRefused, TikTokUnreadable
from server.tiktok.wire import Silence

MediaKind = Literal["IMAGE", "VIDEO"]

UPLOAD_LIMIT: Final = 3 * 1024 * 1024
"""Bytes of a picture that TikTok takes."""
DOWNLOAD_LIMIT: Final = 32 * 1024 * 1024
"""Bytes of a picture or film that are fetched: a film of a minute has about 10 MB."""
FETCH_SECONDS: Final = 60.0
"""For the whole of a file, however slowly it drips."""

MAGIC: Final = {b"\x89PNG\r\n\x1a\n": ("image/png", "picture.png"), b"\xff\xd8\xff": ("image/jpeg", "picture.jpg")}
"""How the files begin that TikTok takes, with their media type and a name."""


@dataclass(frozen=True, slots=True)
class Media:
    """The bytes of a picture or a film and their media type as the far end named it."""

    content: bytes
    media_type: str


def upload_part(content: bytes) -> tuple[str, bytes, str]:
    """Returns the file part of an upload; raises ValueError for what TikTok does not take."""
    if len(content) > UPLOAD_LIMIT:
        raise ValueError(f"The picture has {len(content):,} bytes; TikTok takes {UPLOAD_LIMIT:,}. Make it smaller.")
    for magic, (media_type, name) in MAGIC.items():
        if content.startswith(magic):
            return name, content, media_type
    raise ValueError("TikTok takes pictures as JPG or PNG only; convert it first.")


async def fetch(url: str, access_token: str, timeout_seconds: float) -> Media:
    """Returns what stands at a download address; it asks for the token in the header `x-user`.

    Redirects are not followed: the token would go to whoever they name. Raises TikTokError.
    """
    parsed = _parse(url)
    local = parsed.host in ("127.0.0.1", "::1", "localhost")
    try:
        async with (
            asyncio.timeout(FETCH_SECONDS),
            httpx.AsyncClient(timeout=timeout_seconds, trust_env=not local, verify=parsed.scheme == "https") as http,
            http.stream("GET", parsed, headers={"x-user": access_token}) as response,
        ):
            if response.status_code != httpx.codes.OK:
                raise TikTokRefused(
                    f"TikTok did not hand over the file [HTTP {response.status_code}].", code=None, message=""
                )
            content = bytearray()
            async for chunk in response.aiter_bytes():
                content += chunk
                if len(content) > DOWNLOAD_LIMIT:
                    raise TikTokUnreadable(f"The file is larger than {DOWNLOAD_LIMIT:,} bytes; it was not kept.")
            kind = response.headers.get("Content-Type", "application/octet-stream").partition(";")[0].strip()
            return Media(bytes(content), kind)
    except httpx.ConnectError:
        raise silence_error(Silence(left=False, kind="connect"), "the file") from None
    except (httpx.HTTPError, TimeoutError) as error:
        raise TikTokNoAnswer(f"The file could not be fetched whole ({type(error).__name__}); try again.") from None


def _parse(url: str) -> httpx.URL:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        parsed = httpx.URL("")
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise TikTokUnreadable("TikTok's address for the file is no address; try again.")
    return parsed
