"""The door to the outbox: what may pass, what is stale, and what can be taken back."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from server import decisions
from server.delivery.sender import CONCURRENT
from store import drafts, switches
from store.clock import HOUR, SECOND
from store.drafts import hash_of
from store.errors import NotAllowed, NotFound, Stale
from tests.server.delivery.shop import UNREACHED, Shop, add_conversation, ready_draft, settings_with, write


def with_draft(shop: Shop, text: str = "Yes!") -> tuple[int, int]:
    """A conversation and its ready draft."""
    conversation = shop.write(add_conversation, "c1")
    return conversation, shop.write(ready_draft, conversation, text)


def rows(shop: Shop, table: str) -> int:
    return int(shop.db.execute(f"SELECT count(*) AS n FROM {table}").fetchone()["n"])


async def test_verdict_delivery_and_draft_change_together(shop: Shop) -> None:
    """An approval leaves one verdict, one held delivery bound to the newest message, and an approved draft."""
    conversation, draft = with_draft(shop)
    decided = shop.write(decisions.approve, draft, settings=shop.settings.delivery)
    row = shop.row(decided.delivery_id)
    newest = shop.db.execute("SELECT newest_customer_message_id FROM conversations").fetchone()[0]
    assert (row["state"], row["conversation_id"], row["draft_id"]) == ("held", conversation, draft)
    assert (row["decided_against"], row["text"]) == (newest, "Yes!")
    assert row["send_after"] == decided.send_after == shop.clock.now + 5 * SECOND
    assert shop.draft(draft).state == "approved"
    assert rows(shop, "verdicts") == 1


@pytest.mark.parametrize("verb", ["approve", "edit", "auto"])
async def test_i11_nobody_decides_on_what_they_did_not_see(shop: Shop, verb: str) -> None:
    """When she wrote after the draft was made every decision on it is stale and writes nothing: I11."""
    conversation, draft = with_draft(shop)
    shop.clock.advance(SECOND)
    shop.write(write, conversation, "c1-2")
    settings = shop.settings.delivery
    verbs: dict[str, Callable[[], object]] = {
        "approve": lambda: shop.write(decisions.approve, draft, settings=settings),
        "edit": lambda: shop.write(decisions.edit, draft, "Other", settings=settings),
        "auto": lambda: shop.write(decisions.auto, draft, (), settings=settings),
    }
    with pytest.raises(Stale):
        verbs[verb]()
    shop.write(drafts.enqueue, conversation)
    with pytest.raises(Stale):
        shop.write(decisions.reject, draft, "no")
    assert (rows(shop, "deliveries"), rows(shop, "verdicts")) == (0, 0)


async def test_i11_the_text_that_was_seen_is_the_text_that_is_sent(shop: Shop) -> None:
    """A hash of another text is stale; the right one sends the draft byte for byte: I11."""
    _, draft = with_draft(shop, "Café \u200b 70's  jacket 🧥\n")
    with pytest.raises(Stale):
        shop.write(decisions.approve, draft, settings=shop.settings.delivery, seen_hash=hash_of("other"))
    seen = hash_of("Café \u200b 70's  jacket 🧥\n")
    shop.write(decisions.approve, draft, settings=shop.settings.delivery, seen_hash=seen, send_now=True)
    await shop.run()
    assert shop.texts() == ["Café \u200b 70's  jacket 🧥\n"]


async def test_a_draft_is_decided_once(shop: Shop) -> None:
    """The second decision on a draft is refused, whatever it is."""
    _, draft = with_draft(shop)
    shop.write(decisions.approve, draft, settings=shop.settings.delivery)
    for again in (
        lambda: shop.write(decisions.approve, draft, settings=shop.settings.delivery),
        lambda: shop.write(decisions.edit, draft, "x", settings=shop.settings.delivery),
        lambda: shop.write(decisions.reject, draft, "x"),
        lambda: shop.write(decisions.instruct, draft, "x"),
    ):
        with pytest.raises(NotAllowed, match="decided already"):
            again()
    assert rows(shop, "deliveries") == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        (" \n\t", "empty"),
        ("x" * 6_001, "6,001 characters"),
        ("Hi {name}, it is here", "{name}"),
        ("Hi {{ customer_name }}", "customer_name"),
        ("half \ud83e a jacket", "half a character"),
        ("nul \0", "NUL"),
    ],
)
async def test_texts_that_must_not_be_sent(shop: Shop, text: str, words: str) -> None:
    """Empty, too long, unfilled and unwritable texts are refused with a sentence, and nothing is written."""
    conversation, _ = with_draft(shop)
    with pytest.raises(NotAllowed, match=words):
        shop.write(decisions.send, conversation, text, settings=shop.settings.delivery)
    assert rows(shop, "deliveries") == 0


@pytest.mark.parametrize(("links", "warned"), [("warn", True), ("allow", False)])
async def test_links_follow_the_setting(shop: Shop, links: str, warned: bool) -> None:
    """A link warns or passes; `block` refuses it. A long text warns too, and is never cut."""
    conversation, _ = with_draft(shop)
    text = "see https://example.org/x " + "y" * 200
    decided = shop.write(decisions.send, conversation, text, settings=settings_with(links=links).delivery)
    assert any("link" in warning for warning in decided.warnings) is warned
    assert any("characters" in warning for warning in decided.warnings)
    with pytest.raises(NotAllowed, match="link"):
        shop.write(decisions.send, conversation, text, settings=settings_with(links="block").delivery)
    assert shop.row(decided.delivery_id)["text"] == text


async def test_blocked_window_and_quota(shop: Shop) -> None:
    """A blocked customer, a spent quota and a closed window are each refused in the owner's words."""
    settings = shop.settings.delivery
    conversation, _ = with_draft(shop)
    for number in range(10):
        shop.write(decisions.send, conversation, f"{number}", settings=settings)
    with pytest.raises(NotAllowed, match="used up"):
        shop.write(decisions.send, conversation, "eleventh", settings=settings)
    shop.db.execute("UPDATE users SET blocked = 1")
    with pytest.raises(NotAllowed, match="blocked"):
        shop.write(decisions.send, conversation, "x", settings=settings)
    shop.db.execute("UPDATE users SET blocked = 0")
    shop.clock.advance(48 * HOUR)
    with pytest.raises(NotAllowed, match="window"):
        shop.write(decisions.send, conversation, "x", settings=settings)


