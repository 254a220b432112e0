"""Builds small shops by plain SQL, so that no test of the screen leans on the code that fills it in real life."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

MINUTE = 60_000
HOUR = 60 * MINUTE


def hash_of(text: str) -> str:
    """Returns what a decision is bound to."""
    return hashlib.sha256(unicodedata.normalize("NFC", text).encode()).hexdigest()


def _insert(db: sqlite3.Connection, table: str, **values: Any) -> int:
    columns = ", ".join(values)
    marks = ", ".join("?" * len(values))
    cursor = db.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", tuple(values.values()))
    return int(cursor.lastrowid or 0)


@dataclass
class Shop:
    """One shop being built; every method returns the new row's id."""

    db: sqlite3.Connection
    now: int

    def piece(
        self,
        sku: str,
        name: str = "70s suede jacket",
        *,
        price_cents: int = 8500,
        size: str = "M",
        status: str = "available",
        measurements: dict[str, int] | None = None,
        **more: Any,
    ) -> int:
        """Adds a piece."""
        return _insert(
            self.db,
            "items",
            sku=sku,
            name=name,
            price_cents=price_cents,
            size_label=size,
            status=status,
            measurements=json.dumps({"pit_to_pit": 533, "length": 635} if measurements is None else measurements),
            created_at=self.now,
            updated_at=self.now,
            **more,
        )

    def conversation(
        self,
        handle: str,
        said: Sequence[str] = ("is it still available?",),
        *,
        name: str | None = None,
        left: int | None = 20 * HOUR,
        queue: str = "needs_you",
        quota_left: int | None = 10,
        unread: int = 1,
        kind: str = "text",
        **more: Any,
    ) -> int:
        """Adds a customer with a thread and what she said, one message a minute up to now."""
        user = _insert(self.db, "users", tiktok_id=handle, display_name=name, created_at=self.now)
        conversation = _insert(
            self.db,
            "conversations",
            user_id=user,
            platform_id=f"c-{handle}",
            dialect="v1.3",
            queue=queue,
            window_closes_at=None if left is None else self.now + left,
            quota_left=quota_left,
            unread=unread,
            created_at=self.now,
            last_customer_at=self.now,
            **more,
        )
        for number, text in enumerate(said):
            at = self.now - (len(said) - number) * MINUTE
            message = self.message(conversation, text, at=at, kind=kind)
            self.db.execute(
                "UPDATE conversations SET newest_message_id = ?, newest_customer_message_id = ?, last_message_at = ?"
                " WHERE id = ?",
                (message, message, at, conversation),
            )
        return conversation

    def message(
        self, conversation: int, text: str, *, at: int, role: str = "user", source: str = "customer", kind: str = "text"
    ) -> int:
        """Adds a message."""
        key = self.db.execute("SELECT count(*) FROM messages").fetchone()[0]
        return _insert(
            self.db,
            "messages",
            conversation_id=conversation,
            dedupe_key=f"test:{key}",
            role=role,
            source=source,
            kind=kind,
            text=text,
            platform_id=f"m{key}",
            platform_at=at,
            received_at=at,
        )

    def draft(
        self,
        conversation: int,
        text: str = "Yes! It is here, $85.00.",
        *,
        claims: Sequence[tuple[str, str, str | None, str, str, bool]] = (),
        state: str = "ready",
        verdict: str = "pass",
        intent: str = "availability",
        **more: Any,
    ) -> int:
        """Adds a live draft; a claim is (words in the text, kind, sku, field, value, backed)."""
        newest = self.db.execute(
            "SELECT newest_customer_message_id FROM conversations WHERE id = ?", (conversation,)
        ).fetchone()[0]
        values: dict[str, Any] = {
            "conversation_id": conversation,
            "state": state,
            "thread_version": newest or 0,
            "burst_started_at": self.now,
            "due_at": self.now,
            "text": text,
            "text_hash": hash_of(text),
            "drafter": "house",
            "intent": intent,
            "grounding": "listed",
            "verdict": verdict,
            "created_at": self.now,
            "ready_at": self.now,
        }
        draft = _insert(self.db, "drafts", **{**values, **more})
        for words, kind, sku, field, value, backed in claims:
            start = text.index(words)
            _insert(
                self.db,
                "claims",
                draft_id=draft,
                span_start=start,
                span_end=start + len(words),
                kind=kind,
                sku=sku,
                field=field,
                value=value,
                backed=int(backed),
                grounding="listed" if backed else "inferred",
            )
        if state in {"queued", "drafting", "ready"}:
            self.db.execute("UPDATE conversations SET live_draft_id = ? WHERE id = ?", (draft, conversation))
        return draft

    def delivery(self, conversation: int, text: str, *, state: str = "held", who: str = "owner", **more: Any) -> int:
        """Adds a reply on its way."""
        return _insert(
            self.db,
            "deliveries",
            conversation_id=conversation,
            who=who,
            text=text,
            text_hash=hash_of(text),
            state=state,
            **{"send_after": self.now + 5000, "next_at": self.now, "created_at": self.now, **more},
        )


