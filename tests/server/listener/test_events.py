"""Reading webhook bodies: both dialects, every type, and any bytes at all."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.listener.events import Inbound, NotAnEvent, read


def v1_3(event: str = "im_receive_msg", **content: Any) -> bytes:
    whole = {
        "from_user": {"id": "maria", "role": "personal_account"},
        "to_user": {"id": "-000biz", "role": "business_account"},
        "from": "Maria K",
        "conversation_id": "u5Jh+/kg==",
        "message_id": "u5Bu..2A==",
        "timestamp": 1_800_000_000_123,
        "type": "text",
        "text": {"body": "hello"},
        **content,
    }
    return json.dumps({"event": event, "user_openid": "-000biz", "content": json.dumps(whole)}).encode()


def test_the_specification_s_examples() -> None:
    """The owner's two examples are read, the one without an event name and a time too."""
    first = read(
        b'{"event":"message.received","event_id":"test_ai_001","timestamp":1234567890,"data":{"message":'
        b'{"from_user_id":"test_user_ai","content":"Do you have any vintage Nike jackets?"}}}'
    )
    assert (first.dialect, first.meaning, first.user) == ("v1", "message", "test_user_ai")
    assert (first.text, first.platform_at) == ("Do you have any vintage Nike jackets?", 1_234_567_890_000)
    second = read(b'{"event_id":"test_search_001","data":{"message":{"from_user_id":"u","content":"Show me"}}}')
    assert (second.meaning, second.event, second.platform_at) == ("message", "message.received", None)
    assert first.dedupe_key != second.dedupe_key


def test_a_v1_3_message() -> None:
    """Ids with + / = - stay as they are; the content is a JSON string or an object; who and when are found."""
    event = read(v1_3())
    assert (event.dialect, event.meaning, event.conversation) == ("v1.3", "message", "u5Jh+/kg==")
    assert (event.user, event.name, event.business_id) == ("maria", "Maria K", "-000biz")
    assert (event.text, event.platform_at) == ("hello", 1_800_000_000_123)
    body = json.loads(v1_3())
    body["content"] = json.loads(body["content"])
    assert read(json.dumps(body).encode()).dedupe_key == event.dedupe_key


def test_a_retry_has_the_same_key_and_another_message_another() -> None:
    """The key comes from event, conversation and message, never from times or the order of fields."""
    assert read(v1_3()).dedupe_key == read(v1_3(timestamp=5)).dedupe_key
    assert read(v1_3()).dedupe_key != read(v1_3(message_id="other")).dedupe_key
    assert read(v1_3()).dedupe_key != read(v1_3(event="im_send_msg")).dedupe_key
    marks = [read(v1_3("im_mark_read_msg", read={"last_read_timestamp": at})) for at in (7_000, 7_000, 8_000)]
    assert marks[0].dedupe_key == marks[1].dedupe_key != marks[2].dedupe_key


def test_what_the_business_wrote_is_an_echo_of_the_customer_s_conversation() -> None:
    """An echo belongs to the customer it was sent to, and says whether it came from the phone."""
    business, customer = {"id": "-000biz", "role": "business_account"}, {"id": "maria", "role": "personal_account"}
    for source in ("APP", "API", None):
        tag = {} if source is None else {"message_tag": {"source": source}}
        event = read(v1_3("im_send_msg", from_user=business, to_user=customer, **tag))
        assert (event.meaning, event.user, event.source) == ("echo", "maria", source)
    # Some integrations saw the business's own message under the name of a received one.
    assert read(v1_3(from_user={"id": "-000biz"}, to_user={"id": "maria"})).meaning == "echo"


@pytest.mark.parametrize(
    ("kind", "content", "text", "attached"),
    [
        ("image", {"image": {"media_id": "m1"}}, "", {"type": "image", "media_id": "m1"}),
        (
            "share_post",
            {"share_post": {"embed_url": "https://x", "video_id": "7"}},
            "",
            {"type": "share_post", "video_id": "7"},
        ),
        ("STICKER", {"sticker": {"url": "https://s"}}, "", {"type": "sticker", "url": "https://s"}),
        ("emoji", {"emoji": "💛"}, "💛", {"type": "emoji"}),
        ("hologram", {"hologram": [1, 2]}, "", {"type": "hologram"}),
    ],
)
def test_other_types_are_named(kind: str, content: dict[str, Any], text: str, attached: dict[str, Any]) -> None:
    """A picture, a post, a sticker or something new is named by its type and keeps its own fields."""
    event = read(v1_3(type=kind, text=None, **content))
    assert (event.meaning, event.kind, event.text) == ("message", kind.lower(), text)
    assert attached.items() <= event.attachments[0].items()


@pytest.mark.parametrize(
    ("body", "meaning"),
    [
        (v1_3("im_receive_msg_eu"), "listing"),
        (v1_3("im_referral_msg"), "referral"),
        (b'{"event":"im_something_new","content":"{}"}', "unknown"),
        (b'{"event":"order.created","event_id":"o1"}', "unknown"),
        (b"{}", "unknown"),
        (v1_3(conversation_id=None), "unreadable"),
        (v1_3(message_id=True), "unreadable"),
        (b'{"event":"im_receive_msg","content":"{"}', "unreadable"),
        (b'{"event":"message.received","data":{"message":{"from_user_id":"u"}}}', "unreadable"),
        (b'{"event":"message.received","data":{"message":{"from_user_id":{},"content":"x"}}}', "unreadable"),
    ],
)
def test_what_is_no_message(body: bytes, meaning: str) -> None:
    """Everything else has its own meaning; what should be a message and is not says which field is wrong."""
    event = read(body)
    assert event.meaning == meaning
    assert (event.fault is not None) == (meaning == "unreadable")


@pytest.mark.parametrize(
    "body", [b"", b"x", b"[]", b"1", b"null", b"\xff", b"[" * 100_000, b'{"a":' + b"9" * 5_000 + b"}"]
)
def test_what_is_no_object_is_refused(body: bytes) -> None:
    """Only a JSON object is an event."""
    with pytest.raises(NotAnEvent):
        read(body)


def test_a_lone_surrogate_can_be_stored() -> None:
    """Text that no encoder takes is mended where it is wrong and whole elsewhere."""
    event = read(
        b'{"event_id":"s","data":{"message":{"from_user_id":"u\\ud800","content":"a\\udc00\\u0000b \\ud83d\\ude00"}}}'
    )
    assert event.text == "a\ufffd\x00b 😀"
    assert event.user.encode()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
FIELDS = st.sampled_from(
    ["event", "event_id", "timestamp", "data", "message", "from_user_id", "content", "user_openid", "conversation_id"]
)
EVENTS = st.sampled_from(["message.received", "im_receive_msg", "im_send_msg", "im_mark_read_msg", "im_receive_msg_eu"])


@given(st.dictionaries(FIELDS, JSON | EVENTS, max_size=8), JSON)
def test_any_object_is_read(body: dict[str, Any], inner: Any) -> None:
    """No object, of any shape and types, makes reading raise, and what is read can always be stored."""
    for given_body in (body, {**body, "content": json.dumps(inner)}, {**body, "data": {"message": inner}}):
        event = read(json.dumps(given_body).encode())
        assert isinstance(event, Inbound)
        assert event.dedupe_key
        for text in (event.text, event.user, event.conversation, event.message_id, event.thread, event.name or ""):
            text.encode()
        json.dumps(event.attachments).encode()
        assert event.platform_at is None or 0 <= event.platform_at < 2**60
