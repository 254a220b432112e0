"""What keeps a failing or costly model from being asked: a circuit breaker and the day's budget."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from dataclasses import dataclass
from typing import Final

from store.clock import MINUTE, SECOND, Clock

FAILURES: Final = 5
"""Drafts in a row that the model's server failed before it is left alone."""
REST: Final = MINUTE
"""How long it is left alone; then one draft tries again, and one failure more is enough."""


@dataclass(slots=True)
class Breaker:
    """Counts failures of the model's server in a row and rests after too many, so that customers need not wait."""

    clock: Clock
    failures: int = 0
    rests_until: int = 0

    @property
    def open(self) -> bool:
        """Whether the model rests now."""
        return self.clock() < self.rests_until

    def failed(self) -> None:
        """Counts a failure of the server."""
        self.failures += 1
        if self.failures >= FAILURES:
            self.rests_until = self.clock() + REST

    def answered(self) -> None:
        """Forgets the failures: the server answers."""
        self.failures = 0
        self.rests_until = 0


def midnight(now: int, timezone: str) -> int:
    """Returns the last midnight in the shop's time zone, in epoch milliseconds: when the day's budget began."""
    zone = zoneinfo.ZoneInfo(timezone)
    local = dt.datetime.fromtimestamp(now / SECOND, zone)
    return int(local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0).timestamp()) * SECOND
