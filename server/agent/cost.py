"""What a call of a model costs. Prices are OpenAI's list prices of the standard tier as published in August 2025.

They change; the bill is OpenAI's word and the budget only a brake.

Amounts are integer microcents: a US dollar is 100,000,000 of them, so that one token of the cheapest model is a whole
number and a day's sum loses nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

MICROCENTS: Final = 100_000_000
"""In one US dollar."""


class Price(NamedTuple):
    """Microcents for a thousand tokens."""

    read: int
    cached: int
    written: int


def _dollars(read: float, cached: float, written: float) -> Price:
    """Takes US dollars for a million tokens, as price lists write them."""
    return Price(*(round(dollars * MICROCENTS / 1_000) for dollars in (read, cached, written)))


PRICES: Final[Mapping[str, Price]] = {
    "gpt-4o": _dollars(2.50, 1.25, 10.00),
    "gpt-4o-2024-05-13": _dollars(5.00, 5.00, 15.00),
    "gpt-4o-mini": _dollars(0.15, 0.075, 0.60),
    "gpt-4.1": _dollars(2.00, 0.50, 8.00),
    "gpt-4.1-mini": _dollars(0.40, 0.10, 1.60),
    "gpt-4.1-nano": _dollars(0.10, 0.025, 0.40),
}
"""A dated snapshot costs what its family does, unless it stands here itself."""


FREE: Final = Price(0, 0, 0)
DEAREST: Final = max(PRICES.values(), key=lambda price: price.written)


def price_of(model: str, *, hosted: bool = True) -> Price:
    """Returns the price of a model or of the family whose dated snapshot it is.

    One that is not in the list costs the most when OpenAI hosts it, so that the budget holds, and nothing elsewhere.
    """
    families = [name for name in PRICES if model == name or model.startswith(f"{name}-20")]
    if families:
        return PRICES[max(families, key=len)]
    return DEAREST if hosted else FREE


def microcents(price: Price, tokens_in: int, tokens_out: int, tokens_cached: int = 0) -> int:
    """Returns the cost of one call, rounded up."""
    cached = min(tokens_cached, tokens_in)
    thousandths = (tokens_in - cached) * price.read + cached * price.cached + tokens_out * price.written
    return -(-thousandths // 1_000)


def microcents_of(dollars: float) -> int:
    """Turns US dollars into microcents."""
    return round(dollars * MICROCENTS)


def dollars_of(amount: int) -> float:
    """Turns microcents into US dollars, to a millionth."""
    return round(amount / MICROCENTS, 6)
