"""Prices, sizes and decades, each compared with a row."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Final

from server.agent.grounding.binding import Focus, backs, identifies
from server.agent.grounding.clauses import Clause
from server.agent.grounding.measures import kinds_of, measurement, restated, wraps
from server.agent.grounding.reading import Answer, Reading
from server.agent.grounding.rows import Row
from server.agent.grounding.scan import Unit
from store.stock import Piece, money

_DOLLARS: Final = frozenset({"USD", "CAD", "AUD", "NZD", "SGD", "HKD", "MXN"})
"""Currencies whose shops write a bare $."""

_COUNTED: Final = frozenset(
    {
        "piece",
        "pieces",
        "item",
        "items",
        "option",
        "options",
        "find",
        "finds",
        "match",
        "matches",
        "one",
        "ones",
        "pick",
        "picks",
        "listings",
        "prendas",
        "piezas",
        "opciones",
        "articulos",
    }
)

_EIGHTHS: Final = re.compile(r"(\d{1,2}) (\d)/(\d)\b")


def price(piece: Piece, value: Decimal, currency: str) -> Answer:
    """Compares an amount with the price: exact to the cent, in the same currency."""
    if piece.price_cents is None:
        return Answer(False, "price", None)
    shown = f"{money(piece.price_cents)} {piece.currency}"
    same = currency == piece.currency or (currency == "$" and piece.currency in _DOLLARS)
    return Answer(same and value * 100 == piece.price_cents, "price", money(piece.price_cents) if same else shown)


def total(pieces: Sequence[Piece], value: Decimal, currency: str) -> Answer:
    """Compares an amount with the sum of the prices."""
    if (
        not pieces
        or any(piece.price_cents is None for piece in pieces)
        or len({piece.currency for piece in pieces}) != 1
    ):
        return Answer(False, "price", None)
    whole = sum(piece.price_cents or 0 for piece in pieces)
    same = currency == pieces[0].currency or (currency == "$" and pieces[0].currency in _DOLLARS)
    return Answer(same and value * 100 == whole, "price", money(whole))


def size(row: Row, label: str) -> Answer:
    """Compares a size with the row's: letters, W/L, US, UK and EU each in its own system."""
    known = {one.replace(" ", "") for one in (*row.sizes, *_decimals(row.piece.size))}
    return Answer(label.upper().replace(" ", "") in known, "size", row.piece.size or None)


def _decimals(label: str) -> list[str]:
    """Returns a hat's size as the scan reads it: 7 1/4 is 7.25."""
    return [
        format((int(whole) + Decimal(top) / Decimal(bottom)).normalize(), "f")
        for whole, top, bottom in _EIGHTHS.findall(label)
    ]


def era(row: Row, unit: Unit) -> Answer:
    """Compares a decade with the row's."""
    return Answer(backs(row, unit), "era", row.piece.era or None)


def measure(reading: Reading, units: Sequence[Unit]) -> None:
    """Gives every figure its kind of measurement, and the unit it shares with its neighbours."""
    first = 0
    for at in range(len(units) + 1):
        if at < len(units) and not (units[at].kind == "break" and units[at].key in ".!?;\n"):
            continue
        sentence = units[first:at]
        kinds = kinds_of(sentence, reading.kind_words)
        shared = next((unit.label for unit in sentence if unit.kind == "length"), "")
        if not shared and len(kinds) > 1:
            # "Pit to pit is 24 and it's 25 long": two figures of two kinds are the tape's, in the shop's unit.
            shared = reading.evidence.unit
        for place, kind in kinds.items():
            unit = sentence[place]
            reading.measured[id(unit)] = (kind, unit.label if unit.kind == "length" else shared)
        for place, unit in enumerate(sentence):
            before = restated(sentence, place) if unit.kind == "length" else None
            if before is not None and wraps(sentence, before):
                reading.around.add(id(unit))
        first = at + 1


def judge(reading: Reading, clause: Clause, focus: Focus) -> None:
    """Checks every figure of the clause."""
    for at, unit in enumerate(clause.units):
        if unit.done or (unit.value is None and unit.kind not in {"size", "era", "cross"}):
            continue
        if unit.kind == "money":
            _money(reading, clause, unit, unit.label, focus)
        elif unit.kind == "length" or id(unit) in reading.measured:
            _length(reading, clause, unit)
        elif unit.kind == "size":
            _size(reading, clause, unit)
        elif unit.kind == "era":
            _settle(reading, clause, unit, "era", era)
        elif unit.kind == "cross" and _tagged(reading, clause, unit):
            _settle(reading, clause, unit, "size", lambda row, cross: size(row, cross.key))
        elif unit.kind in {"num", "cross", "percent"}:
            _number(reading, clause, at, unit, focus)


def _tagged(reading: Reading, clause: Clause, unit: Unit) -> bool:
    """Tells whether "33x32" is the tag of every piece meant."""
    return bool(clause.rows) and all(size(reading.rows[number], unit.key).backed for number in clause.rows)


