"""When a request that certainly did not arrive is tried again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from store.clock import SECOND

JITTER: Final = 0.25
"""How far a pause is stretched or shortened, so that many deliveries do not come back in step."""

Random = Callable[[], float]
"""Returns a number in [0, 1)."""


def retry_at(pauses: Sequence[float], *, tries: int, retry_after: float | None, random: Random, now: int) -> int:
    """Returns the time of the next try in epoch milliseconds; `tries` counts those made, the last pause repeats.

    A Retry-After of the platform, in seconds, is never undercut.
    """
    pause = pauses[min(tries, len(pauses)) - 1]
    jittered = pause * (1 + JITTER * (2 * random() - 1))
    return now + int(max(jittered, retry_after or 0.0) * SECOND)
