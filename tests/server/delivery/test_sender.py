"""The sender under a fake clock: each state of the outbox that a request leads to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from server import decisions
from server.listener import applying, events
from server.tiktok.answer import Answer
from store import holds, inbound, inbox, items, pauses, switches
from store.clock import HOUR, MINUTE, SECOND
from store.errors import CannotWrite, NotAllowed, Stale
from store.inbound import Received
from tests.server.delivery.shop import (
    ERROR_51065,
    LOST,
    REFUSED,
    SERVER_ERROR_V1,
    UNREACHED,
    Shop,
    add_conversation,
    limited,
    ready_draft,
    settings_with,
    write,
)

OpenShop = Callable[..., Shop]


def decide(
    shop: Shop, text: str = "Yes, it is here.", name: str = "c1", *, now: bool = True, dialect: str = "v1.3"
) -> int:
    """A new customer, a draft, and its approval; returns the delivery."""
    conversation = shop.write(add_conversation, name, dialect=dialect)
    draft = shop.write(ready_draft, conversation, text)
    return shop.write(decisions.approve, draft, settings=shop.settings.delivery, send_now=now).delivery_id


async def test_a_decided_reply_leaves_once_after_the_time_to_undo(shop: Shop) -> None:
    """An approved draft is held for 5 s, leaves once, and stands in the thread with the platform's id."""
    delivery = decide(shop, now=False)
    await shop.run()
    assert (shop.state(delivery), shop.texts()) == ("held", [])
    shop.clock.advance(5 * SECOND)
    await shop.run(ticks=3)
    assert (shop.state(delivery), shop.texts()) == ("sent", ["Yes, it is here."])
    assert shop.row(delivery)["platform_id"] == "m1"
    message = shop.db.execute(
        "SELECT text, source, platform_id, delivery_id FROM messages WHERE role = 'assistant'"
    ).fetchall()
    assert [tuple(row) for row in message] == [("Yes, it is here.", "owner", "m1", delivery)]


async def test_each_dialect_is_spoken_where_it_was_opened(shop: Shop, open_shop: OpenShop) -> None:
    """A conversation is answered in its own dialect, unless the setting forces one."""
    decide(shop, name="one", dialect="v1")
    decide(shop, name="two", dialect="v1.3")
    await shop.run()
    assert {(dialect, recipient) for _, dialect, recipient, _ in shop.tiktok.asked} == {("v1", "one"), ("v1.3", "two")}
    forced = open_shop(settings_with("v1"), boot="boot-2")
    decide(forced, name="three", dialect="v1.3")
    await forced.run()
    assert shop.tiktok.asked[-1][1:3] == ("v1", "three")


async def test_i5_the_attempt_is_committed_before_the_request(shop: Shop) -> None:
    """When the first byte could leave, another connection already reads the attempt: I5."""
    seen: list[tuple[int, str]] = []

    async def look() -> tuple[bool, Answer]:
        row = shop.db.execute("SELECT count(*) AS n FROM attempts WHERE ended_at IS NULL").fetchone()
        seen.append((row["n"], shop.state(1)))
        return True, LOST

    shop.tiktok.answers = [look]
    decide(shop)
    await shop.run()
    assert seen == [(1, "sending")]


async def test_a_definite_no_is_told_and_never_tried_again(shop: Shop) -> None:
    """A refusal fails the delivery with TikTok's reason, and the conversation asks for the owner."""
    shop.tiktok.answers = [REFUSED]
    delivery = decide(shop)
    shop.clock.advance(HOUR)
    await shop.run(ticks=3)
    assert (shop.state(delivery), len(shop.tiktok.asked)) == ("failed", 1)
    assert shop.row(delivery)["reason"] == "Refused."
    assert shop.db.execute("SELECT queue FROM conversations").fetchone()["queue"] == "needs_you"


async def test_not_sent_is_tried_again_with_growing_pauses(shop: Shop) -> None:
    """Connect errors are tried again after 2, 5, 15, 60, 300, 300 s, the jitter aside."""
    shop.tiktok.answers = [UNREACHED] * 6
    delivery = decide(shop)
    for pause in (0, 2, 5, 15, 60, 300, 300):
        shop.clock.advance(pause * SECOND - 1)
        await shop.run()
        before = len(shop.tiktok.asked)
        shop.clock.advance(1)
        await shop.run()
        assert len(shop.tiktok.asked) == before + (pause > 0) or pause == 0
    assert (shop.state(delivery), shop.texts()) == ("sent", ["Yes, it is here."])


