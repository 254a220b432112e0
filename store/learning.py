"""What the owner keeps changing in drafts, and the rules she made of it: proposed, accepted, declined, withdrawn."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from store import journal
from store.errors import NotAllowed, NotFound

Kind = Literal["remove", "replace"]
Answer = Literal["accept", "decline", "withdraw"]

_MOVES: Final = {
    "accept": ("proposed", "accepted"),
    "decline": ("proposed", "declined"),
    "withdraw": ("accepted", "withdrawn"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A draft and what the owner sent in its place; `claims` are the draft's marked statements."""

    drafted: str
    final: str
    claims: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A change of wording that the owner makes again and again."""

    id: int
    kind: Kind
    before: str
    after: str
    seen: int
    of: int
    state: str
    created_at: int
    decided_at: int | None

    @property
    def sentence(self) -> str:
        """Returns the proposal in the owner's words."""
        if self.kind == "remove":
            return f"you removed “{self.before}” in {self.seen} of {self.of}"
        return f"you wrote “{self.after}” for “{self.before}” in {self.seen} of {self.of}"

    def as_json(self) -> dict[str, object]:
        """Returns the rule for scripts and the screen."""
        return {
            "id": self.id,
            "kind": self.kind,
            "before": self.before,
            "after": self.after,
            "seen": self.seen,
            "of": self.of,
            "state": self.state,
            "sentence": self.sentence,
        }


def recent_edits(db: sqlite3.Connection, limit: int) -> list[Edit]:
    """Returns the last drafts that the owner changed before she sent them, newest first."""
    rows = db.execute(
        "SELECT id, text, final_text FROM drafts WHERE state = 'edited' AND final_text IS NOT NULL"
        " AND final_text != text AND text != '' ORDER BY ended_at DESC, id DESC LIMIT ?",
        (limit,),
    ).fetchall()
    return [
        Edit(drafted=row["text"], final=row["final_text"], claims=tuple(_claims(db, row["id"], row["text"])))
        for row in rows
    ]


def _claims(db: sqlite3.Connection, draft_id: int, text: str) -> list[str]:
    rows = db.execute("SELECT span_start, span_end FROM claims WHERE draft_id = ?", (draft_id,))
    return [text[row["span_start"] : row["span_end"]] for row in rows]


def rules(db: sqlite3.Connection, *states: str) -> list[Rule]:
    """Returns the rules in these states, or all of them, the oldest first."""
    condition = f" WHERE state IN ({', '.join('?' * len(states))})" if states else ""
    return [_rule(row) for row in db.execute(f"SELECT * FROM learned_rules{condition} ORDER BY id", states)]


def accepted(db: sqlite3.Connection) -> list[Rule]:
    """Returns the rules that the owner turned on."""
    return rules(db, "accepted")


def propose(db: sqlite3.Connection, proposals: Sequence[tuple[Kind, str, str, int, int]], *, now: int) -> list[int]:
    """Keeps proposals (kind, before, after, seen, of) that are new; returns their ids.

    What she declined or took back is not proposed again; what is proposed still gets its new count.
    """
    added = []
    for kind, before, after, seen, of in proposals:
        known = db.execute(
            "SELECT id, state FROM learned_rules WHERE kind = ? AND before = ? AND after = ?", (kind, before, after)
        ).fetchone()
        if known is None:
            cursor = db.execute(
                "INSERT INTO learned_rules (kind, before, after, seen, of, created_at) VALUES (?, ?, ?, ?, ?, ?)",
                (kind, before, after, seen, of, now),
            )
            added.append(int(cursor.lastrowid or 0))
            journal.note(
                db, now=now, who="server", what="propose", subject="learned_rule", subject_id=added[-1], new="proposed"
            )
        elif known["state"] == "proposed":
            db.execute("UPDATE learned_rules SET seen = ?, of = ? WHERE id = ?", (seen, of, known["id"]))
    return added


def decide(db: sqlite3.Connection, rule_id: int, answer: Answer, *, now: int, who: str = "owner") -> Rule:
    """Accepts or declines a proposed rule, or withdraws an accepted one. Raises NotFound, NotAllowed."""
    row = db.execute("SELECT * FROM learned_rules WHERE id = ?", (rule_id,)).fetchone()
    if row is None:
        raise NotFound(f"There is no rule {rule_id}.")
    old, new = _MOVES[answer]
    if row["state"] != old:
        raise NotAllowed(f"Rule {rule_id} is {row['state']}; only one that is {old} can be {new}.")
    db.execute("UPDATE learned_rules SET state = ?, decided_at = ? WHERE id = ?", (new, now, rule_id))
    journal.note(
        db, now=now, who=who, what=answer, subject="learned_rule", subject_id=rule_id, old=old, new=new
    )  # fmt: skip
    return _rule(db.execute("SELECT * FROM learned_rules WHERE id = ?", (rule_id,)).fetchone())


def _rule(row: sqlite3.Row) -> Rule:
    return Rule(**dict(row))
