"""Gives every number of a query to the word it belongs to: a price, a size, a measurement.

"under 80 waist 32" holds two numbers and two words that want one; the 80 stands as near to "waist" as the 32 does. So
the words are not served in turn: of all ways to pair them the one with the shortest way altogether is taken, where a
number left alone and a word left without a number cost more than a few steps.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from typing import Final

from store.search.tokens import Token

MEASURES: Final = frozenset(
    {
        "waist",
        "inseam",
        "chest",
        "pit_to_pit",
        "length",
        "sleeve",
        "shoulder",
        "rise",
        "leg_opening",
        "insole",
        "brim",
        "width",
        "height",
    }
)
SIZE_WORDS: Final = frozenset({"size", "sz", "sized", "sizes", "tagged"})
SYSTEMS: Final = frozenset({"us", "uk", "eu"})
COMPARATORS: Final = frozenset({"under", "over", "around", "max", "min"})
MONEY: Final = frozenset(
    {
        "$",
        "€",
        "£",
        "dollar",
        "dollars",
        "buck",
        "bucks",
        "usd",
        "euro",
        "euros",
        "eur",
        "pound",
        "pounds",
        "quid",
        "gbp",
    }
)
SIGNS: Final = frozenset({"$", "€", "£"})
INCHES: Final = frozenset({'"', "''", "inch", "inches", "ins"})
CENTIMETRES: Final = frozenset({"cm", "cms", "centimeter", "centimeters", "centimetre", "centimetres", "centimetros"})
_NOT_OURS: Final = frozenset(
    {"ft", "foot", "feet", "kg", "kgs", "lb", "lbs", "kilo", "kilos", "yo", "yr", "yrs", "years", "year", "am", "pm",
     "days", "day", "hours", "hour", "hrs", "h", "mins", "minutes", "weeks", "week", "percent", "st", "nd", "rd", "th"}
)  # fmt: skip
_LINKS: Final = frozenset({"to", "and", "-", "y", "a", "&"})
_FILLERS: Final = frozenset(
    {
        "a",
        "an",
        "the",
        "of",
        "is",
        "are",
        "for",
        "my",
        "at",
        "by",
        "with",
        "has",
        "have",
        "de",
        "es",
        "el",
        "la",
        "size",
        "in",
        "or",
        "i",
        "m",
    }
)

REACH: Final = 4
ALONE: Final = 4.0
UNSERVED: Final = 2.0
PRICE: Final = 0.5


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number, or a range of them, with what its own signs say of it."""

    start: int
    end: int
    """One past its last token, signs and units included."""
    low: float
    high: float
    money: bool = False
    unit: str = ""
    comparator: str = ""
    meaning: str = ""
    """"price", "size", or the kind of a measurement; "" while it belongs to nothing."""
    system: str = ""

    @property
    def is_range(self) -> bool:
        """Tells whether two numbers were given."""
        return self.low != self.high


def quantities(tokens: Sequence[Token], taken: set[int], lettered: Container[int] = ()) -> list[Quantity]:
    """Finds the numbers of a query and what each of them means; the tokens used are added to `taken`.

    `lettered` are the places of words like "size" that already have their letter: "size L" wants no number.
    """
    found: list[Quantity] = []
    at = 0
    while at < len(tokens):
        if tokens[at].kind != "number" or at in taken:
            at += 1
            continue
        if _is_height_or_time(tokens, at, taken) or _is_in_a_word(tokens, at):
            at += 1
            continue
        quantity = _with_signs(tokens, at, taken)
        found.append(quantity)
        at = max(quantity.end, at + 1)
    found = [_with_comparator(tokens, quantity, taken) for quantity in found[:8]]
    served = _served(tokens, found, taken, lettered)
    for quantity in served:
        taken.update(range(quantity.start, quantity.end))
    return served


