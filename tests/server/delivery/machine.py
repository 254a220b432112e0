"""A whole shop driven at random: webhooks in any order, decisions, kills, faults, time; and the oracle that watches it.

The platform is the simulator's, in memory: what it accepted is the truth. Every request is attributed to its delivery
at the moment it arrives, by the open attempt that must be there.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import shutil
import sqlite3
import tempfile
from collections import defaultdict
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from server.delivery import reconcile
from server.delivery.sender import Sender
from server.listener import applying, events
from server.settings import Settings
from server.simulator import events as bodies
from server.simulator.ledger import Ledger
from server.simulator.listing import contents
from server.simulator.platform import Message, Platform
from server.tiktok.answer import Answer, Dialect
from server.tiktok.errors import (
    TikTokAuthError,
    TikTokNoAnswer,
    TikTokRateLimitError,
    TikTokRefused,
    TikTokServerError,
    TikTokUnreachable,
)
from server.tiktok.listing import ConversationKind, MessageListing, read_messages
from store import drafts, inbound, items, media, pictures, reconciling
from store.clock import MINUTE
from store.database import Database, connect, transaction
from store.errors import StoreError
from store.inbound import Received
from store.migrations import migrate
from tests.conftest import FakeClock
from tests.server.delivery.shop import WINDOW, settings_with

RATE = 6
BUSINESS = "biz"
ACCOUNT = bodies.Account(BUSINESS, "key")

ANSWERS: dict[str, tuple[bool, Answer | None]] = {
    "accepted": (True, Answer(outcome="sent", kind="accepted", reason="", status=200, answered=True)),
    "cut": (False, Answer(outcome="unknown", kind="cut", reason="The connection was lost.")),
    "cut_applied": (True, Answer(outcome="unknown", kind="cut", reason="The connection was lost.")),
    "51065": (False, Answer(outcome="unknown", kind="server_error", reason="51065", code=51065, answered=True)),
    "51065_applied": (True, Answer(outcome="unknown", kind="server_error", reason="51065", code=51065, answered=True)),
    "unreached": (False, Answer(outcome="not_sent", kind="connect", reason="Not reached.")),
    "limited": (False, Answer(outcome="not_sent", kind="rate_limited", reason="429", status=429, answered=True)),
    "limited_long": (
        False,
        Answer(outcome="not_sent", kind="rate_limited", reason="429", status=429, retry_after=90, answered=True),
    ),
    "refused": (False, Answer(outcome="refused", kind="refused", reason="No.", code=40002, answered=True)),
    "too_fast": (False, Answer(outcome="refused", kind="too_fast", reason="Rest.", code=40064, answered=True)),
    "no_token": (False, Answer(outcome="refused", kind="auth", reason="Token.", code=40105, answered=True)),
    "killed": (False, None),
    "killed_applied": (True, None),
}
"""What happens to a request: whether the platform takes it, and what it answers; None for a kill of the server."""

UPLOAD_FAULTS: dict[str, Exception | None] = {
    "ask: no": None,
    "ask: silence": TikTokNoAnswer("TikTok did not answer."),
    "silence": TikTokNoAnswer("TikTok did not answer."),
    "unreached": TikTokUnreachable("Not reached."),
    "limited": TikTokRateLimitError("Too many.", retry_after=3),
    "error": TikTokServerError("TikTok failed.", status=500),
    "token": TikTokAuthError("Token."),
    "refused": TikTokRefused("File type.", code=40908, message=""),
}
"""What can happen while a picture is asked for and uploaded."""


def give_picture(db: sqlite3.Connection, database: Path, sku: str, *, now: int, salt: bytes = b"") -> bytes:
    """Gives a piece a picture of its own bytes, and returns them."""
    content = b"\x89PNG\r\n\x1a\n" + sku.encode() + salt
    digest, path = pictures.put(media.folder_of(database), content, "image/png")
    pictures.give(
        db,
        sku,
        path=path,
        sha256=digest,
        content_type="image/png",
        size=len(content),
        width=48,
        height=48,
        now=now,
        who="owner",
    )
    return content


class Killed(BaseException):
    """The server dies here: nothing after this line runs."""


@cache
def template() -> Path:
    """A migrated database, made once a process."""
    path = Path(tempfile.mkdtemp(prefix="philia-template-")) / "philia.db"
    migrate(path)
    with contextlib.closing(connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


class World:
    """The shop, its platform, and everything the oracle remembers."""

    def __init__(self) -> None:
        """Opens a fresh shop with two customers of dialect v1.3 and one of v1, none of whom has written."""
        self.folder = Path(tempfile.mkdtemp(prefix="philia-machine-"))
        self.path = self.folder / "philia.db"
        shutil.copy(template(), self.path)
        self.clock = FakeClock()
        self.settings: Settings = settings_with(rate_per_minute=RATE)
        self.platform = Platform(Ledger(), self.clock, business_id=BUSINESS)
        self.loop = asyncio.new_event_loop()
        # A kill leaves tasks with an exception that nobody will ever ask for.
        self.loop.set_exception_handler(lambda _loop, _context: None)
        self.db = connect(self.path)
        self.customers = {"ann": "v1.3", "bea": "v1.3", "eve": "v1"}
        self.posted: list[bodies.Event] = []
        self.acknowledged: set[str] = set()
        self.answers: list[str] = []
        self.listing_fails = False
        self.requests: list[tuple[int, int, str]] = []
        self.taken: dict[int, list[str]] = defaultdict(list)
        self.order: dict[int, list[int]] = defaultdict(list)
        self.undone: set[int] = set()
        self.faults: list[str] = []
        self.boots = 0
        self.database: Database
        self.sender: Sender
        self.upload_faults: list[str] = []
        self.uploaded: dict[str, bytes] = {}
        with transaction(self.db):
            for number in range(9):
                items.add(self.db, f"J-{number}", {"name": "jacket"}, now=self.clock.now, who="owner")
                give_picture(self.db, self.path, f"J-{number}", now=self.clock.now)
        self.boot()

    def close(self) -> None:
        """Closes everything and removes the shop."""
        self.loop.run_until_complete(self.sender.drain())
        self.database.close()
        self.db.close()
        self.loop.close()
        shutil.rmtree(self.folder)

    def boot(self) -> None:
        """Starts a server, as after a kill: nothing of the one before is known but the database."""
        self.boots += 1
        self.database = Database(self.path)
        boot = f"boot-{self.boots}"
        self.sender = Sender(self.database, self, self.settings, clock=self.clock, random=lambda: 0.5, boot=boot)
        self.run(self.database.write(reconciling.recover, boot=boot, now=self.clock.now))
        self.run(self.database.write(drafts.requeue_lost, boot=boot, now=self.clock.now))

    def kill(self) -> None:
        """Lets the server vanish and starts another."""
        self.sender.stopping = True
        self.run(self.sender.settle())
        self.database.close()
        self.boot()

    def run(self, waiting: Any) -> Any:
        """Runs something of the server to its end."""
        return self.loop.run_until_complete(waiting)

    def write(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Runs one transaction of the owner's process; what the store refuses is returned."""
        try:
            with transaction(self.db):
                return fn(self.db, *args, now=self.clock.now, **kwargs)
        except StoreError as fault:
            return fault

    # The platform's side.

    def say(self, customer: str) -> None:
        """Lets a customer write; the webhook waits to be posted."""
        conversation = self.platform.conversation_of(customer)
        message = self.platform.receive(conversation, "text", {"body": f"question of {customer}"})
        if self.customers[customer] == "v1":
            self.posted.append(bodies.received_v1(conversation, message))
        else:
            self.posted.append(bodies.received(conversation, message, ACCOUNT))

    def phone(self, customer: str, text: str) -> None:
        """Lets the owner type on her phone, in a conversation that exists."""
        conversation = self.platform.by_customer.get(customer)
        if conversation is not None and self.customers[customer] == "v1.3":
            message = self.platform.typed_on_phone(conversation, text)
            self.posted.append(bodies.sent(conversation, message, ACCOUNT))

    def post(self, number: int) -> None:
        """Posts one of all webhooks there ever were: late, again, in any order."""
        if not self.posted:
            return
        body = self.posted[number % len(self.posted)].body
        event = events.read(body)
        received = Received(
            dedupe_key=event.dedupe_key,
            dialect=event.dialect,
            event=event.event,
            thread=event.thread,
            body=body,
            platform_at=event.platform_at,
        )
        self.run(self.database.write(inbound.receive, received, now=self.clock.now))
        self.acknowledged.add(event.dedupe_key)

    def apply(self) -> None:
        """Applies what was received and writes the drafts that are due."""
        rules = applying.rules_of(self.settings)
        for logged in self.run(self.database.read(inbound.waiting)):
            self.run(self.database.write(applying.apply, logged, now=self.clock.now, rules=rules))

    async def can_send_images(self, conversation_id: str, kind: ConversationKind = "SINGLE") -> bool:
        """Allows pictures, unless a fault is played."""
        assert conversation_id in self.platform.conversations
        if self.upload_faults and self.upload_faults[0].startswith("ask"):
            self._play(self.upload_faults.pop(0))
            return False
        return True

    async def upload_image(self, content: bytes) -> str:
        """Keeps a picture, unless a fault is played."""
        if self.upload_faults and not self.upload_faults[0].startswith("ask"):
            self._play(self.upload_faults.pop(0))
        media_id = f"up{len(self.uploaded) + 1}"
        self.uploaded[media_id] = content
        return media_id

    def _play(self, name: str) -> None:
        fault = UPLOAD_FAULTS[name]
        if fault is not None:
            raise fault

    async def send_image(self, conversation_id: str, media_id: str) -> Answer:
        """Takes a picture of the sender, as `send` takes a text."""
        return await self.send("v1.3", conversation_id, "", media_id)

    async def send(self, dialect: Dialect, recipient: str, text: str, media_id: str | None = None) -> Answer:
        """Takes a request of the sender; what is wrong with it is raised by the next `check`."""
        try:
            return self._take(dialect, recipient, text, media_id)
        except AssertionError as fault:
            # The sender takes whatever is raised here for a broken connection.
            self.faults.append(str(fault))
            raise

    def _take(self, dialect: Dialect, recipient: str, text: str, media_id: str | None) -> Answer:
        """Plays the next answer, after everything is checked that must be true when a request arrives."""
        row = self.db.execute(
            "SELECT a.id, a.delivery_id, a.conversation_id, d.text, d.text_hash, d.promises, c.window_closes_at"
            " FROM attempts a JOIN deliveries d ON d.id = a.delivery_id"
            " JOIN conversations c ON c.id = a.conversation_id"
            " WHERE a.ended_at IS NULL AND c.platform_id = ?",
            (recipient,),
        ).fetchall()
        assert len(row) == 1, "I5: a request without its committed attempt"
        (attempt,) = row
        delivery = int(attempt["delivery_id"])
        assert text == attempt["text"], "I11: other bytes than were decided"
        if media_id is None:
            assert drafts.hash_of(text) == attempt["text_hash"], "I11: other bytes than were decided"
        else:
            sent = hashlib.sha256(self.uploaded[media_id]).hexdigest()
            assert sent == attempt["text_hash"], "I11: another picture than was decided"
        assert self.clock.now < attempt["window_closes_at"], "I7: a request after the window"
        assert delivery not in self.undone, "I14: an undone delivery is being sent"
        for promise in json.loads(attempt["promises"]):
            status = self.db.execute("SELECT status FROM items WHERE sku = ?", (promise["sku"],)).fetchone()["status"]
            assert status == "available", "I16: offers a piece that was sold"
        started = [at for at, _, _ in self.requests if at >= self.clock.now - MINUTE]
        assert len(started) < RATE, "I8: too many requests in a minute"
        conversation = self.platform.find(dialect, recipient)
        assert conversation is not None
        name = self.answers.pop(0) if self.answers else "accepted"
        takes, answer = ANSWERS[name]
        self.requests.append((self.clock.now, delivery, name))
        platform_id = None
        if takes:
            message = self.platform.accept(
                dialect,
                conversation,
                recipient,
                "TEXT" if media_id is None else "IMAGE",
                {"body": text} if media_id is None else {"media_id": media_id},
                request=len(self.requests),
                fault=name,
            )
            platform_id = message.message_id
            self._remember(delivery, int(attempt["conversation_id"]), conversation, message, dialect)
        if answer is None:
            raise Killed
        if answer.outcome != "sent":
            return answer
        return Answer(
            # Dialect v1 names no id in its answer.
            outcome="sent",
            kind="accepted",
            reason="",
            status=200,
            platform_id=None if dialect == "v1" else platform_id,
            answered=True,
        )

    def _remember(
        self, delivery: int, conversation_id: int, conversation: Any, message: Message, dialect: Dialect
    ) -> None:
        self.taken[delivery].append(message.message_id)
        self.order[conversation_id].append(delivery)
        if dialect == "v1.3":
            self.posted.append(bodies.sent(conversation, message, ACCOUNT))

    async def list_messages(self, conversation_id: str) -> MessageListing:
        """Lists a conversation as the simulator does."""
        if self.listing_fails:
            raise TikTokNoAnswer("TikTok did not answer")
        found = self.platform.conversations[conversation_id]
        return read_messages(contents(self.platform, found), BUSINESS)

    # The owner's and the clock's side.

    def write_drafts(self, text: str, offering: str | None) -> None:
        """Writes every draft that is due."""
        for draft in self.write(drafts.claim_due, boot=self.sender.boot):
            claims, pieces = [], []
            if offering is not None:
                piece = items.get(self.db, offering)
                assert piece is not None
                pieces = [{"sku": offering, "revision": piece.revision, "status": piece.status}]
                claim = {"span": [0, 1], "kind": "availability", "sku": offering, "field": "status"}
                claims = [claim | {"value": piece.status, "backed": True}]
            result = drafts.FinishedDraft(
                text=text,
                drafter="house",
                intent="availability",
                grounding="listed",
                verdict="pass",
                claims=claims,
                evidence={"pieces": pieces},
            )
            self.write(drafts.finish, draft.id, result)

    def tick(self) -> None:
        """Lets the sender work until nothing is due; a kill in a request is a kill of the server."""
        self.run(self.sender.tick())
        self.run(self.sender.settle())
        if any(name.startswith("killed") for _, _, name in self.requests[-RATE:]) and self._open_attempts():
            self.kill()

    def _open_attempts(self) -> int:
        return int(self.db.execute("SELECT count(*) AS n FROM attempts WHERE ended_at IS NULL").fetchone()["n"])

    def look(self) -> None:
        """Lets the reconciler look."""
        self.run(reconcile.look(self.database, self, self.settings, clock=self.clock))

    def ids(self, table: str, *states: str) -> list[int]:
        """The ids of the rows in these states."""
        marks = ", ".join("?" * len(states))
        return [
            int(row["id"])
            for row in self.db.execute(f"SELECT id FROM {table} WHERE state IN ({marks}) ORDER BY id", states)
        ]

    def steps(self) -> list[str]:
        """Every transition of this life's deliveries, and its requests and kills."""
        rows = self.db.execute(
            "SELECT from_state || ' > ' || to_state AS step FROM journal WHERE subject = 'delivery'"
            " AND from_state IS NOT NULL AND to_state IS NOT NULL"
        )
        return [row["step"] for row in rows] + ["life"] + ["request"] * len(self.requests) + ["boot"] * self.boots

    def check(self) -> None:
        """Raises AssertionError when one of the invariants does not hold."""
        assert not self.faults, self.faults[0]
        self._check_deliveries()
        check_journal(self.db, self.taken)
        doubled = self.db.execute(
            "SELECT 1 FROM attempts WHERE ended_at IS NULL GROUP BY conversation_id HAVING count(*) > 1"
        ).fetchone()
        assert doubled is None, "I4: two open attempts in a conversation"
        for delivered in self.order.values():
            firsts = list(dict.fromkeys(delivered))
            assert firsts == sorted(firsts), "I3: another order than decided"
        keys = {row["dedupe_key"] for row in self.db.execute("SELECT dedupe_key FROM inbound_events")}
        assert self.acknowledged <= keys, "I9: an acknowledged webhook is missing"

    def _check_deliveries(self) -> None:
        seen: set[str] = set()
        for row in self.db.execute("SELECT id, state, platform_id, reason FROM deliveries"):
            taken = self.taken.get(row["id"], [])
            assert len(taken) <= 1, "I1: two messages of one delivery"
            if row["state"] == "sent" and row["reason"] != "You said it was sent.":
                assert taken, "I2: sent, and the platform has nothing"
            if row["platform_id"] is not None:
                assert row["platform_id"] in taken, "I2: the id of another message"
                assert row["platform_id"] not in seen, "I2: one id twice"
                seen.add(row["platform_id"])
            if row["id"] in self.undone:
                assert row["state"] == "cancelled", "I14: undone, and not cancelled"
                assert not taken, "I14: undone, and sent"
        rows = self.db.execute("SELECT count(*) AS n FROM messages WHERE delivery_id IS NOT NULL GROUP BY delivery_id")
        assert all(row["n"] == 1 for row in rows), "a delivery stands twice in its thread"

    def heal(self) -> None:
        """Gives the shop a healthy platform and an attentive owner until nothing is open: I13."""
        self.answers, self.listing_fails = [], False
        for number in range(len(self.posted)):
            self.post(number)
        for _ in range(60):
            self.apply()
            if not self.ids("deliveries", "held", "queued", "retrying", "sending", "unknown"):
                return
            from store import pauses, switches

            self.write(switches.resume, who="owner")
            self.write(pauses.resume_sender, who="owner")
            for doubt in self.ids("deliveries", "needs_owner"):
                from server import decisions

                self.write(decisions.resolve, doubt, "drop", settings=self.settings.delivery)
            self.tick()
            self.look()
            self.clock.advance(MINUTE)
        raise AssertionError("I13: a delivery reaches neither an end nor the owner")


