"""Holds: a piece kept for one customer, and the line of those who wait for it, first come, first served.

active, one a piece · waiting, one place a conversation · released, expired, sold. The unique indexes of the schema
decide between two at once; the functions here only say it in words. A hold that ends gives the piece to the next in
line whose reply window is open, since nobody else can be told.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Final, Literal

from store import items, journal
from store.clock import HOUR
from store.errors import NotAllowed, NotFound
from store.stock import Piece

DEFAULT_HOURS: Final = 24
LONGEST_HOURS: Final = 24 * 30
"""A month: a longer hold is a sale that was forgotten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What asking for a hold came to."""

    sku: str
    conversation_id: int
    state: Literal["active", "waiting"]
    place: int
    """0 for the holder, 1 for the next in line."""
    until: int | None
    """When her hold ends, or, for one in line, when the hold before her does, if it is known."""
    extended: bool = False
    """Whether she had it already, and keeps it longer now."""
    draft: int | None = None
    """The draft that tells her; None when nobody asked for one, or her reply window is closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A piece that became free and is now held for the next in line, who is still to be told."""

    hold_id: int
    sku: str
    conversation_id: int
    until: int
    passed_over: tuple[int, ...] = ()
    """Conversations before her in the line, whose window is closed; they keep their place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Freed:
    """A hold that ended, and to whom the piece went, if to anybody."""

    sku: str
    conversation_id: int | None
    """Whose hold it was; None when the piece was kept for nobody in the inbox."""
    why: Literal["released", "expired"]
    hold_id: int | None = None
    offer: Offer | None = None
    line: tuple[int, ...] = ()
    """Who waits for it still, in order; with no offer, nobody of them can be told."""


def hold(
    db: sqlite3.Connection,
    sku: str,
    conversation_id: int,
    hours: int = DEFAULT_HOURS,
    *,
    now: int,
    who: str,
) -> Held:
    """Keeps a piece for a customer, or gives her the next place in the line when somebody has it.

    Her own hold is never in her way: it is kept until the later of both ends. Raises NotFound, and NotAllowed for a
    sold piece or hours out of range.
    """
    if not 1 <= hours <= LONGEST_HOURS:
        raise NotAllowed(f"A hold lasts 1 to {LONGEST_HOURS} hours, not {hours}.")
    piece = items.find(db, sku)
    if db.execute("SELECT 1 FROM conversations WHERE id = ?", (conversation_id,)).fetchone() is None:
        raise NotFound(f"There is no conversation {conversation_id}. philia inbox list shows them.")
    if piece.status == "sold":
        raise NotAllowed(f"{piece.sku} is sold; it cannot be held any more.")
    active = _active(db, piece.id)
    mine = db.execute(
        "SELECT * FROM holds WHERE item_id = ? AND conversation_id = ? AND state IN ('active', 'waiting')",
        (piece.id, conversation_id),
    ).fetchone()
    if mine is not None and mine["state"] == "active":
        until = max(int(mine["expires_at"]), now + hours * HOUR)
        db.execute("UPDATE holds SET expires_at = ?, hours = ? WHERE id = ?", (until, hours, mine["id"]))
        _note(db, mine["id"], conversation_id, "active", "active", f"{piece.sku} kept longer", now=now, who=who)
        return Held(sku=piece.sku, conversation_id=conversation_id, state="active", place=0, until=until, extended=True)
    if active is None and piece.status == "available":
        until = _activate(
            db, piece, mine, conversation_id, hours, now=now, who=who, why=f"{piece.sku} held for {hours} h"
        )
        return Held(sku=piece.sku, conversation_id=conversation_id, state="active", place=0, until=until)
    if mine is None:
        cursor = db.execute(
            "INSERT INTO holds (item_id, conversation_id, state, hours, created_at) VALUES (?, ?, 'waiting', ?, ?)",
            (piece.id, conversation_id, hours, now),
        )
        _note(
            db, int(cursor.lastrowid or 0), conversation_id, None, "waiting", f"in line for {piece.sku}",
            now=now, who=who,
        )  # fmt: skip
    return Held(
        sku=piece.sku,
        conversation_id=conversation_id,
        state="waiting",
        place=_place(db, piece.id, conversation_id),
        until=None if active is None else int(active["expires_at"]),
    )


def release(db: sqlite3.Connection, sku: str, *, now: int, who: str, conversation_id: int | None = None) -> Freed:
    """Ends the hold of a piece, or takes one conversation out of its line, and offers a freed piece to the next.

    A reserved piece, or one that another shop program calls held, becomes available. Raises NotFound, and NotAllowed
    when there is nothing to release.
    """
    piece = items.find(db, sku)
    active = _active(db, piece.id)
    if conversation_id is not None and (active is None or active["conversation_id"] != conversation_id):
        waiting = db.execute(
            "SELECT * FROM holds WHERE item_id = ? AND conversation_id = ? AND state = 'waiting'",
            (piece.id, conversation_id),
        ).fetchone()
        if waiting is None:
            raise NotAllowed(f"Conversation {conversation_id} neither holds {piece.sku} nor waits for it.")
        _end(db, waiting, "released", "taken out of the line", piece.sku, now=now, who=who)
        return Freed(sku=piece.sku, conversation_id=conversation_id, why="released", line=line(db, piece.id))
    if active is None and piece.status in {"available", "sold"}:
        raise NotAllowed(
            f"{piece.sku} is sold. To take that back: philia items edit {piece.sku} --status available"
            if piece.status == "sold"
            else f"{piece.sku} is not on hold; there is nothing to release."
        )
    if active is not None:
        _end(db, active, "released", "released", piece.sku, now=now, who=who)
    free = items.move(db, piece, "available", now=now, who=who, why="released")
    return _freed(db, free, active, "released", now=now)


