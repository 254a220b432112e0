"""The whole `philia serve`, as installed, killed at the numbered places: nothing of it is left out."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from server import decisions
from server.settings import Delivery
from server.simulator.run import BUSINESS_ID, SECRET
from store import pauses
from store.clock import system_clock
from store.database import connect, transaction
from store.errors import StoreError
from store.failpoints import PLACES
from tests.crash.harness import _hear, _start
from tests.end_to_end.shop import Shop, wait

SETTINGS = """
[delivery]
undo_seconds = 0
retry_seconds = [0.05]
quiesce_seconds = 0.5
listing_gap_seconds = 0.2
timeout_seconds = 0.5
rate_per_minute = 100000
"""
TO_DIE = 4.0
"""Seconds that a server gets to reach its place; some places are not on this message's way."""


class Killing:
    """A shop under `philia serve`, a platform of its own process, and an owner with one sentence."""

    def __init__(self, folder: Path) -> None:
        """Starts the platform."""
        self.ledger = folder / "ledger.jsonl"
        self.platform = _start("server.simulator", "--port", "0", "--ledger", str(self.ledger))
        self.url = _hear(self.platform)["url"]
        self.shop = Shop(
            folder / "shop",
            self.url,
            settings=SETTINGS,
            TIKTOK_APP_SECRET=SECRET,
            TIKTOK_BUSINESS_ID=BUSINESS_ID,
        )
        self.said = 0

    def control(self, path: str, asked: dict[str, Any] | None = None) -> Any:
        """Talks to the simulator's control API."""
        connection = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=60)
        with closing(connection):
            connection.request("GET" if asked is None else "POST", f"/simulator/{path}", json.dumps(asked or {}))
            answer = connection.getresponse()
            told = json.loads(answer.read())
            assert answer.status == 200, told
            return told

    def serve(self, failpoint: int | None) -> bool:
        """Starts `philia serve`, to die at a place or not, and tells the platform where it listens.

        False when it died before it listened, as it does at a place of the start.
        """
        try:
            self.shop.serve(**({} if failpoint is None else {"PHILIA_FAILPOINT": str(failpoint)}))
        except AssertionError:
            assert failpoint is not None
            assert self.shop.stop() == -signal.SIGKILL
            return False
        self.control("webhooks", {"listener_url": f"{self.shop.listening}/webhook/tiktok", "retry_seconds": [0.1]})
        return True

    def ask(self) -> str:
        """Lets a customer write something that was never written before."""
        self.said += 1
        customer = ("ann", "ben", "eve")[self.said % 3]
        text = f"q{self.said}"
        self.control(f"customers/{customer}/say", {"text": text, "dialect": "v1" if customer == "eve" else "v1.3"})
        return text

    def answer(self) -> bool:
        """Replies to what has no reply yet; tells whether everything has one."""
        with closing(connect(self.shop.database)) as db:
            rows = db.execute(
                "SELECT m.conversation_id, m.text FROM messages m WHERE m.role = 'user' AND NOT EXISTS (SELECT 1"
                " FROM deliveries d WHERE d.conversation_id = m.conversation_id AND d.text = 're: ' || m.text)"
            ).fetchall()
            with transaction(db):
                pauses.resume_sender(db, now=system_clock(), who="owner")
            for row in rows:
                with transaction(db):
                    decisions.send(
                        db, row["conversation_id"], f"re: {row['text']}", now=system_clock(),
                        settings=Delivery(quota_per_window=1_000), send_now=True,
                    )  # fmt: skip
            asked = db.execute("SELECT count(*) AS n FROM messages WHERE role = 'user'").fetchone()["n"]
        return not rows and asked == self.said

    def died(self) -> bool:
        """Plays the owner until the server is dead; False when it lives on."""
        server = self.shop.server
        assert server is not None
        until = time.monotonic() + TO_DIE
        while time.monotonic() < until:
            if server.poll() is not None:
                return True
            try:
                self.answer()
            except StoreError:
                continue
            time.sleep(0.02)
        return False

    def at_rest(self) -> bool:
        """Tells whether nothing is on its way any more; what nobody can prove is dropped by the owner."""
        if not self.answer():
            return False
        with closing(connect(self.shop.database)) as db:
            rows = db.execute(
                "SELECT id, state FROM deliveries WHERE state IN"
                " ('held', 'queued', 'retrying', 'sending', 'unknown', 'needs_owner')"
            ).fetchall()
            for row in rows:
                if row["state"] == "needs_owner":
                    with transaction(db):
                        decisions.resolve(db, row["id"], "drop", now=system_clock(), settings=Delivery())
        return not rows and self.control("state")["webhooks"]["open"] == 0

    def judge(self) -> None:
        """Compares the shop with the platform's ledger."""
        entries = [json.loads(line) for line in self.ledger.read_text("utf-8").splitlines()]
        texts = Counter(entry["text"] for entry in entries)
        assert max(texts.values()) == 1, "a reply was sent twice"
        with closing(connect(self.shop.database)) as db:
            received = Counter(row["text"] for row in db.execute("SELECT text FROM messages WHERE role = 'user'"))
            states = {row["text"]: row["state"] for row in db.execute("SELECT text, state FROM deliveries")}
        assert received == Counter({f"q{number}": 1 for number in range(1, self.said + 1)}), "a message is missing"
        assert {text for text, state in states.items() if state == "sent"} <= set(texts), "sent, and not there"
        assert {text for text in texts if states[text] not in {"sent", "dropped"}} == set(), "there, and not said"

    def close(self) -> None:
        """Ends both processes."""
        self.shop.close()
        end(self.platform)


def end(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    process.terminate()
    process.wait(20)
    process.stdout.close()


def kill_at(folder: Path, places: list[int], fault: str) -> int:
    """Kills a served shop once at each place while a fault is played; returns at how many it died by itself."""
    with closing(Killing(folder)) as killing:
        reached = 0
        for place in places:
            if not killing.serve(place):
                reached += 1
                continue
            killing.control("faults", {"clear": True, "queue": [{"name": fault}]})
            killing.ask()
            if killing.died():
                reached += 1
                assert killing.shop.stop() == -signal.SIGKILL
            else:
                killing.shop.stop(signal.SIGKILL)
        killing.control("faults", {"clear": True})
        assert killing.serve(None)
        wait(killing.at_rest, 60)
        assert killing.shop.stop() == 0
        killing.judge()
    return reached


def test_the_served_shop_is_killed_between_answer_and_record(tmp_path: Path) -> None:
    """Killed when TikTok has accepted and nothing is written down, it sends nothing twice and learns the truth."""
    assert kill_at(tmp_path, [6], "none") == 1


@pytest.mark.crash
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("fault", ["none", "cut_applied", "code_51065_applied", "rate_429"])
def test_the_served_shop_is_killed_at_every_place(tmp_path: Path, fault: str) -> None:
    """`philia serve` dies once at each numbered place, under each of these faults, and every promise holds."""
    assert kill_at(tmp_path, sorted(PLACES), fault) >= 8
