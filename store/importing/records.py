"""Rows read as pieces through a mapping: what each column would keep, and every fault with its line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any, Final

from store import listing
from store.importing.mapping import FIELDS, ColumnMapping, fold
from store.importing.table import Row, Table
from store.stock import Status, Unit

STEP: Final = 1_000
"""Rows between two reports of progress."""

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is, and of how much; raising in it stops the import."""

_MANY: Final = frozenset({"photos", "tags", "posts"})
_OPTION: Final = re.compile(r"option(\d) name")


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One piece of a file: the columns it fills with what they would keep."""

    line: int
    sku: str
    values: dict[str, Any]
    """Column → what is stored; only columns that the file has."""
    status: Status | None
    """None when the file says nothing of it."""
    posts: tuple[str, ...] = ()


@dataclass(slots=True)
class Records:
    """What a table came to."""

    found: list[Record] = field(default_factory=list)
    faults: list[tuple[int, str]] = field(default_factory=list)
    unused: tuple[str, ...] = ()
    """Headers that no field reads."""


def read(table: Table, mapping: ColumnMapping, *, unit: Unit, progress: Progress | None = None) -> Records:
    """Reads every row; a row with a fault is left out and told, a SKU that stands there twice too."""
    reader = _Reader(table.header, mapping, unit)
    result = Records(faults=table.faults, unused=reader.unused())
    first: dict[str, int] = {}
    for at, rows in enumerate(_grouped(table.rows, reader)):
        if progress is not None and at % STEP == 0:
            progress("reading", at, table.lines)
        for line, cells in rows:
            record = reader.record(line, cells, result.faults)
            if record is None:
                continue
            if record.sku in first:
                result.faults.append((line, f"sku {record.sku} stands on line {first[record.sku]} already"))
                continue
            first[record.sku] = line
            result.found.append(record)
    result.faults.sort()
    return result


_Cells = dict[str, list[str]]
"""Folded header → its cell, or its cells when a product has several rows."""


def _grouped(rows: Iterable[Row], reader: _Reader) -> Iterator[list[tuple[int, _Cells]]]:
    """Gives the rows of each product: one for each variant, the pictures of the others gathered."""
    if reader.group is None:
        for row in rows:
            if not reader.skips(row):
                yield [(row.line, reader.cells(row))]
        return
    product: list[tuple[int, _Cells]] = []
    name = None
    for row in rows:
        cells = reader.cells(row)
        group = cells[reader.group][0]
        if product and group == name:
            reader.join(product, row.line, cells)
            continue
        if product:
            yield product
        product, name = [(row.line, cells)], group
    if product:
        yield product


class _Reader:
    """A mapping bound to the header of one file."""

    def __init__(self, header: Sequence[str], mapping: ColumnMapping, unit: Unit) -> None:
        self.mapping = mapping
        self.unit: Unit = mapping.unit or unit
        self.header = [fold(name) for name in header]
        self._names = header
        self._backwards = self.header[::-1]
        there = set(self.header)
        self.group = fold(mapping.group_by) if mapping.group_by and fold(mapping.group_by) in there else None
        self.sources = {name: [fold(source) for source in mapping.columns.get(name, ())] for name in FIELDS}
        self.sources = {name: [s for s in sources if s in there] for name, sources in self.sources.items()}
        self.lengths = {
            kind: [fold(source) for source in sources if fold(source) in there]
            for kind, sources in mapping.measurements.items()
        }
        self.pairs = [
            (name, f"option{found[1]} value")
            for name in self.header
            if (found := _OPTION.fullmatch(name)) and f"option{found[1]} value" in there
        ]
        self.measured = any(self.lengths.values())
        self.plan = self._plan()
        self._skip_at = {
            self.header.index(fold(name)): re.compile(pattern)
            for name, pattern in mapping.skip_rows_with.items()
            if fold(name) in there
        }

    def _plan(self) -> list[tuple[str, str, str | None]]:
        """Returns (field, column, the one header it is read from, or None when it takes more than a look)."""
        special = {*self.mapping.html, *self.mapping.strip_parentheses, *self.mapping.values, *self.mapping.options}
        plan = []
        for name, sources in self.sources.items():
            if name in {"sku", "name", "status", "posts"} or not (sources or self._optional(name)):
                continue
            if name == "measurements" and self.measured:
                continue
            alone = sources[0] if len(sources) == 1 and name not in _MANY and name not in special else None
            plan.append((name, "price_cents" if name == "price" else name, alone))
        return plan

    def unused(self) -> tuple[str, ...]:
        used = {source for sources in (*self.sources.values(), *self.lengths.values()) for source in sources}
        used |= self.mapping.headers() | {name for pair in self.pairs for name in pair}
        return tuple(name for name, folded in zip(self._names, self.header, strict=True) if folded not in used and name)

    def skips(self, row: Row) -> bool:
        return any(pattern.search(row.cells[at].strip()) for at, pattern in self._skip_at.items())

    def cells(self, row: Row) -> _Cells:
        # Of two columns with one name the first counts: dict() keeps the last, so they are laid down backwards.
        return {name: [cell] for name, cell in zip(self._backwards, reversed(row.cells), strict=True)}

    def join(self, product: list[tuple[int, _Cells]], line: int, cells: _Cells) -> None:
        """Adds a further row of a product: another variant, or only another picture of the first."""
        head = product[0][1]
        many = {source for name in _MANY for source in self.sources[name]}
        own = self.sources["sku"][0] if self.sources["sku"] else ""
        if own != self.group and any(cell.strip() for cell in cells.get(own, [])):
            for name, values in head.items():
                if not any(cell.strip() for cell in cells[name]):
                    cells[name] = list(values)
            product.append((line, cells))
            return
        for source in many:
            head[source].extend(cells[source])

    def record(self, line: int, cells: _Cells, faults: list[tuple[int, str]]) -> Record | None:
        wrong: list[str] = []
        values: dict[str, Any] = {}
        sku = ""
        status: Status | None = None
        posts: tuple[str, ...] = ()
        try:
            sku = listing.sku(self._first("sku", cells))
        except ValueError as fault:
            wrong.append(str(fault))
        try:
            values["name"] = listing.name(self._name(cells))
        except ValueError as fault:
            wrong.append(str(fault))
        for name, column, alone in self.plan:
            try:
                text = cells[alone][0] if alone is not None else self._text(name, cells)
                if column != "currency" or text.strip():
                    values[column] = listing.stored(column, listing.value(column, text, self.unit))
            except ValueError as fault:
                wrong.append(str(fault))
        try:
            if self.measured:
                values["measurements"] = listing.stored("measurements", self._lengths(cells))
            status = self._status(cells)
            posts = self._posts(cells)
        except ValueError as fault:
            wrong.append(str(fault))
        if wrong:
            faults.extend((line, fault) for fault in wrong)
            return None
        return Record(line=line, sku=sku, values=values, status=status, posts=posts)

    def _posts(self, cells: _Cells) -> tuple[str, ...]:
        written = (post for cell in self._all("posts", cells) for post in re.split(r"[\s,;|]+", cell))
        return tuple(listing.post(post) for post in written if post)

    def _all(self, name: str, cells: _Cells) -> list[str]:
        return [cell.strip() for source in self.sources[name] for cell in cells[source] if cell.strip()]

    def _first(self, name: str, cells: _Cells) -> str:
        for source in self.sources[name]:
            for cell in cells[source]:
                if cell.strip():
                    return cell
        return self._option(name, cells)

    def _optional(self, name: str) -> bool:
        return bool(self.pairs) and name in self.mapping.options

    def _option(self, name: str, cells: _Cells) -> str:
        for wanted in self.mapping.options.get(name, ()):
            for named, value in self.pairs:
                if cells[named][0].strip().casefold() == wanted and cells[value][0].strip():
                    return cells[value][0]
        return ""

    def _text(self, name: str, cells: _Cells) -> str:
        if name == "photos":
            return "|".join(self._all(name, cells)) if len(self._all(name, cells)) != 1 else self._first(name, cells)
        if name == "tags":
            return " ".join(self._all(name, cells))
        text = self._first(name, cells)
        if name in self.mapping.html:
            text = plain(text)
        if name in self.mapping.strip_parentheses:
            text = text.split("(", 1)[0]
        return self.mapping.values.get(name, {}).get(text.strip().casefold(), text)

    def _name(self, cells: _Cells) -> str:
        text = self._first("name", cells)
        if text.strip() or self.mapping.name_from is None:
            return text
        lines = self._text(self.mapping.name_from, cells).strip().splitlines()
        return lines[0][:120] if lines else ""

    def _lengths(self, cells: _Cells) -> dict[str, int]:
        given = {
            kind: next((cell for source in sources for cell in cells[source] if cell.strip()), "")
            for kind, sources in self.lengths.items()
        }
        return listing.measured(given, self.unit)

    def _status(self, cells: _Cells) -> Status | None:
        mapping = self.mapping
        left, gone = (self._number(header, cells) for header in (mapping.sold_when_zero, mapping.sold_when_above_zero))
        if (left is not None and left <= 0) or (gone is not None and gone > 0):
            return "sold"
        text = self._text("status", cells)
        if text.strip():
            return listing.status(text)
        return None if left is None else "available"

    def _number(self, header: str | None, cells: _Cells) -> int | None:
        written = "" if header is None else cells.get(fold(header), [""])[0].strip()
        try:
            return int(written) if written else None
        except ValueError as fault:
            raise ValueError(f"{header} is {written!r}; write a whole number") from fault


class _Plain(HTMLParser):
    _BREAKS: Final = frozenset({"p", "br", "div", "li", "tr", "h1", "h2", "h3", "h4"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"script", "style"}:
            self._hidden += 1
        if tag in self._BREAKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in {"script", "style"}:
            self._hidden = max(0, self._hidden - 1)
        if tag in self._BREAKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(data)


def plain(text: str) -> str:
    """Takes the markup off a text: what is between the tags, a line for each block."""
    if "<" not in text and "&" not in text:
        return text
    parser = _Plain()
    parser.feed(text)
    parser.close()
    lines = (" ".join(line.split()) for line in "".join(parser.parts).splitlines())
    return "\n".join(line for line in lines if line)
