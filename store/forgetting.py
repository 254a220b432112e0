"""Forgetting a customer: everything she wrote, everything written to her and every name of hers, for good.

What stays is a skeleton without content under a name of no meaning (which delivery was sent when), so that the shop's
figures, the rate limit and the journal stay true. A mark without her name keeps what TikTok would list or post again
from coming back; what she writes afterwards opens a new conversation.
"""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

from store import drafts, inbox, journal, outbox, switches
from store.errors import NotAllowed, NotFound

MARK: Final = "forgotten:"
"""Begins the switch whose name is the hash of a forgotten conversation and whose value is when that was."""

REASON: Final = "The customer was forgotten."


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """Whom a word of the owner's means."""

    id: int
    tiktok_id: str
    name: str | None
    conversations: tuple[int, ...]
    messages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """What was forgotten, in numbers; `files` are the paths of her pictures, to be removed after the commit."""

    conversations: int
    messages: int
    drafts: int
    deliveries: int
    events: int
    notices: int
    files: tuple[str, ...]

    def as_json(self) -> dict[str, int]:
        """Returns the numbers alone."""
        return {**{name: value for name, value in asdict(self).items() if name != "files"}, "pictures": len(self.files)}


def find(db: sqlite3.Connection, word: str) -> Customer:
    """Returns the customer of this TikTok id, or of this name if only one has it. Raises NotFound, NotAllowed."""
    rows = db.execute("SELECT id, tiktok_id, display_name FROM users WHERE tiktok_id = ?", (word,)).fetchall()
    if not rows:
        rows = db.execute("SELECT id, tiktok_id, display_name FROM users WHERE display_name = ?", (word,)).fetchall()
    if not rows:
        raise NotFound("There is no customer of that id or name. philia inbox list --json shows them as user and name.")
    if len(rows) > 1:
        raise NotAllowed(f"{len(rows)} customers have that name; say which by the user that philia inbox list shows.")
    row = rows[0]
    conversations = tuple(
        int(one[0]) for one in db.execute("SELECT id FROM conversations WHERE user_id = ? ORDER BY id", (row["id"],))
    )
    (messages,) = db.execute(
        f"SELECT count(*) FROM messages WHERE conversation_id IN ({outbox.marks(conversations)})", conversations
    ).fetchone()
    return Customer(
        id=int(row["id"]),
        tiktok_id=str(row["tiktok_id"]),
        name=row["display_name"],
        conversations=conversations,
        messages=int(messages),
    )


def forget(db: sqlite3.Connection, customer: Customer, *, now: int, who: str) -> Forgotten:
    """Empties everything of hers in the caller's transaction. Raises NotAllowed while a reply to her is under way.

    Call `scrub` after the commit: until then the words stay in free pages.
    """
    named = db.execute(
        "SELECT id, dialect, platform_id FROM conversations WHERE user_id = ? ORDER BY id", (customer.id,)
    ).fetchall()
    ids = [int(row["id"]) for row in named]
    _end_what_is_open(db, ids, now=now, who=who)
    files = _pictures(db, ids)
    events = sum(
        _events(db, str(row["dialect"]), str(row["platform_id"]), customer.tiktok_id, now=now) for row in named
    )
    written, sent, said = _texts(db, ids)
    notices = _notices(db, ids, customer)
    for row in named:
        switches.put(db, _mark(str(row["dialect"]), str(row["platform_id"])), str(now), now=now)
        db.execute(
            "UPDATE conversations SET platform_id = ?, labels = '[]', notes = '', referral = NULL, snoozed_until = NULL"
            " WHERE id = ?",
            (f"forgotten-{row['id']}-{now}", row["id"]),
        )
        inbox.refresh(db, int(row["id"]), now=now)
    db.execute(
        "UPDATE users SET tiktok_id = ?, display_name = NULL, language = NULL, notes = '', labels = '[]' WHERE id = ?",
        (f"forgotten-{customer.id}-{now}", customer.id),
    )
    journal.note(
        db, now=now, who=who, what="forget", subject="user", subject_id=customer.id,
        why=f"{said} messages, {written} drafts, {events} events, {len(files)} pictures",
    )  # fmt: skip
    return Forgotten(
        conversations=len(ids),
        messages=said,
        drafts=written,
        deliveries=sent,
        events=events,
        notices=notices,
        files=tuple(files),
    )


def _end_what_is_open(db: sqlite3.Connection, ids: Sequence[int], *, now: int, who: str) -> None:
    for conversation in ids:
        for delivery in outbox.of_conversation(db, conversation):
            if delivery.state == "sending":
                raise NotAllowed(
                    f"Delivery {delivery.id} is on its way to her this very moment; nothing was forgotten. "
                    "Try again in a minute."
                )
            ended = "dropped" if delivery.state in {"unknown", "needs_owner"} else "cancelled"
            outbox.move(db, delivery, ended, now=now, who=who, reason=REASON)
        live = drafts.live(db, conversation)
        if live is not None:
            drafts.withdraw(db, live.id, REASON, now=now, who=who)


