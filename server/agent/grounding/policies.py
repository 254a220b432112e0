"""Compares a clause with the shop's own written policies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from server.agent.grounding.names import join_hyphens
from server.agent.grounding.normalise import normalise
from server.agent.grounding.numbers import merge_numbers
from server.agent.grounding.scan import Scanner, Unit, language
from server.agent.grounding.tokens import Token, root, tokenise

_NEUTRAL: Final = frozenset(
    {
        "function",
        "safe",
        "prefer",
        "photo",
        "offer",
        "join",
        "ask",
        "cue:cues",
        "both",
        "offered",
        "searched",
        "around",
        "offer_verb",
        "size_word:cues",
    }
)
_LIMITS: Final = frozenset(
    {
        "when",
        "more",
        "each",
        "per",
        "cuando",
        "cada",
        "over",
        "above",
        "under",
        "below",
        "only",
        "if",
        "within",
        "except",
        "unless",
        "minimum",
        "least",
        "most",
        "after",
        "before",
        "until",
        "first",
        "excluding",
        "domestic",
        "from",
        "than",
        "max",
        "maximum",
        "sobre",
        "mas",
        "menos",
        "solo",
        "si",
        "salvo",
        "excepto",
        "minimo",
        "antes",
        "despues",
        "hasta",
        "primer",
        "dentro",
    }
)
_CONDITIONS: Final = frozenset({"if", "unless", "when", "except", "si", "salvo", "excepto", "cuando"})
_PASSIVE: Final = frozenset({"are", "get", "gets", "be", "son", "se"})
_BOUNDS: Final = frozenset(
    {
        "only",
        "solo",
        "outside",
        "fuera",
        "all",
        "every",
        "any",
        "everything",
        "always",
        "never",
        "todo",
        "todos",
        "todas",
        "siempre",
        "cualquier",
    }
)
_FIGURES: Final = frozenset({"money", "percent", "duration", "length", "num", "cross", "link", "era", "size"})
_NOUNS: Final = frozenset({"shipping", "tracking"})
_DEED_ENDINGS: Final = ("ed", "ing", "held", "sent", "paid", "ado", "ando", "iendo")
Mark = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Segment:
    """A sentence or clause of a policy."""

    topic: str
    text: str
    marks: frozenset[Mark]
    limits: frozenset[Mark]
    denies: bool
    words: frozenset[str]
    mixed: bool
    """A part of it denies and another does not, so that only the whole of it may be said."""
    single: bool
    """It holds at most one figure of each kind, so that none can be confused with another."""


def figure(unit: Unit) -> Mark:
    """Returns what a figure is compared by."""
    value = "" if unit.value is None else format(unit.value.normalize(), "f")
    return (unit.kind, value, unit.label)


def marks(units: Sequence[Unit]) -> tuple[frozenset[Mark], frozenset[Mark], bool]:
    """Returns what the units say (roots of words, figures), which of it limits, and whether it denies."""
    said: set[Mark] = set()
    limits: set[Mark] = set()
    denials = 0
    for unit in units:
        limiting = [word for word in unit.keys if word in _LIMITS]
        limits.update(("word", word) for word in limiting)
        if unit.kind in _FIGURES:
            said.add(figure(unit))
            if limits and unit.kind in {"money", "duration", "num"}:
                limits.add(figure(unit))
        elif "neg" in unit.tags:
            denials += 1
        elif "policy_neutral" in unit.tags:
            continue
        elif unit.kind == "mention" or (unit.kind == "word" and _tells(unit)):
            said.update(("word", root(word)) for word in unit.keys if word not in _LIMITS)
    return frozenset(said), frozenset(limits), denials % 2 == 1


def _tells(unit: Unit) -> bool:
    """Tells whether the word says something: "US" does, "us" does not."""
    if "policy" in unit.tags or not unit.tags or unit.raw == "US":
        return True
    return "function" not in unit.tags and not unit.tags.keys() <= _NEUTRAL


def restricts(units: Sequence[Unit]) -> set[str]:
    """Returns the words that narrow or widen what is said, so that the policy must hold them too."""
    return {word for unit in units for word in unit.keys if word in _BOUNDS}


def _deeds(units: Sequence[Unit]) -> set[str]:
    """Returns the words of what is done or being done for this customer: no rule says that it "has shipped".

    "Orders are shipped within 2 days" tells the rule.
    """
    return {
        unit.key
        for at, unit in enumerate(units)
        if len(unit.keys) == 1
        and "policy" in unit.tags
        and unit.key.endswith(_DEED_ENDINGS)
        and not (unit.key in _NOUNS and not (at and units[at - 1].key in {"am", "are", "we", "i"}))
        and not any(other.key in _PASSIVE for other in units[max(0, at - 2) : at])
    }


def read_units(text: str) -> list[Unit]:
    """Returns the units of a text that stands alone."""
    tokens = join_hyphens(tokenise(normalise(text).text))
    lexicon = language(tokens)
    return Scanner(merge_numbers(tokens, lexicon), lexicon).scan()


@lru_cache(maxsize=512)
def segments(topic: str, text: str) -> tuple[Segment, ...]:
    """Returns the sentences of a policy, and the clauses of each."""
    found: list[Segment] = []
    for sentence in _split(read_units(text[:4000]), ".!?;\n"):
        parts = _split(sentence, ",;()-:", words=True)
        if any(word in _CONDITIONS for part in parts for unit in part for word in unit.keys):
            parts = []  # what holds only under a condition may not be said without it
        mixed = len({marks(part)[2] for part in parts}) > 1
        for part in [sentence, *parts]:
            said, limits, denies = marks(part)
            kinds = [mark[0] for mark in said if mark[0] != "word"]
            found.append(
                Segment(
                    topic,
                    text,
                    said,
                    limits,
                    denies,
                    frozenset(word for unit in part for word in unit.keys),
                    mixed and part is sentence,
                    len(kinds) == len(set(kinds)),
                )
            )
    return tuple(found)


def _split(units: Sequence[Unit], at: str, *, words: bool = False) -> list[list[Unit]]:
    parts: list[list[Unit]] = [[]]
    for unit in units:
        if (unit.kind == "break" and unit.key in at) or (words and "join" in unit.tags):
            parts.append([])
        else:
            parts[-1].append(unit)
    return [part for part in parts if part]


def backing(units: Sequence[Unit], policies: Mapping[str, str]) -> Segment | None:
    """Returns the policy sentence that says all of this, with the same polarity and with every limit it sets."""
    said, _, denies = marks(units)
    own = (
        {("word", root(word)) for unit in units for word in unit.keys}
        | {("word", word) for unit in units for word in unit.keys}
        | {figure(unit) for unit in units if unit.kind in _FIGURES}
    )
    if not said or not any(mark[0] in {"word", "percent", "duration", "link", "money"} for mark in said):
        return None
    bounds = restricts(units)
    done = _deeds(units)
    for topic, text in policies.items():
        topic_marks = {("word", root(word)) for word in topic.lower().split()}
        for segment in segments(topic, text):
            if (
                said - topic_marks <= segment.marks
                and said & segment.marks
                and segment.limits <= own
                and bounds <= segment.words
                and done <= segment.words
                and segment.denies == denies
                and (not segment.mixed or segment.marks <= said)
                and (len(said) > 1 or len(segment.marks) <= 2)
                and (segment.single or len(said) >= len(segment.marks))
            ):
                return segment
    return None


def quotations(tokens: Sequence[Token], policies: Mapping[str, str]) -> dict[int, tuple[int, str]]:
    """Finds whole sentences of a policy quoted word for word: first token → (how many tokens, topic)."""
    found: dict[int, tuple[int, str]] = {}
    if not policies:
        return found
    keys = [token.key for token in tokens]
    for topic, text in policies.items():
        for sentence in _sentences(text[:4000]):
            first, size = sentence[0], len(sentence)
            for at in range(len(keys) - size + 1):
                if keys[at] == first and tuple(keys[at : at + size]) == sentence and found.get(at, (0, ""))[0] < size:
                    found[at] = (size, topic)
    return found


@lru_cache(maxsize=512)
def _sentences(text: str) -> tuple[tuple[str, ...], ...]:
    tokens = join_hyphens(tokenise(normalise(text).text))
    parts: list[list[str]] = [[]]
    for token in tokens:
        if token.kind == "punct" and token.key in ".!?;\n":
            parts.append([])
        else:
            parts[-1].append(token.key)
    whole = tuple(token.key for token in tokens)
    return tuple(
        dict.fromkeys([*(tuple(part) for part in parts if len(part) >= 2), *([whole] if len(whole) >= 2 else [])])
    )


def is_policy_string(text: str, policies: Mapping[str, str]) -> str | None:
    """Returns the topic whose words hold this link, handle or address exactly."""
    wanted = text.rstrip(".,!?;:)").lower()
    for topic, words in policies.items():
        if (wanted and wanted in words.lower().split()) or any(
            wanted == word.strip(".,!?;:()").lower() for word in words.split()
        ):
            return topic
    return None
