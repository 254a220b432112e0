"""One line of `philia check`: a JSON object in, a JSON object out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, get_args

from server.agent.evidence import Evidence, Search
from server.agent.grounding.check import check
from store.stock import Unit, piece_from_json


class BadLine(ValueError):
    """A line cannot be read; the text says what is wrong with it and what to write."""


def check_line(line: str, *, currency: str = "USD", unit: Unit = "in") -> dict[str, Any]:
    """Returns {"id", "verdict", "grounding", "reasons", "claims"} for one line.

    `currency` and `unit` are the shop's, used where the items name none. Raises BadLine for what is not such an object.
    """
    try:
        given = json.loads(line)
    except (ValueError, RecursionError) as fault:
        raise BadLine(f"not JSON ({fault}); write one object on each line") from fault
    return check_object(given, currency=currency, unit=unit)


def check_object(given: Any, *, currency: str = "USD", unit: Unit = "in") -> dict[str, Any]:
    """Returns the verdict of one parsed object. Raises BadLine naming the field that cannot be read."""
    if not isinstance(given, Mapping):
        raise BadLine('not an object; write {"id": …, "reply": "…", "items": […]}')
    reply = given.get("reply")
    if not isinstance(reply, str):
        raise BadLine("reply is missing or not a text")
    evidence = _evidence(given, currency, unit)
    verdict = check(reply, evidence, _text(given.get("customer"), "customer"))
    return {
        "id": given.get("id"),
        "verdict": verdict.verdict,
        "grounding": verdict.grounding,
        "reasons": [reason.as_json() for reason in verdict.reasons],
        "claims": [claim.as_json() for claim in verdict.claims],
    }


def _text(given: Any, name: str) -> str:
    if given is None:
        return ""
    if not isinstance(given, str):
        raise BadLine(f"{name} is not a text")
    return given


def _list(given: Mapping[str, Any], name: str) -> list[Any]:
    value = given.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise BadLine(f"{name} is not a list")
    return value


def _evidence(given: Mapping[str, Any], currency: str, unit: Unit) -> Evidence:
    items = _list(given, "items")
    pieces = []
    for number, item in enumerate(items, start=1):
        if not isinstance(item, Mapping):
            raise BadLine(f"items: number {number} is not an object")
        try:
            pieces.append(piece_from_json({"currency": currency, "unit": unit, **item}))
        except (ValueError, TypeError, AttributeError) as fault:
            raise BadLine(f"items: number {number}: {fault}") from fault
    spoken = next((item["unit"] for item in items if item.get("unit") in get_args(Unit)), unit)
    policies = given.get("policies") or {}
    if not isinstance(policies, Mapping):
        raise BadLine("policies is not an object of topic and text")
    searches = []
    for number, search in enumerate(_list(given, "searches"), start=1):
        if not isinstance(search, Mapping):
            raise BadLine(f"searches: number {number} is not an object")
        skus = search.get("skus") or []
        if not isinstance(skus, list):
            raise BadLine(f"searches: number {number}: skus is not a list")
        filters = search.get("filters")
        searches.append(
            Search(
                str(search.get("query") or ""),
                tuple(map(str, skus)),
                bool(search.get("exact", True)),
                filters if isinstance(filters, Mapping) else {},
            )
        )
    return Evidence(
        tuple(pieces),
        {str(topic): str(words) for topic, words in policies.items()},
        tuple(searches),
        pieces[0].currency if pieces else currency,
        spoken,
        frozenset(map(str, _list(given, "held_for_her"))),
    )
