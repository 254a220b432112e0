"""What happens to the conversations when a piece is sold, held, freed or said to be something else.

Every function runs inside the caller's writing transaction, so that a sale and the end of every draft that names the
piece are one commit. Replies that were decided already are not touched here: the sender reads their promises again
when they leave (`store.items.promise_broken`). The inbox calls these too: nothing heavy may be imported here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from store import drafts, holds, importing, inbox, items, naming, pauses, verdicts
from store.clock import MINUTE
from store.errors import NotAllowed
from store.holds import DEFAULT_HOURS, Freed, Held, Offer
from store.importing import Difference, Progress, StockFile
from store.items import Sale
from store.stock import Piece, Status

SLIP: Final = 15 * MINUTE
"""A sale that is taken back so soon was a slip, and the holds that it ended come back; later it is a piece returned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Redrafted:
    """A live draft that was taken back, and the one that is written instead, if she can still be answered."""

    conversation_id: int
    withdrawn: int | None
    """None for somebody in line who had no live draft, and is told now."""
    draft: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tidied:
    """A piece after a change, and the drafts that the change touched."""

    piece: Piece
    drafts: tuple[Redrafted, ...] = ()
    freed: Freed | None = None


def sell(db: sqlite3.Connection, sku: str, *, now: int, who: str, buyer: int | None = None) -> Tidied:
    """Marks a piece sold, takes back every live draft that names it and has each written anew, and tells the line.

    Raises NotFound, and NotAllowed when it is sold already.
    """
    sale = items.sell(db, sku, now=now, who=who, buyer=buyer)
    return Tidied(piece=sale.piece, drafts=tuple(_after_sales(db, [sale], now=now)))


def hold(
    db: sqlite3.Connection,
    sku: str,
    conversation_id: int,
    *,
    hours: int = DEFAULT_HOURS,
    now: int,
    who: str,
) -> Held:
    """Keeps a piece for a customer or gives her a place in its line, and has the message drafted that tells her so.

    Drafts of others that call it available are taken back and written anew. Raises NotFound, and NotAllowed when it
    is sold.
    """
    piece = items.find(db, sku)
    expire_due(db, now=now, sku=piece.sku)
    held = holds.hold(db, piece.sku, conversation_id, hours, now=now, who=who)
    if held.state == "waiting":
        line = {"held_now": held.sku, "line_place": held.place}
        return replace(held, draft=_tell(db, conversation_id, "line", line, now=now))
    if not held.extended:
        _renew(db, [piece.sku], f"{piece.sku} was put on hold for somebody else", now=now, but=conversation_id)
    return replace(held, draft=_tell(db, conversation_id, "hold", {"held_now": held.sku}, now=now))


def release(db: sqlite3.Connection, sku: str, *, now: int, who: str, conversation_id: int | None = None) -> Tidied:
    """Ends a hold, or one place in its line, and offers the piece to the next who can be told.

    Raises NotFound, and NotAllowed when there is nothing to release.
    """
    freed = holds.release(db, sku, now=now, who=who, conversation_id=conversation_id)
    changed = _after_freed(db, freed, now=now)
    return Tidied(piece=items.find(db, freed.sku), drafts=tuple(changed), freed=freed)


def expire_due(db: sqlite3.Connection, *, now: int, sku: str | None = None) -> int:
    """Ends the holds whose time is over and offers what is free to whoever waits for it; returns how many moved.

    The clock calls it for all pieces; asking for a hold calls it for that one first, so that the line stays fair.
    """
    freed = holds.expire_due(db, now=now, sku=sku)
    for each in freed:
        _after_freed(db, each, now=now)
    offers = holds.offer_free(db, now=now, sku=sku)
    for offer in offers:
        _renew(db, [offer.sku], f"{offer.sku} went to the next in line", now=now, but=offer.conversation_id)
        _offer(db, offer, now=now)
    if sku is None:
        for row in holds.out_of_reach(db, now=now):
            text = f"{row['sku']} is on hold for {_name(db, row['conversation_id'])}, whose reply window has closed."
            _notice(db, f"hold:{row['id']}:window", text, row["conversation_id"], now=now)
    return len(freed) + len(offers)


def edit(
    db: sqlite3.Connection,
    sku: str,
    values: Mapping[str, Any],
    *,
    now: int,
    who: str,
    status: Status | None = None,
    seen_revision: int | None = None,
) -> Tidied:
    """Changes what a piece is said to be, and its status by the verb that belongs to it.

    Live drafts that name it are written anew when something that a reply may state has changed. Raises NotFound,
    Stale when it was changed since `seen_revision`, and NotAllowed.
    """
    before = items.find(db, sku)
    piece = items.edit(db, sku, values, now=now, who=who, seen_revision=seen_revision)
    changed: list[Redrafted] = []
    if items.stated_since(db, piece, before.revision):
        changed = _renew(db, [piece.sku], f"{piece.sku} was changed", now=now)
    if status is None or status == piece.status:
        return Tidied(piece=piece, drafts=tuple(changed))
    if status == "sold":
        tidied = sell(db, piece.sku, now=now, who=who)
    elif status == "held":
        raise NotAllowed(f"A hold is for somebody: philia items hold {piece.sku} --for CONVERSATION")
    elif status == "available" and piece.status != "sold":
        tidied = release(db, piece.sku, now=now, who=who)
    else:
        tidied = _set_aside(db, piece, status, now=now, who=who)
    return Tidied(piece=tidied.piece, drafts=(*changed, *tidied.drafts), freed=tidied.freed)


