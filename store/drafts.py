"""Drafts: one live at most in a conversation, bound to the newest message it answers."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from store import inbox, journal
from store.draft import Draft, claims_of, from_row
from store.errors import NotAllowed, NotFound

UNWRITTEN: Final = "state IN ('queued', 'drafting')"
"""The words of the index `drafts_due`: a query that does not repeat them reads every draft there ever was."""


CARRYING: Final = ("message", "instruct")
"""Causes whose draft still has to tell what the one before it was to tell: a hold, a sale, a place in the line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedDraft:
    """What a drafter wrote, ready to be kept; JSON values are plain lists and dicts."""

    text: str
    drafter: str
    intent: str
    grounding: str
    verdict: str
    intents: Sequence[str] = ()
    language: str | None = None
    reasons: Sequence[Mapping[str, Any]] = ()
    """[{"span": [a, b], "kind": …, "reason": …}]"""
    claims: Sequence[Mapping[str, Any]] = ()
    """[{"span": [a, b], "kind", "sku", "field", "value", "backed", "grounding"}]"""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    needs_owner: bool = False
    hold_reason: str | None = None
    cited_skus: Sequence[str] = ()
    model: str | None = None
    prompt: str | None = None
    prompt_version: int | None = None
    prompt_hash: str | None = None
    translation: str | None = None
    request_id: str | None = None
    tokens_in: int = 0
    tokens_out: int = 0
    cost_microcents: int = 0
    latency_ms: int = 0
    model_calls: int = 0
    tool_calls: int = 0


def hash_of(text: str) -> str:
    """Returns the hash a decision is bound to: of the text's NFC form, since that is what is sent and compared."""
    return hashlib.sha256(unicodedata.normalize("NFC", text).encode()).hexdigest()


def enqueue(
    db: sqlite3.Connection,
    conversation_id: int,
    *,
    now: int,
    debounce_ms: int = 0,
    limit_ms: int = 0,
    cause: str = "message",
    facts: Mapping[str, Any] | None = None,
    instruction: str | None = None,
) -> int:
    """Asks for a draft of the conversation's newest state and supersedes the live one; returns the new draft's id.

    Waits for `debounce_ms` of silence, but never longer than `limit_ms` since the burst began.
    """
    conversation = db.execute(
        "SELECT newest_customer_message_id FROM conversations WHERE id = ?", (conversation_id,)
    ).fetchone()
    if conversation is None:
        raise NotFound(f"There is no conversation {conversation_id}. philia inbox list shows them.")
    old = _live_row(db, conversation_id)
    burst, told = now, dict(facts or {})
    if old is not None:
        if cause in CARRYING:
            told = {**json.loads(old["facts"]), **told}
        if old["state"] in {"queued", "drafting"}:
            burst = int(old["burst_started_at"])
        _end(db, old, "superseded", f"a newer one was asked for ({cause})", now=now)
    due = min(now + debounce_ms, burst + limit_ms) if limit_ms else now + debounce_ms
    previous = old["id"] if old is not None and cause != "message" else None
    cursor = db.execute(
        "INSERT INTO drafts (conversation_id, state, thread_version, burst_started_at, due_at, cause, facts,"
        " instruction, redraft_of, created_at) VALUES (?, 'queued', ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            conversation_id,
            conversation["newest_customer_message_id"] or 0,
            burst,
            max(due, now),
            cause,
            json.dumps(told),
            instruction,
            previous,
            now,
        ),
    )
    draft_id = int(cursor.lastrowid or 0)
    journal.note(
        db, now=now, who="server", what="draft", subject="draft", subject_id=draft_id, conversation=conversation_id,
        new="queued", why=cause,
    )  # fmt: skip
    inbox.refresh(db, conversation_id, now=now)
    return draft_id


def claim_due(db: sqlite3.Connection, *, now: int, boot: str, limit: int = 8) -> list[Draft]:
    """Takes the drafts that are due, oldest first, for this boot to write."""
    rows = db.execute(
        f"SELECT id FROM drafts WHERE {UNWRITTEN} AND state = 'queued' AND due_at <= ? ORDER BY due_at, id LIMIT ?",
        (now, limit),
    ).fetchall()
    for row in rows:
        db.execute("UPDATE drafts SET state = 'drafting', boot = ? WHERE id = ?", (boot, row["id"]))
    return [get(db, int(row["id"])) for row in rows]


