"""Kills the server again and again, and judges by the platform's ledger what it has done.

Three processes besides this one: the simulated TikTok with its append-only ledger, the zygote, and the server that is
killed. This one plays the owner's inbox (undo, resume, drop) and the judge.
"""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from server import decisions
from server.simulator.faults import LIES_IN_V1, NAMED
from store import pauses
from store.clock import system_clock
from store.database import connect, transaction
from store.errors import CannotWrite, StoreError
from store.failpoints import PLACES
from tests.crash.server import shop_settings

ROOT: Final = Path(__file__).parents[2]
CUSTOMERS: Final = [(f"ann{n}", "v1.3") for n in range(8)] + [(f"eve{n}", "v1") for n in range(3)]
LAG_MS: Final = 250
"""How long an accepted message stays out of the listing."""

IDLE: Final = 2.0
"""Seconds after which the simulator may have hung up on an idle connection."""

SHOPS: Final = 2
"""How many shops the long run kills at once."""

PATIENCE: Final = 0.5
"""Seconds that a run gets to reach its failpoint before it is killed where it stands."""

FAULTS: Final[dict[str, Any]] = {
    name: {"name": name, "seconds": 0.8}
    if fault.seconds >= 10
    else {"name": name, "seconds": 0.03}
    if fault.seconds
    else name
    for name, fault in NAMED.items()
}


@dataclass(slots=True)
class Report:
    """What was done and what the judge found. Everything from `doubles` to `missing_sent` must be 0."""

    sender: str
    kills: int = 0
    kills_at_places: dict[str, int] = field(default_factory=dict)
    pairs: int = 0
    boots: int = 0
    seconds: float = 0.0
    customer_messages: int = 0
    requests: int = 0
    accepted: int = 0
    pictures: int = 0
    """Of the accepted ones, how many were pictures."""
    deliveries: int = 0
    states: dict[str, int] = field(default_factory=dict)
    doubles: int = 0
    doubles_by_the_v1_rule: int = 0
    acknowledged_but_missing: int = 0
    applied_twice: int = 0
    sent_without_the_platform: int = 0
    out_of_order: int = 0
    requests_without_attempt: int = 0
    undone_but_sent: int = 0
    wrong_absent: int = 0
    without_end: int = 0
    undone: int = 0
    doubts: int = 0
    doubts_settled_without_owner: int = 0
    doubts_that_had_arrived: int = 0
    doubts_that_had_arrived_settled_without_owner: int = 0
    v1_lies: int = 0

    def faults(self) -> dict[str, int]:
        """Returns what must be 0 and is not."""
        names = (
            "doubles",
            "acknowledged_but_missing",
            "applied_twice",
            "sent_without_the_platform",
            "out_of_order",
            "requests_without_attempt",
            "undone_but_sent",
            "wrong_absent",
            "without_end",
        )
        return {name: getattr(self, name) for name in names if getattr(self, name)}

    def as_json(self) -> dict[str, Any]:
        """Returns all of it."""
        return asdict(self)


