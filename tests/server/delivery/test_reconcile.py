"""How a doubt ends, under a fake clock: by an echo, by a listing, by the owner, never by trying again."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from server import decisions
from server.delivery import reconcile
from server.listener import applying, events
from server.simulator import events as bodies
from server.simulator.ledger import Ledger
from server.simulator.platform import Platform
from server.tiktok.answer import Answer
from store import inbound, inbox, outbox, pauses, reconciling
from store.clock import HOUR, MINUTE, SECOND
from store.errors import NotAllowed
from store.inbound import Received
from tests.server.delivery.shop import (
    ACCEPTED,
    ERROR_51065,
    LOST,
    REFUSED,
    SERVER_ERROR_V1,
    UNREACHED,
    Shop,
    add_conversation,
    listed,
    settings_with,
)

OpenShop = Callable[..., Shop]


async def doubtful(shop: Shop, answer: object, *, name: str = "c1", dialect: str = "v1.3", text: str = "Yes!") -> int:
    """A delivery whose request ended with this answer."""
    conversation = inbox.find(shop.db, dialect, name) or shop.write(add_conversation, name, dialect=dialect)
    shop.tiktok.answers.append(answer)
    delivery = shop.write(
        decisions.send, conversation, text, settings=shop.settings.delivery, send_now=True
    ).delivery_id
    await shop.run()
    return delivery


async def look(shop: Shop, *, seconds: int = 0, times: int = 1) -> None:
    """Lets the reconciler look after each of `times` pauses."""
    for _ in range(times):
        shop.clock.advance(seconds * SECOND)
        await reconcile.look(shop.database, shop.tiktok, shop.settings, clock=shop.clock)


def echo(shop: Shop, text: str, *, platform_id: str, at: int | None = None, source: str | None = "API") -> int | None:
    return shop.write(
        reconciling.match_echo,
        1,
        platform_id=platform_id,
        text=text,
        at=shop.clock.now if at is None else at,
        source=source,
    )


async def test_a_listing_that_shows_it_settles_at_once(shop: Shop) -> None:
    """What TikTok took and did not answer is found at the first look, with its id, and counts as sent: I2."""
    delivery = await doubtful(shop, (True, LOST))
    await look(shop)
    assert (shop.state(delivery), shop.row(delivery)["platform_id"]) == ("sent", "m1")
    assert shop.db.execute("SELECT quota_left FROM conversations").fetchone()["quota_left"] == 9


async def test_a_proven_absence_after_an_error_is_sent_again(shop: Shop) -> None:
    """After an error answer, 90 s of quiet and two empty listings 30 s apart the text is sent once more: I6."""
    delivery = await doubtful(shop, (False, ERROR_51065))
    await look(shop, seconds=89)
    assert (shop.state(delivery), shop.row(delivery)["absences"]) == ("unknown", 0)
    await look(shop, seconds=1)
    assert shop.row(delivery)["absences"] == 1
    await look(shop, seconds=29)
    assert (shop.state(delivery), shop.row(delivery)["absences"]) == ("unknown", 1)
    await look(shop, seconds=1)
    assert shop.state(delivery) == "retrying"
    await shop.run()
    assert (shop.state(delivery), shop.texts()) == ("sent", ["Yes!"])


@pytest.mark.parametrize(
    ("rule", "answer", "state"),
    [
        ("answered", LOST, "needs_owner"),
        ("always", LOST, "retrying"),
        ("never", ERROR_51065, "needs_owner"),
        ("answered", ERROR_51065, "retrying"),
    ],
)
async def test_what_an_absence_leads_to_is_a_setting(
    open_shop: OpenShop, rule: str, answer: Answer, state: str
) -> None:
    """A proven absence asks the owner or sends again, by `resend_when_absent` and by whether TikTok had answered."""
    shop = open_shop(settings_with(resend_when_absent=rule))
    delivery = await doubtful(shop, (False, answer))
    await look(shop, seconds=45, times=6)
    assert shop.state(delivery) == state


async def test_a_listing_that_does_not_reach_back_proves_nothing(shop: Shop) -> None:
    """With 20 newer messages in the listing an absence cannot be proven, so the owner is asked."""
    delivery = await doubtful(shop, (False, ERROR_51065))
    shop.clock.advance(30 * SECOND)
    shop.tiktok.others = [listed(f"new{n}", "hm", shop.clock.now + n, from_business=False) for n in range(20)]
    await look(shop, seconds=90, times=3)
    assert shop.state(delivery) == "needs_owner"
    assert "no longer reaches back" in shop.row(delivery)["reason"]


async def test_a_message_at_an_odd_time_is_no_absence(shop: Shop) -> None:
    """The same text, dated outside of the span (a wrong clock), is neither proof nor absence: the owner is asked."""
    delivery = await doubtful(shop, (False, ERROR_51065))
    shop.tiktok.others = [listed("odd", "Yes!", shop.clock.now - 6 * SECOND)]
    await look(shop, seconds=45, times=6)
    assert (shop.state(delivery), shop.texts()) == ("needs_owner", [])


async def test_i13_without_a_usable_listing_the_owner_is_asked(shop: Shop) -> None:
    """When the listing fails for a quarter of an hour the doubt goes to the owner, and not before: I13."""
    shop.tiktok.listing_fails = True
    delivery = await doubtful(shop, LOST)
    await look(shop, seconds=60, times=14)
    assert shop.state(delivery) == "unknown"
    await look(shop, seconds=60, times=2)
    assert shop.state(delivery) == "needs_owner"


async def test_v1_has_no_listing(shop: Shop) -> None:
    """In dialect v1 a doubt goes to the owner after 90 s of quiet; nobody asks for a listing."""
    delivery = await doubtful(shop, (True, LOST), dialect="v1")
    await look(shop, seconds=89)
    assert shop.state(delivery) == "unknown"
    await look(shop, seconds=1)
    assert (shop.state(delivery), shop.tiktok.listings) == ("needs_owner", 0)
    assert "Could not prove it was sent" in shop.row(delivery)["reason"]


@pytest.mark.parametrize("source", ["API", None, "OTHERS"])
async def test_an_echo_settles_a_doubt(shop: Shop, source: str | None) -> None:
    """An echo by the API, or without a source, with the same text settles it; twice, it changes nothing."""
    delivery = await doubtful(shop, (True, LOST), text="Caf\u00e9 ")
    assert echo(shop, "Cafe\u0301", platform_id="m1", source=source) == delivery
    assert echo(shop, "Cafe\u0301", platform_id="m1", source=source) == delivery
    assert shop.state(delivery) == "sent"
    assert shop.db.execute("SELECT count(*) AS n FROM messages WHERE role = 'assistant'").fetchone()["n"] == 1


@pytest.mark.parametrize(
    ("text", "offset", "source"),
    [
        ("Yes", 0, "API"),
        ("Yes!", 0, "APP"),
        ("Yes!", 0, "WEB"),
        ("Yes!", -5 * SECOND - 1, "API"),
        ("Yes!", 10 * MINUTE + 1, "API"),
    ],
)
async def test_what_is_no_evidence(shop: Shop, text: str, offset: int, source: str) -> None:
    """Another text, the phone, or a time outside of [start - 5 s, start + 10 min] is nobody's delivery."""
    start = shop.clock.now
    delivery = await doubtful(shop, LOST)
    assert echo(shop, text, platform_id="x", at=start + offset, source=source) is None
    assert shop.state(delivery) == "unknown"


