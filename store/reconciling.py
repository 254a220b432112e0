"""How a doubt ends: by an echo, by a listing, by the owner; never by trying again.

Evidence for an attempt is a message of the business in the same conversation, written by the API as far as the
platform says, with the same text, at a time from 5 s before the request to 10 min after it, that belongs to no other
delivery. One open attempt per conversation makes the oldest such message its own. For a picture it is a picture, of the
same media id where both tell one.
"""

from __future__ import annotations

import sqlite3
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from store import attempts, failpoints, journal, outbox, pauses
from store.clock import MINUTE, SECOND
from store.outbox import Delivery
from store.states import OPEN_DELIVERIES

BEFORE: Final = 5 * SECOND
"""How much earlier than our start a message may be dated: the platform's clock is not ours."""

AFTER: Final = 10 * MINUTE
"""How much later."""

LOOKS: Final = (2 * SECOND, 5 * SECOND, 15 * SECOND, 30 * SECOND)
"""Pauses between the looks for a message that may be there; the last repeats."""

BLIND_LIMIT: Final = 15 * MINUTE
"""After this long without a usable listing the owner is asked."""

_PREFERENCE: Final = (
    "sending",
    "unknown",
    "retrying",
    "needs_owner",
    "queued",
    "sent",
    "dropped",
    "failed",
    "expired",
    "cancelled",
)
"""Which delivery a message belongs to when several could have sent it: an open request before an old assertion."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A message of the business, as an echo or a listing shows it. `source` is API, APP, WEB … or None."""

    platform_id: str
    text: str
    at: int
    source: str | None = None
    kind: str = "text"
    media_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What a listing of a conversation showed of the business, and when it was asked for.

    Every message dated after `reach` must be in it: -1 when it is whole, None when it proves nothing.
    """

    ours: tuple[Seen, ...]
    reach: int | None
    asked_at: int

    def covers(self, since: int) -> bool:
        """Tells whether it would have shown a message of this time."""
        return self.reach is not None and self.reach < since


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a doubt is left alone, and what a proven absence leads to."""

    quiesce_ms: int
    gap_ms: int
    resend_when_absent: str = "answered"
    """answered, always or never."""


def by_api(source: str | None) -> bool:
    """Tells whether a message may be one that Philia sent; what a phone or a browser wrote is not."""
    return source is None or source.upper() not in {"APP", "WEB"}


def same_text(one: str, other: str) -> bool:
    """Tells whether two texts are the same message: NFC, trimmed."""
    return unicodedata.normalize("NFC", one).strip() == unicodedata.normalize("NFC", other).strip()


def same_message(delivery: Delivery, seen: Seen) -> bool:
    """Tells whether a message may be what a delivery sent: the same text, or a picture where a picture was sent."""
    if delivery.picture_id is None:
        return seen.kind != "image" and same_text(delivery.text, seen.text)
    return seen.kind == "image" and (None in (delivery.media, seen.media_id) or delivery.media == seen.media_id)


def match_echo(
    db: sqlite3.Connection,
    conversation_id: int,
    *,
    platform_id: str,
    text: str,
    at: int,
    now: int,
    source: str | None = None,
    kind: str = "text",
    media_id: str | None = None,
) -> int | None:
    """Returns the delivery that a message of the business belongs to, settled as sent; None when it is nobody's.

    The same message again, in whatever order, finds the same delivery and changes nothing.
    """
    known = outbox.owner_of(db, platform_id)
    if known is not None:
        return known.id if known.conversation_id == conversation_id else None
    if not by_api(source):
        return None
    seen = Seen(platform_id=platform_id, text=text, at=at, source=source, kind=kind, media_id=media_id)
    found = _candidate(db, conversation_id, seen)
    if found is None:
        return None
    _prove(db, found, platform_id, at, now=now)
    return found.id


def _candidate(db: sqlite3.Connection, conversation_id: int, seen: Seen) -> Delivery | None:
    possible = [
        delivery
        for delivery in outbox.of_conversation(db, conversation_id, _PREFERENCE)
        if delivery.platform_id is None and same_message(delivery, seen) and _in_time(db, delivery, seen.at)
    ]
    possible.sort(key=lambda delivery: (_PREFERENCE.index(delivery.state), delivery.id))
    return possible[0] if possible else None


def _in_time(db: sqlite3.Connection, delivery: Delivery, at: int) -> bool:
    return any(since <= at <= until for since, until in spans(db, delivery))


def spans(db: sqlite3.Connection, delivery: Delivery) -> list[tuple[int, int]]:
    """Returns the times within which a message can be this delivery's, one span for each request that may have left.

    After a restore any time since the decision counts: requests made after the backup are not in it.
    """
    rows = db.execute(
        "SELECT started_at FROM attempts WHERE delivery_id = ? AND kind IS NOT 'connect' ORDER BY id", (delivery.id,)
    )
    found = [(int(row["started_at"]) - BEFORE, int(row["started_at"]) + AFTER) for row in rows]
    if delivery.restored_at is not None:
        found.append((delivery.created_at - BEFORE, delivery.restored_at + AFTER))
    return found