async def test_a_limit_pauses_everyone_and_retry_after_is_kept(shop: Shop) -> None:
    """After a 429 with Retry-After 40 no conversation sends for 40 s, and then all do."""
    shop.tiktok.answers = [limited(40)]
    decide(shop, name="one")
    await shop.run()
    decide(shop, name="two")
    shop.clock.advance(39 * SECOND)
    await shop.run()
    assert len(shop.tiktok.asked) == 1
    shop.clock.advance(SECOND)
    await shop.run()
    assert len(shop.texts()) == 2


async def test_a_doubt_is_never_tried_again(shop: Shop) -> None:
    """A cut connection leaves the delivery unknown, and no tick ever sends it again: I6."""
    shop.tiktok.answers = [(True, LOST)]
    delivery = decide(shop)
    for _ in range(5):
        shop.clock.advance(HOUR)
        await shop.run()
    assert (shop.state(delivery), len(shop.tiktok.asked)) == ("unknown", 1)
    assert shop.db.execute("SELECT queue FROM conversations").fetchone()["queue"] == "in_doubt"


@pytest.mark.parametrize(("rule", "state"), [("retry", "retrying"), ("ask", "unknown")])
async def test_a_v1_server_error_follows_the_setting(open_shop: OpenShop, rule: str, state: str) -> None:
    """A 5xx in dialect v1 is tried again, as the shop's specification says, or asked about when set so."""
    shop = open_shop(settings_with(v1_server_error=rule))
    shop.tiktok.answers = [SERVER_ERROR_V1]
    delivery = decide(shop, dialect="v1")
    await shop.run()
    assert shop.state(delivery) == state
    shop.clock.advance(HOUR)
    await shop.run()
    assert len(shop.tiktok.asked) == (2 if rule == "retry" else 1)


async def test_i3_order_per_conversation(shop: Shop) -> None:
    """A later decision waits for the earlier one of its conversation, through retries and doubts: I3."""
    conversation = shop.write(add_conversation, "c1")
    settings = shop.settings.delivery
    shop.tiktok.answers = [UNREACHED]
    first = shop.write(decisions.send, conversation, "first", settings=settings, send_now=True).delivery_id
    second = shop.write(decisions.send, conversation, "second", settings=settings, send_now=True).delivery_id
    await shop.run(ticks=2)
    assert (shop.state(first), shop.state(second), shop.texts()) == ("retrying", "queued", [])
    shop.clock.advance(2 * SECOND)
    await shop.run()
    assert shop.texts() == ["first", "second"]


async def test_i4_one_open_attempt_per_conversation(shop: Shop) -> None:
    """While a request of a conversation is open no other of it starts, and other conversations go on: I4."""
    gate = asyncio.Event()

    async def slowly() -> tuple[bool, Answer]:
        await gate.wait()
        return True, LOST

    took = asyncio.Event()

    async def at_once() -> tuple[bool, Answer]:
        took.set()
        return True, LOST

    shop.tiktok.answers = [slowly, at_once]
    decide(shop, name="one")
    await shop.sender.tick()
    shop.write(decisions.send, 1, "more", settings=shop.settings.delivery, send_now=True)
    decide(shop, name="two")
    await shop.sender.tick()
    await took.wait()
    assert [request[2] for request in shop.tiktok.asked] == ["one", "two"]
    gate.set()
    await shop.sender.settle()
    assert shop.state(2) == "queued"


async def test_i7_nothing_starts_after_the_window(shop: Shop) -> None:
    """What cannot leave before the window closes expires and says so; a retry is never planned past it: I7."""
    conversation = shop.write(add_conversation, "c1")
    shop.clock.advance(48 * HOUR - 10 * SECOND)
    shop.tiktok.answers = [limited(60)]
    delivery = shop.write(decisions.send, conversation, "late", settings=shop.settings.delivery).delivery_id
    await shop.run()
    assert shop.state(delivery) == "expired"
    assert "window closed" in shop.row(delivery)["reason"]
    shop.clock.advance(10 * SECOND)
    with pytest.raises(NotAllowed, match="window is closed"):
        shop.write(decisions.send, conversation, "later", settings=shop.settings.delivery)


