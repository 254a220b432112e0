"""Random lives of a shop with a fault planted in its heart: what does not find it proves nothing by its silence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from store import attempts, items, outbox, rate, reconciling
from store.reconciling import Listing
from tests.server.delivery.test_machine import Life

Plant = Callable[[pytest.MonkeyPatch], None]


def doubts_are_tried_again(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(attempts, "_end_by", {**attempts._end_by, "unknown": attempts._not_sent})


def the_order_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(attempts, "_HEADS", attempts._HEADS.replace("b.id < d.id", "b.id < 0"))


def the_rate_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(rate, "take", lambda _db, **_: True)


def nothing_is_recovered(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(reconciling, "recover", lambda _db, **_: 0)


def a_kill_means_not_sent(patch: pytest.MonkeyPatch) -> None:
    def queue(db: Any, delivery: Any, reason: str, *, now: int, **_: Any) -> bool:
        return outbox.move(db, delivery, "retrying", now=now, reason=reason, next_at=now)

    recover = reconciling.recover

    def recovering(db: Any, **given: Any) -> int:
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(attempts, "doubt", queue)
            return recover(db, **given)

    patch.setattr(reconciling, "recover", recovering)


def anything_can_be_undone(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(outbox, "untouched", lambda _db, delivery: delivery.state not in outbox.ENDED)


def the_stock_is_not_read_again(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(items, "promise_broken", lambda *_: None)


def a_message_may_belong_to_two(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(outbox, "owner_of", lambda *_: None)
    patch.setattr(reconciling, "_in_time", lambda *_: True)


def a_step_is_not_written_down(patch: pytest.MonkeyPatch) -> None:
    move = outbox.move

    def silent(db: Any, delivery: Any, to: str, **given: Any) -> bool:
        if to != "queued":
            return move(db, delivery, to, **given)
        db.execute("UPDATE deliveries SET state = 'queued' WHERE id = ? AND state = ?", (delivery.id, delivery.state))
        return True

    patch.setattr(outbox, "move", silent)


def a_listing_is_taken_for_empty(patch: pytest.MonkeyPatch) -> None:
    weigh = reconciling.weigh

    def blindly(db: Any, delivery_id: int, listing: Listing, *rest: Any, **given: Any) -> str:
        return weigh(db, delivery_id, Listing(ours=(), reach=-1, asked_at=listing.asked_at), *rest, **given)

    patch.setattr(reconciling, "weigh", blindly)


PLANTS: tuple[Plant, ...] = (
    doubts_are_tried_again,
    the_order_is_forgotten,
    the_rate_is_forgotten,
    nothing_is_recovered,
    a_kill_means_not_sent,
    anything_can_be_undone,
    the_stock_is_not_read_again,
    a_message_may_belong_to_two,
    a_step_is_not_written_down,
    a_listing_is_taken_for_empty,
)


@pytest.mark.crash
@pytest.mark.timeout(900)
@pytest.mark.parametrize("plant", PLANTS)
def test_a_planted_fault_is_found(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each way of breaking the outbox is found within 400 lives of 50 steps."""
    plant(monkeypatch)
    with pytest.raises(BaseException) as found:  # noqa: PT011  # any complaint will do, alone or in a group
        run_state_machine_as_test(
            Life,
            settings=settings(
                max_examples=400,
                stateful_step_count=50,
                deadline=None,
                suppress_health_check=list(HealthCheck),
                phases=[Phase.generate],
                database=None,
            ),
        )
    assert not isinstance(found.value, KeyboardInterrupt | SystemExit)
