"""The outbox: one row per text on its way to a customer, and the only function that moves it between states.

held → queued → sending → sent | failed | retrying | unknown → needs_owner; or cancelled, expired, dropped.
What each state means is told in docs/delivery.md; how requests start and end is in `attempts`, how doubts are settled
in `reconciling`.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from store import inbox, journal, pauses, pictures
from store.clock import MINUTE
from store.errors import NotFound
from store.states import OPEN_DELIVERIES, WAITING_DELIVERIES

LOST: Final = 2 * MINUTE
"""After this long a request that nobody waits for is lost; one ends within 10 s."""

OPEN: Final = "state IN ('held', 'queued', 'retrying', 'sending', 'unknown', 'needs_owner')"
"""The words of the index `deliveries_due`: a query that does not repeat them reads every delivery there ever was."""

OVERTAKEN: Final = "The automatic reply was cancelled: she wrote again before it left."

ENDED: Final = ("sent", "failed", "expired", "cancelled", "dropped")


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A delivery as its row says it. Times in epoch milliseconds."""

    id: int
    conversation_id: int
    draft_id: int | None
    verdict_id: int | None
    who: str
    text: str
    picture_id: int | None
    """The picture that it is, in place of a text."""
    media: str | None
    state: str
    send_after: int
    next_at: int
    deadline: int | None
    decided_against: int | None
    promises: tuple[Mapping[str, Any], ...]
    platform_id: str | None
    reason: str | None
    tries: int
    answered_with_error: bool
    absences: int
    last_absence_at: int | None
    unknown_since: int | None
    restored_at: int | None
    again_of: int | None
    acknowledged_at: int | None
    created_at: int
    ended_at: int | None

    @property
    def source(self) -> str:
        """How the thread calls whoever wrote it."""
        return "auto" if self.who == "auto" else "owner"


_COLUMNS: Final = ", ".join(name for name in Delivery.__dataclass_fields__)


def marks(values: Sequence[object]) -> str:
    """Returns as many placeholders as there are values."""
    return ", ".join("?" * len(values))


def from_row(row: sqlite3.Row) -> Delivery:
    """Reads a delivery from a row that has its columns."""
    values = {name: row[name] for name in Delivery.__dataclass_fields__}
    values["promises"] = tuple(json.loads(row["promises"]))
    values["answered_with_error"] = bool(row["answered_with_error"])
    return Delivery(**values)


def get(db: sqlite3.Connection, delivery_id: int) -> Delivery:
    """Returns a delivery. Raises NotFound."""
    row = db.execute(f"SELECT {_COLUMNS} FROM deliveries WHERE id = ?", (delivery_id,)).fetchone()
    if row is None:
        raise NotFound(f"There is no delivery {delivery_id}. philia deliveries list shows them.")
    return from_row(row)


def of_conversation(
    db: sqlite3.Connection, conversation_id: int, states: Sequence[str] = OPEN_DELIVERIES
) -> list[Delivery]:
    """Returns the conversation's deliveries in these states, in the order of their decisions."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM deliveries WHERE conversation_id = ? AND state IN ({marks(states)}) ORDER BY id",
        (conversation_id, *states),
    )
    return [from_row(row) for row in rows]


def listed(
    db: sqlite3.Connection, *, conversation_id: int | None = None, state: str | None = None, limit: int = 200
) -> list[dict[str, Any]]:
    """Returns the newest deliveries, newest first, with their attempts, as the public contract writes them."""
    wanted, values = [], []
    if conversation_id is not None:
        wanted.append("conversation_id = ?")
        values.append(str(conversation_id))
    if state is not None:
        wanted.append("state = ?")
        values.append(state)
    where = f" WHERE {' AND '.join(wanted)}" if wanted else ""
    rows = db.execute(f"SELECT {_COLUMNS} FROM deliveries{where} ORDER BY id DESC LIMIT ?", (*values, limit)).fetchall()
    return [as_json(db, from_row(row)) for row in rows]


def as_json(db: sqlite3.Connection, delivery: Delivery) -> dict[str, Any]:
    """Returns a delivery with its attempts as the public contract writes it."""
    attempts = db.execute(
        "SELECT started_at, ended_at, outcome, status, code, kind, reason FROM attempts WHERE delivery_id = ?"
        " ORDER BY id",
        (delivery.id,),
    )
    return {
        "id": delivery.id,
        "conversation": delivery.conversation_id,
        "draft": delivery.draft_id,
        "text": delivery.text,
        "picture": _picture(db, delivery),
        "state": delivery.state,
        "who": delivery.who,
        "send_after": delivery.send_after,
        "next_at": delivery.next_at,
        "deadline": delivery.deadline,
        "platform_id": delivery.platform_id,
        "reason": delivery.reason,
        "again_of": delivery.again_of,
        "created_at": delivery.created_at,
        "ended_at": delivery.ended_at,
        "attempts": [dict(attempt) for attempt in attempts],
    }


def _picture(db: sqlite3.Connection, delivery: Delivery) -> dict[str, Any] | None:
    if delivery.picture_id is None:
        return None
    found = pictures.get(db, delivery.picture_id)
    return {"sku": found.sku, "name": found.name, "content_type": found.content_type, "size": found.size}


def add(
    db: sqlite3.Connection,
    *,
    conversation_id: int,
    draft_id: int | None,
    verdict_id: int | None,
    who: str,
    text: str,
    text_hash: str,
    send_after: int,
    deadline: int,
    decided_against: int | None,
    promises: Sequence[Mapping[str, Any]],
    again_of: int | None = None,
    picture_id: int | None = None,
    now: int,
) -> int:
    """Puts a decided text or picture into the outbox, held until `send_after`; returns the delivery's id."""
    in_doubt = of_conversation(db, conversation_id, ("needs_owner",))
    cursor = db.execute(
        "INSERT INTO deliveries (conversation_id, draft_id, verdict_id, who, text, text_hash, message_type, picture_id,"
        " state, send_after, next_at, deadline, decided_against, promises, reason, again_of, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'held', ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            conversation_id,
            draft_id,
            verdict_id,
            who,
            text,
            text_hash,
            "text" if picture_id is None else "image",
            picture_id,
            send_after,
            send_after,
            deadline,
            decided_against,
            json.dumps(list(promises), ensure_ascii=False),
            _behind(in_doubt[0].id) if in_doubt else None,
            again_of,
            now,
        ),
    )
    delivery_id = int(cursor.lastrowid or 0)
    journal.note(
        db, now=now, who=who, what="deliver", subject="delivery", subject_id=delivery_id,
        conversation=conversation_id, new="held",
    )  # fmt: skip
    inbox.refresh(db, conversation_id, now=now)
    return delivery_id


