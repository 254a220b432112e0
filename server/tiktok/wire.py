"""One HTTP request to TikTok, and the certainty of whether it left this machine."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import httpx

from server.tiktok.reply import Reply

BODY_LIMIT: Final = 1_048_576
"""Bytes of an answer that are read: the largest documented one, a hundred conversations, is about 100 kB."""

CONNECT_SHARE: Final = 0.45
"""Of the timeout, for the TCP connection and as much again for TLS: httpx closes what it gives up itself, whereas a
handshake cancelled from outside leaves its socket open."""

NEVER_LEFT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
"""The only failures of httpx that prove that no byte of the request left."""

JSON_HEADERS: Final = {"Content-Type": "application/json"}
DIALECT_SUFFIX: Final = re.compile(r"(/open_api(/v1(\.3)?)?)?/*$")

# httpx logs every address, and the webhook calls have the app's secret in theirs; httpcore logs headers.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class Silence:
    """No status came back. `left` is False only when no byte of the request can have left."""

    left: bool
    kind: Literal["connect", "cut", "timeout"]


def clean_base_url(base_url: str) -> str:
    """Returns scheme and host of TikTok's API; a pasted `/open_api/v1.3` at the end is dropped.

    Raises ValueError when it is no http or https address.
    """
    base = DIALECT_SUFFIX.sub("", base_url.strip())
    try:
        parsed = httpx.URL(base)
    except httpx.InvalidURL as error:
        raise ValueError(f"tiktok.base_url {base_url!r} is no address: {error}") from None
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise ValueError(f"tiktok.base_url {base_url!r} must begin with https:// (or http:// for a local simulator)")
    return base


def clean_token(token: str) -> str:
    """Returns the access token without blanks around it.

    Raises ValueError when it cannot stand in an HTTP header; the token itself is never in the sentence.
    """
    clean = token.strip()
    if not clean.isascii() or not clean.isprintable():
        raise ValueError("TIKTOK_ACCESS_TOKEN holds characters that no access token has; copy it again")
    return clean


def json_bytes(body: Mapping[str, Any]) -> bytes:
    """Returns the body as compact UTF-8 JSON; raises UnicodeEncodeError for half a surrogate pair."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def new_http(base_url: str, timeout_seconds: float, *, keep_alive: bool) -> httpx.AsyncClient:
    """Returns an HTTP client for TikTok, redirects not followed.

    Without `keep_alive` each request has a connection of its own: a reused one may have been closed by the far end
    already, and then the loss looks like a request that left. Raises ValueError for a proxy of the environment that
    cannot be used.
    """
    local = httpx.URL(base_url).host in ("127.0.0.1", "::1", "localhost")
    try:
        return httpx.AsyncClient(
            base_url=base_url,
            timeout=httpx.Timeout(timeout_seconds, connect=timeout_seconds * CONNECT_SHARE),
            limits=httpx.Limits(max_keepalive_connections=None if keep_alive else 0),
            headers={"User-Agent": "philia", "Accept": "application/json"}
            | ({} if keep_alive else {"Connection": "close"}),
            follow_redirects=False,
            # A proxy of the machine is for the way out; certificates are loaded (30 ms) only where they are used.
            trust_env=not local,
            verify=base_url.startswith("https:"),
        )
    except (ImportError, ValueError, httpx.InvalidURL) as error:
        raise ValueError(f"The proxy named in the environment cannot be used ({error}); correct or unset it.") from None


async def exchange(http: httpx.AsyncClient, request: httpx.Request, timeout_seconds: float) -> Reply | Silence:
    """Sends one request and returns what came back, whole or not, within the timeout altogether.

    The timeout of httpx is per read, so a body that drips could last for ever; this one is for all of it. A
    cancellation passes through: whoever cancels a request that may have left has an unknown outcome to record.
    """
    left = False
    status: int | None = None
    headers: dict[str, str] = {}
    body = bytearray()

    async def trace(event: str, _info: Mapping[str, Any]) -> None:  # httpcore awaits it
        nonlocal left
        if event.endswith("send_request_headers.started"):
            left = True

    request.extensions["trace"] = trace
    try:
        async with asyncio.timeout(timeout_seconds):
            response = await http.send(request, stream=True)
            try:
                status = response.status_code
                headers = {name.lower(): value for name, value in response.headers.items()}
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > BODY_LIMIT:
                        return Reply(status, headers, bytes(body[:BODY_LIMIT]), "cut")
            finally:
                await response.aclose()
    except NEVER_LEFT:
        return Silence(left=False, kind="connect")
    except (TimeoutError, httpx.TimeoutException):
        if not left:
            return Silence(left=False, kind="connect")
        return Silence(left=True, kind="timeout") if status is None else Reply(status, headers, bytes(body), "timeout")
    except (httpx.HTTPError, httpx.StreamError, OSError):
        return Silence(left=True, kind="cut") if status is None else Reply(status, headers, bytes(body), "cut")
    return Reply(status, headers, bytes(body))
