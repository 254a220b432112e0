"""How many webhooks a minute are taken, keyed on the verified business: behind a tunnel addresses prove nothing."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Final

WINDOW_SECONDS: Final = 60.0


class Limits:
    """Two limits: one for each business whose signature was right, one for all callers without one.

    A minute begins with its first request and is the same for all. To be used from one thread.
    """

    def __init__(self, *, per_business: int, unverified: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Takes both as requests a minute, and a clock in seconds."""
        self._per_business = per_business
        self._unverified = unverified
        self._clock = clock
        self._ends = 0.0
        self._counts: Counter[str | None] = Counter()

    def allows(self, business: str) -> bool:
        """Counts one webhook of a business; False when it has had its minute's share."""
        return self._hit(business) <= self._per_business

    def allows_unverified(self) -> bool:
        """Counts one request without a right signature; False when there were too many."""
        return self._hit(None) <= self._unverified

    def _hit(self, who: str | None) -> int:
        now = self._clock()
        if now >= self._ends:
            self._counts.clear()
            self._ends = now + WINDOW_SECONDS
        self._counts[who] += 1
        return self._counts[who]
