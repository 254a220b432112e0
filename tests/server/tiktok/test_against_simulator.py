"""The client's other calls against the simulated TikTok, over real HTTP."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator

import pytest

from server.simulator.media import picture
from server.simulator.run import Simulator
from server.tiktok.client import TikTokClient
from server.tiktok.errors import TikTokAuthError, TikTokRefused, TikTokUnreachable
from server.tiktok.oauth import SCOPES, OAuth, authorize_url
from server.tiktok.probe import look
from server.tiktok.subscriptions import Subscriptions
from store.clock import system_clock
from tests.conftest import FakeClock
from tests.server.tiktok.far_end import answer, envelope, far_end

SECRET = "app-secret"
KEY = "7623241219121414161"


@pytest.fixture
async def simulator(clock: FakeClock) -> AsyncIterator[Simulator]:
    async with Simulator(secret=SECRET, client_key=KEY, clock=clock) as running:
        yield running


@pytest.fixture
async def client(simulator: Simulator, clock: FakeClock) -> AsyncIterator[TikTokClient]:
    async with TikTokClient(simulator.url, "-000philia", "token", clock=clock) as built:
        yield built


async def test_what_was_sent_is_listed_with_its_id(simulator: Simulator, client: TikTokClient) -> None:
    """A sent message is found in the listing of its conversation under the id that the send returned."""
    said = await simulator.say("maria.k", "is it still there?")
    sent = await client.send("v1.3", said.conversation_id, "Yes!")
    found = await client.list_messages(said.conversation_id)
    assert [(each.message_id, each.text, each.from_business, each.source) for each in found.messages] == [
        (said.message_id, "is it still there?", False, "APP"),
        (sent.platform_id, "Yes!", True, "API"),
    ]
    assert found.covers(0)


async def test_a_conversation_moves_from_stranger_to_single(simulator: Simulator, client: TikTokClient) -> None:
    """A customer who was never answered is listed as STRANGER, and as SINGLE from the first answer on."""
    said = await simulator.say("maria.k", "hi")
    assert [each.kind for each in await client.list_all_conversations()] == ["STRANGER"]
    await client.send("v1.3", said.conversation_id, "hello")
    assert [each.kind for each in await client.list_all_conversations()] == ["SINGLE"]


async def test_typing_and_reading_send_nothing(simulator: Simulator, client: TikTokClient) -> None:
    """The two sender actions reach the platform and leave the ledger empty."""
    said = await simulator.say("maria.k", "hi")
    await client.show_typing(said.conversation_id)
    await client.mark_read(said.conversation_id)
    assert simulator.world.platform.conversations[said.conversation_id].actions == ["TYPING", "MARK_READ"]
    assert simulator.ledger() == []


async def test_a_customers_picture_is_fetched_with_the_token(simulator: Simulator, client: TikTokClient) -> None:
    """A picture is downloaded through its address, which wants the token in `x-user`."""
    said = await simulator.say("jo_x", kind="image", body={"media_id": "m-1"})
    found = await client.download_media(said.conversation_id, said.message_id, "m-1")
    assert found.media_type == "image/png"
    assert found.content == picture("m-1")
    with pytest.raises(TikTokRefused):
        await client.download_media(said.conversation_id, said.message_id, "another")


async def test_a_picture_is_sent_where_it_is_allowed(simulator: Simulator, client: TikTokClient) -> None:
    """A picture is uploaded, sent and listed; where the platform says no, the question says no."""
    said = await simulator.say("maria.k", "photo please?")
    assert await client.can_send_images(said.conversation_id)
    media_id = await client.upload_image(picture("piece"))
    assert simulator.world.uploads[media_id] == picture("piece")
    assert (await client.send_image(said.conversation_id, media_id)).outcome == "sent"
    assert (await client.list_messages(said.conversation_id)).messages[-1].media_id == media_id
    simulator.world.platform.rules.image_send = False
    assert not await client.can_send_images(said.conversation_id)


async def test_a_file_tiktok_does_not_take_is_refused_here(client: TikTokClient) -> None:
    """A GIF, and a picture of more than 3 MB, are refused with what is allowed before anything is sent."""
    with pytest.raises(ValueError, match="JPG or PNG"):
        await client.upload_image(b"GIF89a")
    with pytest.raises(ValueError, match="3,145,728"):
        await client.upload_image(b"\xff\xd8\xff" + b"x" * 3_145_728)


async def test_an_expired_token_is_refreshed_once_and_the_old_refresh_token_is_dead(
    simulator: Simulator, client: TikTokClient, clock: FakeClock
) -> None:
    """Sign-in, a day's life, refresh, the new token works, the old refresh token is refused."""
    address = authorize_url(KEY, "http://127.0.0.1/back?x=1", "st&te", auth_url=f"{simulator.url}/v2/auth/authorize")
    code = await granted_code(address)
    async with OAuth(simulator.url, KEY, SECRET, clock=clock) as oauth:
        first = await oauth.exchange(code, "http://127.0.0.1/back?x=1")
        assert (first.business_id, first.missing_scopes()) == ("-000philia", ())
        assert first.access_expires_at == clock() + 86_400_000
        with pytest.raises(TikTokRefused):
            await oauth.exchange(code, "http://127.0.0.1/back?x=1")
        said = await simulator.say("maria.k", "hi")
        client.use_token(first.access_token)
        assert (await client.send("v1.3", said.conversation_id, "one")).outcome == "sent"
        clock.advance(86_400_000)
        assert (await client.send("v1.3", said.conversation_id, "two")).kind == "auth"
        second = await oauth.refresh(first.refresh_token)
        assert second.refresh_token != first.refresh_token
        assert second.refresh_expires_at == first.refresh_expires_at
        client.use_token(second.access_token)
        assert (await client.send("v1.3", said.conversation_id, "two")).outcome == "sent"
        with pytest.raises(TikTokAuthError) as refused:
            await oauth.refresh(first.refresh_token)
        await oauth.revoke(second.access_token)
        assert (await client.send("v1.3", said.conversation_id, "three")).kind == "auth"
    for secret in (first.refresh_token, first.access_token, SECRET):
        assert secret not in str(refused.value)
        assert secret not in repr(first)


