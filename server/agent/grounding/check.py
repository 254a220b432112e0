"""The grounding check: reply and evidence in, verdict out. No clock, no file, no network, no rewriting."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from server.agent.evidence import Claim, Evidence, Grounding, Reason, Verdict
from server.agent.grounding import (
    absence,
    answers,
    availability,
    commitments,
    counts,
    exclusive,
    figures,
    places,
    policies,
    quotes,
    sides,
    silence,
    vocabulary,
)
from server.agent.grounding.binding import Focus, identifies
from server.agent.grounding.clauses import Clause, cut
from server.agent.grounding.names import join_hyphens, mentions, name
from server.agent.grounding.normalise import normalise
from server.agent.grounding.numbers import merge_numbers
from server.agent.grounding.question import read_question
from server.agent.grounding.reading import Reading
from server.agent.grounding.rows import row_of
from server.agent.grounding.scan import Scanner, Unit, language, shorten
from server.agent.grounding.tokens import root, tokenise

LONGEST: Final = 2000
"""Ten times what a reply should have; a longer text is for the owner to read."""


def check(reply: str, evidence: Evidence, question: str = "") -> Verdict:
    """Returns PASS when every claim of the reply stands in the evidence, else HOLD with the nearest facts.

    The customer's last message says what "yes" and "it" mean and is never evidence. The reply is never rewritten.
    """
    if len(reply) > LONGEST:
        span = (LONGEST, len(reply))
        return Verdict(
            "hold", "inferred", (Reason(span, "length", f"longer than {LONGEST} characters"),), (Claim(span, "length"),)
        )
    reading = _read(reply, evidence, question)
    said = answers.find(reading)
    states = _judge(reading)
    for answer in said:
        answers.judge(reading, answer, states)
    commitments.unsaid(reading, states | ({"answer"} if said else set()))
    return _verdict(reading)


def _read(reply: str, evidence: Evidence, question: str) -> Reading:
    plain = normalise(reply)
    rows = [
        row_of(piece) for piece in {piece.sku or number: piece for number, piece in enumerate(evidence.pieces)}.values()
    ]
    tokens = join_hyphens(tokenise(plain.text))
    quoted = policies.quotations(tokens, evidence.policies)
    topics = {tokens[first].start: topic for first, (_, topic) in quoted.items()}
    tokens = name(tokens, mentions(tokens, rows), quoted)
    lexicon = language(tokens)
    tokens = merge_numbers(shorten(tokens, lexicon), lexicon)
    proper = frozenset(token.raw for row in rows for token in row.name if token.raw.istitle())
    units = Scanner(tokens, lexicon, proper).scan()
    reading = Reading(plain, evidence, rows, lexicon, read_question(question, rows))
    reading.clauses = cut(units)
    for unit in units:
        if unit.kind == "policy":
            topic = topics[unit.start]
            reading.back([unit], "policy", "policy", None, topic, evidence.policies[topic])
    if plain.disguised:
        at = plain.disguised[0]
        reading.reasons.append(Reason((at, at + 1), "disguise", "a character here makes the reader see something else"))
    words = [unit for unit in units if unit.kind == "word"]
    if sum(1 for unit in words if not unit.tags) * 2 > len(words):
        reading.reasons.append(Reason((0, len(reply)), "language", "this language has no word list"))
    _number_lists(units)
    figures.measure(reading, units)
    return reading


def _number_lists(units: list[Unit]) -> None:
    """Answers for the numbers of a numbered list: 1), 2), 3)."""
    expected = 1
    for at, unit in enumerate(units):
        begins = at == 0 or units[at - 1].kind == "break"
        ends = at + 1 < len(units) and units[at + 1].kind == "break" and units[at + 1].key in ").:"
        if unit.kind == "num" and begins and ends and unit.value == expected:
            unit.done = True
            expected += 1


def _judge(reading: Reading) -> set[str]:
    """Judges clause by clause; returns the states of availability that were said."""
    states: set[str] = set()
    start = reading.question.rows
    focus = Focus(reading.rows, frozenset() if reading.question.conflicts and not reading.question.empty else start)
    policies_first(reading)
    for clause in reading.clauses:
        focus.bind(clause)
    if len(focus.group) == 1:
        # "It's available and it's $45: the Nike windbreaker" names its piece last.
        for clause in reading.clauses:
            if len(clause.rows) > 1 and not clause.sure:
                clause.rows, clause.sure = frozenset(focus.group), True
    for clauses in reading.sentences:
        share(clauses)
        for clause in clauses:
            availability.wondered(clause)
            silence.judge(reading, clause)
            counts.judge(reading, clause)
            places.judge(reading, clause)
            quotes.judge(reading, clause)
            commitments.promise(reading, clause)
            commitments.offer(clause, states)
            missing = absence.said(clause)
            for unit in clause.units if missing else ():
                if "available" in unit.tags:
                    unit.done = True  # "none in stock": what the search found says it
            states |= availability.judge(reading, clause, clause.rows)
            states |= availability.had(reading, clause)
            missing = [unit for unit in missing if not unit.done]
            if missing:
                absence.judge(reading, clause, missing, clause.rows)
                states.add("absent")
            exclusive.judge(reading, clause)
            sides.judge(reading, clause)
            figures.judge(reading, clause, focus)
            vocabulary.judge(reading, clause)
            commitments.leftovers(reading, clause)
    commitments.offered_gone(reading, states)
    return states


def share(clauses: list[Clause]) -> None:
    """Lets "the Nike and the Adidas are available" and "we have the Nike and the Adidas" speak of both.

    A piece that is only named shares what the next clause says of availability; one named after "we have" is had too.
    """
    _announce(clauses)
    pending: frozenset[int] = frozenset()
    offering: Clause | None = None
    for clause in clauses:
        named = clause.sure and any(identifies(unit) for unit in clause.units)
        states = availability.events(clause)
        figured = any(unit.value is not None or unit.kind in {"size", "era"} for unit in clause.units)
        clause.named = clause.rows
        if (states or figured) and pending and clause.joiner in {"and", "y", "e"}:
            clause.rows, clause.sure = clause.rows | pending, True
        if (
            named
            and not states
            and offering is not None
            and clause.joiner in {"and", ",", "y", "e"}
            and not clause.asks
        ):
            clause.had = offering.had or [
                unit for unit, state, _ in availability.events(offering) if state == "available"
            ]
        if any(state == "available" for _, state, _ in states):
            offering = clause
        elif states:
            offering = None
        bare = named and not states and not figured
        pending = (pending | clause.rows) if bare else frozenset()


def _announce(clauses: list[Clause]) -> None:
    """Lets "available right now: the Nike, and the Adidas" speak of those that follow."""
    naming = [clause.sure and any(identifies(unit) for unit in clause.units) for clause in clauses]
    for at, clause in enumerate(clauses):
        later = [other.rows for other, names in zip(clauses[at + 1 :], naming[at + 1 :], strict=True) if names]
        open_to_all = len(clause.rows) > 1 and not clause.sure and not any(identifies(unit) for unit in clause.units)
        if later and open_to_all and clause.has("available"):
            clause.rows, clause.sure = frozenset[int]().union(*later), True


def policies_first(reading: Reading) -> None:
    """Answers for the sentences, then the clauses, that the shop's written policies say."""
    given = reading.evidence.policies
    if not given:
        return
    asked = policies.asked_of(reading.question.units)
    for clauses in reading.sentences:
        _topics_of_quotations(reading, clauses)
        for units in _runs(clauses):
            left = [unit for unit in units if not unit.done]
            if any(unit.kind == "policy" for unit in units) or any(
                unit.kind == "policy" for clause in clauses for unit in clause.units if left and left[0] in clause.units
            ):
                continue  # what is added to a quotation must stand by itself
            if not left or not any(
                "policy" in unit.tags or unit.kind in {"percent", "duration", "money", "link"} or not unit.tags
                for unit in left
            ):
                continue
            segment = policies.backing(left, given, asked)
            if segment is not None:
                reading.back(left, "policy", "policy", None, segment.topic, segment.text)
    for first, second in pairwise(reading.sentences):
        # "All sales are final. But message us within 3 days if …" is one sentence of the policy in two.
        parts = [[unit for clause in clauses for unit in clause.open] for clauses in (first, second)]
        both = [*parts[0], *parts[1]]
        if all(any("policy" in unit.tags or unit.kind == "duration" for unit in part) for part in parts):
            segment = policies.backing(both, given, asked)
            if segment is not None:
                reading.back(both, "policy", "policy", None, segment.topic, segment.text)