def next_due(db: sqlite3.Connection) -> int | None:
    """Returns when the next queued draft is due, or None when none waits."""
    row = db.execute(f"SELECT min(due_at) AS due FROM drafts WHERE {UNWRITTEN} AND state = 'queued'").fetchone()
    return None if row["due"] is None else int(row["due"])


def requeue_lost(db: sqlite3.Connection, *, boot: str, now: int) -> int:
    """Puts back what another boot was writing when it ended; returns how many."""
    cursor = db.execute(
        "UPDATE drafts SET state = 'queued', boot = NULL, due_at = ?"
        f" WHERE {UNWRITTEN} AND state = 'drafting' AND boot IS NOT ?",
        (now, boot),
    )
    return cursor.rowcount


def finish(db: sqlite3.Connection, draft_id: int, result: FinishedDraft, *, now: int) -> bool:
    """Keeps what the drafter wrote and makes it ready; False when it was superseded or withdrawn meanwhile.

    Tokens and cost are kept either way: they were spent.
    """
    row = _row(db, draft_id)
    wanted = row["state"] == "drafting"
    db.execute(
        "UPDATE drafts SET text = ?, text_hash = ?, drafter = ?, model = ?, prompt = ?, prompt_version = ?,"
        " prompt_hash = ?, intent = ?, intents = ?, language = ?, grounding = ?, verdict = ?, reasons = ?,"
        " evidence = ?, needs_owner = ?, hold_reason = ?, cited_skus = ?, translation = ?, request_id = ?,"
        " tokens_in = ?, tokens_out = ?, cost_microcents = ?, latency_ms = ?, model_calls = ?, tool_calls = ?"
        " WHERE id = ?",
        (
            result.text,
            hash_of(result.text),
            result.drafter,
            result.model,
            result.prompt,
            result.prompt_version,
            result.prompt_hash,
            result.intent,
            json.dumps(list(result.intents)),
            result.language,
            result.grounding,
            result.verdict,
            json.dumps(list(result.reasons), ensure_ascii=False),
            json.dumps(dict(result.evidence), ensure_ascii=False),
            result.needs_owner,
            result.hold_reason,
            json.dumps(list(result.cited_skus)),
            result.translation,
            result.request_id,
            result.tokens_in,
            result.tokens_out,
            result.cost_microcents,
            result.latency_ms,
            result.model_calls,
            result.tool_calls,
            draft_id,
        ),
    )
    db.execute("DELETE FROM claims WHERE draft_id = ?", (draft_id,))
    db.executemany(
        "INSERT INTO claims (draft_id, span_start, span_end, kind, sku, field, value, backed, grounding)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                draft_id,
                claim["span"][0],
                claim["span"][1],
                claim["kind"],
                claim["sku"],
                claim["field"],
                claim["value"],
                bool(claim["backed"]),
                claim.get("grounding", "inferred"),
            )
            for claim in result.claims
        ],
    )
    if not wanted:
        return False
    db.execute("UPDATE drafts SET state = 'ready', ready_at = ? WHERE id = ?", (now, draft_id))
    journal.note(
        db, now=now, who="server", what="draft", subject="draft", subject_id=draft_id,
        conversation=int(row["conversation_id"]), old="drafting", new="ready", why=result.hold_reason,
    )  # fmt: skip
    inbox.refresh(db, int(row["conversation_id"]), now=now)
    return True


def fail(db: sqlite3.Connection, draft_id: int, reason: str, *, now: int) -> bool:
    """Ends a draft that could not be written, with the reason the owner reads; False when it had ended already."""
    row = _row(db, draft_id)
    if row["state"] not in {"queued", "drafting"}:
        return False
    _end(db, row, "failed", reason, now=now)
    inbox.refresh(db, int(row["conversation_id"]), now=now)
    return True


