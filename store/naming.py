"""Which live drafts name a piece: the ones that a sale, a hold or a new price makes untrue."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from store import items

FACTS: Final = ("held_now", "offered_now", "replaces")
"""Facts of a draft that name a piece."""

READ_WORDS_OF: Final = 50
"""Pieces whose names are looked for in the owner's own words; an import of thousands goes by the rows alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A live draft and those of the pieces that it speaks of."""

    draft_id: int
    conversation_id: int
    skus: frozenset[str]
    facts: Mapping[str, Any] = field(default_factory=dict)


def live_drafts(db: sqlite3.Connection, skus: Iterable[str]) -> list[Named]:
    """Finds the live drafts that name any of the pieces, in one pass over all live drafts.

    A draft names what its claims, its citations and its facts name. One without any of these, such as a text of the
    owner's own, names what was read for it and what its words call by SKU or name.
    """
    wanted = frozenset(skus)
    if not wanted:
        return []
    # The planner would rather read every draft there ever was than the partial index of the few that live.
    claimed: dict[int, set[str]] = {}
    for row in db.execute(
        "SELECT c.draft_id, c.sku FROM drafts d INDEXED BY drafts_one_live CROSS JOIN claims c ON c.draft_id = d.id"
        " WHERE d.state IN ('queued', 'drafting', 'ready') AND c.sku IS NOT NULL"
    ):
        claimed.setdefault(int(row["draft_id"]), set()).add(str(row["sku"]))
    words = _words(db, wanted)
    found = []
    for row in db.execute(
        "SELECT id, conversation_id, text, cited_skus, evidence, facts FROM drafts INDEXED BY drafts_one_live"
        " WHERE state IN ('queued', 'drafting', 'ready') ORDER BY id"
    ).fetchall():
        facts = json.loads(row["facts"])
        named = claimed.get(int(row["id"]), set()) | set(json.loads(row["cited_skus"]))
        named |= {str(facts[name]) for name in FACTS if facts.get(name)}
        if not named:
            named |= {str(piece["sku"]) for piece in json.loads(row["evidence"]).get("pieces", ())}
            named |= {sku for sku, pattern in words.items() if pattern.search(row["text"])}
        if named & wanted:
            found.append(
                Named(
                    draft_id=int(row["id"]),
                    conversation_id=int(row["conversation_id"]),
                    skus=frozenset(named & wanted),
                    facts=facts,
                )
            )
    return found


def _words(db: sqlite3.Connection, skus: frozenset[str]) -> dict[str, re.Pattern[str]]:
    if len(skus) > READ_WORDS_OF:
        return {}
    # Two characters are a size or a number sooner than they are a piece.
    calls = {
        piece.sku: [call for call in (piece.sku, piece.name) if len(call) > 2] for piece in items.get_many(db, skus)
    }
    return {
        sku: re.compile(rf"(?<!\w)(?:{'|'.join(re.escape(call) for call in named)})(?!\w)", re.IGNORECASE)
        for sku, named in calls.items()
        if named
    }
