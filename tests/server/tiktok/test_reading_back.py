"""Reading back what TikTok has: the query's bytes, and what a listing proves."""

from __future__ import annotations

from typing import Any

import pytest

from server.tiktok.client import TikTokClient
from server.tiktok.errors import (
    TikTokAuthError,
    TikTokError,
    TikTokNoAnswer,
    TikTokRateLimitError,
    TikTokRefused,
    TikTokServerError,
    TikTokUnreachable,
    TikTokUnreadable,
    TikTokWindowError,
)
from server.tiktok.listing import read_messages
from tests.server.tiktok.far_end import answer, envelope, far_end

BUSINESS = "-000biz"


def listed(number: int, **more: Any) -> dict[str, Any]:
    return {
        "message_id": f"m{number}",
        "timestamp": 1_000 + number,
        "message_type": "TEXT",
        "text": {"body": f"text {number}"},
        "from_user": {"role": "BUSINESS_ACCOUNT", "id": BUSINESS},
        "to_user": {"role": "PERSONAL_ACCOUNT", "id": "maria"},
        "message_tag": {"source": "API"},
    } | more


def listing_of(*messages: object, **more: Any) -> bytes:
    return answer("200 OK", envelope(0, "OK", {"messages": list(messages)} | more))


async def test_the_conversation_id_is_encoded_as_tiktok_wants_it() -> None:
    """`+`, `/` and `=` of a conversation id travel percent-encoded: a bare `+` is refused by TikTok."""
    async with far_end(listing_of(listed(1))) as end, TikTokClient(end.url, BUSINESS, "t") as client:
        await client.list_messages("u5Jh+a/b==")
        assert end.head()[0] == (
            "GET /open_api/v1.3/business/message/content/list/"
            "?business_id=-000biz&conversation_id=u5Jh%2Ba%2Fb%3D%3D HTTP/1.1"
        )
        assert end.headers()["access-token"] == "t"


async def test_messages_come_typed_and_oldest_first() -> None:
    """A listing in any order is returned oldest first, every documented field in its place."""
    theirs = listed(
        2,
        from_user={"role": "PERSONAL_ACCOUNT", "id": "maria"},
        to_user={"role": "BUSINESS_ACCOUNT", "id": BUSINESS},
        message_type="IMAGE",
        image={"media_id": "m-9"},
        message_tag={"source": "APP"},
        referenced_message_info={"referenced_message_id": "m1"},
    )
    people = [
        {"role": "BUSINESS_ACCOUNT", "id": BUSINESS, "display_name": "shop"},
        {"role": "PERSONAL_ACCOUNT", "id": "maria", "display_name": "Maria"},
    ]
    wire = listing_of(theirs, listed(1), participants=people)
    async with far_end(wire) as end, TikTokClient(end.url, BUSINESS, "t") as client:
        found = await client.list_messages("c")
    ours, picture = found.messages
    assert (ours.message_id, ours.at, ours.kind, ours.text, ours.from_business, ours.source) == (
        "m1",
        1_001,
        "text",
        "text 1",
        True,
        "API",
    )
    assert (picture.kind, picture.text, picture.from_business, picture.media_id, picture.quoted_id) == (
        "image",
        None,
        False,
        "m-9",
        "m1",
    )
    assert [(each.user_id, each.is_business, each.display_name) for each in found.participants] == [
        (BUSINESS, True, "shop"),
        ("maria", False, "Maria"),
    ]


def test_a_listing_proves_absence_only_when_it_reaches_back() -> None:
    """Twenty messages reach back to the oldest of them; fewer are the whole conversation; none prove nothing."""
    full = read_messages({"messages": [listed(number) for number in range(20)]}, BUSINESS)
    assert full.covers(1_001)
    assert not full.covers(1_000)  # another message of the same millisecond may have fallen out
    few = read_messages({"messages": [listed(number) for number in range(19)]}, BUSINESS)
    assert few.covers(0)
    assert not read_messages({"messages": []}, BUSINESS).covers(0)


