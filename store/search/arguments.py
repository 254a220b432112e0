"""Lays the explicit arguments of a tool call over what its text said: the argument wins."""

from __future__ import annotations

from dataclasses import replace

from store.search.catalogue import Catalogue
from store.search.parse import parse
from store.search.tokens import words_of
from store.search.wanted import Group, Wanted


def with_arguments(
    wanted: Wanted,
    catalogue: Catalogue,
    *,
    size: str | None,
    max_cents: int | None,
    min_cents: int | None,
    color: str | None,
    category: str | None,
    brand: str | None,
    era: str | None,
) -> Wanted:
    """Returns the query with the explicit arguments of a tool call in place of what its text said of the same thing."""
    if max_cents is not None or min_cents is not None:
        wanted = replace(wanted, min_cents=min_cents, max_cents=max_cents)
    if size:
        told = parse(f"size {size}", catalogue, _as_it_is, _never)
        wanted = replace(
            wanted, letters=told.letters, numbers=told.numbers, system=told.system, waist=told.waist, inseam=told.inseam
        )
        if not (told.letters or told.numbers or told.waist or told.inseam):
            wanted = _needing(wanted, Group("word", size, (words_of(size),), typed=words_of(size)))
        elif told.numbers and _bottom(wanted, category, catalogue):
            wanted = replace(wanted, numbers=(), waist=told.numbers[0])
    if color:
        told = parse(color, catalogue, _as_it_is, _never)
        wanted = replace(wanted, colors=told.colors)
        if not told.colors and words_of(color):
            wanted = _needing(wanted, Group("word", color, (words_of(color),), typed=words_of(color)))
    if era:
        eras = parse(era, catalogue, _as_it_is, _never).eras
        wanted = replace(wanted, eras=eras) if eras else wanted
    for kind, said in (("garment", category), ("brand", brand)):
        if said and words_of(said):
            told = parse(said, catalogue, _as_it_is, _never)
            groups = tuple(group for group in told.groups if group.kind == kind)
            if not groups:
                groups = (Group(kind, said, (words_of(said),), typed=words_of(said)),)  # type: ignore[arg-type]  # both are kinds
            elif kind == "garment" and len(groups) > 1:
                # "Jackets & Coats" is one shelf, not two garments at once.
                groups = (_either(groups),)
            wanted = replace(wanted, groups=(*groups, *(group for group in wanted.groups if group.kind != kind)))
    return wanted


def _never(_first: str, _second: str) -> bool:
    return False


def _as_it_is(_word: str) -> None:
    return None


def _needing(wanted: Wanted, group: Group) -> Wanted:
    return replace(wanted, groups=(*wanted.groups, group)) if group.phrases[0] else wanted


def _either(groups: tuple[Group, ...]) -> Group:
    return replace(
        groups[0],
        name=" or ".join(group.name for group in groups),
        phrases=tuple(dict.fromkeys(phrase for group in groups for phrase in group.phrases)),
        direct=tuple(phrase for group in groups for phrase in group.direct),
        shelves=tuple(dict.fromkeys(phrase for group in groups for phrase in group.shelves)),
    )


def _bottom(wanted: Wanted, category: str | None, catalogue: Catalogue) -> bool:
    garments = parse(category, catalogue, _as_it_is, _never).groups if category else wanted.groups
    known = catalogue.vocabulary.garments
    names = [name for group in garments if group.kind == "garment" for name in group.name.split(" or ")]
    return bool(names) and all(name in known and known[name].sizes == "bottom" for name in names)