async def test_an_echo_before_the_answer_is_believed_and_confirmed(shop: Shop) -> None:
    """An echo that overtakes the answer settles the delivery; the answer then closes the attempt and adds nothing."""

    async def overtaken() -> tuple[bool, Answer]:
        assert echo(shop, "Yes!", platform_id="m1") == 1
        return True, ACCEPTED

    delivery = await doubtful(shop, overtaken)
    assert shop.state(delivery) == "sent"
    assert shop.db.execute("SELECT count(*) AS n FROM messages WHERE role = 'assistant'").fetchone()["n"] == 1
    assert shop.db.execute("SELECT outcome FROM attempts").fetchone()["outcome"] == "sent"


async def test_an_echo_beats_a_lost_answer(shop: Shop) -> None:
    """Whatever the answer to a request says afterwards, what an echo has proven stays sent."""

    async def overtaken() -> tuple[bool, Answer]:
        echo(shop, "Yes!", platform_id="m1")
        return True, SERVER_ERROR_V1

    delivery = await doubtful(shop, overtaken, dialect="v1")
    shop.clock.advance(HOUR)
    await shop.run(ticks=2)
    assert (shop.state(delivery), len(shop.texts())) == ("sent", 1)


async def test_two_equal_texts_keep_their_own_messages(shop: Shop) -> None:
    """Two deliveries of the same text are matched one by one, the oldest message to the oldest delivery: I2."""
    first = await doubtful(shop, (True, LOST))
    await look(shop)
    shop.clock.advance(MINUTE)
    second = await doubtful(shop, (True, LOST))
    await look(shop)
    assert [shop.row(number)["platform_id"] for number in (first, second)] == ["m1", "m2"]


