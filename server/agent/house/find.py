"""Which pieces an ask is about: by SKU, name, "it" or a search; all that was read is kept as evidence."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol

from server.agent.evidence import Search
from server.agent.house.asks import Ask
from server.agent.port import DraftRequest
from store.stock import Piece

Get = Callable[[str], Piece | None]

_WORD: Final = re.compile(r"[a-z0-9]+")
_NEVER_MENDED: Final = 4
"""Letters of a word up to which another word one letter off is more likely chance than a slip."""

_SEEN: Final = 4
"""Pieces of one search that a reply is written from."""


class Found(Protocol):
    """What the shop's search answers."""

    @property
    def exact(self) -> bool: ...
    @property
    def pieces(self) -> tuple[Piece, ...]: ...
    @property
    def filters(self) -> Mapping[str, Any]: ...
    @property
    def corrected(self) -> Mapping[str, str]: ...


SearchFor = Callable[..., Found]
"""`store.search.search` with its database already given."""


def remembering(search: SearchFor) -> SearchFor:
    """Returns a search that asks the stock once for each question of a draft: a second wording needs no second look."""
    known: dict[str, Found] = {}

    def look(query: str, **options: Any) -> Found:
        key = repr((query, sorted(options.items())))
        if key not in known:
            known[key] = search(query, **options)
        return known[key]

    return look


@dataclass(slots=True)
class Reader:
    """Reads the stock for one draft and remembers all it has read."""

    search: SearchFor
    get: Get
    pieces: dict[str, Piece] = field(default_factory=dict)
    searches: list[Search] = field(default_factory=list)

    def one(self, sku: str) -> Piece | None:
        """Reads a piece by its SKU."""
        if sku in self.pieces:
            return self.pieces[sku]
        piece = self.get(sku)
        if piece is not None:
            self.pieces[piece.sku] = piece
        return piece

    def many(self, skus: Iterable[str]) -> list[Piece]:
        """Reads pieces by their SKUs, in order, those that exist."""
        return [piece for piece in map(self.one, dict.fromkeys(skus)) if piece is not None]

    def look(
        self, query: str, *, size: str | None = None, max_price_cents: int | None = None, every: bool = False
    ) -> Found:
        """Searches the stock and keeps what came back."""
        options: dict[str, Any] = {"limit": _SEEN, "include_unavailable": every}
        if size is not None:
            options["size"] = size
        if max_price_cents is not None:
            options["max_price_cents"] = max_price_cents
        result = self.search(query, **options)
        for piece in result.pieces:
            self.pieces.setdefault(piece.sku, piece)
        self.searches.append(
            Search(
                query=query,
                skus=tuple(piece.sku for piece in result.pieces),
                exact=result.exact,
                filters=dict(result.filters),
            )
        )
        return result


@dataclass(frozen=True, slots=True)
class Meant:
    """What an ask turned out to be about."""

    pieces: tuple[Piece, ...]
    certain: bool
    """One certain piece is meant, and it is the only one in `pieces`."""
    exact: bool = True
    """The search found what was asked, not something near it."""
    doubt: bool = False
    """One piece is meant, and it may be any of `pieces`."""
    unnamed: bool = False
    """Nothing tells which piece is meant."""


def meant(ask: Ask, reader: Reader, shared: Sequence[Piece], discussed: Sequence[str], said: str = "") -> Meant:
    """Finds the pieces that an ask is about. `said` is our last reply: what it named is what "it" may mean."""
    if ask.skus:
        named = reader.many(ask.skus)
        if named:
            return Meant(tuple(named), certain=len(named) == 1)
        if not ask.query:
            return Meant((), certain=False, exact=False)
    around = [*shared, *reader.many(discussed)]
    for piece in shared:
        reader.pieces.setdefault(piece.sku, piece)
    if ask.pronoun and not ask.skus:
        return _it(shared, around, said)
    if not ask.query and not ask.size and ask.max_price_cents is None:
        return _it(shared, around, said)
    if not ask.query and ask.size and around and not ask.max_price_cents:
        # "is it a medium?" about the piece they talk of.
        return _it(shared, around, said)
    if ask.query:
        near = [piece for piece in around if _has(piece, ask.query)]
        if near and (ask.pointing or shared):
            return Meant((near[0],), certain=True)
    if ask.pointing and ask.query:
        return _pointed(ask, reader, shared, around, said)
    result = reader.look(ask.query, size=ask.size, max_price_cents=ask.max_price_cents)
    guessed = any(len(word) <= _NEVER_MENDED for word in result.corrected)
    return Meant(tuple(result.pieces), certain=False, exact=result.exact and not guessed)


