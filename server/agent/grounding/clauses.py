"""Cuts a reply into sentences and clauses, and sees which of them ask, offer or only wonder."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from server.agent.grounding.lexicon import LANGUAGES
from server.agent.grounding.scan import Unit

_ENDS: Final = frozenset(".!?;\n")
_CUTS: Final = frozenset(",()-+&")
_ASKING: Final = frozenset(
    phrase[0] for lexicon in LANGUAGES for rows in lexicon.phrases.values() for phrase, tags in rows if "ask" in tags
)
_LABELS: Final = frozenset({"measure", "cue:cues", "cue:asks", "size_word:cues"})
"""Before a colon these only name the figure that follows: "Size: L"."""
_ALIKE: Final = frozenset({"colour", "material", "size"})


@dataclass(slots=True)
class Clause:
    """A run of units that says one thing about one piece, or several pieces listed together."""

    units: list[Unit]
    sentence: int
    joiner: str = ""
    asks: bool = False
    prefers: bool = False
    """It speaks of what the customer wants, so its colours and sizes are not claims."""
    offers: bool = False
    """It asks what the shop should do: "want me to hold it?"."""
    rows: frozenset[int] = frozenset()
    """The pieces it may be about."""
    named: frozenset[int] = frozenset()
    """Those that its own words name, when others share what it says: "the windbreaker and the hoodie are both L"."""
    sure: bool = False
    """The pieces in `rows` are all meant, or there is only one."""
    states: list[str] = field(default_factory=list)
    had: list[Unit] = field(default_factory=list)
    """The "we have" of an earlier clause that this one shares."""

    @property
    def open(self) -> list[Unit]:
        """The units nobody has answered for."""
        return [unit for unit in self.units if not unit.done]

    def has(self, label: str) -> bool:
        """Tells whether any unit may mean this."""
        return any(label in unit.tags for unit in self.units)


def cut(units: Sequence[Unit]) -> list[Clause]:
    """Returns the clauses of the units in order; the breaks themselves are left out."""
    clauses: list[Clause] = []
    current: list[Unit] = []
    sentence, joiner = 0, ""
    first_of_sentence = 0
    for at, unit in enumerate(units):
        ends = unit.kind == "break" and unit.key in _ENDS
        cuts = (unit.kind == "break" and unit.key in _CUTS) or "join" in unit.tags or unit.kind == "emoji"
        if unit.kind == "break" and unit.key == ":" and at and not units[at - 1].tags.keys() & _LABELS:
            cuts = True
        if cuts and not ends and _alike(units, at):
            cuts = False
        if not ends and not cuts:
            if unit.kind != "break":
                current.append(unit)
            continue
        if unit.kind == "emoji":
            current.append(unit)
        if current:
            clauses.append(Clause(current, sentence, joiner))
            current = []
        joiner = unit.tags.get("join", "and" if unit.key in {"&", "+"} else ",")
        if ends:
            _close(clauses[first_of_sentence:], unit.key == "?")
            first_of_sentence, sentence, joiner = len(clauses), sentence + 1, ""
    if current:
        clauses.append(Clause(current, sentence, joiner))
    _close(clauses[first_of_sentence:], asks=False)
    return clauses


def _alike(units: Sequence[Unit], at: int) -> bool:
    """Tells whether the break stands between two colours, materials or sizes: "black and white"."""
    if at == 0 or at + 1 >= len(units):
        return False
    return bool(_ALIKE & units[at - 1].tags.keys() & units[at + 1].tags.keys())


def _close(clauses: Iterable[Clause], asks: bool) -> None:
    asking = preferring = False
    for clause in clauses:
        words = [unit for unit in clause.units if unit.kind in {"word", "mention", "size"}]
        starts = any(unit.keys[0] in _ASKING or "offer" in unit.tags for unit in words[:3]) or (
            len(words) > 0 and "prefer" in words[0].tags
        )
        asking = asks and (asking or starts)
        clause.asks = asking
        clause.offers = (
            clause.has("offer")
            and (clause.has("offer_verb") or clause.has("offer_act") or clause.has("buy"))
            and not any(unit.key == "will" for unit in words[:3])
        )
        prefers = clause.has("prefer") and (
            asks or clause.has("if") or any(unit.key in {"you", "your", "u"} or "you" in unit.keys for unit in words)
        )
        # "what are you looking for: a jacket, a tee?" lists what the customer may want
        clause.prefers = prefers or (asking and preferring)
        preferring = clause.prefers and asking and not clause.has("offered")
