"""The only door to the outbox, for the owner, the policy and scripts alike.

Every function runs inside the caller's writing transaction, so that verdict, delivery and draft change together or
not at all, and raises Stale, NotAllowed or NotFound with a sentence for the owner when nothing was changed. The inbox
calls them too: nothing heavy may be imported here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from server import gate, learning
from server.offering import TELLS_GONE, offered
from server.outgoing import Decided as Decided  # noqa: PLC0414  # what the door gives back
from server.outgoing import put_out
from server.settings import Delivery as DeliverySettings
from store import autonomy, drafts, items, journal, outbox, pictures, switches, verdicts
from store.draft import Draft
from store.drafts import hash_of
from store.errors import NotAllowed, Stale
from store.outbox import Delivery
from store.states import WAITING_DELIVERIES

Decision = Literal["approve", "edit", "auto"]
Resolution = Literal["sent", "again", "drop"]

ENDED_WORDS: Final[Mapping[str, str]] = {
    "superseded": "She wrote again, and a new draft is being written. Read it first.",
    "withdrawn": "This draft was withdrawn",
    "queued": "This draft is still being written.",
    "drafting": "This draft is still being written.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """A text that was taken back, and the draft that holds it now, if one could."""

    text: str
    draft_id: int | None


def approve(
    db: sqlite3.Connection,
    draft_id: int,
    *,
    now: int,
    who: str = "owner",
    settings: DeliverySettings,
    send_now: bool = False,
    seen_hash: str | None = None,
) -> Decided:
    """Sends a ready draft as it stands; `seen_hash` is of the text that was on the screen, if it is known."""
    draft = _ready(db, draft_id, seen_hash)
    return _decide(db, draft, draft.text, "approve", now=now, who=who, settings=settings, send_now=send_now)


def edit(
    db: sqlite3.Connection,
    draft_id: int,
    text: str,
    *,
    now: int,
    who: str = "owner",
    settings: DeliverySettings,
    send_now: bool = False,
    seen_hash: str | None = None,
) -> Decided:
    """Sends the owner's own wording in place of a ready draft; an unchanged text is an approval."""
    draft = _ready(db, draft_id, seen_hash)
    decision: Decision = "approve" if text == draft.text else "edit"
    return _decide(db, draft, text, decision, now=now, who=who, settings=settings, send_now=send_now)


def auto(
    db: sqlite3.Connection,
    draft_id: int,
    rules: Sequence[Mapping[str, Any]],
    *,
    now: int,
    settings: DeliverySettings,
    seen_hash: str | None = None,
) -> Decided:
    """Sends a ready draft by the policy, whose rules and answers are kept; a new message cancels it until it leaves."""
    draft = _ready(db, draft_id, seen_hash)
    if switches.is_paused(db):
        raise NotAllowed("Everything is paused, so nothing goes out by itself. Resume with: philia resume")
    if outbox.of_conversation(db, draft.conversation_id):
        raise NotAllowed("Another reply of this conversation is still on its way.")
    return _decide(db, draft, draft.text, "auto", now=now, who="auto", settings=settings, rules=rules)


def shadow(db: sqlite3.Connection, draft_id: int, rules: Sequence[Mapping[str, Any]], *, now: int) -> int:
    """Notes that the policy would have sent a draft, and sends nothing; returns the verdict's id."""
    draft = drafts.get(db, draft_id)
    return verdicts.on_draft(db, draft, "shadow", who="auto", rules=rules, now=now)


def _ready(db: sqlite3.Connection, draft_id: int, seen_hash: str | None) -> Draft:
    draft = drafts.get(db, draft_id)
    if draft.state == "superseded":
        raise Stale(ENDED_WORDS["superseded"])
    if draft.state == "withdrawn":
        raise Stale(f"{ENDED_WORDS['withdrawn']}: {draft.ended_reason or 'it no longer fits'}.")
    if draft.state != "ready":
        raise NotAllowed(ENDED_WORDS.get(draft.state, f"Draft {draft_id} was decided already: it is {draft.state}."))
    if seen_hash is not None and seen_hash not in (draft.text_hash, hash_of(draft.text)):
        raise Stale("The draft was written anew since you saw it, so nothing was sent. Read it again.")
    return draft