async def test_i8_thirty_starts_in_sixty_seconds(shop: Shop, open_shop: OpenShop) -> None:
    """Of 70 due replies at most 30 start in any 60 s, a restart in between included: I8."""
    for number in range(70):
        decide(shop, name=f"c{number}")
    for step in range(200):
        await (shop if step < 20 else open_shop(boot="boot-2") if step == 20 else shop).run(ticks=5)
        shop.clock.advance(SECOND)
        if len(shop.texts()) == 70:
            break
    starts = [at for at, *_ in shop.tiktok.asked]
    assert len(starts) == 70
    assert max(sum(1 for other in starts if at <= other <= at + MINUTE) for at in starts) == 30


async def test_the_earliest_deadline_goes_first(shop: Shop) -> None:
    """With one token left the conversation whose window closes first gets it."""
    for number in range(29):
        decide(shop, name=f"c{number}")
    await shop.run(ticks=5)
    late = shop.write(add_conversation, "late")
    shop.clock.advance(-HOUR)
    early = shop.write(add_conversation, "early")
    shop.clock.advance(HOUR)
    for conversation in (late, early):
        shop.write(decisions.send, conversation, str(conversation), settings=shop.settings.delivery, send_now=True)
    await shop.run(ticks=3)
    assert shop.texts()[29:] == [str(early)]


@pytest.mark.parametrize("how", ["everything", "sender"])
async def test_a_pause_stops_every_claim(shop: Shop, how: str) -> None:
    """While `!` or the sender's own pause is on nothing starts; after it everything does."""
    if how == "everything":
        shop.write(switches.pause, who="owner")
    else:
        shop.write(pauses.pause_sender, "because")
    delivery = decide(shop)
    await shop.run(ticks=2)
    assert (shop.state(delivery), shop.texts()) == ("queued", [])
    if how == "everything":
        shop.write(switches.resume, who="owner")
    else:
        shop.write(pauses.resume_sender, who="owner")
    await shop.run()
    assert shop.state(delivery) == "sent"


async def test_three_doubts_in_five_minutes_pause_the_sender(shop: Shop) -> None:
    """The third unknown outcome within five minutes stops the sender with a banner, until the owner resumes it."""
    shop.tiktok.answers = [LOST, LOST, LOST]
    for number in range(4):
        decide(shop, name=f"c{number}")
        await shop.run()
        shop.clock.advance(10 * SECOND)
    assert [shop.state(number) for number in (1, 2, 3, 4)] == ["unknown"] * 3 + ["queued"]
    assert pauses.sender_pause(shop.db) is not None
    assert shop.db.execute("SELECT count(*) AS n FROM notices WHERE kind = 'sender_pause'").fetchone()["n"] == 1
    shop.write(pauses.resume_sender, who="owner")
    await shop.run()
    assert shop.state(4) == "sent"


async def test_a_refused_token_is_refreshed_once_and_then_pauses(shop: Shop) -> None:
    """40105 fetches a new token and tries once more; refused again, the delivery fails and the sender pauses."""
    refused = Answer(outcome="refused", kind="auth", reason="No token.", status=200, code=40105, answered=True)
    fetched = []

    async def refresh() -> bool:
        fetched.append(1)
        return True

    shop.sender._refresh = refresh
    shop.tiktok.answers = [refused]
    first = decide(shop, name="one")
    await shop.run(ticks=2)
    assert (shop.state(first), len(fetched), pauses.sender_pause(shop.db)) == ("sent", 1, None)
    shop.tiktok.answers = [refused, refused]
    second = decide(shop, name="two")
    await shop.run(ticks=3)
    assert (shop.state(second), len(fetched)) == ("failed", 2)
    assert pauses.sender_pause(shop.db) is not None


