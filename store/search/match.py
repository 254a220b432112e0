"""Asks SQLite for the pieces that fit: the words by FTS5, the filters by columns, both in one statement.

Every word that reaches FTS5 stands in quotes, so that no customer can write an operator.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from store.search.catalogue import Catalogue
from store.search.labels import colors_in, eras_in, size_label
from store.search.meaning import tolerance
from store.search.vocabulary import Phrase
from store.search.wanted import INCH, Group, Wanted

WEIGHTS: Final = {
    "name": 10.0,
    "brand": 6.0,
    "category": 4.0,
    "tags": 3.0,
    "material": 3.0,
    "color": 2.0,
    "description": 1.0,
}
SHORT: Final = "{name brand category tags material color}"
BRANDED: Final = "{name brand tags}"

CANDIDATES: Final = 80
"""Pieces taken from the index to be put in order by hand; a customer never sees more than ten."""

MANY: Final = 2_000
"""Pieces taken when too few of the first ones were what they sounded like."""

_RANK: Final = f"bm25(items_fts, {', '.join(str(weight) for weight in WEIGHTS.values())})"


@dataclass(frozen=True, slots=True)
class Step:
    """One rung of the ladder: what is asked for now, and in which columns."""

    wanted: Wanted
    everywhere: bool = False
    """Words may stand in the description, too."""
    any_word: bool = False
    """One of the words is enough, or none where a garment or a brand holds the query together."""
    relaxed: tuple[str, ...] = ()

    @property
    def is_exact(self) -> bool:
        """Tells whether all that was asked for is still asked for."""
        return not self.relaxed


@dataclass(frozen=True, slots=True)
class Hit:
    """A piece that fits, with the index's own opinion of it: the lower, the better."""

    item_id: int
    rank: float


def find(db: sqlite3.Connection, step: Step, catalogue: Catalogue, *, unavailable: bool, limit: int) -> list[Hit]:
    """Returns the pieces that fit a step, best first."""
    conditions, values = _filters(step.wanted, catalogue)
    if not unavailable:
        conditions.append("items.status = 'available'")
    expression = _expression(step)
    if expression is None and not step.wanted.has_filters:
        return []
    if expression is None:
        sql = f"SELECT id, 0.0 AS rank FROM items WHERE {' AND '.join(conditions)} ORDER BY id DESC LIMIT ?"
        return [Hit(int(row[0]), 0.0) for row in db.execute(sql, (*values, limit))]
    where = " AND ".join(["items_fts MATCH ?", *conditions])
    # Nothing but a garment asked: one jacket is as much a jacket as another, so the newest come first. Ranking 16,000
    # of them by 30 words would cost 50 ms.
    alike = all(group.kind == "garment" for group in step.wanted.groups)
    rank, order = ("0.0", "items_fts.rowid DESC") if alike else (_RANK, "score")
    sql = (
        f"SELECT items.id, {rank} AS score FROM items_fts JOIN items ON items.id = items_fts.rowid"
        f" WHERE {where} ORDER BY {order} LIMIT ?"
    )
    return [Hit(int(row[0]), float(row[1])) for row in db.execute(sql, (expression, *values, limit))]


def sticks(db: sqlite3.Connection, first: str, second: str) -> bool:
    """Tells whether the second word stands in the shop's names, and never without the first before it."""
    both = _named(db, quoted((first, second)))
    return both > 0 and both == _named(db, quoted((second,)))


def _named(db: sqlite3.Connection, expression: str) -> int:
    row = db.execute(
        "SELECT count(*) FROM items_fts WHERE items_fts MATCH ?", ("{name brand} : " + expression,)
    ).fetchone()
    return int(row[0])


def quoted(phrase: Phrase) -> str:
    """Returns a phrase as FTS5 takes it without reading operators into it."""
    return '"' + " ".join(phrase).replace('"', '""') + '"'


