"""One search: understand, try, order, remember."""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from threading import Lock
from typing import Final

from store.search import typos
from store.search.arguments import with_arguments
from store.search.catalogue import Catalogue, catalogue, revision_of
from store.search.ladder import steps
from store.search.match import CANDIDATES, MANY, find, sticks
from store.search.order import FEW, ordered
from store.search.parse import parse
from store.search.result import SearchResult, filters_of
from store.search.skus import by_sku
from store.search.wanted import Wanted
from store.stock import Piece, Unit

LIMIT: Final = 10
"""Pieces of an answer, unless more are asked for."""

WHOLE: Final = 50
"""Pieces of an exact answer in a batch, where a script counts them."""

REMEMBERED: Final = 512
"""Answers kept in memory; each is good for one revision of the stock and is then never asked for again."""

_answers: OrderedDict[tuple[object, ...], SearchResult] = OrderedDict()
_lock = Lock()


def search(
    db: sqlite3.Connection,
    query: str,
    *,
    size: str | None = None,
    max_price_cents: int | None = None,
    min_price_cents: int | None = None,
    color: str | None = None,
    category: str | None = None,
    brand: str | None = None,
    era: str | None = None,
    limit: int = LIMIT,
    unit: Unit = "in",
    include_unavailable: bool = False,
) -> SearchResult:
    """Finds the pieces that a customer's words, and the arguments beside them, ask for.

    An argument wins over what the words say about the same thing. Only pieces that can be sold now are returned, unless
    `include_unavailable`: a question whether something is still there must find it sold, too. Never raises on any text.
    """
    shop = catalogue(db)
    key = (
        shop.revision,
        shop.vocabulary,
        query[:2000],
        size,
        max_price_cents,
        min_price_cents,
        color,
        category,
        brand,
        era,
        limit,
        unit,
        include_unavailable,
    )
    with _lock:
        known = _answers.get(key)
        if known is not None:
            _answers.move_to_end(key)
            return known
    answer = _by_sku(db, query, limit=limit, unavailable=include_unavailable)
    for choice in range(0 if answer is not None else 2):
        wanted = with_arguments(
            understood(db, query, shop, choice),
            shop,
            size=size,
            max_cents=max_price_cents,
            min_cents=min_price_cents,
            color=color,
            category=category,
            brand=brand,
            era=era,
        )
        if answer is not None and wanted.corrected == answer.corrected:
            break
        other = _climb(db, query, wanted, shop, unit=unit, limit=limit, unavailable=include_unavailable)
        if answer is None or other.exact:
            answer = other
        if answer.exact or not answer.corrected:
            break
    assert answer is not None
    if revision_of(db) == shop.revision:
        with _lock:
            _answers[key] = answer
            while len(_answers) > REMEMBERED:
                _answers.popitem(last=False)
    return answer


def _by_sku(db: sqlite3.Connection, query: str, *, limit: int, unavailable: bool) -> SearchResult | None:
    """Answers a query that names SKUs of this shop with just these, or with nothing once they are gone."""
    named = by_sku(db, query)
    if not named:
        return None
    pieces = tuple(piece for piece in named if unavailable or piece.status == "available")[:limit]
    return SearchResult(query, exact=bool(pieces), filters={"sku": ", ".join(p.sku for p in named)}, pieces=pieces)


def understood(db: sqlite3.Connection, query: str, shop: Catalogue, choice: int = 0) -> Wanted:
    """Returns what a query asks this shop for; `choice` 1 takes the second likeliest mend of every typo."""

    def mend(word: str) -> str | None:
        mends = typos.mended(db, word, shop)
        return mends[min(choice, len(mends) - 1)] if mends else None

    return parse(query, shop, mend, lambda first, second: sticks(db, first, second))


def _climb(
    db: sqlite3.Connection, query: str, wanted: Wanted, shop: Catalogue, *, unit: Unit, limit: int, unavailable: bool
) -> SearchResult:
    """Tries step after step until something is found."""
    answer = SearchResult(query, exact=False, corrected=wanted.corrected, filters=filters_of(wanted, unit))
    if wanted.is_empty:
        return answer
    few: tuple[Piece, ...] = ()
    for step in steps(wanted, shop.vocabulary):
        if few and not step.is_exact:
            break
        pieces: tuple[Piece, ...] = ()
        for most in (max(CANDIDATES, limit), max(MANY, limit)):
            hits = find(db, step, shop, unavailable=unavailable, limit=most)
            pieces = ordered(db, hits, step, shop.vocabulary, unavailable=unavailable, limit=limit)
            if len(hits) < most or len(pieces) >= min(FEW, limit):
                break
        seen = {piece.id for piece in few}
        few = (*few, *(piece for piece in pieces if piece.id not in seen))[:limit]
        if few:
            answer = replace(answer, exact=step.is_exact, relaxed=step.relaxed, pieces=few)
        if len(few) >= min(FEW, limit):
            break
    return answer


def batch(
    db: sqlite3.Connection, queries: Iterable[tuple[str, str]], *, limit: int = WHOLE
) -> Iterator[dict[str, object]]:
    """Answers (id, query) pairs: up to `limit` pieces where they fit, up to ten where they only come near."""
    for name, query in queries:
        result = search(db, query, limit=limit)
        pieces = result.pieces if result.exact else result.pieces[:LIMIT]
        yield {"id": name, "skus": [piece.sku for piece in pieces], "exact": result.exact}
