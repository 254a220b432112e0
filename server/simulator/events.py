"""The bodies of webhooks, in both dialects, as TikTok writes them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from server.simulator.platform import Conversation, Message


@dataclass(frozen=True, slots=True)
class Account:
    """Whose webhooks these are, and what TikTok leaves out of them: it documents neither when roles nor tags come."""

    business_id: str
    client_key: str
    roles: bool = True
    tags: bool = True


@dataclass(frozen=True, slots=True)
class Event:
    """One webhook to deliver: the body's bytes never change, however often it is posted."""

    name: str
    conversation_id: str
    body: bytes
    event_id: str


def received_v1(conversation: Conversation, message: Message) -> Event:
    """Returns `message.received` of dialect v1; it carries text and nothing else."""
    body = {
        "event": "message.received",
        "event_id": message.message_id,
        "timestamp": message.timestamp // 1_000,
        "data": {"message": {"from_user_id": conversation.customer, "content": message.text}},
    }
    return Event("message.received", conversation.conversation_id, json_bytes(body), message.message_id)


def received(conversation: Conversation, message: Message, account: Account) -> Event:
    """Returns `im_receive_msg`: a message of the customer."""
    return _message_event("im_receive_msg", conversation, message, account)


def sent(conversation: Conversation, message: Message, account: Account) -> Event:
    """Returns `im_send_msg`: the echo of a message of the business, whoever wrote it."""
    return _message_event("im_send_msg", conversation, message, account)


def received_eu(conversation: Conversation, message: Message, account: Account) -> Event:
    """Returns `im_receive_msg_eu`: says that something came, and neither what nor where."""
    content = {"timestamp": message.timestamp}
    return _envelope("im_receive_msg_eu", conversation, content, message.timestamp, account)


def read(conversation: Conversation, until: int, account: Account) -> Event:
    """Returns `im_mark_read_msg`: the customer has read everything up to a time in milliseconds."""
    content = _people(conversation, account, from_business=False) | {
        "conversation_id": conversation.conversation_id,
        "timestamp": until,
        "read": {"last_read_timestamp": until},
    }
    return _envelope("im_mark_read_msg", conversation, content, until, account)


def referral(conversation: Conversation, at: int, ad: dict[str, Any], account: Account) -> Event:
    """Returns `im_referral_msg`: the customer came from an advertisement; there is no message in it."""
    content = _people(conversation, account, from_business=False) | {
        "conversation_id": conversation.conversation_id,
        "timestamp": at,
        "referral": {"source": "ad", "ad": ad},
    }
    return _envelope("im_referral_msg", conversation, content, at, account)


def _message_event(name: str, conversation: Conversation, message: Message, account: Account) -> Event:
    content = _people(conversation, account, from_business=message.from_business) | {
        "conversation_id": conversation.conversation_id,
        "message_id": message.message_id,
        "timestamp": message.timestamp,
        "type": message.type,
        message.type: message.body,
    }
    if account.tags:
        content["message_tag"] = {"source": message.source}
    if message.referenced is not None:
        content["referenced_message_info"] = {"referenced_message_id": message.referenced}
    return _envelope(name, conversation, content, message.timestamp, account)


def _people(conversation: Conversation, account: Account, *, from_business: bool) -> dict[str, Any]:
    customer = {"id": conversation.customer} | ({"role": "personal_account"} if account.roles else {})
    business = {"id": account.business_id} | ({"role": "business_account"} if account.roles else {})
    return {
        "from": "shop" if from_business else conversation.name,
        "to": conversation.name if from_business else "shop",
        "unique_identifier": conversation.customer,
        "from_user": business if from_business else customer,
        "to_user": customer if from_business else business,
    }


def _envelope(name: str, conversation: Conversation, content: dict[str, Any], at: int, account: Account) -> Event:
    body = {
        "client_key": account.client_key,
        "event": name,
        "create_time": at // 1_000,
        "user_openid": account.business_id,
        # A string that holds JSON, not an object: so TikTok sends it.
        "content": json.dumps(content, ensure_ascii=False, separators=(",", ":")),
    }
    return Event(name, conversation.conversation_id, json_bytes(body), str(content.get("message_id", "")))


def json_bytes(body: object) -> bytes:
    """Returns compact JSON; half a surrogate pair, which UTF-8 cannot hold, is left as its escape."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")
