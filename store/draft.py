"""A draft as its row says it: what the decisions, the scripts and the screen read."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A draft as its row says it, with its claims."""

    id: int
    conversation_id: int
    state: str
    thread_version: int
    text: str
    text_hash: str
    drafter: str | None
    model: str | None
    prompt: str | None
    prompt_version: int | None
    intent: str | None
    intents: tuple[str, ...]
    language: str | None
    grounding: str | None
    verdict: str | None
    reasons: tuple[Mapping[str, Any], ...]
    claims: tuple[Mapping[str, Any], ...]
    evidence: Mapping[str, Any]
    needs_owner: bool
    hold_reason: str | None
    cause: str
    facts: Mapping[str, Any]
    instruction: str | None
    translation: str | None
    cited_skus: tuple[str, ...]
    latency_ms: int | None
    due_at: int
    created_at: int
    ready_at: int | None
    ended_reason: str | None


def claims_of(db: sqlite3.Connection, draft_id: int) -> list[dict[str, Any]]:
    """Returns a draft's claims in the order of the text."""
    return claims_by_draft(db, [draft_id])[draft_id]


def claims_by_draft(db: sqlite3.Connection, draft_ids: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    """Returns the claims of several drafts, of each in the order of its text; at most 500 drafts at once."""
    found: dict[int, list[dict[str, Any]]] = {draft_id: [] for draft_id in draft_ids}
    marks = ", ".join("?" * len(draft_ids))
    for row in db.execute(f"SELECT * FROM claims WHERE draft_id IN ({marks}) ORDER BY span_start, id", draft_ids):
        found[row["draft_id"]].append(
            {
                "span": [row["span_start"], row["span_end"]],
                "kind": row["kind"],
                "sku": row["sku"],
                "field": row["field"],
                "value": row["value"],
                "backed": bool(row["backed"]),
                "grounding": row["grounding"],
            }
        )
    return found


def from_row(row: sqlite3.Row, claims: Sequence[Mapping[str, Any]]) -> Draft:
    """Reads a draft from its row and its claims."""
    return Draft(
        id=row["id"],
        conversation_id=row["conversation_id"],
        state=row["state"],
        thread_version=row["thread_version"],
        text=row["final_text"] if row["final_text"] is not None else row["text"],
        text_hash=row["text_hash"],
        drafter=row["drafter"],
        model=row["model"],
        prompt=row["prompt"],
        prompt_version=row["prompt_version"],
        intent=row["intent"],
        intents=tuple(json.loads(row["intents"])),
        language=row["language"],
        grounding=row["grounding"],
        verdict=row["verdict"],
        reasons=tuple(json.loads(row["reasons"])),
        claims=tuple(claims),
        evidence=json.loads(row["evidence"]),
        needs_owner=bool(row["needs_owner"]),
        hold_reason=row["hold_reason"],
        cause=row["cause"],
        facts=json.loads(row["facts"]),
        instruction=row["instruction"],
        translation=row["translation"],
        cited_skus=tuple(json.loads(row["cited_skus"])),
        latency_ms=row["latency_ms"],
        due_at=row["due_at"],
        created_at=row["created_at"],
        ready_at=row["ready_at"],
        ended_reason=row["ended_reason"],
    )
