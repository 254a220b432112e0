"""The facts that the policy decides on, read in one transaction: when it decides, and when the message leaves."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from server.agent import intents, untrusted
from server.settings import Settings
from store import autonomy, drafts, holds, inbox, items, outbox, switches, verdicts
from store.clock import DAY, SECOND
from store.draft import Draft

LOOKED_BACK: Final = 5
"""Customer messages in which no escalation word may stand."""

_ASIDE: Final = frozenset({"greeting", "thanks"})
_READABLE_KINDS: Final = frozenset({"text", "share_post"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFacts:
    """Everything the policy decides on, as read in one transaction. Unknown is None, and None is never good enough."""

    now: int
    minute_of_day: int
    """In the shop's time zone."""
    paused: bool
    conversation_mode: str
    auto_paused_until: int | None
    blocked: bool
    state: str
    cause: str
    drafter: str | None
    needs_owner: bool
    hold_reason: str | None
    draft_intents: tuple[str, ...]
    rule_intents: tuple[str, ...]
    verdict: str | None
    grounding: str | None
    claims: int
    unbacked: int
    """Claims that no row and no policy backs."""
    pieces_named: int
    """Pieces that backed claims name."""
    exact: bool
    """Every search of the draft found what was asked, not something near it."""
    stock_broken: str | None
    """What in the stock is no longer as the draft saw it."""
    promised_elsewhere: str | None
    """A piece of it for which another customer stands in line."""
    window_left_ms: int | None
    quota_left: int | None
    answers_newest: bool
    unseen_media: bool
    typing_ms_ago: int | None
    in_a_row: int
    in_a_day: int
    open_deliveries: int
    escalations: tuple[str, ...]
    injections: tuple[str, ...]
    language: str | None
    languages: tuple[str, ...]
    length: int
    standings: Mapping[str, autonomy.Standing]

    @property
    def kinds(self) -> tuple[str | None, ...]:
        """Returns what is asked, as kinds of question that are earned; None for one that never is."""
        asked = [intent for intent in self.rule_intents if intent not in _ASIDE] or list(self.rule_intents)
        return tuple(dict.fromkeys(autonomy.KINDS.get(intent) for intent in asked))


def facts_of(
    db: sqlite3.Connection, draft_id: int, *, now: int, settings: Settings, leaving: int | None = None
) -> PolicyFacts:
    """Reads the facts in the caller's transaction. `leaving` is the delivery of the draft that is about to leave."""
    draft = drafts.get(db, draft_id)
    conversation = inbox.conversation(db, draft.conversation_id)
    burst = inbox.unanswered(db, draft.conversation_id)
    texts = [str(row["text"]) for row in burst if row["text"]]
    recent = _recent(db, draft.conversation_id)
    languages = settings.agent.languages
    reading = intents.read(texts, languages)
    promises = verdicts.promises_of(db, draft_id)
    local = datetime.fromtimestamp(now / SECOND, UTC).astimezone(ZoneInfo(settings.shop.timezone))
    rules = settings.auto_reply
    state = draft.state
    if leaving is not None and state == "approved":
        # Decided by the policy itself and not taken back: as good as ready.
        state = "ready"
    return PolicyFacts(
        now=now,
        minute_of_day=local.hour * 60 + local.minute,
        paused=switches.is_paused(db),
        conversation_mode=conversation.mode,
        auto_paused_until=conversation.auto_paused_until,
        blocked=conversation.blocked,
        state=state,
        cause=draft.cause,
        drafter=draft.drafter,
        needs_owner=draft.needs_owner,
        hold_reason=draft.hold_reason,
        draft_intents=tuple(dict.fromkeys((draft.intent or "", *draft.intents))) if draft.intent else (),
        rule_intents=reading.intents,
        verdict=draft.verdict,
        grounding=draft.grounding,
        claims=len(draft.claims),
        unbacked=sum(1 for claim in draft.claims if not claim["backed"] or claim["grounding"] == "inferred"),
        pieces_named=len({claim["sku"] for claim in draft.claims if claim["backed"] and claim["sku"]}),
        exact=all(search.get("exact", False) for search in draft.evidence.get("searches", ())),
        stock_broken=items.promise_broken(db, promises, draft.conversation_id) if promises else None,
        promised_elsewhere=_promised_elsewhere(db, draft, promises),
        window_left_ms=None if conversation.window_closes_at is None else conversation.window_closes_at - now,
        quota_left=conversation.quota_left,
        answers_newest=draft.thread_version == (conversation.newest_customer_message_id or -1)
        and bool(burst)
        and not _unapplied(db, conversation.platform_id),
        unseen_media=any(row["kind"] not in _READABLE_KINDS for row in burst) or _unknown_posts(db, burst),
        typing_ms_ago=_typing_ago(db, draft.conversation_id, now),
        in_a_row=_automatic_in_a_row(db, draft.conversation_id, leaving),
        in_a_day=_automatic_in_a_day(db, conversation.user_id, now, leaving),
        open_deliveries=sum(1 for one in outbox.of_conversation(db, draft.conversation_id) if one.id != leaving),
        escalations=intents.escalations_of(recent, languages),
        injections=tuple(dict.fromkeys(name for text in recent for name in untrusted.injection_signals(text))),
        language=reading.language if draft.language == reading.language else None,
        languages=tuple(languages),
        length=len(draft.text),
        standings={
            one.kind: one
            for one in autonomy.all_kinds(
                db, needed=rules.earn_decisions, earn=rules.earn_unedited, lose=rules.lose_unedited
            )
        },
    )


