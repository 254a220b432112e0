"""Who drafts: the model while it may and can, the house drafter otherwise, and what is said of it."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from server.agent import guards
from server.agent.drafter import AIAgent
from server.agent.hold_reasons import code_of
from server.agent.model import Answer, ModelFault, Question
from server.agent.session import search_available_items
from server.secrets import Secrets
from server.settings import Agent, Settings
from store import inbox, spending
from store.clock import HOUR, MINUTE
from store.database import Database, connect, transaction
from store.errors import StoreError
from store.sessions import make_engine, make_sessions
from tests.conftest import FakeClock
from tests.server.agent.model.conftest import asked
from tests.server.agent.model.far_end import Say, calls, completion, fault, final

Make = Callable[..., Any]
QUESTION = "is the brown suede jacket still available?"
LOOK = calls(("a", "search_inventory", {"query": "brown suede jacket"}))
TRUE = "Yes! The brown suede jacket is here, $85.00."


def spend(db: sqlite3.Connection, microcents: int, at: int) -> None:
    """Puts a draft into the database that cost so much."""
    conversation = inbox.open_conversation(
        db, dialect="v1", platform_id="u", user="u", name=None, business_id="", now=at
    )
    db.execute(
        "INSERT INTO drafts (conversation_id, state, thread_version, burst_started_at, due_at, cost_microcents,"
        " created_at) VALUES (?, 'approved', 0, 0, 0, ?, ?)",
        (conversation, microcents, at),
    )


@pytest.mark.parametrize(
    ("drafter", "key", "base_url", "expected"),
    [
        ("auto", "", "http://127.0.0.1:1/v1", "house"),
        ("auto", "k", "http://127.0.0.1:1/v1", "model"),
        ("house", "k", "http://127.0.0.1:1/v1", "house"),
        ("model", "", "http://127.0.0.1:1/v1", "model"),
        ("model", "", "", "house"),
    ],
)
def test_settings_and_key_choose_the_drafter(
    database: Database, drafter: Any, key: str, base_url: str, expected: str
) -> None:
    """The setting auto is the model exactly when a key is there; a server of one's own may be asked without a key."""
    settings = Settings(agent=Agent(drafter=drafter, base_url=base_url))
    agent = AIAgent(settings, Secrets(openai_api_key=key), read=database.read)
    assert ("house" if agent._model is None else "model") == expected


async def test_the_house_as_the_shops_choice_is_no_failure(database: Database) -> None:
    """Without a key the house drafter writes, and nothing is held for it."""
    agent = AIAgent(Settings(), Secrets(), read=database.read)
    draft = await agent.draft(asked(QUESTION))
    assert (draft.drafter, draft.hold_reason, draft.model, draft.cost_microcents) == ("house", None, None, 0)


async def test_a_model_that_was_ordered_and_has_no_key_is_named(database: Database) -> None:
    """The model as the shop's order without a key says so on every draft of the house."""
    agent = AIAgent(Settings(agent=Agent(drafter="model")), Secrets(), read=database.read)
    draft = await agent.draft(asked(QUESTION))
    assert (draft.drafter, code_of(draft.hold_reason or "")) == ("house", "no_key")


async def test_the_environments_address_wins(database: Database) -> None:
    """OPENAI_BASE_URL is asked rather than [agent] base_url."""
    secrets = Secrets(openai_api_key="k", openai_base_url="http://127.0.0.1:2/v1")
    agent = AIAgent(Settings(agent=Agent(base_url="http://127.0.0.1:1/v1")), secrets, read=database.read)
    assert agent._own is not None
    assert agent._own.base_url == "http://127.0.0.1:2/v1"


async def test_a_spent_budget_hands_over_until_midnight(bench: Make, database: Database, clock: FakeClock) -> None:
    """Once the day's drafts cost the budget, the model is not asked; after the shop's midnight it is again."""
    await database.write(spend, 100_000_000, clock.now)
    async with bench(LOOK, final(TRUE), LOOK, final(TRUE), daily_budget=1.0) as b:
        draft = await b.agent.draft(asked(QUESTION))
        assert (draft.drafter, code_of(draft.hold_reason or ""), b.end.asked) == ("house", "budget", [])
        clock.advance(24 * HOUR)
        assert (await b.agent.draft(asked(QUESTION))).drafter == "model"


