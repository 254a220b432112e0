"""What the two listings of TikTok answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from server.simulator.platform import Conversation, Message, Platform
from store.clock import DAY

KINDS: Final = ("STRANGER", "SINGLE")
LIMIT: Final = 100
REACH: Final = 90 * DAY


def conversations(platform: Platform, query: Mapping[str, str]) -> dict[str, Any]:
    """Returns a page of conversations of one kind, the newest first; raises ValueError with TikTok's words."""
    kind = query.get("conversation_type", "")
    if kind not in KINDS:
        raise ValueError("Param conversation_type is invalid.")
    try:
        limit, cursor = int(query.get("limit", LIMIT)), int(query.get("cursor", 0))
    except ValueError:
        raise ValueError("Param limit or cursor is invalid.") from None
    if not 1 <= limit <= LIMIT or cursor < 0:
        raise ValueError("Param limit or cursor is invalid.")
    since = platform.now() - REACH
    dated = [
        (found[-1].timestamp, conversation)
        for conversation in platform.conversations.values()
        if conversation.kind == kind and (found := platform.listed(conversation)) and found[-1].timestamp >= since
    ]
    dated.sort(key=lambda pair: (-pair[0], pair[1].conversation_id))
    page = dated[:LIMIT][cursor : cursor + limit]
    more = cursor + limit < min(len(dated), LIMIT)
    return {
        "conversations": [
            {"conversation_id": conversation.conversation_id, "update_time": at} for at, conversation in page
        ],
        "has_more": more,
        "cursor": cursor + len(page),
    }


def contents(platform: Platform, conversation: Conversation) -> dict[str, Any]:
    """Returns the newest messages of a conversation and who takes part in it."""
    return {
        "messages": [as_listed(platform, conversation, message) for message in platform.listed(conversation)],
        "participants": [
            {"role": "BUSINESS_ACCOUNT", "id": platform.business_id, "display_name": "shop", "profile_image": ""},
            {
                "role": "PERSONAL_ACCOUNT",
                "id": conversation.customer,
                "display_name": conversation.name,
                "profile_image": "",
                "is_follower": False,
            },
        ],
    }


def as_listed(platform: Platform, conversation: Conversation, message: Message) -> dict[str, Any]:
    """Returns one message as the listing writes it: types and roles in capitals, unlike the webhooks."""
    rules = platform.rules
    customer = {"id": conversation.customer} | ({"role": "PERSONAL_ACCOUNT"} if rules.roles else {})
    business = {"id": platform.business_id} | ({"role": "BUSINESS_ACCOUNT"} if rules.roles else {})
    listed: dict[str, Any] = {
        "message_id": message.message_id,
        "conversation_id": conversation.conversation_id,
        "sender": "shop" if message.from_business else conversation.name,
        "recipient": conversation.name if message.from_business else "shop",
        "timestamp": message.timestamp,
        "message_type": message.type.upper(),
        "from_user": business if message.from_business else customer,
        "to_user": customer if message.from_business else business,
        message.type: message.body,
    }
    if rules.tags:
        listed["message_tag"] = {"source": message.source}
    if message.referenced is not None:
        listed["referenced_message_info"] = {"referenced_message_id": message.referenced}
    return listed
