"""How a request to the platform starts and ends: the claim that commits an attempt, and the record of its outcome."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from store import inbox, outbox, pauses, rate, switches, uploads, verdicts
from store.clock import MINUTE
from store.outbox import Delivery

DOUBTS: Final = 3
DOUBTS_WITHIN: Final = 5 * MINUTE
"""Three unknown outcomes in five minutes mean that something is wrong with more than one message."""

TOO_FAST_REST: Final = 5 * MINUTE
"""How long sending rests when TikTok says that messages are sent too fast and names no time."""

PromiseBroken = Callable[[sqlite3.Connection, Sequence[Mapping[str, Any]], int], str | None]
"""Tells why a promise of a text no longer holds for a conversation, or None."""

StillAllowed = Callable[[sqlite3.Connection, Delivery, int], str | None]
"""Tells why the policy would not send an automatic reply any more, at this time, or None."""

Redraft = Callable[[sqlite3.Connection, Delivery, int], None]
"""Asks for a new draft for the owner, in place of a delivery whose promise no longer holds, at this time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Under which a claim is made."""

    boot: str
    """Names this run of the server: an attempt of another run that has no end is a doubt."""
    rate_per_minute: int
    grace_ms: int
    promise_broken: PromiseBroken
    redraft: Redraft
    still_allowed: StillAllowed | None = None
    """Asked of automatic replies; without it only what every reply must fulfil is read again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A committed attempt: the permission for exactly one request."""

    attempt_id: int
    delivery_id: int
    conversation_id: int
    dialect: str
    """In which the conversation was opened."""
    recipient: str
    text: str
    media_id: str | None
    """TikTok's id of the picture to send in place of a text."""
    deadline: int
    tries: int
    started_at: int