def move(
    db: sqlite3.Connection,
    delivery: Delivery,
    to: str,
    *,
    now: int,
    who: str = "server",
    reason: str | None,
    next_at: int | None = None,
    changes: Mapping[str, Any] | None = None,
) -> bool:
    """Moves a delivery from the state it was read in, compare-and-set; False when it has left that state meanwhile.

    `reason` is the sentence the owner reads beside the state, None for none. `changes` are further columns.
    """
    values: dict[str, Any] = {
        "state": to,
        "reason": reason,
        "next_at": delivery.next_at if next_at is None else next_at,
        "ended_at": now if to in ENDED else None,
        **(changes or {}),
    }
    assignments = ", ".join(f"{name} = ?" for name in values)
    cursor = db.execute(
        f"UPDATE deliveries SET {assignments} WHERE id = ? AND state = ?",
        (*values.values(), delivery.id, delivery.state),
    )
    if cursor.rowcount == 0:
        return False
    journal.note(
        db, now=now, who=who, what="deliver", subject="delivery", subject_id=delivery.id,
        conversation=delivery.conversation_id, old=delivery.state, new=to, why=reason,
    )  # fmt: skip
    if to in {"failed", "expired", "needs_owner"} and reason is not None:
        pauses.notify(
            db, f"delivery:{delivery.id}:{to}:{now}", to, reason, now=now, conversation_id=delivery.conversation_id
        )
    if delivery.state == "needs_owner":
        db.execute(
            f"UPDATE deliveries SET reason = NULL WHERE conversation_id = ? AND reason = ?"
            f" AND state IN ({marks(WAITING_DELIVERIES)})",
            (delivery.conversation_id, _behind(delivery.id), *WAITING_DELIVERIES),
        )
    if to == "needs_owner":
        db.execute(
            f"UPDATE deliveries SET reason = ? WHERE conversation_id = ? AND id > ?"
            f" AND state IN ({marks(WAITING_DELIVERIES)})",
            (_behind(delivery.id), delivery.conversation_id, delivery.id, *WAITING_DELIVERIES),
        )
    inbox.refresh(db, delivery.conversation_id, now=now)
    return True


def _behind(delivery_id: int) -> str:
    return f"It waits until you have said what became of delivery {delivery_id}, which is in doubt."


def settle_sent(
    db: sqlite3.Connection,
    delivery: Delivery,
    *,
    platform_id: str | None,
    at: int,
    now: int,
    who: str,
    reason: str | None = None,
) -> bool:
    """Ends a delivery as sent and puts its message into the thread; False when it had moved meanwhile.

    `platform_id` must not belong to another delivery. A second one that the owner asked for in the meantime, and that
    has not left, is cancelled: the first arrived after all.
    """
    if not move(db, delivery, "sent", now=now, who=who, reason=reason, changes={"platform_id": platform_id}):
        return False
    put_into_thread(db, delivery, platform_id=platform_id, at=at, now=now)
    again = db.execute(
        f"SELECT {_COLUMNS} FROM deliveries WHERE again_of = ? AND state IN ({marks(WAITING_DELIVERIES)})"
        " AND NOT EXISTS (SELECT 1 FROM attempts a WHERE a.delivery_id = deliveries.id AND a.ended_at IS NULL)",
        (delivery.id, *WAITING_DELIVERIES),
    ).fetchall()
    for row in again:
        move(
            db, from_row(row), "cancelled", now=now, reason="The first one arrived after all, so it is not sent again."
        )
    return True