def unsell(db: sqlite3.Connection, sku: str, *, now: int, who: str) -> Tidied:
    """Undoes a sale: the piece is available again, and a slip of minutes gives the holds back that it ended.

    Raises NotFound, and NotAllowed when it is not sold.
    """
    piece = items.find(db, sku)
    if piece.status != "sold":
        raise NotAllowed(f"{piece.sku} is {piece.status}, not sold; there is no sale to take back.")
    sold_at = items.sold_at(db, piece)
    moved = items.reopen(db, piece, "available", now=now, who=who, why="the sale was taken back")
    if now - sold_at <= SLIP:
        moved = holds.restore(db, moved, sold_at=sold_at, now=now, who=who)
    return Tidied(piece=moved, drafts=tuple(_renew(db, [piece.sku], f"{piece.sku} is back", now=now)))


def _set_aside(db: sqlite3.Connection, piece: Piece, status: Status, *, now: int, who: str) -> Tidied:
    """Reserves a piece for somebody outside of the inbox, or brings a sold one back."""
    if piece.status == "sold":
        moved = items.reopen(db, piece, status, now=now, who=who, why="the sale was taken back")
        return Tidied(piece=moved, drafts=tuple(_renew(db, [piece.sku], f"{piece.sku} is back", now=now)))
    holds.end_active(db, piece, now=now, who=who, why="reserved by the owner")
    moved = items.move(db, piece, status, now=now, who=who, why="reserved by the owner")
    return Tidied(piece=moved, drafts=tuple(_renew(db, [piece.sku], f"{piece.sku} was reserved", now=now)))


def bring_in(
    db: sqlite3.Connection,
    file: StockFile,
    *,
    now: int,
    who: str,
    reopen: bool = False,
    progress: Progress | None = None,
) -> tuple[Difference, list[Redrafted]]:
    """Imports a stock file and tidies the conversations after everything it sold, moved or changed.

    Raises ImportRefused, with every fault, before anything is written.
    """
    difference = importing.apply(db, file, now=now, who=who, reopen=reopen, progress=progress)
    changed = _after_sales(db, difference.sales, now=now)
    others = [change.record.sku for change in difference.changed if change.to != "sold" and change.stated()]
    changed += _renew(db, others, "an import changed the piece", now=now)
    if any(change.to == "available" for change in difference.changed):
        expire_due(db, now=now)
    return difference, changed


def still_true(db: sqlite3.Connection, draft_id: int, *, now: int) -> bool:
    """Takes back a draft whose pieces moved while it was being written and asks for another; True when it stands."""
    draft = drafts.get(db, draft_id)
    if draft.state != "ready":
        return True
    for promise in verdicts.promises_of(db, draft_id):
        broken = items.promise_broken(db, [promise], draft.conversation_id)
        if broken is None:
            continue
        drafts.withdraw(db, draft_id, f"{broken} while it was being written", now=now)
        cause, facts = what_to_say(db, str(promise["sku"]), draft.conversation_id)
        _tell(db, draft.conversation_id, cause, {**_others(draft.facts, {str(promise["sku"])}), **facts}, now=now)
        return False
    return True


def what_to_say(db: sqlite3.Connection, sku: str, conversation_id: int) -> tuple[str, dict[str, Any]]:
    """Returns the cause and the facts of a draft that tells a customer how things stand with a piece now."""
    piece = items.get(db, sku)
    if piece is None:
        return "message", {}
    if piece.status == "sold":
        return "sold", {"replaces": piece.sku}
    line = holds.line(db, piece.id)
    if conversation_id in line:
        return "line", {"held_now": piece.sku, "line_place": line.index(conversation_id) + 1}
    if holds.holder(db, piece.id) == conversation_id:
        return "hold", {"held_now": piece.sku}
    return "message", {}


