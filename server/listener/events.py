"""Reads the webhook bodies of both dialects as one kind of event; a pure function of the bytes.

Dialect `v1` is the shop's own specification: {"event", "event_id", "timestamp", "data": {"message": {…}}}, of which
`event` and `timestamp` may be absent. Dialect `v1.3` is TikTok's: {"event": "im_…", "user_openid", "content": "<JSON
string>"}, with no event id; sources: TikTok's webhook page and working integrations.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from store.states import Dialect

Meaning = Literal["message", "echo", "read", "listing", "referral", "unknown", "unreadable"]
"""message: a customer wrote · echo: the business wrote, here or on the phone · read: the customer has read ·
listing: something came, its text must be fetched · referral: she came from an ad · unknown: kept, nothing to do ·
unreadable: meant to be a message, but it cannot be read."""

MEANINGS: Final[Mapping[str, Meaning]] = {
    "message.received": "message",
    "im_receive_msg": "message",
    "im_send_msg": "echo",
    "im_mark_read_msg": "read",
    "im_receive_msg_eu": "listing",
    "im_send_msg_eu": "listing",
    "im_referral_msg": "referral",
}

MILLISECONDS_FROM: Final = 100_000_000_000
"""A timestamp above this is in milliseconds: as seconds it would lie in the year 5138."""


class NotAnEvent(ValueError):
    """The body is not a JSON object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """One event of the platform, in either dialect. Times are epoch milliseconds, None when the body has none."""

    dialect: Dialect
    event: str
    meaning: Meaning
    dedupe_key: str
    thread: str
    conversation: str = ""
    """As the platform names it; in dialect v1, which has no conversations, the customer's id."""
    user: str = ""
    name: str | None = None
    business_id: str = ""
    message_id: str = ""
    kind: str = "text"
    text: str = ""
    attachments: tuple[Mapping[str, Any], ...] = ()
    source: str | None = None
    """APP, WEB, API, OTHERS …, as `message_tag.source` says; None when it is absent."""
    quotes: str | None = None
    platform_at: int | None = None
    read_until: int | None = None
    fault: str | None = None
    """Why it is unreadable, in the owner's words and without the customer's."""


def challenge_of(given: Mapping[str, Any]) -> str | None:
    """Returns the challenge of a subscription check, which holds nothing else that looks like an event."""
    challenge = given.get("challenge")
    if (
        isinstance(challenge, str | int)
        and not isinstance(challenge, bool)
        and "data" not in given
        and "content" not in given
    ):
        return str(challenge)[:512]
    return None


def decode(body: bytes) -> dict[str, Any]:
    """Reads the body as a JSON object. Raises NotAnEvent in the caller's words."""
    try:
        given = json.loads(body)
    except (ValueError, RecursionError) as fault:
        raise NotAnEvent("The body is not JSON. Send an event as TikTok does: one JSON object.") from fault
    if not isinstance(given, dict):
        raise NotAnEvent(f"The body is a JSON {type(given).__name__}, not an object. Send one event as an object.")
    return given


def read(body: bytes) -> Inbound:
    """Reads one event. Raises NotAnEvent for what is not a JSON object, and never anything else."""
    return read_decoded(decode(body), body)


def read_decoded(given: Mapping[str, Any], body: bytes) -> Inbound:
    """Reads an event that is decoded already; `body` gives the last resort of a dedupe key."""
    event = _text(given.get("event"))
    try:
        if event.startswith("im_") or (not event and isinstance(given.get("content"), str) and "user_openid" in given):
            return _read_v1_3(event, given, body)
        return _read_v1(event, given, body)
    except _Fault as fault:
        dialect: Dialect = "v1.3" if event.startswith("im_") else "v1"
        return Inbound(
            dialect=dialect,
            event=event or "?",
            meaning="unreadable",
            dedupe_key=_hash_key(body),
            thread="",
            fault=str(fault),
        )


class _Fault(ValueError):
    """A field that a message must have is missing or of the wrong type."""


def _read_v1(event: str, given: Mapping[str, Any], body: bytes) -> Inbound:
    event_id = _identifier(given.get("event_id"))
    key = f"v1:{event_id}" if event_id else _hash_key(body)
    data = given.get("data")
    message = data.get("message") if isinstance(data, dict) else None
    named = event or ("message.received" if message is not None else "")
    if MEANINGS.get(named) != "message":
        return Inbound(dialect="v1", event=named or "?", meaning="unknown", dedupe_key=key, thread="")
    if not isinstance(message, dict):
        raise _Fault("data.message is missing or not an object")
    user = _identifier(message.get("from_user_id"))
    if not user:
        raise _Fault("data.message.from_user_id is missing or not text")
    content = message.get("content")
    if isinstance(content, dict):
        content = content.get("text")
    if not isinstance(content, str):
        raise _Fault("data.message.content is missing or not text")
    return Inbound(
        dialect="v1",
        event=named,
        meaning="message",
        dedupe_key=key,
        thread=f"v1:{user}",
        conversation=user,
        user=user,
        name=_text(message.get("from_user_name")) or None,
        message_id=event_id or key,
        text=_text(content),
        platform_at=_milliseconds(given.get("timestamp")),
    )


