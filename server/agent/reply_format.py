"""The form a model answers in: a strict JSON schema, and plain text where a server has none."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from server.agent.phrasebook import INTENTS
from server.agent.untrusted import clean

REPLY_CAP: Final = 2_000
"""Characters read of a reply: far over what may be sent, so that its true length can be named."""

SCHEMA: Final[Mapping[str, Any]] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["reply", "cited_skus", "intent", "needs_owner", "reason", "language", "translation"],
    "properties": {
        "reply": {
            "type": "string",
            "description": "The message to the customer, in her language, under 200 characters.",
        },
        "cited_skus": {
            "type": "array",
            "items": {"type": "string"},
            "description": "The SKU of every piece the reply speaks of, as the tools gave it.",
        },
        "intent": {"type": "string", "enum": list(INTENTS), "description": "What the customer wants most."},
        "needs_owner": {"type": "boolean", "description": "Whether the shop's owner should read this before it goes."},
        "reason": {"type": "string", "description": "Why the owner should; empty when she need not."},
        "language": {"type": "string", "description": "The reply's language, two letters such as en."},
        "translation": {
            "type": ["string", "null"],
            "description": "The reply in the owner's language when it is written in another; null otherwise.",
        },
    },
}

RESPONSE_FORMAT: Final[Mapping[str, Any]] = {
    "type": "json_schema",
    "json_schema": {"name": "reply", "strict": True, "schema": SCHEMA},
}


_FENCE: Final = re.compile(r"\A```(?:json)?\s*(.*?)\s*```\Z", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a model wrote for its last turn. Its reports on itself may only raise caution."""

    reply: str
    cited_skus: tuple[str, ...] = ()
    intent: str | None = None
    needs_owner: bool = False
    reason: str = ""
    language: str | None = None
    translation: str | None = None
    plain: bool = False
    """Whether the server ignored the schema and wrote text alone."""


def read_reply(content: str) -> Written | None:
    """Reads a model's last turn; None when it is neither the schema's object nor plain text.

    Text that begins like JSON and is not must never reach a customer, so it is not taken for plain text.
    """
    text = content.strip()
    fenced = _FENCE.match(text)
    if fenced is not None:
        text = fenced.group(1)
    if not text.startswith(("{", "[", '"')):
        return Written(reply=clean(text, REPLY_CAP), plain=True) if fenced is None else None
    try:
        given = json.loads(text)
    except ValueError:
        # A reply may well begin with a quotation mark; an object that does not parse is half an answer.
        return Written(reply=clean(text, REPLY_CAP), plain=True) if text.startswith('"') else None
    except RecursionError:
        return None
    if isinstance(given, str):
        return Written(reply=clean(given, REPLY_CAP), plain=True)
    return _read_object(given) if isinstance(given, dict) else None


def _read_object(given: Mapping[str, Any]) -> Written | None:
    reply = given.get("reply")
    if not isinstance(reply, str):
        return None
    skus = given.get("cited_skus")
    needs_owner = given.get("needs_owner")
    return Written(
        reply=clean(reply, REPLY_CAP),
        cited_skus=tuple(clean(sku, 80) for sku in skus if isinstance(sku, str)) if isinstance(skus, list) else (),
        intent=_text(given.get("intent"), 40),
        # Anything but a plain "no" counts as a wish for the owner; a missing field is a server without schemas.
        needs_owner=needs_owner is not None and needs_owner is not False,
        reason=_text(given.get("reason"), 200) or "",
        language=_text(given.get("language"), 12),
        translation=_text(given.get("translation"), REPLY_CAP),
    )


def _text(given: Any, limit: int) -> str | None:
    return clean(given, limit) or None if isinstance(given, str) else None
