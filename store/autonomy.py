"""Automatic replies are earned: what the owner did with drafts that the policy would have sent, kind by kind.

The count stands on `verdicts` rows: a shadow row says "this would have gone out"; once the owner has decided on that
draft, `agreed` says whether her text was the same, `reason` what she changed. An automatic reply that she takes back
counts in the same way. Nothing else is stored: a kind's standing is worked out from its rows.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from store import journal, wording
from store.clock import DAY

WEEK: Final = 7 * DAY

KINDS: Final[Mapping[str, str]] = {
    "greeting": "greeting",
    "availability": "availability",
    "price": "price",
    "measurement": "measurement",
    "size": "measurement",
    "shipping": "policy",
    "payment": "policy",
}
"""Intent → the kind of question that is earned as one; the others never go out by themselves."""


@dataclass(frozen=True, slots=True)
class Settled:
    """One draft that the policy would have sent, and what the owner did with it."""

    at: int
    agreed: bool
    substance: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How far a kind of question has come."""

    kind: str
    earned: bool
    decisions: int
    """Since it was last taken back, or since the beginning."""
    unedited: int
    needed: int
    lost_at: int | None = None
    lost_by: str | None = None
    """What took it back, in the owner's words."""

    def as_json(self) -> dict[str, object]:
        """Returns the standing for scripts and the screen."""
        return {
            "intent": self.kind,
            "earned": self.earned,
            "decisions": self.decisions,
            "unedited": self.unedited,
            "needed": self.needed,
            "lost_at": self.lost_at,
            "lost_by": self.lost_by,
        }

    @property
    def sentence(self) -> str:
        """Returns the standing in the owner's words."""
        if self.earned:
            return f"{self.kind}: earned, {self.unedited} of {self.decisions} sent unchanged"
        if not self.decisions and not self.lost_by:
            return f"{self.kind}: nothing decided yet, {self.needed} are needed"
        lost = f"; taken back: {self.lost_by}" if self.lost_by else ""
        return f"{self.kind}: {self.unedited} of {self.decisions} sent unchanged, {self.needed} are needed{lost}"


def standing(
    kind: str, history: Iterable[Settled], *, needed: int = 20, earn: float = 0.95, lose: float = 0.90
) -> Standing:
    """Works out a kind's standing from its settled decisions, oldest first.

    Earned when `needed` decisions have come together and the last `needed` of them hold at least the share `earn`
    unchanged. Taken back by one correction of substance, or when the share within a week falls below `lose`; then it
    begins anew. A week is judged once it holds ten decisions, since one change of tone in three is no trend.
    """
    since: list[Settled] = []
    earned, lost_at, lost_by = False, None, None
    week: list[Settled] = []
    for one in history:
        since.append(one)
        week = [past for past in week if past.at > one.at - WEEK]
        week.append(one)
        if earned and not one.agreed:
            reason = _lost(one, week, lose)
            if reason is not None:
                earned, lost_at, lost_by = False, one.at, reason
                since, week = [], []
                continue
        last = since[-needed:]
        if not earned and len(last) >= needed:
            unedited = sum(past.agreed for past in last)
            # A correction of substance among them is no way to earn it.
            earned = unedited >= earn * len(last) and not any(past.substance for past in last)
    return Standing(
        kind=kind,
        earned=earned,
        decisions=len(since),
        unedited=sum(one.agreed for one in since),
        needed=needed,
        lost_at=lost_at,
        lost_by=lost_by,
    )


_A_TREND: Final = 10


def _lost(one: Settled, week: Sequence[Settled], lose: float) -> str | None:
    if one.substance:
        return "you corrected a fact"
    unedited = sum(past.agreed for past in week)
    if len(week) >= _A_TREND and unedited < lose * len(week):
        return f"you changed {len(week) - unedited} of {len(week)} within a week"
    return None


def all_kinds(db: sqlite3.Connection, *, needed: int, earn: float, lose: float) -> list[Standing]:
    """Returns the standing of every kind that can be earned, for the policy, the insights screen and the report."""
    settled: dict[str, list[Settled]] = {kind: [] for kind in KINDS.values()}
    rows = db.execute(
        "SELECT at, intent, agreed, reason FROM verdicts WHERE decision IN ('shadow', 'auto') AND agreed IS NOT NULL"
        " ORDER BY at, id"
    )
    for row in rows:
        kind = KINDS.get(row["intent"])
        if kind is not None:
            substance = row["reason"] in {"substance", "rejected"}
            settled[kind].append(Settled(at=int(row["at"]), agreed=bool(row["agreed"]), substance=substance))
    return [standing(kind, known, needed=needed, earn=earn, lose=lose) for kind, known in settled.items()]


def settle_shadow(db: sqlite3.Connection, draft_id: int, final_text: str | None, *, now: int) -> bool | None:
    """Writes down what the owner did with a draft that the policy would have sent; None when it would not have.

    `final_text` is what she sent; None means that she sent nothing of it (a rejection). A later decision on the same
    draft, after an undo, takes the place of an earlier one. Returns whether she agreed.
    """
    row = db.execute(
        "SELECT v.id, v.intent, v.conversation_id, d.text FROM verdicts v JOIN drafts d ON d.id = v.draft_id"
        " WHERE v.draft_id = ? AND v.decision IN ('shadow', 'auto') ORDER BY v.id DESC LIMIT 1",
        (draft_id,),
    ).fetchone()
    if row is None:
        return None
    drafted = str(row["text"])
    if final_text is None:
        what = "rejected"
    else:
        spans = db.execute("SELECT span_start, span_end FROM claims WHERE draft_id = ?", (draft_id,)).fetchall()
        claims = [drafted[span["span_start"] : span["span_end"]] for span in spans]
        what = wording.change(drafted, final_text, claims)
    agreed = what == "unchanged"
    db.execute("UPDATE verdicts SET agreed = ?, reason = ? WHERE id = ?", (agreed, what, row["id"]))
    journal.note(
        db, now=now, who="owner", what="shadow", subject="verdict", subject_id=int(row["id"]),
        conversation=int(row["conversation_id"]), new="agreed" if agreed else "changed",
        why=f"{row['intent']}: {what}",
    )  # fmt: skip
    return agreed