def _after_sales(db: sqlite3.Connection, sales: Sequence[Sale], *, now: int) -> list[Redrafted]:
    sold = {sale.piece.sku: sale for sale in sales}
    buyers = {(end.conversation_id, sku) for sku, sale in sold.items() for end in sale.ended if end.bought}
    changed: list[Redrafted] = []
    for named in naming.live_drafts(db, sold):
        sku = min(named.skus)
        drafts.withdraw(db, named.draft_id, f"{', '.join(sorted(named.skus))} was sold", now=now)
        instruction = None
        facts = {**_others(named.facts, named.skus), "replaces": sku}
        if (named.conversation_id, sku) in buyers:
            facts.pop("replaces")
            instruction = f"She is the one who bought {sku}. Thank her; do not tell her that it is gone."
        draft = _tell(db, named.conversation_id, "sold", facts, now=now, instruction=instruction)
        changed.append(Redrafted(conversation_id=named.conversation_id, withdrawn=named.draft_id, draft=draft))
    told = {each.conversation_id for each in changed}
    for sku, sale in sold.items():
        for end in sale.ended:
            if end.bought or end.conversation_id in told:
                continue
            told.add(end.conversation_id)
            draft = _tell(db, end.conversation_id, "sold", {"replaces": sku}, now=now)
            if draft is None:
                text = f"{sku} was sold; {_name(db, end.conversation_id)} waited for it and cannot be told."
                _notice(db, f"sold:{sku}:{end.conversation_id}:{now}", text, end.conversation_id, now=now)
            changed.append(Redrafted(conversation_id=end.conversation_id, withdrawn=None, draft=draft))
    return changed


def _after_freed(db: sqlite3.Connection, freed: Freed, *, now: int) -> list[Redrafted]:
    to = None if freed.offer is None else freed.offer.conversation_id
    changed = _renew(db, [freed.sku], f"the hold of {freed.sku} ended", now=now, but=to)
    if freed.offer is not None:
        _offer(db, freed.offer, now=now)
    if freed.why == "expired" and freed.conversation_id is not None:
        text = f"The hold of {freed.sku} for {_name(db, freed.conversation_id)} ended."
        if not _reachable(db, freed.conversation_id, now=now):
            text += " Her reply window is closed, so she cannot be told."
        if to is not None:
            text += f" It is offered to {_name(db, to)}."
        elif freed.line:
            text += f" {_name(db, freed.line[0])} is next, but nobody in line can be told now."
        else:
            text += " It is available again."
        _notice(db, f"hold:{freed.hold_id}:expired", text, freed.conversation_id, now=now)
    elif to is None and freed.line and items.find(db, freed.sku).status == "available":
        text = f"{freed.sku} is free; {_name(db, freed.line[0])} is next, but nobody in line can be told now."
        _notice(db, f"hold:{freed.hold_id}:{freed.sku}:free:{now}", text, freed.line[0], now=now)
    return changed


def _offer(db: sqlite3.Connection, offer: Offer, *, now: int) -> None:
    _tell(db, offer.conversation_id, "offer", {"offered_now": offer.sku}, now=now)
    to = _name(db, offer.conversation_id)
    for conversation_id in offer.passed_over:
        before = _name(db, conversation_id)
        text = f"{offer.sku} was offered to {to}. {before} is before her, but her window is closed; she stays first."
        _notice(db, f"hold:{offer.hold_id}:over:{conversation_id}", text, conversation_id, now=now)


def _renew(
    db: sqlite3.Connection, skus: Collection[str], why: str, *, now: int, but: int | None = None
) -> list[Redrafted]:
    """Takes back the live drafts that name a piece and has them written from what is true now."""
    changed = []
    for named in naming.live_drafts(db, skus):
        if named.conversation_id == but:
            continue
        drafts.withdraw(db, named.draft_id, why, now=now)
        cause, facts = what_to_say(db, min(named.skus), named.conversation_id)
        facts = {**_others(named.facts, named.skus), **facts}
        draft = _tell(db, named.conversation_id, cause, facts, now=now)
        changed.append(Redrafted(conversation_id=named.conversation_id, withdrawn=named.draft_id, draft=draft))
    return changed


def _others(facts: Mapping[str, Any], skus: Collection[str]) -> dict[str, Any]:
    """Returns what a draft was to tell besides, without what it was to tell of these pieces."""
    kept = {name: value for name, value in facts.items() if not (name in naming.FACTS and value in skus)}
    if "held_now" not in kept:
        kept.pop("line_place", None)
    return kept


def _tell(
    db: sqlite3.Connection,
    conversation_id: int,
    cause: str,
    facts: Mapping[str, Any],
    *,
    now: int,
    instruction: str | None = None,
) -> int | None:
    """Asks for a draft, unless her reply window is closed and nothing could be sent, or there is nothing to say.

    What she asked may be answered already: a draft of that would be the same reply again.
    """
    nothing = cause == "message" and not facts and instruction is None
    if not _reachable(db, conversation_id, now=now) or (nothing and not inbox.unanswered(db, conversation_id, limit=1)):
        return None
    return drafts.enqueue(db, conversation_id, now=now, cause=cause, facts=facts, instruction=instruction)


def _reachable(db: sqlite3.Connection, conversation_id: int, *, now: int) -> bool:
    closes = inbox.conversation(db, conversation_id).window_closes_at
    return closes is None or closes > now


def _name(db: sqlite3.Connection, conversation_id: int) -> str:
    conversation = inbox.conversation(db, conversation_id)
    return conversation.name or conversation.user


def _notice(db: sqlite3.Connection, key: str, text: str, conversation_id: int, *, now: int) -> None:
    pauses.notify(db, key, "hold", text, now=now, conversation_id=conversation_id)
