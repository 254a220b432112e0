"""The word lists of each language, read once from `words/*.toml`, and how text is labelled with them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from server.agent.grounding.normalise import normalise
from server.agent.grounding.tokens import Token, tokenise

Tags = Mapping[str, str]
"""Class of a word or phrase → what it stands for: {"colour": "grey"}."""

_NONE: Final[Tags] = {}


def entries(text: str) -> list[str]:
    """Cuts a list of the word files at commas and line ends."""
    return [entry for line in text.splitlines() for part in line.split(",") if (entry := part.strip())]


def keys(text: str) -> tuple[str, ...]:
    """Returns the comparing forms of the words and numbers in the text."""
    return tuple(
        token.key for token in tokenise(normalise(text).text) if token.kind in {"word", "num", "decade", "sym"}
    )


@dataclass(slots=True)
class Lexicon:
    """One language: phrases by their first word, longest first."""

    code: str
    phrases: dict[str, list[tuple[tuple[str, ...], dict[str, str]]]] = field(default_factory=dict)
    numbers: dict[str, Decimal] = field(default_factory=dict)
    number_links: dict[str, frozenset[str]] = field(default_factory=dict)
    promise: tuple[tuple[str, ...], ...] = ()
    yes: tuple[tuple[str, ...], ...] = ()
    no: tuple[tuple[str, ...], ...] = ()
    garment_is_a: dict[str, tuple[str, ...]] = field(default_factory=dict)
    same: tuple[tuple[str, ...], ...] = ()

    def add(self, phrase: str, label: str, meaning: str) -> None:
        """Records that the phrase may mean this."""
        words = keys(phrase)
        if not words:
            return
        rows = self.phrases.setdefault(words[0], [])
        for known, tags in rows:
            if known == words:
                tags.setdefault(label, meaning)
                return
        rows.append((words, {label: meaning}))

    def freeze(self) -> None:
        """Sorts the phrases so that the longest is found first."""
        for rows in self.phrases.values():
            rows.sort(key=lambda row: -len(row[0]))

    def longest(self, tokens: Sequence[Token], at: int) -> tuple[int, Tags]:
        """Returns how many tokens from `at` form the longest known phrase, and its tags; (0, {}) for none."""
        first = tokens[at]
        found, best = 0, _NONE
        for start in (first.key, first.stem) if first.stem != first.key else (first.key,):
            for words, tags in self.phrases.get(start, ()):
                size = len(words)
                if size <= found:
                    break
                if size == 1 or _follows(tokens, at, words):
                    found, best = size, tags
                    break
        return found, best

    def knows(self, token: Token) -> bool:
        """Tells whether the word stands in this language's lists."""
        return self.longest([token], 0)[0] > 0 or token.key in self.numbers


def _follows(tokens: Sequence[Token], at: int, words: tuple[str, ...]) -> bool:
    if at + len(words) > len(tokens):
        return False
    for offset in range(1, len(words)):
        token = tokens[at + offset]
        if words[offset] not in {token.key, token.stem}:
            return False
    return True


def _inflect(verb: str) -> Iterable[str]:
    """Returns the regular English forms of a verb."""
    yield verb
    if verb.endswith("e"):
        yield from (verb + "s", verb + "d", verb[:-1] + "ing", verb + "r")
    elif verb.endswith("y") and verb[-2:-1] not in "aeiou":
        yield from (verb[:-1] + "ies", verb[:-1] + "ied", verb + "ing")
    else:
        double = (
            verb + verb[-1]
            if len(verb) > 2 and verb[-1] not in "aeiouwxy" and verb[-2] in "aeiou" and verb[-3] not in "aeiou"
            else verb
        )
        yield from (
            verb + ("es" if verb.endswith(("s", "sh", "ch", "x")) else "s"),
            verb + "ed",
            verb + "ing",
            double + "ed",
            double + "ing",
        )


_SIMPLE: Final = {
    "function": "function",
    "filler": "safe",
    "phrases": "safe",
    "negators": "neg",
    "conditional": "if",
    "available": "available",
    "offered": "offered",
    "gone": "gone",
    "held": "held",
    "held_for": "safe",
    "searched": "searched",
    "absent": "absent",
    "offers": "offer",
    "offer_verbs": "offer_verb",
    "offer_acts": "offer_act",
    "buy_verbs": "buy",
    "photo": "photo",
    "prefer": "prefer",
    "join": "join",
    "both": "both",
    "ask": "ask",
    "evaluative": "evaluative",
    "condition_noun": "condition_noun",
    "policy_neutral": "policy_neutral",
    "look_into": "look_into",
    "may_promise": "may_promise",
    "topics": "topic",
}
_TABLES: Final = {
    "currency": "currency",
    "units": "unit",
    "measurements": "measure",
    "sizes": "size",
    "eras": "era",
    "colours": "colour",
    "garments": "garment",
    "materials": "material",
    "conditions": "condition",
    "policy_words": "policy",
    "durations": "duration",
    "percent": "percent",
    "measure_adjectives": "adjective",
}


def read(given: Mapping[str, Any]) -> Lexicon:
    """Builds a language from the parsed word file."""
    lexicon = Lexicon(str(given["code"]))
    for name, label in _SIMPLE.items():
        for phrase in entries(given.get(name, "")):
            lexicon.add(phrase, label, phrase)
    inflect = _inflect if given.get("inflect", "english") == "english" else lambda word: (word,)
    for verb in entries(given.get("verbs", "")):
        for form in inflect(verb):
            lexicon.add(form, "safe", verb)
    for noun in entries(given.get("feature_nouns", "")):
        lexicon.add(noun, "feature", noun)
    for name, label in _TABLES.items():
        for meaning, phrases in given.get(name, {}).items():
            for phrase in entries(phrases):
                lexicon.add(phrase, label, meaning)
    for name, label in (("money", "cue"), ("around", "around"), ("size_words", "size_word")):
        for meaning, phrases in given.get(name, {}).items():
            for phrase in entries(phrases):
                lexicon.add(phrase, f"{label}:{meaning}" if name != "around" else label, meaning)
    lexicon.numbers = {word: Decimal(str(value)) for word, value in given.get("numbers", {}).items()}
    lexicon.number_links = {name: frozenset(entries(words)) for name, words in given.get("number_links", {}).items()}
    lexicon.promise = tuple(keys(phrase) for phrase in entries(given.get("promise", "")))
    lexicon.yes = tuple(sorted((keys(phrase) for phrase in entries(given.get("yes", ""))), key=len, reverse=True))
    lexicon.no = tuple(sorted((keys(phrase) for phrase in entries(given.get("no", ""))), key=len, reverse=True))
    for words in (*lexicon.yes, *lexicon.no):
        if len(words) == 1:
            lexicon.add(words[0], "answer", words[0])
    lexicon.garment_is_a = {name: tuple(entries(wider)) for name, wider in given.get("garment_is_a", {}).items()}
    lexicon.same = tuple(tuple(entries(words)) for words in given.get("same", {}).values())
    lexicon.freeze()
    return lexicon


def _load() -> tuple[Lexicon, ...]:
    folder = Path(__file__).parent / "words"
    return tuple(read(tomllib.loads(path.read_text(encoding="utf-8"))) for path in sorted(folder.glob("*.toml")))


LANGUAGES: Final = _load()
"""Every language the check understands; read at import, so that a call touches no file."""

SAME: Final[Mapping[str, tuple[str, ...]]] = {
    word: tuple(other for other in group if other != word)
    for lexicon in LANGUAGES
    for group in lexicon.same
    for word in group
}
"""Words that may stand for one another in what a listing says: a "tiny" hole is a "small" one."""
