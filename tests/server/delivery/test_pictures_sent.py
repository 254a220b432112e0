"""A picture of a piece on its way: taken to TikTok first, sent once, and in doubt like any reply."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from server import decisions
from server.delivery import reconcile
from server.delivery.sender import Sender
from server.listener import applying, events
from server.simulator import events as bodies
from server.simulator.ledger import Ledger
from server.simulator.platform import Platform
from server.tiktok.answer import Answer
from server.tiktok.client import TikTokClient
from server.tiktok.errors import (
    TikTokAuthError,
    TikTokNoAnswer,
    TikTokRateLimitError,
    TikTokRefused,
    TikTokServerError,
    TikTokUnreachable,
)
from store import holds, inbound, inbox, items, media, outbox, pauses, pictures, switches, uploads
from store.clock import DAY, HOUR, MINUTE, SECOND
from store.database import transaction
from store.errors import NotAllowed, Stale, StoreError
from store.inbound import Received
from tests.end_to_end.recorder import Answer as HttpAnswer
from tests.end_to_end.recorder import Recorder, Request
from tests.server.delivery.machine import give_picture
from tests.server.delivery.shop import (
    ERROR_51065,
    LOST,
    REFUSED,
    Shop,
    add_conversation,
    listed,
    ready_draft,
    settings_with,
    write,
)

OpenShop = Callable[..., Shop]


def with_picture(shop: Shop, sku: str = "J-014") -> bytes:
    """A piece and its picture, whose bytes are returned."""
    shop.write(items.add, sku, {"name": "suede jacket"}, who="owner")
    with transaction(shop.db):
        return give_picture(shop.db, shop.path, sku, now=shop.clock.now)


def send(shop: Shop, *, name: str = "c1", sku: str = "J-014", now: bool = True, **more: Any) -> int:
    """A new customer is sent the picture of a piece; returns the delivery."""
    conversation = shop.write(add_conversation, name)
    made = shop.write(decisions.send_picture, conversation, sku, settings=shop.settings.delivery, send_now=now, **more)
    return int(made.delivery_id)


async def look(shop: Shop, *, seconds: int = 0, times: int = 1) -> None:
    for _ in range(times):
        shop.clock.advance(seconds * SECOND)
        await reconcile.look(shop.database, shop.tiktok, shop.settings, clock=shop.clock)


async def test_a_picture_is_uploaded_and_then_sent_once(shop: Shop) -> None:
    """After the time to undo the very file is uploaded, its id is sent, and the thread has a picture of the piece."""
    content = with_picture(shop)
    delivery = send(shop, now=False)
    await shop.run()
    assert (shop.state(delivery), shop.tiktok.uploads, shop.tiktok.asked) == ("held", [], [])
    shop.clock.advance(5 * SECOND)
    await shop.run(ticks=3)
    assert shop.state(delivery) == "sent"
    assert shop.tiktok.uploads == [content]
    assert [(one.recipient, one.media_id) for one in shop.tiktok.accepted] == [("c1", "up1")]
    assert shop.tiktok.asked_capabilities == [("c1", "STRANGER")]
    (message,) = shop.db.execute("SELECT * FROM messages WHERE role = 'assistant'").fetchall()
    assert (message["kind"], message["text"], message["source"], message["platform_id"]) == (
        "image", "", "owner", "m1",
    )  # fmt: skip
    assert json.loads(message["attachments"]) == [{"type": "image", "sku": "J-014"}]
    assert shop.db.execute("SELECT quota_left FROM conversations").fetchone()[0] == 9


async def test_what_is_learnt_is_not_asked_again(shop: Shop) -> None:
    """A file is uploaded once in 29 days and a conversation asked once a day, whoever gets it."""
    with_picture(shop)
    for name in ("c1", "c2"):
        send(shop, name=name)
        await shop.run(ticks=2)
    assert (len(shop.tiktok.uploads), len(shop.tiktok.asked_capabilities)) == (1, 2)
    again = shop.write(decisions.send_picture, 1, "J-014", settings=shop.settings.delivery, send_now=True).delivery_id
    await shop.run(ticks=2)
    assert shop.state(again) == "sent"
    assert (len(shop.tiktok.uploads), len(shop.tiktok.asked_capabilities)) == (1, 2)
    shop.clock.advance(30 * DAY)
    send(shop, name="c3")
    await shop.run(ticks=2)
    assert (len(shop.tiktok.uploads), len(shop.tiktok.asked_capabilities)) == (2, 3)
    assert [one.media_id for one in shop.tiktok.accepted] == ["up1", "up1", "up1", "up2"]


async def test_where_tiktok_takes_no_pictures_nothing_is_sent(shop: Shop) -> None:
    """A no of the capability check ends the delivery in words; for an hour the next is refused before it is one."""
    with_picture(shop)
    shop.tiktok.capabilities = [False]
    delivery = send(shop)
    await shop.run(ticks=2)
    assert (shop.state(delivery), shop.tiktok.asked, shop.tiktok.uploads) == ("failed", [], [])
    assert "does not let this shop send pictures" in shop.row(delivery)["reason"]
    with pytest.raises(NotAllowed, match="does not let this shop send pictures"):
        shop.write(decisions.send_picture, 1, "J-014", settings=shop.settings.delivery)
    shop.clock.advance(HOUR)
    again = shop.write(decisions.retry, delivery, settings=shop.settings.delivery, send_now=True).delivery_id
    await shop.run(ticks=2)
    assert (shop.state(again), shop.row(again)["picture_id"]) == ("sent", shop.row(delivery)["picture_id"])


@pytest.mark.parametrize(
    "fault",
    [
        TikTokUnreachable("Not reached."),
        TikTokNoAnswer("No answer."),
        TikTokServerError("Failed.", status=500),
        TikTokRateLimitError("Too many.", retry_after=7),
        RuntimeError("a fault of our own"),
    ],
)
async def test_an_upload_that_fails_is_no_doubt(shop: Shop, fault: Exception) -> None:
    """It makes no attempt, waits with its reason, is tried again and sent once; undo is possible all the while."""
    with_picture(shop)
    shop.tiktok.upload_faults = [fault]
    delivery = send(shop)
    await shop.run(ticks=4)
    assert shop.state(delivery) == "queued"
    assert "not at TikTok yet" in shop.row(delivery)["reason"]
    assert shop.row(delivery)["next_at"] > shop.clock.now
    assert shop.db.execute("SELECT count(*) FROM attempts").fetchone()[0] == 0
    assert outbox.untouched(shop.db, outbox.get(shop.db, delivery))
    shop.clock.advance(10 * SECOND)
    await shop.run(ticks=2)
    assert (shop.state(delivery), len(shop.tiktok.accepted)) == ("sent", 1)


async def test_an_upload_that_is_refused_ends_it(shop: Shop) -> None:
    """A file that TikTok does not take fails the delivery at once, with TikTok's word."""
    with_picture(shop)
    shop.tiktok.upload_faults = [TikTokRefused("TikTok refused the file [40908].", code=40908, message="")]
    delivery = send(shop)
    await shop.run(ticks=2)
    assert (shop.state(delivery), shop.tiktok.asked) == ("failed", [])
    assert "40908" in shop.row(delivery)["reason"]


