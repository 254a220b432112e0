"""Decisions as rows: who, on which text, by which rules; and what a decision taken back leaves behind."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from store import inbox, journal
from store.draft import Draft
from store.drafts import hash_of
from store.outbox import Delivery
from store.states import LIVE_DRAFTS

TAKEN_BACK = "You took it back."


def add(
    db: sqlite3.Connection,
    *,
    conversation_id: int,
    decision: str,
    who: str,
    draft_id: int | None = None,
    text: str | None = None,
    reason: str | None = None,
    rules: Sequence[Mapping[str, Any]] = (),
    now: int,
) -> int:
    """Keeps a decision and returns its id; `rules` are the policy's, with their answers."""
    intent = None
    if draft_id is not None:
        intent = db.execute("SELECT intent FROM drafts WHERE id = ?", (draft_id,)).fetchone()["intent"]
    cursor = db.execute(
        "INSERT INTO verdicts (draft_id, conversation_id, decision, who, intent, text_hash, reason, rules, at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            draft_id,
            conversation_id,
            decision,
            who,
            intent,
            None if text is None else hash_of(text),
            reason,
            json.dumps(list(rules), ensure_ascii=False),
            now,
        ),
    )
    return int(cursor.lastrowid or 0)


def on_draft(
    db: sqlite3.Connection,
    draft: Draft,
    decision: str,
    *,
    who: str,
    text: str | None = None,
    reason: str | None = None,
    rules: Sequence[Mapping[str, Any]] = (),
    now: int,
) -> int:
    """Keeps a decision on a draft, on its own text unless another is given, and returns its id."""
    return add(
        db,
        conversation_id=draft.conversation_id,
        decision=decision,
        who=who,
        draft_id=draft.id,
        text=draft.text if text is None else text,
        reason=reason,
        rules=rules,
        now=now,
    )


def reopen(db: sqlite3.Connection, delivery: Delivery, why: str, *, now: int, who: str) -> int | None:
    """Gives the text of a cancelled delivery to a draft that waits for the owner, and says why; returns the draft's id.

    None when that draft would answer less than everything: she wrote again, or another draft is live.
    """
    newest = inbox.conversation(db, delivery.conversation_id).newest_customer_message_id
    live = db.execute(
        "SELECT 1 FROM drafts WHERE conversation_id = ? AND state IN (?, ?, ?)",
        (delivery.conversation_id, *LIVE_DRAFTS),
    ).fetchone()
    if live is not None or newest is None or newest != delivery.decided_against:
        return None
    old = None
    if delivery.draft_id is not None:
        old = db.execute("SELECT * FROM drafts WHERE id = ?", (delivery.draft_id,)).fetchone()
    if old is None or old["thread_version"] != newest:
        return _own_words(db, delivery, newest, why, now=now, who=who)
    db.execute(
        "UPDATE drafts SET state = 'ready', final_text = ?, text_hash = ?, needs_owner = 1, hold_reason = ?,"
        " ended_at = NULL, ended_reason = NULL WHERE id = ?",
        (
            None if delivery.text == old["text"] else delivery.text,
            hash_of(delivery.text),
            why,
            delivery.draft_id,
        ),
    )
    _blank_moved_claims(db, int(old["id"]), str(old["text"]), delivery.text)
    _journal(db, int(old["id"]), delivery, old=str(old["state"]), now=now, who=who)
    inbox.refresh(db, delivery.conversation_id, now=now)
    return int(old["id"])


def _own_words(db: sqlite3.Connection, delivery: Delivery, newest: int, why: str, *, now: int, who: str) -> int:
    cursor = db.execute(
        "INSERT INTO drafts (conversation_id, state, thread_version, burst_started_at, due_at, text, text_hash,"
        " grounding, verdict, needs_owner, hold_reason, created_at, ready_at)"
        " VALUES (?, 'ready', ?, ?, ?, ?, ?, 'inferred', 'hold', 1, ?, ?, ?)",
        (
            delivery.conversation_id,
            newest,
            now,
            now,
            delivery.text,
            hash_of(delivery.text),
            f"{why} It is your own text, which nothing has checked.",
            now,
            now,
        ),
    )
    draft_id = int(cursor.lastrowid or 0)
    _journal(db, draft_id, delivery, old=None, now=now, who=who)
    inbox.refresh(db, delivery.conversation_id, now=now)
    return draft_id


def _blank_moved_claims(db: sqlite3.Connection, draft_id: int, drafted: str, text: str) -> None:
    """Takes the marks off claims that no longer stand where they stood; the promises stay."""
    for row in db.execute("SELECT id, span_start, span_end FROM claims WHERE draft_id = ?", (draft_id,)).fetchall():
        start, end = row["span_start"], row["span_end"]
        if drafted[start:end] != text[start:end]:
            db.execute("UPDATE claims SET span_start = 0, span_end = 0 WHERE id = ?", (row["id"],))


def _journal(db: sqlite3.Connection, draft_id: int, delivery: Delivery, *, old: str | None, now: int, who: str) -> None:
    journal.note(
        db, now=now, who=who, what="undo", subject="draft", subject_id=draft_id,
        conversation=delivery.conversation_id, old=old, new="ready", why="the reply was taken back",
    )  # fmt: skip


def promises_of(db: sqlite3.Connection, draft_id: int) -> list[dict[str, Any]]:
    """Returns what a draft says of pieces that must still be true when it leaves: [{"sku", "revision", …}].

    A piece counts when a backed claim names it and the evidence had it as available: a price or a size of a piece
    that is gone would offer it just as much as the word "available". A piece that the draft gives her by a hold is
    `held`: it must still be on hold for her. Any other that was on hold is `unmoved`: whether the draft calls it hers
    or somebody else's, it holds only as long as nothing happened to the piece.
    """
    row = db.execute("SELECT evidence, facts FROM drafts WHERE id = ?", (draft_id,)).fetchone()
    if row is None:
        return []
    pieces = {str(piece["sku"]): piece for piece in json.loads(row["evidence"]).get("pieces", ())}
    facts = json.loads(row["facts"])
    given = {str(sku) for sku in (facts.get("offered_now"), facts.get("held_now")) if sku}
    if facts.get("line_place"):
        given.discard(str(facts.get("held_now")))
    promised: dict[str, dict[str, Any]] = {
        sku: {"sku": sku, "revision": pieces.get(sku, {}).get("revision"), "held": True} for sku in sorted(given)
    }
    claims = db.execute(
        "SELECT sku, kind, value FROM claims WHERE draft_id = ? AND sku IS NOT NULL AND backed", (draft_id,)
    )
    for claim in claims:
        sku = str(claim["sku"])
        if sku in given:
            continue
        piece = pieces.get(sku, {})
        status = piece.get("status", "available" if claim["kind"] == "availability" else None)
        promise = {"sku": sku, "revision": piece.get("revision")}
        if status == "held":
            promised[sku] = {**promise, "unmoved": True}
        elif status == "available" and (claim["kind"] != "availability" or claim["value"] in (None, "available")):
            promised[sku] = promise
    return list(promised.values())