def _decide(
    db: sqlite3.Connection,
    draft: Draft,
    text: str,
    decision: Decision,
    *,
    now: int,
    who: str,
    settings: DeliverySettings,
    send_now: bool = False,
    rules: Sequence[Mapping[str, Any]] = (),
) -> Decided:
    passed = gate.check(db, draft.conversation_id, text, settings, now=now)
    gate.check_newest(passed.conversation, draft.thread_version)
    promises = verdicts.promises_of(db, draft.id)
    if decision == "edit":
        # The owner says that it is gone: then its being gone must not hold her words back.
        kept = [] if TELLS_GONE.search(text) else promises
        offers = offered(db, text, promises, draft.conversation_id)
        promises = [*kept, *(one for one in offers if one["sku"] not in {has["sku"] for has in kept})]
    broken = items.promise_broken(db, promises, draft.conversation_id) if promises else None
    if broken is not None:
        raise Stale(f"{broken}, so nothing was sent. Edit the reply, or ask for a new draft.")
    if decision != "auto":
        _owner_answers(db, draft.conversation_id, now=now, who=who)
        # Before the draft takes on her wording: what she changed counts for or against automatic replies.
        autonomy.settle_shadow(db, draft.id, text, now=now)
    verdict_id = verdicts.on_draft(db, draft, decision, who=who, text=text, rules=rules, now=now)
    state = "edited" if decision == "edit" else "approved"
    drafts.decide(db, draft.id, state, now=now, who=who, final_text=text)
    if decision == "edit":
        learning.learn(db, now=now)
    return put_out(
        db, passed, text, draft_id=draft.id, verdict_id=verdict_id, who=who, settings=settings, send_now=send_now,
        promises=promises, now=now,
    )  # fmt: skip


def _owner_answers(db: sqlite3.Connection, conversation_id: int, *, now: int, who: str) -> None:
    """Stops an automatic reply that still waits: the owner's own answer takes its place."""
    reason = "The automatic reply was cancelled: you answered yourself."
    outbox.cancel_automatic(db, conversation_id, reason, now=now, who=who)


def send(
    db: sqlite3.Connection,
    conversation_id: int,
    text: str,
    *,
    now: int,
    who: str = "owner",
    settings: DeliverySettings,
    send_now: bool = False,
    seen_message: int | None = None,
) -> Decided:
    """Sends a text of the owner's own; a live draft of the conversation is withdrawn, since this answers instead.

    `seen_message` is the newest customer message on the screen, if it is known: with a newer one nothing is sent.
    """
    passed = gate.check(db, conversation_id, text, settings, now=now)
    gate.check_newest(passed.conversation, seen_message)
    for waiting in outbox.of_conversation(db, conversation_id):
        if waiting.who == "auto" and waiting.draft_id is not None:
            # She answers in her own words before the automatic reply left: that judges it.
            autonomy.settle_shadow(db, waiting.draft_id, text, now=now)
    live = passed.conversation.live_draft_id
    promises = offered(db, text, () if live is None else verdicts.promises_of(db, live), conversation_id)
    _owner_answers(db, conversation_id, now=now, who=who)
    if passed.conversation.live_draft_id is not None:
        autonomy.settle_shadow(db, passed.conversation.live_draft_id, text, now=now)
        drafts.withdraw(db, passed.conversation.live_draft_id, "you answered in your own words", now=now, who=who)
    verdict_id = verdicts.add(db, conversation_id=conversation_id, decision="send", who=who, text=text, now=now)
    return put_out(
        db, passed, text, draft_id=None, verdict_id=verdict_id, who=who, settings=settings, send_now=send_now,
        promises=promises, now=now,
    )  # fmt: skip


def send_picture(
    db: sqlite3.Connection,
    conversation_id: int,
    sku: str,
    *,
    now: int,
    who: str = "owner",
    settings: DeliverySettings,
    api: str = "auto",
    send_now: bool = False,
    seen_message: int | None = None,
) -> Decided:
    """Sends the picture of a piece; a draft of the conversation stays, since a picture alone answers nothing.

    `api` is the dialect that the settings force, or auto; pictures are of v1.3 alone. `seen_message` as in `send`.
    """
    piece = items.find(db, sku)
    picture = pictures.of_piece(db, piece.id)
    if picture is None:
        raise NotAllowed(f"{piece.sku} has no picture. Give it one: philia items picture {piece.sku} FILE")
    passed = gate.check_picture(db, conversation_id, picture, settings, now=now, api=api)
    gate.check_newest(passed.conversation, seen_message)
    verdict_id = verdicts.add(
        db, conversation_id=conversation_id, decision="send", who=who, reason=f"picture of {piece.sku}", now=now
    )
    return put_out(
        db, passed, "", draft_id=None, verdict_id=verdict_id, who=who, settings=settings, send_now=send_now,
        promises=[{"sku": piece.sku}], picture=picture, now=now,
    )  # fmt: skip