def suede(shop: Shop) -> tuple[int, int]:
    """Builds the thread of the README's picture; returns (conversation, draft)."""
    shop.piece("J-014")
    conversation = shop.conversation(
        "maria.k",
        ("is the brown suede one still available?", "and would it fit a 38 chest"),
        left=3 * HOUR + 12 * MINUTE,
        quota_left=7,
    )
    text = 'Yes! The 70s suede jacket is here, $85. Pit-to-pit 21", length 25". Want me to hold it?'
    draft = shop.draft(
        conversation,
        text,
        claims=(
            ("The 70s suede jacket", "availability", "J-014", "status", "available", True),
            ("$85", "price", "J-014", "price", "85.00", True),
            ('Pit-to-pit 21"', "measurement", "J-014", "pit_to_pit", "21 in", True),
            ('length 25"', "measurement", "J-014", "length", "25 in", True),
        ),
        drafter="model",
        model="gpt-4o",
        prompt="default",
        prompt_version=4,
        latency_ms=1800,
        evidence=json.dumps(
            {
                "pieces": [
                    {
                        "sku": "J-014",
                        "name": "70s suede jacket",
                        "price": "85.00",
                        "currency": "USD",
                        "measurements": {"pit_to_pit": 21, "length": 25},
                        "unit": "in",
                        "size": "M",
                        "status": "available",
                        "revision": 1,
                    }
                ],
                "searches": [{"query": "brown suede", "skus": ["J-014"]}],
            }
        ),
    )
    return conversation, draft


def street(shop: Shop) -> None:
    """Builds a shop on an ordinary evening: several threads in every list."""
    suede(shop)
    shop.piece("T-031", "90s Nike windbreaker", price_cents=4500, size="L")
    shop.piece("D-007", "silk slip dress", price_cents=6000, status="held")
    one = shop.conversation("jo_x", ("hold pls?",), kind="image", left=41 * MINUTE, name="Jo")
    shop.draft(one, "I can keep it for you for 24 hours. Shall I?", intent="hold", needs_owner=1)
    two = shop.conversation("sam", ("what is your best price on the windbreaker",), left=20 * HOUR, quota_left=8)
    shop.draft(
        two,
        "The 90s Nike windbreaker is $40.00 for you.",
        claims=(("$40.00", "price", "T-031", "price", "45.00", False),),
        verdict="hold",
        intent="price",
        reasons=json.dumps([{"span": [28, 34], "kind": "price", "reason": "the row says $45.00"}]),
        hold_reason="a price that no row backs",
    )
    shop.conversation("li.wei", ("你好,这件外套还有吗?",), left=26 * HOUR, name="李伟", labels='["vip"]')
    three = shop.conversation("ana", ("Hola, ¿cuánto mide?",), left=30 * HOUR, queue="waiting", name="Ana María")
    shop.draft(three, "", state="drafting")
    four = shop.conversation("bea", ("thanks!",), queue="sending", left=40 * HOUR, unread=0)
    shop.delivery(four, "You are welcome!")
    five = shop.conversation("tom", ("did you ship it?",), queue="in_doubt", left=10 * HOUR, unread=0)
    shop.delivery(five, "It ships on Monday.", state="needs_owner", reason="could not prove it was sent")
    shop.conversation("kim", ("i'll be back",), queue="snoozed", snoozed_until=shop.now + 15 * HOUR, unread=0)
    done = shop.conversation("ruth", ("great, thank you so much",), queue="done", unread=0)
    shop.message(done, "Any time!", at=shop.now - 1000, role="assistant", source="owner")


def many(shop: Shop, count: int, *, queue: str = "needs_you") -> None:
    """Adds `count` threads with a ready draft each, in bulk."""
    base = shop.db.execute("SELECT coalesce(max(id), 0) FROM users").fetchone()[0]
    base = max(base, shop.db.execute("SELECT coalesce(max(id), 0) FROM conversations").fetchone()[0])
    base = max(base, shop.db.execute("SELECT coalesce(max(id), 0) FROM messages").fetchone()[0])
    base = max(base, shop.db.execute("SELECT coalesce(max(id), 0) FROM drafts").fetchone()[0])
    text = "Yes! It is here, $85.00. Shall I keep it for you?"
    hashed = hash_of(text)
    numbers = range(base + 1, base + count + 1)
    now = shop.now
    db = shop.db
    db.execute("BEGIN")
    db.executemany(
        "INSERT INTO users (id, tiktok_id, display_name, created_at) VALUES (?, ?, ?, ?)",
        ((n, f"user{n}", f"Customer {n}", now) for n in numbers),
    )
    db.executemany(
        "INSERT INTO conversations (id, user_id, platform_id, dialect, queue, window_closes_at, quota_left, unread,"
        " created_at, last_customer_at, last_message_at) VALUES (?, ?, ?, 'v1.3', ?, ?, 10, 1, ?, ?, ?)",
        ((n, n, f"c{n}", queue, now + HOUR + n * 1000, now, now, now) for n in numbers),
    )
    db.executemany(
        "INSERT INTO messages (id, conversation_id, dedupe_key, role, source, text, platform_id, platform_at,"
        " received_at) VALUES (?, ?, ?, 'user', 'customer', ?, ?, ?, ?)",
        ((n, n, f"bulk:{n}", f"is number {n} still available in a large?", f"b{n}", now, now) for n in numbers),
    )
    db.executemany(
        "INSERT INTO drafts (id, conversation_id, state, thread_version, burst_started_at, due_at, text, text_hash,"
        " drafter, intent, grounding, verdict, created_at, ready_at)"
        " VALUES (?, ?, 'ready', ?, ?, ?, ?, ?, 'house', 'availability', 'listed', 'pass', ?, ?)",
        ((n, n, n, now, now, text, hashed, now, now) for n in numbers),
    )
    db.execute(
        "UPDATE conversations SET newest_message_id = id, newest_customer_message_id = id, live_draft_id = id"
        " WHERE id > ?",
        (base,),
    )
    db.execute("COMMIT")
