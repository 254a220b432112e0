"""Step 2, draft: takes the drafts that are due, has them written, keeps them, and asks the policy.

No transaction is open while a drafter works: it is claimed in one, finished in another, and a draft that was
superseded meanwhile stays superseded.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from server import policy, stock
from server.agent.evidence import Evidence
from server.agent.port import Drafted, Drafter, DraftRequest, Turn
from server.settings import Settings
from store import drafts, holds, inbox, items
from store.clock import Clock
from store.database import Database
from store.draft import Draft
from store.drafts import FinishedDraft
from store.stock import Piece

log = logging.getLogger(__name__)

AT_ONCE: Final = 50
"""Drafts written side by side: a model call is waiting, not work."""

NAMED: Final = frozenset({"held_now", "line_place", "offered_now", "replaces", "note"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What writing drafts needs."""

    database: Database
    drafter: Drafter
    settings: Settings
    newest: Callable[[], Settings]
    """The settings with the switches of automatic replies as they are now."""
    policies: Callable[[], Mapping[str, str]]
    clock: Clock
    boot: str
    under_way: set[asyncio.Task[None]] = field(default_factory=set)
    """Drafts being written now."""


async def start_due(desk: Desk, written: Callable[[], None] = lambda: None) -> int:
    """Starts every draft that is due and for which there is room; returns how many. Does not wait for them.

    Nobody's draft waits for another's model call. `written` is called after each that ends: there is room again.
    """
    room = AT_ONCE - len(desk.under_way)
    if room <= 0:
        return 0
    claimed = await desk.database.write(drafts.claim_due, now=desk.clock(), boot=desk.boot, limit=room)

    def ended(task: asyncio.Task[None]) -> None:
        desk.under_way.discard(task)
        if not task.cancelled():
            fault = task.exception()
            if fault is not None:
                log.error("a draft could not be kept: %s", fault)
            written()

    for draft in claimed:
        task = asyncio.create_task(_write(desk, draft), name=f"draft {draft.id}")
        desk.under_way.add(task)
        task.add_done_callback(ended)
    return len(claimed)


async def write_due(desk: Desk) -> int:
    """Writes every draft that is due and waits for all of them; returns how many."""
    started = await start_due(desk)
    await asyncio.gather(*desk.under_way)
    return started


async def _write(desk: Desk, draft: Draft) -> None:
    try:
        request = await desk.database.read(request_for, draft, desk.settings, desk.policies())
        drafted = await desk.drafter.draft(request)
    except Exception as fault:
        log.exception("draft %d of conversation %d could not be written", draft.id, draft.conversation_id)
        reason = f"the drafter broke ({type(fault).__name__}); write this one yourself"
        await desk.database.write(drafts.fail, draft.id, reason, now=desk.clock())
        return
    await desk.database.write(keep, draft.id, drafted, desk.newest(), now=desk.clock())
    log.info(
        "draft %d of conversation %d by %s: %s, %s, %d ms",
        draft.id, draft.conversation_id, drafted.drafter, drafted.intent, drafted.verdict.verdict, drafted.latency_ms,
    )  # fmt: skip


def keep(db: sqlite3.Connection, draft_id: int, drafted: Drafted, settings: Settings, *, now: int) -> None:
    """Keeps a written draft and lets the policy consider it, in one transaction.

    A draft whose pieces were sold, held or changed while it was being written is taken back and asked for again.
    """
    if drafts.finish(db, draft_id, finished(drafted), now=now) and stock.still_true(db, draft_id, now=now):
        policy.consider(db, draft_id, now=now, settings=settings)


def request_for(db: sqlite3.Connection, draft: Draft, settings: Settings, policies: Mapping[str, str]) -> DraftRequest:
    """Gathers what a drafter may know of the draft's conversation."""
    conversation = inbox.conversation(db, draft.conversation_id)
    turns = inbox.history(db, draft.conversation_id, settings.agent.history)
    burst = inbox.unanswered(db, draft.conversation_id, limit=settings.agent.history)
    previous = None
    if draft.instruction is not None:
        row = db.execute(
            "SELECT p.text FROM drafts d JOIN drafts p ON p.id = d.redraft_of WHERE d.id = ?", (draft.id,)
        ).fetchone()
        previous = str(row["text"]) if row is not None else None
    return DraftRequest(
        conversation_id=draft.conversation_id,
        turns=tuple(Turn(role=row["role"], text=row["text"], kind=row["kind"]) for row in turns),
        unanswered=tuple(row["text"] for row in burst if row["text"]),
        customer_name=conversation.name,
        shared=_shared(db, burst),
        discussed=drafts.discussed(db, draft.conversation_id),
        held_for_her=tuple(holds.held_for(db, draft.conversation_id)),
        instruction=draft.instruction,
        previous=previous,
        shop_name=settings.shop.name,
        currency=settings.shop.currency,
        unit=settings.shop.unit,
        policies=policies,
        **{name: value for name, value in draft.facts.items() if name in NAMED},
    )


def _shared(db: sqlite3.Connection, burst: list[sqlite3.Row]) -> tuple[Piece, ...]:
    posts = [
        str(attached.get("video_id") or attached.get("item_id") or "")
        for row in burst
        if row["kind"] == "share_post"
        for attached in inbox.attachments(row)
    ]
    found = (items.by_post(db, post) for post in posts if post)
    return tuple(piece for piece in found if piece is not None)


def finished(drafted: Drafted) -> FinishedDraft:
    """Turns a drafter's answer into what the store keeps."""
    verdict = drafted.verdict
    return FinishedDraft(
        text=drafted.text,
        drafter=drafted.drafter,
        intent=drafted.intent,
        intents=drafted.intents,
        language=drafted.language,
        grounding=verdict.grounding,
        verdict=verdict.verdict,
        reasons=[reason.as_json() for reason in verdict.reasons],
        claims=[{**claim.as_json(), "grounding": claim.grounding} for claim in verdict.claims],
        evidence=evidence_json(drafted.evidence),
        needs_owner=drafted.needs_owner,
        hold_reason=drafted.hold_reason,
        cited_skus=drafted.cited_skus,
        model=drafted.model,
        prompt=drafted.prompt,
        prompt_version=drafted.prompt_version,
        prompt_hash=drafted.prompt_hash,
        translation=drafted.translation,
        request_id=drafted.request_id,
        tokens_in=drafted.tokens_in,
        tokens_out=drafted.tokens_out,
        cost_microcents=drafted.cost_microcents,
        latency_ms=drafted.latency_ms,
        model_calls=drafted.model_calls,
        tool_calls=drafted.tool_calls,
    )


def evidence_json(evidence: Evidence) -> dict[str, Any]:
    """Returns the evidence as it is kept with a draft: the rows as they were read, with their revisions."""
    return {
        "pieces": [{**piece.as_json(evidence.unit), "revision": piece.revision} for piece in evidence.pieces],
        "searches": [
            {"query": search.query, "skus": list(search.skus), "exact": search.exact, "filters": dict(search.filters)}
            for search in evidence.searches
        ],
        "policies": dict(evidence.policies),
        "unit": evidence.unit,
        "currency": evidence.currency,
        "held_for_her": sorted(evidence.held_for_her),
    }
