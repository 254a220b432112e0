"""Webhooks come at least once and in any order: the conversations they make are the same."""

from __future__ import annotations

import contextlib
import random
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.listener import applying, events
from server.simulator import events as bodies
from server.simulator.ledger import Ledger
from server.simulator.platform import Platform
from store import inbound
from store.clock import HOUR, MINUTE, SECOND
from store.database import connect, transaction
from store.inbound import Received
from tests.conftest import FakeClock
from tests.server.delivery.machine import ACCOUNT, BUSINESS, template
from tests.server.delivery.shop import Shop, settings_with

DERIVED = (
    "platform_id, window_closes_at, quota_left, last_customer_at, last_message_at, customer_read_at, answered_at,"
    " auto_paused_until"
)


def history(acts: list[tuple[str, int]]) -> tuple[list[bytes], int]:
    """The webhooks of two customers' conversations in the platform's order, and when the last one was."""
    clock = FakeClock()
    platform = Platform(Ledger(), clock, business_id=BUSINESS)
    found = []
    for act, wait in acts:
        clock.advance(wait)
        ann, eve = platform.conversation_of("ann"), platform.conversation_of("eve")
        if act == "ann":
            message = platform.receive(ann, "text", {"body": f"at {clock.now}"})
            found.append(bodies.received(ann, message, ACCOUNT))
        elif act == "eve":
            message = platform.receive(eve, "text", {"body": f"at {clock.now}"})
            found.append(bodies.received_v1(eve, message))
        elif act == "phone":
            found.append(bodies.sent(ann, platform.typed_on_phone(ann, f"at {clock.now}"), ACCOUNT))
        else:
            found.append(bodies.read(ann, clock.now, ACCOUNT))
    return [event.body for event in found], clock.now


def outcome(posted: list[bytes], now: int, folder: Path) -> dict[str, Any]:
    """What the database says after these webhooks; ids, versions and drafts' own histories are left out."""
    path = folder / "philia.db"
    shutil.copy(template(), path)
    rules = applying.rules_of(settings_with())
    with contextlib.closing(connect(path)) as db:
        for body in posted:
            event = events.read(body)
            received = Received(
                dedupe_key=event.dedupe_key, dialect=event.dialect, event=event.event, thread=event.thread, body=body
            )
            with transaction(db):
                inbound.receive(db, received, now=now)
            for logged in inbound.waiting(db):
                with transaction(db):
                    applying.apply(db, logged, now=now, rules=rules)
        messages = [
            tuple(row)
            for row in db.execute(
                "SELECT dedupe_key, role, source, text, platform_at FROM messages ORDER BY dedupe_key"
            )
        ]
        conversations = [tuple(row) for row in db.execute(f"SELECT {DERIVED} FROM conversations ORDER BY platform_id")]
        live = [
            tuple(row)
            for row in db.execute(
                "SELECT c.platform_id, m.dedupe_key FROM conversations c JOIN drafts d ON d.id = c.live_draft_id"
                " JOIN messages m ON m.id = d.thread_version ORDER BY 1"
            )
        ]
        logged = db.execute("SELECT count(*) AS n FROM inbound_events WHERE state = 'applied'").fetchone()["n"]
    path.unlink()
    return {"messages": messages, "conversations": conversations, "live": live, "events": logged}


ACTS = st.lists(
    st.tuples(st.sampled_from(["ann", "ann", "eve", "phone", "read"]), st.sampled_from([SECOND, MINUTE, HOUR])),
    min_size=1,
    max_size=7,
)


@settings(max_examples=40, deadline=None)
@given(acts=ACTS, seed=st.integers(0, 10**6))
def test_i10_any_order_and_any_number_of_copies_give_the_same(
    tmp_path_factory: pytest.TempPathFactory, acts: list[tuple[str, int]], seed: int
) -> None:
    """Shuffled and repeated webhooks leave the same messages, windows, quotas, marks and live drafts: I10, I9.

    Dialect v1 tells time in seconds: what she wrote within one second keeps the order in which it arrived.
    """
    posted, now = history(acts)
    folder = tmp_path_factory.mktemp("order")
    rng = random.Random(seed)
    mixed = posted + rng.choices(posted, k=len(posted))
    rng.shuffle(mixed)
    assert outcome(mixed, now, folder) == outcome(posted, now, folder)


@pytest.mark.parametrize("first", ["webhook", "listing"])
def test_a_message_learnt_in_both_dialects_is_one_message(shop: Shop, first: str) -> None:
    """What a v1 webhook and a v1.3 listing both tell stands in one thread, once, and is answered once."""
    rules = applying.rules_of(shop.settings)
    said: dict[str, Any] = {"user": "eve", "message_id": "m1", "text": "still there?", "platform_at": shop.clock.now}
    told = {
        "webhook": events.Inbound(
            dialect="v1", event="message.received", meaning="message", dedupe_key="m1", thread="v1:eve",
            conversation="eve", **said,
        ),
        "listing": events.Inbound(
            dialect="v1.3", event=applying.LISTING, meaning="message", dedupe_key="", thread="v1.3:c+/==",
            conversation="c+/==", **said,
        ),
    }  # fmt: skip
    second = "listing" if first == "webhook" else "webhook"
    for how in (first, second, first):
        shop.write(applying.effect, told[how], received_at=shop.clock.now, rules=rules)
    for table in ("conversations", "messages", "drafts"):
        assert shop.db.execute(f"SELECT count(*) AS n FROM {table}").fetchone()["n"] == 1