def _is_in_a_word(tokens: Sequence[Token], at: int) -> bool:
    """Tells whether a number is part of a name, as in "mp3" or "7up"."""
    after = tokens[at + 1] if at + 1 < len(tokens) else None
    if tokens[at].glued:
        return True
    return bool(
        after
        and after.glued
        and after.kind == "word"
        and after.text not in INCHES | CENTIMETRES | MONEY | {"in", "ish", "x"}
    )


def _is_height_or_time(tokens: Sequence[Token], at: int, taken: set[int]) -> bool:
    """Sets aside 6'2, 180 lbs, 24 hours and 20 %: numbers about the customer or the calendar, not about the piece."""
    after = tokens[at + 1] if at + 1 < len(tokens) else None
    if after is None:
        return False
    if after.text in {"'", "''"} and tokens[at].value < 8:
        taken.update({at, at + 1})
        if at + 2 < len(tokens) and tokens[at + 2].kind == "number":
            taken.add(at + 2)
        return True
    if after.text in _NOT_OURS:
        taken.update({at, at + 1})
        return True
    return False


def _with_signs(tokens: Sequence[Token], at: int, taken: set[int]) -> Quantity:
    low = high = tokens[at].value
    start, end = at, at + 1
    money = at > 0 and tokens[at - 1].text in SIGNS and at - 1 not in taken
    if money:
        start = at - 1
    end, money, unit = _units(tokens, end, money=money)
    link = end
    if link + 1 < len(tokens) and tokens[link].text in _LINKS:
        other = link + 1
        other_money = tokens[other].text in SIGNS
        if other_money:
            other += 1
        opened = start > 0 and tokens[start - 1].text in {"between", "from", "de", "entre"}
        joined = tokens[link].text in {"-", "to"} or opened
        if joined and other < len(tokens) and tokens[other].kind == "number" and other not in taken:
            high = tokens[other].value
            if opened:
                start -= 1
            end, money, later = _units(tokens, other + 1, money=money or other_money)
            unit = unit or later
    return Quantity(start, end, low, high, money=money, unit=unit)


def _units(tokens: Sequence[Token], end: int, *, money: bool) -> tuple[int, bool, str]:
    if end >= len(tokens):
        return end, money, ""
    text = tokens[end].text
    if text in MONEY and not money:
        return end + 1, True, ""
    if text in MONEY:
        return end + 1, money, ""
    if text in INCHES:
        return end + 1, money, "in"
    if text in CENTIMETRES:
        return end + 1, money, "cm"
    if text == "in":
        around = [tokens[near].text for near in (end - 3, end - 2, end + 1) if 0 <= near < len(tokens)]
        if MEASURES.intersection(around):
            return end + 1, money, "in"
    return end, money, ""


def _with_comparator(tokens: Sequence[Token], quantity: Quantity, taken: set[int]) -> Quantity:
    before = quantity.start - 1
    while before >= 0 and quantity.start - before <= 3 and tokens[before].text in _FILLERS | MONEY:
        before -= 1
    end = quantity.end
    if before >= 0 and before not in taken and tokens[before].text in COMPARATORS | {"<", ">", "~"}:
        word = {"<": "under", ">": "over", "~": "around"}.get(tokens[before].text, tokens[before].text)
        return replace(quantity, start=before, comparator=word)
    if end < len(tokens) and tokens[end].text in {"+", "ish"}:
        return replace(quantity, end=end + 1, comparator={"+": "min", "ish": "around"}[tokens[end].text])
    if end < len(tokens) and tokens[end].text in {"max", "min"} and not _opens(tokens, end + 1):
        return replace(quantity, end=end + 1, comparator=tokens[end].text)
    # "max" and "min" may follow the unit's noun: "80 dollars max" was joined above, "22 chest min" is not.
    if (
        not _opens(tokens, end + 2)
        and end + 1 < len(tokens)
        and tokens[end].text in MEASURES
        and tokens[end + 1].text in {"max", "min"}
    ):
        taken.add(end + 1)
        return replace(quantity, comparator=tokens[end + 1].text)
    return quantity


