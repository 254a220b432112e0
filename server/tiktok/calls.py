"""Every call but the send: asked again is no harm, so trouble is raised, and an answer is data or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from server.tiktok.errors import (
    TikTokAuthError,
    TikTokError,
    TikTokNoAnswer,
    TikTokRateLimitError,
    TikTokRefused,
    TikTokServerError,
    TikTokUnreachable,
    TikTokUnreadable,
    TikTokWindowError,
)
from server.tiktok.reply import Envelope, Reply, envelope, request_id, retry_after
from server.tiktok.v1_3 import PREFIX
from server.tiktok.wire import JSON_HEADERS, Silence, clean_base_url, exchange, json_bytes, new_http
from store.clock import Clock, system_clock


class Caller:
    """Makes calls of dialect v1.3 and returns their `data`. Must be closed.

    One connection is kept and used again. Every method raises the errors of `server.tiktok.errors`.
    """

    def __init__(self, base_url: str, *, timeout_seconds: float = 10.0, clock: Clock = system_clock) -> None:
        """Builds the caller; no connection is made before the first call."""
        self.base_url = clean_base_url(base_url)
        self._timeout = timeout_seconds
        self._clock = clock
        self._http = new_http(self.base_url, timeout_seconds, keep_alive=True)

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    async def get(self, path: str, query: Mapping[str, str], token: str | None = None) -> Mapping[str, Any]:
        """Returns the data of a GET; every value is percent-encoded, `+` as %2B."""
        request = self._http.build_request("GET", PREFIX + path, params=dict(query), headers=_headers(token))
        return await self._ask(path, request)

    async def post(self, path: str, body: Mapping[str, Any], token: str | None = None) -> Mapping[str, Any]:
        """Returns the data of a POST with a JSON body."""
        headers = JSON_HEADERS | _headers(token)
        request = self._http.build_request("POST", PREFIX + path, content=json_bytes(body), headers=headers)
        return await self._ask(path, request)

    async def upload(
        self, path: str, fields: Mapping[str, str], file: tuple[str, bytes, str], token: str, *, seconds: float
    ) -> Mapping[str, Any]:
        """Returns the data of a multipart POST; `file` is name, bytes and media type, `seconds` for all of it."""
        request = self._http.build_request(
            "POST", PREFIX + path, data=dict(fields), files={"file": file}, headers=_headers(token)
        )
        return await self._ask(path, request, seconds)

    async def _ask(self, path: str, request: httpx.Request, seconds: float | None = None) -> Mapping[str, Any]:
        reply = await exchange(self._http, request, seconds or self._timeout)
        return data_of(reply, path, self._clock())


def data_of(reply: Reply | Silence, path: str, now: int) -> Mapping[str, Any]:
    """Returns the data of a good answer; raises one of TikTok's errors for any other."""
    if isinstance(reply, Silence):
        raise silence_error(reply, path)
    frame = envelope(reply)
    if frame is None or frame.code in (0, None):
        if 200 <= reply.status < 300 and frame is not None and frame.code == 0:
            return frame.data
        raise _status_error(reply, path, now)
    raise _code_error(reply, frame, path, now)


def silence_error(silence: Silence, path: str) -> TikTokError:
    """Returns the error that fits when no status came back."""
    if not silence.left:
        return TikTokUnreachable(f"TikTok could not be reached for {path}; check the network, then try again.")
    late = "did not answer in time" if silence.kind == "timeout" else "broke off the connection"
    return TikTokNoAnswer(f"TikTok {late} for {path}; try again.")


def _headers(token: str | None) -> dict[str, str]:
    return {} if token is None else {"Access-Token": token}


def _code_error(reply: Reply, frame: Envelope, path: str, now: int) -> TikTokError:
    code = frame.code if frame.code is not None else -1
    sentence = f"TikTok refused {path} [{code}]" + (f": {frame.message}" if frame.message else "") + "."
    number = frame.request_id
    if code == 40100:
        return TikTokRateLimitError(sentence, retry_after=retry_after(reply, now), request_id=number)
    if code == 40105:
        return TikTokAuthError(f"{sentence} Run `philia login`.", request_id=number)
    if code == 40064:
        return TikTokWindowError(sentence, request_id=number)
    if 40000 <= code <= 49999:
        return TikTokRefused(sentence, code=code, message=frame.message, request_id=number)
    return TikTokServerError(sentence, status=reply.status, request_id=number)


def _status_error(reply: Reply, path: str, now: int) -> TikTokError:
    sentence, number = f"TikTok answered {path} with HTTP {reply.status}.", request_id(reply)
    if reply.status >= 500:
        return TikTokServerError(sentence, status=reply.status, request_id=number)
    if reply.status == 429:
        return TikTokRateLimitError(sentence, retry_after=retry_after(reply, now), request_id=number)
    if reply.status == 401:
        return TikTokAuthError(f"{sentence} Run `philia login`.", request_id=number)
    if 200 <= reply.status < 300:
        return TikTokUnreadable(f"TikTok's answer to {path} could not be read; try again.", request_id=number)
    return TikTokRefused(sentence, code=None, message="", request_id=number)