ALLOWED_BACK = {"sending": ("not_sent", "refused"), "unknown": ("unknown",)}


def check_journal(db: sqlite3.Connection, taken: dict[int, list[str]]) -> None:
    """Replays the journal: every step starts where the last ended, and the end is what the rows say (I15, I6)."""
    states: dict[int, str | None] = {}
    for entry in db.execute(
        "SELECT subject_id, from_state, to_state FROM journal WHERE subject = 'delivery' AND to_state IS NOT NULL"
        " ORDER BY id"
    ):
        number, old, new = entry["subject_id"], entry["from_state"], entry["to_state"]
        assert states.get(number) == old, "I15: the journal does not follow"
        if new in {"held", "queued", "retrying"}:
            assert old in {None, "held", "sending", "unknown"}, f"I6: {old} went back to {new}"
            assert (old, new) != ("sending", "queued"), "I6: sending went back to queued"
            if old == "unknown":
                outcomes = {
                    row["kind"]
                    for row in db.execute(
                        "SELECT kind FROM attempts WHERE delivery_id = ? AND outcome = 'unknown'", (number,)
                    )
                }
                assert "server_error" in outcomes, "I6: sent again without an error answer"
                first = db.execute("SELECT count(*) AS n FROM attempts WHERE delivery_id = ?", (number,)).fetchone()[
                    "n"
                ]
                assert first > 1 or not taken.get(number), "a wrong verdict: called absent, and the platform had it"
        states[number] = new
    rows = {row["id"]: row["state"] for row in db.execute("SELECT id, state FROM deliveries")}
    assert states == rows, "I15: the journal ends elsewhere"


__all__ = ["ANSWERS", "WINDOW", "World"]