def any_of(phrases: Iterable[Phrase]) -> str:
    """Returns an expression that one of the phrases satisfies."""
    return "(" + " OR ".join(quoted(phrase) for phrase in phrases) + ")"


def _group(group: Group, *, everywhere: bool) -> str:
    # A description names brands as bait ("nike supreme bape") and garments to go with: "wear with a belt" is no belt.
    columns = {"brand": BRANDED, "garment": SHORT, "word": "" if everywhere else SHORT}[group.kind]
    phrases = dict.fromkeys((*group.phrases, *group.also))
    expression = f"{columns} : {any_of(phrases)}" if columns else any_of(phrases)
    if group.shelves:
        expression = f"(({expression}) OR ({{category}} : {any_of(group.shelves)}))"
    return f"({expression})"


def _expression(step: Step) -> str | None:
    wanted = step.wanted
    needed = [group for group in wanted.groups if not (step.any_word and group.kind == "word")]
    welcome = [group for group in wanted.groups if group not in needed]
    parts = [_group(group, everywhere=step.everywhere) for group in needed]
    if welcome and needed:
        # FTS5 ranks by every phrase of an expression, so the second half orders without excluding.
        parts.append("(" + " OR ".join([parts[0], *(any_of(group.phrases) for group in welcome)]) + ")")
    elif welcome:
        parts.append("(" + " OR ".join(_group(group, everywhere=step.everywhere) for group in welcome) + ")")
    if not parts:
        return None
    expression = " AND ".join(parts)
    if wanted.excluded:
        expression = f"({expression}) NOT ({SHORT} : {any_of(wanted.excluded)})"
    return expression


def _filters(wanted: Wanted, catalogue: Catalogue) -> tuple[list[str], list[object]]:
    conditions: list[str] = []
    values: list[object] = []

    def add(condition: str, *bound: object) -> None:
        conditions.append(condition)
        values.extend(bound)

    if wanted.min_cents is not None:
        add("items.price_cents >= ?", wanted.min_cents)
    if wanted.max_cents is not None:
        add("items.price_cents <= ?", wanted.max_cents)
    if wanted.letters:
        fitting, unread = _letters(wanted.letters, catalogue)
        _labelled(add, "size_label", fitting, unread, _letter_names(wanted.letters, catalogue))
    if wanted.numbers:
        _numbers(add, wanted, catalogue)
    if wanted.waist is not None:
        _waist(add, wanted.waist, catalogue)
    if wanted.inseam is not None:
        _inseam(add, wanted.inseam, catalogue)
    if wanted.eras:
        labels = {label: eras_in(label, catalogue.vocabulary) for label in catalogue.eras}
        fitting = [label for label, eras in labels.items() if eras & wanted.eras]
        _labelled(add, "era", fitting, [label for label, eras in labels.items() if not eras], _era_names(wanted.eras))
    if wanted.colors:
        said = {label: colors_in(label, catalogue.vocabulary) for label in catalogue.colors}
        fitting = [label for label, colors in said.items() if colors & wanted.colors]
        unread = [label for label, colors in said.items() if not colors]
        names = [phrase for color in wanted.colors for phrase in catalogue.vocabulary.color_words.get(color, ())]
        _labelled(add, "color", fitting, unread, names)
    if wanted.not_colors:
        barred = [label for label in catalogue.colors if colors_in(label, catalogue.vocabulary) & wanted.not_colors]
        add("items.color NOT IN (SELECT value FROM json_each(?))", json.dumps(barred))
    for length in wanted.lengths:
        room = tolerance(length.kind) * INCH
        path = f"json_extract(items.measurements, '$.{length.kind}')"
        if length.kind == "waist":
            # Kept as it was measured: flat or around.
            add(
                f"({path} BETWEEN ? AND ? OR {path} BETWEEN ? AND ?)",
                length.low - room,
                length.high + room,
                (length.low - room) / 2,
                (length.high + room) / 2,
            )
        else:
            add(f"{path} BETWEEN ? AND ?", length.low - room, length.high + room)
    return conditions, values


