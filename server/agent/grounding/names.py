"""Finds the names of pieces in a text, and puts the tokens of a name together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from server.agent.grounding.lexicon import LANGUAGES
from server.agent.grounding.rows import Row
from server.agent.grounding.tokens import Token

_SIGNS: Final = frozenset("$€£¥")


def join_hyphens(tokens: list[Token]) -> list[Token]:
    """Drops the hyphens inside words ("pit-to-pit") and the quotes that are no inch marks."""
    kept: list[Token] = []
    for at, token in enumerate(tokens):
        before = kept[-1] if kept else None
        after = tokens[at + 1] if at + 1 < len(tokens) else None
        if (
            token.key == "-"
            and token.glued
            and after is not None
            and after.glued
            and before is not None
            and not (before.kind == "num" and after.kind == "num")
        ):
            continue
        if token.key in {'"', "'"} and not (token.glued and before is not None and before.kind in {"num", "cross"}):
            continue
        if token.key in {"*", "_"}:
            continue
        if (
            token.key == "s"
            and token.glued
            and before is not None
            and before.kind == "num"
            and len(before.raw) > 2
            and tokens[at - 1] is before
        ):
            continue  # "501s" are more than one 501
        if token.key == "'" and before is not None and after is not None and after.key == "'" and after.glued:
            continue
        kept.append(token)
    return kept


def mentions(tokens: Sequence[Token], rows: Sequence[Row]) -> dict[int, tuple[int, frozenset[int]]]:
    """Finds the names of pieces: first token → (how many tokens, which rows).

    A part of a name counts when at least two of its words stand together.
    """
    heads: dict[str, list[tuple[int, int, list[Token]]]] = {}
    for number, row in enumerate(rows):
        for words in (row.name, row.brand, row.sku):
            for place, token in enumerate(words):
                heads.setdefault(token.key, []).append((number, place, words))
    found: dict[int, tuple[int, frozenset[int]]] = {}
    at = 0
    places = [index for index, token in enumerate(tokens) if token.kind in {"word", "num", "decade", "cross"}]
    order = {index: position for position, index in enumerate(places)}
    while at < len(tokens):
        best, owners = 0, set[int]()
        if at in order and tokens[at].key in heads:
            for number, place, words in heads[tokens[at].key]:
                size = _run(tokens, places, order[at], words, place)
                between = tokens[at + 1 : places[order[at] + size - 1] + 1] if size else []
                if any(token.key in _SIGNS for token in between) and not (
                    words is rows[number].name and size == len(words)
                ):
                    continue  # "L, $212" is no SKU L-212
                if words is rows[number].sku and not all(token.glued for token in between):
                    continue
                whole = size == len(words) and place == 0
                while (
                    size
                    and not whole
                    and _weak(tokens[places[order[at] + size - 1]])
                    and not _capital(tokens[places[order[at] + size - 1]], words[place + size - 1])
                ):
                    size -= 1
                if (
                    (size < 2 or words is rows[number].sku)
                    and not (whole and size and (words is rows[number].sku or not _weak(tokens[at])))
                    and not (size == 1 and words is rows[number].name and _model_number(tokens, at))
                ):
                    continue
                if not whole and _weak(tokens[at]):
                    continue
                after = places[order[at] + size] if order[at] + size < len(places) else None
                if (
                    words is rows[number].sku
                    and after is not None
                    and tokens[after].glued
                    and tokens[after - 1].kind != "punct"
                ):
                    continue
                if size > best:
                    best, owners = size, {number}
                elif size == best:
                    owners.add(number)
        if best:
            last = places[order[at] + best - 1]
            found[at] = (last - at + 1, frozenset(owners))
            at = last + 1
        else:
            at += 1
    return found


def _model_number(tokens: Sequence[Token], at: int) -> bool:
    """Tells whether a number of a name may stand for it: "the 517s", "501s"."""
    token, after = tokens[at], tokens[at + 1] if at + 1 < len(tokens) else None
    if (
        token.kind != "num"
        or not token.raw.isdigit()
        or len(token.raw) < _MODEL
        or (at and tokens[at - 1].key in _SIGNS)
    ):
        return False
    return (at > 0 and tokens[at - 1].key in {"the", "these", "those", "los", "las"}) or (
        after is not None and after.glued and after.key == "s"
    )


_MODEL: Final = 3
"""Digits of the shortest number that names a model."""


def name(
    tokens: Sequence[Token],
    named: Mapping[int, tuple[int, frozenset[int]]],
    quoted: Mapping[int, tuple[int, str]] | None = None,
) -> list[Token]:
    """Makes one token of every name of a piece and of every quoted policy sentence."""
    kept: list[Token] = []
    at = 0
    while at < len(tokens):
        count = 1
        if quoted and at in quoted:
            count = quoted[at][0]
            kept.append(_one("policy", tokens[at : at + count], frozenset()))
        elif at in named:
            count, owners = named[at]
            kept.append(_one("mention", tokens[at : at + count], owners))
        else:
            kept.append(tokens[at])
        at += count
    return kept


def _one(kind: str, tokens: Sequence[Token], owners: frozenset[int]) -> Token:
    key = " ".join(token.key for token in tokens)
    return Token(kind, key, " ".join(token.raw for token in tokens), tokens[0].start, tokens[-1].end, key, rows=owners)


def _run(tokens: Sequence[Token], places: Sequence[int], start: int, words: Sequence[Token], place: int) -> int:
    size = 0
    while (
        place + size < len(words)
        and start + size < len(places)
        and tokens[places[start + size]].key == words[place + size].key
    ):
        size += 1
    return size


def _capital(spoken: Token, written: Token) -> bool:
    """Tells whether both stand in capitals, as "NO" in a name does and in a sentence does not."""
    if len(spoken.raw) < 2 or written.raw != spoken.raw:
        return False
    return spoken.raw.isupper() or (spoken.raw.istitle() and _topic(spoken) in {"time", "quantity", "fit"})


def _topic(token: Token) -> str:
    return LANGUAGES[0].longest([token], 0)[1].get("policy", "")


def _weak(token: Token) -> bool:
    """Tells whether the word may not begin or end a part of a name: it means something of its own in a sentence."""
    for lexicon in LANGUAGES:
        tags = lexicon.longest([token], 0)[1]
        if tags and not tags.keys() & {"colour", "garment", "material", "era", "measure"}:
            return True
    return False
