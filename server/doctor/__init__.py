"""`philia doctor`: every check with ok, warn or fail, what was found, and the command that mends it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path

from server.doctor import data, machine, outside, shop
from server.doctor.check import Check, State
from server.secrets import Secrets
from server.settings import Loaded
from store.clock import Clock, system_clock

__all__ = ["Check", "State", "examine"]


def examine(
    loaded: Loaded, secrets: Secrets, path: Path, *, offline: bool = False, clock: Clock = system_clock
) -> list[Check]:
    """Looks at everything; a check that breaks is a failed check, never the end of the others.

    What lies outside of this machine is asked at once and waited for a few seconds at most; not at all if `offline`.
    """
    checks: list[Callable[[], Iterable[Check]]] = [
        lambda: shop.settings(loaded),
        lambda: shop.keys(loaded, secrets),
        machine.sqlite,
        lambda: data.database(path),
        lambda: machine.disk(path),
        lambda: machine.server(loaded, path),
        lambda: shop.policies(loaded),
        lambda: data.signin(path, secrets, now=clock()),
        lambda: shop.tunnel(loaded, secrets, path),
        lambda: [] if offline else asyncio.run(outside.look(loaded.settings, secrets, path, clock=clock)),
        lambda: shop.region(loaded),
        machine.terminal,
    ]
    found: list[Check] = []
    for check in checks:
        try:
            found.extend(check())
        except Exception as fault:  # noqa: BLE001  # told as a check of its own
            found.append(Check("doctor", "fail", f"A check broke: {type(fault).__name__}: {fault}", "Report this."))
    return found
