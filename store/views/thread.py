"""One conversation as the screen shows it: who, what was said, what is leaving, the draft and what it stands on."""

from __future__ import annotations

import json
import sqlite3
from typing import Any, NamedTuple

from store.views import pictures
from store.views.pictures import Shown


class Card(NamedTuple):
    """Who the customer is and how the conversation stands."""

    conversation: int
    user: int
    tiktok_id: str
    name: str
    dialect: str
    mode: str
    queue: str
    blocked: bool
    language: str | None
    labels: tuple[str, ...]
    notes: str
    user_notes: str
    window_closes_at: int | None
    quota_left: int | None
    snoozed_until: int | None
    auto_paused_until: int | None
    customer_read_at: int | None
    live_draft: int | None
    newest_customer_message: int | None
    version: int
    unread: int
    chats: int
    bought: int
    holds: tuple[str, ...]
    """SKUs that are on hold for this conversation."""


class Said(NamedTuple):
    """One message of the thread."""

    id: int
    role: str
    source: str
    kind: str
    text: str
    attachments: tuple[str, ...]
    at: int
    state: str
    platform_id: str | None
    picture: Shown | None = None
    """The picture that it is, where there is one to open."""


class Sending(NamedTuple):
    """A reply that was decided and has not become a message of the thread, or failed on the way."""

    id: int
    draft: int | None
    who: str
    text: str
    state: str
    send_after: int
    reason: str | None
    tries: int
    at: int


class Mark(NamedTuple):
    """One claim of the draft, with the piece as its row says it now."""

    start: int
    end: int
    kind: str
    sku: str | None
    field: str | None
    value: str | None
    backed: bool
    grounding: str


class Basis(NamedTuple):
    """A piece that the draft stands on, as it is now and as the draft saw it."""

    sku: str
    name: str
    status: str
    price_cents: int | None
    currency: str
    size: str
    condition: str
    measurements: dict[str, int]
    """Kind → millimetres."""
    revision: int
    seen_revision: int | None
    seen_status: str | None
    held_for: str | None
    """The name of whom it is on hold for, if anybody."""


class DraftView(NamedTuple):
    """A draft with its claims, its reasons to be held, and its evidence."""

    id: int
    conversation: int
    state: str
    text: str
    text_hash: str
    thread_version: int
    drafter: str | None
    model: str | None
    prompt: str | None
    prompt_version: int | None
    intent: str | None
    language: str | None
    grounding: str | None
    verdict: str | None
    needs_owner: bool
    hold_reason: str | None
    instruction: str | None
    translation: str | None
    latency_ms: int | None
    cost_microcents: int
    created_at: int
    ready_at: int | None
    ended_reason: str | None
    reasons: tuple[tuple[int, int, str], ...]
    """(start, end, why) of what the check could not back."""
    marks: tuple[Mark, ...]
    basis: tuple[Basis, ...]
    searches: tuple[tuple[str, int], ...]
    """(query, how many pieces came back)."""
    policies: tuple[str, ...]
    evidence: dict[str, Any]


def card(db: sqlite3.Connection, conversation: int) -> Card | None:
    """Returns who and how, or None for a conversation that does not exist."""
    row = db.execute(
        "SELECT c.*, u.tiktok_id, u.display_name, u.language, u.blocked, u.notes AS user_notes,"
        " (SELECT count(*) FROM conversations o WHERE o.user_id = c.user_id) AS chats,"
        " (SELECT count(*) FROM holds h JOIN conversations o ON o.id = h.conversation_id"
        "  WHERE o.user_id = c.user_id AND h.state = 'sold') AS bought"
        " FROM conversations c JOIN users u ON u.id = c.user_id WHERE c.id = ?",
        (conversation,),
    ).fetchone()
    if row is None:
        return None
    held = db.execute(
        "SELECT i.sku FROM holds h JOIN items i ON i.id = h.item_id"
        " WHERE h.conversation_id = ? AND h.state = 'active' ORDER BY h.id DESC",
        (conversation,),
    ).fetchall()
    return Card(
        conversation=conversation,
        user=row["user_id"],
        tiktok_id=row["tiktok_id"],
        name=row["display_name"] or "",
        dialect=row["dialect"],
        mode=row["mode"],
        queue=row["queue"],
        blocked=bool(row["blocked"]),
        language=row["language"],
        labels=tuple(str(label) for label in _list(row["labels"])),
        notes=row["notes"],
        user_notes=row["user_notes"],
        window_closes_at=row["window_closes_at"],
        quota_left=row["quota_left"],
        snoozed_until=row["snoozed_until"],
        auto_paused_until=row["auto_paused_until"],
        customer_read_at=row["customer_read_at"],
        live_draft=row["live_draft_id"],
        newest_customer_message=row["newest_customer_message_id"],
        version=row["version"],
        unread=row["unread"],
        chats=row["chats"],
        bought=row["bought"],
        holds=tuple(one[0] for one in held),
    )


