"""What the listener promises to take and to answer, written by hand as OpenAPI: the program itself serves none."""

from __future__ import annotations

from typing import Any, Final

_TEXT: Final = {"type": "string"}
_PERSON: Final = {"type": "object", "properties": {"id": _TEXT, "role": _TEXT}}

_V1: Final = {
    "type": "object",
    "required": ["event_id", "data"],
    "properties": {
        "event": {"enum": ["message.received"]},
        "event_id": {"type": "string", "minLength": 1},
        "timestamp": {"type": "number"},
        "data": {
            "type": "object",
            "required": ["message"],
            "properties": {
                "message": {
                    "type": "object",
                    "required": ["from_user_id", "content"],
                    "properties": {"from_user_id": {"type": "string", "minLength": 1}, "content": _TEXT},
                }
            },
        },
    },
}

_CONTENT: Final = {
    "type": "object",
    "properties": {
        "from": _TEXT,
        "from_user": _PERSON,
        "to_user": _PERSON,
        "conversation_id": {"type": "string", "minLength": 1},
        "message_id": {"type": "string", "minLength": 1},
        "timestamp": {"type": "integer"},
        "type": {"enum": ["text", "image", "share_post", "video", "emoji", "sticker", "reaction", "template", "new"]},
        "text": {"type": "object", "properties": {"body": _TEXT}},
        "image": {"type": "object", "properties": {"media_id": _TEXT}},
        "message_tag": {"type": "object", "properties": {"source": _TEXT}},
        "read": {"type": "object", "properties": {"last_read_timestamp": {"type": "integer"}}},
    },
}

_V1_3: Final = {
    "type": "object",
    "required": ["event", "user_openid", "content"],
    "properties": {
        "client_key": _TEXT,
        "event": {
            "enum": [
                "im_receive_msg",
                "im_send_msg",
                "im_mark_read_msg",
                "im_receive_msg_eu",
                "im_send_msg_eu",
                "im_referral_msg",
                "im_something_new",
            ]
        },
        "create_time": {"type": "integer"},
        "user_openid": _TEXT,
        "content": {"anyOf": [{"type": "string", "contentMediaType": "application/json"}, _CONTENT]},
    },
}

_STATUS: Final = {
    "application/json": {
        "schema": {"type": "object", "required": ["status"], "properties": {"status": _TEXT, "detail": _TEXT}}
    }
}
_PLAIN: Final = {"text/plain": {"schema": _TEXT}}


def _answers(*codes: int, plain: bool = False) -> dict[str, Any]:
    taken = {"200": {"description": "taken", "content": {**_STATUS, **(_PLAIN if plain else {})}}}
    return taken | {str(code): {"description": "refused, and why", "content": _STATUS} for code in codes}


def document(path: str) -> dict[str, Any]:
    """Returns the document of a listener whose webhook has this path."""
    challenge = {"name": "challenge", "in": "query", "required": False, "schema": _TEXT}
    body = {"required": True, "content": {"application/json": {"schema": {"anyOf": [_V1, _V1_3]}}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "The listener", "version": "1"},
        "paths": {
            path: {
                # A body that holds a challenge and no event is a subscription check, and echoed.
                "post": {"requestBody": body, "responses": _answers(400, 401, 408, 413, 429, 503, plain=True)},
                "get": {"parameters": [challenge], "responses": _answers(404, plain=True)},
            },
            "/healthz": {"get": {"responses": _answers()}},
            "/readyz": {"get": {"responses": _answers(503)}},
        },
    }