def put_into_thread(db: sqlite3.Connection, delivery: Delivery, *, platform_id: str | None, at: int, now: int) -> None:
    """Puts the delivery's message into its thread, or gives the one that is there the platform's id."""
    inbox.record_reply(
        db,
        delivery.conversation_id,
        platform_id=platform_id,
        text=delivery.text,
        at=at,
        source=delivery.source,
        delivery_id=delivery.id,
        sku=None if delivery.picture_id is None else pictures.get(db, delivery.picture_id).sku,
        now=now,
    )


def owner_of(db: sqlite3.Connection, platform_id: str) -> Delivery | None:
    """Returns the delivery that the platform's message belongs to."""
    row = db.execute(f"SELECT {_COLUMNS} FROM deliveries WHERE platform_id = ?", (platform_id,)).fetchone()
    return None if row is None else from_row(row)


def release_due(db: sqlite3.Connection, *, now: int) -> int:
    """Queues what was held for undo and whose time has come; returns how many."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM deliveries WHERE {OPEN} AND state = 'held' AND next_at <= ? ORDER BY id", (now,)
    ).fetchall()
    for row in rows:
        delivery = from_row(row)
        move(db, delivery, "queued", now=now, reason=delivery.reason, next_at=now)
    return len(rows)


def expire_late(db: sqlite3.Connection, *, now: int, grace_ms: int = 0) -> int:
    """Ends what waits and can no longer leave before its window closes; returns how many."""
    rows = db.execute(
        f"SELECT {', '.join(f'd.{name}' for name in Delivery.__dataclass_fields__)} FROM deliveries d"
        " JOIN conversations c ON c.id = d.conversation_id"
        f" WHERE d.{OPEN} AND d.state IN ({marks(WAITING_DELIVERIES)})"
        " AND coalesce(c.window_closes_at, 0) + ? <= ? ORDER BY d.id",
        (*WAITING_DELIVERIES, grace_ms, now),
    ).fetchall()
    for row in rows:
        expire(db, from_row(row), now=now)
    return len(rows)


def expire(db: sqlite3.Connection, delivery: Delivery, *, now: int, tried: str | None = None) -> bool:
    """Ends a delivery that can no longer leave before the reply window closes; `tried` is how the last try ended."""
    tried = tried or (delivery.reason if delivery.tries else None)
    last = f" The last try: {tried}" if tried else ""
    return move(
        db,
        delivery,
        "expired",
        now=now,
        reason=f"It was not sent: the reply window closed before it could leave. Once she writes again it can.{last}",
    )


def cancel_automatic(db: sqlite3.Connection, conversation_id: int, reason: str, *, now: int, who: str) -> int:
    """Cancels the automatic replies of a conversation that have not left; returns how many."""
    waiting = [found for found in of_conversation(db, conversation_id, WAITING_DELIVERIES) if found.who == "auto"]
    return sum(
        move(db, found, "cancelled", now=now, who=who, reason=reason) for found in waiting if untouched(db, found)
    )


def cancel_overtaken(db: sqlite3.Connection, conversation_id: int, *, now: int) -> int:
    """Cancels the automatic replies that were decided before the customer's newest message; returns how many."""
    newest = inbox.conversation(db, conversation_id).newest_customer_message_id
    waiting = [found for found in of_conversation(db, conversation_id, WAITING_DELIVERIES) if found.who == "auto"]
    late = [found for found in waiting if found.decided_against != newest and untouched(db, found)]
    return sum(move(db, found, "cancelled", now=now, who="customer", reason=OVERTAKEN) for found in late)


def untouched(db: sqlite3.Connection, delivery: Delivery) -> bool:
    """Tells whether the platform certainly has nothing of a waiting delivery, so that it can be taken back."""
    if delivery.state not in WAITING_DELIVERIES:
        return False
    row = db.execute(
        "SELECT 1 FROM attempts WHERE delivery_id = ?"
        " AND (ended_at IS NULL OR outcome IS NOT 'not_sent' OR kind = 'server_error')",
        (delivery.id,),
    ).fetchone()
    return row is None


def next_due(db: sqlite3.Connection) -> int | None:
    """Returns when the sender has something to look at next, or None when nothing waits and nothing is under way."""
    row = db.execute(
        f"SELECT min(due) AS due FROM (SELECT min(next_at) AS due FROM deliveries"
        f" WHERE {OPEN} AND state IN ({marks(WAITING_DELIVERIES)})"
        " UNION ALL SELECT min(started_at) + ? FROM attempts WHERE ended_at IS NULL)",
        (*WAITING_DELIVERIES, LOST),
    ).fetchone()
    return None if row["due"] is None else int(row["due"])


def acknowledge(db: sqlite3.Connection, delivery_id: int, *, now: int) -> None:
    """Marks a failure as seen by the owner, so that it no longer asks for her. Raises NotFound."""
    delivery = get(db, delivery_id)
    db.execute("UPDATE deliveries SET acknowledged_at = coalesce(acknowledged_at, ?) WHERE id = ?", (now, delivery_id))
    inbox.refresh(db, delivery.conversation_id, now=now)