async def test_too_fast_fails_with_its_text_kept_and_rests(shop: Shop) -> None:
    """Told that it is too fast, Philia fails that delivery, keeps its text, and lets everyone rest for five minutes."""
    shop.tiktok.answers = [Answer(outcome="refused", kind="too_fast", reason="Rest.", status=200, code=40064)]
    first = decide(shop, name="one")
    await shop.run()
    second = decide(shop, name="two")
    shop.clock.advance(5 * MINUTE - 1)
    await shop.run()
    assert (shop.state(first), shop.state(second)) == ("failed", "queued")
    assert shop.row(first)["text"] == "Yes, it is here."
    shop.clock.advance(1)
    await shop.run()
    assert shop.state(second) == "sent"


def a_piece(shop: Shop, sku: str = "J-014") -> None:
    shop.write(items.add, sku, {"name": "suede jacket", "price_cents": 8500}, who="owner")


async def test_i16_what_was_sold_is_not_offered(shop: Shop) -> None:
    """A reply that calls a piece available does not leave after the piece was sold; the owner gets a new draft: I16."""
    a_piece(shop)
    conversation = shop.write(add_conversation, "c1")
    draft = shop.write(ready_draft, conversation, "Yes, the suede jacket is here.", offering=["J-014"])
    delivery = shop.write(decisions.approve, draft, settings=shop.settings.delivery).delivery_id
    shop.write(items.sell, "J-014", who="owner")
    shop.clock.advance(5 * SECOND)
    await shop.run()
    assert (shop.state(delivery), shop.texts()) == ("failed", [])
    assert "J-014" in shop.row(delivery)["reason"]
    new = shop.db.execute("SELECT cause, facts FROM drafts WHERE state = 'queued'").fetchone()
    assert tuple(new) == ("sold", '{"replaces": "J-014"}')


@pytest.mark.parametrize(
    ("text", "leaves"),
    [
        ("Yes! The Suede Jacket is available for $85.", False),
        ("j-014 is still here.", False),
        ("Yes, still available!", False),
        ("The suede jacket is sold, sorry.", True),
        ("The suede jacket is yours, I pack it tonight.", True),
        ("J-0145 is available.", True),
    ],
)
async def test_i16_her_own_words_do_not_offer_what_was_sold(shop: Shop, text: str, leaves: bool) -> None:
    """A text she typed that calls a piece available, by name or in answer to a draft, stops at its sale: I16."""
    a_piece(shop)
    shop.write(items.add, "J-0145", {"name": "denim shirt", "price_cents": 3000}, who="owner")
    conversation = shop.write(add_conversation, "c1")
    shop.write(ready_draft, conversation, "Yes, the suede jacket is here.", offering=["J-014"])
    delivery = shop.write(decisions.send, conversation, text, settings=shop.settings.delivery).delivery_id
    shop.write(items.sell, "J-014", who="owner")
    shop.clock.advance(5 * SECOND)
    await shop.run()
    assert (shop.state(delivery), shop.texts()) == (("sent", [text]) if leaves else ("failed", []))


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("Yes! The Suede Jacket is available for $85.", True),
        ("Hi, J-014 is still here", True),
        ("The denim shirt is sold, but the suede jacket is still available.", True),
        ("The suede jacket, size M, snap front, is in stock.", True),
        ("The suede jacket is still available and will be sent if you pay", True),
        ("La suede jacket está disponible!", True),
        ("The suede jacket is sold, but a similar one is available.", False),
        ("Sorry, the suede jacket isn\u2019t available any more. The denim shirt is still available.", False),
        ("The suede jacket was available until noon.", False),
        ("I tell you when the suede jacket is available again.", False),
        ("Is the suede jacket still available? No, sorry.", False),
        ("The suede jacket in tan is available.", False),
        ("The suede jacket is lovely, isn't it", False),
        ("A wool coat is available.", False),
    ],
)
async def test_i16_her_own_words_do_not_offer_what_is_gone_already(shop: Shop, text: str, refused: bool) -> None:
    """A text typed after the sale that still calls the piece available is refused in words; any other leaves: I16."""
    a_piece(shop)
    for sku, name in (
        ("J-0145", "denim shirt"),
        ("J-0146", "suede jacket in tan"),
        ("C-001", "wool coat"),
        ("C-002", "wool coat"),
    ):
        shop.write(items.add, sku, {"name": name, "price_cents": 3000}, who="owner")
    conversation = shop.write(add_conversation, "c1")
    draft = shop.write(ready_draft, conversation, "Hello!", offering=[])
    for sku in ("J-014", "C-001"):
        shop.write(items.sell, sku, who="owner")
    if refused:
        with pytest.raises(Stale, match="J-014 suede jacket was sold, and your words call it available"):
            shop.write(decisions.send, conversation, text, settings=shop.settings.delivery)
        with pytest.raises(Stale, match="J-014 suede jacket was sold, and your words call it available"):
            shop.write(decisions.edit, draft, text, settings=shop.settings.delivery)
    else:
        shop.write(decisions.edit, draft, text, settings=shop.settings.delivery)
    shop.clock.advance(5 * SECOND)
    await shop.run()
    assert shop.texts() == ([] if refused else [text])