async def test_a_refused_token_is_refreshed_once(open_shop: OpenShop) -> None:
    """The token is refreshed and the upload done; refused again, sending pauses and the picture waits."""
    shop = open_shop()
    with_picture(shop)
    refreshed: list[int] = []

    async def refresh() -> bool:
        refreshed.append(1)
        return True

    shop.sender = Sender(
        shop.database, shop.tiktok, shop.settings, clock=shop.clock, random=lambda: 0.5, boot="boot-9", refresh=refresh
    )
    shop.tiktok.upload_faults = [TikTokAuthError("The token [40105].")]
    first = send(shop)
    await shop.run(ticks=3)
    assert (shop.state(first), refreshed) == ("sent", [1])
    with transaction(shop.db):
        give_picture(shop.db, shop.path, "J-014", now=shop.clock.now, salt=b"another")
    shop.tiktok.upload_faults = [TikTokAuthError("The token [40105].")] * 2
    second = send(shop, name="c2")
    await shop.run(ticks=4)
    assert (shop.state(second), len(shop.tiktok.uploads)) == ("queued", 1)
    assert "40105" in str(pauses.sender_pause(shop.db))


async def test_i14_a_picture_taken_back_while_it_is_uploaded_is_not_sent(shop: Shop) -> None:
    """Undo during the upload wins: the upload ends, nothing is sent, and no draft is made of nothing."""
    with_picture(shop)
    reached, go = asyncio.Event(), asyncio.Event()
    upload = shop.tiktok.upload_image

    async def slow(content: bytes) -> str:
        reached.set()
        await go.wait()
        return await upload(content)

    shop.tiktok.upload_image = slow  # type: ignore[method-assign]
    delivery = send(shop)
    await shop.sender.tick()
    await reached.wait()
    undone = shop.write(decisions.undo, delivery)
    assert (undone.text, undone.draft_id) == ("", None)
    go.set()
    await shop.sender.settle()
    await shop.run(ticks=2)
    assert (shop.state(delivery), shop.tiktok.asked) == ("cancelled", [])
    assert shop.db.execute("SELECT count(*) FROM drafts").fetchone()[0] == 0


