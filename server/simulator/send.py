"""How this TikTok takes messages: both dialects, the channel's rules, one fault a message, and the echo."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from server.simulator.answers import FaultyResponse, envelope
from server.simulator.platform import Conversation, Message
from server.simulator.refusals import Wrong, check_token, read_json
from server.simulator.requests import Recorded
from server.simulator.world import Dialect, World

TEXT_LIMIT: Final = 6_000
ECHO_PATIENCE: Final = 2.0
"""Seconds that an answer waits for the echo that is to come before it."""

V1_KEYS: Final = frozenset({"business_id", "recipient_id", "message_type", "content"})
V13_KEYS: Final = frozenset({"business_id", "recipient_type", "recipient", "message_type"})
V13_PAYLOADS: Final[Mapping[str, str]] = {
    "TEXT": "text",
    "IMAGE": "image",
    "SHARE_POST": "share_post",
    "TEMPLATE": "template",
    "SENDER_ACTION": "sender_action",
}


class Sending:
    """The handlers of the two send calls over one world."""

    def __init__(self, world: World) -> None:
        """Takes the world."""
        self.world = world

    async def send_v1(self, request: Request, body: bytes, recorded: Recorded) -> Response:
        """Takes a message in dialect v1, where the HTTP status tells."""
        check_token(self.world.tokens, request, 401)
        content = read_json(body, status=400)
        if set(content) != V1_KEYS or content["message_type"] != "text":
            raise Wrong(40002, "Exactly business_id, recipient_id, message_type and content are expected.", 400)
        text = content["content"].get("text") if isinstance(content["content"], dict) else None
        if not isinstance(text, str) or not text or set(content["content"]) != {"text"}:
            raise Wrong(40002, "content.text is invalid.", 400)
        payload = {"body": text}
        return await self.take("v1", str(content["recipient_id"]), "TEXT", payload, None, recorded)

    async def send_v13(self, request: Request, body: bytes, recorded: Recorded) -> Response:
        """Takes a message in dialect v1.3, where a code inside HTTP 200 tells."""
        check_token(self.world.tokens, request)
        content = read_json(body)
        kind = content.get("message_type")
        field = V13_PAYLOADS.get(kind) if isinstance(kind, str) else None
        extra = set(content) - V13_KEYS - {field}
        if field is None or not V13_KEYS | {field} <= set(content) or extra - {"referenced_message_info"}:
            raise Wrong(40002, "The fields do not fit the message_type.")
        if content["recipient_type"] != "CONVERSATION":
            raise Wrong(40002, "Param recipient_type is invalid.")
        recipient, payload = str(content["recipient"]), content[field]
        if kind == "SENDER_ACTION":
            return self.act(recipient, payload, recorded)
        check_payload(str(kind), payload, self.world.uploads)
        quoted = content.get("referenced_message_info")
        referenced = quoted.get("referenced_message_id") if isinstance(quoted, dict) else None
        return await self.take("v1.3", recipient, str(kind), payload, referenced, recorded)

    async def take(
        self,
        dialect: Dialect,
        recipient: str,
        kind: str,
        payload: dict[str, Any],
        referenced: str | None,
        recorded: Recorded,
    ) -> Response:
        """Plays the next fault on a send: stores the message or not, echoes it or not, answers or not."""
        world = self.world
        fault = world.faults.plans["send"].next()
        recorded.fault = fault.played
        conversation = world.platform.find(dialect, recipient)
        refusal = world.platform.refuse(conversation) if fault.applied else None
        if refusal is not None or (conversation is None and fault.applied):
            assert refusal is not None
            recorded.code = refusal.code
            raise Wrong(refusal.code, refusal.message, refusal.status if dialect == "v1" else 200)
        request_id = recorded.request_id
        if not fault.applied or conversation is None:
            recorded.code = fault.code
            return FaultyResponse(fault, envelope({}, request_id), request_id)
        message = world.platform.accept(
            dialect,
            conversation,
            recipient,
            kind,
            payload,
            request=recorded.number,
            fault=recorded.fault,
            referenced=referenced,
        )
        world.answered(conversation)
        honest = envelope({"message": {"message_id": message.message_id}}, request_id)
        response = FaultyResponse(fault, honest, request_id)
        await self.plan_echo(dialect, conversation, message, response)
        return response

    async def plan_echo(
        self, dialect: Dialect, conversation: Conversation, message: Message, response: FaultyResponse
    ) -> None:
        """Echoes an accepted message now, or has it done when the answer is out."""
        world = self.world
        mode = world.echo_plan(dialect)
        if mode == "before":
            (delivery,) = world.post_echo(conversation, message)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(delivery.tried.wait(), ECHO_PATIENCE)
        elif mode == "held":
            world.hold_echo(conversation, message)
        elif mode != "never":
            times = 2 if mode == "twice" else 1
            response.afterwards = lambda: world.post_echo(conversation, message, times)

    def act(self, recipient: str, action: object, recorded: Recorded) -> Response:
        """Takes a sender action; nothing is sent, so the id is empty."""
        if action not in ("TYPING", "MARK_READ"):
            raise Wrong(40002, "Param sender_action is invalid.")
        conversation = self.world.platform.conversations.get(recipient)
        if conversation is None:
            raise Wrong(40007, "The conversation does not exist.")
        conversation.actions.append(str(action))
        return JSONResponse(envelope({"message": {"message_id": ""}}, recorded.request_id))


def check_payload(kind: str, payload: object, uploads: Mapping[str, bytes]) -> None:
    """Raises Wrong when the part of a message that its type asks for is not as documented."""
    fields = {"TEXT": "body", "IMAGE": "media_id", "SHARE_POST": "item_id"}
    if not isinstance(payload, dict):
        raise Wrong(40002, f"The {kind} is invalid.")
    if kind not in fields:
        return
    value = payload.get(fields[kind])
    if set(payload) != {fields[kind]} or not isinstance(value, str) or not value:
        raise Wrong(40002, f"The {kind} is invalid.")
    if kind == "TEXT" and len(value) > TEXT_LIMIT:
        raise Wrong(40002, "The text is too long.")
    if kind == "IMAGE" and value not in uploads:
        raise Wrong(40007, "The media does not exist.")
