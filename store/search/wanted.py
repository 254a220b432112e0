"""What a query asks for, once it is understood."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

from store.search.vocabulary import Phrase

INCH: Final = 25.4

TOLERANCE: Final = {"pit_to_pit": 0.5, "waist": 0.5}
"""Inches by which a measurement may differ from the one asked for; `LOOSE` for every other kind."""

LOOSE: Final = 1.0


@dataclass(frozen=True, slots=True)
class Group:
    """One thing that must be there, by any of its phrases."""

    kind: Literal["garment", "brand", "word"]
    name: str
    phrases: tuple[Phrase, ...]
    typed: Phrase = ()
    """The words the customer used: pieces that use them, too, come first."""
    direct: tuple[Phrase, ...] = ()
    """Of a garment's phrases those that name it, not one of its kinds: jacket, not bomber."""
    also: tuple[Phrase, ...] = ()
    """What many call by this name, too, shown behind when there are few: a tee for a shirt."""
    shelves: tuple[Phrase, ...] = ()
    """Words of a category in which the piece may lie without saying the phrase itself."""


@dataclass(frozen=True, slots=True)
class Length:
    """A measurement between two bounds, in millimetres. A waist is the full one, around the body."""

    kind: str
    low: float
    high: float

    def widened(self, inches: float) -> Length:
        """Returns the same with that much more room on both sides."""
        return Length(self.kind, self.low - inches * INCH, self.high + inches * INCH)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The filters and words of one query."""

    groups: tuple[Group, ...] = ()
    boosts: tuple[Phrase, ...] = ()
    """Words that are welcome and not needed."""
    excluded: tuple[Phrase, ...] = ()
    min_cents: int | None = None
    max_cents: int | None = None
    letters: frozenset[str] = frozenset()
    numbers: tuple[tuple[float, float], ...] = ()
    """Ranges of numeric sizes, any of them."""
    system: str = ""
    """"us", "uk" or "eu" when the numeric size was given in one."""
    lengths: tuple[Length, ...] = ()
    waist: tuple[float, float] | None = None
    """The tagged or measured waist, in inches."""
    inseam: tuple[float, float] | None = None
    eras: frozenset[str] = frozenset()
    colors: frozenset[str] = frozenset()
    not_colors: frozenset[str] = frozenset()
    corrected: dict[str, str] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Tells whether nothing was asked for."""
        return not (self.groups or self.has_filters)

    @property
    def has_filters(self) -> bool:
        """Tells whether anything but words was asked for."""
        return bool(
            self.min_cents is not None
            or self.max_cents is not None
            or self.letters
            or self.numbers
            or self.lengths
            or self.waist
            or self.inseam
            or self.eras
            or self.colors
        )