def _recent(db: sqlite3.Connection, conversation_id: int) -> list[str]:
    rows = db.execute(
        "SELECT text FROM messages WHERE conversation_id = ? AND role = 'user' ORDER BY platform_at DESC, id DESC"
        " LIMIT ?",
        (conversation_id, LOOKED_BACK),
    )
    return [str(row["text"]) for row in rows]


def _unapplied(db: sqlite3.Connection, thread: str) -> bool:
    """Tells whether something of this thread has arrived and is not applied yet: it may be her next message."""
    row = db.execute("SELECT 1 FROM inbound_events WHERE state = 'received' AND thread = ? LIMIT 1", (thread,))
    return row.fetchone() is not None


def _promised_elsewhere(db: sqlite3.Connection, draft: Draft, promises: list[dict[str, Any]]) -> str | None:
    for promise in promises:
        row = db.execute("SELECT id FROM items WHERE sku = ?", (promise["sku"],)).fetchone()
        if row is None:
            return f"{promise['sku']} is not in the stock any more"
        if any(other != draft.conversation_id for other in holds.line(db, int(row["id"]))):
            return f"another customer stands in line for {promise['sku']}"
    return None


def _unknown_posts(db: sqlite3.Connection, burst: list[sqlite3.Row]) -> bool:
    """Tells whether she shared a post that shows no piece we know: only the owner can say what it shows."""
    for row in burst:
        if row["kind"] != "share_post":
            continue
        named = [str(one.get("video_id") or one.get("item_id") or "") for one in inbox.attachments(row)]
        if not any(post and items.by_post(db, post) is not None for post in named):
            return True
    return False


def _typing_ago(db: sqlite3.Connection, conversation_id: int, now: int) -> int | None:
    value = switches.get(db, f"typing:{conversation_id}")
    return now - int(value) if value is not None and value.isdigit() and int(value) > 0 else None


_NOT_GONE: Final = "state NOT IN ('cancelled', 'failed', 'expired', 'dropped')"


def _automatic_in_a_row(db: sqlite3.Connection, conversation_id: int, leaving: int | None) -> int:
    """Counts automatic replies since the owner last answered here, on her phone or in the inbox."""
    row = db.execute(
        f"SELECT count(*) AS n FROM deliveries WHERE conversation_id = :id AND who = 'auto' AND {_NOT_GONE}"
        " AND id IS NOT :leaving AND created_at > max("
        f" coalesce((SELECT max(created_at) FROM deliveries WHERE conversation_id = :id AND who != 'auto'"
        f"  AND {_NOT_GONE}), 0),"
        " coalesce((SELECT max(received_at) FROM messages WHERE conversation_id = :id AND role = 'assistant'"
        "  AND source IN ('owner', 'phone')), 0))",
        {"id": conversation_id, "leaving": leaving},
    ).fetchone()
    return int(row["n"])


def _automatic_in_a_day(db: sqlite3.Connection, user_id: int, now: int, leaving: int | None) -> int:
    """Counts automatic replies to this customer within 24 hours, in all her conversations."""
    row = db.execute(
        "SELECT count(*) AS n FROM deliveries d JOIN conversations c ON c.id = d.conversation_id"
        f" WHERE c.user_id = ? AND d.who = 'auto' AND d.{_NOT_GONE} AND d.id IS NOT ? AND d.created_at > ?",
        (user_id, leaving, now - DAY),
    ).fetchone()
    return int(row["n"])
