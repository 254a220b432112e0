"""What the owner writes about a piece, read into what the columns keep: one reader for imports, commands and screens.

Every reader raises ValueError with a sentence for the owner; nothing is guessed that could be read in two ways.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, Final

from store.stock import MEASUREMENT_KINDS, STATUSES, Status, Unit, to_mm

LINES: Final = ("category", "brand", "size_label", "color", "era", "condition", "material", "fit_note")
"""Columns of one line of text, beside the name."""

COLUMNS: Final = ("name", *LINES, "price_cents", "currency", "description", "measurements", "tags", "photos")
"""The columns that an edit or an import may change; the status moves by its own verbs."""

STATED: Final = frozenset(COLUMNS) - {"category", "tags", "photos"}
"""Columns that a reply may state: when one changes, replies that still wait are looked at again."""

SKU_LIMIT: Final = 100
LINE_LIMIT: Final = 500
BLOCK_LIMIT: Final = 20_000
PRICE_LIMIT_CENTS: Final = 1_000_000_000
"""Ten million in the shop's currency: beyond it a price is a slip of the keyboard."""

LENGTH_LIMIT_MM: Final = 10_000
"""Ten metres: beyond it a length has lost its decimal point or its unit."""

_ALIASES: Final = {
    "p2p": "pit_to_pit",
    "ptp": "pit_to_pit",
    "pit": "pit_to_pit",
    "armpit_to_armpit": "pit_to_pit",
    "shoulders": "shoulder",
    "sleeves": "sleeve",
    "sleeve_length": "sleeve",
    "inside_leg": "inseam",
    "front_rise": "rise",
}
_KIND: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_LENGTH: Final = re.compile(r"(\d+(?:[.,]\d+)?|[.,]\d+)\s*(\"|''|″|”|in|ins|inch|inches|cm|mm)?\.?")
_BLANKS: Final = re.compile(r"\s+")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_CURRENCY_SIGN: Final = re.compile(r"^(?:[A-Z]{3}\s*|[A-Z]{1,2}\s?(?=\$))?[$€£¥]?\s*|\s*(?:[$€£¥]|[A-Z]{3})$")
_PLAIN: Final = re.compile(r"\d+(?:[.,]\d{1,2})?")
_GROUPED: Final = re.compile(r"\d{1,3}(?:(?P<mark>[.,' ])\d{3})(?:(?P=mark)\d{3})*(?:[.,]\d{1,2})?")


def sku(text: str) -> str:
    """Reads the name a piece goes by in the shop."""
    cleaned = line("sku", text)
    if not cleaned:
        raise ValueError("sku is empty; every piece needs one of its own")
    if len(cleaned) > SKU_LIMIT:
        raise ValueError(f"sku is {len(cleaned)} characters long; {SKU_LIMIT} at most")
    return cleaned


def name(text: str) -> str:
    """Reads what a piece is called."""
    cleaned = line("name", text)
    if not cleaned:
        raise ValueError("name is empty; write what the piece is")
    return cleaned


def line(column: str, text: str) -> str:
    """Reads one line: control characters out, every run of blanks one space."""
    plain = text.isprintable() and "  " not in text
    cleaned = text.strip() if plain else _BLANKS.sub(" ", _CONTROL.sub(" ", text)).strip()
    if len(cleaned) > LINE_LIMIT:
        raise ValueError(f"{column} is {len(cleaned)} characters long; {LINE_LIMIT} at most")
    return cleaned


def block(column: str, text: str) -> str:
    """Reads several lines: line ends made one kind, other control characters out."""
    cleaned = text.strip() if text.isprintable() else _CONTROL.sub("", re.sub(r"\r\n?", "\n", text)).strip()
    if len(cleaned) > BLOCK_LIMIT:
        raise ValueError(f"{column} is {len(cleaned)} characters long; {BLOCK_LIMIT} at most")
    return cleaned


def price(text: str) -> int | None:
    """Reads "45", "$45.00", "45,00 €" or "1,234.50" as cents, and an empty text as no price.

    "1.234" and the like are read as thousands only with a comma; with a point they could be either, and are refused.
    """
    cleaned = _CURRENCY_SIGN.sub("", text.strip()).strip()
    if not cleaned:
        if text.strip():
            raise ValueError(f"price is {text!r}; write it like 45.00")
        return None
    grouped = _GROUPED.fullmatch(cleaned)
    if grouped is not None:
        mark = grouped["mark"]
        whole, decimals = cleaned, ""
        tail = re.search(r"[.,](\d{1,2})$", cleaned)
        if tail is not None and cleaned[tail.start()] != mark:
            whole, decimals = cleaned[: tail.start()], tail[1]
        elif tail is not None or (mark == "." and cleaned.count(".") == 1):
            raise ValueError(f"price is {text!r}, which can be read in two ways; write it like 45.00")
        amount = int(re.sub(r"\D", "", whole)) * 100 + int(decimals.ljust(2, "0") or 0)
    elif _PLAIN.fullmatch(cleaned):
        whole, _, decimals = cleaned.replace(",", ".").partition(".")
        amount = int(whole) * 100 + int(decimals.ljust(2, "0"))
    else:
        raise ValueError(f"price is {text!r}; write it like 45.00")
    if amount > PRICE_LIMIT_CENTS:
        raise ValueError(f"price is {text!r}; that is more than {PRICE_LIMIT_CENTS // 100:,}")
    return amount


def currency(text: str) -> str:
    """Reads three letters."""
    cleaned = text.strip().upper()
    if re.fullmatch("[A-Z]{3}", cleaned) is None:
        raise ValueError(f"currency is {text!r}; write three letters such as USD")
    return cleaned


