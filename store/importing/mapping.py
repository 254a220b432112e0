"""Which column of a shop program's export is what: data in TOML files, the shipped ones and the owner's own."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

from store.errors import StoreError
from store.listing import LINES
from store.stock import STATUSES, Unit

FOLDER: Final = Path(__file__).parent / "mappings"
FIELDS: Final = (
    *("sku", "name", *LINES),
    *("price", "currency", "description", "measurements", "tags", "photos", "posts", "status"),
)
"""What a mapping may fill; `price` becomes price_cents, `posts` are TikTok posts that show the piece."""

_KEYS: Final = {
    "name", "detect", "unit", "columns", "measurements", "values", "options", "group_by", "html", "strip_parentheses",
    "sold_when_zero", "sold_when_above_zero", "name_from", "skip_rows_with",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnMapping:
    """How one kind of export is read. Every header is compared without capitals and blanks at its ends."""

    name: str
    detect: tuple[str, ...]
    """Headers that must all be there for this mapping to be taken; "A | B" is one of them."""
    columns: Mapping[str, tuple[str, ...]]
    """Field → headers; the first one with something in it counts, for photos and tags all of them."""
    measurements: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Kind → headers, for exports with a column for each length."""
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Field → what the export writes → what Philia calls it."""
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Field → names of options, for exports with pairs of "Option1 Name", "Option1 Value"."""
    group_by: str | None = None
    """Rows with the same content here are one product: its texts stand in the first, photos in all."""
    html: frozenset[str] = frozenset()
    """Fields whose markup is taken off."""
    strip_parentheses: frozenset[str] = frozenset()
    """Fields that repeat themselves in parentheses: "Black (black)"."""
    sold_when_zero: str | None = None
    """The header of the quantity in stock: 0 is sold."""
    sold_when_above_zero: str | None = None
    """The header of the quantity sold: above 0 is sold."""
    name_from: str | None = None
    """The field whose first line is the name where there is no title."""
    skip_rows_with: Mapping[str, str] = field(default_factory=dict)
    """Header → a regular expression; rows in which it matches are explanations, not pieces."""
    unit: Unit | None = None
    """Of bare lengths, when it is not the shop's."""

    def headers(self) -> frozenset[str]:
        """Returns every header the mapping reads, folded."""
        named = [*self.columns.values(), *self.measurements.values()]
        single = [self.group_by, self.sold_when_zero, self.sold_when_above_zero]
        return frozenset(
            [fold(header) for headers in named for header in headers] + [fold(header) for header in single if header]
        )

    def fits(self, header: Sequence[str]) -> bool:
        """Tells whether everything that gives this kind of export away is in the header."""
        there = {fold(name) for name in header}
        return all(any(fold(name) in there for name in names.split("|")) for names in self.detect)

    def knows(self, header: Sequence[str]) -> int:
        """Returns how many columns of the header it reads; 0 when the header is of another kind."""
        if not self.fits(header):
            return 0
        return len({fold(name) for name in header} & self.headers())


def fold(header: str) -> str:
    """Returns a header as it is compared: no capitals, no leading * of eBay's required columns, single blanks."""
    return " ".join(header.strip().lstrip("*").casefold().split())


@cache
def shipped() -> tuple[ColumnMapping, ...]:
    """Returns the mappings that come with Philia: its own columns, Shopify, eBay, Depop."""
    return tuple(load(file) for file in sorted(FOLDER.glob("*.toml")))


def load(file: Path) -> ColumnMapping:
    """Reads a mapping file. Raises StoreError naming what is wrong in it and what is allowed."""
    try:
        given = tomllib.loads(file.read_text("utf-8"))
    except OSError as fault:
        raise StoreError(f"The mapping {file} cannot be read: {fault.strerror or fault}.") from fault
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise StoreError(f"The mapping {file} is not TOML: {fault}.") from fault
    try:
        return _mapping(given, file.stem)
    except (ValueError, re.error) as fault:
        raise StoreError(f"The mapping {file}: {fault}.") from fault


def _mapping(given: Mapping[str, Any], stem: str) -> ColumnMapping:
    _allowed("keys", given, _KEYS)
    columns = {name: _headers(name, headers) for name, headers in _table("columns", given).items()}
    _allowed("[columns]", columns, FIELDS)
    if "sku" not in columns:
        raise ValueError("[columns] has no sku; every piece needs one")
    name_from = _text("name_from", given)
    if "name" not in columns and name_from is None:
        raise ValueError("[columns] has no name; write one, or name_from = the column whose first line is the name")
    values = _table("values", given)
    values = {name: _table(name, values) for name in values}
    _allowed("[values]", values, FIELDS)
    for written, status in values.get("status", {}).items():
        if status not in STATUSES:
            raise ValueError(f"[values.status] {written} is {status!r}; allowed are {', '.join(STATUSES)}")
    unit = given.get("unit")
    if unit not in {None, "in", "cm"}:
        raise ValueError(f"unit is {unit!r}; allowed are in and cm")
    skip = {header: str(pattern) for header, pattern in _table("skip_rows_with", given).items()}
    for pattern in skip.values():
        re.compile(pattern)
    return ColumnMapping(
        name=_text("name", given) or stem,
        detect=_headers("detect", given.get("detect", list(columns["sku"][:1]))),
        columns=columns,
        measurements={kind: _headers(kind, headers) for kind, headers in _table("measurements", given).items()},
        values={
            name: {written.strip().casefold(): str(meant) for written, meant in told.items()}
            for name, told in values.items()
        },
        options={name: _headers(name, names) for name, names in _table("options", given).items()},
        group_by=_text("group_by", given),
        html=frozenset(_headers("html", given.get("html", []))),
        strip_parentheses=frozenset(_headers("strip_parentheses", given.get("strip_parentheses", []))),
        sold_when_zero=_text("sold_when_zero", given),
        sold_when_above_zero=_text("sold_when_above_zero", given),
        name_from=name_from,
        skip_rows_with=skip,
        unit=unit,
    )


def _allowed(where: str, given: Mapping[str, Any], allowed: Sequence[str] | set[str]) -> None:
    for name in given:
        if name not in allowed:
            raise ValueError(f"{where}: {name} is not known; allowed are {', '.join(sorted(allowed))}")


def _table(name: str, given: Mapping[str, Any]) -> Mapping[str, Any]:
    found = given.get(name, {})
    if not isinstance(found, Mapping):
        raise ValueError(f"[{name}] is not a table")  # noqa: TRY004  # what is written is wrong, not a type of ours
    return found


def _headers(name: str, given: object) -> tuple[str, ...]:
    if isinstance(given, str):
        return (given,)
    if isinstance(given, list) and all(isinstance(header, str) for header in given):
        return tuple(given)
    raise ValueError(f"{name} is {given!r}; write a column's header or a list of them")


def _text(name: str, given: Mapping[str, Any]) -> str | None:
    found = given.get(name)
    if found is None or isinstance(found, str):
        return found
    raise ValueError(f"{name} is {found!r}; write a text")