async def test_i16_her_own_words_do_not_offer_what_another_has_on_hold(shop: Shop) -> None:
    """What is on hold for one customer is called available to her and to nobody else, by name or in answer: I16."""
    a_piece(shop)
    hers, other = shop.write(add_conversation, "c1"), shop.write(add_conversation, "c2")
    shop.write(holds.hold, "J-014", hers, who="owner")
    draft = shop.write(ready_draft, other, "It is on hold, you are next.", offering=["J-014"])
    for text in ("The suede jacket is available!", "It's still available!"):
        with pytest.raises(Stale, match="is on hold for somebody else, and your words call it available"):
            shop.write(decisions.send, other, text, settings=shop.settings.delivery)
        with pytest.raises(Stale, match="is on hold for somebody else"):
            shop.write(decisions.edit, draft, text, settings=shop.settings.delivery)
    shop.write(decisions.send, hers, "The suede jacket is available!", settings=shop.settings.delivery)
    shop.clock.advance(5 * SECOND)
    await shop.run()
    assert shop.texts() == ["The suede jacket is available!"]


async def test_what_was_sold_cannot_be_approved(shop: Shop) -> None:
    """Approving a draft about a piece that was sold meanwhile is stale, and nothing is written."""
    a_piece(shop)
    conversation = shop.write(add_conversation, "c1")
    draft = shop.write(ready_draft, conversation, "Yes, it is here.", offering=["J-014"])
    shop.write(items.sell, "J-014", who="owner")
    with pytest.raises(Stale, match="J-014"):
        shop.write(decisions.approve, draft, settings=shop.settings.delivery)
    assert shop.db.execute("SELECT count(*) AS n FROM deliveries").fetchone()["n"] == 0
    sold = shop.write(decisions.edit, draft, "Sorry, it has just been sold!", settings=shop.settings.delivery)
    shop.clock.advance(5 * SECOND)
    await shop.run()
    assert shop.state(sold.delivery_id) == "sent"


async def test_a_new_message_cancels_an_automatic_reply_only(shop: Shop) -> None:
    """An automatic reply is cancelled when she writes again within its 60 s; the owner's own still leaves."""
    settings = shop.settings.delivery
    one, two = shop.write(add_conversation, "one"), shop.write(add_conversation, "two")
    automatic = shop.write(decisions.auto, shop.write(ready_draft, one, "auto"), (), settings=settings).delivery_id
    owned = shop.write(decisions.approve, shop.write(ready_draft, two, "mine"), settings=settings).delivery_id
    shop.clock.advance(SECOND)
    shop.write(write, one, "one-2")
    shop.write(write, two, "two-2")
    shop.clock.advance(MINUTE)
    await shop.run()
    assert (shop.state(automatic), shop.state(owned)) == ("cancelled", "sent")
    assert shop.texts() == ["mine"]


async def test_shutdown_finishes_and_records_what_is_under_way(shop: Shop) -> None:
    """Draining claims nothing more, waits for the answer of the open request, and writes it down."""
    gate = asyncio.Event()

    async def slowly() -> tuple[bool, Answer]:
        await gate.wait()
        return True, Answer(outcome="sent", kind="accepted", reason="", platform_id="", answered=True)

    shop.tiktok.answers = [slowly]
    first, second = decide(shop, name="one"), 0
    await shop.sender.tick()
    second = decide(shop, name="two")
    drained = asyncio.create_task(shop.sender.drain())
    await asyncio.sleep(0)
    gate.set()
    await drained
    await shop.sender.tick()
    assert (shop.state(first), shop.state(second)) == ("sent", "held")


