"""How many webhooks are taken in a minute, by whom: the `limits` library's fixed windows over a memory of our own."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from limits import RateLimitItemPerMinute
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter

KEYS: Final = 1_000
"""Names that are counted at most before those whose minute is over are forgotten."""


class Memory(Storage):
    """Counts that live as long as the process, for one thread.

    The library's own memory starts a thread up to a hundred times a second to forget what has expired, and every
    webhook that comes during a start waits for it.
    """

    STORAGE_SCHEME = None

    def __init__(self, clock: Callable[[], float]) -> None:
        """Takes a clock in seconds."""
        super().__init__()
        self._clock = clock
        self._counts: dict[str, int] = {}
        self._ends: dict[str, float] = {}

    @property
    def base_exceptions(self) -> type[Exception]:
        """What may go wrong in a dictionary."""
        return KeyError

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Counts; the first of a window begins it."""
        now = self._clock()
        if now >= self._ends.get(key, 0.0):
            if len(self._ends) >= KEYS:
                self._forget(now)
            self._ends[key] = now + expiry
            self._counts[key] = 0
        self._counts[key] += amount
        return self._counts[key]

    def _forget(self, now: float) -> None:
        for key in [key for key, end in self._ends.items() if now >= end]:
            self.clear(key)

    def get(self, key: str) -> int:
        """Returns the count of the window that runs now."""
        return self._counts.get(key, 0) if self._clock() < self._ends.get(key, 0.0) else 0

    def get_expiry(self, key: str) -> float:
        """Returns when the window ends, by the clock given."""
        return self._ends.get(key, self._clock())

    def check(self) -> bool:
        """Is always well."""
        return True

    def reset(self) -> int:
        """Forgets everything; returns how much that was."""
        known = len(self._ends)
        self._counts.clear()
        self._ends.clear()
        return known

    def clear(self, key: str) -> None:
        """Forgets one name."""
        self._counts.pop(key, None)
        self._ends.pop(key, None)


class Limits:
    """Two limits: one for each business whose signature was right, one for all callers without one."""

    def __init__(self, *, per_business: int, unverified: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Takes both as requests a minute, and a clock in seconds."""
        self._limiter = FixedWindowRateLimiter(Memory(clock))
        self._per_business = RateLimitItemPerMinute(per_business)
        self._unverified = RateLimitItemPerMinute(unverified)

    def allows(self, business: str) -> bool:
        """Counts one webhook of a business; False when it has had its minute's share."""
        return self._limiter.hit(self._per_business, business)

    def allows_unverified(self) -> bool:
        """Counts one request without a right signature; False when there were too many."""
        return self._limiter.hit(self._unverified, "unverified")