async def test_no_budget_is_no_limit(bench: Make, database: Database, clock: FakeClock) -> None:
    """daily_budget = 0 asks the model whatever was spent."""
    await database.write(spend, 10**12, clock.now)
    async with bench(LOOK, final(TRUE), daily_budget=0.0) as b:
        assert (await b.agent.draft(asked(QUESTION))).drafter == "model"


def test_a_day_of_the_shop_begins_at_its_own_midnight() -> None:
    """Midnight is the shop's, on the days of a clock change too."""
    noon = 1_774_785_600_000  # 2026-03-29 12:00 UTC, the day on which Berlin springs forward
    assert guards.midnight(noon, "UTC") == 1_774_742_400_000
    assert guards.midnight(noon, "Europe/Berlin") == 1_774_738_800_000
    assert guards.midnight(noon, "America/New_York") == 1_774_756_800_000


def test_the_days_sum_stops_at_the_first_older_draft(db: sqlite3.Connection) -> None:
    """Only what was made since counts, whatever its state."""
    with transaction(db):
        for at, cost in ((10, 1), (20, 2), (30, 4)):
            spend(db, cost, at)
    assert [spending.spent_since(db, since) for since in (0, 15, 30, 31)] == [7, 6, 4, 0]


async def test_a_server_that_keeps_failing_is_left_alone_for_a_minute(bench: Make, clock: FakeClock) -> None:
    """After five failed drafts nobody waits for the model; a minute later one tries, and success ends it."""
    down = [fault(401)] * guards.FAILURES
    async with bench(*down, LOOK, final(TRUE)) as b:
        for _ in range(guards.FAILURES):
            await b.agent.draft(asked(QUESTION))
        resting = await b.agent.draft(asked(QUESTION))
        assert len(b.end.asked) == guards.FAILURES
        assert (resting.drafter, code_of(resting.hold_reason or "")) == ("house", "resting")
        clock.advance(MINUTE)
        assert (await b.agent.draft(asked(QUESTION))).drafter == "model"
        assert b.agent._breaker.failures == 0


async def test_one_failure_more_renews_the_rest(bench: Make, clock: FakeClock) -> None:
    """The draft that tries after a rest and fails starts the next rest at once."""
    async with bench(fault(404)) as b:
        for _ in range(guards.FAILURES):
            await b.agent.draft(asked(QUESTION))
        clock.advance(MINUTE)
        await b.agent.draft(asked(QUESTION))
        await b.agent.draft(asked(QUESTION))
    assert len(b.end.asked) == guards.FAILURES + 1


async def test_a_conversations_own_trouble_does_not_count_against_the_server(bench: Make) -> None:
    """Refusals and unreadable answers never make the model rest."""
    async with bench(completion(None, refusal="no")) as b:
        for _ in range(guards.FAILURES + 1):
            draft = await b.agent.draft(asked("hello"))
    assert len(b.end.asked) == guards.FAILURES + 1
    assert (code_of(draft.hold_reason or ""), draft.needs_owner) == ("refused", True)


async def test_a_whole_draft_has_an_end(bench: Make) -> None:
    """A model that never answers is left after [agent] draft_seconds, and the house drafter writes."""
    async with bench(Say(hang=True), draft_seconds=0.1) as b:
        draft = await b.agent.draft(asked(QUESTION))
    assert (draft.drafter, code_of(draft.hold_reason or "")) == ("house", "timeout")


class Broken:
    """A model whose own code is wrong."""

    async def ask(self, question: Question) -> Answer:
        raise ZeroDivisionError("maria.k wrote: my secret words")