def said(
    db: sqlite3.Connection, conversation: int, *, before: tuple[int, int] | None = None, limit: int = 60
) -> list[Said]:
    """Returns messages oldest first: the newest `limit`, or those before a message's (platform_at, id)."""
    at, number = before or (1 << 62, 1 << 62)
    found = db.execute(
        "SELECT id, role, source, kind, text, attachments, platform_at, state, platform_id FROM messages"
        " WHERE conversation_id = ? AND (platform_at, id) < (?, ?) ORDER BY platform_at DESC, id DESC LIMIT ?",
        (conversation, at, number, limit),
    ).fetchall()
    seen = pictures.of_messages(db, [row["id"] for row in found if row["kind"] == "image"])
    return [
        Said(
            id=row["id"],
            role=row["role"],
            source=row["source"],
            kind=row["kind"],
            text=row["text"],
            attachments=(seen[row["id"]].words,) if row["id"] in seen else _names(row["attachments"]),
            at=row["platform_at"],
            state=row["state"],
            platform_id=row["platform_id"],
            picture=seen.get(row["id"]),
        )
        for row in reversed(found)
    ]


def earlier_words(
    db: sqlite3.Connection, user: int, conversation: int, *, chats: int = 3, limit: int = 60
) -> list[str]:
    """Returns what a customer wrote in her other newest conversations, newest first, `limit` messages of each."""
    others = db.execute(
        "SELECT id FROM conversations WHERE user_id = ? AND id != ? ORDER BY id DESC LIMIT ?",
        (user, conversation, chats),
    ).fetchall()
    return [
        row[0]
        for other in others
        for row in db.execute(
            "SELECT text FROM (SELECT text, role FROM messages WHERE conversation_id = ?"
            " ORDER BY platform_at DESC, id DESC LIMIT ?) WHERE role = 'user'",
            (other[0], limit),
        )
    ]


def sendings(db: sqlite3.Connection, conversation: int) -> list[Sending]:
    """Returns what is on its way, in doubt, or failed and not yet seen, in the order it was decided."""
    return [
        Sending(
            id=row["id"],
            draft=row["draft_id"],
            who=row["who"],
            text=row["text"] if row["sku"] is None else f"[picture of {row['sku']}]",
            state=row["state"],
            send_after=row["send_after"],
            reason=row["reason"],
            tries=row["tries"],
            at=row["created_at"],
        )
        for row in db.execute(
            "SELECT d.id, d.draft_id, d.who, d.text, d.state, d.send_after, d.reason, d.tries, d.created_at, i.sku"
            " FROM deliveries d LEFT JOIN pictures p ON p.id = d.picture_id LEFT JOIN items i ON i.id = p.item_id"
            " WHERE d.conversation_id = ? AND (d.state IN"
            " ('held', 'queued', 'retrying', 'sending', 'unknown', 'needs_owner')"
            " OR (d.state IN ('failed', 'expired') AND d.acknowledged_at IS NULL)) ORDER BY d.id",
            (conversation,),
        )
    ]