async def test_a_cancelled_caller_leaves_the_request_alone(shop: Shop) -> None:
    """Cancelling whoever ticked neither loses the claim nor turns the answer into a question."""
    delivery = decide(shop)
    tick = asyncio.create_task(shop.sender.tick())
    await asyncio.sleep(0)
    tick.cancel()
    with pytest.raises(asyncio.CancelledError):
        await tick
    await shop.sender.settle()
    assert (shop.state(delivery), len(shop.texts())) == ("sent", 1)


async def test_an_error_with_an_answer_is_still_a_doubt(shop: Shop) -> None:
    """51065 is an answer, and yet it does not say whether the message was taken: unknown, and told as answered."""
    shop.tiktok.answers = [(True, ERROR_51065)]
    delivery = decide(shop)
    await shop.run()
    assert (shop.state(delivery), bool(shop.row(delivery)["answered_with_error"])) == ("unknown", True)


async def test_an_automatic_reply_waits_for_what_is_not_applied_yet(shop: Shop) -> None:
    """While an acknowledged event of its thread is not applied an automatic reply stays, since it may be her."""
    settings = shop.settings.delivery
    conversation = shop.write(add_conversation, "c1")
    automatic = shop.write(decisions.auto, shop.write(ready_draft, conversation, "auto"), (), settings=settings)
    received = Received(dedupe_key="k", dialect="v1.3", event="im_receive_msg", thread="v1.3:c1", body=b"{}")
    shop.write(inbound.receive, received)
    shop.clock.advance(MINUTE)
    await shop.run()
    assert (shop.state(automatic.delivery_id), shop.texts()) == ("queued", [])
    shop.write(inbound.settle, 1, "ignored")
    await shop.run()
    assert shop.texts() == ["auto"]


async def test_what_only_the_rules_are_against_goes_back_to_the_owner(shop: Shop) -> None:
    """An automatic reply whose conversation was paused meanwhile is cancelled, and its text waits for the owner."""
    conversation = shop.write(add_conversation, "c1")
    draft = shop.write(ready_draft, conversation, "auto")
    automatic = shop.write(decisions.auto, draft, (), settings=shop.settings.delivery)
    shop.write(inbox.set_mode, conversation, "paused", who="owner")
    shop.clock.advance(MINUTE)
    await shop.run()
    assert (shop.state(automatic.delivery_id), shop.texts()) == ("cancelled", [])
    back = shop.draft(draft)
    assert (back.state, back.text, back.needs_owner) == ("ready", "auto", True)
    assert "paused in this conversation" in (back.hold_reason or "")


async def test_an_answer_on_the_phone_ends_an_automatic_reply(shop: Shop) -> None:
    """An echo typed in the app cancels the automatic reply at once; no draft comes back, since she was answered."""
    conversation = shop.write(add_conversation, "c1")
    draft = shop.write(ready_draft, conversation, "auto")
    automatic = shop.write(decisions.auto, draft, (), settings=shop.settings.delivery)
    event = events.Inbound(
        dialect="v1.3",
        event="im_send_msg",
        meaning="echo",
        dedupe_key="k",
        thread="v1.3:c1",
        conversation="c1",
        user="user-c1",
        message_id="p1",
        text="by phone",
        source="APP",
        platform_at=shop.clock.advance(SECOND),
    )
    shop.write(applying.effect, event, received_at=shop.clock.now, rules=applying.rules_of(shop.settings))
    assert shop.state(automatic.delivery_id) == "cancelled"
    shop.clock.advance(MINUTE)
    await shop.run()
    assert shop.texts() == []
    assert shop.draft(draft).state == "approved"


async def test_a_known_outcome_is_written_again_until_it_stands(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the database cannot be written the answer is kept and written anew, and nothing is sent twice."""
    real, refusals = shop.database.write, [1, 2]

    async def full(fn: Callable[..., object], *args: object, **kwargs: object) -> object:
        if getattr(fn, "__name__", "") == "_write_down" and refusals:
            refusals.pop()
            raise CannotWrite("The disk is full.")
        return await real(fn, *args, **kwargs)

    monkeypatch.setattr(shop.database, "write", full)
    delivery = decide(shop)
    await shop.run()
    assert (shop.state(delivery), shop.texts(), refusals) == ("sent", ["Yes, it is here."], [])
