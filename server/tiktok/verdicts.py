"""The answers that both dialects share, from the HTTP status alone."""

from __future__ import annotations

from server.tiktok.answer import Answer, Kind, Outcome
from server.tiktok.reply import Envelope, Reply, envelope, request_id, retry_after


def accepted(reply: Reply, frame: Envelope | None, platform_id: str | None) -> Answer:
    """Returns the one good answer."""
    return Answer(
        outcome="sent",
        kind="accepted",
        reason="TikTok accepted the message.",
        status=reply.status,
        code=frame.code if frame else None,
        platform_id=platform_id,
        answered=True,
        request_id=frame.request_id if frame else request_id(reply),
    )


def rate_limited(reply: Reply, now: int) -> Answer:
    """Returns the answer for HTTP 429: certainly not sent."""
    return Answer(
        outcome="not_sent",
        kind="rate_limited",
        reason="TikTok asks for a pause [HTTP 429]; the message was not sent and waits.",
        status=reply.status,
        retry_after=retry_after(reply, now),
        answered=True,
        request_id=request_id(reply),
    )


def server_error(reply: Reply, outcome: Outcome) -> Answer:
    """Returns the answer for HTTP 5xx; the dialects differ in what they make of it."""
    frame = envelope(reply)
    return Answer(
        outcome=outcome,
        kind="server_error",
        reason=f"TikTok failed on its side [HTTP {reply.status}].",
        status=reply.status,
        code=frame.code if frame else None,
        answered=True,
        request_id=(frame.request_id if frame else None) or request_id(reply),
    )


def refused(reply: Reply, kind: Kind) -> Answer:
    """Returns the answer for a bare HTTP refusal."""
    reason = {
        "auth": "TikTok does not accept the access token; run `philia login`",
        "window": "TikTok does not allow a message to this customer now: the reply window is closed",
    }.get(kind, "TikTok refused the message")
    return Answer(
        outcome="refused",
        kind=kind,
        reason=f"{reason} [HTTP {reply.status}].",
        status=reply.status,
        answered=True,
        request_id=request_id(reply),
    )


def no_word(reply: Reply, frame: Envelope | None) -> Answer:
    """Returns the answer for a success that does not say what was accepted: a doubt, never a yes."""
    reason = {
        "cut": "The connection to TikTok was lost while it answered",
        "timeout": "TikTok's answer did not come whole in time",
        None: "TikTok's answer could not be read",
    }[reply.broken]
    return Answer(
        outcome="unknown",
        kind=reply.broken or "unreadable",
        reason=f"{reason} [HTTP {reply.status}]; it may or may not have been sent.",
        status=reply.status,
        code=frame.code if frame else None,
        request_id=(frame.request_id if frame else None) or request_id(reply),
    )
