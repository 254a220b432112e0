"""What a customer wants, by rules: several intents, policy topics, the language, what goes to the owner.

The same rules gate the model's tool loop, the house drafter and the policy. They know nothing of the stock.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from rapidfuzz.distance import OSA

from server.agent.phrasebook import (
    INTENTS,
    OWNER_INTENTS,
    STOCK_INTENTS,
    Phrasebook,
    foreign_words,
    phrasebook,
    phrasebooks,
)
from server.agent.untrusted import TEXT_LIMIT, clean

LANGUAGES: Final = ("en", "es")

_ASIDE: Final = frozenset({"thanks", "greeting", "other"})
_HEARD_FROM: Final = 2.0
"""The weight from which an intent counts beside others; greetings and thanks are below it."""

_FEET: Final = re.compile(r"(\d)\s?['\u2019\u2032]\s?(?=\d|$|\s)")
_INCHES: Final = re.compile(r"(\d)\s?(?:[\"\u201d\u2033]|'')")
_APOSTROPHES: Final = re.compile(r"['\u2019\u2018`\u00b4]")
_OTHER_SIGNS: Final = re.compile(r"[^a-z0-9$\u20ac\u00a3?!.,%/\-\n&: ]+")
_LONG_RUNS: Final = re.compile(r"([a-z?!.])\1{2,}")
_PLUS: Final = re.compile(r"(?<=\w)\s?\+\s?(?=[a-z])")
_SPACES: Final = re.compile(r"[ \t\n]+")
_WORD: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_LETTERS: Final = re.compile(r"[^\W\d_]")
_LATIN: Final = re.compile(r"[a-zA-Z\u00c0-\u024f]")


@dataclass(frozen=True, slots=True)
class Reading:
    """What the rules understood of a burst of messages."""

    intents: tuple[str, ...]
    """Everything that is asked, the primary one first; never empty."""
    language: str
    """A phrasebook's code, or "und" when it is in none of them."""
    topics: tuple[str, ...] = ()
    """Topics of the shop's policies that it asks about."""
    escalations: tuple[str, ...] = ()
    """What in it is for the owner alone, in her words."""
    text: str = ""
    """The plain form the rules read: lower case, slang opened."""

    @property
    def primary(self) -> str:
        """Returns the intent that names the message."""
        return self.intents[0]

    @property
    def about_stock(self) -> bool:
        """Tells whether a row of the stock has to answer."""
        return not STOCK_INTENTS.isdisjoint(self.intents)

    @property
    def for_owner(self) -> bool:
        """Tells whether only the owner may answer."""
        return bool(self.escalations) or not OWNER_INTENTS.isdisjoint(self.intents)


def plain(text: str) -> str:
    """Returns the text as the patterns read it: lower case, no accents, no apostrophes, at most TEXT_LIMIT long."""
    opened = unicodedata.normalize("NFKD", clean(text).casefold())
    opened = "".join(character for character in opened if not unicodedata.combining(character))
    opened = _FEET.sub(r"\1 ft ", _INCHES.sub(r"\1 in ", opened))
    opened = _PLUS.sub(" and ", opened)
    opened = _OTHER_SIGNS.sub(" ", _APOSTROPHES.sub("", opened))
    return _SPACES.sub(" ", _LONG_RUNS.sub(r"\1", opened)).strip()[:TEXT_LIMIT]


def language_of(text: str, languages: Sequence[str] = LANGUAGES) -> str:
    """Returns the language of a text by its function words: a phrasebook's code, or "und".

    A text with no word of any list, such as "J-014?" or an emoji, counts as the first language when it is short.
    """
    books = phrasebooks(tuple(languages))
    letters = _LETTERS.findall(text)
    if letters and sum(1 for letter in letters if _LATIN.match(letter)) * 2 < len(letters):
        return "und"
    words = _WORD.findall(plain(text))
    if not words:
        return books[0].code
    scores = {
        book.code: sum(2 for word in words if word in book.function_words)
        + sum(1 for word in words if word not in book.function_words and (word in book.words or word in book.slang))
        for book in books
    }
    best = max(scores, key=lambda code: scores[code])
    foreign = sum(2 for word in words if word in foreign_words())
    if foreign > scores[best]:
        return "und"
    if scores[best] == 0:
        return books[0].code if len(words) <= 4 else "und"  # "nike acg shell XL" is a question
    return best


def read(texts: Sequence[str] | str, languages: Sequence[str] = LANGUAGES) -> Reading:
    """Reads a burst of messages. Never raises, and takes time in proportion to its length."""
    given = [texts] if isinstance(texts, str) else [text for text in texts if text.strip()]
    books = phrasebooks(tuple(languages))
    joined = "\n".join(given)[-TEXT_LIMIT * 2 :]
    code = language_of(joined, languages)
    book = next((known for known in books if known.code == code), books[0])
    marked = ". ".join(_opened(plain(text), book) for text in given)[-TEXT_LIMIT:]
    found = _intents(marked, books)
    return Reading(
        intents=found,
        language=code,
        topics=_named(marked, books, "topics"),
        escalations=_named(f"{marked} . {plain(joined)}", books, "escalation"),
        text=marked,
    )