async def test_i16_the_picture_of_a_piece_that_was_sold_does_not_leave(shop: Shop) -> None:
    """Sold or held for another after the decision it fails and is not uploaded; before it, it is no decision."""
    with_picture(shop)
    delivery = send(shop)
    shop.write(items.sell, "J-014", who="owner")
    await shop.run(ticks=2)
    assert (shop.state(delivery), shop.tiktok.uploads, shop.tiktok.asked) == ("failed", [], [])
    assert "was sold" in shop.row(delivery)["reason"]
    with pytest.raises(Stale, match="was sold, so its picture is not sent"):
        send(shop, name="c2")
    with_picture(shop, "J-015")
    other = shop.write(add_conversation, "other")
    shop.write(holds.hold, "J-015", other, who="owner")
    with pytest.raises(Stale, match="on hold for somebody else"):
        send(shop, name="c3", sku="J-015")
    mine = shop.write(decisions.send_picture, other, "J-015", settings=shop.settings.delivery, send_now=True)
    await shop.run(ticks=2)
    assert shop.state(mine.delivery_id) == "sent"


async def test_a_new_price_does_not_hold_a_picture_back(shop: Shop) -> None:
    """A picture states nothing, so that an edit of the piece after the decision changes nothing."""
    with_picture(shop)
    delivery = send(shop)
    shop.write(items.edit, "J-014", {"price_cents": 9_900}, who="owner")
    await shop.run(ticks=2)
    assert shop.state(delivery) == "sent"


async def test_i11_what_was_decided_leaves_whatever_the_piece_gets_later(shop: Shop) -> None:
    """A piece that gets another picture after the decision is sent with the one that was decided."""
    first = with_picture(shop)
    delivery = send(shop, now=False)
    with transaction(shop.db):
        give_picture(shop.db, shop.path, "J-014", now=shop.clock.now, salt=b"another")
    shop.clock.advance(5 * SECOND)
    await shop.run(ticks=2)
    assert (shop.state(delivery), shop.tiktok.uploads) == ("sent", [first])


@pytest.mark.parametrize("harm", ["gone", "changed"])
async def test_a_file_that_is_not_what_was_kept_is_not_sent(shop: Shop, harm: str) -> None:
    """A file that was deleted or changed on the disk fails the delivery with what to do."""
    with_picture(shop)
    (file,) = media.folder_of(shop.path).iterdir()
    file.unlink() if harm == "gone" else file.write_bytes(b"\x89PNG\r\n\x1a\nother")
    delivery = send(shop)
    await shop.run(ticks=2)
    assert (shop.state(delivery), shop.tiktok.uploads) == ("failed", [])
    assert "give the piece its picture again" in shop.row(delivery)["reason"]


