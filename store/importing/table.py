"""A delimited text file as rows that know their line in it: encodings, delimiters and quotes told apart by evidence."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from store.errors import StoreError

DELIMITERS: Final = (",", ";", "\t", "|")
HEADER_WITHIN: Final = 8
"""Lines in which the header is looked for: eBay and Depop put words of their own above it."""

LARGEST_BYTES: Final = 256 * 1024 * 1024
_BOMS: Final = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))


@dataclass(frozen=True, slots=True)
class Row:
    """One record: the line it begins on, counted from 1 as an editor counts, and its cells."""

    line: int
    cells: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A file that is taken apart as `rows` is read, once; `faults` then has the records that could not be."""

    header: tuple[str, ...]
    header_line: int
    lines: int
    """Of the whole file: how much there is to read."""
    rows: Iterator[Row]
    faults: list[tuple[int, str]]
    encoding: str
    delimiter: str


def read(file: Path, known: Callable[[Sequence[str]], int]) -> Table:
    """Reads a file; `known` tells how many columns of a header it knows, so that the header and delimiter are found.

    Raises StoreError when the file cannot be read, is not text, is empty, or has no header that `known` knows.
    """
    try:
        size = file.stat().st_size
        if size > LARGEST_BYTES:
            raise StoreError(
                f"{file} has {size // 1024 // 1024} MB; up to {LARGEST_BYTES // 1024 // 1024} MB are read at once."
                " Split it."
            )
        data = file.read_bytes()
    except OSError as fault:
        raise StoreError(f"{file} cannot be read: {fault.strerror or fault}.") from fault
    text, encoding = _decode(data, file)
    if not text.strip():
        raise StoreError(f"{file} is empty.")
    delimiter, header, header_line = _head(text, known, file)
    faults: list[tuple[int, str]] = []
    return Table(
        header=header,
        header_line=header_line,
        lines=text.count("\n"),
        rows=_rows(text, delimiter, len(header), header_line, faults),
        faults=faults,
        encoding=encoding,
        delimiter=delimiter,
    )


def _decode(data: bytes, file: Path) -> tuple[str, str]:
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            try:
                return data[len(bom) :].decode(encoding), encoding
            except UnicodeDecodeError as fault:
                raise StoreError(f"{file} begins like {encoding} and is not: {fault.reason}.") from fault
    start = data[:4096]
    if start.startswith(b"PK\x03\x04") or start.count(0) * 10 > len(start):
        # A spreadsheet's own format, or some other: text has a stray NUL at the most.
        raise StoreError(f"{file} is not a text file. Export it as CSV and import that.")
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        pass
    try:
        # What Excel in western Europe and America writes; it differs from Latin-1 in quotes, dashes and the euro.
        return data.decode("cp1252"), "cp1252"
    except UnicodeDecodeError:
        return data.decode("latin-1"), "latin-1"


def _head(text: str, known: Callable[[Sequence[str]], int], file: Path) -> tuple[str, tuple[str, ...], int]:
    best: tuple[int, str, tuple[str, ...], int] = (0, "", (), 0)
    start = text[:65_536]
    for delimiter in DELIMITERS:
        reader = csv.reader(io.StringIO(start, newline=""), delimiter=delimiter)
        line = 1
        for _ in range(HEADER_WITHIN):
            try:
                cells = next(reader)
            except (StopIteration, csv.Error):
                break
            names = tuple(cell.strip().lstrip("\ufeff") for cell in cells)
            score = known(names)
            if score > best[0]:
                best = (score, delimiter, names, line)
            line = reader.line_num + 1
    if best[0] == 0:
        first = text.lstrip().splitlines()[0][:120]
        raise StoreError(
            f"{file}: no line at its top is a header Philia knows; it begins with {first!r}. The columns it wants are"
            " sku, name, category, brand, size_label, price, description, measurements, color, era, condition, status;"
            " for a file of another shop program write a mapping and name it with --mapping."
        )
    return best[1], best[2], best[3]


def _rows(text: str, delimiter: str, width: int, header_line: int, faults: list[tuple[int, str]]) -> Iterator[Row]:
    for line, cells in _records(text, delimiter, header_line, faults):
        if len(cells) > width and not any(cell.strip() for cell in cells[width:]):
            del cells[width:]
        if len(cells) != width:
            faults.append((line, _uneven(len(cells), width, delimiter)))
            continue
        yield Row(line, cells)


def _records(
    text: str, delimiter: str, header_line: int, faults: list[tuple[int, str]]
) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as fault:
            faults.append((line, _unreadable(str(fault), reader.line_num)))
            continue
        if line > header_line and any(cell.strip() for cell in cells):
            yield line, cells


def _uneven(found: int, width: int, delimiter: str) -> str:
    sign = {"\t": "tab"}.get(delimiter, delimiter)
    return f"the row has {found} cells where the header has {width}; look for a missing or spare {sign} or quote"


def _unreadable(fault: str, until: int) -> str:
    if "unexpected end" in fault:
        return "a quote is opened here and never closed"
    if "field larger" in fault:
        return "a cell is longer than 131,072 characters; look for a quote that is never closed"
    if "expected after" in fault:
        return f'a quote stands inside of a cell (up to line {until}); write it twice, as in "21"" chest"'
    return f"the row cannot be read: {fault}"