def draft(db: sqlite3.Connection, number: int) -> DraftView | None:
    """Returns a draft with the claims and the rows behind it, or None if there is no such draft."""
    row = db.execute("SELECT * FROM drafts WHERE id = ?", (number,)).fetchone()
    if row is None:
        return None
    evidence = _object(row["evidence"])
    marks = tuple(
        Mark(
            start=one["span_start"],
            end=one["span_end"],
            kind=one["kind"],
            sku=one["sku"],
            field=one["field"],
            value=one["value"],
            backed=bool(one["backed"]),
            grounding=one["grounding"],
        )
        for one in db.execute("SELECT * FROM claims WHERE draft_id = ? ORDER BY span_start, id", (number,))
    )
    seen = {str(piece.get("sku")): piece for piece in evidence.get("pieces") or () if isinstance(piece, dict)}
    wanted = [mark.sku for mark in marks if mark.sku]
    wanted += [str(sku) for sku in _list(row["cited_skus"])]
    return DraftView(
        id=row["id"],
        conversation=row["conversation_id"],
        state=row["state"],
        text=row["text"],
        text_hash=row["text_hash"],
        thread_version=row["thread_version"],
        drafter=row["drafter"],
        model=row["model"],
        prompt=row["prompt"],
        prompt_version=row["prompt_version"],
        intent=row["intent"],
        language=row["language"],
        grounding=row["grounding"],
        verdict=row["verdict"],
        needs_owner=bool(row["needs_owner"]),
        hold_reason=row["hold_reason"],
        instruction=row["instruction"],
        translation=row["translation"],
        latency_ms=row["latency_ms"],
        cost_microcents=row["cost_microcents"],
        created_at=row["created_at"],
        ready_at=row["ready_at"],
        ended_reason=row["ended_reason"],
        reasons=tuple(_reason(one) for one in _list(row["reasons"])),
        marks=marks,
        basis=_basis(db, list(dict.fromkeys(wanted)), seen),
        searches=tuple(
            (str(one.get("query", "")), len(one.get("skus") or ()))
            for one in evidence.get("searches") or ()
            if isinstance(one, dict)
        ),
        policies=tuple(str(topic) for topic in evidence.get("policies") or ()),
        evidence=evidence,
    )


def _basis(db: sqlite3.Connection, skus: list[str], seen: dict[str, Any]) -> tuple[Basis, ...]:
    found = []
    for sku in skus[:20]:
        row = db.execute(
            "SELECT i.*, (SELECT coalesce(u.display_name, u.tiktok_id) FROM holds h"
            " JOIN conversations c ON c.id = h.conversation_id JOIN users u ON u.id = c.user_id"
            " WHERE h.item_id = i.id AND h.state = 'active') AS held_for FROM items i WHERE i.sku = ?",
            (sku,),
        ).fetchone()
        if row is None:
            continue
        then = seen.get(sku, {})
        found.append(
            Basis(
                sku=row["sku"],
                name=row["name"],
                status=row["status"],
                price_cents=row["price_cents"],
                currency=row["currency"],
                size=row["size_label"],
                condition=row["condition"],
                measurements={str(kind): int(mm) for kind, mm in _object(row["measurements"]).items()},
                revision=row["revision"],
                seen_revision=then.get("revision"),
                seen_status=then.get("status"),
                held_for=row["held_for"],
            )
        )
    return tuple(found)


def _reason(given: Any) -> tuple[int, int, str]:
    if isinstance(given, dict):
        span = given.get("span") or (0, 0)
        return int(span[0]), int(span[1]), str(given.get("reason", ""))
    return 0, 0, str(given)


def _names(attachments: str) -> tuple[str, ...]:
    """Names what is attached: its kind, and its own name where it has one."""
    names = []
    for one in _list(attachments):
        if isinstance(one, dict):
            names.append(" ".join(str(one[key]) for key in ("kind", "name") if one.get(key)) or "attachment")
        else:
            names.append(str(one))
    return tuple(names)


def _list(text: str | None) -> list[Any]:
    try:
        value = json.loads(text or "[]")
    except ValueError:
        return []
    return value if isinstance(value, list) else []


def _object(text: str | None) -> dict[str, Any]:
    try:
        value = json.loads(text or "{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