def _opens(tokens: Sequence[Token], at: int) -> bool:
    """Tells whether a number begins here: the "max" before it is its own."""
    return at < len(tokens) and (tokens[at].kind == "number" or tokens[at].text in SIGNS)


def _served(
    tokens: Sequence[Token], found: list[Quantity], taken: set[int], lettered: Container[int]
) -> list[Quantity]:
    inside = {index for quantity in found for index in range(quantity.start, quantity.end)}
    anchors = [
        index
        for index, token in enumerate(tokens)
        if index not in taken
        and index not in inside
        and index not in lettered
        and (token.text in MEASURES or token.text in SIZE_WORDS or token.text in SYSTEMS)
    ][:8]
    choice = _cheapest(tokens, found, anchors)
    served: list[Quantity] = []
    systems = {index for index in anchors if tokens[index].text in SYSTEMS}
    for quantity, anchor in zip(found, choice, strict=True):
        if anchor is None:
            priced = (
                quantity.money
                or quantity.comparator
                or (quantity.is_range and tokens[quantity.start].text == "between")
            )
            served.append(replace(quantity, meaning="price" if priced and not quantity.unit else ""))
            continue
        taken.add(anchor)
        text = tokens[anchor].text
        beside = next(
            (index for index in systems if index in {quantity.start - 1, quantity.end, anchor + 1, anchor - 1}), None
        )
        if text in MEASURES:
            served.append(replace(quantity, meaning=text))
            continue
        if beside is not None:
            taken.add(beside)
        served.append(replace(quantity, meaning="size", system=tokens[beside].text if beside is not None else ""))
    return served


def _cheapest(tokens: Sequence[Token], found: list[Quantity], anchors: list[int]) -> list[int | None]:
    """Pairs quantities with anchors so that the whole way is shortest; at most 8 of each, cut when it gets longer."""
    best: list[int | None] = [None] * len(found)
    least = float("inf")
    unserved = {index: UNSERVED if tokens[index].text in MEASURES else UNSERVED / 2 for index in anchors}

    def walk(position: int, spent: float, used: tuple[int | None, ...]) -> None:
        nonlocal best, least
        if spent >= least:
            return
        if position == len(found):
            total = spent + sum(cost for index, cost in unserved.items() if index not in used)
            if total < least:
                best, least = list(used), total
            return
        quantity = found[position]
        for anchor in anchors:
            if anchor not in used:
                step = _way(tokens, found, quantity, anchor)
                if step is not None:
                    walk(position + 1, spent + step, (*used, anchor))
        alone = (
            0.0
            if quantity.money
            else PRICE
            if quantity.comparator or tokens[quantity.start].text == "between"
            else ALONE
        )
        walk(position + 1, spent + alone, (*used, None))

    walk(0, 0.0, ())
    return best


def _way(tokens: Sequence[Token], found: list[Quantity], quantity: Quantity, anchor: int) -> float | None:
    """Returns how far a number is from a word that could take it, or None if it cannot."""
    text = tokens[anchor].text
    if quantity.money or (quantity.unit and text not in MEASURES):
        return None
    steps = quantity.start - anchor if anchor < quantity.start else anchor - quantity.end + 1
    if steps > REACH or (text in SYSTEMS and steps > 1):
        return None
    if text in SIZE_WORDS and anchor > quantity.start and (steps > 1 or quantity.comparator):
        # "size 32" is said, "32 size" hardly ever; "under 60 size" is a price and the beginning of something else.
        return None
    low, high = sorted((anchor, quantity.start))
    between = sum(1 for other in found if low < other.start < high and other is not quantity)
    # "chest 22": a word reaches forward a little further than back.
    return steps + 1.5 * between + (0.1 if anchor > quantity.start else 0.0)