async def test_i14_what_was_undone_is_never_sent(shop: Shop) -> None:
    """Undo within 5 s cancels the delivery for good and gives its text back to the draft, to be sent anew: I14."""
    _, draft = with_draft(shop)
    decided = shop.write(decisions.approve, draft, settings=shop.settings.delivery)
    shop.clock.advance(4 * SECOND)
    undone = shop.write(decisions.undo, decided.delivery_id)
    assert (undone.text, undone.draft_id) == ("Yes!", draft)
    shop.clock.advance(HOUR)
    await shop.run(ticks=3)
    assert (shop.state(decided.delivery_id), shop.texts()) == ("cancelled", [])
    shop.write(decisions.approve, draft, settings=shop.settings.delivery, send_now=True)
    await shop.run()
    assert shop.texts() == ["Yes!"]


async def test_undo_of_an_edit_gives_the_edited_text_back(shop: Shop) -> None:
    """The draft is ready again with the owner's wording, and asks for her even if it could have gone by itself."""
    _, draft = with_draft(shop)
    decided = shop.write(decisions.edit, draft, "My words", settings=shop.settings.delivery)
    shop.write(decisions.undo, decided.delivery_id)
    back = shop.draft(draft)
    assert (back.state, back.text, back.needs_owner) == ("ready", "My words", True)
    assert back.text_hash == hash_of("My words")


async def test_undo_of_own_words_makes_them_a_draft(shop: Shop) -> None:
    """A text typed without a draft comes back as a draft of its own, when nothing newer is there."""
    conversation, draft = with_draft(shop)
    decided = shop.write(decisions.send, conversation, "Typed", settings=shop.settings.delivery)
    assert shop.draft(draft).state == "withdrawn"
    undone = shop.write(decisions.undo, decided.delivery_id)
    assert undone.draft_id not in (None, draft)
    live = drafts.live(shop.db, conversation)
    assert live is not None
    assert (live.id, live.text, live.state) == (undone.draft_id, "Typed", "ready")


async def test_undo_after_she_wrote_gives_only_the_text(shop: Shop) -> None:
    """When she wrote in between the text comes back to the hand, and no draft pretends to answer her."""
    conversation, draft = with_draft(shop)
    decided = shop.write(decisions.approve, draft, settings=shop.settings.delivery)
    shop.clock.advance(SECOND)
    shop.write(write, conversation, "c1-2")
    undone = shop.write(decisions.undo, decided.delivery_id)
    assert (undone.text, undone.draft_id) == ("Yes!", None)