def withdraw(db: sqlite3.Connection, draft_id: int, reason: str, *, now: int, who: str = "server") -> bool:
    """Takes a live draft back with a reason the owner reads; False when it was not live any more."""
    row = _row(db, draft_id)
    if row["state"] not in {"queued", "drafting", "ready"}:
        return False
    _end(db, row, "withdrawn", reason, now=now, who=who)
    inbox.refresh(db, int(row["conversation_id"]), now=now)
    return True


def withdraw_closed(db: sqlite3.Connection, *, now: int, limit: int = 500) -> int:
    """Withdraws the live drafts of conversations whose reply window has closed; returns how many."""
    rows = db.execute(
        "SELECT live_draft_id AS id FROM conversations"
        " WHERE live_draft_id IS NOT NULL AND window_closes_at <= ? LIMIT ?",
        (now, limit),
    ).fetchall()
    for row in rows:
        withdraw(db, int(row["id"]), "the reply window closed; TikTok takes no reply until she writes again", now=now)
    return len(rows)


def decide(db: sqlite3.Connection, draft_id: int, state: str, *, now: int, who: str, final_text: str | None) -> None:
    """Ends a ready draft by a decision (approved, edited, rejected). Raises NotAllowed when it is not ready."""
    row = _row(db, draft_id)
    if row["state"] != "ready":
        raise NotAllowed(
            f"Draft {draft_id} is {row['state']}, not ready: {row['ended_reason'] or 'nothing to decide'}."
        )
    _end(db, row, state, None, now=now, who=who, final_text=final_text)
    inbox.refresh(db, int(row["conversation_id"]), now=now)


def get(db: sqlite3.Connection, draft_id: int) -> Draft:
    """Returns a draft. Raises NotFound."""
    return from_row(_row(db, draft_id), claims_of(db, draft_id))


def live(db: sqlite3.Connection, conversation_id: int) -> Draft | None:
    """Returns the one draft of the conversation that is queued, being written or ready."""
    row = _live_row(db, conversation_id)
    return None if row is None else from_row(row, claims_of(db, int(row["id"])))


def latest(db: sqlite3.Connection, conversation_id: int) -> Draft | None:
    """Returns the newest draft of the conversation, whatever became of it."""
    row = db.execute(
        "SELECT * FROM drafts WHERE conversation_id = ? ORDER BY id DESC LIMIT 1", (conversation_id,)
    ).fetchone()
    return None if row is None else from_row(row, claims_of(db, int(row["id"])))


def discussed(db: sqlite3.Connection, conversation_id: int, *, limit: int = 5) -> tuple[str, ...]:
    """Returns the SKUs that the conversation's last drafts stood on, newest first: what "it" may mean."""
    rows = db.execute(
        "SELECT cited_skus FROM drafts WHERE conversation_id = ? AND cited_skus != '[]' ORDER BY id DESC LIMIT ?",
        (conversation_id, limit),
    )
    return tuple(dict.fromkeys(str(sku) for row in rows for sku in json.loads(row["cited_skus"])))


def _row(db: sqlite3.Connection, draft_id: int) -> sqlite3.Row:
    row: sqlite3.Row | None = db.execute("SELECT * FROM drafts WHERE id = ?", (draft_id,)).fetchone()
    if row is None:
        raise NotFound(f"There is no draft {draft_id}. philia inbox list --json shows them.")
    return row


def _live_row(db: sqlite3.Connection, conversation_id: int) -> sqlite3.Row | None:
    row: sqlite3.Row | None = db.execute(
        "SELECT * FROM drafts WHERE conversation_id = ? AND state IN ('queued', 'drafting', 'ready')",
        (conversation_id,),
    ).fetchone()
    return row


def _end(
    db: sqlite3.Connection,
    row: sqlite3.Row,
    state: str,
    reason: str | None,
    *,
    now: int,
    who: str = "server",
    final_text: str | None = None,
) -> None:
    db.execute(
        "UPDATE drafts SET state = ?, ended_at = ?, ended_reason = ?, final_text = ? WHERE id = ?",
        (state, now, reason, final_text, row["id"]),
    )
    journal.note(
        db, now=now, who=who, what="draft", subject="draft", subject_id=int(row["id"]),
        conversation=int(row["conversation_id"]), old=str(row["state"]), new=state, why=reason,
    )  # fmt: skip