async def test_it_is_refused_in_words_where_it_cannot_be(shop: Shop) -> None:
    """Dialect v1, no picture, a second time on its way, a newer message, a closed window: each its own sentence."""
    with_picture(shop)
    shop.write(items.add, "bare", {"name": "hat"}, who="owner")
    old = shop.write(add_conversation, "old", dialect="v1")
    new = shop.write(add_conversation, "new")
    given = shop.settings.delivery

    def refused(kind: type[StoreError], words: str, conversation: int, sku: str = "J-014", **more: Any) -> None:
        with pytest.raises(kind, match=words):
            shop.write(decisions.send_picture, conversation, sku, settings=given, **more)

    refused(NotAllowed, "dialect v1, which takes no pictures", old)
    refused(NotAllowed, "dialect v1, which takes no pictures", new, api="v1")
    refused(NotAllowed, re.escape("Give it one: philia items picture bare FILE"), new, "bare")
    refused(Stale, "She wrote again meanwhile", new, seen_message=0)
    shop.write(decisions.send_picture, new, "J-014", settings=given)
    refused(NotAllowed, "on its way to her already", new)
    late = shop.write(add_conversation, "late")
    shop.clock.advance(48 * HOUR)
    refused(NotAllowed, "reply window is closed", late)


async def test_a_picture_waits_its_turn_and_the_switch(shop: Shop) -> None:
    """Behind another delivery of its conversation, and while everything is paused, nothing is uploaded: I3."""
    with_picture(shop)
    conversation = shop.write(add_conversation, "c1")
    shop.tiktok.answers = [(False, LOST)]
    first = shop.write(decisions.send, conversation, "Yes!", settings=shop.settings.delivery, send_now=True)
    second = shop.write(decisions.send_picture, conversation, "J-014", settings=shop.settings.delivery, send_now=True)
    await shop.run(ticks=3)
    assert (shop.state(first.delivery_id), shop.state(second.delivery_id)) == ("unknown", "queued")
    assert shop.tiktok.uploads == []
    shop.write(switches.pause, who="owner")
    shop.write(outbox.move, outbox.get(shop.db, first.delivery_id), "dropped", reason="dropped")
    await shop.run(ticks=2)
    assert shop.tiktok.uploads == []
    shop.write(switches.resume, who="owner")
    await shop.run(ticks=2)
    assert (shop.state(second.delivery_id), len(shop.tiktok.uploads)) == ("sent", 1)


async def test_a_doubt_is_settled_by_a_listing_that_shows_the_picture(shop: Shop) -> None:
    """What was taken and not answered is found by its kind, time and id, and is not sent again."""
    with_picture(shop)
    shop.tiktok.answers = [(True, LOST)]
    delivery = send(shop)
    await shop.run(ticks=2)
    assert shop.state(delivery) == "unknown"
    await look(shop)
    assert (shop.state(delivery), shop.row(delivery)["platform_id"]) == ("sent", "m1")
    assert len(shop.tiktok.accepted) == 1


async def test_a_proven_absence_after_an_error_is_sent_again(shop: Shop) -> None:
    """An error answer and two listings without any picture lead to one more try, of the same uploaded file."""
    with_picture(shop)
    shop.tiktok.answers = [(False, ERROR_51065)]
    delivery = send(shop)
    await shop.run(ticks=2)
    await look(shop, seconds=90)
    await look(shop, seconds=30)
    assert shop.state(delivery) == "retrying"
    await shop.run(ticks=2)
    assert (shop.state(delivery), len(shop.tiktok.accepted), len(shop.tiktok.uploads)) == ("sent", 1, 1)


