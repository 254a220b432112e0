"""What the check holds in its hands while it reads one reply: evidence, clauses, and the claims so far."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from server.agent.evidence import Claim, Evidence, Grounding, Reason
from server.agent.grounding.clauses import Clause
from server.agent.grounding.lexicon import Lexicon
from server.agent.grounding.normalise import Plain
from server.agent.grounding.question import Question
from server.agent.grounding.rows import Row
from server.agent.grounding.scan import Unit


@dataclass(slots=True)
class Answer:
    """What one row says to one claim."""

    backed: bool
    field: str | None = None
    value: str | None = None


@dataclass(slots=True)
class Reading:
    """One call of the check."""

    plain: Plain
    evidence: Evidence
    rows: list[Row]
    lexicon: Lexicon
    question: Question
    clauses: list[Clause] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    reasons: list[Reason] = field(default_factory=list)
    measured: dict[int, tuple[str, str]] = field(default_factory=dict)
    """Figure (by identity) → its kind of measurement and its unit, "" when none is said."""
    around: set[int] = field(default_factory=set)
    """Figures (by identity) that repeat, in another unit, one that goes all the way round."""
    kind_words: set[int] = field(default_factory=set)
    """The words (by identity) that name the kind of some figure."""
    kinds: set[str] = field(default_factory=set)
    """Kinds of claims that the reply makes in so many words and that are backed."""

    @property
    def sentences(self) -> list[list[Clause]]:
        """The clauses, sentence by sentence."""
        return [list(group) for _, group in groupby(self.clauses, key=lambda clause: clause.sentence)]

    def span(self, units: Sequence[Unit]) -> tuple[int, int]:
        """Returns the place of the units in the given reply."""
        return self.plain.span(units[0].start, max(unit.end for unit in units))

    def back(
        self,
        units: Sequence[Unit],
        kind: str,
        grounding: Grounding,
        sku: str | None = None,
        fact: str | None = None,
        value: str | None = None,
    ) -> None:
        """Records a claim that something in the evidence says."""
        self.claims.append(Claim(self.span(units), kind, sku, fact, value, True, grounding))
        self.kinds.add(kind)
        for unit in units:
            unit.done = True

    def hold(
        self,
        units: Sequence[Unit],
        kind: str,
        reason: str,
        sku: str | None = None,
        fact: str | None = None,
        value: str | None = None,
    ) -> None:
        """Records a claim that nothing says, and why the reply is held."""
        span = self.span(units)
        self.claims.append(Claim(span, kind, sku, fact, value))
        self.reasons.append(Reason(span, kind, reason))
        for unit in units:
            unit.done = True

    def settle(
        self, clause: Clause, units: Sequence[Unit], kind: str, said: str, answers: Iterable[tuple[int, Answer]]
    ) -> bool:
        """Backs the claim when every piece it may be about says so, else holds it with the nearest fact."""
        known = list(answers)
        right = [(number, answer) for number, answer in known if answer.backed]
        if known and len(right) == len(known):
            for number, answer in right:
                self.back(units, kind, "listed", self.rows[number].piece.sku, answer.field, answer.value)
            return True
        if not known:
            why = "no piece in the evidence" if not self.rows else "it is not clear which piece this is about"
            self.hold(units, kind, f"{said}: {why}")
            return False
        number, wrong = next((number, answer) for number, answer in known if not answer.backed)
        sku = self.rows[number].piece.sku
        if right and not clause.sure:
            self.hold(
                units,
                kind,
                f"{said}: it is not clear which of {len(known)} pieces this is about",
                sku,
                wrong.field,
                wrong.value,
            )
        else:
            fact = f"{sku} says {wrong.value}" if wrong.value else f"{sku} does not say so"
            self.hold(units, kind, f"{said}: {fact}", sku, wrong.field, wrong.value)
        return False