def expire_due(db: sqlite3.Connection, *, now: int, sku: str | None = None) -> list[Freed]:
    """Ends the holds whose time is over, of one piece or of all, and offers each piece to the next in line."""
    rows = db.execute(
        "SELECT h.*, i.sku FROM holds h JOIN items i ON i.id = h.item_id WHERE h.state = 'active'"
        " AND h.expires_at <= :now AND (:sku IS NULL OR i.sku = :sku) ORDER BY h.expires_at, h.id",
        {"now": now, "sku": sku},
    ).fetchall()
    freed = []
    for row in rows:
        _end(db, row, "expired", "its time was over", row["sku"], now=now, who="server")
        piece = items.by_id(db, row["item_id"])
        if piece.status == "held":
            piece = items.move(db, piece, "available", now=now, who="server", why="the hold's time was over")
        freed.append(_freed(db, piece, row, "expired", now=now))
    return freed


def _freed(
    db: sqlite3.Connection,
    piece: Piece,
    ended: sqlite3.Row | None,
    why: Literal["released", "expired"],
    *,
    now: int,
) -> Freed:
    offer = _offer_next(db, piece, now=now)
    return Freed(
        sku=piece.sku,
        conversation_id=None if ended is None else int(ended["conversation_id"]),
        why=why,
        hold_id=None if ended is None else int(ended["id"]),
        offer=offer,
        line=line(db, piece.id),
    )


def offer_free(db: sqlite3.Connection, *, now: int, sku: str | None = None) -> list[Offer]:
    """Offers what is free and yet waited for: the next in line has written again, or a sale was taken back."""
    rows = db.execute(
        "SELECT DISTINCT i.id FROM holds h JOIN items i ON i.id = h.item_id"
        " JOIN conversations c ON c.id = h.conversation_id WHERE h.state = 'waiting' AND i.status = 'available'"
        " AND c.window_closes_at > :now AND (:sku IS NULL OR i.sku = :sku) ORDER BY i.id",
        {"now": now, "sku": sku},
    ).fetchall()
    offers = (_offer_next(db, items.by_id(db, int(row["id"])), now=now) for row in rows)
    return [offer for offer in offers if offer is not None]


def end_active(db: sqlite3.Connection, piece: Piece, *, now: int, who: str, why: str) -> int | None:
    """Ends the hold of a piece that the owner reserves for somebody else; the line stays. Returns whose it was."""
    active = _active(db, piece.id)
    if active is None:
        return None
    _end(db, active, "released", why, piece.sku, now=now, who=who)
    return int(active["conversation_id"])


def restore(db: sqlite3.Connection, piece: Piece, *, sold_at: int, now: int, who: str) -> Piece:
    """Brings back the holds that a sale ended, for a sale that was a slip; one whose time is over stays ended.

    `piece` is as it is after the sale was taken back: available. Returns it as it is then.
    """
    rows = db.execute(
        "SELECT * FROM holds WHERE item_id = ? AND ended_at = ? AND hours > 0 AND state = 'released'"
        " AND ended_reason IN ('it was sold', 'the sale was taken back') ORDER BY id",
        (piece.id, sold_at),
    ).fetchall()
    for row in rows:
        had_it = row["starts_at"] is not None
        if had_it and row["expires_at"] <= now:
            continue
        state = "active" if had_it else "waiting"
        db.execute("UPDATE holds SET state = ?, ended_at = NULL, ended_reason = NULL WHERE id = ?", (state, row["id"]))
        why = f"{piece.sku} was not sold after all"
        _note(db, row["id"], row["conversation_id"], "released", state, why, now=now, who=who)
        if had_it:
            piece = items.move(db, piece, "held", now=now, who=who, why=why)
    return piece


def out_of_reach(db: sqlite3.Connection, *, now: int) -> list[sqlite3.Row]:
    """Returns the active holds (id, sku, conversation_id, expires_at) of customers whose reply window has closed."""
    return db.execute(
        "SELECT h.id, i.sku, h.conversation_id, h.expires_at FROM holds h JOIN items i ON i.id = h.item_id"
        " JOIN conversations c ON c.id = h.conversation_id WHERE h.state = 'active' AND c.window_closes_at <= ?"
        " ORDER BY h.id",
        (now,),
    ).fetchall()


