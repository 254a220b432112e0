"""The simulated customers ask about pieces that exist, and speak when their script says so."""

from __future__ import annotations

import asyncio
import csv
import re

import pytest

from server.simulator.customers import SAMPLE_STOCK, Customer, Line, play, read_script
from server.simulator.platform import conversation_id_of
from server.simulator.run import Simulator
from tests.server.simulator.browser import browser

SCRIPT = read_script()
STOCK = {row["sku"]: row for row in csv.DictReader(SAMPLE_STOCK.read_text("utf-8").splitlines())}


def test_the_demo_has_every_kind_of_customer() -> None:
    """Sixteen different people: prices, sizes, a hold, haggling, a burst of three, anger, an injection, Spanish."""
    assert len(SCRIPT) >= 12
    assert len({customer.id for customer in SCRIPT}) == len(SCRIPT)
    topics = {customer.topic for customer in SCRIPT}
    assert topics >= {
        *("availability", "browse", "price", "measurement", "hold", "haggling", "complaint", "spam"),
        *("order_status", "thanks", "shipping"),
    }
    assert "es" in {customer.language for customer in SCRIPT}
    assert any(len(customer.lines) == 3 and not any(line.answered for line in customer.lines) for customer in SCRIPT)
    assert {line.kind for customer in SCRIPT for line in customer.lines} == {"text", "image", "share_post"}
    assert {"Do you have any vintage Nike jackets?", "Show me large windbreakers"} <= {
        line.text for customer in SCRIPT for line in customer.lines
    }


@pytest.mark.parametrize("customer", SCRIPT, ids=lambda customer: customer.id)
def test_each_question_is_about_real_pieces(customer: Customer) -> None:
    """A piece that is meant is in the sample shop and shares words with the question; browsing would find some."""
    words = set(re.findall(r"[a-z0-9]{3,}", " ".join(line.text for line in customer.lines).lower()))
    for sku in customer.about:
        shared = words & set(re.findall(r"[a-z0-9]{3,}", STOCK[sku]["name"].lower()))
        assert len(shared) >= (2 if customer.language == "en" else 1)
    if customer.finds:
        assert any(
            row["status"] == "available" and all(row[column] == value for column, value in customer.finds.items())
            for row in STOCK.values()
        )


async def test_a_script_is_played_in_time_and_waits_for_answers() -> None:
    """Pauses are taken as written, and a line that waits for an answer comes only after the shop's message."""
    waited: list[float] = []
    third = asyncio.Event()

    async def sleep(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 3:
            third.set()

    lines = (Line("one"), Line("two", pause=1.5), Line("three", pause=4.0, answered=True))
    script = [Customer("maria.k", "Maria", "hold", lines, starts_after=3.0)]
    async with Simulator() as simulator, browser(simulator.url) as http:
        playing = asyncio.create_task(play(simulator.world, script, pace=2.0, sleep=sleep))
        await third.wait()
        await asyncio.sleep(0)
        conversation = simulator.world.platform.by_customer["maria.k"]
        assert [message.text for message in conversation.messages] == ["one", "two"]
        body = {
            "business_id": "b",
            "recipient_type": "CONVERSATION",
            "recipient": conversation_id_of("maria.k"),
            "message_type": "TEXT",
            "text": {"body": "yes"},
        }
        await http.post("/open_api/v1.3/business/message/send/", json=body)
        await playing
        assert [message.text for message in conversation.messages] == ["one", "two", "yes", "three"]
    assert waited == [6.0, 0.0, 3.0, 8.0]
