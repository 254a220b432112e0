"""What a picture needs before it may leave: TikTok's word that pictures go here, and TikTok's id of the uploaded file.

Both are asked for while the delivery still waits, so that nothing is in doubt when they fail: only the request that
names the id is an attempt. What is learnt is kept, the id by the file's hash, the word by the conversation.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from store import inbox, outbox, pauses, pictures, switches
from store.clock import DAY, HOUR
from store.outbox import Delivery

ALLOWED_FOR: Final = DAY
"""How long TikTok's yes to pictures is believed."""

REFUSED_FOR: Final = HOUR
"""How long its no is: the owner would not want to wait a day once TikTok opens it."""

UPLOADED: Final = (
    "(SELECT u.media_id FROM pictures p JOIN uploads u ON u.sha256 = p.sha256"
    " WHERE p.id = d.picture_id AND u.uploaded_at > :now - " + str(pictures.FRESH) + ")"
)
"""TikTok's id of the file of the delivery `d`, in a query that names `:now`."""

ALLOWED: Final = f"(c.image_send = 1 AND c.image_send_at > :now - {ALLOWED_FOR})"
"""Whether TikTok is known to let pictures be sent to the conversation `c`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A picture that waits to be uploaded, by the names of the platform and of the folder."""

    delivery_id: int
    conversation_id: int
    recipient: str
    answered: bool
    """Whether the shop ever wrote to this customer: TikTok asks for it."""
    allowed: bool
    media_id: str | None
    path: str
    sha256: str


def wanted(db: sqlite3.Connection, *, now: int, limit: int, under_way: Collection[int] = ()) -> list[Wanted]:
    """Returns pictures whose turn it is and that lack one of the two, at most so many; none during a pause.

    Call it after a claim: what may not leave any more has left the outbox by then, and is not uploaded.
    """
    if limit <= 0 or switches.is_paused(db) or pauses.sender_pause(db) is not None or pauses.rest_until(db) > now:
        return []
    rows = db.execute(
        "SELECT d.id AS delivery_id, c.id AS conversation_id, c.platform_id AS recipient, c.answered_at IS NOT NULL"
        f" AS answered, coalesce({ALLOWED}, 0) AS allowed, {UPLOADED} AS media_id, p.path, p.sha256"
        " FROM deliveries d JOIN conversations c ON c.id = d.conversation_id JOIN pictures p ON p.id = d.picture_id"
        f" WHERE d.{outbox.OPEN} AND d.state IN ('queued', 'retrying') AND d.next_at <= :now"
        " AND NOT EXISTS (SELECT 1 FROM deliveries b WHERE b.conversation_id = d.conversation_id AND b.id < d.id"
        "  AND b.state IN ('held', 'queued', 'retrying', 'sending', 'unknown', 'needs_owner'))"
        " ORDER BY c.window_closes_at, d.id",
        {"now": now},
    ).fetchall()
    found = [
        Wanted(**{**dict(row), "answered": bool(row["answered"]), "allowed": bool(row["allowed"])}) for row in rows
    ]
    lacking = [one for one in found if not (one.allowed and one.media_id) and one.delivery_id not in under_way]
    return lacking[:limit]


def learn_allowed(db: sqlite3.Connection, conversation_id: int, *, allowed: bool, now: int) -> None:
    """Keeps TikTok's word on pictures in a conversation."""
    db.execute(
        "UPDATE conversations SET image_send = ?, image_send_at = ? WHERE id = ?", (int(allowed), now, conversation_id)
    )


def refused_lately(db: sqlite3.Connection, conversation_id: int, *, now: int) -> bool:
    """Tells whether TikTok said within the hour that no pictures can be sent here."""
    row = db.execute(
        "SELECT 1 FROM conversations WHERE id = ? AND image_send = 0 AND image_send_at > ?",
        (conversation_id, now - REFUSED_FOR),
    ).fetchone()
    return row is not None


def learn_id(db: sqlite3.Connection, sha256: str, media_id: str, *, now: int) -> None:
    """Keeps TikTok's id of a file."""
    db.execute(
        "INSERT INTO uploads (sha256, media_id, uploaded_at) VALUES (?, ?, ?) ON CONFLICT (sha256) DO UPDATE"
        " SET media_id = excluded.media_id, uploaded_at = excluded.uploaded_at",
        (sha256, media_id, now),
    )


def forget_id(db: sqlite3.Connection, media_id: str) -> None:
    """Forgets an id that TikTok would not take: the next try uploads the file again."""
    db.execute("DELETE FROM uploads WHERE media_id = ?", (media_id,))


def try_later(db: sqlite3.Connection, delivery_id: int, reason: str, *, retry_at: int, now: int) -> str:
    """Lets a picture that could not be uploaded wait for another try, unless its window closes first.

    No request was made, so this is no transition: it stays where it was, with the reason beside it.
    """
    delivery = outbox.get(db, delivery_id)
    if _waits(delivery):
        if retry_at >= (inbox.conversation(db, delivery.conversation_id).window_closes_at or 0):
            outbox.expire(db, delivery, now=now, tried=reason)
        else:
            db.execute(
                "UPDATE deliveries SET next_at = ?, reason = ? WHERE id = ? AND state = ?",
                (retry_at, reason, delivery_id, delivery.state),
            )
    return outbox.get(db, delivery_id).state


def give_up(db: sqlite3.Connection, delivery_id: int, reason: str, *, now: int) -> str:
    """Ends a picture that can never leave; returns the delivery's state, which may have changed meanwhile."""
    delivery = outbox.get(db, delivery_id)
    if _waits(delivery):
        outbox.move(db, delivery, "failed", now=now, who="platform", reason=reason)
    return outbox.get(db, delivery_id).state


def _waits(delivery: Delivery) -> bool:
    """Tells whether it is still where the upload found it: it may have been taken back meanwhile."""
    return delivery.state in {"queued", "retrying"}