async def test_one_scope_too_many_refuses_the_whole_grant(simulator: Simulator) -> None:
    """A scope that is not approved brings the browser back with an error and without a code."""
    address = authorize_url(
        KEY, "http://127.0.0.1/back", "s", scopes=(*SCOPES, "video.list"), auth_url=f"{simulator.url}/v2/auth/authorize"
    )
    query = await sent_back_with(address)
    assert query["error"] == "invalid_scope"
    assert "code" not in query


async def test_a_webhook_is_subscribed_shown_and_removed(simulator: Simulator) -> None:
    """The subscription is set, shown as set, replaced, removed; a wrong secret changes nothing."""
    async with Subscriptions(simulator.url, KEY, SECRET) as subscriptions:
        assert await subscriptions.current() is None
        await subscriptions.update("http://127.0.0.1:1/webhook/tiktok")
        assert await subscriptions.current() == "http://127.0.0.1:1/webhook/tiktok"
        assert simulator.world.courier.listener_url == "http://127.0.0.1:1/webhook/tiktok"
        async with Subscriptions(simulator.url, KEY, "wrong") as other:
            with pytest.raises(TikTokRefused) as refused:
                await other.update("http://127.0.0.1:2/evil")
        assert "wrong" not in str(refused.value).split("[")[0]
        await subscriptions.delete()
        assert await subscriptions.current() is None


async def test_the_apps_secret_is_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    """Even when everything is logged, neither the secret in an address nor the token in a header is written down."""
    with caplog.at_level(logging.DEBUG):
        async with far_end(answer("200 OK", envelope(0))) as end:
            async with Subscriptions(end.url, KEY, SECRET) as subscriptions:
                await subscriptions.current()
            async with TikTokClient(end.url, "b", "a-token-nobody-sees") as client:
                await client.send("v1", "u", "words nobody sees")
            assert f"secret={SECRET}" in end.head(0)[0]
    assert SECRET not in caplog.text
    assert "nobody-sees" not in caplog.text
    assert "nobody sees" not in caplog.text


async def test_a_first_look_tells_the_time_there(simulator: Simulator) -> None:
    """Without an account the host's own clock is read; nobody listening is an error with a sentence."""
    seen = await look(simulator.url)
    assert seen.now is not None
    assert abs(seen.now - system_clock()) < 60_000
    with pytest.raises(TikTokUnreachable):
        await look("http://127.0.0.1:9")


def test_the_sign_in_address_is_the_documented_one() -> None:
    """The address holds client_key, response_type, the scopes with their commas, redirect_uri and state."""
    assert authorize_url("k", "http://127.0.0.1:8000/back", "a b") == (
        "https://www.tiktok.com/v2/auth/authorize?client_key=k&response_type=code"
        "&scope=message.list.send,message.list.read,message.list.manage"
        "&redirect_uri=http%3A%2F%2F127.0.0.1%3A8000%2Fback&state=a+b"
    )


async def sent_back_with(address: str) -> dict[str, str]:
    """Follows the sign-in as a browser would and returns the query it is sent back with."""
    import httpx

    async with httpx.AsyncClient(trust_env=False) as browser:
        response = await browser.get(address)
    assert response.status_code == 302
    return dict(httpx.URL(response.headers["Location"]).params)


async def granted_code(address: str) -> str:
    query = await sent_back_with(address)
    assert query["state"] == "st&te"
    return query["code"]