@pytest.mark.parametrize("shown", ["another id", "typed on the phone", "a text"])
async def test_a_picture_that_is_not_ours_is_no_proof(shop: Shop, shown: str) -> None:
    """Another picture's id proves nothing but keeps it from being sent again; the phone's and texts are passed over."""
    with_picture(shop)
    shop.tiktok.answers = [(False, ERROR_51065)]
    delivery = send(shop)
    await shop.run(ticks=2)
    at = shop.clock.now
    shop.tiktok.others = [
        {
            "another id": listed("x", "", at, media_id="elsewhere"),
            "typed on the phone": listed("x", "", at, media_id="up1", source="APP"),
            "a text": listed("x", "", at),
        }[shown]
    ]
    await look(shop, seconds=45, times=6)
    assert shop.state(delivery) == ("needs_owner" if shown == "another id" else "retrying")
    assert "x" not in {row[0] for row in shop.db.execute("SELECT platform_id FROM deliveries")}


@pytest.mark.parametrize("early", [True, False])
async def test_an_echo_settles_a_picture_before_or_after_its_answer(shop: Shop, early: bool) -> None:
    """The echo as the platform writes it is the delivery's, in either order, and stands in the thread once."""
    with_picture(shop)
    platform = Platform(Ledger(), shop.clock, business_id="shop")
    conversation = platform.conversation_of("user-c1")
    conversation.conversation_id = "c1"
    platform.conversations["c1"] = conversation

    def echo() -> None:
        message = platform.accept("v1.3", conversation, "c1", "IMAGE", {"media_id": "up1"}, request=1, fault=None)
        body = bodies.sent(conversation, message, bodies.Account("shop", "key")).body
        event = events.read(body)
        received = Received(
            dedupe_key=event.dedupe_key, dialect="v1.3", event=event.event, thread=event.thread, body=body,
            platform_at=event.platform_at,
        )  # fmt: skip
        shop.write(inbound.receive, received)
        for logged in inbound.waiting(shop.db):
            shop.write(applying.apply, logged, rules=applying.rules_of(shop.settings))

    async def meanwhile() -> tuple[bool, Answer]:
        if early:
            echo()
        return False, LOST

    shop.tiktok.answers = [meanwhile]
    delivery = send(shop)
    await shop.run(ticks=2)
    if not early:
        assert shop.state(delivery) == "unknown"
        echo()
    assert shop.state(delivery) == "sent"
    rows = shop.db.execute("SELECT kind, source, delivery_id FROM messages WHERE role = 'assistant'").fetchall()
    assert [tuple(row) for row in rows] == [("image", "owner", delivery)]


async def test_an_id_that_tiktok_refuses_is_uploaded_anew(shop: Shop) -> None:
    """After a refusal the kept id is forgotten, so that trying again uploads the file again."""
    with_picture(shop)
    shop.tiktok.answers = [REFUSED]
    delivery = send(shop)
    await shop.run(ticks=2)
    assert shop.state(delivery) == "failed"
    again = shop.write(decisions.retry, delivery, settings=shop.settings.delivery, send_now=True).delivery_id
    await shop.run(ticks=2)
    assert (shop.state(again), [one.media_id for one in shop.tiktok.accepted]) == ("sent", ["up2"])


async def test_a_picture_that_cannot_be_uploaded_in_time_expires(shop: Shop) -> None:
    """A try that could only be made after the window ends the delivery as not sent, with the last reason."""
    with_picture(shop)
    delivery = send(shop)
    shop.clock.advance(48 * HOUR - 1 * SECOND)
    shop.tiktok.upload_faults = [TikTokUnreachable("Not reached.")]
    await shop.run(ticks=2)
    assert shop.state(delivery) == "expired"
    assert "Not reached." in shop.row(delivery)["reason"]


