"""The figures, against a small shop whose answers are counted by hand."""

from __future__ import annotations

import sqlite3

from store import metrics
from store.clock import DAY, HOUR, MINUTE
from tests.conftest import FakeClock
from tests.philia_tui.shop import Shop


def test_questions_and_answers_are_counted_by_hand(db: sqlite3.Connection, clock: FakeClock) -> None:
    """A run of messages is one question; answered in 10 min, in 2 h, after the window, never, and still open."""
    shop = Shop(db, clock())
    start = clock() - 6 * DAY
    for number, answer in enumerate((10 * MINUTE, 2 * HOUR, 50 * HOUR, None)):
        one = shop.conversation(f"u{number}", ())
        shop.message(one, "hello", at=start)
        shop.message(one, "still there?", at=start + 1000)
        if answer is not None:
            shop.message(one, "yes", at=start + answer, role="assistant", source="owner")
    still = shop.conversation("open", ())
    shop.message(still, "hi", at=clock() - HOUR)
    found = metrics.figures(db, since=clock() - 7 * DAY, until=clock())
    assert (found.answers.asked, found.answers.in_window) == (4, 2)
    assert found.answers.median_ms == 2 * HOUR
    assert found.answers.p90_ms == 50 * HOUR
    assert sum(day.received for day in found.days) == 9
    assert len(found.days) == 7


def test_shares_costs_and_prompts_stand_beside_each_other(db: sqlite3.Connection, clock: FakeClock) -> None:
    """Unedited, edited, rejected, automatic, shadow agreement, each prompt's own figures, and the CSV of it."""
    shop = Shop(db, clock())
    for number in range(6):
        one = shop.conversation(f"u{number}")
        state = ("approved", "approved", "approved", "edited", "rejected", "approved")[number]
        draft = shop.draft(
            one, state=state, drafter="model", prompt="default", prompt_version=1 + number % 2,
            cost_microcents=1_000_000, latency_ms=1000,
        )  # fmt: skip
        decision = {"approved": "approve", "edited": "edit", "rejected": "reject"}[state]
        db.execute(
            "INSERT INTO verdicts (draft_id, conversation_id, decision, who, intent, at)"
            " VALUES (?, ?, ?, 'owner', 'price', ?)",
            (draft, one, decision, clock()),
        )
        db.execute(
            "INSERT INTO verdicts (draft_id, conversation_id, decision, who, intent, agreed, at)"
            " VALUES (?, ?, 'shadow', 'auto', 'availability', ?, ?)",
            (draft, one, int(state == "approved"), clock()),
        )
        shop.delivery(one, "x", state="sent", who="auto" if number == 0 else "owner", ended_at=clock())
    found = metrics.figures(db, since=clock() - DAY, until=clock() + 1)
    assert (found.approved, found.edited, found.rejected) == (4, 1, 1)
    assert found.unedited_share == 0.8
    assert (found.sent, found.automatic, found.shadow, found.agreed) == (6, 1, 6, 4)
    assert metrics.dollars(found.cost_microcents) == "0.060"
    assert {(one.version, one.drafts, one.decided, one.unedited) for one in found.prompts} == {
        (1, 3, 2, 2),
        (2, 3, 3, 2),
    }
    table = metrics.as_table(found)
    assert ["decided", "unedited", "4"] in table
    assert all(len(row) == 3 for row in table)


def test_an_empty_shop_has_no_figures_and_no_fault(db: sqlite3.Connection, clock: FakeClock) -> None:
    """Nothing is divided by nothing."""
    found = metrics.figures(db, since=clock() - DAY, until=clock())
    assert found.unedited_share is None
    assert found.answers.median_ms is None
    assert metrics.as_table(found)[0] == ["what", "which", "value"]
