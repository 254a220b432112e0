"""Finds what a reply speaks of: prices, lengths, sizes, times, pieces, and the words between. Each character once, the longest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from server.agent.grounding.lexicon import LANGUAGES, Lexicon, Tags
from server.agent.grounding.rows import Row
from server.agent.grounding.tokens import Token

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
_NOT_A_UNIT: Final = frozenset("the a an total stock all my our your this that it black good great person".split())
_YES_SIGNS: Final = frozenset("✅✔☑👍👌🆗💯🙆")
_NO_SIGNS: Final = frozenset("❌✖🚫👎⛔❎🙅")
_SAYING_SIGNS: Final = frozenset("🆓🆕🆒🔝🈹🈚")


@dataclass(slots=True)
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


def merge_numbers(tokens: list[Token], lexicon: Lexicon) -> list[Token]:
    """Reads "forty-five", "twenty four and a half", "4 5" and the like as one number."""
    words, links = lexicon.numbers, lexicon.number_links
    alone = links.get("not_numbers", frozenset())
    merged: list[Token] = []
    at = 0
    while at < len(tokens):
        token = tokens[at]
        if token.kind == "word" and token.key in words:
            end, value, used = _spelled(tokens, at, words, links)
            if used > 1 or token.key not in alone:
                merged.append(_number(tokens[at:end], value))
                at = end
                continue
        elif token.kind == "num" and len(token.raw) == 1 and token.value is not None:
            end = at + 1
            while (
                end < len(tokens) and tokens[end].kind == "num" and len(tokens[end].raw) == 1 and not tokens[end].glued
            ):
                end += 1
            if end - at > 1:
                merged.append(_number(tokens[at:end], Decimal("".join(part.raw for part in tokens[at:end]))))
                at = end
                continue
            if _half(tokens, at + 1, links)[0]:
                end, more = _half(tokens, at + 1, links)
                merged.append(_number(tokens[at:end], token.value + more))
                at = end
                continue
        elif token.kind == "num" and token.value is not None and _half(tokens, at + 1, links)[0]:
            end, more = _half(tokens, at + 1, links)
            merged.append(_number(tokens[at:end], token.value + more))
            at = end
            continue
        merged.append(token)
        at += 1
    return merged


def _half(tokens: Sequence[Token], at: int, links: Mapping[str, frozenset[str]]) -> tuple[int, Decimal]:
    """Reads "and a half" and its like at this place; (0, 0) when it is not there."""
    if at >= len(tokens) or tokens[at].key not in links.get("and", ()):
        return 0, Decimal(0)
    for name, amount in (("half", "0.5"), ("quarter", "0.25"), ("three_quarters", "0.75")):
        for phrase in links.get(name, ()):
            parts = phrase.split()
            if [token.key for token in tokens[at + 1 : at + 1 + len(parts)]] == parts:
                return at + 1 + len(parts), Decimal(amount)
    return 0, Decimal(0)


def _spelled(
    tokens: Sequence[Token], at: int, words: Mapping[str, Decimal], links: Mapping[str, frozenset[str]]
) -> tuple[int, Decimal, int]:
    total, part, used, end = Decimal(0), Decimal(0), 0, at
    digits: list[Decimal] = []
    while end < len(tokens):
        key = tokens[end].key
        if (
            key in links.get("and", ())
            and used
            and end + 1 < len(tokens)
            and tokens[end + 1].key in words
            and (part >= 20 or total)
        ):
            end += 1
            continue
        if key not in words:
            break
        value = words[key]
        if value == 100:
            part = (part or Decimal(1)) * 100
        elif value >= 1000:
            total, part = total + (part or Decimal(1)) * value, Decimal(0)
        elif value < 10 and used == len(digits):
            digits.append(value)
            part = value
        elif part == 0 or (value < 10 <= part and part % 10 == 0) or (part % 100 == 0 and value < 100):
            part += value
        else:
            break
        used += 1
        end += 1
    if len(digits) == used and used > 1:
        return end, Decimal("".join(str(int(digit)) for digit in digits)), used
    value = total + part
    after, more = _half(tokens, end, links)
    return (after, value + more, used) if after else (end, value, used)


def _number(tokens: Sequence[Token], value: Decimal) -> Token:
    raw = " ".join(token.raw for token in tokens)
    return Token(
        "num",
        " ".join(token.key for token in tokens),
        raw,
        tokens[0].start,
        tokens[-1].end,
        str(value),
        value,
        tokens[0].glued,
    )


def join_hyphens(tokens: list[Token]) -> list[Token]:
    """Drops the hyphens inside words ("pit-to-pit"), keeps those between numbers and those that stand as dashes; drops quotes that are no inch marks."""
    kept: list[Token] = []
    for at, token in enumerate(tokens):
        before = kept[-1] if kept else None
        after = tokens[at + 1] if at + 1 < len(tokens) else None
        if (
            token.key == "-"
            and token.glued
            and after is not None
            and after.glued
            and before is not None
            and not (before.kind == "num" and after.kind == "num")
        ):
            continue
        if token.key in {'"', "'"} and not (token.glued and before is not None and before.kind in {"num", "cross"}):
            continue
        if token.key in {"*", "_"}:
            continue
        if (
            token.key == "s"
            and token.glued
            and before is not None
            and before.kind == "num"
            and len(before.raw) > 2
            and tokens[at - 1] is before
        ):
            continue  # "501s" are more than one 501
        if token.key == "'" and before is not None and after is not None and after.key == "'" and after.glued:
            continue
        kept.append(token)
    return kept


def mentions(tokens: Sequence[Token], rows: Sequence[Row]) -> dict[int, tuple[int, frozenset[int]]]:
    """Finds the names of pieces: first token → (how many tokens, which rows). A part of a name counts when at least two of its words stand together."""
    heads: dict[str, list[tuple[int, int, list[Token]]]] = {}
    for number, row in enumerate(rows):
        for words in (row.name, row.brand, row.sku):
            for place, token in enumerate(words):
                heads.setdefault(token.key, []).append((number, place, words))
    found: dict[int, tuple[int, frozenset[int]]] = {}
    at = 0
    places = [index for index, token in enumerate(tokens) if token.kind in {"word", "num", "decade", "cross"}]
    order = {index: position for position, index in enumerate(places)}
    while at < len(tokens):
        best, owners = 0, set[int]()
        if at in order and tokens[at].key in heads:
            for number, place, words in heads[tokens[at].key]:
                size = _run(tokens, places, order[at], words, place)
                whole = size == len(words) and place == 0
                while (
                    size
                    and not whole
                    and _weak(tokens[places[order[at] + size - 1]])
                    and not _capital(tokens[places[order[at] + size - 1]], words[place + size - 1])
                ):
                    size -= 1
                if (size < 2 or words is rows[number].sku) and not (
                    whole and size and (words is rows[number].sku or not _weak(tokens[at]))
                ):
                    continue
                if not whole and _weak(tokens[at]):
                    continue
                after = places[order[at] + size] if order[at] + size < len(places) else None
                if (
                    words is rows[number].sku
                    and after is not None
                    and tokens[after].glued
                    and tokens[after - 1].kind != "punct"
                ):
                    continue
                if size > best:
                    best, owners = size, {number}
                elif size == best:
                    owners.add(number)
        if best:
            last = places[order[at] + best - 1]
            found[at] = (last - at + 1, frozenset(owners))
            at = last + 1
        else:
            at += 1
    return found


def name(
    tokens: Sequence[Token],
    named: Mapping[int, tuple[int, frozenset[int]]],
    quoted: Mapping[int, tuple[int, str]] | None = None,
) -> list[Token]:
    """Makes one token of every name of a piece and of every quoted policy sentence."""
    kept: list[Token] = []
    at = 0
    while at < len(tokens):
        count = 1
        if quoted and at in quoted:
            count = quoted[at][0]
            kept.append(_one("policy", tokens[at : at + count], frozenset()))
        elif at in named:
            count, owners = named[at]
            kept.append(_one("mention", tokens[at : at + count], owners))
        else:
            kept.append(tokens[at])
        at += count
    return kept


def _one(kind: str, tokens: Sequence[Token], owners: frozenset[int]) -> Token:
    key = " ".join(token.key for token in tokens)
    return Token(kind, key, " ".join(token.raw for token in tokens), tokens[0].start, tokens[-1].end, key, rows=owners)


def _run(tokens: Sequence[Token], places: Sequence[int], start: int, words: Sequence[Token], place: int) -> int:
    size = 0
    while (
        place + size < len(words)
        and start + size < len(places)
        and tokens[places[start + size]].key == words[place + size].key
    ):
        size += 1
    return size


def _capital(spoken: Token, written: Token) -> bool:
    """Tells whether both stand in capitals, as "NO" in a name does and in a sentence does not."""
    return len(spoken.raw) > 1 and spoken.raw.isupper() and written.raw == spoken.raw


def _weak(token: Token) -> bool:
    """Tells whether the word may not begin or end a part of a name: it means something of its own in a sentence."""
    for lexicon in LANGUAGES:
        tags = lexicon.longest([token], 0)[1]
        if tags and not tags.keys() & {"colour", "garment", "material", "era", "measure"}:
            return True
    return False


def language(tokens: Sequence[Token]) -> Lexicon:
    """Returns the language most words belong to."""
    best, score = LANGUAGES[0], 0
    for lexicon in LANGUAGES:
        known = sum(1 for token in tokens if token.kind == "word" and lexicon.knows(token))
        if known > score or (known == score and known and lexicon.code == "en"):
            best, score = lexicon, known
    return best


class Scanner:
    """Reads tokens of one reply into units."""

    def __init__(self, tokens: list[Token], lexicon: Lexicon) -> None:
        self.tokens, self.lexicon = tokens, lexicon
        self.others = tuple(other for other in LANGUAGES if other is not lexicon)

    def tags(self, at: int) -> tuple[int, Tags]:
        """Returns the longest phrase at this place in the reply's language, else in another one."""
        window = self.tokens[at : at + 8]
        count, tags = self.lexicon.longest(window, 0)
        if not count:
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
        return after.key in _NOT_A_UNIT or bool({"colour", "size"} & self.tags(at + 1)[1].keys())

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
