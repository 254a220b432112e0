"""The webhooks of the simulated TikTok, heard by a listener that is not ours."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from server.simulator.run import Simulator
from server.tiktok.client import TikTokClient
from server.tiktok.errors import TikTokRefused
from server.tiktok.subscriptions import Subscriptions
from tests.conftest import FakeClock
from tests.server.simulator.ear import Heard, listening

SECRET = "app-secret"


def signature_of(heard: Heard) -> tuple[int, bool]:
    """Returns the time a webhook was signed at, and whether the signature is TikTok's formula over the raw body."""
    t, s = (part.partition("=")[2] for part in heard.headers["tiktok-signature"].split(","))
    expected = hmac.new(SECRET.encode(), t.encode() + b"." + heard.body, hashlib.sha256).hexdigest()
    return int(t), s == expected


async def test_a_customers_words_arrive_signed_in_v1_3(clock: FakeClock) -> None:
    """`im_receive_msg` has the documented envelope, a JSON string as content, and a signature over its raw bytes."""
    async with listening() as ear, Simulator(listener_url=ear.url, secret=SECRET, clock=clock) as simulator:
        said = await simulator.say("maria.k", "is it still there? 🧥", name="Maria")
        await simulator.settle()
        (heard,) = ear.heard
        assert signature_of(heard) == (clock() // 1_000, True)
        assert {key: heard.event[key] for key in ("client_key", "event", "create_time", "user_openid")} == {
            "client_key": "7623241219121414161",
            "event": "im_receive_msg",
            "create_time": clock() // 1_000,
            "user_openid": "-000philia",
        }
        assert heard.content == {
            "from": "Maria",
            "to": "shop",
            "unique_identifier": "maria.k",
            "from_user": {"id": "maria.k", "role": "personal_account"},
            "to_user": {"id": "-000philia", "role": "business_account"},
            "conversation_id": said.conversation_id,
            "message_id": said.message_id,
            "timestamp": clock(),
            "type": "text",
            "text": {"body": "is it still there? 🧥"},
            "message_tag": {"source": "APP"},
        }
        assert said.delivery.acknowledged


async def test_a_customers_words_arrive_in_v1(clock: FakeClock) -> None:
    """`message.received` is exactly the body of the owner's specification."""
    async with listening() as ear, Simulator(listener_url=ear.url, dialect="v1", clock=clock) as simulator:
        said = await simulator.say("test_user_ai", "Do you have any vintage Nike jackets?")
        await simulator.settle()
        assert ear.heard[0].event == {
            "event": "message.received",
            "event_id": said.message_id,
            "timestamp": clock() // 1_000,
            "data": {"message": {"from_user_id": "test_user_ai", "content": "Do you have any vintage Nike jackets?"}},
        }


async def test_a_webhook_is_repeated_with_a_fresh_time_until_it_is_taken() -> None:
    """Anything but 200, silence included, is retried: the same bytes, signed anew."""
    statuses = ["503 Service Unavailable", "", "401 Unauthorized"]
    clock = FakeClock()

    def ticking() -> int:
        return clock.advance(1_000)

    async with (
        listening(statuses) as ear,
        Simulator(listener_url=ear.url, secret=SECRET, clock=ticking) as simulator,
    ):
        simulator.world.courier.configure({"retry_seconds": [0.001]})
        said = await simulator.say("maria.k", "hi")
        await simulator.settle()
        heard = ear.heard
        assert said.delivery.statuses == [503, None, 401, 200]
        assert len({each.body for each in heard}) == 1
        signed = [signature_of(each) for each in heard]
        assert all(right for _, right in signed)
        assert len({t for t, _ in signed}) == 4


async def test_a_conversation_keeps_its_order_and_does_not_hold_up_another() -> None:
    """The second message of a customer waits until the first is taken; other customers do not wait."""
    async with (
        listening(["500 Oops", "500 Oops"]) as ear,
        Simulator(listener_url=ear.url, secret=SECRET) as simulator,
    ):
        simulator.world.courier.configure({"retry_seconds": [0.01]})
        for text in ("one", "two", "three"):
            await simulator.say("maria.k", text)
        await simulator.say("jo_x", "hello")
        await simulator.settle()
        texts = [heard.content["text"]["body"] for heard in ear.heard]
        taken = [text for text in dict.fromkeys(reversed(texts)) if text != "hello"]
        assert taken == ["three", "two", "one"]
        assert texts.count("three") == 1
        assert "hello" in texts


async def test_duplicates_and_disorder_on_request() -> None:
    """Each webhook comes as often as asked, and shuffled ones lose their order but not their number."""
    async with listening() as ear, Simulator(listener_url=ear.url, secret=SECRET, seed=3) as simulator:
        simulator.world.courier.configure({"duplicates": 2})
        await simulator.say("maria.k", "one")
        await simulator.settle()
        assert len(ear.heard) == 3
        simulator.world.courier.configure({"duplicates": 0, "shuffle": 50})
        wanted = [f"line {number}" for number in range(12)]
        for text in wanted:
            await simulator.say("maria.k", text)
        await simulator.settle()
        texts = [heard.content["text"]["body"] for heard in ear.heard[3:]]
        assert sorted(texts) == sorted(wanted)
        assert texts != wanted


@pytest.mark.parametrize("forged", ["wrong", "stale", "none"])
async def test_a_bad_signature_on_request_comes_once(forged: str, clock: FakeClock) -> None:
    """A webhook with a wrong, a stale or no signature is posted once and never repeated; the next is good again."""
    async with (
        listening(["401 Unauthorized"]) as ear,
        Simulator(listener_url=ear.url, secret=SECRET, clock=clock) as simulator,
    ):
        simulator.world.courier.configure({"signature": forged, "signatures": 1})
        bad = await simulator.say("maria.k", "forged")
        await simulator.say("maria.k", "real")
        await simulator.settle()
        first, second = ear.heard
        assert bad.delivery.given_up
        assert signature_of(second) == (clock() // 1_000, True)
        if forged == "none":
            assert "tiktok-signature" not in first.headers
        else:
            t, right = signature_of(first)
            assert right is (forged == "stale")
            assert t == clock() // 1_000 - (3_600 if forged == "stale" else 0)


async def test_the_other_events_have_their_documented_bodies(clock: FakeClock) -> None:
    """The phone's echo, the read mark, the advertisement and the event without a body say what they are to say."""
    async with listening() as ear, Simulator(listener_url=ear.url, secret=SECRET, clock=clock) as simulator:
        said = await simulator.say("maria.k", "hi")
        typed = await simulator.phone("maria.k", "from my phone")
        conversation = simulator.world.platform.conversations[said.conversation_id]
        simulator.world.mark_read(conversation)
        simulator.world.refer("maria.k", {"ad_id": "17", "ad_name": "Autumn"})
        await simulator.say("eva.eu", "text that is not sent along", eu=True)
        await simulator.say("maria.k", kind="share_post", body={"embed_url": "https://x/1", "video_id": "1"})
        await simulator.settle()
        by_name = {heard.event["event"]: heard for heard in ear.heard}
        echo = by_name["im_send_msg"].content
        assert echo["message_id"] == typed.message_id
        assert echo["message_tag"] == {"source": "APP"}
        assert (echo["from_user"]["id"], echo["to_user"]["id"]) == ("-000philia", "maria.k")
        assert by_name["im_mark_read_msg"].content["read"] == {"last_read_timestamp": clock()}
        assert by_name["im_referral_msg"].content["referral"]["ad"]["ad_id"] == "17"
        assert "message_id" not in by_name["im_referral_msg"].content
        assert b"text that is not" not in by_name["im_receive_msg_eu"].body
        assert "conversation_id" not in by_name["im_receive_msg_eu"].content
        assert ear.heard[-1].content.get("share_post") == {"embed_url": "https://x/1", "video_id": "1"} or any(
            heard.content.get("type") == "share_post" for heard in ear.heard
        )
        assert simulator.ledger() == []


async def test_roles_and_tags_can_be_left_out() -> None:
    """As happens at TikTok, the role of a side and the source of a message may be missing everywhere."""
    async with listening() as ear, Simulator(listener_url=ear.url, secret=SECRET) as simulator:
        simulator.world.platform.rules.roles = False
        simulator.world.platform.rules.tags = False
        said = await simulator.say("maria.k", "hi")
        await simulator.phone("maria.k", "hello")
        await simulator.settle()
        for heard in ear.heard:
            assert b"role" not in heard.body
            assert b"message_tag" not in heard.body
        async with TikTokClient(simulator.url, "-000philia", "t") as client:
            listed = await client.list_messages(said.conversation_id)
        assert [(each.from_business, each.source) for each in listed.messages] == [(False, None), (True, None)]


async def test_without_a_listener_nothing_is_posted_and_nobody_waits() -> None:
    """A simulator that was given no address still takes messages."""
    async with Simulator() as simulator:
        said = await simulator.say("maria.k", "hi")
        await simulator.settle()
        assert said.delivery.statuses == []


async def test_a_subscription_that_ends_stops_the_retries_and_the_next_one_gets_the_rest() -> None:
    """While nobody is subscribed nothing is posted and nothing is lost; a new address gets what was waiting."""
    async with (
        listening(["500 Oops"] * 3) as first,
        listening() as second,
        Simulator(listener_url=first.url, secret=SECRET) as simulator,
    ):
        simulator.world.courier.configure({"retry_seconds": [0.01]})
        said = await simulator.say("maria.k", "hi")
        await first.wait_for(1)
        simulator.world.courier.configure({"listener_url": None})
        simulator.world.courier.configure({"listener_url": second.url})
        await simulator.settle()
        assert said.delivery.acknowledged
        assert second.heard[-1].content["message_id"] == said.message_id


async def test_a_moved_clock_moves_messages_and_not_signatures(clock: FakeClock) -> None:
    """Two days ahead on the platform, a webhook is still signed at the hour of the machine: a listener checks that."""
    async with listening() as ear, Simulator(listener_url=ear.url, secret=SECRET, clock=clock) as simulator:
        simulator.world.platform.time_offset = 172_800_000
        await simulator.say("maria.k", "from the future")
        await simulator.settle()
        assert signature_of(ear.heard[0]) == (clock() // 1_000, True)
        assert ear.heard[0].content["timestamp"] == clock() + 172_800_000


async def test_a_new_address_is_challenged_when_asked() -> None:
    """With the rule on, an address that does not echo the challenge is not subscribed."""
    async with listening() as ear, Simulator(secret=SECRET) as simulator:
        simulator.world.platform.rules.challenge = True
        async with Subscriptions(simulator.url, "7623241219121414161", SECRET) as subscriptions:
            with pytest.raises(TikTokRefused, match="challenge"):
                await subscriptions.update(ear.url)
            assert await subscriptions.current() is None