def _pictures(db: sqlite3.Connection, ids: Sequence[int]) -> list[str]:
    hers = f"message_id IN (SELECT id FROM messages WHERE conversation_id IN ({outbox.marks(ids)}))"
    files = [
        str(row["path"])
        for row in db.execute(f"SELECT path FROM media WHERE path IS NOT NULL AND {hers} ORDER BY id", tuple(ids))
    ]
    db.execute(f"DELETE FROM media WHERE {hers}", tuple(ids))
    return files


def _events(db: sqlite3.Connection, dialect: str, platform_id: str, tiktok_id: str, *, now: int) -> int:
    """Empties the raw events of a conversation; keys that hold no name of hers stay, so that repeats stay repeats."""
    names = {form for name in {platform_id, tiktok_id} if name for form in _written(name)}
    rows = db.execute(
        "SELECT id, dedupe_key, thread, state, body FROM inbound_events WHERE thread = ? OR thread = ''",
        (f"{dialect}:{platform_id}",),
    ).fetchall()
    emptied = 0
    for row in rows:
        if not row["thread"] and not any(form in row["body"] for form in names):
            continue
        open_still = row["state"] in {"received", "needs_poll", "poison"}
        named = any(form in str(row["dedupe_key"]).encode() for form in names)
        db.execute(
            "UPDATE inbound_events SET body = x'', thread = '', error = NULL, event = substr(event, 1, 40), state = ?,"
            " applied_at = coalesce(applied_at, ?), dedupe_key = ? WHERE id = ?",
            (
                "ignored" if open_still else row["state"],
                now,
                f"{MARK}{row['id']}" if named else row["dedupe_key"],
                row["id"],
            ),
        )
        emptied += 1
    return emptied


def _written(name: str) -> set[bytes]:
    """Returns the ways in which a name can stand in a body: as it is, and escaped once or twice as JSON does."""
    once = {name, json.dumps(name)[1:-1], name.replace("/", "\\/")}
    return {form.encode("utf-8", "surrogatepass") for one in once for form in (one, json.dumps(one)[1:-1])}


def _texts(db: sqlite3.Connection, ids: Sequence[int]) -> tuple[int, int, int]:
    """Empties drafts, claims, verdicts, deliveries and attempts, and deletes the messages; counts three of them."""
    those, hers = f"conversation_id IN ({outbox.marks(ids)})", tuple(ids)
    db.execute(f"DELETE FROM claims WHERE draft_id IN (SELECT id FROM drafts WHERE {those})", hers)
    written = db.execute(
        "UPDATE drafts SET text = '', text_hash = '', final_text = NULL, reasons = '[]', evidence = '{}',"
        " facts = '{}', instruction = NULL, translation = NULL, cited_skus = '[]', hold_reason = NULL,"
        f" ended_reason = NULL WHERE {those}",
        hers,
    ).rowcount
    db.execute(f"UPDATE verdicts SET reason = NULL, rules = '[]', text_hash = NULL WHERE {those}", hers)
    sent = db.execute(
        "UPDATE deliveries SET text = '', text_hash = '', media = NULL, picture_id = NULL, promises = '[]',"
        f" platform_id = NULL, reason = NULL, acknowledged_at = coalesce(acknowledged_at, ended_at) WHERE {those}",
        hers,
    ).rowcount
    db.execute(f"UPDATE attempts SET reason = NULL, platform_id = NULL, request_id = NULL WHERE {those}", hers)
    said = db.execute(f"DELETE FROM messages WHERE {those}", hers).rowcount
    return written, sent, said


def _notices(db: sqlite3.Connection, ids: Sequence[int], customer: Customer) -> int:
    """Deletes the notices about her and takes her name out of the others."""
    gone = db.execute(f"DELETE FROM notices WHERE conversation_id IN ({outbox.marks(ids)})", tuple(ids)).rowcount
    for name in {customer.tiktok_id, customer.name or ""} - {""}:
        word = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")
        for row in db.execute("SELECT id, text FROM notices WHERE instr(text, ?)", (name,)).fetchall():
            without = word.sub("a customer", row["text"])
            if without != row["text"]:
                db.execute("UPDATE notices SET text = ? WHERE id = ?", (without, row["id"]))
                gone += 1
    return gone


def scrub(db: sqlite3.Connection) -> bool:
    """Takes the last traces out of index, free pages and write-ahead log; False when the running server is too busy.

    It writes the whole file anew (1 s for 100 MB), since older changes left words in pages that were freed long ago.
    """
    try:
        # FTS5 keeps deleted words in its older segments until they are merged.
        db.execute("INSERT INTO messages_fts (messages_fts) VALUES ('optimize')")
        db.execute("VACUUM")
        busy, _, _ = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.OperationalError:
        return False
    return not busy


def covers(db: sqlite3.Connection, dialect: str, platform_id: str, at: int) -> bool:
    """Tells whether something of that time belongs to a conversation that was forgotten since."""
    found = switches.get(db, _mark(dialect, platform_id))
    return found is not None and at <= int(found)


def _mark(dialect: str, platform_id: str) -> str:
    return MARK + hashlib.sha256(f"{dialect}:{platform_id}".encode("utf-8", "surrogatepass")).hexdigest()