def _read_v1_3(event: str, given: Mapping[str, Any], body: bytes) -> Inbound:
    meaning = MEANINGS.get(event, "unknown")
    if meaning == "unknown":
        return Inbound(dialect="v1.3", event=event or "?", meaning="unknown", dedupe_key=_hash_key(body), thread="")
    if meaning == "listing":
        return _read_listing(event, given, body)
    content = _content(given.get("content"))
    conversation = _identifier(content.get("conversation_id"))
    if not conversation:
        raise _Fault("content.conversation_id is missing or not text")
    business = _identifier(given.get("user_openid"))
    sender, receiver = _person(content.get("from_user")), _person(content.get("to_user"))
    if meaning == "message" and (
        sender.get("role") == "business_account" or (business and _identifier(sender.get("id")) == business)
    ):
        meaning = "echo"
    message_id = _identifier(content.get("message_id"))
    if meaning in {"message", "echo"} and not message_id:
        raise _Fault("content.message_id is missing or not text")
    customer, name = (receiver, content.get("to")) if meaning == "echo" else (sender, content.get("from"))
    kind = (_text(content.get("type")) or "text").lower()
    read_until = None
    key = f"{event}:{conversation}:{message_id}" if message_id else _hash_key(body)
    if meaning == "read":
        mark = content.get("read")
        read_until = _milliseconds(mark.get("last_read_timestamp") if isinstance(mark, dict) else None)
        if read_until is None:
            raise _Fault("content.read.last_read_timestamp is missing or not a time")
        key = f"{event}:{conversation}:{read_until}"
    tag, quoted = content.get("message_tag"), content.get("referenced_message_info")
    return Inbound(
        dialect="v1.3",
        event=event,
        meaning=meaning,
        dedupe_key=key,
        thread=f"v1.3:{conversation}",
        conversation=conversation,
        user=_identifier(customer.get("id")) or conversation,
        name=_text(name) or None,
        business_id=business,
        message_id=message_id,
        kind=kind,
        text=text_of(kind, content),
        attachments=attachments_of(kind, content),
        source=(_text(tag.get("source")) or None) if isinstance(tag, dict) else None,
        quotes=_identifier(quoted.get("referenced_message_id")) or None if isinstance(quoted, dict) else None,
        platform_at=_milliseconds(content.get("timestamp")),
        read_until=read_until,
    )


def _read_listing(event: str, given: Mapping[str, Any], body: bytes) -> Inbound:
    """Reads an event that says that something came; whether it says in which conversation differs between accounts."""
    try:
        content = _content(given.get("content"))
    except _Fault:
        content = {}
    conversation, message_id = _identifier(content.get("conversation_id")), _identifier(content.get("message_id"))
    return Inbound(
        dialect="v1.3",
        event=event,
        meaning="listing",
        dedupe_key=f"{event}:{conversation}:{message_id}" if message_id else _hash_key(body),
        thread=f"v1.3:{conversation}" if conversation else "",
        conversation=conversation,
        business_id=_identifier(given.get("user_openid")),
        message_id=message_id,
        platform_at=_milliseconds(content.get("timestamp")),
    )


def text_of(kind: str, content: Mapping[str, Any]) -> str:
    """Returns the words of a v1.3 message of any type; "" for one that has none."""
    part = content.get("text" if kind == "text" else kind)
    if isinstance(part, dict):
        return _text(part.get("body") or part.get("text") or part.get("caption"))
    return _text(part) if kind in {"text", "emoji", "reaction"} else ""


def attachments_of(kind: str, content: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """Returns what a v1.3 message carries besides words: [{"type", …its own scalar fields}]."""
    if kind == "text":
        return ()
    part = content.get(kind)
    scalars = {
        _text(key): _text(value) if isinstance(value, str) else value
        for key, value in (part.items() if isinstance(part, dict) else ())
        if isinstance(value, str | int | float | bool) and not (isinstance(value, float) and not math.isfinite(value))
    }
    return ({**scalars, "type": kind},)


def _content(given: Any) -> Mapping[str, Any]:
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError) as fault:
            raise _Fault("content is not JSON") from fault
    if not isinstance(given, dict):
        raise _Fault("content is missing or not an object")
    return given


def _person(given: Any) -> Mapping[str, Any]:
    return given if isinstance(given, dict) else {}


def _text(given: Any) -> str:
    """Returns a string that SQLite and a terminal's encoder take: a lone surrogate becomes U+FFFD, all else stays."""
    if not isinstance(given, str):
        return ""
    if given.isascii():
        return given
    return given.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _identifier(given: Any) -> str:
    if isinstance(given, bool):
        return ""
    return str(given) if isinstance(given, int) else _text(given)


def _milliseconds(given: Any) -> int | None:
    if isinstance(given, str):
        given = float(given) if given.strip().isdigit() and len(given) < 20 else None
    if (
        isinstance(given, bool)
        or not isinstance(given, int | float)
        or not math.isfinite(given)
        or not 0 < given < 1e15
    ):
        return None
    return int(given if given >= MILLISECONDS_FROM else given * 1000)


def _hash_key(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"
