"""What the customer's last message asks. It says what "yes" and "it" mean; it is never evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from server.agent.grounding.binding import IDENTITY, Focus, backs, identifies
from server.agent.grounding.clauses import Clause, cut
from server.agent.grounding.names import join_hyphens, mentions, name
from server.agent.grounding.normalise import normalise
from server.agent.grounding.numbers import merge_numbers
from server.agent.grounding.rows import Row
from server.agent.grounding.scan import Scanner, Unit, language
from server.agent.grounding.tokens import root, tokenise

_LONGEST: Final = 2000
_TYPED: Final = (*IDENTITY, "condition")


@dataclass(slots=True)
class Question:
    """The customer's message, read as a reply is read."""

    clauses: list[Clause] = field(default_factory=list)
    units: list[Unit] = field(default_factory=list)
    rows: frozenset[int] = frozenset()
    """The pieces it may be about; all of them when it names none."""
    conflicts: list[Unit] = field(default_factory=list)
    """Colours, garments and the like in it that no piece in `rows` has."""
    roots: frozenset[str] = frozenset()
    """Roots of the words that say what is asked for."""

    @property
    def empty(self) -> bool:
        """Tells whether there is no message."""
        return not self.units

    def kinds(self) -> set[str]:
        """Returns the kinds of measurement it asks for."""
        return {unit.tags["measure"] for unit in self.units if "measure" in unit.tags}

    def asks_about(self, label: str) -> bool:
        """Tells whether any word of it has this meaning."""
        return any(label in unit.tags for unit in self.units)


def content(units: Sequence[Unit]) -> frozenset[str]:
    """Returns what the units ask for, each word by its meaning where one is known, else by its root."""
    found: set[str] = set()
    for unit in units:
        found |= meanings(unit)
    return frozenset(found)


def meanings(unit: Unit) -> set[str]:
    """Returns what one unit names: "colour:grey", "size:L", or the roots of plain words."""
    if unit.kind == "size":
        return {"size:" + unit.label}
    if unit.kind == "era":
        return {"era:" + unit.label}
    if unit.kind in {"money", "num"} and unit.value is not None:
        return {f"num:{unit.value.normalize():f}"}
    for label in _TYPED:
        if label in unit.tags and unit.kind == "word":
            return {f"{label}:{unit.tags[label]}"}
    if unit.kind == "mention" or (unit.kind == "word" and not unit.tags):
        return {root(word) for word in unit.keys if len(word) > 1}
    return set()


def read_question(text: str, rows: Sequence[Row]) -> Question:
    """Reads the message and finds the pieces it may be about."""
    every = frozenset(range(len(rows)))
    tokens = join_hyphens(tokenise(normalise(text[:_LONGEST]).text))
    if not tokens:
        return Question(rows=every)
    tokens = name(tokens, mentions(tokens, rows))
    lexicon = language(tokens)
    units = Scanner(merge_numbers(tokens, lexicon), lexicon).scan()
    clauses = cut(units)
    focus = Focus(rows, every)
    best, named = every, frozenset[int]()
    for clause in clauses:
        prefers, clause.prefers = clause.prefers, False
        focus.bind(clause)
        clause.prefers = prefers
        if clause.rows and len(clause.rows) < len(best):
            best = clause.rows
        if len(clause.rows) == 1 and any(identifies(unit) for unit in clause.units):
            named |= clause.rows
    best = named if len(named) > 1 else best
    predicates = {id(unit) for clause in clauses for unit in _predicates(clause)}
    conflicts = [unit for unit in units if id(unit) not in predicates and _conflicts(unit, rows, best)]
    return Question(clauses, units, best, conflicts, content(units))


_HELPING: Final = frozenset({"is", "are", "do", "does", "can", "will", "did", "was", "were"})
_PRONOUNS: Final = frozenset({"it", "they", "this", "that", "these", "those"})


def _predicates(clause: Clause) -> list[Unit]:
    """Returns what the clause asks of a piece it has named: "is the snapback deadstock"; that names no other piece."""
    units = clause.units
    if len(units) > 1 and units[0].key in _HELPING and units[1].key in _PRONOUNS:
        # "do they stretch?" asks of a piece, it names none; "do they come in black" may.
        inside = [at for at, unit in enumerate(units) if unit.key in {"in", "en"}]
        return [
            unit
            for at, unit in enumerate(units[2:], start=2)
            if "garment" not in unit.tags and not any(place < at for place in inside)
        ]
    if not units or units[0].key not in {"is", "are", "es", "son"}:
        return []
    named = next((at for at, unit in enumerate(units) if identifies(unit) or unit.key in {"it", "this", "that"}), None)
    last = units[-1]
    if named in {None, len(units) - 1} or "garment" in last.tags or units[-2].key in {"in", "en"}:
        return []
    return [last]


def _conflicts(unit: Unit, rows: Sequence[Row], about: frozenset[int]) -> bool:
    if unit.kind not in {"word", "era"} or not (unit.kind == "era" or any(label in unit.tags for label in IDENTITY)):
        return False
    if "safe" in unit.tags or "function" in unit.tags or "measure" in unit.tags:
        return False
    return not any(backs(rows[number], unit) for number in about)