async def test_a_restart_during_an_upload_leaves_no_doubt(open_shop: OpenShop) -> None:
    """A server that stops while it uploads has sent nothing: the next one uploads again and sends once: I6."""
    shop = open_shop()
    with_picture(shop)
    reached, never = asyncio.Event(), asyncio.Event()
    upload = shop.tiktok.upload_image

    async def stuck(_content: bytes) -> str:
        reached.set()
        await never.wait()
        return ""

    shop.tiktok.upload_image = stuck  # type: ignore[method-assign,assignment]
    delivery = send(shop)
    await shop.sender.tick()
    await reached.wait()
    await shop.sender.drain()
    assert shop.state(delivery) == "queued"
    shop.tiktok.upload_image = upload  # type: ignore[method-assign]
    after = open_shop(boot="boot-2")
    await after.run(ticks=2)
    assert (after.state(delivery), len(shop.tiktok.accepted)) == ("sent", 1)


async def test_a_forced_dialect_v1_sends_no_picture(open_shop: OpenShop) -> None:
    """When the settings have come to force v1 meanwhile, the picture fails in words and nothing is uploaded."""
    shop = open_shop()
    with_picture(shop)
    delivery = send(shop)
    forced = open_shop(settings_with("v1"), boot="boot-2")
    await forced.run(ticks=2)
    assert (forced.state(delivery), shop.tiktok.uploads, shop.tiktok.asked) == ("failed", [], [])


async def test_what_stands_on_the_wire(open_shop: OpenShop) -> None:
    """Capability, upload and send are exactly the documented requests, in this order, each once."""
    shop = open_shop()
    content = with_picture(shop)

    def answer(request: Request, _number: int) -> HttpAnswer:
        data: dict[str, Any] = {"message": {"message_id": "platform-1"}}
        if "/capabilities/get/" in request.path:
            data = {"capability_infos": [{"capability_type": "IMAGE_SEND", "capability_result": True}]}
        elif request.path.endswith("/media/upload/"):
            data = {"media_id": "v1-media/+=="}
        return 200, {}, json.dumps({"code": 0, "message": "OK", "request_id": "r", "data": data}).encode()

    with Recorder(answer) as far_end:
        async with TikTokClient(far_end.url, "biz", "token-1") as client:
            sender = Sender(shop.database, client, shop.settings, clock=shop.clock, random=lambda: 0.5, boot="b")
            delivery = send(shop, name="u5Jh+/x==")
            await sender.tick()
            await sender.settle()
            await sender.drain()
    asked, uploaded, sent = far_end.requests
    assert (asked.method, asked.path) == (
        "GET",
        (
            "/open_api/v1.3/business/message/capabilities/get/?business_id=biz&conversation_id=u5Jh%2B%2Fx%3D%3D"
            "&conversation_type=STRANGER&capability_types=%5B%22IMAGE_SEND%22%5D"
        ),
    )
    assert (uploaded.method, uploaded.path) == ("POST", "/open_api/v1.3/business/message/media/upload/")
    boundary = uploaded.headers["content-type"].partition("boundary=")[2]
    parts = [
        b'Content-Disposition: form-data; name="business_id"\r\n\r\nbiz\r\n',
        b'Content-Disposition: form-data; name="media_type"\r\n\r\nIMAGE\r\n',
        b'Content-Disposition: form-data; name="file"; filename="picture.png"\r\nContent-Type: image/png\r\n\r\n'
        + content + b"\r\n",
    ]  # fmt: skip
    edge = f"--{boundary}".encode()
    assert uploaded.body == b"".join(edge + b"\r\n" + part for part in parts) + edge + b"--\r\n"
    assert (sent.method, sent.path) == ("POST", "/open_api/v1.3/business/message/send/")
    assert sent.body == (
        b'{"business_id":"biz","recipient_type":"CONVERSATION","recipient":"u5Jh+/x==",'
        b'"message_type":"IMAGE","image":{"media_id":"v1-media/+=="}}'
    )
    assert {request.headers["access-token"] for request in far_end.requests} == {"token-1"}
    row = shop.row(delivery)
    assert (row["state"], row["platform_id"], row["media"]) == ("sent", "platform-1", "v1-media/+==")


