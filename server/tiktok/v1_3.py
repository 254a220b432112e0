"""The `v1.3` dialect: TikTok's public Business Messaging API, where failure is a code inside HTTP 200.

Source: TikTok's Business Messaging documentation; where it is silent, public integrations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from server.tiktok.answer import Answer, Kind, Outcome
from server.tiktok.reply import Envelope, Reply, envelope, retry_after
from server.tiktok.verdicts import accepted, no_word, rate_limited, refused, server_error

PREFIX: Final = "/open_api/v1.3"
SEND_PATH: Final = f"{PREFIX}/business/message/send/"
TEXT_LIMIT: Final = 6_000
"""Characters in one text message, as documented."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a code says about the message."""

    outcome: Outcome
    kind: Kind
    reason: str


CODES: Final[Mapping[int, Meaning]] = {
    40001: Meaning("refused", "refused", "TikTok says this account has no permission to send; run `philia doctor`"),
    40002: Meaning("refused", "refused", "TikTok did not accept the form of the message"),
    40007: Meaning("refused", "refused", "TikTok does not know this conversation any more"),
    40064: Meaning("refused", "window", "TikTok's message rules forbid it: the reply window or the quota is over"),
    40100: Meaning("not_sent", "rate_limited", "TikTok asks for a pause; the message was not sent and waits"),
    40105: Meaning("refused", "auth", "TikTok does not accept the access token; run `philia login`"),
    40908: Meaning("refused", "refused", "TikTok does not accept this type of file"),
    51065: Meaning("unknown", "server_error", "TikTok reported an error of its own; it may or may not have been sent"),
}
"""The documented codes. Others in 40000 to 49999 are the caller's fault and refusals; all the rest leave a doubt."""

TOO_FAST: Final = Meaning("refused", "too_fast", "TikTok says messages are being sent too fast; sending pauses")
CALLER_FAULT: Final = Meaning("refused", "refused", "TikTok refused the message")
DOUBT: Final = Meaning("unknown", "server_error", "TikTok answered with an error that leaves the outcome open")


def send_body(business_id: str, recipient: str, text: str) -> dict[str, Any]:
    """Returns the body of a text message to a conversation id, exactly the documented keys."""
    return {
        "business_id": business_id,
        "recipient_type": "CONVERSATION",
        "recipient": recipient,
        "message_type": "TEXT",
        "text": {"body": text},
    }


def image_body(business_id: str, recipient: str, media_id: str) -> dict[str, Any]:
    """Returns the body of a message that is one uploaded picture; text and picture never go together."""
    return {
        "business_id": business_id,
        "recipient_type": "CONVERSATION",
        "recipient": recipient,
        "message_type": "IMAGE",
        "image": {"media_id": media_id},
    }


def action_body(business_id: str, recipient: str, action: str) -> dict[str, Any]:
    """Returns the body of a sender action, `TYPING` or `MARK_READ`; it sends nothing."""
    return {
        "business_id": business_id,
        "recipient_type": "CONVERSATION",
        "recipient": recipient,
        "message_type": "SENDER_ACTION",
        "sender_action": action,
    }


def meaning(code: int, message: str) -> Meaning:
    """Returns what a code other than 0 says; 40064 has two meanings, told apart by TikTok's words."""
    if code == 40064 and "too fast" in message.lower():
        return TOO_FAST
    known = CODES.get(code)
    if known is not None:
        return known
    return CALLER_FAULT if 40000 <= code <= 49999 else DOUBT


def read_code(reply: Reply, frame: Envelope, now: int) -> Answer:
    """Returns the answer for a frame whose code is not 0."""
    code = frame.code if frame.code is not None else -1
    said = meaning(code, frame.message)
    words = f" ({frame.message})" if frame.message else ""
    return Answer(
        outcome=said.outcome,
        kind=said.kind,
        reason=f"{said.reason} [{code}]{words}.",
        status=reply.status,
        code=frame.code,
        retry_after=retry_after(reply, now) if said.kind == "rate_limited" else None,
        answered=True,
        request_id=frame.request_id,
    )


def read_send(reply: Reply, now: int) -> Answer:
    """Returns what the answer to a send means; `now` in epoch milliseconds."""
    if reply.status >= 500:
        return server_error(reply, "unknown")
    frame = envelope(reply)
    if frame is not None and frame.code not in (0, None):
        return read_code(reply, frame, now)
    if reply.status == 429:
        return rate_limited(reply, now)
    if 200 <= reply.status < 300 or (frame is not None and frame.code == 0):
        identity = frame.message_id if frame is not None and reply.status == 200 else None
        if identity is None:
            return no_word(reply, frame)
        return accepted(reply, frame, identity)
    return refused(reply, "auth" if reply.status == 401 else "refused")