@pytest.mark.parametrize("word", ["drop", "again"])
async def test_late_evidence_beats_an_assertion(shop: Shop, word: str) -> None:
    """An echo after the owner's word makes the delivery sent, and its repetition, not yet left, is cancelled."""
    delivery = await doubtful(shop, (True, LOST), dialect="v1")
    await look(shop, seconds=90)
    decided = shop.write(decisions.resolve, delivery, word, settings=shop.settings.delivery)
    assert echo(shop, "Yes!", platform_id="m1", at=shop.clock.now - 89 * SECOND) == delivery
    assert shop.state(delivery) == "sent"
    shop.clock.advance(MINUTE)
    await shop.run(ticks=2)
    assert len(shop.texts()) == 1
    if decided is not None:
        assert shop.state(decided.delivery_id) == "cancelled"


async def test_the_owner_resolves_a_doubt(shop: Shop) -> None:
    """Sent ends it and puts it into the thread; drop ends it; again is a new delivery that is sent once."""
    numbers = [await doubtful(shop, LOST, name=name, dialect="v1") for name in ("a", "b", "c")]
    shop.write(pauses.resume_sender, who="owner")
    await look(shop, seconds=90)
    settings = shop.settings.delivery
    assert shop.write(decisions.resolve, numbers[0], "sent", settings=settings) is None
    assert shop.write(decisions.resolve, numbers[1], "drop", settings=settings) is None
    again = shop.write(decisions.resolve, numbers[2], "again", settings=settings)
    assert again is not None
    shop.clock.advance(5 * SECOND)
    await shop.run()
    assert [shop.state(number) for number in (*numbers, again.delivery_id)] == ["sent", "dropped", "dropped", "sent"]
    assert len(shop.texts()) == 1
    with pytest.raises(NotAllowed, match="not in doubt"):
        shop.write(decisions.resolve, numbers[0], "again", settings=settings)


async def test_again_is_refused_while_philia_still_looks(shop: Shop) -> None:
    """A delivery that is still being looked for cannot be sent again: that could send it twice."""
    delivery = await doubtful(shop, (True, LOST))
    with pytest.raises(NotAllowed, match="twice"):
        shop.write(decisions.resolve, delivery, "again", settings=shop.settings.delivery)
    assert shop.state(delivery) == "unknown"


async def test_a_doubt_holds_its_conversation_and_says_so(shop: Shop) -> None:
    """Behind a delivery that needs the owner nothing of that conversation leaves, and it says what it waits for."""
    await doubtful(shop, (True, LOST), dialect="v1")
    waiting = await doubtful(shop, (True, ACCEPTED), dialect="v1", text="and this")
    await look(shop, seconds=90)
    await shop.run()
    assert shop.state(waiting) == "queued"
    assert "delivery 1" in shop.row(waiting)["reason"]
    shop.write(decisions.resolve, 1, "drop", settings=shop.settings.delivery)
    assert shop.row(waiting)["reason"] is None
    await shop.run()
    assert shop.state(waiting) == "sent"