def _prove(db: sqlite3.Connection, delivery: Delivery, platform_id: str, at: int, *, now: int) -> None:
    if delivery.state != "sent":
        late = delivery.state not in {"sending", "unknown"}
        reason = f"TikTok shows it after all; it had been {delivery.state}." if late else None
        outbox.settle_sent(db, delivery, platform_id=platform_id, at=at, now=now, who="platform", reason=reason)
        return
    # Sent without an id (dialect v1, or the owner's word): now it has one.
    db.execute("UPDATE deliveries SET platform_id = ? WHERE id = ?", (platform_id, delivery.id))
    outbox.put_into_thread(db, delivery, platform_id=platform_id, at=at, now=now)


def due(db: sqlite3.Connection, *, now: int) -> list[Delivery]:
    """Returns the deliveries in doubt that it is time to look for."""
    rows = db.execute(
        "SELECT id FROM deliveries WHERE state = 'unknown' AND next_at <= ? ORDER BY next_at, id LIMIT 50", (now,)
    ).fetchall()
    return [outbox.get(db, int(row["id"])) for row in rows]


def weigh(db: sqlite3.Connection, delivery_id: int, listing: Listing, patience: Patience, *, now: int) -> str:
    """Settles a doubt by a listing, or counts what it did not show; returns the delivery's state.

    Absence is proven by two listings, asked for at least `gap_ms` apart and both after `quiesce_ms` of quiet, that
    reach back far enough and show nothing.
    """
    for seen in sorted(listing.ours, key=lambda message: message.at):
        if outbox.get(db, delivery_id).state != "unknown":
            break
        match_echo(
            db,
            outbox.get(db, delivery_id).conversation_id,
            platform_id=seen.platform_id,
            text=seen.text,
            at=seen.at,
            source=seen.source,
            kind=seen.kind,
            media_id=seen.media_id,
            now=now,
        )
    delivery = outbox.get(db, delivery_id)
    if delivery.state != "unknown":
        return delivery.state
    since = delivery.unknown_since or delivery.created_at
    if listing.asked_at < since + patience.quiesce_ms:
        _look_again(db, delivery, _next_look(since, now, patience), now=now)
    elif not listing.covers(min((start for start, _ in spans(db, delivery)), default=0)):
        _ask(db, delivery, "TikTok's list no longer reaches back to it.", now=now)
    elif any(_looks_like(db, delivery, seen) for seen in listing.ours):
        told = "the same text at another time" if delivery.picture_id is None else "a picture that may be this one"
        _ask(db, delivery, f"TikTok shows {told}.", now=now)
    elif delivery.last_absence_at is None or listing.asked_at >= delivery.last_absence_at + patience.gap_ms:
        _count_absence(db, delivery, listing, patience, now=now)
    else:
        _look_again(db, delivery, delivery.last_absence_at + patience.gap_ms, now=now)
    return outbox.get(db, delivery_id).state


def _looks_like(db: sqlite3.Connection, delivery: Delivery, seen: Seen) -> bool:
    """Tells whether a message that belongs to nobody may be it after all.

    The same text: with a clock that is wrong. Any picture since the decision: whether TikTok shows the id that a
    picture was sent by is not documented, and one that is sent twice is worse than a question.
    """
    if not by_api(seen.source) or outbox.owner_of(db, seen.platform_id) is not None:
        return False
    if delivery.picture_id is None:
        return same_message(delivery, seen)
    same = delivery.media is not None and seen.media_id == delivery.media
    return seen.kind == "image" and (same or seen.at >= delivery.created_at - AFTER)


def _next_look(since: int, now: int, patience: Patience) -> int:
    quiet = since + patience.quiesce_ms
    waited = now - since
    pause = next((look for look in LOOKS if waited < look), LOOKS[-1])
    return min(now + pause, quiet) if quiet > now else now


def _look_again(db: sqlite3.Connection, delivery: Delivery, at: int, *, now: int) -> None:
    # A look is no transition: the state stays, so neither the journal nor the conversation hears of it.
    db.execute("UPDATE deliveries SET next_at = ? WHERE id = ? AND state = 'unknown'", (max(at, now + 1), delivery.id))


def _count_absence(
    db: sqlite3.Connection, delivery: Delivery, listing: Listing, patience: Patience, *, now: int
) -> None:
    absences = delivery.absences + 1
    db.execute(
        "UPDATE deliveries SET absences = ?, first_absence_at = coalesce(first_absence_at, ?), last_absence_at = ?"
        " WHERE id = ?",
        (absences, listing.asked_at, listing.asked_at, delivery.id),
    )
    if absences < 2:
        _look_again(db, delivery, listing.asked_at + patience.gap_ms, now=now)
        return
    resend = patience.resend_when_absent
    if resend == "always" or (resend == "answered" and delivery.answered_with_error):
        said = "TikTok had answered with an error, and its list" if delivery.answered_with_error else "TikTok's list"
        reason = f"{said} does not show the message, so it is sent again."
        outbox.move(db, delivery, "retrying", now=now, who="platform", reason=reason, next_at=now)
        return
    _ask(db, delivery, "TikTok's list does not show it, but it never answered either.", now=now)


