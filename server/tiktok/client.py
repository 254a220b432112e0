"""The client of TikTok's message API: one object for a shop's account, both dialects."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Final, Self

from server.tiktok import listing, media, v1, v1_3
from server.tiktok.answer import Answer, Dialect
from server.tiktok.calls import Caller
from server.tiktok.errors import (
    TikTokNoAnswer,
    TikTokRateLimitError,
    TikTokServerError,
    TikTokUnreachable,
    TikTokUnreadable,
)
from server.tiktok.listing import ConversationKind, ConversationPage, ListedConversation, MessageListing
from server.tiktok.media import Media, MediaKind
from server.tiktok.reply import without_quotes
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
        self._calls = Caller(self.base_url, timeout_seconds=timeout_seconds, clock=clock)

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
        await self._calls.aclose()

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
        speak = v1.send_body if dialect == "v1" else v1_3.send_body
        return await self._send(dialect, speak(self.business_id, recipient, text))

    async def send_image(self, conversation_id: str, media_id: str) -> Answer:
        """Sends an uploaded picture once, in v1.3, and returns what is known afterwards, as `send` does."""
        return await self._send("v1.3", v1_3.image_body(self.business_id, conversation_id, media_id))

    async def show_typing(self, conversation_id: str) -> None:
        """Shows the customer for five seconds that an answer is being written; raises TikTokError."""
        await self._act(conversation_id, "TYPING")

    async def mark_read(self, conversation_id: str) -> None:
        """Shows the customer that her messages were read; raises TikTokError."""
        await self._act(conversation_id, "MARK_READ")

    async def list_conversations(
        self, kind: ConversationKind, *, limit: int = listing.PAGE, cursor: int = 0
    ) -> ConversationPage:
        """Returns one page of the conversations of the last 90 days, the newest first; raises TikTokError."""
        query = {
            "business_id": self.business_id,
            "conversation_type": kind,
            "limit": str(limit),
            "cursor": str(cursor),
        }
        data = await self._calls.get("/business/message/conversation/list/", query, self._token)
        return listing.read_conversations(data, kind)

    async def list_all_conversations(self) -> tuple[ListedConversation, ...]:
        """Returns the conversations of both kinds, page by page, without repeats; raises TikTokError."""
        found: dict[str, ListedConversation] = {}
        for kind in listing.KINDS:
            cursor = 0
            # TikTok lists 100 altogether; the bound holds even if `has_more` never ends.
            for _ in range(listing.PAGE):
                page = await self.list_conversations(kind, cursor=cursor)
                found |= {each.conversation_id: each for each in page.conversations}
                if not page.has_more or page.cursor <= cursor:
                    break
                cursor = page.cursor
        return tuple(found.values())

    async def list_messages(self, conversation_id: str) -> MessageListing:
        """Returns the newest messages of a conversation, 20 at most; raises TikTokError."""
        query = {"business_id": self.business_id, "conversation_id": conversation_id}
        data = await self._calls.get("/business/message/content/list/", query, self._token)
        return listing.read_messages(data, self.business_id)

    async def can_send_images(self, conversation_id: str, kind: ConversationKind = "SINGLE") -> bool:
        """Returns whether TikTok lets pictures be sent here: many countries cannot; raises TikTokError."""
        query = {
            "business_id": self.business_id,
            "conversation_id": conversation_id,
            "conversation_type": kind,
            "capability_types": '["IMAGE_SEND"]',
        }
        data = await self._calls.get("/business/message/capabilities/get/", query, self._token)
        infos = data.get("capability_infos")
        return any(
            isinstance(info, dict)
            and info.get("capability_type") == "IMAGE_SEND"
            and info.get("capability_result") is True
            for info in (infos if isinstance(infos, list) else ())
        )

    async def download_media(
        self, conversation_id: str, message_id: str, media_id: str, kind: MediaKind = "IMAGE"
    ) -> Media:
        """Returns a picture or a film that a customer sent; raises TikTokError."""
        body = {
            "business_id": self.business_id,
            "conversation_id": conversation_id,
            "message_id": message_id,
            "media_id": media_id,
            "media_type": kind,
        }
        data = await self._calls.post("/business/message/media/download/", body, self._token)
        return await media.fetch(str(data.get("download_url", "")), self._token, self.timeout_seconds)

    async def upload_image(self, content: bytes) -> str:
        """Uploads a JPG or PNG of at most 3 MB and returns its media id, good for 30 days.

        Raises ValueError for what TikTok does not take, TikTokError for the rest.
        """
        fields = {"business_id": self.business_id, "media_type": "IMAGE"}
        part = media.upload_part(content)
        data = await self._calls.upload(
            "/business/message/media/upload/", fields, part, self._token, seconds=media.FETCH_SECONDS
        )
        media_id = data.get("media_id")
        if not isinstance(media_id, str) or not media_id:
            raise TikTokUnreadable("TikTok took the picture and gave no id for it; upload it again.")
        return media_id

    async def _act(self, conversation_id: str, action: str) -> None:
        body = v1_3.action_body(self.business_id, conversation_id, action)
        await self._calls.post("/business/message/send/", body, self._token)

    async def _send(self, dialect: Dialect, body: Mapping[str, Any]) -> Answer:
        try:
            content = json_bytes(body)
        except UnicodeEncodeError:
            return _unsendable("it holds half a character that cannot be written")
        path = v1.SEND_PATH if dialect == "v1" else v1_3.SEND_PATH
        headers = JSON_HEADERS | {"Access-Token": self._token}
        request = self._sending.build_request("POST", path, content=content, headers=headers)
        try:
            reply = await exchange(self._sending, request, self.timeout_seconds)
        except Exception as error:  # noqa: BLE001  # whatever it is, the request may have left: only a doubt is true
            LOG.error("A send broke off unexpectedly: %s", type(error).__name__)  # noqa: TRY400  # it may quote the text
            return _silent(Silence(left=True, kind="cut"), type(error).__name__)
        if isinstance(reply, Silence):
            return _silent(reply)
        read = v1.read_send if dialect == "v1" else v1_3.read_send
        return read(without_quotes(reply, (self._token, *_words(body))), self._clock())


def _words(body: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(part[name]) for part in body.values() if isinstance(part, dict) for name in part)


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
