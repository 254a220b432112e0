"""The stock as a customer sees it, kept by rules of the tests' own, and an owner's afternoon in any order.

The model knows one piece, its price, who holds it, who waits and until when. It shares no code with the house: when
both agree on who has the piece after every step, and every message that left was true by the model at that moment,
the house is right, or both are wrong in the same way.
"""

from __future__ import annotations

import json
import random
import sqlite3
from dataclasses import dataclass, field
from typing import Any

from server import decisions, stock
from server.delivery.sender import redraft
from server.settings import Delivery
from server.tiktok.answer import Answer
from store import attempts, drafts, outbox
from store.attempts import Next, PromiseBroken, Terms
from store.database import transaction
from store.drafts import FinishedDraft
from store.errors import NotAllowed, Stale
from tests.server.delivery.shop import add_conversation
from tests.store.stock_rows import HOUR, piece

SECOND = 1_000
ACCEPTED = Answer(outcome="sent", kind="accepted", reason="", status=200, platform_id="", answered=True)
UNREACHED = Answer(outcome="not_sent", kind="connect", reason="Not reached.")


@dataclass
class Model:
    """One piece."""

    status: str = "available"
    price: int = 8_500
    holder: int | None = None
    until: int = 0
    line: list[tuple[int, int]] = field(default_factory=list)
    """(conversation, hours), the next one first."""
    windows: dict[int, int] = field(default_factory=dict)
    sold: tuple[int, int | None, list[tuple[int, int]]] = (0, None, [])
    """When it was sold, who held it then, and the line."""

    def hold(self, who: int, hours: int, now: int) -> None:
        self.look(now)
        if self.status == "sold":
            return
        if self.holder == who:
            self.until = max(self.until, now + hours * HOUR)
        elif self.status == "available":
            self.line = [each for each in self.line if each[0] != who]
            self.status, self.holder, self.until = "held", who, now + hours * HOUR
        elif who not in [each[0] for each in self.line]:
            self.line.append((who, hours))

    def free(self, now: int) -> None:
        self.status, self.holder = "available", None
        self.offer(now)

    def offer(self, now: int) -> None:
        reachable = [each for each in self.line if self.windows[each[0]] > now]
        if self.status == "available" and reachable:
            who, hours = reachable[0]
            self.line.remove((who, hours))
            self.status, self.holder, self.until = "held", who, now + hours * HOUR

    def look(self, now: int) -> None:
        if self.status == "held" and self.until <= now:
            self.free(now)
        self.offer(now)

    def sell(self, now: int) -> None:
        if self.status != "sold":
            self.sold = (now, self.holder, self.line)
            self.status, self.holder, self.line = "sold", None, []

    def back(self, now: int) -> None:
        if self.status != "sold":
            return
        self.status = "available"
        at, holder, line = self.sold
        if now - at <= 15 * 60 * SECOND:
            self.line = line
            if holder is not None and self.until > now:
                self.status, self.holder = "held", holder

    def lies(self, text: str, to: int) -> str | None:
        """Tells what is untrue in a message to a customer at this moment."""
        said = json.loads(text)
        if said["says"] == "available":
            if self.status == "held" and self.holder != to:
                return "called available, and held for somebody else"
            if self.status not in {"available", "held"}:
                return f"called available, and {self.status}"
            if said["price"] != self.price:
                return f"price {said['price']}, and it is {self.price}"
        if said["says"] == "yours" and self.holder != to:
            return f"called hers, and {self.status}"
        return None


@dataclass
class Counts:
    """What an afternoon came to."""

    orders: int = 0
    sent: int = 0
    said_available: int = 0
    said_yours: int = 0
    stopped: int = 0
    refused: int = 0
    withdrawn: int = 0
    lies: list[str] = field(default_factory=list)


