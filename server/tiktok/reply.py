"""An HTTP answer of TikTok's, read without trust: HTML, nothing at all and half a body come in the wild."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from typing import Any, Final, Literal

MESSAGE_LIMIT: Final = 200
"""Characters of TikTok's own words that are kept; an error page would be longer than the screen."""


@dataclass(frozen=True, slots=True)
class Reply:
    """Status, headers (names in lower case) and body as they came.

    `broken` tells why the body is not whole: the connection was lost, or time ran out. None when it is whole.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    broken: Literal["cut", "timeout"] | None = None


@dataclass(frozen=True, slots=True)
class Envelope:
    """The frame around every JSON answer.

    `code` is None when it is absent, and -1 when something stands there that is no number: never mistaken for 0.
    `data` is empty when it is absent or not an object.
    """

    code: int | None
    message: str
    request_id: str | None
    data: Mapping[str, Any]

    @property
    def message_id(self) -> str | None:
        """The id of an accepted message, at `data.message.message_id` and nowhere else; None when absent or empty."""
        message = self.data.get("message")
        found = message.get("message_id") if isinstance(message, dict) else None
        return found if isinstance(found, str) and found else None


def envelope(reply: Reply) -> Envelope | None:
    """Returns the frame of a whole JSON object, None for anything else."""
    if reply.broken is not None:
        return None
    try:
        content = json.loads(reply.body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(content, dict):
        return None
    data = content.get("data")
    return Envelope(
        code=_code(content.get("code")),
        message=plain(content.get("message")),
        request_id=plain(content.get("request_id")) or request_id(reply),
        data=data if isinstance(data, dict) else {},
    )


def without_quotes(reply: Reply, words: Iterable[str]) -> Reply:
    """Returns the answer without its message if that quotes any of the words: it will stand in a log and the journal.

    Words of under 8 characters are passed over: TikTok's own sentences hold those.
    """
    try:
        content = json.loads(reply.body)
    except (ValueError, RecursionError):
        return reply
    message = content.get("message") if isinstance(content, dict) else None
    forms = {form for word in words if len(word) >= 8 for form in (word, json.dumps(word)[1:-1], ascii(word)[1:-1])}
    if not isinstance(message, str) or not any(form in message for form in forms):
        return reply
    return replace(reply, body=json.dumps({**content, "message": ""}).encode())


def request_id(reply: Reply) -> str | None:
    """Returns TikTok's number for the call from the headers, None when there is none."""
    return plain(reply.headers.get("x-tt-logid")) or None


def retry_after(reply: Reply, now: int) -> float | None:
    """Returns the seconds that a Retry-After header asks for, None without a usable one.

    Both forms are read, seconds and a date; a date is compared with TikTok's own Date where given, else with `now`
    (epoch milliseconds), so that a wrong clock here does not matter.
    """
    text = reply.headers.get("retry-after", "").strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        until = _epoch(text)
        if until is None:
            return None
        at = _epoch(reply.headers.get("date", ""))
        seconds = until - (at if at is not None else now / 1_000)
    return max(0.0, seconds) if math.isfinite(seconds) else None


def plain(value: object) -> str:
    """Returns text fit for a log line: printable characters only, at most 200; empty when it is no text."""
    if not isinstance(value, str):
        return ""
    return "".join(character if character.isprintable() else " " for character in value[:MESSAGE_LIMIT]).strip()


def _code(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return -1
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit() and len(value) <= 12:
        return int(value)
    return -1


def _epoch(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
