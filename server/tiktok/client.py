"""The client of TikTok's message API: one object for a shop's account, both dialects."""

from __future__ import annotations

import logging
from typing import Final, Self

from server.tiktok import v1, v1_3
from server.tiktok.answer import Answer, Dialect
from server.tiktok.errors import (
    TikTokNoAnswer,
    TikTokRateLimitError,
    TikTokServerError,
    TikTokUnreachable,
    TikTokUnreadable,
)
from server.tiktok.wire import JSON_HEADERS, Silence, clean_base_url, clean_token, exchange, json_bytes, new_http
from store.clock import Clock, system_clock

__all__ = ["Answer", "Dialect", "TikTokClient"]

LOG: Final = logging.getLogger(__name__)


class TikTokClient:
    """Sends messages as one business account, and reads back what TikTok has of them.

    `base_url` is scheme and host; the dialects add their paths. `dialect` is the one that `send_message` speaks.
    Raises ValueError for a base URL or a token that cannot be one. Must be closed, or used with `async with`.
    """

    def __init__(
        self,
        base_url: str,
        business_id: str,
        access_token: str,
        *,
        timeout_seconds: float = 10.0,
        dialect: Dialect = "v1",
        clock: Clock = system_clock,
    ) -> None:
        """Builds the client; no connection is made before the first call."""
        self.base_url = clean_base_url(base_url)
        self.business_id = business_id
        self.dialect: Dialect = dialect
        self.timeout_seconds = timeout_seconds
        self._token = clean_token(access_token)
        self._clock = clock
        self._sending = new_http(self.base_url, timeout_seconds, keep_alive=False)

    def use_token(self, access_token: str) -> None:
        """Takes a refreshed access token for every later call; raises ValueError when it cannot be one."""
        self._token = clean_token(access_token)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._sending.aclose()

    async def send_message(self, recipient_id: str, text: str) -> Answer:
        """Sends a text in the client's dialect and returns the answer when TikTok accepted or refused it.

        A refusal (401, 403, any other no) is logged with its reason and returned with the outcome `refused`.

        Raises TikTokRateLimitError for 429 and 40100, TikTokServerError for 5xx and 51065, TikTokUnreachable when
        nothing left, TikTokNoAnswer and TikTokUnreadable when the outcome is open.
        """
        answer = await self.send(self.dialect, recipient_id, text)
        if answer.outcome == "refused":
            LOG.warning("A message was not sent: %s", answer.reason)
        if answer.outcome in ("sent", "refused"):
            return answer
        if answer.kind == "rate_limited":
            raise TikTokRateLimitError(answer.reason, retry_after=answer.retry_after, request_id=answer.request_id)
        if answer.kind == "server_error":
            raise TikTokServerError(answer.reason, status=answer.status, request_id=answer.request_id)
        if answer.kind == "connect":
            raise TikTokUnreachable(answer.reason)
        if answer.kind == "unreadable":
            raise TikTokUnreadable(answer.reason, request_id=answer.request_id)
        raise TikTokNoAnswer(answer.reason, request_id=answer.request_id)

    async def send(self, dialect: Dialect, recipient: str, text: str) -> Answer:
        """Sends a text once and returns what is known afterwards; it never raises for anything TikTok does.

        `recipient` is the user's open id in v1, the conversation id in v1.3. A cancellation passes through: the
        caller shields the call, or records the outcome as unknown.
        """
        if dialect == "v1.3" and len(text) > v1_3.TEXT_LIMIT:
            return _unsendable(f"it has {len(text)} characters and TikTok takes {v1_3.TEXT_LIMIT}")
        try:
            speak = v1.send_body if dialect == "v1" else v1_3.send_body
            content = json_bytes(speak(self.business_id, recipient, text))
        except UnicodeEncodeError:
            return _unsendable("it holds half a character that cannot be written")
        path = v1.SEND_PATH if dialect == "v1" else v1_3.SEND_PATH
        headers = JSON_HEADERS | {"Access-Token": self._token}
        request = self._sending.build_request("POST", path, content=content, headers=headers)
        try:
            reply = await exchange(self._sending, request, self.timeout_seconds)
        except Exception as error:  # noqa: BLE001  # whatever it is, the request may have left: only a doubt is true
            LOG.error("A send broke off unexpectedly: %s", type(error).__name__)  # noqa: TRY400  # a message may hold text
            return _silent(Silence(left=True, kind="cut"), type(error).__name__)
        if isinstance(reply, Silence):
            return _silent(reply)
        read = v1.read_send if dialect == "v1" else v1_3.read_send
        return read(reply, self._clock())


def _unsendable(why: str) -> Answer:
    return Answer(outcome="refused", kind="refused", reason=f"The message cannot be sent: {why}. Edit it.")


def _silent(silence: Silence, detail: str = "") -> Answer:
    if not silence.left:
        return Answer(
            outcome="not_sent",
            kind="connect",
            reason="TikTok could not be reached; the message did not leave and waits.",
        )
    what = "TikTok did not answer in time" if silence.kind == "timeout" else "The connection to TikTok was lost"
    note = f" ({detail})" if detail else ""
    return Answer(outcome="unknown", kind=silence.kind, reason=f"{what}{note}; it may or may not have been sent.")
