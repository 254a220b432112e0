"""The table of clocks. APScheduler rings; what is due, and everything that is done about it, stands elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass

from apscheduler.executors.asyncio import AsyncIOExecutor
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger


@dataclass(frozen=True, slots=True)
class Clockwork:
    """One clock: its name, its period in seconds, and the bell it rings."""

    name: str
    seconds: float
    ring: Callable[[], None]


def make_scheduler(clocks: list[Clockwork]) -> AsyncIOScheduler:
    """Builds the scheduler; it keeps nothing, since due times live in rows.

    A late ring still rings (`misfire_grace_time=None`; the library's own default drops what is a second late), many
    missed ones ring once, and no clock rings twice at a time.
    """
    scheduler = AsyncIOScheduler(
        executors={"default": AsyncIOExecutor()},
        job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        timezone="UTC",
    )
    for clock in clocks:
        add_clock(scheduler, clock)
    return scheduler


def add_clock(scheduler: AsyncIOScheduler, clock: Clockwork) -> None:
    """Adds a clock, also while the others run."""
    scheduler.add_job(_ringing(clock.ring), IntervalTrigger(seconds=clock.seconds, timezone="UTC"), id=clock.name)


def _ringing(ring: Callable[[], None]) -> Callable[[], Coroutine[None, None, None]]:
    async def ringing() -> None:
        """Rings in the event loop: APScheduler would call a plain function in a thread."""
        ring()

    return ringing