async def test_scripts_read_which_picture_it_is(shop: Shop) -> None:
    """`deliveries list --json` keeps its fields: an empty text, and which piece's picture; a text has none."""
    with_picture(shop)
    send(shop)
    told = outbox.listed(shop.db)[0]
    assert (told["text"], told["picture"]["sku"], told["picture"]["content_type"]) == ("", "J-014", "image/png")
    shop.write(decisions.send, 1, "Yes!", settings=shop.settings.delivery)
    assert outbox.listed(shop.db)[0]["picture"] is None


def test_a_picture_is_kept_privately_and_only_what_tiktok_takes(shop: Shop) -> None:
    """The file is the owner's alone under the hash of its bytes; a GIF and 3 MB and a byte are refused in words."""
    content = with_picture(shop)
    digest = hashlib.sha256(content).hexdigest()
    (file,) = media.folder_of(shop.path).iterdir()
    assert (file.name, file.read_bytes()) == (f"piece-{digest[:32]}.png", content)
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    with pytest.raises(NotAllowed, match="JPG or PNG"):
        pictures.check_file(b"GIF89a")
    with pytest.raises(NotAllowed, match="3,145,728"):
        pictures.check_file(b"\xff\xd8\xff" + b"x" * 3_145_726)
    assert pictures.check_file(b"\xff\xd8\xff" + b"x" * 3_145_725) == "image/jpeg"


async def test_a_replaced_file_stays_as_long_as_a_delivery_names_it(shop: Shop) -> None:
    """The nightly sweep is told of the present picture and of every one that was sent, and of no other."""
    with_picture(shop)
    send(shop)
    names = [pictures.paths(shop.db)]
    for salt in (b"second", b"third"):
        with transaction(shop.db):
            give_picture(shop.db, shop.path, "J-014", now=shop.clock.now, salt=salt)
        names.append(pictures.paths(shop.db))
    assert [len(one) for one in names] == [1, 2, 2]
    assert names[0] < names[2]
    assert names[1] != names[2]
    assert shop.write(pictures.take_off, "J-014", who="owner")
    assert pictures.paths(shop.db) == names[0]


async def test_a_capability_is_believed_for_a_day(shop: Shop) -> None:
    """An answer of yesterday is asked for again before the next picture."""
    with_picture(shop)
    conversation = shop.write(add_conversation, "c1")
    shop.write(uploads.learn_allowed, conversation, allowed=True)
    shop.clock.advance(DAY - MINUTE)
    shop.write(decisions.send_picture, conversation, "J-014", settings=shop.settings.delivery, send_now=True)
    await shop.run(ticks=2)
    assert shop.tiktok.asked_capabilities == []
    shop.clock.advance(2 * MINUTE)
    shop.write(decisions.send_picture, conversation, "J-014", settings=shop.settings.delivery, send_now=True)
    await shop.run(ticks=2)
    assert shop.tiktok.asked_capabilities == [("c1", "SINGLE")]


async def test_a_picture_alone_answers_nothing(shop: Shop) -> None:
    """What she asked before a picture was sent still wants its words: the draft stays, and one may be written."""
    with_picture(shop)
    conversation = shop.write(add_conversation, "c1", text="a photo? and the length?")
    draft = shop.write(ready_draft, conversation, "25 inches.")
    shop.clock.advance(SECOND)
    shop.write(decisions.send_picture, conversation, "J-014", settings=shop.settings.delivery, send_now=True)
    await shop.run(ticks=2)
    assert len(shop.tiktok.accepted) == 1
    assert shop.draft(draft).state == "ready"
    assert [row["text"] for row in inbox.unanswered(shop.db, conversation)] == ["a photo? and the length?"]
    shop.write(decisions.approve, draft, settings=shop.settings.delivery, send_now=True)
    await shop.run(ticks=2)
    assert shop.texts() == ["", "25 inches."]
    assert inbox.unanswered(shop.db, conversation) == []
    shop.clock.advance(SECOND)
    shop.write(write, conversation, "later", text="and in red?")
    assert [row["text"] for row in inbox.unanswered(shop.db, conversation)] == ["and in red?"]
