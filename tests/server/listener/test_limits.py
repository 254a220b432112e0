"""The listener's limits, minute by minute."""

from __future__ import annotations

import threading

from server.listener.limits import KEYS, Limits, Memory


def test_a_minute_has_its_share_and_the_next_one_a_new_one() -> None:
    """Each business and the unsigned callers have a share of their own, which a minute after the first is whole."""
    now = 1_000.0
    limits = Limits(per_business=2, unverified=1, clock=lambda: now)
    assert [limits.allows("a") for _ in range(3)] == [True, True, False]
    assert limits.allows("b")
    assert [limits.allows_unverified() for _ in range(2)] == [True, False]
    now += 59.9
    assert not limits.allows("a")
    now += 0.1
    assert limits.allows("a")
    assert limits.allows_unverified()


def test_what_is_counted_is_bounded_and_starts_no_thread() -> None:
    """However many names have been counted, those whose minute is over are forgotten; no thread sees to it."""
    now = 1_000.0
    memory = Memory(lambda: now)
    before = threading.active_count()
    for number in range(3 * KEYS):
        assert memory.incr(f"business {number}", 60) == 1
        now += 1.0
    assert threading.active_count() == before
    assert memory.reset() <= KEYS
    assert memory.get("business 5") == 0