class Crash:
    """One shop that is killed again and again."""

    def __init__(self, folder: Path, database: Path, *, seed: int = 0, naive: bool = False) -> None:
        """Starts the platform and the zygote; `close` must be called."""
        self.rng = random.Random(seed)
        self.naive = naive
        self.report = Report(sender="naive" if naive else "philia")
        self.database = folder / "philia.db"
        shutil.copy(database, self.database)
        self.ledger = folder / "ledger.jsonl"
        self.said = 0
        self.undone: set[int] = set()
        self._places: Counter[str] = Counter()
        self.zygote = _start("tests.crash.zygote")
        self.port = _hear(self.zygote)["port"]
        listener = f"http://127.0.0.1:{self.port}/webhook/tiktok"
        self.simulator = _start(
            "server.simulator", "--port", "0", "--ledger", str(self.ledger), "--listener", listener, "--seed", str(seed)
        )
        self.url = _hear(self.simulator)["url"]
        self._control = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=60)
        self._spoke = 0.0
        self.control("lag", {"ms": LAG_MS})
        self.control("echo", {"mode": "random", "v1": True})
        for operation in ("upload", "capabilities"):
            shares = dict.fromkeys(("cut", "cut_applied", "server_500", "code_51065"), 0.05)
            self.control("faults", {"on": operation, "mix": {"shares": shares, "seed": seed}})
        self.control("webhooks", {"retry_seconds": [0.03], "duplicates": 1, "shuffle": 20, "timeout_seconds": 1.0})
        self.db = connect(self.database)
        self.pid = 0
        self.status: int | None = None
        """How the last server ended, None while it lives."""

    def close(self) -> None:
        """Ends every process."""
        self.db.close()
        self._control.close()
        for process in (self.zygote, self.simulator):
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.close()
            if process is self.simulator:
                process.terminate()
            # The zygote ends by itself, after it has ended its server.
            process.wait(timeout=20)
            process.stdout.close()

    def control(self, path: str, asked: dict[str, Any] | None = None) -> Any:
        """Talks to the simulator's control API: POST with a body, GET without."""
        body = None if asked is None else json.dumps(asked)
        if time.monotonic() > self._spoke + IDLE:
            self._control.close()
        self._spoke = time.monotonic()
        self._control.request("GET" if asked is None else "POST", f"/simulator/{path}", body)
        answer = self._control.getresponse()
        told = json.loads(answer.read())
        assert answer.status == 200, told
        return told

    def boot(self, failpoint: str = "") -> None:
        """Starts a server that dies at a failpoint, or not."""
        asked = {"database": str(self.database), "tiktok": self.url, "failpoint": failpoint, "naive": self.naive}
        _say(self.zygote, {"start": asked})
        self.pid = _hear(self.zygote)["pid"]
        self.report.boots += 1

    def alive(self, seconds: float) -> bool:
        """Tells whether the server still lives after so long."""
        _say(self.zygote, {"wait": seconds})
        told = _hear(self.zygote)
        self.status = told["status"]
        return bool(told["alive"])

    def kill(self) -> None:
        """Kills the server where it stands."""
        os.kill(self.pid, signal.SIGKILL)
        assert not self.alive(5)

    def talk(self, messages: int) -> None:
        """Lets customers write."""
        for customer, dialect in self.rng.sample(CUSTOMERS, messages):
            self.said += 1
            self.control(f"customers/{customer}/say", {"text": f"q{self.said}", "dialect": dialect})

    def owner(self) -> None:
        """Plays the owner: resumes the sender, takes something back, drops what nobody can prove."""
        # A loaded machine may keep the write lock for long: the owner presses the key again, in the next cycle.
        with contextlib.suppress(CannotWrite), transaction(self.db):
            pauses.resume_sender(self.db, now=system_clock(), who="owner")
        for row in self.db.execute(
            "SELECT id, state FROM deliveries WHERE state IN ('held', 'needs_owner')"
        ).fetchall():
            try:
                with transaction(self.db):
                    if row["state"] == "needs_owner":
                        settings = shop_settings().delivery
                        decisions.resolve(self.db, row["id"], "drop", now=system_clock(), settings=settings)
                    elif self.rng.random() < 0.05 and not self.naive:
                        decisions.undo(self.db, row["id"], now=system_clock())
                        self.undone.add(row["id"])
            except StoreError:
                continue

    def cycle(self, fault: str, place: int | None) -> None:
        """Lets customers write while a fault is played, and kills the server at a place, or anywhere."""
        self.control("faults", {"queue": [FAULTS[fault]] * self.rng.randint(1, 3)})
        self.boot("" if place is None else f"{place}:{self.rng.choice((1, 1, 1, 2, 3))}")
        self.talk(self.rng.randint(1, 3))
        self.owner()
        patience = PATIENCE if place is not None else self.rng.uniform(0.02, 0.5)
        if self.alive(patience):
            self.kill()
            self._places["anywhere"] += 1
        else:
            self._places[str(place)] += 1
        # Anything but SIGKILL would be a server that fell over by itself.
        assert self.status == -signal.SIGKILL, f"the server ended with {self.status}"
        self.report.kills += 1

    def drain(self, seconds: float = 60.0) -> None:
        """Gives the shop a healthy platform until everything has come to its end."""
        self.control("faults", {"clear": True})
        self.control("echo", {"mode": "after"})
        self.boot()
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.owner()
            if self._quiet() and self.control("settle", {})["settled"] and self._quiet():
                break
            time.sleep(0.05)
        os.kill(self.pid, signal.SIGTERM)
        if self.alive(20):
            self.kill()

    def _quiet(self) -> bool:
        open_states = "('held', 'queued', 'retrying', 'sending', 'unknown', 'needs_owner')"
        if self.naive:
            open_states = "('nothing')"
        row = self.db.execute(
            "SELECT (SELECT count(*) FROM inbound_events WHERE state = 'received')"
            f" + (SELECT count(*) FROM deliveries WHERE state IN {open_states})"
            " + (SELECT count(*) FROM messages m WHERE m.role = 'user' AND NOT EXISTS (SELECT 1 FROM deliveries d"
            "  WHERE d.conversation_id = m.conversation_id AND d.text = 're: ' || m.text)) AS n"
        ).fetchone()
        return row["n"] == 0 and self._waiting_webhooks() == 0

    def _waiting_webhooks(self) -> int:
        return int(self.control("state")["webhooks"]["open"])

    def judge(self) -> Report:
        """Compares the database with the platform's ledger."""
        report = self.report
        report.kills_at_places = dict(sorted(self._places.items()))
        ledger = [json.loads(line) for line in self.ledger.read_text("utf-8").splitlines()]
        requests = [
            each | {"body": json.loads(each["body"])}
            for each in self.control("requests")
            if "/message/send/" in each["path"]
        ]
        report.customer_messages = self.said
        report.requests, report.accepted = len(requests), len(ledger)
        rows = self.db.execute(
            f"SELECT id, state, platform_id, {_NAMED} AS text FROM deliveries d ORDER BY id"
        ).fetchall()
        report.pictures = sum(entry["message_type"] == "IMAGE" for entry in ledger)
        report.deliveries = len(rows)
        report.states = dict(Counter(row["state"] for row in rows))
        by_text: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for entry in ledger:
            by_text[entry["text"] or entry["media_id"]].append(entry)
        for entries in by_text.values():
            if len(entries) > 1:
                repeated = all(
                    entry["dialect"] == "v1" and entry["fault"] == "server_500_applied" for entry in entries[:-1]
                )
                report.doubles_by_the_v1_rule += repeated
                report.doubles += not repeated
        self._judge_webhooks(report)
        lied = {_text(each) for each in requests if _lie(each)}
        for row in rows:
            entries = by_text.get(row["text"], [])
            if row["state"] == "sent" and not entries:
                report.v1_lies += row["text"] in lied
                report.sent_without_the_platform += row["text"] not in lied
            if row["platform_id"] is not None and row["platform_id"] not in {entry["message_id"] for entry in entries}:
                report.sent_without_the_platform += 1
            if row["id"] in self.undone:
                report.undone += 1
                report.undone_but_sent += bool(entries)
            if row["state"] in {"held", "queued", "retrying", "sending", "unknown"}:
                report.without_end += 1
        if not self.naive:
            self._judge_sender(report, rows, requests, by_text)
        return report

    def _judge_webhooks(self, report: Report) -> None:
        counts = Counter(
            row["platform_id"] for row in self.db.execute("SELECT platform_id FROM messages WHERE role = 'user'")
        )
        for webhook in self.control("webhooks"):
            if webhook["acknowledged"] and webhook["event"] in {"im_receive_msg", "message.received"}:
                report.acknowledged_but_missing += counts[webhook["event_id"]] == 0
        report.applied_twice = sum(1 for count in counts.values() if count > 1)

    def _judge_sender(
        self, report: Report, rows: list[Any], requests: list[dict[str, Any]], by_text: dict[str, list[dict[str, Any]]]
    ) -> None:
        made = Counter(_text(each) for each in requests)
        attempts = Counter(
            row["text"]
            for row in self.db.execute(
                f"SELECT {_NAMED} AS text FROM attempts a JOIN deliveries d ON d.id = a.delivery_id"
            )
        )
        report.requests_without_attempt = sum(max(0, count - attempts[text]) for text, count in made.items())
        texts = {row["id"]: row["text"] for row in rows}
        steps: dict[int, list[Any]] = defaultdict(list)
        for step in self.db.execute(
            "SELECT subject_id, from_state, to_state, why, at FROM journal WHERE subject = 'delivery' ORDER BY id"
        ):
            steps[step["subject_id"]].append(step)
        for number, taken in steps.items():
            if not any(step["to_state"] == "unknown" for step in taken):
                continue
            report.doubts += 1
            asked = any(step["to_state"] == "needs_owner" for step in taken)
            report.doubts_settled_without_owner += not asked
            if texts[number] in by_text:
                report.doubts_that_had_arrived += 1
                report.doubts_that_had_arrived_settled_without_owner += not asked
            for step in taken:
                absent = step["from_state"] == "unknown" and "not show" in (step["why"] or "")
                if absent and any(entry["at"] < step["at"] for entry in by_text.get(texts[number], [])):
                    report.wrong_absent += 1
        firsts: dict[str, list[int]] = defaultdict(list)
        numbers = {row["text"]: row["id"] for row in rows}
        for text, entries in by_text.items():
            firsts[entries[0]["recipient"]].append(numbers[text])
        # The ledger is in the order of acceptance, and so are the keys of `by_text`.
        report.out_of_order = sum(1 for order in firsts.values() if order != sorted(order))