def reject(db: sqlite3.Connection, draft_id: int, reason: str, *, now: int, who: str = "owner") -> None:
    """Ends a ready draft without a reply, for a reason that is kept."""
    draft = _ready(db, draft_id, None)
    autonomy.settle_shadow(db, draft_id, None, now=now)
    verdicts.on_draft(db, draft, "reject", who=who, reason=reason, now=now)
    drafts.decide(db, draft_id, "rejected", now=now, who=who, final_text=None)


def instruct(db: sqlite3.Connection, draft_id: int, instruction: str, *, now: int, who: str = "owner") -> int:
    """Asks for a ready draft to be written anew by an instruction; returns the new draft's id."""
    draft = _ready(db, draft_id, None)
    if not instruction.strip():
        raise NotAllowed("The instruction is empty; the draft stays as it is.")
    new = drafts.enqueue(db, draft.conversation_id, now=now, cause="instruct", instruction=instruction)
    journal.note(
        db, now=now, who=who, what="instruct", subject="draft", subject_id=draft_id,
        conversation=draft.conversation_id, why=f"draft {new} is written instead",
    )  # fmt: skip
    return new


def undo(db: sqlite3.Connection, delivery_id: int, *, now: int, who: str = "owner") -> Undone:
    """Takes a delivery back, provided nothing of it has left; its text returns to the draft.

    That is sure while it is held, and just as sure while it waits for a first try or for another one after TikTok was
    not reached or asked for a pause. Raises NotAllowed when it is too late, NotFound.
    """
    delivery = outbox.get(db, delivery_id)
    if not outbox.untouched(db, delivery) or not outbox.move(
        db, delivery, "cancelled", now=now, who=who, reason=verdicts.TAKEN_BACK
    ):
        raise NotAllowed(_too_late(delivery))
    if delivery.who == "auto" and delivery.draft_id is not None:
        # Until she sends the same text after all, an automatic reply she took back was a wrong one.
        autonomy.settle_shadow(db, delivery.draft_id, None, now=now)
    if delivery.picture_id is not None:
        return Undone(text="", draft_id=None)
    return Undone(text=delivery.text, draft_id=verdicts.reopen(db, delivery, verdicts.TAKEN_BACK, now=now, who=who))


def _too_late(delivery: Delivery) -> str:
    words = {
        "sent": "It is too late to take it back: it was sent.",
        "sending": "It is too late to take it back: it is being sent.",
        "retrying": "It cannot be taken back: TikTok may have it already.",
        "unknown": "It cannot be taken back: it may have been sent. Philia is looking.",
        "needs_owner": "It cannot be taken back: it may have been sent. Say what became of it with: "
        f"philia deliveries resolve {delivery.id} sent|again|drop",
    }
    return words.get(delivery.state, f"There is nothing to take back: delivery {delivery.id} is {delivery.state}.")


def hurry(db: sqlite3.Connection, delivery_id: int, *, now: int, who: str = "owner") -> None:
    """Ends the time to undo: a held delivery may leave now. Raises NotAllowed when it is not held, NotFound."""
    delivery = outbox.get(db, delivery_id)
    if delivery.state != "held":
        raise NotAllowed(f"Delivery {delivery_id} is not waiting to be taken back: it is {delivery.state}.")
    db.execute(
        "UPDATE deliveries SET send_after = ?, next_at = ? WHERE id = ? AND state = 'held'", (now, now, delivery_id)
    )
    journal.note(
        db, now=now, who=who, what="hurry", subject="delivery", subject_id=delivery_id,
        conversation=delivery.conversation_id,
    )  # fmt: skip