def _nearest(pieces: Sequence[Piece], query: str) -> Piece | None:
    """Returns the one piece whose name has most of the words, at least two, or None when two have as many."""
    asked = words_of(query)
    shares = [
        (len(asked & words_of(f"{piece.name} {piece.brand} {piece.color} {piece.era}")), piece) for piece in pieces
    ]
    best = max((share for share, _ in shares), default=0)
    first = [piece for share, piece in shares if share == best]
    return first[0] if len(first) == 1 and best >= 2 and best * 5 >= len(asked) * 3 else None


def last_reply(request: DraftRequest) -> str:
    """Returns our last message in the thread, or ""."""
    return next((turn.text for turn in reversed(request.turns) if turn.role == "assistant"), "")


def _it(shared: Sequence[Piece], around: Sequence[Piece], said: str) -> Meant:
    """Resolves "it": the post she shared, else the only piece our last reply named, else the only one talked of."""
    pool = list(shared)
    if not pool:
        spoken = said.casefold()
        pool = [piece for piece in around if piece.name.casefold().split(",", 1)[0].strip() in spoken]
    pool = pool or list(around)
    if not pool:
        return Meant((), certain=False, unnamed=True)
    if len(pool) == 1:
        return Meant((pool[0],), certain=True)
    return Meant(tuple(pool[:3]), certain=False, doubt=True)


def _pointed(ask: Ask, reader: Reader, shared: Sequence[Piece], around: Sequence[Piece], said: str) -> Meant:
    """Resolves "the brown suede one": one piece that has all the words, else a doubt, else what the search finds."""
    everything = reader.look(ask.query, size=ask.size, every=True)
    if not everything.exact and (ask.size or ask.figure):
        # "Do you have the JNCO in a 32": the piece is found by its name, its size is told.
        ask = replace(ask, query=ask.query.removesuffix(ask.figure).strip(), size=None)
        everything = reader.look(ask.query, every=True)
    query = _said_of_pieces(ask, everything)
    if not query:
        # None of the words names anything: "how much would it run me".
        return _it(shared, around, said)
    if query != ask.query:
        ask = replace(ask, query=query)
        everything = reader.look(query, size=ask.size, every=True)
    fitting = [piece for piece in everything.pieces if _has(piece, ask.query)]
    if not everything.exact and not fitting:
        nearest = _nearest(everything.pieces, ask.query)
        if nearest is not None:
            return Meant((nearest,), certain=True)
        return Meant(
            tuple(piece for piece in everything.pieces if piece.status == "available"), certain=False, exact=False
        )
    candidates = fitting or list(everything.pieces)
    called = [piece for piece in candidates if _named(piece, ask.query)]
    here = [piece for piece in called or candidates if piece.status == "available"]
    pool = here or called or candidates
    if len(pool) == 1:
        return Meant((pool[0],), certain=True)
    return Meant(tuple(pool[:3]), certain=False, doubt=bool(pool), exact=bool(pool))


def _said_of_pieces(ask: Ask, found: Found) -> str:
    """Returns the words of the query that a found piece is called by, or that are words for clothes."""
    called: set[str] = set()
    for piece in found.pieces:
        fields = (piece.name, piece.brand, piece.color, piece.era, piece.category, piece.material, *piece.tags)
        called |= words_of(" ".join(fields))
    own = words_of(" ".join(ask.clothes))
    kept = []
    for word in ask.query.split():
        mended = found.corrected.get(word, word) if len(word) > _NEVER_MENDED else word
        if words_of(mended) <= called | own:
            kept.append(mended)
    return " ".join(kept)


def words_of(text: str) -> set[str]:
    """Returns the words of a text without accents and plural endings, for comparing."""
    flat = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return {_singular(word) for word in _WORD.findall(flat.replace("'", ""))}


def _singular(word: str) -> str:
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us")):
        return word[:-2] if word.endswith(("sses", "ches", "shes", "xes")) else word[:-1]
    return word


def _has(piece: Piece, query: str) -> bool:
    row = words_of(
        " ".join(
            (
                piece.name,
                piece.brand,
                piece.category,
                piece.color,
                piece.era,
                piece.material,
                piece.description,
                *piece.tags,
            )
        )
    )
    return words_of(query) <= row


def _named(piece: Piece, query: str) -> bool:
    return words_of(query) <= words_of(f"{piece.name} {piece.brand} {piece.color} {piece.era}")