def _settle(reading: Reading, clause: Clause, unit: Unit, kind: str, answer: Callable[[Row, Unit], Answer]) -> bool:
    denied = any("neg" in other.tags and not other.done for other in clause.units if other.start < unit.start)
    return reading.settle(
        clause,
        [unit],
        kind,
        f'"{unit.raw}"' + (" denied" if denied else ""),
        [
            (number, Answer(False, kind) if denied else answer(reading.rows[number], unit))
            for number in sorted(clause.rows)
        ],
    )


def _money(reading: Reading, clause: Clause, unit: Unit, currency: str, focus: Focus) -> None:
    value = unit.value or Decimal(0)
    at = clause.units.index(unit)
    after = [other.key for other in clause.units[at + 1 : at + 3]]
    if (at and clause.units[at - 1].key in {"from", "desde"}) or after == ["a", "piece"] or "apiece" in after:
        reading.hold([unit], "price", f'"{unit.raw}": a price is one amount, not a range')
        return
    if any("cue:sum" in other.tags for other in clause.units):
        numbers = sorted(clause.rows) if len(clause.rows) > 1 else focus.group
        if len(numbers) > 1:
            answer = total([reading.rows[number].piece for number in numbers], value, currency)
            if answer.backed:
                reading.back([unit], "price", "listed", None, "price", answer.value)
            else:
                reading.hold(
                    [unit], "price", f'"{unit.raw}": together they are {answer.value}', None, "price", answer.value
                )
            return
    _settle(reading, clause, unit, "price", lambda row, _: price(row.piece, value, currency))


def _same_kind(reading: Reading, clause: Clause) -> str:
    """Returns the kind said once for two pieces: "the hoodie is 25 pit to pit, the tee is 22"; "" for none."""
    earlier = [part for part in reading.clauses if 0 <= clause.sentence - part.sentence <= 1]
    earlier = earlier[: earlier.index(clause)]
    kinds = {reading.measured[id(unit)][0] for part in earlier for unit in part.units if id(unit) in reading.measured}
    apart = clause.sure and all(part.sure and part.rows != clause.rows for part in earlier)
    return kinds.pop() if apart and len(kinds) == 1 else ""


def _length(reading: Reading, clause: Clause, unit: Unit) -> None:
    kind, label = reading.measured.get(id(unit), ("", unit.label))
    if not kind:
        asked = reading.question.kinds()
        kind = next(iter(asked)) if len(asked) == 1 else _same_kind(reading, clause)
    if not kind or not label:
        missing = "unit" if kind else "kind of measurement"
        reading.hold([unit], "measurement", f'"{unit.raw}": the {missing} is missing')
        return
    value = unit.value or Decimal(0)
    around = id(unit) in reading.around or wraps(clause.units, clause.units.index(unit))
    shop = reading.evidence.unit
    _settle(
        reading, clause, unit, "measurement", lambda row, _: measurement(row, kind, value, label, shop, around=around)
    )


def _size(reading: Reading, clause: Clause, unit: Unit) -> None:
    if clause.prefers and (clause.asks or clause.has("if") or "size:" + unit.label in reading.question.roots):
        unit.done = True
        return
    _settle(reading, clause, unit, "size", lambda row, unit: size(row, unit.label))


_THINGS: Final = frozenset({"things", "notes", "points", "cosas", "detalles"})


def _lists(clause: Clause, at: int) -> bool:
    """Tells whether the number only announces a list: "two things: …"."""
    rest = clause.units[at + 1 :]
    return len(rest) == 1 and rest[0].key in _THINGS


def _number(reading: Reading, clause: Clause, at: int, unit: Unit, focus: Focus) -> None:
    """Finds what a bare number is by the words around it; a row's own text may hold it too."""
    before = clause.units[:at]
    near = next(
        (
            other
            for other in reversed(before)
            if other.kind != "break"
            and not (other.kind == "word" and other.key in {"a", "is", "it", "an", "as", "una", "un", "es", "la"})
        ),
        None,
    )
    label = format(unit.value.normalize(), "f") if unit.value is not None else unit.label
    asked = reading.question
    priced = any(other.kind == "money" for part in reading.clauses for other in part.units)
    if near is not None and near.tags.keys() & {"size_word:cues", "size_word:genders"}:
        _settle(reading, clause, unit, "size", lambda row, _: size(row, label))
    elif _lists(clause, at):
        unit.done = True
    elif _asked_size(reading, clause, at, unit, label):
        _settle(reading, clause, unit, "size", lambda row, _: size(row, label))
    elif _asked_price(reading, clause, at, unit):
        _money(reading, clause, unit, reading.rows[min(clause.rows)].piece.currency, focus)
    elif unit.kind == "num" and (
        (near is not None and "cue:cues" in near.tags and "measure" not in near.tags)
        or (near is None and not priced and asked.asks_about("cue:asks") and not asked.kinds())
    ):
        if clause.rows and all(
            reading.rows[number].piece.price_cents == (unit.value or 0) * 100 for number in clause.rows
        ):
            _money(reading, clause, unit, reading.rows[min(clause.rows)].piece.currency, focus)
        else:
            _written(reading, clause, at, unit)
    elif near is None and asked.asks_about("size_word:cues"):
        _settle(reading, clause, unit, "size", lambda row, _: size(row, label))
    elif _counts(reading, clause, at, unit) or _announces(reading, clause, at, unit, focus):
        reading.back([unit], "quantity", "listed", None, "count", label)
    elif _is_size(reading, clause, unit, before, label):
        _settle(reading, clause, unit, "size", lambda row, _: size(row, label))
    else:
        _written(reading, clause, at, unit)


