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
from server.agent.grounding.tokens import Token, root, singular, tokenise

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
        "cue:sum",
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
_EMPTY_VERBS: Final = frozenset({"go", "goes", "going", "out"})
"""In "orders go out in 2 days" it is the rest that a policy must say."""
_WHOSE: Final = frozenset({"your", "our", "my", "tu", "su", "nuestra", "nuestro"})
_SAYING_NOTHING: Final = _LIMITS | _EMPTY_VERBS | _WHOSE
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
    sentence: frozenset[Mark]
    """What the whole sentence says that it is part of."""
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
    for at, unit in enumerate(units):
        limiting = [word for word in unit.keys if word in _LIMITS]
        place = _place(units[at + 1 :]) if limiting == ["within"] else ""
        # "Within the US" is "in the US": the place is the limit, however it is led up to.
        limits.update(("word", place or _SAME_LIMIT.get(word, word)) for word in limiting)
        if unit.keys[0] in _PAYING and any(other.keys[-1] in {"we", "i"} for other in units[max(0, at - 2) : at]):
            said.add(("payer", "shop"))
        if unit.kind in _FIGURES:
            said.add(figure(unit))
            if limits and unit.kind in {"money", "duration", "num"}:
                limits.add(figure(unit))
        elif "neg" in unit.tags:
            denials += 1
        elif "policy_neutral" in unit.tags or (unit.keys == ("every",) and _weekday(units[at + 1 :])):
            continue
        elif unit.keys == ("up", "to"):
            continue  # "for up to 48 hours" promises no more than "for 48 hours"
        elif unit.kind == "mention" or (unit.kind == "word" and _tells(unit)):
            said.update(("word", _base(word)) for word in unit.keys if word not in _SAYING_NOTHING)
    return frozenset(said), frozenset(limits), denials % 2 == 1


_SAME_LIMIT: Final = {"if": "when", "si": "cuando"}
_SAME_VERB: Final = dict.fromkeys(("grab", "purchase", "get", "order", "take"), "buy")
_PAYING: Final = frozenset({"pay", "cover"})


def _base(word: str) -> str:
    """Returns what a word is compared by: without its plural and its endings, and one word for all that buy."""
    return root(singular(_SAME_VERB.get(word, word)))


def _place(after: Sequence[Unit]) -> str:
    """Returns the word of the place that follows "within", or "" when a figure does."""
    for unit in after[:_AFTER_WITHIN]:
        if unit.kind != "word" or unit.value is not None:
            return ""
        if unit.raw == "US" or "function" not in unit.tags:
            return unit.key
    return ""


_AFTER_WITHIN: Final = 2


def _tells(unit: Unit) -> bool:
    """Tells whether the word says something: "US" does, "us" does not."""
    if "policy" in unit.tags or not unit.tags or unit.raw == "US":
        return True
    return "function" not in unit.tags and not unit.tags.keys() <= _NEUTRAL


def _ourselves(unit: Unit) -> bool:
    """Tells "us" from the US, which is the limit of many a shipping policy."""
    return unit.keys == ("us",) and unit.raw != "US"


def restricts(units: Sequence[Unit]) -> set[str]:
    """Returns the words that narrow or widen what is said, so that the policy must hold them too."""
    return {
        word
        for at, unit in enumerate(units)
        for word in unit.keys
        if word in _BOUNDS and not (word == "every" and _weekday(units[at + 1 :]))
    }


def _weekday(after: Sequence[Unit]) -> bool:
    """Tells whether "every Monday" is meant, which is "on Mondays"."""
    return (
        bool(after)
        and after[0].tags.get("policy") == "time"
        and len(after[0].key) > len("days")
        and after[0].key.endswith(("day", "days"))
    )


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
                    marks(sentence)[0],
                    len(kinds) == len(set(kinds)),
                )
            )
    return tuple(found)


_THRESHOLDS: Final = frozenset(
    ("word", word) for word in ("over", "above", "under", "below", "more", "least", "minimum")
)
"""What such a limit says may be put as a condition: "if your order is over $75"."""


def _split(units: Sequence[Unit], at: str, *, words: bool = False) -> list[list[Unit]]:
    parts: list[list[Unit]] = [[]]
    for unit in units:
        if (unit.kind == "break" and unit.key in at) or (words and "join" in unit.tags):
            parts.append([])
        else:
            parts[-1].append(unit)
    return [part for part in parts if part]


def backing(units: Sequence[Unit], policies: Mapping[str, str], asked: frozenset[Mark]) -> Segment | None:
    """Returns the policy sentence that says all of this, with the same polarity and with every limit it sets.

    `asked` are the words of the policies in the question: a bare figure answers for what was asked only.
    """
    said, _, denies = marks(units)
    own = (
        {("word", _base(word)) for unit in units if not _ourselves(unit) for word in unit.keys}
        | {("word", _SAME_LIMIT.get(word, word)) for unit in units if not _ourselves(unit) for word in unit.keys}
        | {figure(unit) for unit in units if unit.kind in _FIGURES}
    )
    if not said or not any(mark[0] in {"word", "percent", "duration", "link", "money"} for mark in said):
        return None
    bounds = restricts(units)
    conditions = {("word", _SAME_LIMIT.get(word, word)) for unit in units for word in unit.keys if word in _CONDITIONS}
    done = _deeds(units)
    narrowing = {word for unit in units for word in unit.keys if word in _NARROWING}
    bare = all(mark[0] != "word" for mark in said)
    if bare and _ambiguous(said, policies, asked):
        return None
    for topic, text in policies.items():
        topic_marks = frozenset(("word", _base(word)) for word in topic.lower().split())
        headed = bool(topic_marks & {("word", _base(units[0].keys[0]))})  # "Returns: all sales are final"
        for segment in segments(topic, text):
            named = topic_marks if headed else topic_marks & segment.sentence
            if bare and asked and not asked & (segment.sentence | topic_marks):
                continue
            if (
                said - named <= segment.marks
                and said & segment.marks
                and segment.limits <= own
                and (conditions <= segment.limits or segment.limits & _THRESHOLDS)
                and bounds | narrowing <= segment.words
                and done <= segment.words
                and segment.denies == denies
                and (not segment.mixed or segment.marks <= said)
                and (len(said) > 1 or len(segment.marks) <= 2)
                and (segment.single or len(said) >= len(segment.marks))
            ):
                return segment
    return None


_NARROWING: Final = frozenset({"per", "each", "over", "above", "under", "below", "minimum", "first", "least", "cada"})


def _ambiguous(said: frozenset[Mark], policies: Mapping[str, str], asked: frozenset[Mark]) -> bool:
    """Tells whether a bare figure may be one of several of its kind: shipping is $5.95, and $25 abroad."""
    kinds = {mark[0] for mark in said}
    told = {
        mark
        for topic, text in policies.items()
        for segment in segments(topic, text)
        if not asked or asked & (segment.sentence | {("word", _base(word)) for word in topic.lower().split()})
        for mark in segment.marks
        if mark[0] in kinds
    }
    return bool(told - said)


def asked_of(units: Sequence[Unit]) -> frozenset[Mark]:
    """Returns the words of a question that only a policy answers."""
    return frozenset(("word", _base(word)) for unit in units if "policy" in unit.tags for word in unit.keys)


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