async def test_another_runs_open_request_is_a_doubt(shop: Shop, open_shop: OpenShop) -> None:
    """After a kill the next run makes a doubt of every request without an end, and looks for it before anything."""
    delivery = await doubtful(shop, (True, LOST))
    shop.db.execute("UPDATE attempts SET ended_at = NULL, outcome = NULL, kind = NULL")
    shop.db.execute("UPDATE deliveries SET state = 'sending'")
    next_run = open_shop(boot="boot-2")
    assert shop.write(reconciling.recover, boot="boot-2") == 1
    await next_run.run()
    assert (shop.state(delivery), len(shop.texts())) == ("unknown", 1)
    await look(next_run)
    assert (shop.state(delivery), len(shop.texts())) == ("sent", 1)


async def test_a_lost_request_of_this_run_is_a_doubt_too(shop: Shop) -> None:
    """An open attempt that nobody waits for becomes a doubt after two minutes, in the same run."""
    delivery = await doubtful(shop, (True, LOST))
    shop.db.execute("UPDATE attempts SET ended_at = NULL, outcome = NULL, kind = NULL")
    shop.db.execute("UPDATE deliveries SET state = 'sending'")
    shop.clock.advance(2 * MINUTE)
    await shop.run()
    assert shop.state(delivery) == "sending"
    shop.clock.advance(1)
    await shop.run()
    assert shop.state(delivery) == "unknown"


async def test_the_same_id_twice_is_a_doubt(shop: Shop) -> None:
    """An id that TikTok gives to two messages belongs to the first; the second is a doubt, never "sent": I2."""
    same = Answer(outcome="sent", kind="accepted", reason="", platform_id="same", answered=True)
    first = await doubtful(shop, (True, same), name="one")
    second = await doubtful(shop, (True, same), name="two")
    assert [shop.state(first), shop.state(second)] == ["sent", "unknown"]


async def test_sent_without_an_id_takes_the_echos(shop: Shop) -> None:
    """A v1 answer has no id; the echo later gives one, to the delivery and to the one message in the thread."""
    no_id = Answer(outcome="sent", kind="accepted", reason="", status=200, answered=True)
    delivery = await doubtful(shop, (True, no_id), dialect="v1")
    assert (shop.state(delivery), shop.row(delivery)["platform_id"]) == ("sent", None)
    assert echo(shop, "Yes!", platform_id="late") == delivery
    rows = shop.db.execute("SELECT platform_id, dedupe_key FROM messages WHERE role = 'assistant'").fetchall()
    assert [tuple(row) for row in rows] == [("late", "msg:c1:late")]
    assert shop.row(delivery)["platform_id"] == "late"


async def test_retry_sends_a_failed_text_as_a_new_delivery(shop: Shop) -> None:
    """Trying again is a new delivery, once; what may have been sent is not simply tried again."""
    delivery = await doubtful(shop, REFUSED)
    again = shop.write(decisions.retry, delivery, settings=shop.settings.delivery, send_now=True)
    with pytest.raises(NotAllowed, match="already"):
        shop.write(decisions.retry, delivery, settings=shop.settings.delivery)
    await shop.run()
    assert (shop.state(delivery), shop.state(again.delivery_id)) == ("failed", "sent")
    unknown = await doubtful(shop, LOST, name="c2")
    with pytest.raises(NotAllowed, match="may have been sent"):
        shop.write(decisions.retry, unknown, settings=shop.settings.delivery)


async def test_retry_hurries_what_waits(shop: Shop) -> None:
    """Asking to retry one that waits for its next try lets it go now, as the same delivery."""
    delivery = await doubtful(shop, UNREACHED)
    assert shop.write(decisions.retry, delivery, settings=shop.settings.delivery).delivery_id == delivery
    await shop.run()
    assert shop.state(delivery) == "sent"