def _runs(clauses: list[Clause]) -> Iterator[list[Unit]]:
    """Yields the open units of every run of clauses, the longest first."""
    most = min(len(clauses), _MOST_CLAUSES)
    for size in range(most, 0, -1):
        for first in range(len(clauses) - size + 1):
            run = clauses[first : first + size]
            if size == 1 or not _turns(run):
                yield [unit for clause in run for unit in clause.open]


_MOST_CLAUSES: Final = 6


def _topics_of_quotations(reading: Reading, clauses: list[Clause]) -> None:
    """Answers for the word that only names the topic of what is quoted: "Payment: PayPal or Shop Pay."."""
    for clause in clauses:
        for claim in reading.claims if any(unit.kind == "policy" for unit in clause.units) else ():
            for unit in clause.open:
                if claim.field is not None and "policy" in unit.tags and root(unit.key) == root(claim.field):
                    unit.done = True


def _turns(clauses: list[Clause]) -> bool:
    """Tells whether one clause denies and a later one, with a subject of its own, does not: "no returns but I'll …"."""
    denies = [policies.marks(clause.units)[2] for clause in clauses]
    return any(
        denied != denies[0] and clause.units[0].keys[0] in _SUBJECTS
        for denied, clause in zip(denies[1:], clauses[1:], strict=True)
    )


_SUBJECTS: Final = frozenset({"i", "we", "you", "it", "they", "yo", "nosotros", "te"})


def _verdict(reading: Reading) -> Verdict:
    claims = tuple(sorted(reading.claims, key=lambda claim: claim.span))
    reasons = tuple(sorted(reading.reasons, key=lambda reason: reason.span))
    grounding: Grounding
    if reasons:
        grounding = "inferred"
    elif claims and all(claim.grounding == "listed" for claim in claims):
        grounding = "listed"
    else:
        grounding = "policy"
    return Verdict("hold" if reasons else "pass", grounding, reasons, claims)
