"""The order in which a search gives way when nothing fits: it says "nothing" late and never hides what it gave up."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from store.search.match import Step
from store.search.vocabulary import Vocabulary
from store.search.wanted import Wanted

LETTERS: Final = ("XXS", "XS", "S", "M", "L", "XL", "XXL", "XXXL", "XXXXL")
DEARER: Final = 1.2
"""How far above a ceiling a piece may cost before it is not worth showing."""


def steps(wanted: Wanted, vocabulary: Vocabulary) -> Iterator[Step]:
    """Yields what to try, one after the other; the first that finds something is the answer.

    1. every word in the short columns, 2. every word anywhere: both are exact. Then one soft filter gives way at a
    time, then several, then the words; at the end the brand or the garment, never both.
    """
    yield Step(wanted)
    if any(group.kind == "word" for group in wanted.groups):
        yield Step(wanted, everywhere=True)
    soft = {name: soften for name, soften in _SOFT.items() if soften(wanted, vocabulary) != wanted}
    for name, soften in soft.items():
        yield Step(soften(wanted, vocabulary), everywhere=True, relaxed=(name,))
    every = wanted
    names: list[str] = []
    for name, soften in soft.items():
        every = soften(every, vocabulary)
        names.append(name)
        if len(names) > 1:
            yield Step(every, everywhere=True, relaxed=tuple(names))
    kinds = {group.kind for group in wanted.groups}
    if wanted.lengths and kinds:
        # "The suede jacket, would it fit a 38 chest": what it is says more than how wide it may be.
        yield Step(replace(wanted, lengths=()), everywhere=True, relaxed=("size",))
    garments = [group for group in wanted.groups if group.kind == "garment"]
    if len(garments) > 1:
        # Of "cargo pants" the pants stay: the last one named is what it is, the ones before tell which.
        kept = tuple(group for group in wanted.groups if group not in garments[:-1])
        yield Step(replace(wanted, groups=kept), everywhere=True, relaxed=("category",))
    if "word" in kinds:
        yield Step(wanted, everywhere=True, any_word=True, relaxed=("words",))
        if names:
            yield Step(every, everywhere=True, any_word=True, relaxed=(*names, "words"))
    hued = replace(every, colors=frozenset(), eras=frozenset())
    if hued != every and kinds & {"garment", "brand"}:
        names = [*names, *(name for name in ("color",) if wanted.colors and name not in names)]
        extra = ("words",) if "word" in kinds else ()
        yield Step(hued, everywhere=True, any_word=True, relaxed=(*names, *extra))
    if {"garment", "brand"} <= kinds:
        extra = ("words",) if "word" in kinds else ()
        for dropped in ("brand", "garment"):
            told = "category" if dropped == "garment" else "brand"
            for less, soft_names in ((wanted, ()), (every, tuple(names))):
                kept = tuple(group for group in less.groups if group.kind != dropped)
                yield Step(
                    replace(less, groups=kept), everywhere=False, any_word=True, relaxed=(told, *soft_names, *extra)
                )


def _era(wanted: Wanted, _vocabulary: Vocabulary) -> Wanted:
    return replace(wanted, eras=frozenset())


def _color(wanted: Wanted, vocabulary: Vocabulary) -> Wanted:
    near = {name for color in wanted.colors for name in vocabulary.near.get(color, ())}
    return replace(wanted, colors=wanted.colors | (near - wanted.not_colors))


def _inseam(wanted: Wanted, _vocabulary: Vocabulary) -> Wanted:
    return replace(wanted, inseam=None)


def _length(wanted: Wanted, _vocabulary: Vocabulary) -> Wanted:
    return replace(wanted, lengths=tuple(one for one in wanted.lengths if one.kind in {"pit_to_pit", "waist"}))


def _price(wanted: Wanted, _vocabulary: Vocabulary) -> Wanted:
    return replace(
        wanted,
        min_cents=None if wanted.min_cents is None else round(wanted.min_cents / DEARER),
        max_cents=None if wanted.max_cents is None else round(wanted.max_cents * DEARER),
    )


def _size(wanted: Wanted, _vocabulary: Vocabulary) -> Wanted:
    places = {LETTERS.index(letter) for letter in wanted.letters if letter in LETTERS}
    near = {LETTERS[place + step] for place in places for step in (-1, 1) if 0 <= place + step < len(LETTERS)}
    return replace(
        wanted,
        letters=wanted.letters | near,
        waist=None if wanted.waist is None else (wanted.waist[0] - 1, wanted.waist[1] + 1),
        numbers=tuple((low - 1, high + 1) for low, high in wanted.numbers),
        lengths=tuple(one.widened(1) if one.kind in {"pit_to_pit", "waist"} else one for one in wanted.lengths),
    )


_SOFT: Final[Mapping[str, Callable[[Wanted, Vocabulary], Wanted]]] = {
    "era": _era,
    "color": _color,
    "inseam": _inseam,
    "length": _length,
    "price": _price,
    "size": _size,
}
