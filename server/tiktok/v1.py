"""The `v1` dialect: the shop's own specification of the send call, where the HTTP status decides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from server.tiktok.answer import Answer, Kind
from server.tiktok.reply import Reply, envelope
from server.tiktok.v1_3 import read_code
from server.tiktok.verdicts import accepted, no_word, rate_limited, refused, server_error

PREFIX: Final = "/open_api/v1"
SEND_PATH: Final = f"{PREFIX}/business/message/send/"
REFUSALS: Final[Mapping[int, Kind]] = {401: "auth", 403: "window"}
"""What a bare refusal means; any other is only a refusal."""


def send_body(business_id: str, recipient_id: str, text: str) -> dict[str, Any]:
    """Returns the body of a text message to a user's open id, exactly the specified keys."""
    return {
        "business_id": business_id,
        "recipient_id": recipient_id,
        "message_type": "text",
        "content": {"text": text},
    }


def read_send(reply: Reply, now: int) -> Answer:
    """Returns what the answer to a send means; `now` in epoch milliseconds.

    A 200 is a yes unless its body is JSON with a code other than 0, which is then read as in v1.3. A 5xx is reported
    as not sent with the kind `server_error`: whether to retry or to ask is the sender's setting. A 2xx other than
    200, or a 200 whose body broke off before it could contradict, is a doubt.
    """
    if reply.status >= 500:
        return server_error(reply, "not_sent")
    if reply.status == 429:
        return rate_limited(reply, now)
    if 200 <= reply.status < 300:
        frame = envelope(reply)
        if frame is not None and frame.code not in (0, None):
            return read_code(reply, frame, now)
        if reply.status != 200 or reply.broken is not None:
            return no_word(reply, frame)
        return accepted(reply, frame, frame.message_id if frame else None)
    return refused(reply, REFUSALS.get(reply.status, "refused"))