def unlisted(db: sqlite3.Connection, delivery_id: int, why: str, patience: Patience, *, now: int) -> str:
    """Keeps a doubt for which no listing could be had, and asks the owner when that lasts; returns its state."""
    delivery = outbox.get(db, delivery_id)
    if delivery.state != "unknown":
        return delivery.state
    since = delivery.unknown_since or delivery.created_at
    if now >= since + max(BLIND_LIMIT, patience.quiesce_ms):
        _ask(db, delivery, f"TikTok's list cannot be read: {why}", now=now)
    else:
        _look_again(db, delivery, now + LOOKS[-1], now=now)
    return outbox.get(db, delivery_id).state


def without_listing(db: sqlite3.Connection, delivery_id: int, patience: Patience, *, now: int) -> str:
    """Gives a doubt in dialect v1, which has no listing, to the owner after the quiet time; returns its state."""
    delivery = outbox.get(db, delivery_id)
    if delivery.state != "unknown":
        return delivery.state
    quiet = (delivery.unknown_since or delivery.created_at) + patience.quiesce_ms
    if now >= quiet:
        _ask(db, delivery, "This account has no list to look in.", now=now)
    else:
        _look_again(db, delivery, quiet, now=now)
    return outbox.get(db, delivery_id).state


def _ask(db: sqlite3.Connection, delivery: Delivery, why: str, *, now: int) -> None:
    reason = f"Could not prove it was sent. {why} Look in TikTok's app, then: mark sent, send again, or drop."
    outbox.move(db, delivery, "needs_owner", now=now, reason=reason)


def recover(db: sqlite3.Connection, *, boot: str, now: int, alive: Collection[int] = ()) -> int:
    """Makes a doubt of every request that nobody is waiting for any more; returns how many. Run it first at start.

    Nobody waits for another run's, nor for one of this run's that is older than `outbox.LOST` and not in `alive`.
    """
    # The plus: in the order of the table SQLite would read every attempt there ever was, several times a second.
    rows = db.execute(
        "SELECT id, delivery_id FROM attempts WHERE ended_at IS NULL AND (boot != ? OR started_at < ?) ORDER BY +id",
        (boot, now - outbox.LOST),
    ).fetchall()
    lost = [row for row in rows if row["id"] not in alive]
    for row in lost:
        reason = "Philia stopped while it was being sent; it may or may not have arrived."
        db.execute(
            "UPDATE attempts SET ended_at = ?, outcome = 'unknown', kind = 'stopped', reason = ? WHERE id = ?",
            (now, reason, row["id"]),
        )
        delivery = outbox.get(db, int(row["delivery_id"]))
        if delivery.state == "sending":
            attempts.doubt(db, delivery, reason, now=now, answered=False, who="server")
    failpoints.reach(12)
    return len(lost)


def mark_restored(db: sqlite3.Connection, *, now: int) -> int:
    """Makes a restored database safe: the sender is paused and every open delivery is a doubt; returns how many.

    What was open when the backup was made may have been sent since.
    """
    db.execute(
        "UPDATE attempts SET ended_at = ?, outcome = 'unknown', kind = 'stopped', reason = ? WHERE ended_at IS NULL",
        (now, "Restored from a backup."),
    )
    rows: Sequence[sqlite3.Row] = db.execute(
        f"SELECT id FROM deliveries WHERE state IN ({outbox.marks(OPEN_DELIVERIES)}) ORDER BY id", OPEN_DELIVERIES
    ).fetchall()
    reason = "Restored from a backup: it may have been sent since the backup was made."
    for row in rows:
        db.execute("UPDATE deliveries SET restored_at = ? WHERE id = ?", (now, row["id"]))
        delivery = outbox.get(db, int(row["id"]))
        if delivery.state != "unknown":
            attempts.doubt(db, delivery, reason, now=now, answered=False, who="server")
        else:
            db.execute(
                "UPDATE deliveries SET unknown_since = ?, next_at = ?, answered_with_error = 0, absences = 0,"
                " last_absence_at = NULL WHERE id = ?",
                (now, now, delivery.id),
            )
    pauses.pause_sender(
        db,
        "Sending is paused: this shop was restored from a backup. Philia first looks what was sent since. "
        "Resume with: philia resume",
        now=now,
    )
    journal.note(db, now=now, who="owner", what="restore", subject="database", why=f"{len(rows)} deliveries in doubt")
    return len(rows)
