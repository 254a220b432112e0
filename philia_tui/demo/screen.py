"""`philia demo`: the inbox over the sample shop, while a dozen simulated customers write."""

from __future__ import annotations

import json
import shutil
import threading

from platformdirs import user_cache_path

from philia_tui.commands.context import fail
from philia_tui.demo.premises import DemoFailed, Premises
from philia_tui.opening import reach, run
from server import settings
from store import lock
from store.errors import StoreError

WATCH_SECONDS = 0.1

PACE = 0.6
"""The customers' waits in the demo, as a share of those in their script: nobody watches a demo for an hour."""


def open_demo(*, fresh: bool, plain: bool = False) -> None:
    """Opens the demo shop, where it was left or anew, and closes everything with the inbox."""
    folder = user_cache_path("philia") / "demo"
    if lock.holder(folder / "demo.db") is not None:
        fail("The demo is open already in another window; close it first.")
    if fresh:
        shutil.rmtree(folder, ignore_errors=True)
    try:
        with Premises(folder, debounce=1.5, undo=5) as premises:
            loaded = settings.load(premises.config, premises.environment())
            over = threading.Event()
            customers = threading.Thread(target=_let_in, args=(premises, over), daemon=True)
            customers.start()
            try:
                run(
                    premises.database,
                    loaded,
                    environment=premises.environment(),
                    plain=plain,
                )
            finally:
                over.set()
                customers.join()
    except (DemoFailed, StoreError, OSError) as fault:
        fail(str(fault))


def _let_in(premises: Premises, over: threading.Event) -> None:
    """Waits until the inbox's server listens, tells the platform where, and lets the customers begin."""
    while not over.wait(WATCH_SECONDS):
        reached = reach(premises.database) if lock.holder(premises.database) else None
        if reached is None:
            continue
        try:
            premises.point_simulator(f"{reached.address}/webhook/tiktok")
            premises.post("play", {"pace": PACE})
        except (OSError, json.JSONDecodeError):
            # The platform or the server is not there yet; the next look finds it.
            continue
        return
