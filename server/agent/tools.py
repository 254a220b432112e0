"""The three tools a model may call. All of them only read; what they return is the evidence of the run.

`TOOLS` is what the model is told of them; `Lookups` answers its calls and remembers what was read.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Concatenate, Final, ParamSpec, Protocol, TypeVar

from server.agent.evidence import Evidence, Search
from server.agent.model import ToolCall
from server.agent.untrusted import clean
from store import items
from store.search import SearchResult, search
from store.stock import Piece, Unit, cents, in_unit, money

P = ParamSpec("P")
T = TypeVar("T")

EXECUTIONS: Final = 4
"""Lookups of one run; the fifth call is told to answer from what it has."""
RESULTS: Final = 6
"""Pieces of one search: enough to choose from, and what fits beside a conversation."""
GONE: Final = 2
"""Pieces that are no longer available and match better than what is left."""
QUERY_CAP: Final = 200
PRICE_CAP: Final = 10**12
"""Cents: above every price, and a number that the database can compare."""
DESCRIPTION_CAP: Final = 600

_FILTERS: Final[Mapping[str, Mapping[str, Any]]] = {
    "size": {"type": "string", "description": "The size on the tag: M, 32x34, US 9, EU 38."},
    "max_price": {"type": "number", "description": "The most she wants to pay, in the shop's currency."},
    "min_price": {"type": "number", "description": "The least she wants to pay, in the shop's currency."},
    "color": {"type": "string", "description": "One colour."},
    "category": {"type": "string", "description": "The kind of garment: jacket, jeans, dress, boots."},
    "brand": {"type": "string", "description": "The maker on the label."},
    "era": {"type": "string", "description": "A decade: 70s, 90s, Y2K."},
}


def _tool(name: str, description: str, properties: Mapping[str, Any], required: Sequence[str]) -> dict[str, Any]:
    parameters = {
        "type": "object",
        "properties": dict(properties),
        "required": list(required),
        "additionalProperties": False,
    }
    return {"type": "function", "function": {"name": name, "description": description, "parameters": parameters}}


TOOLS: Final[tuple[Mapping[str, Any], ...]] = (
    _tool(
        "search_inventory",
        "Looks through the pieces that are in the shop now. Call it before you say anything of the stock. Returns name,"
        " sku, price, size, measurements, description and status of each piece found; `exact` is false when nothing"
        " matched everything and the nearest pieces are given instead, `gone` holds matching pieces that are sold or"
        " kept for somebody.",
        {
            "query": {"type": "string", "description": "What she is looking for, in a few words: brown suede jacket."},
            **_FILTERS,
        },
        ("query",),
    ),
    _tool(
        "get_item",
        "Reads one piece by its SKU, as it stands at this moment.",
        {"sku": {"type": "string", "description": "As another tool or the shop gave it."}},
        ("sku",),
    ),
    _tool(
        "shop_policy",
        "Reads the shop's own written word on a topic. Promise nothing about these without it.",
        {"topic": {"type": "string", "description": "shipping, returns, payment, holds, discounts, or another topic."}},
        ("topic",),
    ),
)


class Read(Protocol):
    """Runs a function of the store against one consistent picture of the database, as `Database.read` does."""

    async def __call__(
        self, fn: Callable[Concatenate[sqlite3.Connection, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Returns what `fn(db, …)` returns."""
        ...


class BadArguments(Exception):
    """A call's arguments are not what the tool takes; the message tells the model what to write."""