def intents_of(text: str, languages: Sequence[str] = LANGUAGES) -> tuple[str, ...]:
    """Returns what a text asks, the primary intent first; ("other",) when no rule knows it."""
    return read(text, languages).intents


def escalations_of(texts: Sequence[str], languages: Sequence[str] = LANGUAGES) -> tuple[str, ...]:
    """Names the escalation words in any of the texts: a refund, the law, an accusation, a minor and so on."""
    books = phrasebooks(tuple(languages))
    return tuple(dict.fromkeys(name for text in texts for name in _named(_both(text, books), books, "escalation")))


def _both(text: str, books: Sequence[Phrasebook]) -> str:
    unslanged = plain(text)
    return " . ".join(dict.fromkeys([unslanged, *(_opened(unslanged, book) for book in books)]))


def _opened(text: str, book: Phrasebook) -> str:
    """Returns the text with slang opened and misspelt key words mended."""
    known = _known(book.code)

    def mend(match: re.Match[str]) -> str:
        word = match.group()
        if word in book.slang:
            return book.slang[word]
        if len(word) < 5 or word in known or not word.isalpha():
            return word
        return _mended(word, book.code)

    return _WORD.sub(mend, text)


@lru_cache(maxsize=8)
def _known(code: str) -> frozenset[str]:
    book = phrasebook(code)
    return frozenset(
        {
            *book.function_words,
            *book.never_mended,
            *book.spelling,
            *book.stop,
            *book.words,
            *book.words.values(),
            *book.slang,
            *book.sizes,
        }
    )


@lru_cache(maxsize=4096)
def _mended(word: str, code: str) -> str:
    allowed = 2 if len(word) >= 8 else 1
    best, distance = word, allowed + 1
    for right in phrasebook(code).spelling:
        if right.startswith(word) or word.startswith(right):
            # "damage" is no misspelt "damaged".
            continue
        if right[0] != word[0] or abs(len(right) - len(word)) > allowed or len(right) < 5:
            continue
        off = OSA.distance(word, right, score_cutoff=allowed)
        if off < distance:
            best, distance = right, off
    return best


def within(text: str, languages: Sequence[str] = LANGUAGES) -> frozenset[str]:
    """Returns the intents of a clause of a reading's own text."""
    return frozenset(_intents(text, phrasebooks(tuple(languages))))


def _intents(text: str, books: Sequence[Phrasebook]) -> tuple[str, ...]:
    """Returns the intents, primary first: what only the owner answers before the rest, then by their place."""
    patterns = sorted((pattern for book in books for pattern in book.patterns), key=lambda pattern: -pattern.weight)
    left = text
    weights: dict[str, float] = {}
    places: dict[str, int] = {}
    for pattern in patterns:
        spans = [match.span() for match in pattern.expression.finditer(left) if match.end() > match.start()]
        if not spans:
            continue
        weights[pattern.intent] = max(weights.get(pattern.intent, 0.0), pattern.weight)
        places[pattern.intent] = min(places.get(pattern.intent, len(text)), spans[0][0])
        if pattern.weight >= _HEARD_FROM:
            for start, end in spans:
                # What was read stays as long as it was, so that places stay true, and is no word any more.
                left = f"{left[:start]}{'_' * (end - start)}{left[end:]}"
    if not weights:
        return ("other",)
    heard = [intent for intent, weight in weights.items() if weight >= _HEARD_FROM]
    if not heard:
        return (_aside(text, weights, books),)
    rank = {intent: INTENTS.index(intent) if intent in OWNER_INTENTS else len(INTENTS) for intent in heard}
    return tuple(sorted(heard, key=lambda intent: (rank[intent], places[intent])))


_ASIDES_HOLD: Final = 2
"""Words that no list knows, from which a greeting that asks is no greeting: "hi is it vegan leather?"."""


def _aside(text: str, weights: Mapping[str, float], books: Sequence[Phrasebook]) -> str:
    """Returns the greeting or the thanks that a message is, or "other" when it says more than the rules can read."""
    named = max(weights, key=lambda intent: (weights[intent], -INTENTS.index(intent)))
    left = text
    for book in books:
        for pattern in book.patterns:
            if pattern.intent in weights:
                left = pattern.expression.sub(" ", left)
    unread = [
        word for word in _WORD.findall(left) if not any(word in book.stop or word in book.slang for book in books)
    ]
    asks = "?" in left or any(_QUESTION.match(clause) for clause in re.split(r"[.!,\n]", left))
    return "other" if asks and len(unread) >= _ASIDES_HOLD else named


_QUESTION: Final = re.compile(r"\s*(?:is|are|does|do|can|could|will|would|what|whats|how|which)\b")


def _named(text: str, books: Sequence[Phrasebook], table: str) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for book in books:
        patterns = book.topics if table == "topics" else book.escalation
        for name, pattern in patterns.items():
            if pattern.search(text):
                found[name] = None
    return tuple(found)