class Slow:
    """A model that answers after the test lets it."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.asked = asyncio.Event()

    async def ask(self, question: Question) -> Answer:
        self.asked.set()
        await self.go.wait()
        raise ModelFault("refused")


async def test_a_fault_of_ours_is_logged_without_anybodys_words(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """An error inside Philia ends in a draft of the house; the log names the place and no text."""
    agent = AIAgent(Settings(), Secrets(), read=database.read, model=Broken())
    draft = await agent.draft(asked(QUESTION))
    assert (draft.drafter, code_of(draft.hold_reason or "")) == ("house", "drafting_fault")
    assert "ZeroDivisionError at" in caplog.text
    assert "secret words" not in caplog.text
    assert "suede" not in caplog.text


async def test_a_cancelled_draft_stays_cancelled(database: Database) -> None:
    """Stopping the server ends a draft under way instead of handing it to the house."""
    model = Slow()
    agent = AIAgent(Settings(), Secrets(), read=database.read, model=model)
    task = asyncio.create_task(agent.draft(asked(QUESTION)))
    await model.asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_many_conversations_at_once_keep_apart(bench: Make) -> None:
    """Drafts written side by side each stand on their own lookups."""

    def react(body: dict[str, Any]) -> Say:
        looked = body["messages"][-1]["role"] == "tool"
        sku = "J-014" if "suede" in str(body["messages"]) else "J-015"
        return (
            final(TRUE if sku == "J-014" else "Hi!", cited_skus=[sku])
            if looked
            else calls(("a", "get_item", {"sku": sku}))
        )

    async with bench(react) as b:
        drafts = await asyncio.gather(
            *(
                b.agent.draft(asked(text, conversation_id=at))
                for at, text in enumerate([QUESTION, "how much is it?"] * 8)
            )
        )
    assert {draft.cited_skus for draft in drafts[::2]} == {("J-014",)}
    assert {draft.cited_skus for draft in drafts[1::2]} == {("J-015",)}
    assert all(len(draft.evidence.pieces) == 1 for draft in drafts)


async def test_the_owner_named_door_answers_from_a_session(bench: Make, shop_path: Path) -> None:
    """handle_conversation returns the reply to a user's words, with her thread before it, from the session's stock."""
    db = connect(shop_path)
    with transaction(db):
        conversation = inbox.open_conversation(
            db, dialect="v1", platform_id="p", user="test_user_ai", name="Mia", business_id="", now=1
        )
        message = inbox.NewMessage(platform_id="m1", role="user", source="customer", text="hi there", platform_at=1)
        inbox.add_message(db, conversation, message, now=1)
    db.close()
    engine = make_engine(shop_path)
    try:
        async with bench(LOOK, final(TRUE)) as b, make_sessions(engine)() as session:
            reply = await b.agent.handle_conversation("test_user_ai", QUESTION, session)
            stranger = await b.agent.handle_conversation("nobody", QUESTION, session)
        assert (reply, stranger) == (TRUE, TRUE)
        texts = [message["content"] for message in b.end.asked[0]["messages"] if message["role"] == "user"]
        assert ["hi there" in texts[0], QUESTION in texts[1]] == [True, True]
    finally:
        await engine.dispose()


async def test_search_available_items_reads_the_sessions_stock(shop_path: Path) -> None:
    """The owner-named search returns pieces that can be bought, within the price."""
    engine = make_engine(shop_path)
    try:
        async with make_sessions(engine)() as session:
            found = await search_available_items(session, "suede jacket", size="M", max_price=90)
            with pytest.raises(ValueError, match="price"):
                await search_available_items(session, "suede jacket", max_price="cheap")
    finally:
        await engine.dispose()
    assert [piece.sku for piece in found] == ["J-014"]


async def test_a_session_in_memory_is_refused(bench: Make) -> None:
    """A database without a file cannot be read beside the session; the error says so."""
    engine = make_engine(Path(":memory:"))
    try:
        async with make_sessions(engine)() as session:
            with pytest.raises(StoreError, match="memory"):
                await search_available_items(session, "jacket")
    finally:
        await engine.dispose()


def test_the_agent_pays_for_openai_and_sqlalchemy_only_when_it_uses_them() -> None:
    """Importing the drafter brings in neither openai nor SQLAlchemy nor FastAPI."""
    heavy = "('openai', 'sqlalchemy', 'fastapi', 'httpx2')"
    code = f"import sys, server.agent.drafter; print([name for name in {heavy} if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert ran.stdout.strip() == "[]"


def test_an_agent_without_a_database_says_what_it_needs() -> None:
    """A draft without a database is refused with a sentence."""
    agent = AIAgent(Settings(), Secrets())
    with pytest.raises(StoreError, match="no database"):
        asyncio.run(agent.draft(asked("hi")))