def resolve(
    db: sqlite3.Connection,
    delivery_id: int,
    answer: Resolution,
    *,
    now: int,
    who: str = "owner",
    settings: DeliverySettings,
    send_now: bool = False,
) -> Decided | None:
    """Takes the owner's word on a delivery in doubt: it was sent, send it again (a new delivery), or drop it.

    Raises NotAllowed when it is not in doubt or may not be sent again, NotFound.
    """
    delivery = outbox.get(db, delivery_id)
    if delivery.state not in {"needs_owner", "unknown"}:
        raise NotAllowed(f"Delivery {delivery_id} is not in doubt: it is {delivery.state}.")
    if answer == "sent":
        outbox.settle_sent(db, delivery, platform_id=None, at=now, now=now, who=who, reason="You said it was sent.")
        return None
    if answer == "drop":
        outbox.move(db, delivery, "dropped", now=now, who=who, reason="You dropped it; it may have been sent.")
        return None
    if delivery.state == "unknown":
        raise NotAllowed(
            f"Philia is still looking whether delivery {delivery_id} arrived; sending it again now could send it "
            "twice. Wait until it asks you, or say: sent, drop."
        )
    return _again(db, delivery, "You sent it again", now=now, who=who, settings=settings, send_now=send_now)


def retry(
    db: sqlite3.Connection,
    delivery_id: int,
    *,
    now: int,
    who: str = "owner",
    settings: DeliverySettings,
    send_now: bool = False,
) -> Decided:
    """Sends the text of a failed or expired delivery again, as a new one; one that waits for its next try goes now.

    Raises NotAllowed for any other state, and when the text may not be sent now, NotFound.
    """
    delivery = outbox.get(db, delivery_id)
    if delivery.state in {"queued", "retrying"}:
        db.execute("UPDATE deliveries SET next_at = ? WHERE id = ? AND state = ?", (now, delivery_id, delivery.state))
        return Decided(delivery_id=delivery_id, send_after=delivery.send_after)
    if delivery.state in {"needs_owner", "unknown"}:
        raise NotAllowed(
            f"Delivery {delivery_id} may have been sent already, so it is not simply tried again. Say what became of "
            f"it: philia deliveries resolve {delivery_id} sent|again|drop"
        )
    if delivery.state not in {"failed", "expired"}:
        raise NotAllowed(f"Delivery {delivery_id} is {delivery.state}; only a failed or expired one is tried again.")
    taken = db.execute(
        f"SELECT id FROM deliveries WHERE again_of = ? AND state IN ({outbox.marks((*WAITING_DELIVERIES, 'x', 'y'))})",
        (delivery_id, *WAITING_DELIVERIES, "sending", "sent"),
    ).fetchone()
    if taken is not None:
        raise NotAllowed(f"Delivery {delivery_id} was tried again already, as delivery {taken['id']}.")
    return _again(db, delivery, "You tried it again", now=now, who=who, settings=settings, send_now=send_now)


def _again(
    db: sqlite3.Connection,
    delivery: Delivery,
    why: str,
    *,
    now: int,
    who: str,
    settings: DeliverySettings,
    send_now: bool,
) -> Decided:
    if delivery.state == "needs_owner":
        # First, so that the doubt no longer counts against the quota of its own repetition.
        outbox.move(db, delivery, "dropped", now=now, who=who, reason=f"{why}.")
    picture = None if delivery.picture_id is None else pictures.get(db, delivery.picture_id)
    if picture is None:
        passed = gate.check(db, delivery.conversation_id, delivery.text, settings, now=now)
    else:
        passed = gate.check_picture(db, delivery.conversation_id, picture, settings, now=now)
    broken = items.promise_broken(db, delivery.promises, delivery.conversation_id) if delivery.promises else None
    if broken is not None:
        raise Stale(f"{broken}, so it is not sent again.")
    verdict_id = verdicts.add(
        db,
        conversation_id=delivery.conversation_id,
        draft_id=delivery.draft_id,
        decision="send",
        who=who,
        text=delivery.text,
        reason=f"again, after delivery {delivery.id}",
        now=now,
    )
    outbox.acknowledge(db, delivery.id, now=now)
    return put_out(
        db, passed, delivery.text, draft_id=delivery.draft_id, verdict_id=verdict_id, who=who, settings=settings,
        send_now=send_now, promises=delivery.promises, picture=picture, again_of=delivery.id, now=now,
    )  # fmt: skip
