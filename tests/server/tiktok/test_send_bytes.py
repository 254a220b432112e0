"""What a send puts on the wire, looked at as bytes by a server that is not ours."""

from __future__ import annotations

import json

import pytest

from server.tiktok.answer import Dialect
from server.tiktok.client import TikTokClient
from tests.server.tiktok.far_end import ACCEPTED, answer, far_end

GOOD = answer("200 OK", ACCEPTED, "Content-Type: application/json")


async def test_v1_posts_the_owners_own_specification_byte_for_byte() -> None:
    """Path, token header and JSON body of a v1 send are exactly those of the owner's specification."""
    async with far_end(GOOD) as end, TikTokClient(end.url, "biz-1", "tok-1") as client:
        await client.send("v1", "test_user_ai", 'Yes! It is 62" long 🧥 & $45')
        line, headers = end.head()
        assert line == "POST /open_api/v1/business/message/send/ HTTP/1.1"
        assert ("Access-Token", "tok-1") in headers
        assert ("Content-Type", "application/json") in headers
        assert (
            end.body()
            == (
                '{"business_id":"biz-1","recipient_id":"test_user_ai","message_type":"text",'
                '"content":{"text":"Yes! It is 62\\" long 🧥 & $45"}}'
            ).encode()
        )


async def test_v1_3_posts_the_documented_fields_and_no_other() -> None:
    """Path and JSON body of a v1.3 send hold exactly the documented keys, the conversation id untouched."""
    async with far_end(GOOD) as end, TikTokClient(end.url, "-000biz", "tok-1") as client:
        await client.send("v1.3", "u5Jh+/x_-==", "hello")
        assert end.head()[0] == "POST /open_api/v1.3/business/message/send/ HTTP/1.1"
        assert json.loads(end.body()) == {
            "business_id": "-000biz",
            "recipient_type": "CONVERSATION",
            "recipient": "u5Jh+/x_-==",
            "message_type": "TEXT",
            "text": {"body": "hello"},
        }
        assert "authorization" not in end.headers()


async def test_every_send_has_a_connection_of_its_own() -> None:
    """Two sends use two connections, and each asks for the connection to be closed."""
    async with far_end(GOOD) as end, TikTokClient(end.url, "b", "t") as client:
        for _ in range(2):
            assert (await client.send("v1", "u", "hi")).outcome == "sent"
        assert end.connections == 2
        assert [end.headers(index)["connection"] for index in range(2)] == ["close", "close"]


async def test_the_next_send_uses_the_refreshed_token() -> None:
    """After `use_token` the new token is sent, without the blanks around it."""
    async with far_end(GOOD) as end, TikTokClient(end.url, "b", "old") as client:
        client.use_token(" new\n")
        await client.send("v1", "u", "hi")
        assert end.headers()["access-token"] == "new"


@pytest.mark.parametrize("tail", ["", "/", "/open_api/v1.3", "/open_api/v1.3/", "/open_api/v1", "/open_api"])
async def test_a_pasted_address_with_a_version_is_understood(tail: str) -> None:
    """A base URL copied from TikTok's documentation, version and all, leads to the same path."""
    async with far_end(GOOD) as end, TikTokClient(end.url + tail, "b", "t") as client:
        await client.send("v1.3", "c", "hi")
        assert end.head()[0].split()[1] == "/open_api/v1.3/business/message/send/"


@pytest.mark.parametrize("address", ["", "business-api.tiktok.com", "ftp://x", "https://", "http://[::1", "\x00"])
def test_an_address_that_is_none_is_refused_at_once(address: str) -> None:
    """A base URL without scheme or host is a ValueError that names the setting, not a doubt at every send."""
    with pytest.raises(ValueError, match=r"tiktok\.base_url"):
        TikTokClient(address, "b", "t")


@pytest.mark.parametrize("token", ["tok\nen", "tökén", "a\x00b"])
def test_a_token_that_cannot_be_a_header_is_refused_without_being_repeated(token: str) -> None:
    """A token with signs that no header takes is a ValueError which does not quote it."""
    with pytest.raises(ValueError, match="TIKTOK_ACCESS_TOKEN") as refused:
        TikTokClient("https://business-api.tiktok.com", "b", token)
    assert token not in str(refused.value)


async def test_what_cannot_be_written_is_refused_before_anything_leaves() -> None:
    """Half a surrogate pair, and a text over 6,000 characters in v1.3, are refused here; nothing is connected."""
    async with far_end(GOOD) as end, TikTokClient(end.url, "b", "t") as client:
        half = await client.send("v1", "u", "broken \ud83d")
        long = await client.send("v1.3", "c", "x" * 6_001)
        assert [(each.outcome, each.answered, each.status) for each in (half, long)] == [("refused", False, None)] * 2
        assert "6001" in long.reason
        assert end.connections == 0
        assert (await client.send("v1.3", "c", "x" * 6_000)).outcome == "sent"


async def test_the_environments_proxy_is_not_asked_about_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy in the environment does not catch a send to the local simulator."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with far_end(GOOD) as end, TikTokClient(end.url, "b", "t") as client:
        assert (await client.send("v1", "u", "hi")).outcome == "sent"


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:9", "gopher://x", "http://[::1"])
def test_a_proxy_that_cannot_be_used_is_said(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unusable proxy in the environment is a ValueError with a sentence, at the start and not at a send."""
    monkeypatch.setenv("ALL_PROXY", proxy)
    with pytest.raises(ValueError, match="proxy"):
        TikTokClient("https://business-api.tiktok.com", "b", "t")


HOSTILE = [
    "\x00",
    "\x1b[2J\x1b]0;x\x07",
    "\u202e\u200b\u2028",
    "e\u0301 \u00e9",
    '"\\/</script>',
    "\U0001f9e5" * 3_000,
    "a\r\n\tb ",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("dialect", ["v1", "v1.3"])
async def test_a_text_arrives_as_it_was_decided(dialect: Dialect, text: str) -> None:
    """Control signs, bidi marks, combining and astral characters arrive unchanged: what was approved is sent."""
    async with far_end(GOOD) as end, TikTokClient(end.url, "b", "t") as client:
        assert (await client.send(dialect, "u", text)).outcome == "sent"
        body = json.loads(end.body())
        assert (body["content"]["text"] if dialect == "v1" else body["text"]["body"]) == text
