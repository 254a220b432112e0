"""What the owner can do to a thread, each as one function over a transaction that says what it did and how to undo it.

Everything that changes the shop goes through the doors the scripts use too: `server.decisions` for replies,
`store.inbox` for threads, `server.stock` for pieces. This module is imported after the first paint, which does not
pay for them.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from server import decisions, stock
from server.settings import Settings
from store import drafts, inbox, journal, learning, outbox, pauses, switches
from store.errors import NotAllowed

WHO = "owner"

Act = Callable[[sqlite3.Connection], "Done"]


@dataclass(frozen=True, slots=True)
class Done:
    """What was done, in the owner's words, and how it is taken back, if it can be."""

    words: str
    undo: Act | None = None
    undo_words: str = ""
    delivery: int | None = None


@dataclass(frozen=True, slots=True)
class Verbs:
    """The verbs of one inbox; every one returns the act that the writing thread runs in its transaction."""

    settings: Settings
    clock: Callable[[], int]

    def approve(self, draft: int, *, seen_hash: str, whom: str) -> Act:
        """Sends a draft as it stands, provided it is the one that was seen."""

        def act(db: sqlite3.Connection) -> Done:
            inbox.mark_seen(db, drafts.get(db, draft).conversation_id, now=self.clock())
            made = decisions.approve(
                db, draft, now=self.clock(), who=WHO, settings=self.settings.delivery, seen_hash=seen_hash
            )
            return self._sent(made, whom)

        return act

    def edit(self, draft: int, text: str, *, seen_hash: str, whom: str) -> Act:
        """Sends the owner's wording in place of a draft."""

        def act(db: sqlite3.Connection) -> Done:
            inbox.mark_seen(db, drafts.get(db, draft).conversation_id, now=self.clock())
            made = decisions.edit(
                db, draft, text, now=self.clock(), who=WHO, settings=self.settings.delivery, seen_hash=seen_hash
            )
            return self._sent(made, whom)

        return act

    def send(self, conversation: int, text: str, *, seen_message: int | None, whom: str) -> Act:
        """Sends words of the owner's own."""

        def act(db: sqlite3.Connection) -> Done:
            inbox.mark_seen(db, conversation, now=self.clock())
            made = decisions.send(
                db, conversation, text, now=self.clock(), who=WHO, settings=self.settings.delivery,
                seen_message=seen_message,
            )  # fmt: skip
            return self._sent(made, whom)

        return act

    def send_picture(self, conversation: int, sku: str, *, seen_message: int | None, whom: str) -> Act:
        """Sends the picture of a piece; a draft stays as it is."""

        def act(db: sqlite3.Connection) -> Done:
            inbox.mark_seen(db, conversation, now=self.clock())
            made = decisions.send_picture(
                db, conversation, sku, now=self.clock(), who=WHO, settings=self.settings.delivery,
                api=self.settings.tiktok.api, seen_message=seen_message,
            )  # fmt: skip
            return self._sent(made, whom, what=f"the picture of {sku}")

        return act

    def reject(self, draft: int, reason: str, *, whom: str) -> Act:
        """Ends a draft without a reply."""

        def act(db: sqlite3.Connection) -> Done:
            now = self.clock()
            conversation = drafts.get(db, draft).conversation_id
            decisions.reject(db, draft, reason, now=now, who=WHO)
            return Done(f"Rejected the draft for {whom}", self.redraft(conversation, whom=whom), "a new draft")

        return act

    def redraft(self, conversation: int, *, whom: str) -> Act:
        """Has a draft written from the stock as it is now."""

        def act(db: sqlite3.Connection) -> Done:
            drafts.enqueue(db, conversation, now=self.clock(), cause="asked")
            return Done(f"A new draft for {whom} is being written")

        return act

    def instruct(self, conversation: int, draft: int | None, words: str, *, whom: str) -> Act:
        """Has a draft written again by an instruction."""

        def act(db: sqlite3.Connection) -> Done:
            if draft is not None:
                decisions.instruct(db, draft, words, now=self.clock(), who=WHO)
            elif words.strip():
                drafts.enqueue(db, conversation, now=self.clock(), cause="instruct", instruction=words)
            else:
                raise NotAllowed("The instruction is empty; nothing was asked for.")
            return Done(f"The draft for {whom} is being written again")

        return act

    def take_back(self, delivery: int, *, whom: str) -> Act:
        """Takes a reply back that has not left."""

        def act(db: sqlite3.Connection) -> Done:
            undone = decisions.undo(db, delivery, now=self.clock(), who=WHO)
            where = "it is a draft again" if undone.draft_id else "its text is in the clipboard"
            where = where if undone.text else "the picture is not sent"
            return Done(f"Taken back from {whom}: {where}")

        return act

    def hurry(self, delivery: int, *, whom: str) -> Act:
        """Lets a held reply leave now."""

        def act(db: sqlite3.Connection) -> Done:
            decisions.hurry(db, delivery, now=self.clock(), who=WHO)
            return Done(f"The reply to {whom} leaves now; it cannot be taken back")

        return act

    def retry(self, delivery: int, *, whom: str) -> Act:
        """Sends a failed reply again."""

        def act(db: sqlite3.Connection) -> Done:
            made = decisions.retry(db, delivery, now=self.clock(), who=WHO, settings=self.settings.delivery)
            return self._sent(made, whom)

        return act

    def resolve(self, delivery: int, answer: str, *, whom: str) -> Act:
        """Takes the owner's word on a reply in doubt: sent, again or drop."""

        def act(db: sqlite3.Connection) -> Done:
            if answer not in {"sent", "again", "drop"}:
                raise NotAllowed(f"“{answer}” is not an answer; say sent, again or drop.")
            made = decisions.resolve(
                db, delivery, answer, now=self.clock(), who=WHO, settings=self.settings.delivery  # type: ignore[arg-type]
            )  # fmt: skip
            if made is not None:
                return self._sent(made, whom)
            return Done(f"Settled for {whom}: {'it was sent' if answer == 'sent' else 'dropped'}")

        return act

    def acknowledge(self, delivery: int, *, whom: str) -> Act:
        """Puts a failure away that the owner has seen."""

        def act(db: sqlite3.Connection) -> Done:
            found = outbox.get(db, delivery)
            outbox.acknowledge(db, delivery, now=self.clock())
            inbox.refresh(db, found.conversation_id, now=self.clock())
            return Done(f"Put away: the reply to {whom} was not sent")

        return act

    def snooze(self, conversation: int, until: int, *, whom: str, when: str) -> Act:
        """Puts a thread away until a time."""

        def act(db: sqlite3.Connection) -> Done:
            inbox.snooze(db, conversation, until=until, now=self.clock(), who=WHO)
            return Done(f"{whom} is put away until {when}", self.wake(conversation, whom=whom), f"bring {whom} back")

        return act

    def wake(self, conversation: int, *, whom: str) -> Act:
        """Brings a snoozed thread back."""

        def act(db: sqlite3.Connection) -> Done:
            now = self.clock()
            db.execute("UPDATE conversations SET snoozed_until = NULL WHERE id = ?", (conversation,))
            journal.note(
                db, now=now, who=WHO, what="wake", subject="conversation", subject_id=conversation,
                conversation=conversation,
            )  # fmt: skip
            inbox.refresh(db, conversation, now=now)
            return Done(f"{whom} is back")

        return act

    def mode(self, conversation: int, mode: str, *, before: str, whom: str) -> Act:
        """Sets a thread to review, auto or paused."""

        def act(db: sqlite3.Connection) -> Done:
            inbox.set_mode(db, conversation, mode, now=self.clock(), who=WHO)
            words = {"review": "you decide every reply", "auto": "safe replies may leave by themselves"}
            told = words.get(mode, "nothing leaves by itself")
            return Done(f"{whom}: {told}", self.mode(conversation, before, before=mode, whom=whom), f"{before} again")

        return act

    def note(self, conversation: int, text: str, *, before: str, whom: str) -> Act:
        """Keeps a note with a thread."""
        return self._keep("conversations", conversation, "notes", text, before, f"Note kept with {whom}", conversation)

    def note_customer(self, conversation: int, user: int, text: str, *, before: str, whom: str) -> Act:
        """Keeps a note with a customer."""
        return self._keep("users", user, "notes", text, before, f"Note kept with {whom}", conversation)

    def labels(self, conversation: int, labels: tuple[str, ...], *, before: tuple[str, ...], whom: str) -> Act:
        """Sets a thread's labels."""
        words = f"{whom}: {' '.join('#' + one for one in labels) or 'no labels'}"
        return self._keep(
            "conversations", conversation, "labels", json.dumps(list(labels), ensure_ascii=False),
            json.dumps(list(before), ensure_ascii=False), words, conversation,
        )  # fmt: skip

    def block(self, conversation: int, user: int, *, blocked: bool, whom: str) -> Act:
        """Blocks a customer, or lifts it; a live draft of hers is withdrawn."""

        def act(db: sqlite3.Connection) -> Done:
            now = self.clock()
            db.execute("UPDATE users SET blocked = ? WHERE id = ?", (int(blocked), user))
            journal.note(
                db, now=now, who=WHO, what="block" if blocked else "unblock", subject="user", subject_id=user,
                conversation=conversation,
            )  # fmt: skip
            for row in db.execute("SELECT id FROM conversations WHERE user_id = ?", (user,)).fetchall():
                live = drafts.live(db, row["id"]) if blocked else None
                if live is not None:
                    drafts.withdraw(db, live.id, "you blocked this customer", now=now, who=WHO)
                inbox.refresh(db, row["id"], now=now)
            words = f"{whom} is blocked: nothing is drafted or sent" if blocked else f"{whom} is not blocked any more"
            back = self.block(conversation, user, blocked=not blocked, whom=whom)
            return Done(words, back, "unblock" if blocked else "block again")

        return act

    def hold(self, sku: str, conversation: int, *, whom: str) -> Act:
        """Holds a piece for the customer, or gives her the next place in the line; the message to her is drafted."""

        def act(db: sqlite3.Connection) -> Done:
            held = stock.hold(db, sku, conversation, now=self.clock(), who=WHO)
            words = f"{held.sku} is on hold for {whom}; the draft tells her"
            if held.state == "waiting":
                words = f"Somebody else has {held.sku}: {whom} is number {held.place} in line; the draft tells her"
            return Done(words, self.release(held.sku, conversation, whom=whom), f"the hold of {held.sku}")

        return act

    def release(self, sku: str, conversation: int | None, *, whom: str) -> Act:
        """Ends the hold of this customer on a piece, or her place in its line."""

        def act(db: sqlite3.Connection) -> Done:
            tidied = stock.release(db, sku, now=self.clock(), who=WHO, conversation_id=conversation)
            offer = tidied.freed.offer if tidied.freed is not None else None
            after = "the next in line is told" if offer is not None else "it is free"
            return Done(f"{whom} no longer holds {tidied.piece.sku}; {after}")

        return act

    def sold(self, sku: str) -> Act:
        """Marks a piece sold; every draft that names it is written anew."""

        def act(db: sqlite3.Connection) -> Done:
            tidied = stock.sell(db, sku, now=self.clock(), who=WHO)
            touched = len(tidied.drafts)
            words = f"{tidied.piece.sku} is sold; {touched or 'no'} draft{'' if touched == 1 else 's'} named it"
            return Done(
                words + (" and is written anew" if touched == 1 else ""), self.unsold(sku), f"the sale of {sku}"
            )

        return act

    def unsold(self, sku: str) -> Act:
        """Undoes a sale; the holds that it ended come back when it was a slip of minutes."""

        def act(db: sqlite3.Connection) -> Done:
            tidied = stock.unsell(db, sku, now=self.clock(), who=WHO)
            return Done(f"{tidied.piece.sku} is {tidied.piece.status} again")

        return act

    def keep_canned(self, name: str, text: str) -> Act:
        """Keeps a text under a name, in place of what stood under it."""

        def act(db: sqlite3.Connection) -> Done:
            before = db.execute("SELECT text FROM canned_replies WHERE name = ?", (name,)).fetchone()
            db.execute(
                "INSERT INTO canned_replies (name, text, updated_at) VALUES (?, ?, ?)"
                " ON CONFLICT (name) DO UPDATE SET text = excluded.text, updated_at = excluded.updated_at",
                (name, text, self.clock()),
            )
            back = self.drop_canned(name) if before is None else self.keep_canned(name, before["text"])
            return Done(f"Kept as “{name}”", back, "keeping it")

        return act

    def drop_canned(self, name: str) -> Act:
        """Forgets a kept text."""

        def act(db: sqlite3.Connection) -> Done:
            before = db.execute("SELECT text FROM canned_replies WHERE name = ?", (name,)).fetchone()
            db.execute("DELETE FROM canned_replies WHERE name = ?", (name,))
            back = self.keep_canned(name, before["text"]) if before is not None else None
            return Done(f"“{name}” is not kept any more", back, "forgetting it")

        return act

    def stop(self, *, stop: bool) -> Act:
        """Stops everything that leaves by itself, or lets it go on."""

        def act(db: sqlite3.Connection) -> Done:
            now = self.clock()
            if stop:
                switches.pause(db, now=now, who=WHO)
                return Done("ALL STOPPED: nothing leaves until you let it go on")
            switches.resume(db, now=now, who=WHO)
            pauses.resume_sender(db, now=now, who=WHO)
            return Done("Sending goes on")

        return act

    def rule(self, number: int, answer: learning.Answer) -> Act:
        """Accepts, declines or withdraws a learnt rule of wording."""

        def act(db: sqlite3.Connection) -> Done:
            rule = learning.decide(db, number, answer, now=self.clock(), who=WHO)
            return Done(f"{rule.sentence}: {rule.state}")

        return act

    def told(self, notices: list[int]) -> Act:
        """Marks notices as seen, so that they are told once."""

        def act(db: sqlite3.Connection) -> Done:
            for notice in notices:
                db.execute("UPDATE notices SET seen_at = ? WHERE id = ?", (self.clock(), notice))
            return Done("")

        return act

    def seen(self, conversation: int) -> Act:
        """Marks what a customer wrote as read by the owner."""

        def act(db: sqlite3.Connection) -> Done:
            inbox.mark_seen(db, conversation, now=self.clock())
            return Done("")

        return act

    def _keep(
        self, table: str, number: int, column: str, value: str, before: str, words: str, conversation: int
    ) -> Act:
        def act(db: sqlite3.Connection) -> Done:
            db.execute(f"UPDATE {table} SET {column} = ? WHERE id = ?", (value, number))
            subject = "user" if table == "users" else "conversation"
            journal.note(
                db, now=self.clock(), who=WHO, what=column, subject=subject, subject_id=number,
                conversation=conversation,
            )  # fmt: skip
            back = self._keep(table, number, column, before, value, "As it was before", conversation)
            return Done(words, back, "what stood there before")

        return act

    def _sent(self, made: Any, whom: str, what: str = "the reply") -> Done:
        seconds = max(0, made.send_after - self.clock() + 999) // 1000
        words = f"To {whom}: leaves in {seconds} s" if seconds else f"To {whom}: leaves now"
        if made.warnings:
            words += f" (careful: {'; '.join(made.warnings)})"
        return Done(words, self.take_back(made.delivery_id, whom=whom), f"{what} to {whom}", made.delivery_id)