def next_expiry(db: sqlite3.Connection) -> int | None:
    """Returns when the next hold ends, or None when there is none."""
    row = db.execute("SELECT min(expires_at) AS due FROM holds WHERE state = 'active'").fetchone()
    return None if row["due"] is None else int(row["due"])


def holder(db: sqlite3.Connection, item_id: int) -> int | None:
    """Returns the conversation that a piece is on hold for, or None."""
    row = _active(db, item_id)
    return None if row is None else int(row["conversation_id"])


def held_for(db: sqlite3.Connection, conversation_id: int) -> list[str]:
    """Returns the SKUs that are on hold for a customer, the first to end first."""
    rows = db.execute(
        "SELECT i.sku FROM holds h JOIN items i ON i.id = h.item_id WHERE h.conversation_id = ? AND h.state = 'active'"
        " ORDER BY h.expires_at, h.id",
        (conversation_id,),
    )
    return [str(row["sku"]) for row in rows]


def line(db: sqlite3.Connection, item_id: int) -> tuple[int, ...]:
    """Returns the conversations that wait for a piece, the next one first."""
    rows = db.execute(
        "SELECT conversation_id FROM holds WHERE item_id = ? AND state = 'waiting' ORDER BY id", (item_id,)
    )
    return tuple(int(row["conversation_id"]) for row in rows)


def of_piece(db: sqlite3.Connection, item_id: int) -> list[sqlite3.Row]:
    """Returns the open holds of a piece, its holder first, then the line in its order."""
    return db.execute(
        "SELECT * FROM holds WHERE item_id = ? AND state IN ('active', 'waiting') ORDER BY state, id", (item_id,)
    ).fetchall()


def _active(db: sqlite3.Connection, item_id: int) -> sqlite3.Row | None:
    row: sqlite3.Row | None = db.execute(
        "SELECT * FROM holds WHERE item_id = ? AND state = 'active'", (item_id,)
    ).fetchone()
    return row


def _place(db: sqlite3.Connection, item_id: int, conversation_id: int) -> int:
    return line(db, item_id).index(conversation_id) + 1


def _activate(
    db: sqlite3.Connection,
    piece: Piece,
    waiting: sqlite3.Row | None,
    conversation_id: int,
    hours: int,
    *,
    now: int,
    who: str,
    why: str,
) -> int:
    until = now + hours * HOUR
    if waiting is None:
        cursor = db.execute(
            "INSERT INTO holds (item_id, conversation_id, state, hours, created_at, starts_at, expires_at)"
            " VALUES (?, ?, 'active', ?, ?, ?, ?)",
            (piece.id, conversation_id, hours, now, now, until),
        )
        hold_id = int(cursor.lastrowid or 0)
    else:
        hold_id = int(waiting["id"])
        db.execute(
            "UPDATE holds SET state = 'active', hours = ?, starts_at = ?, expires_at = ? WHERE id = ?",
            (hours, now, until, hold_id),
        )
    old = None if waiting is None else "waiting"
    _note(db, hold_id, conversation_id, old, "active", why, now=now, who=who)
    items.move(db, piece, "held", now=now, who=who, why=why)
    return until


def _offer_next(db: sqlite3.Connection, piece: Piece, *, now: int) -> Offer | None:
    """Gives a free piece to the first in line who can still be told; she gets the hours she had asked for."""
    if piece.status != "available":
        return None
    rows = db.execute(
        "SELECT h.*, coalesce(c.window_closes_at, 0) > ? AS reachable FROM holds h"
        " JOIN conversations c ON c.id = h.conversation_id WHERE h.item_id = ? AND h.state = 'waiting' ORDER BY h.id",
        (now, piece.id),
    ).fetchall()
    at = next((at for at, row in enumerate(rows) if row["reachable"]), None)
    if at is None:
        return None
    row = rows[at]
    conversation_id = int(row["conversation_id"])
    why = f"{piece.sku} offered to the next"
    until = _activate(db, piece, row, conversation_id, int(row["hours"]), now=now, who="server", why=why)
    return Offer(
        hold_id=int(row["id"]),
        sku=piece.sku,
        conversation_id=conversation_id,
        until=until,
        passed_over=tuple(int(before["conversation_id"]) for before in rows[:at]),
    )


def _end(db: sqlite3.Connection, row: sqlite3.Row, state: str, reason: str, sku: str, *, now: int, who: str) -> None:
    db.execute(
        "UPDATE holds SET state = ?, ended_at = ?, ended_reason = ? WHERE id = ?", (state, now, reason, row["id"])
    )
    _note(db, row["id"], row["conversation_id"], row["state"], state, f"{sku}: {reason}", now=now, who=who)


def _note(
    db: sqlite3.Connection,
    hold_id: int,
    conversation_id: int,
    old: str | None,
    new: str,
    why: str,
    *,
    now: int,
    who: str,
) -> None:
    journal.note(
        db, now=now, who=who, what="hold", subject="hold", subject_id=hold_id, conversation=conversation_id,
        old=old, new=new, why=why,
    )  # fmt: skip