def status(text: str) -> Status:
    """Reads one of the four states of a piece."""
    cleaned = text.strip().lower()
    for known in STATUSES:
        if cleaned == known:
            return known
    raise ValueError(f"status is {text!r}; allowed are {', '.join(STATUSES)}")


@lru_cache(maxsize=256)
def kind(text: str) -> str:
    """Reads the kind of a measurement: "Pit to pit" is pit_to_pit; a kind of the shop's own is kept as it is."""
    cleaned = re.sub(r"[\s\-]+", "_", text.strip().lower())
    cleaned = _ALIASES.get(cleaned, cleaned)
    if _KIND.fullmatch(cleaned) is None:
        raise ValueError(f"measurement {text!r} has no name of a kind; usual are {', '.join(MEASUREMENT_KINDS)}")
    return cleaned


def length(what: str, value: object, unit: Unit) -> int:
    """Reads 21, "21.5", '21"' or "54 cm" as millimetres; a bare number is in the shop's unit."""
    text = str(value).strip().lower() if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
    found = _LENGTH.fullmatch(text)
    if found is None or (isinstance(value, float) and not math.isfinite(value)):
        raise ValueError(f"{what} is {value!r}; write a number above 0")
    number = found[1].replace(",", ".")
    written = found[2]
    try:
        if written == "mm":
            millimetres = round(float(number))
        else:
            millimetres = to_mm(number, unit if written is None else "cm" if written == "cm" else "in")
    except ValueError as fault:
        raise ValueError(f"{what} is {value!r}; write a number above 0") from fault
    if not 0 < millimetres <= LENGTH_LIMIT_MM:
        raise ValueError(f"{what} is {value!r}; a length lies between 1 mm and 10 m")
    return millimetres


def measurements(text: str, unit: Unit) -> dict[str, int]:
    """Reads {"pit_to_pit": 21, "length": "28 in"} as kind → millimetres; an empty text is none."""
    if not text.strip():
        return {}
    try:
        given = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as fault:
        raise ValueError(
            f'measurements are not JSON ({getattr(fault, "msg", "nested too deeply")}); write {{"pit_to_pit": 21.5}}'
        ) from fault
    if not isinstance(given, Mapping):
        fault_told = 'measurements are not kinds with numbers; write {"pit_to_pit": 21.5}'
        raise ValueError(fault_told)  # noqa: TRY004  # a reader has one kind of fault: what is written
    return measured(given, unit)


def measured(given: Mapping[str, object], unit: Unit) -> dict[str, int]:
    """Reads kinds with lengths as kind → millimetres; a kind without a value is left out."""
    lengths: dict[str, int] = {}
    for written, value in given.items():
        if value is None or value == "":
            continue
        named = kind(written)
        millimetres = length(f"measurement {named}", value, unit)
        if lengths.setdefault(named, millimetres) != millimetres:
            raise ValueError(f"measurement {named} stands there twice with different lengths")
    return lengths


def tags(text: str | Iterable[str]) -> str:
    """Reads words, with commas or spaces between, as the search index reads them."""
    words = text if isinstance(text, str) else " ".join(text)
    return line("tags", words.replace(",", " ").replace(";", " "))


def photos(text: str) -> list[str]:
    """Reads paths or addresses with | or line ends between; a JSON list is taken as it is."""
    given: object = None
    if text.lstrip().startswith("["):
        try:
            given = json.loads(text)
        except json.JSONDecodeError as fault:
            raise ValueError(f"photos are not a JSON list ({fault.msg})") from fault
    if given is None:
        given = re.split(r"[|\n]", text)
    if not isinstance(given, list) or not all(isinstance(entry, str) for entry in given):
        raise ValueError("photos are not a list of paths or addresses")
    return list(dict.fromkeys(cleaned for entry in given if (cleaned := line("photos", entry))))


def value(column: str, text: str, unit: Unit) -> Any:
    """Reads the text of one column into what `store.items.add` and `edit` take. Raises ValueError."""
    if column in LINES:
        return line(column, text)
    reader = _READERS.get(column)
    if reader is None:
        raise ValueError(f"{column} is not something a piece has; there are {', '.join(COLUMNS)}")
    return reader(text, unit)


_READERS: Final[Mapping[str, Callable[[str, Unit], Any]]] = {
    "name": lambda text, _unit: name(text),
    "price_cents": lambda text, _unit: price(text),
    "currency": lambda text, _unit: currency(text),
    "description": lambda text, _unit: block("description", text),
    "measurements": measurements,
    "tags": lambda text, _unit: tags(text),
    "photos": lambda text, _unit: photos(text),
}


def stored(column: str, given: Any) -> str | int | None:
    """Returns what the column keeps for a value: JSON for measurements and photos, words for tags."""
    if column == "measurements":
        return _SORTED.encode(dict(given))
    if column == "photos":
        return json.dumps(list(given), ensure_ascii=False)
    if column == "tags":
        return tags(given)
    if isinstance(given, str | int):
        return given
    if given is None:
        return None if column == "price_cents" else ""
    raise ValueError(f"{column} is {given!r}; that cannot be kept")


_SORTED: Final = json.JSONEncoder(sort_keys=True)


def post(text: str) -> str:
    """Reads the id of a TikTok post, or the address that ends with it."""
    cleaned = text.strip()
    found = re.search(r"/(?:video|photo)/(\d+)", cleaned)
    if found is not None:
        return found[1]
    if re.fullmatch(r"[\w.+=-]{1,200}", cleaned) is None:
        raise ValueError(f"post is {text!r}; write the number at the end of the post's address, or the whole address")
    return cleaned