def _asked_size(reading: Reading, clause: Clause, at: int, unit: Unit, label: str) -> bool:
    """Tells whether the number, last in its clause, is the size asked for, or follows the word tag: "just 42"."""
    last = all(other.kind == "emoji" for other in clause.units[at + 1 :])
    cued = reading.question.asks_about("size_word:cues") or any(
        "size_word:cues" in other.tags for other in clause.units[:at]
    )
    return (
        unit.kind == "num"
        and last
        and cued
        and bool(clause.rows)
        and all(size(reading.rows[number], label).backed for number in clause.rows)
    )


def _asked_price(reading: Reading, clause: Clause, at: int, unit: Unit) -> bool:
    """Tells whether the number, last in its clause, is the price that the customer asked for."""
    asked = reading.question
    last = all(other.kind == "emoji" for other in clause.units[at + 1 :])
    if unit.kind != "num" or not last or not asked.asks_about("cue:asks") or asked.kinds() or not clause.rows:
        return False
    return all(reading.rows[number].piece.price_cents == (unit.value or 0) * 100 for number in clause.rows)


def _counts(reading: Reading, clause: Clause, at: int, unit: Unit) -> bool:
    """Tells whether the number counts the available pieces that the clause describes: "we have two Nike pieces"."""
    rest = clause.units[at + 1 :]
    names = [identifies(other) or other.key in _COUNTED for other in rest]
    if unit.kind == "num" and at and clause.units[at - 1].keys[-1] in {"all", "the", "los", "las"} and not names[:1]:
        return unit.value == len(clause.rows) > 1
    if unit.kind != "num" or not names or not names[0]:
        return False
    described = [other for other in rest[: names.index(False) if False in names else None] if other.key not in _COUNTED]
    fitting = [
        number
        for number, row in enumerate(reading.rows)
        if row.piece.status == "available"
        and all(number in other.rows if other.kind == "mention" else backs(row, other) for other in described)
    ]
    return unit.value == len(fitting) and len(fitting) > 1


def _announces(reading: Reading, clause: Clause, at: int, unit: Unit, focus: Focus) -> bool:
    """Tells whether the number counts the pieces that the reply goes on to name: "I've got two: …"."""
    there = all(reading.rows[number].piece.status == "available" for number in focus.group)
    offered = clause.has("offered") and at == len(clause.units) - 1
    return unit.kind == "num" and offered and there and unit.value == len(focus.group) > 1


def _is_size(reading: Reading, clause: Clause, unit: Unit, before: Sequence[Unit], label: str) -> bool:
    """Tells whether a number that stands alone, or after "in", is the size of every piece meant."""
    alone = all(other is unit or "function" in other.tags for other in clause.units)
    stands = alone or (len(before) > 0 and before[-1].keys[-1] in {"in", "en"})
    return stands and bool(clause.rows) and all(size(reading.rows[number], label).backed for number in clause.rows)


def _written(reading: Reading, clause: Clause, at: int, unit: Unit) -> None:
    """Backs a number that the row's name or description holds beside the same word."""
    after = clause.units[at + 1] if at + 1 < len(clause.units) else None
    before = clause.units[at - 1] if at else None
    phrases = []
    keys, rows = unit.keys, sorted(clause.rows)
    if unit.kind == "percent" and unit.value is not None:
        keys = (f"{unit.value.normalize():f}", "%")
    if after is not None and after.kind == "word" and "function" not in after.tags:
        phrases.append((*keys, after.key))
    if before is not None and before.kind == "word" and "function" not in before.tags:
        phrases.append((before.key, *keys))
    if (
        len(unit.raw) > 2
        and rows
        and all(unit.key in {token.key for token in reading.rows[number].name} for number in rows)
    ):
        phrases.append(keys)
    if unit.kind == "percent":
        phrases = [phrase for phrase in phrases if len(phrase) > len(keys)]
    if unit.kind == "cross" or (len(unit.raw) == 4 and unit.raw.isdigit()):
        phrases.append(keys)
    if rows and phrases and all(any(reading.rows[number].says(phrase) for phrase in phrases) for number in rows):
        for number in rows:
            reading.back([unit], "number", "listed", reading.rows[number].piece.sku, "description", unit.raw)
    else:
        reading.hold([unit], "number", f'"{unit.raw}": nothing says what this number is')
