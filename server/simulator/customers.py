"""The simulated customers: a script of different people, read from customers.toml, and someone to play it."""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from server.simulator.world import Dialect, World

SCRIPT: Final = Path(__file__).with_name("customers.toml")
SAMPLE_STOCK: Final = Path(__file__).with_name("sample_stock.csv")

Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Line:
    """One message of a customer.

    `pause` is in seconds since her line before, or since the shop's answer when `answered` makes her wait for one.
    """

    text: str = ""
    pause: float = 0.0
    answered: bool = False
    kind: str = "text"
    body: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Customer:
    """One person: what she wants (`topic`), the pieces she means (`about`), what would please her (`finds`)."""

    id: str
    name: str
    topic: str
    lines: tuple[Line, ...]
    starts_after: float = 0.0
    language: str = "en"
    dialect: Dialect | None = None
    about: tuple[str, ...] = ()
    finds: Mapping[str, str] = field(default_factory=dict)


def read_script(path: Path = SCRIPT) -> tuple[Customer, ...]:
    """Returns the customers of a script in order; raises TypeError for a field that no customer has."""
    with path.open("rb") as file:
        script = tomllib.load(file)
    return tuple(
        Customer(
            **{
                **entry,
                "lines": tuple(Line(**line) for line in entry["lines"]),
                "about": tuple(entry.get("about", ())),
            }
        )
        for entry in script["customer"]
    )


async def play(world: World, customers: Iterable[Customer], *, pace: float = 1.0, sleep: Sleep = asyncio.sleep) -> None:
    """Lets every customer say her lines, all at once as in life; returns when the last has said her last.

    `pace` multiplies every wait: 0 says everything at once, except what waits for an answer of the shop.
    """
    async with asyncio.TaskGroup() as everyone:
        for customer in customers:
            everyone.create_task(_speak(world, customer, pace, sleep))


async def _speak(world: World, customer: Customer, pace: float, sleep: Sleep) -> None:
    await sleep(customer.starts_after * pace)
    for line in customer.lines:
        if line.answered:
            await world.next_answer(customer.id)
        await sleep(line.pause * pace)
        world.say(
            customer.id,
            line.text,
            name=customer.name,
            dialect=customer.dialect,
            kind=line.kind,
            body=dict(line.body) if line.body is not None else None,
        )