def _text(request: dict[str, Any]) -> str:
    body = request["body"]
    if body["message_type"] == "IMAGE":
        return str(body["image"]["media_id"])
    return str(body["content"]["text"] if "content" in body else body["text"]["body"])


_NAMED: Final = "CASE WHEN d.picture_id IS NULL THEN d.text ELSE coalesce(d.media, 'never asked for') END"
"""A delivery's own name in the ledger: no two have the same text, and no two the same picture."""


def _lie(request: dict[str, Any]) -> bool:
    return request["fault"] in LIES_IN_V1 and "content" in request["body"]


def _start(module: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", module, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        # What a hung-up peer makes the simulator say would bury a failure.
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
    )


def _say(process: subprocess.Popen[str], data: dict[str, Any]) -> None:
    assert process.stdin is not None
    process.stdin.write(json.dumps(data) + "\n")
    process.stdin.flush()


def _hear(process: subprocess.Popen[str]) -> Any:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, "the process ended"
    return json.loads(line)


def pairs() -> list[tuple[str, int]]:
    """Every fault with every place, in an order in which any stretch has many of both."""
    every = list(itertools.product(NAMED, PLACES))
    random.Random(7).shuffle(every)
    return every


def short_pairs() -> list[tuple[str, int]]:
    """Every fault and every place at least once."""
    return list(zip(NAMED, itertools.cycle(PLACES), strict=False))


