"""A piece of the shop as every room passes it on, and how its money and lengths are written.

Inside, money is integer cents and lengths are millimetres; the shop's unit and "45.00" exist only outside.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final, Literal

Unit = Literal["in", "cm"]
Status = Literal["available", "reserved", "held", "sold"]

STATUSES: Final[tuple[Status, ...]] = ("available", "reserved", "held", "sold")

MILLIMETRES: Final[Mapping[Unit, Decimal]] = {"in": Decimal("25.4"), "cm": Decimal(10)}
"""Millimetres in one of the unit."""

MEASUREMENT_KINDS: Final = (
    "pit_to_pit",
    "length",
    "waist",
    "inseam",
    "sleeve",
    "shoulder",
    "rise",
    "leg_opening",
    "hem",
    "width",
    "height",
    "depth",
    "insole",
    "brim",
    "circumference",
)
"""The kinds a measurement may have; pit_to_pit, waist and hem are laid flat unless the listing says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One piece of the stock, as a row says it at the moment it was read."""

    sku: str
    name: str
    id: int = 0
    brand: str = ""
    category: str = ""
    size: str = ""
    price_cents: int | None = None
    currency: str = "USD"
    measurements: Mapping[str, int] = field(default_factory=dict)
    """Kind → millimetres."""
    color: str = ""
    era: str = ""
    condition: str = ""
    material: str = ""
    fit_note: str = ""
    tags: tuple[str, ...] = ()
    description: str = ""
    status: Status = "available"
    revision: int = 0
    """Counts the changes of this row; a sender compares it with what the draft saw."""

    def as_json(self, unit: Unit) -> dict[str, Any]:
        """Returns the piece as the public contract writes it: price "45.00", measurements in the shop's unit."""
        return {
            "sku": self.sku,
            "name": self.name,
            "brand": self.brand,
            "category": self.category,
            "size": self.size,
            "price": money(self.price_cents) if self.price_cents is not None else None,
            "currency": self.currency,
            "measurements": {kind: in_unit(mm, unit) for kind, mm in self.measurements.items()},
            "unit": unit,
            "color": self.color,
            "era": self.era,
            "condition": self.condition,
            "material": self.material,
            "fit_note": self.fit_note,
            "status": self.status,
            "description": self.description,
        }


def piece_from_json(given: Mapping[str, Any]) -> Piece:
    """Reads a piece written by `Piece.as_json`, or by a script in that form.

    Raises ValueError naming the field for a price, a measurement or a status that cannot be read.
    """
    unit: Unit = "cm" if given.get("unit") == "cm" else "in"
    raw = given.get("measurements") or {}
    if isinstance(raw, str):
        raw = json.loads(raw)
    status = str(given.get("status") or "available")
    if status not in STATUSES:
        raise ValueError(f"status is {status!r}; allowed are {', '.join(STATUSES)}")
    price = given.get("price")
    return Piece(
        sku=str(given.get("sku") or ""),
        name=str(given.get("name") or ""),
        brand=str(given.get("brand") or ""),
        category=str(given.get("category") or ""),
        size=str(given.get("size") or given.get("size_label") or ""),
        price_cents=None if price in {None, ""} else cents(str(price)),
        currency=str(given.get("currency") or "USD"),
        measurements={str(kind): to_mm(str(value), unit) for kind, value in raw.items()},
        color=str(given.get("color") or ""),
        era=str(given.get("era") or ""),
        condition=str(given.get("condition") or ""),
        material=str(given.get("material") or ""),
        fit_note=str(given.get("fit_note") or ""),
        description=str(given.get("description") or ""),
        status=status,
    )


def cents(text: str) -> int:
    """Reads "45", "45.00" or "$45.00" as 4500. Raises ValueError for anything else, and for a negative price."""
    cleaned = text.strip().lstrip("$€£").replace(",", "")
    try:
        value = Decimal(cleaned)
        amount = int((value * 100).to_integral_value(ROUND_HALF_UP))
    except ArithmeticError as fault:
        raise ValueError(f"price is {text!r}; write it like 45.00") from fault
    if amount < 0 or not value.is_finite():
        raise ValueError(f"price is {text!r}; it cannot be negative")
    return amount


def money(amount: int) -> str:
    """Writes 4500 as "45.00"."""
    return f"{amount // 100}.{amount % 100:02d}"


def to_mm(value: str | float, unit: Unit) -> int:
    """Turns a length in the unit into whole millimetres. Raises ValueError for what is not a positive number."""
    try:
        length = Decimal(str(value).strip()) * MILLIMETRES[unit]
        whole = int(length.to_integral_value(ROUND_HALF_UP))
    except ArithmeticError as fault:
        raise ValueError(f"measurement is {value!r}; write a number") from fault
    if whole <= 0:
        raise ValueError(f"measurement is {value!r}; it must be above 0")
    return whole


def in_unit(millimetres: int, unit: Unit) -> float:
    """Turns millimetres into the unit, to a quarter inch or half a centimetre, as a tape is read."""
    step = Decimal("0.25") if unit == "in" else Decimal("0.5")
    exact = Decimal(millimetres) / MILLIMETRES[unit]
    return float((exact / step).to_integral_value(ROUND_HALF_UP) * step)
