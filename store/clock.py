"""The one clock: everything that asks for the time is given one of these."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

Clock = Callable[[], int]
"""Returns the time in UTC epoch milliseconds."""

SECOND: Final = 1_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR


def system_clock() -> int:
    """Returns the machine's time in UTC epoch milliseconds."""
    return time.time_ns() // 1_000_000