async def test_undo_is_too_late_once_a_byte_may_have_left(shop: Shop) -> None:
    """What was sent cannot be taken back; what certainly did not leave still can, even while it is retried."""
    _, draft = with_draft(shop)
    sent = shop.write(decisions.approve, draft, settings=shop.settings.delivery, send_now=True).delivery_id
    await shop.run()
    with pytest.raises(NotAllowed, match="it was sent"):
        shop.write(decisions.undo, sent)
    shop.tiktok.answers = [UNREACHED]
    retried = shop.write(decisions.send, 1, "Later", settings=shop.settings.delivery, send_now=True).delivery_id
    await shop.run()
    shop.write(decisions.undo, retried)
    shop.clock.advance(HOUR)
    await shop.run()
    assert (shop.state(retried), shop.texts()) == ("cancelled", ["Yes!"])


async def test_enter_again_means_now(shop: Shop) -> None:
    """Hurrying a held delivery ends its time to undo."""
    _, draft = with_draft(shop)
    decided = shop.write(decisions.approve, draft, settings=shop.settings.delivery)
    shop.write(decisions.hurry, decided.delivery_id)
    await shop.run()
    assert shop.texts() == ["Yes!"]
    with pytest.raises(NotAllowed):
        shop.write(decisions.hurry, decided.delivery_id)


async def test_the_time_to_undo_never_passes_the_window(shop: Shop) -> None:
    """An automatic reply 30 s before the window closes is held for 20 s, not for 60, and leaves."""
    _, draft = with_draft(shop)
    shop.clock.advance(48 * HOUR - 30 * SECOND)
    decided = shop.write(decisions.auto, draft, (), settings=shop.settings.delivery)
    assert decided.send_after == shop.clock.now + 20 * SECOND
    shop.clock.advance(20 * SECOND)
    await shop.run()
    assert shop.texts() == ["Yes!"]


async def test_the_owner_takes_the_place_of_an_automatic_reply(shop: Shop) -> None:
    """When she answers by hand while an automatic reply waits, only hers is sent."""
    conversation, draft = with_draft(shop)
    automatic = shop.write(decisions.auto, draft, ({"rule": "x", "ok": True},), settings=shop.settings.delivery)
    shop.write(decisions.send, conversation, "By hand", settings=shop.settings.delivery, send_now=True)
    shop.clock.advance(HOUR)
    await shop.run(ticks=2)
    assert (shop.state(automatic.delivery_id), shop.texts()) == ("cancelled", ["By hand"])


async def test_nothing_goes_by_itself_while_paused(shop: Shop) -> None:
    """With `!` on the policy's decision is refused, and the owner's is kept for later."""
    conversation, draft = with_draft(shop)
    shop.write(switches.pause, who="owner")
    with pytest.raises(NotAllowed, match="paused"):
        shop.write(decisions.auto, draft, (), settings=shop.settings.delivery)
    assert shop.write(decisions.send, conversation, "x", settings=shop.settings.delivery).delivery_id


async def test_instruct_and_reject(shop: Shop) -> None:
    """An instruction supersedes the draft by a new one; a rejection ends it with its reason."""
    _, draft = with_draft(shop)
    new = shop.write(decisions.instruct, draft, "shorter, and mention the length")
    assert shop.draft(draft).state == "superseded"
    assert shop.draft(new).instruction == "shorter, and mention the length"
    with pytest.raises(Stale):
        shop.write(decisions.reject, draft, "no")
    with pytest.raises(NotFound):
        shop.write(decisions.approve, 999, settings=shop.settings.delivery)


async def test_bursts_of_conversations_go_out_together(shop: Shop) -> None:
    """Twenty due conversations are all sent by one tick's chain, without another tick of the clock."""
    for number in range(20):
        conversation = shop.write(add_conversation, f"c{number}")
        shop.write(decisions.send, conversation, str(number), settings=shop.settings.delivery, send_now=True)
    assert await shop.sender.tick() == CONCURRENT
    await shop.sender.settle()
    assert sorted(shop.texts(), key=int) == [str(number) for number in range(20)]


def test_the_inbox_can_import_decisions_cheaply() -> None:
    """Importing the decisions brings in no HTTP client, no model, no ORM and no screen."""
    heavy = "sqlalchemy", "sqlmodel", "fastapi", "httpx", "openai", "uvicorn", "textual", "pydantic"
    body = f"import sys, server.decisions; print([name for name in {heavy!r} if name in sys.modules])"
    told = subprocess.run([sys.executable, "-c", body], capture_output=True, text=True, check=True, timeout=60)
    assert told.stdout.strip() == "[]"
