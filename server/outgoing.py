"""What every decision ends in: a delivery in the outbox, held for the time to undo."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from server import gate
from server.settings import Delivery as DeliverySettings
from store import failpoints, outbox
from store.drafts import hash_of
from store.pictures import ItemPicture


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What a decision made: the delivery, until when it can be taken back, and warnings that did not stop it."""

    delivery_id: int
    send_after: int
    warnings: tuple[str, ...] = ()


def put_out(
    db: sqlite3.Connection,
    passed: gate.Passed,
    text: str,
    *,
    draft_id: int | None,
    verdict_id: int | None,
    who: str,
    settings: DeliverySettings,
    send_now: bool,
    promises: Sequence[Mapping[str, Any]],
    again_of: int | None = None,
    picture: ItemPicture | None = None,
    now: int,
) -> Decided:
    """Puts what passed the gate into the outbox, a text, or the picture when there is one."""
    held_until = gate.send_after(passed, settings, automatic=who == "auto", at_once=send_now, now=now)
    delivery_id = outbox.add(
        db,
        conversation_id=passed.conversation.id,
        draft_id=draft_id,
        verdict_id=verdict_id,
        who=who,
        text=text,
        text_hash=hash_of(text) if picture is None else picture.sha256,
        picture_id=None if picture is None else picture.id,
        send_after=held_until,
        deadline=passed.deadline,
        decided_against=passed.conversation.newest_customer_message_id,
        promises=promises,
        again_of=again_of,
        now=now,
    )
    failpoints.reach(1)
    return Decided(delivery_id=delivery_id, send_after=held_until, warnings=passed.warnings)