ANSWERED = ("read", "finish", "approve", "wait", "send")
TRACKS: tuple[tuple[str, ...], ...] = (
    ("read", "finish", "approve", "send"),
    ("approve", "wait", "send"),
    ("hold", *ANSWERED),
    ("hold", "expire", *ANSWERED),
    ("ask", *ANSWERED),
    ("release", *ANSWERED),
    ("sell", "back"),
    ("price",),
    ("undo", "approve"),
    ("close", "expire"),
)
"""What follows upon what; between the tracks any order is possible."""


class Afternoon:
    """Plays one random order of everything that can happen to one piece and three customers."""

    def __init__(
        self, db: sqlite3.Connection, seed: int, counts: Counts, promise_broken: PromiseBroken, start: int
    ) -> None:
        self.db = db
        self.chance = random.Random(seed)
        self.counts = counts
        self.sku = f"J-{seed}"
        self.now = start
        self.settings = Delivery(undo_seconds=2)
        self.terms = Terms(
            boot="test", rate_per_minute=1_000_000, grace_ms=0, promise_broken=promise_broken, redraft=redraft
        )
        self.read: dict[int, dict[str, Any]] = {}
        with transaction(db):
            piece(db, self.sku)
            self.people = [add_conversation(db, f"{seed}-{at}", now=start) for at in range(3)]
            for who in self.people:
                drafts.enqueue(db, who, now=start)
        self.model = Model(windows=dict.fromkeys(self.people, start + 48 * HOUR))

    def play(self) -> None:
        tracks = [[*track] for track in self.chance.sample(TRACKS, self.chance.randrange(4, len(TRACKS)))]
        # Three drafts are written first, so that there is something to approve in every order.
        for verb in ("read", "finish"):
            self._step(verb)
        while tracks:
            track = self.chance.choice(tracks)
            verb = track.pop(0)
            self._step(verb)
            self._agree(verb)
            tracks = [each for each in tracks if each]
        self.counts.orders += 1
        self._tidy()

    def _step(self, verb: str) -> None:
        who = self.chance.choice(self.people)
        try:
            with transaction(self.db):
                getattr(self, f"_{verb}")(who)
        except (Stale, NotAllowed):
            self.counts.refused += 1

    def _agree(self, verb: str) -> None:
        row = self.db.execute(
            "SELECT i.status, (SELECT conversation_id FROM holds h WHERE h.item_id = i.id AND h.state = 'active')"
            " FROM items i WHERE sku = ?",
            (self.sku,),
        ).fetchone()
        assert tuple(row) == (self.model.status, self.model.holder), f"{self.sku} after {verb}"

    def _read(self, _who: int) -> None:
        for draft in drafts.claim_due(self.db, now=self.now, boot="test"):
            row = self.db.execute("SELECT * FROM items WHERE sku = ?", (self.sku,)).fetchone()
            holder = self.db.execute(
                "SELECT conversation_id FROM holds WHERE item_id = ? AND state = 'active'", (row["id"],)
            ).fetchone()
            hers = holder is not None and holder[0] == draft.conversation_id
            self.read[draft.id] = {**dict(row), "hers": hers}

    def _finish(self, _who: int) -> None:
        for draft_id, seen in self.read.items():
            draft = drafts.get(self.db, draft_id)
            said = {"sold": "gone", "reserved": "gone"}.get(seen["status"], "available")
            if seen["status"] == "held":
                said = "yours" if seen["hers"] else "taken"
            words = {"sku": self.sku, "says": said, "price": seen["price_cents"], "draft": draft_id}
            claim = {
                "span": [0, 1], "kind": "availability", "sku": self.sku, "field": "status", "value": seen["status"],
                "backed": True,
            }  # fmt: skip
            price = {**claim, "kind": "price", "field": "price", "value": str(seen["price_cents"])}
            result = FinishedDraft(
                text=json.dumps(words), drafter="house", intent="availability", grounding="listed", verdict="pass",
                claims=[claim, price] if said == "available" else [claim], cited_skus=[self.sku],
                evidence={"pieces": [{"sku": self.sku, "status": seen["status"], "revision": seen["revision"]}]},
            )  # fmt: skip
            if drafts.finish(self.db, draft_id, result, now=self.now):
                self.counts.withdrawn += not stock.still_true(self.db, draft.id, now=self.now)
        self.read = {}

    def _approve(self, first: int) -> None:
        """Approves what is ready, most of the time, whoever's it is: one refusal ends the round."""
        for who in sorted(self.people, key=lambda each: each != first):
            draft = drafts.live(self.db, who)
            if draft is not None and draft.state == "ready" and self.chance.random() < 0.7:
                at_once = self.chance.random() < 0.3
                decisions.approve(self.db, draft.id, now=self.now, settings=self.settings, send_now=at_once)

    def _undo(self, who: int) -> None:
        waiting = outbox.of_conversation(self.db, who, ("held",))
        if waiting:
            decisions.undo(self.db, waiting[0].id, now=self.now)

    def _sell(self, _who: int) -> None:
        self.model.sell(self.now)
        stock.sell(self.db, self.sku, now=self.now, who="owner")

    def _hold(self, who: int) -> None:
        hours = self.chance.choice([1, 2, 30])
        self.model.hold(who, hours, self.now)
        stock.hold(self.db, self.sku, who, hours=hours, now=self.now, who="owner")

    def _release(self, _who: int) -> None:
        if self.model.holder is not None:
            self.model.free(self.now)
        stock.release(self.db, self.sku, now=self.now, who="owner")

    def _expire(self, _who: int) -> None:
        self.now += self.chance.choice([0, HOUR, 3 * HOUR])
        self.model.look(self.now)
        stock.expire_due(self.db, now=self.now)

    def _price(self, _who: int) -> None:
        if self.chance.random() < 0.5:
            return
        self.model.price += 100
        stock.edit(self.db, self.sku, {"price_cents": self.model.price}, now=self.now, who="owner")

    def _back(self, _who: int) -> None:
        if self.model.status == "sold":
            self.model.back(self.now)
            stock.unsell(self.db, self.sku, now=self.now, who="owner")

    def _wait(self, _who: int) -> None:
        self.now += self.chance.choice([1, 2, 3, 60]) * SECOND

    def _ask(self, who: int) -> None:
        drafts.enqueue(self.db, who, now=self.now)

    def _close(self, who: int) -> None:
        if self.chance.random() < 0.2:
            self.model.windows[who] = self.now
            self.db.execute("UPDATE conversations SET window_closes_at = ? WHERE id = ?", (self.now, who))

    def _send(self, _who: int) -> None:
        outbox.release_due(self.db, now=self.now)
        outbox.expire_late(self.db, now=self.now)
        for claimed in attempts.claim(self.db, self.terms, now=self.now, limit=9):
            answer = UNREACHED if self.chance.random() < 0.25 else ACCEPTED
            if answer is ACCEPTED:
                self._arrive(claimed.text, claimed.conversation_id)
            attempts.record(self.db, claimed, answer, Next(retry_at=self.now + 2 * SECOND), now=self.now)

    def _arrive(self, text: str, to: int) -> None:
        said = json.loads(text)["says"]
        self.counts.sent += 1
        self.counts.said_available += said == "available"
        self.counts.said_yours += said == "yours"
        lie = self.model.lies(text, to)
        if lie is not None:
            self.counts.lies.append(f"{self.sku} to {to}: {lie}")

    def _tidy(self) -> None:
        """Counts what the sender stopped and clears the desk for the next order."""
        with transaction(self.db):
            self.counts.stopped += self.db.execute(
                "SELECT count(*) FROM deliveries WHERE state = 'failed' AND acknowledged_at IS NULL"
            ).fetchone()[0]
            self.db.execute("UPDATE deliveries SET acknowledged_at = 1, state = 'dropped' WHERE state != 'sent'")
            self.db.execute("UPDATE drafts SET state = 'rejected' WHERE state IN ('queued', 'drafting', 'ready')")
            self.db.execute("UPDATE holds SET state = 'released' WHERE state IN ('active', 'waiting')")