class Answer(Protocol):
    """What is known after a request; `server.tiktok.answer.Answer` is one."""

    @property
    def outcome(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def status(self) -> int | None: ...
    @property
    def code(self) -> int | None: ...
    @property
    def platform_id(self) -> str | None: ...
    @property
    def answered(self) -> bool: ...
    @property
    def request_id(self) -> str | None: ...


_DELIVERY: Final = ", ".join(f"d.{name}" for name in Delivery.__dataclass_fields__)
_HEADS: Final = (
    f"SELECT {_DELIVERY}, c.platform_id AS recipient, c.dialect AS dialect, c.window_closes_at, c.quota_left, c.mode,"
    " c.auto_paused_until, c.newest_customer_message_id, c.answered_at, c.last_customer_at, u.blocked,"
    f" CASE WHEN {uploads.ALLOWED} THEN {uploads.UPLOADED} END AS media_id"
    " FROM deliveries d JOIN conversations c ON c.id = d.conversation_id JOIN users u ON u.id = c.user_id"
    f" WHERE d.{outbox.OPEN} AND d.state IN ('queued', 'retrying') AND d.next_at <= :now"
    " AND NOT EXISTS (SELECT 1 FROM deliveries b WHERE b.conversation_id = d.conversation_id AND b.id < d.id"
    "  AND b.state IN ('held', 'queued', 'retrying', 'sending', 'unknown', 'needs_owner'))"
    " AND NOT EXISTS (SELECT 1 FROM attempts a WHERE a.conversation_id = d.conversation_id AND a.ended_at IS NULL)"
    " ORDER BY c.window_closes_at, d.id"
)


def claim(db: sqlite3.Connection, terms: Terms, *, now: int, limit: int) -> list[Claimed]:
    """Starts at most `limit` attempts, the earliest deadline first; nothing may leave before the commit.

    Only the head of a conversation is taken, and only one at a time. Everything that was true at the decision is read
    again here: switches, window, quota, newest message, stock. What fails for good leaves the outbox with a reason.
    """
    if switches.is_paused(db) or pauses.sender_pause(db) is not None or pauses.rest_until(db) > now:
        return []
    claimed: list[Claimed] = []
    for row in db.execute(_HEADS, {"now": now}).fetchall():
        if len(claimed) == limit:
            break
        if not _may_leave(db, row, terms, now=now):
            continue
        if not rate.take(db, per_minute=terms.rate_per_minute, now=now):
            break
        claimed.append(_start(db, row, terms, now=now))
    return claimed


def _may_leave(db: sqlite3.Connection, row: sqlite3.Row, terms: Terms, *, now: int) -> bool:
    delivery = outbox.from_row(row)
    if now >= (row["window_closes_at"] or 0) + terms.grace_ms:
        outbox.expire(db, delivery, now=now)
        return False
    if row["blocked"]:
        outbox.move(db, delivery, "cancelled", now=now, reason="It was not sent: you blocked this customer.")
        return False
    if delivery.who == "auto" and not _automatic_still_stands(db, row, delivery, terms, now=now):
        return False
    if row["quota_left"] is not None and row["quota_left"] <= 0:
        reason = "It was not sent: the replies that TikTok allows before she writes again are used up."
        outbox.move(db, delivery, "failed", now=now, reason=reason)
        return False
    broken = terms.promise_broken(db, delivery.promises, delivery.conversation_id) if delivery.promises else None
    if broken is None:
        # A picture that is not at TikTok yet stays where it is, and the sender sees to that.
        return delivery.picture_id is None or row["media_id"] is not None
    outbox.move(db, delivery, "failed", now=now, reason=f"It was not sent: {broken}.")
    terms.redraft(db, delivery, now)
    return False


def _automatic_still_stands(
    db: sqlite3.Connection, row: sqlite3.Row, delivery: Delivery, terms: Terms, *, now: int
) -> bool:
    """Tells whether an automatic reply may leave: nobody decided it but a rule, so anything new cancels it.

    A text that only the rules are against goes back to the owner, unless somebody has answered meanwhile.
    """
    if _something_unread(db, f"{row['dialect']}:{row['recipient']}"):
        # What has arrived and is not applied yet may be hers: the next look knows what it is.
        return False
    if row["newest_customer_message_id"] != delivery.decided_against:
        outbox.move(db, delivery, "cancelled", now=now, reason=outbox.OVERTAKEN)
        return False
    against = None
    if row["mode"] == "paused" or (row["auto_paused_until"] or 0) > now:
        against = "automatic replies are paused in this conversation"
    elif terms.still_allowed is not None:
        against = terms.still_allowed(db, delivery, now)
    if against is None:
        return True
    reason = f"The automatic reply was cancelled: {against}."
    outbox.move(db, delivery, "cancelled", now=now, reason=reason)
    if (row["answered_at"] or 0) < (row["last_customer_at"] or 0):
        verdicts.reopen(db, delivery, reason, now=now, who="server")
    return False


def _something_unread(db: sqlite3.Connection, thread: str) -> bool:
    states = ("received", "needs_poll")
    # One question for each state, so that each finds its own partial index.
    return any(
        db.execute(f"SELECT 1 FROM inbound_events WHERE state = '{state}' AND thread = ?", (thread,)).fetchone()
        for state in states
    )


def _start(db: sqlite3.Connection, row: sqlite3.Row, terms: Terms, *, now: int) -> Claimed:
    delivery = outbox.from_row(row)
    cursor = db.execute(
        "INSERT INTO attempts (delivery_id, conversation_id, boot, started_at) VALUES (?, ?, ?, ?)",
        (delivery.id, delivery.conversation_id, terms.boot, now),
    )
    changes = {"tries": delivery.tries + 1, "unknown_since": None, "absences": 0, "last_absence_at": None}
    if delivery.picture_id is not None:
        changes["media"] = row["media_id"]
    outbox.move(db, delivery, "sending", now=now, reason=None, changes=changes)
    return Claimed(
        attempt_id=int(cursor.lastrowid or 0),
        delivery_id=delivery.id,
        conversation_id=delivery.conversation_id,
        dialect=str(row["dialect"]),
        recipient=str(row["recipient"]),
        text=delivery.text,
        media_id=None if delivery.picture_id is None else str(row["media_id"]),
        deadline=int(row["window_closes_at"]) + terms.grace_ms,
        tries=delivery.tries + 1,
        started_at=now,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """What the sender makes of an answer that leaves a choice."""

    retry_at: int
    """When a definite "not sent" is tried again."""
    doubt_server_errors: bool = False
    """Whether an answered 5xx of dialect v1 is a doubt rather than a "not sent"."""
    token_refreshed: bool = False
    """Whether a refused access token was replaced, so that one more try is worth it."""
    pause_on_auth: bool = False
    """Whether a refused access token stops the sender."""


def record(db: sqlite3.Connection, claimed: Claimed, answer: Answer, then: Next, *, now: int) -> str:
    """Writes down how an attempt ended and moves its delivery; returns the delivery's state.

    An echo may have settled the delivery before: then only the attempt is closed, and the platform's own id wins.
    Recording the same attempt twice changes nothing.
    """
    outcome = "unknown" if answer.kind == "server_error" and then.doubt_server_errors else answer.outcome
    closed = db.execute(
        "UPDATE attempts SET ended_at = ?, outcome = ?, status = ?, code = ?, kind = ?, reason = ?, request_id = ?,"
        " platform_id = ? WHERE id = ? AND ended_at IS NULL",
        (
            now,
            outcome,
            answer.status,
            answer.code,
            answer.kind,
            answer.reason,
            answer.request_id,
            answer.platform_id,
            claimed.attempt_id,
        ),
    )
    delivery = outbox.get(db, claimed.delivery_id)
    if closed.rowcount == 0:
        return delivery.state
    if delivery.state == "sending":
        _end_by[outcome](db, _Ending(delivery, claimed, answer, then, now))
    elif outcome == "sent" and answer.platform_id is not None and answer.platform_id != delivery.platform_id:
        _believe_the_answer(db, delivery, answer.platform_id, now=now)
    else:
        inbox.refresh(db, delivery.conversation_id, now=now)
    _rest_or_pause(db, outcome, answer, then, now=now)
    return outbox.get(db, claimed.delivery_id).state


@dataclass(frozen=True, slots=True)
class _Ending:
    delivery: Delivery
    claimed: Claimed
    answer: Answer
    then: Next
    now: int


def _sent(db: sqlite3.Connection, end: _Ending) -> None:
    platform_id = end.answer.platform_id
    other = outbox.owner_of(db, platform_id) if platform_id is not None else None
    if platform_id is not None and other is not None:
        if _answered_with(db, other, platform_id):
            # TikTok gave the same id to two messages: only one of them can have it, the other is a doubt.
            reason = "TikTok answered with an id it had given before; it may or may not have been sent."
            doubt(db, end.delivery, reason, now=end.now, answered=False)
            return
        _take_id_back(db, other, now=end.now)
    outbox.settle_sent(db, end.delivery, platform_id=platform_id, at=end.now, now=end.now, who="platform")


def _not_sent(db: sqlite3.Connection, end: _Ending) -> None:
    reason, retry_at = end.answer.reason, end.then.retry_at
    if retry_at >= end.claimed.deadline:
        outbox.expire(db, end.delivery, now=end.now, tried=reason)
        return
    outbox.move(db, end.delivery, "retrying", now=end.now, who="platform", reason=reason, next_at=retry_at)


def _refused(db: sqlite3.Connection, end: _Ending) -> None:
    to = "retrying" if end.answer.kind == "auth" and end.then.token_refreshed else "failed"
    if end.claimed.media_id is not None and end.answer.kind == "refused":
        uploads.forget_id(db, end.claimed.media_id)
    outbox.move(db, end.delivery, to, now=end.now, who="platform", reason=end.answer.reason, next_at=end.now)


def _unknown(db: sqlite3.Connection, end: _Ending) -> None:
    doubt(db, end.delivery, end.answer.reason, now=end.now, answered=end.answer.answered)


_end_by: Final[Mapping[str, Callable[[sqlite3.Connection, _Ending], None]]] = {
    "sent": _sent,
    "not_sent": _not_sent,
    "refused": _refused,
    "unknown": _unknown,
}


def doubt(
    db: sqlite3.Connection, delivery: Delivery, reason: str, *, now: int, answered: bool, who: str = "platform"
) -> bool:
    """Makes a delivery unknown: only evidence or the owner leads out of it."""
    changes = {
        "unknown_since": now,
        "answered_with_error": answered,
        "absences": 0,
        "first_absence_at": None,
        "last_absence_at": None,
    }
    return outbox.move(db, delivery, "unknown", now=now, who=who, reason=reason, next_at=now, changes=changes)


def _answered_with(db: sqlite3.Connection, delivery: Delivery, platform_id: str) -> bool:
    row = db.execute(
        "SELECT 1 FROM attempts WHERE delivery_id = ? AND platform_id = ?", (delivery.id, platform_id)
    ).fetchone()
    return row is not None


def _believe_the_answer(db: sqlite3.Connection, delivery: Delivery, platform_id: str, *, now: int) -> None:
    """Gives a delivery the id that its own answer names, in place of one that an echo had suggested."""
    other = outbox.owner_of(db, platform_id)
    if other is not None:
        return
    if delivery.platform_id is not None:
        # The message that looked like ours stays in the thread, but belongs to nobody here.
        db.execute("UPDATE messages SET delivery_id = NULL WHERE delivery_id = ?", (delivery.id,))
    if delivery.state != "sent":
        outbox.settle_sent(db, delivery, platform_id=platform_id, at=now, now=now, who="platform")
        return
    db.execute("UPDATE deliveries SET platform_id = ? WHERE id = ?", (platform_id, delivery.id))
    outbox.put_into_thread(db, delivery, platform_id=platform_id, at=now, now=now)


def _take_id_back(db: sqlite3.Connection, other: Delivery, *, now: int) -> None:
    """Takes a message away from a delivery that only an echo had matched with it: it is in doubt again."""
    db.execute("UPDATE messages SET delivery_id = NULL WHERE delivery_id = ?", (other.id,))
    reason = "The message that looked like it turned out to be another one. Could not prove it was sent."
    outbox.move(db, other, "needs_owner", now=now, who="platform", reason=reason, changes={"platform_id": None})


def _rest_or_pause(db: sqlite3.Connection, outcome: str, answer: Answer, then: Next, *, now: int) -> None:
    if answer.kind == "rate_limited":
        pauses.rest(db, then.retry_at, answer.reason, now=now)
    elif answer.kind == "too_fast":
        pauses.rest(db, now + TOO_FAST_REST, answer.reason, now=now)
        pauses.notify(db, f"too_fast:{now}", "sender_rest", answer.reason, now=now)
    elif answer.kind == "auth" and then.pause_on_auth and not then.token_refreshed:
        pauses.pause_sender(db, f"Sending is paused. {answer.reason} Then resume with: philia resume", now=now)
    if outcome == "unknown" and _doubts(db, now=now) >= DOUBTS:
        pauses.pause_sender(
            db,
            "Sending is paused: three outcomes in five minutes could not be learnt from TikTok. "
            "Receiving goes on. Look at `philia doctor`, then resume with: philia resume",
            now=now,
        )


def _doubts(db: sqlite3.Connection, *, now: int) -> int:
    since = max(now - DOUBTS_WITHIN, pauses.resumed_at(db))
    row = db.execute(
        "SELECT count(*) AS n FROM attempts WHERE outcome = 'unknown' AND kind IS NOT 'stopped' AND ended_at > ?",
        (since,),
    ).fetchone()
    return int(row["n"])
