"""Finds what a reply speaks of: prices, lengths, sizes, times, pieces, and the words between, the longest first."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from server.agent.grounding.lexicon import LANGUAGES, Lexicon, Tags
from server.agent.grounding.tokens import Token, singular

_SIGN: Final = {
    "$": "$",
    "€": "EUR",
    "£": "GBP",
    "¥": "JPY",
    "₹": "INR",
    "₩": "KRW",
    "₽": "RUB",
    "₺": "TRY",
    "¢": "CENT",
}
_PREFIX: Final = {
    "us": "USD",
    "c": "CAD",
    "ca": "CAD",
    "a": "AUD",
    "au": "AUD",
    "mx": "MXN",
    "nz": "NZD",
    "hk": "HKD",
    "s": "SGD",
    "r": "BRL",
}
_LETTERS: Final = {"S": "S", "M": "M", "L": "L"}
_EMPTY: Final[Tags] = {}
_NOT_A_UNIT: Final = frozenset(
    {
        "the",
        "a",
        "an",
        "total",
        "stock",
        "all",
        "my",
        "our",
        "your",
        "this",
        "that",
        "it",
        "black",
        "good",
        "great",
        "person",
    }
)
_YES_SIGNS: Final = frozenset("✅✔☑👍👌🆗💯🙆")
_NO_SIGNS: Final = frozenset("❌✖🚫👎⛔❎🙅")
_SAYING_SIGNS: Final = frozenset("🆓🆕🆒🔝🈹🈚")


@dataclass(slots=True, eq=False)
class Unit:
    """One thing the reply says: a typed figure, a mention of pieces, a known phrase or an unknown word."""

    kind: str
    start: int
    end: int
    key: str = ""
    stem: str = ""
    raw: str = ""
    tags: Tags = field(default_factory=lambda: _EMPTY)
    value: Decimal | None = None
    label: str = ""
    """Currency, unit of length, size, decade, unit of time: what the figure is counted in."""
    rows: frozenset[int] = frozenset()
    done: bool = False
    """Somebody has answered for it."""
    keys: tuple[str, ...] = ()


def language(tokens: Sequence[Token]) -> Lexicon:
    """Returns the language most words belong to."""
    best, score = LANGUAGES[0], 0
    for lexicon in LANGUAGES:
        known = sum(1 for token in tokens if token.kind == "word" and lexicon.knows(token))
        if known > score or (known == score and known and lexicon.code == "en"):
            best, score = lexicon, known
    return best


_DRAWN_OUT: Final = re.compile(r"(.)\1{2,}")


def shorten(tokens: list[Token], lexicon: Lexicon) -> list[Token]:
    """Reads "helloooo" and "sweeeet" as the known words they draw out; others stay as they are."""
    for token in tokens:
        if token.kind == "word" and _DRAWN_OUT.search(token.key) and not lexicon.knows(token):
            for letters in (r"\1", r"\1\1"):
                shorter = _DRAWN_OUT.sub(letters, token.key)
                if shorter in lexicon.phrases:
                    token.key, token.stem = shorter, singular(shorter)
                    break
    return tokens


class Scanner:
    """Reads tokens of one reply into units."""

    def __init__(self, tokens: list[Token], lexicon: Lexicon, names: frozenset[str] = frozenset()) -> None:
        self.tokens, self.lexicon = tokens, lexicon
        self.names = names
        self.others = tuple(other for other in LANGUAGES if other is not lexicon)

    def tags(self, at: int) -> tuple[int, Tags]:
        """Returns the longest phrase at this place in the reply's language, else in another one."""
        window = self.tokens[at : at + 8]
        count, tags = self.lexicon.longest(window, 0)
        raw = self.tokens[at].raw
        if not count and not (raw.isupper() and len(raw) > 1) and raw not in self.names:
            for other in self.others:
                count, tags = other.longest(window, 0)
                if count:
                    break
        return count, tags

    def scan(self) -> list[Unit]:
        """Returns the units in order."""
        units: list[Unit] = []
        at = 0
        while at < len(self.tokens):
            count, unit = self._next(at)
            unit.raw = unit.raw or " ".join({token.start: token.raw for token in self.tokens[at : at + count]}.values())
            unit.keys = tuple(key for token in self.tokens[at : at + count] for key in token.key.split())
            units.append(unit)
            at += count
        return units

    def _unit(self, kind: str, at: int, count: int, **extra: object) -> tuple[int, Unit]:
        first, last = self.tokens[at], self.tokens[at + count - 1]
        return count, Unit(kind, first.start, last.end, first.key, first.stem, **extra)  # type: ignore[arg-type]  # the fields are named where it is called

    def _at(self, at: int) -> Token | None:
        return self.tokens[at] if at < len(self.tokens) else None

    def _next(self, at: int) -> tuple[int, Unit]:
        token = self.tokens[at]
        if token.kind in {"mention", "policy"}:
            return self._unit(token.kind, at, 1, rows=token.rows)
        if token.kind in {"link", "hole", "cross"}:
            return self._unit(token.kind, at, 1, label=token.key)
        if token.kind == "decade":
            return self._unit("era", at, 1, label=token.key)
        if token.kind == "punct":
            return self._unit("break", at, 1)
        if token.kind == "sym" and token.key in _SIGN:
            return self._sign(at)
        if token.kind == "num":
            return self._figure(at)
        if token.kind == "word":
            return self._word(at)
        if token.kind == "sym":
            return self._unit("break" if token.key in {"&", "+", "/", "="} else "sym", at, 1)
        return self._unit(
            "emoji" if token.raw in _YES_SIGNS | _NO_SIGNS | _SAYING_SIGNS or ord(token.raw[0]) > 0x2000 else "sym",
            at,
            1,
        )

    def _sign(self, at: int) -> tuple[int, Unit]:
        after = self._at(at + 1)
        if after is not None and after.kind == "num":
            count, currency = 2, _SIGN[self.tokens[at].key]
            tail = self._at(at + 2)
            if tail is not None and tail.kind == "word":
                size, tags = self.tags(at + 2)
                if "currency" in tags and tags["currency"] != "CENT":
                    count, currency = (
                        2 + size,
                        tags["currency"] if currency == "$" or tags["currency"] == currency else "?",
                    )
            plus = self._at(at + count)
            if plus is not None and plus.key == "+" and plus.glued:
                count, currency = count + 1, "?"  # "$45+" is no price
            return self._unit("money", at, count, value=after.value, label=currency)
        return self._unit("sym", at, 1)

    def _figure(self, at: int) -> tuple[int, Unit]:
        token, after = self.tokens[at], self._at(at + 1)
        value = token.value
        count, tags = self.tags(at)
        if count > 1 and "safe" not in tags and "function" not in tags:
            return self._phrase(at, count, tags)
        if after is None or value is None:
            return self._unit("num", at, 1, value=value)
        if after.key in _SIGN:
            tail = self._at(at + 2)
            if not (tail is not None and tail.kind == "num" and tail.glued and not after.glued):
                return self._unit("money", at, 2, value=value, label=_SIGN[after.key])
        if after.key == "%":
            return self._unit("percent", at, 2, value=value)
        if after.key == '"' and after.glued:
            return self._unit("length", at, 2, value=value, label="in")
        if after.key == "'" and after.glued:
            return self._unit("length", at, 2, value=value, label="ft")
        if after.kind == "word":
            size, tags = self.tags(at + 1)
            if "currency" in tags:
                return self._unit("money", at, 1 + size, value=value, label=tags["currency"])
            if "unit" in tags and not self._preposition(at + 1):
                return self._unit("length", at, 1 + size, value=value, label=tags["unit"])
            if "duration" in tags:
                return self._unit("duration", at, 1 + size, value=value, label=tags["duration"])
            if after.key in {"percent", "pct"} or "percent" in tags:
                return self._unit("percent", at, 1 + size, value=value)
            if _system(tags) and (after.raw.isupper() or not after.glued):
                return self._unit("size", at, 1 + size, label=f"{_system(tags)} {_digits(value)}")
        if after.key == "-" and after.glued:
            tail = self._at(at + 2)
            if tail is not None and tail.kind == "num" and tail.value is not None:
                size, unit = self._figure(at + 2)
                if unit.kind in {"duration", "percent"}:
                    unit.label = f"{_digits(value)}-{unit.label}"
                    unit.start = token.start
                    unit.raw = ""
                    return size + 2, unit
        return self._unit("num", at, 1, value=value)

    def _preposition(self, at: int) -> bool:
        """Tells whether an "in" after a number is the preposition: "2 in stock"."""
        token, after = self.tokens[at], self._at(at + 1)
        if token.key != "in" or token.glued or after is None or after.kind != "word":
            return False
        tags = self.tags(at + 1)[1].keys()
        return after.key in _NOT_A_UNIT or bool({"colour", "size", "size_word:cues"} & tags)

    def _word(self, at: int) -> tuple[int, Unit]:
        token, after = self.tokens[at], self._at(at + 1)
        if token.key in _PREFIX and after is not None and after.key == "$" and after.glued:
            tail = self._at(at + 2)
            if tail is not None and tail.kind == "num":
                return self._unit("money", at, 3, value=tail.value, label=_PREFIX[token.key])
        count, tags = self.tags(at)
        tail = self._at(at + count) if count else after
        if "currency" in tags and tail is not None and tail.kind == "num" and len(token.key) == 3:
            return self._unit("money", at, count + 1, value=tail.value, label=tags["currency"])
        system = _system(tags)
        if (
            system
            and tail is not None
            and tail.kind == "num"
            and (token.raw.isupper() or (at and self.tokens[at - 1].key in {"size", "talla"}))
        ):
            return self._unit("size", at, count + 1, label=f"{system} {_digits(tail.value)}", tags=tags)
        if token.key in {"w", "l"} and after is not None and after.kind == "num":
            return self._unit("size", at, 2, label=f"{token.key.upper()}{_digits(after.value)}")
        if token.raw in _LETTERS and count <= 1:
            return self._unit("size", at, 1, label=_LETTERS[token.raw], tags={"size": token.raw})
        if count:
            return self._phrase(at, count, tags)
        return self._unit("word", at, 1)

    def _phrase(self, at: int, count: int, tags: Tags) -> tuple[int, Unit]:
        if "size" in tags:
            return self._unit("size", at, count, label=tags["size"], tags=tags)
        return self._unit("word", at, count, tags=tags)


def _system(tags: Tags) -> str:
    """Returns the size system that a word names: US, UK, EU."""
    return next((name[18:] for name in tags if name.startswith("size_word:systems_")), "")


def _digits(value: Decimal | None) -> str:
    return "?" if value is None else format(value.normalize(), "f")
