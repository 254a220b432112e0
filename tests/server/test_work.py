"""Workers, clocks and the log: that they ring, go on after a fault, and keep quiet about what is not theirs to tell."""

from __future__ import annotations

import asyncio
import json
import logging
import stat
from pathlib import Path

import pytest

from server import logs, work
from server.scheduler import Clockwork, make_scheduler
from server.settings import Log
from server.work import Worker


async def test_a_worker_works_until_nothing_is_left_and_rests_until_rung() -> None:
    """A bell starts rounds until one finds nothing; ringing twice is ringing once; stop ends it."""
    left = [3]
    rounds = asyncio.Queue[int]()

    async def round_() -> int:
        left[0] = max(0, left[0] - 1)
        rounds.put_nowait(left[0])
        return left[0]

    worker = Worker("test", round_)
    running = asyncio.create_task(worker.run())
    worker.ring()
    worker.ring()
    assert [await rounds.get() for _ in range(3)] == [2, 1, 0]
    await asyncio.sleep(0)
    assert rounds.empty()
    left[0] = 1
    worker.ring()
    assert await rounds.get() == 0
    worker.stop()
    await asyncio.wait_for(running, 5)


async def test_a_round_that_breaks_is_told_and_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault never ends a worker: it is remembered for /readyz and forgotten after the next good round."""
    monkeypatch.setattr(work, "FAULT_PAUSE", 0)
    broken = [True]
    failed, done = asyncio.Event(), asyncio.Event()

    async def round_() -> int:
        if broken[0]:
            failed.set()
            raise OSError("the disk is gone")
        done.set()
        return 0

    worker = Worker("test", round_)
    running = asyncio.create_task(worker.run())
    worker.ring()
    await asyncio.wait_for(failed.wait(), 5)
    # Whoever waits for the round runs before the worker has noted how it ended.
    await asyncio.sleep(0)
    assert worker.fault == "OSError: the disk is gone"
    broken[0] = False
    worker.ring()
    await asyncio.wait_for(done.wait(), 5)
    worker.stop()
    await asyncio.wait_for(running, 5)
    assert worker.fault is None


async def test_clocks_ring_in_the_event_loop() -> None:
    """A clock calls its bell in the loop's own thread, again and again, and ends with the scheduler."""
    rung = asyncio.Queue[None]()
    scheduler = make_scheduler([Clockwork("quick", 0.02, lambda: rung.put_nowait(None))])
    scheduler.start()
    for _ in range(3):
        await asyncio.wait_for(rung.get(), 5)
    job = scheduler.get_job("quick")
    assert (job.misfire_grace_time, job.coalesce, job.max_instances) == (None, True, 1)
    scheduler.shutdown(wait=False)


def test_the_log_is_private_json(tmp_path: Path) -> None:
    """Each record is one JSON line in a file of mode 0600; libraries that know secrets stay quiet."""
    file = logs.start(Log(), tmp_path / "shop.db")
    try:
        logging.getLogger("server.test").info("draft %d\nready", 7)
        logging.getLogger("httpx").info("GET https://x?token=secret")
        try:
            int("why")
        except ValueError:
            logging.getLogger("server.test").exception("broke")
    finally:
        logs.stop()
    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    assert [(line["level"], line["room"], line["what"]) for line in lines] == [
        ("info", "server.test", "draft 7\nready"),
        ("error", "server.test", "broke"),
    ]
    assert "ValueError: invalid literal" in lines[1]["trace"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