@dataclass(slots=True)
class Lookups:
    """The tool calls of one run: answers them, bounds them, and keeps what was read."""

    read: Read
    policies: Mapping[str, str]
    unit: Unit = "in"
    currency: str = "USD"
    held_for_her: frozenset[str] = frozenset()
    executed: int = 0
    given: int = 0
    """Of `executed`, those that the program made by itself: they take nothing away from the model's."""
    wrong: int = 0
    """Calls with arguments that could not be used."""
    _answers: dict[str, str] = field(default_factory=dict)
    _pieces: dict[str, Piece] = field(default_factory=dict)
    _searches: list[Search] = field(default_factory=list)

    async def answer(self, call: ToolCall) -> str:
        """Returns the content of the call's tool message: what was found, or what was wrong with the call."""
        tool = _RUNS.get(call.name)
        if tool is None:
            return _error(f"there is no tool {clean(call.name, 60)!r}; the tools are {', '.join(_RUNS)}")
        try:
            given = _arguments(call)
        except BadArguments as fault:
            self.wrong += 1
            return _error(str(fault))
        key = f"{call.name} {json.dumps(given, sort_keys=True)}"
        if key in self._answers:
            return self._answers[key]
        if self.executed - self.given >= EXECUTIONS:
            return _error("no more lookups for this message; answer from what you have read")
        self.executed += 1
        try:
            found = await tool(self, given)
        except BadArguments as fault:
            self.wrong += 1
            return _error(str(fault))
        self._answers[key] = json.dumps(found, ensure_ascii=False, separators=(",", ":"))
        return self._answers[key]

    @property
    def evidence(self) -> Evidence:
        """Everything that was read; a piece read twice stands as it was read last."""
        return Evidence(
            pieces=tuple(self._pieces.values()),
            policies=self.policies,
            searches=tuple(self._searches),
            currency=self.currency,
            unit=self.unit,
            held_for_her=self.held_for_her,
        )

    async def search_inventory(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Returns what a search found, and keeps it. Raises BadArguments."""
        query = _string(given, "query") or ""
        filters: dict[str, Any] = {name: _string(given, name) for name in ("size", "color", "category", "brand", "era")}
        filters["max_price_cents"] = _price(given, "max_price")
        filters["min_price_cents"] = _price(given, "min_price")
        filters = {name: value for name, value in filters.items() if value is not None}
        if not query and not filters:
            raise BadArguments("query must say what to look for")
        result, gone = await self.read(_find, query[:QUERY_CAP], filters, self.unit)
        self._searches.append(
            Search(
                query=result.query,
                skus=tuple(piece.sku for piece in result.pieces),
                exact=result.exact,
                filters=result.filters,
            )
        )
        for piece in (*result.pieces, *gone):
            self._pieces[piece.sku] = piece
        found: dict[str, Any] = {
            "query": clean(result.query, QUERY_CAP),
            "exact": result.exact,
            "items": [self._told(piece) for piece in result.pieces],
        }
        if result.relaxed:
            found["left_out"] = list(result.relaxed)
        if gone:
            found["gone"] = [self._told(piece) for piece in gone]
        return found

    async def get_item(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Returns one piece as it stands now, and keeps it. Raises BadArguments."""
        sku = _string(given, "sku")
        if not sku:
            raise BadArguments("sku must be a SKU that a tool returned")
        piece = await self.read(_get_piece, sku)
        if piece is None:
            return {"error": f"no piece has the SKU {clean(sku, 80)!r}"}
        self._pieces[piece.sku] = piece
        return {"item": self._told(piece)}

    async def shop_policy(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Returns the owner's words on a topic, in each language she wrote them in. Raises BadArguments."""
        topic = (_string(given, "topic") or "").casefold()
        # "shipping.es" is the same topic in another language: see server.agent.policies.
        said = {name: text for name, text in self.policies.items() if topic in {name.casefold(), _topic(name)}}
        if topic and said:
            return {"topic": topic, "text": said}
        return {
            "error": "the shop has written nothing on this; leave it to the owner",
            "topics": sorted({*map(_topic, self.policies)}),
        }

    def _told(self, piece: Piece) -> dict[str, Any]:
        return told(piece, self.unit)


def told(piece: Piece, unit: Unit) -> dict[str, Any]:
    """Returns a piece as a model reads it: price "$45.00", measurements with their unit, texts cleaned as data."""
    more = {
        "brand": piece.brand,
        "category": piece.category,
        "color": piece.color,
        "era": piece.era,
        "condition": piece.condition,
        "material": piece.material,
        "fit_note": piece.fit_note,
    }
    return {
        "name": clean(piece.name, 200),
        "sku": piece.sku,
        "price": None if piece.price_cents is None else price_text(piece.price_cents, piece.currency),
        "size": clean(piece.size, 60) or None,
        "measurements": {kind: f"{in_unit(mm, unit):g} {unit}" for kind, mm in piece.measurements.items()},
        "description": clean(piece.description, DESCRIPTION_CAP),
        "status": piece.status,
        **{name: clean(text, 200) for name, text in more.items() if text},
    }


def price_text(amount: int, currency: str) -> str:
    """Writes 4500 cents as "$45.00", in other dollars than the United States' as "45.00 CAD"."""
    sign = {"USD": "$", "EUR": "€", "GBP": "£"}.get(currency)
    return f"{sign}{money(amount)}" if sign else f"{money(amount)} {currency}"


def _find(
    db: sqlite3.Connection, query: str, filters: Mapping[str, Any], unit: Unit
) -> tuple[SearchResult, tuple[Piece, ...]]:
    found = search(db, query, **filters, limit=RESULTS, unit=unit)
    if found.exact and found.pieces:
        return found, ()
    # "Is it still there?" about a sold piece must be answered by its row, not by silence.
    every = search(db, query, **filters, limit=RESULTS, unit=unit, include_unavailable=True)
    gone = [piece for piece in every.pieces if piece.status != "available"] if every.exact else []
    return found, tuple(gone[:GONE])


def _get_piece(db: sqlite3.Connection, sku: str) -> Piece | None:
    return items.get(db, sku) or items.get(db, sku.upper())


_RUNS: Final[Mapping[str, Callable[[Lookups, Mapping[str, Any]], Awaitable[dict[str, Any]]]]] = {
    "search_inventory": Lookups.search_inventory,
    "get_item": Lookups.get_item,
    "shop_policy": Lookups.shop_policy,
}
_TAKES: Final[Mapping[str, frozenset[str]]] = {
    tool["function"]["name"]: frozenset(tool["function"]["parameters"]["properties"]) for tool in TOOLS
}


def _arguments(call: ToolCall) -> dict[str, Any]:
    try:
        given = json.loads(call.arguments or "{}")
    except (ValueError, RecursionError):
        raise BadArguments(f"the arguments of {call.name} are not JSON; write one object") from None
    if not isinstance(given, dict):
        raise BadArguments(f"the arguments of {call.name} must be one JSON object")
    unknown = [clean(str(name), 40) for name in given if name not in _TAKES[call.name]]
    if unknown:
        takes = ", ".join(sorted(_TAKES[call.name]))
        raise BadArguments(f"{call.name} takes no {', '.join(unknown[:5])}; it takes {takes}")
    return {name: value for name, value in given.items() if value is not None and value != ""}


def _string(given: Mapping[str, Any], name: str) -> str | None:
    value = given.get(name)
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = f"{value:g}"
    if not isinstance(value, str):
        raise BadArguments(f"{name} must be a text")
    return clean(value, QUERY_CAP) or None


def _price(given: Mapping[str, Any], name: str) -> int | None:
    value = given.get(name)
    if value is None:
        return None
    if not isinstance(value, bool) and isinstance(value, int | float | str):
        with suppress(ValueError, OverflowError):
            return min(cents(str(value)), PRICE_CAP)
    raise BadArguments(f"{name} must be a number such as 50")


def _topic(name: str) -> str:
    return name.partition(".")[0].casefold()


def _error(sentence: str) -> str:
    return json.dumps({"error": sentence}, ensure_ascii=False)