@pytest.mark.parametrize(
    "odd",
    [None, 7, "text", [], {}, {"message_id": ""}, {"message_id": 5}, {"message_id": "m"}, listed(3, timestamp=None)],
)
def test_an_entry_that_cannot_be_read_is_survived_and_takes_the_proof_away(odd: object) -> None:
    """Nonsense among the messages is left out, the others are read, and absence is no longer provable."""
    found = read_messages({"messages": [listed(1), odd]}, BUSINESS)
    assert "m1" in {message.message_id for message in found.messages}
    assert not found.covers(0)


@pytest.mark.parametrize(
    ("message", "from_business"),
    [
        (listed(1, from_user={"id": BUSINESS}, to_user={"id": "maria"}), True),
        (listed(1, from_user={"id": "maria"}, to_user={"id": BUSINESS}), False),
        (listed(1, from_user=None, to_user={"id": BUSINESS}), False),
        (listed(1, from_user={"role": "personal_account"}, to_user=None), False),
        (listed(1, from_user={"role": "BUSINESS_ACCOUNT", "id": "another-id"}, to_user=None), True),
    ],
)
def test_the_side_is_found_with_and_without_roles(message: dict[str, Any], from_business: bool) -> None:
    """Ids tell whose message it is; roles, which may be missing, only where ids do not."""
    assert read_messages({"messages": [message]}, BUSINESS).messages[0].from_business is from_business


async def test_conversations_are_paged_to_the_end_once_each() -> None:
    """Both kinds are asked for, pages are followed, repeats are dropped, and a cursor that stands still ends it."""
    page = {"conversations": [{"conversation_id": "c+1", "update_time": "5"}, {"no": "id"}, 3], "has_more": True}
    wire = answer("200 OK", envelope(0, "OK", page | {"cursor": 1}))
    async with far_end(wire) as end, TikTokClient(end.url, BUSINESS, "t") as client:
        found = await client.list_all_conversations()
        assert [(each.conversation_id, each.updated_at) for each in found] == [("c+1", 5)]
        paths = [end.head(index)[0].split()[1].partition("?")[2] for index in range(len(end.requests))]
    assert paths == [
        f"business_id=-000biz&conversation_type={kind}&limit=100&cursor={cursor}"
        for kind in ("STRANGER", "SINGLE")
        for cursor in (0, 1)
    ]


TROUBLE = {
    "40105": (answer("200 OK", envelope(40105, "expired")), TikTokAuthError),
    "401": (answer("401 Unauthorized"), TikTokAuthError),
    "40100": (answer("200 OK", envelope(40100)), TikTokRateLimitError),
    "429": (answer("429 Too Many Requests"), TikTokRateLimitError),
    "40064": (answer("200 OK", envelope(40064)), TikTokWindowError),
    "40002": (answer("200 OK", envelope(40002, "Param conversation_id is invalid.")), TikTokRefused),
    "404": (answer("404 Not Found", b"404 page not found"), TikTokRefused),
    "403": (answer("403 Forbidden"), TikTokRefused),
    "500": (answer("500 Oops", b"<html>"), TikTokServerError),
    "51065": (answer("200 OK", envelope(51065)), TikTokServerError),
    "html": (answer("200 OK", b"<html>"), TikTokUnreadable),
    "empty": (answer("200 OK"), TikTokUnreadable),
    "no list": (answer("200 OK", envelope(0)), TikTokUnreadable),
    "half": (answer("200 OK", envelope(0, "OK", {"messages": []}))[:-4], TikTokUnreadable),
    "cut": (b"", TikTokNoAnswer),
}


@pytest.mark.parametrize(("wire", "error"), TROUBLE.values(), ids=TROUBLE.keys())
async def test_trouble_with_a_listing_is_an_error_and_never_an_empty_list(
    wire: bytes, error: type[TikTokError]
) -> None:
    """Whatever goes wrong is raised by name: an empty list would look like a proof that nothing was sent."""
    async with far_end(wire) as end, TikTokClient(end.url, BUSINESS, "secret-token", timeout_seconds=5) as client:
        with pytest.raises(error) as raised:
            await client.list_messages("c")
    assert type(raised.value) is error
    assert "secret-token" not in str(raised.value)


async def test_nobody_listening_is_unreachable() -> None:
    """A listing with no connection raises TikTokUnreachable."""
    async with TikTokClient("http://127.0.0.1:9", BUSINESS, "t") as client:
        with pytest.raises(TikTokUnreachable):
            await client.list_conversations("SINGLE")