async def test_i12_after_a_restore_nothing_is_sent_by_itself(shop: Shop, open_shop: OpenShop) -> None:
    """After a restore every open delivery is in doubt, what was sent since is found, nothing leaves by itself: I12."""
    sent_since = await doubtful(shop, (True, ACCEPTED), name="one")
    open_then = await doubtful(shop, UNREACHED, name="two")
    held = shop.write(decisions.send, 2, "held", settings=shop.settings.delivery).delivery_id
    # The backup is of the moment before the first was answered.
    shop.db.execute("DELETE FROM messages WHERE role = 'assistant'")
    shop.db.execute("DELETE FROM attempts")
    shop.db.execute(
        "UPDATE deliveries SET state = 'held', platform_id = NULL, ended_at = NULL, next_at = 0 WHERE id = ?",
        (sent_since,),
    )
    shop.clock.advance(HOUR)
    shop.write(reconciling.mark_restored)
    await shop.run(ticks=2)
    assert [shop.state(number) for number in (sent_since, open_then, held)] == ["unknown"] * 3
    assert len(shop.tiktok.asked) == 2
    await look(shop, seconds=60, times=4)
    assert [shop.state(number) for number in (sent_since, open_then, held)] == ["sent", "needs_owner", "needs_owner"]
    await shop.run(ticks=2)
    assert len(shop.tiktok.asked) == 2
    shop.write(pauses.resume_sender, who="owner")
    await shop.run(ticks=2)
    assert shop.texts() == ["Yes!"]


async def test_i15_the_journal_replays_to_the_same_states(shop: Shop) -> None:
    """Following the journal's transitions from the start gives every delivery's state, each step from the last: I15."""
    await doubtful(shop, (True, LOST), name="one")
    await doubtful(shop, (False, ERROR_51065), name="two")
    await doubtful(shop, LOST, name="three", dialect="v1")
    shop.write(pauses.resume_sender, who="owner")
    await doubtful(shop, REFUSED, name="four")
    await look(shop, seconds=45, times=6)
    shop.write(decisions.resolve, 3, "again", settings=shop.settings.delivery)
    await shop.run()
    states: dict[int, str | None] = {}
    for entry in shop.db.execute(
        "SELECT * FROM journal WHERE subject = 'delivery' AND to_state IS NOT NULL ORDER BY id"
    ):
        assert states.get(entry["subject_id"]) == entry["from_state"]
        states[entry["subject_id"]] = entry["to_state"]
    assert states == {row["id"]: row["state"] for row in shop.db.execute("SELECT id, state FROM deliveries")}


def test_the_contract_of_a_delivery(shop: Shop) -> None:
    """A delivery is told with the names of the public contract, its attempts included."""
    conversation = shop.write(add_conversation, "c1")
    shop.write(decisions.send, conversation, "hi", settings=shop.settings.delivery)
    (told,) = outbox.listed(shop.db, conversation_id=conversation)
    assert {"id", "conversation", "draft", "text", "state", "send_after", "platform_id", "reason", "attempts"} <= set(
        told
    )
    assert outbox.listed(shop.db, conversation_id=conversation + 1) == []


async def test_an_echo_in_the_other_dialects_form_settles_v1(shop: Shop) -> None:
    """A message sent in dialect v1 is echoed in the form of v1.3, under the customer: it settles the doubt there."""
    delivery = await doubtful(shop, (True, LOST), name="eve", dialect="v1")
    platform = Platform(Ledger(), shop.clock, business_id="biz")
    conversation = platform.conversation_of("eve")
    message = platform.accept("v1", conversation, "eve", "TEXT", {"body": "Yes!"}, request=1, fault=None)
    body = bodies.sent(conversation, message, bodies.Account("biz", "key")).body
    event = events.read(body)
    received = Received(
        dedupe_key=event.dedupe_key, dialect=event.dialect, event=event.event, thread=event.thread, body=body
    )
    shop.write(inbound.receive, received)
    for logged in inbound.waiting(shop.db):
        shop.write(applying.apply, logged, rules=applying.rules_of(shop.settings))
    assert (shop.state(delivery), shop.row(delivery)["platform_id"]) == ("sent", message.message_id)
    assert shop.db.execute("SELECT count(*) AS n FROM conversations").fetchone()["n"] == 1