@contextmanager
def crashing(folder: Path, database: Path, *, seed: int = 0, naive: bool = False) -> Iterator[Crash]:
    """Opens a shop to be killed."""
    crash = Crash(folder, database, seed=seed, naive=naive)
    try:
        yield crash
    finally:
        crash.close()


def run(
    folder: Path, database: Path, plan: list[tuple[str, int]], *, kills: int, seed: int = 0, naive: bool = False
) -> Report:
    """Goes through the plan, then kills at random until there were so many kills; drains and judges."""
    started = time.monotonic()
    with crashing(folder, database, seed=seed, naive=naive) as crash:
        for fault, place in plan[:kills]:
            crash.cycle(fault, place)
            crash.report.pairs += 1
        names = list(NAMED)
        while crash.report.kills < kills:
            crash.cycle(crash.rng.choice(names), None)
        crash.drain()
        report = crash.judge()
    report.seconds = round(time.monotonic() - started, 1)
    return report


def run_together(
    folder: Path, database: Path, plan: list[tuple[str, int]], *, kills: int, seed: int = 0, naive: bool = False
) -> Report:
    """Does the same with several shops at once, each with its own processes, and adds up what they found.

    Killing is mostly waiting, so this is faster by nearly as much; and a loaded machine finds other orders.
    """
    shares = [(kills + number) // SHOPS for number in range(SHOPS)]
    folders = [folder / f"shop-{number}" for number in range(SHOPS)]
    for each in folders:
        each.mkdir(parents=True)
    started = time.monotonic()
    with ThreadPoolExecutor(SHOPS) as pool:
        running = [
            pool.submit(
                run,
                folders[number],
                database,
                plan[number::SHOPS],
                kills=shares[number],
                seed=seed + number,
                naive=naive,
            )
            for number in range(SHOPS)
        ]
        reports = [each.result() for each in running]
    total = Report(sender=reports[0].sender)
    for name in Report.__slots__:
        values = [getattr(report, name) for report in reports]
        if isinstance(values[0], dict):
            counted: Counter[str] = Counter()
            for value in values:
                counted.update(value)
            setattr(total, name, dict(sorted(counted.items())))
        elif isinstance(values[0], int):
            setattr(total, name, sum(values))
    total.seconds = round(time.monotonic() - started, 1)
    return total
