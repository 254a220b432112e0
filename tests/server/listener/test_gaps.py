"""Looking for what the webhooks missed, against a simulated TikTok over real HTTP."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.listener import applying
from server.listener.events import read
from server.listener.gaps import Look, fetch_missed, fetch_wanted
from server.settings import Settings
from server.simulator.run import BUSINESS_ID, Simulator
from server.tiktok.client import TikTokClient
from store import inbound
from store.clock import system_clock
from store.database import Database
from store.inbound import Received

RULES = applying.rules_of(Settings())


@pytest.fixture
async def platform() -> AsyncIterator[Simulator]:
    """A platform whose webhooks reach nobody."""
    async with Simulator() as simulator:
        yield simulator


@pytest.fixture
async def look(platform: Simulator, db_path: Path) -> AsyncIterator[Look]:
    database = Database(db_path)
    async with TikTokClient(platform.url, BUSINESS_ID, "token") as client:
        yield Look(database=database, lister=client, rules=RULES, clock=system_clock)
    database.close()


async def thread(look: Look) -> list[tuple[str, str, str]]:
    def rows(db: sqlite3.Connection) -> list[tuple[str, str, str]]:
        found = db.execute("SELECT role, source, text FROM messages ORDER BY platform_at, id")
        return [(row["role"], row["source"], row["text"]) for row in found]

    return await look.database.read(rows)


async def drafts(look: Look) -> int:
    return await look.database.read(
        lambda db: int(db.execute("SELECT count(*) FROM drafts WHERE state = 'queued'").fetchone()[0])
    )


async def test_missed_messages_are_found_once(platform: Simulator, look: Look) -> None:
    """What customers wrote while nobody listened is fetched, drafted once, and not fetched again."""
    await platform.say("maria", "is the suede jacket there?")
    await platform.say("maria", "hello?")
    await platform.say("ben+1==", "do you ship?")
    assert await fetch_missed(look) == 3
    assert {text for _, _, text in await thread(look)} == {"is the suede jacket there?", "hello?", "do you ship?"}
    assert await drafts(look) == 2
    assert await fetch_missed(look) == 0
    assert len(await thread(look)) == 3
    assert await drafts(look) == 2


async def test_a_listing_and_its_late_webhook_are_one_message(platform: Simulator, look: Look) -> None:
    """A message learnt by listing is not there twice when its webhook comes after all."""
    said = await platform.say("maria", "hi")
    assert await fetch_missed(look) == 1
    body = said.delivery.event.body
    event = read(body)
    await look.database.write(
        inbound.receive,
        Received(dedupe_key=event.dedupe_key, dialect="v1.3", event=event.event, thread=event.thread, body=body),
        now=system_clock(),
    )
    [logged] = await look.database.read(inbound.waiting)
    await look.database.write(applying.apply, logged, now=system_clock(), rules=RULES)
    assert await thread(look) == [("user", "customer", "hi")]
    assert await drafts(look) == 1


async def test_what_she_answered_on_the_phone_asks_for_no_draft(platform: Simulator, look: Look) -> None:
    """A question that the owner answered on her phone while nobody listened is history, not work."""
    await platform.say("maria", "is it there?")
    await platform.phone("maria", "yes!")
    assert await fetch_missed(look) == 2
    assert await thread(look) == [("user", "customer", "is it there?"), ("assistant", "phone", "yes!")]
    assert await drafts(look) == 0


async def test_an_event_without_its_text_is_fetched(platform: Simulator, look: Look) -> None:
    """The event of a European customer brings no text; the listing does, and the event is then applied."""
    said = await platform.say("maria", "bonjour", eu=True)
    body = said.delivery.event.body
    event = read(body)
    assert event.meaning == "listing"
    await look.database.write(
        inbound.receive,
        Received(dedupe_key=event.dedupe_key, dialect="v1.3", event=event.event, thread=event.thread, body=body),
        now=system_clock(),
    )
    [logged] = await look.database.read(inbound.waiting)
    assert await look.database.write(applying.apply, logged, now=system_clock(), rules=RULES) == "needs_poll"
    assert await fetch_wanted(look) == 1
    assert await thread(look) == [("user", "customer", "bonjour")]
    assert await look.database.read(inbound.polls_wanted) == []


async def test_a_platform_that_does_not_answer_costs_nothing(platform: Simulator, look: Look) -> None:
    """When the listing fails, nothing is changed and the next look finds what was missed."""
    await platform.say("maria", "hi")
    platform.fault("server_500", on="list")
    assert await fetch_missed(look) == 0
    assert await thread(look) == []
    assert await fetch_missed(look) == 1
