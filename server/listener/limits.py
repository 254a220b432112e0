"""How many webhooks a minute are taken, keyed on the verified business: behind a tunnel addresses prove nothing."""

from __future__ import annotations

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter


class Limits:
    """Two limits: one for each business whose signature was right, one for all callers without one."""

    def __init__(self, *, per_business: int, unverified: int) -> None:
        """Takes both as requests a minute."""
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._per_business = RateLimitItemPerMinute(per_business)
        self._unverified = RateLimitItemPerMinute(unverified)

    def allows(self, business: str) -> bool:
        """Counts one webhook of a business; False when it has had its minute's share."""
        return self._limiter.hit(self._per_business, business)

    def allows_unverified(self) -> bool:
        """Counts one request without a right signature; False when there were too many."""
        return self._limiter.hit(self._unverified, "unverified")