def _labelled(add: object, column: str, fitting: list[str], unread: list[str], names: list[Phrase]) -> None:
    """Adds a filter by a column's labels; a piece whose label says nothing may say it in its name."""
    assert callable(add)
    inside = f"items.{column} IN (SELECT value FROM json_each(?))"
    if not names:
        add(inside, json.dumps(fitting))
        return
    add(
        f"({inside} OR (items.{column} IN (SELECT value FROM json_each(?)) AND items.id IN"
        " (SELECT rowid FROM items_fts WHERE items_fts MATCH ?)))",
        json.dumps(fitting),
        json.dumps(["", *unread]),
        "{name} : " + any_of(names),
    )


def _letters(letters: frozenset[str], catalogue: Catalogue) -> tuple[list[str], list[str]]:
    read = {label: size_label(label, catalogue.vocabulary) for label in catalogue.sizes}
    fitting = [label for label, size in read.items() if size.letters & letters]
    return fitting, [label for label, size in read.items() if not size.letters and not size.numbers]


def _letter_names(letters: frozenset[str], catalogue: Catalogue) -> list[Phrase]:
    names: list[Phrase] = []
    for phrase, letter in catalogue.vocabulary.sizes.items():
        if letter in letters:
            # A lone "s" or "l" in a name is a possessive or a catalogue letter more often than a size.
            names.append(phrase if len(phrase[0]) > 1 else ("size", *phrase))
    return names


def _numbers(add: object, wanted: Wanted, catalogue: Catalogue) -> None:
    fitting = []
    for label in catalogue.sizes:
        size = size_label(label, catalogue.vocabulary)
        system_fits = not wanted.system or size.system in {"", wanted.system}
        if system_fits and any(low <= number <= high for number in size.numbers for low, high in wanted.numbers):
            fitting.append(label)
    names = [("size", f"{low:g}") for low, _ in wanted.numbers]
    _labelled(add, "size_label", fitting, [], [tuple(" ".join(name).replace(".", " ").split()) for name in names])


def _waist(add: object, waist: tuple[float, float], catalogue: Catalogue) -> None:
    assert callable(add)
    low, high = (waist[0] - tolerance("waist"), waist[1] + tolerance("waist"))
    fitting = [
        label
        for label in catalogue.sizes
        if any(waist[0] <= number <= waist[1] for number in size_label(label, catalogue.vocabulary).numbers)
        and size_label(label, catalogue.vocabulary).system == ""
    ]
    path = "json_extract(items.measurements, '$.waist')"
    add(
        f"(items.size_label IN (SELECT value FROM json_each(?)) OR {path} BETWEEN ? AND ? OR {path} BETWEEN ? AND ?)",
        json.dumps(fitting),
        low * INCH,
        high * INCH,
        low * INCH / 2,
        high * INCH / 2,
    )


def _inseam(add: object, inseam: tuple[float, float], catalogue: Catalogue) -> None:
    assert callable(add)
    low, high = inseam[0] - tolerance("inseam"), inseam[1] + tolerance("inseam")
    fitting = [
        label
        for label in catalogue.sizes
        if (length := size_label(label, catalogue.vocabulary).inseam) is not None and low <= length <= high
    ]
    add(
        "(items.size_label IN (SELECT value FROM json_each(?))"
        " OR json_extract(items.measurements, '$.inseam') BETWEEN ? AND ?)",
        json.dumps(fitting),
        low * INCH,
        high * INCH,
    )


def _era_names(eras: frozenset[str]) -> list[Phrase]:
    names: list[Phrase] = []
    for era in eras:
        decade = int(era.rstrip("s"))
        first = decade if decade >= 2000 else 1900 + decade
        names += [(f"{first}s",), *((str(first + year),) for year in range(10))]
        if first < 2000:
            names += [(f"{decade}s",), (str(decade), "s")]
        if first == 2000:
            names += [("y2k",), ("00s",)]
    return names
