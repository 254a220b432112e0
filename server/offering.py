"""What the owner's own words offer: which pieces a text calls available, read part by part, and whether they are free.

A text is cut at sentences and commas. A part offers when it says so without a no, an if or a question mark; what it
offers stands in it, or else in the nearest part before that names a piece. So "the tee is sold, the jacket is still
available" offers the jacket, and "the jacket is sold, a similar one is available" offers nothing.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, Final

from store import items
from store.errors import Stale
from store.promises import Named

TELLS_GONE: Final = re.compile(
    r"(?i)\b(?:sold|gone|no longer|unavailable|taken|out of stock|vendid[ao]s?|agotad[ao]s?|ya no"
    r"|no (?:est[áa]n?|sigue)|don['\u2019]?t (?:still )?have"
    r"|(?:not|never|(?:is|are)n['\u2019]?t)\s+(?:\w+\s+)?(?:available|here))\b"
)
OFFERS: Final = re.compile(r"(?i)\b(?:available|still here|still have|in stock|disponibles?)\b")
SUPPOSES: Final = re.compile(r"(?i)\b(?:if|when|once|was|were|would|might|could|should|will|si|cuando|era|estaba)\b")
"""Before "available" it tells of another time than now."""

PART: Final = re.compile(r"([.!?;,:…]+)(?=\s|$)|\n|\s+[-–—]\s+|\s+(?:but|however|though|pero|aunque)\s+", re.IGNORECASE)  # noqa: RUF001  # dashes as people type them


def offered(
    db: sqlite3.Connection, text: str, meant: Sequence[Mapping[str, Any]], conversation_id: int
) -> list[dict[str, Any]]:
    """Returns the free pieces that a text offers, as the promises of a reply. Raises Stale when one is not free.

    `meant` is what the text is about where it names nothing: the promises of the draft in whose place it stands.
    """
    if not OFFERS.search(text):
        return []
    named = items.named_in(db, text)
    promises: dict[str, dict[str, Any]] = {}
    about: list[Named] | None = None
    for begin, end, asks in _parts(text):
        here = [one for one in named if begin <= one.start < end]
        part = text[begin:end]
        about = here or about
        if TELLS_GONE.search(part):
            # What is gone is not what a later "available" is about.
            about = []
        elif (offer := OFFERS.search(part)) and not asks and not SUPPOSES.search(part[: offer.start()]):
            if about is None:
                free, broken = _free(db, [{"sku": one["sku"]} for one in meant], conversation_id)
            else:
                free, broken = _free_by_name(db, about, conversation_id)
            if broken is not None:
                raise Stale(
                    f"{broken}, and your words call it available, so nothing was sent. Change the words; or, if it is "
                    "there after all, put that right in the stock first (philia items edit, or release)."
                )
            promises |= {one["sku"]: one for one in free}
    return list(promises.values())


def _parts(text: str) -> list[tuple[int, int, bool]]:
    """Returns begin and end of each part, and whether it is a question."""
    parts, begin = [], 0
    for found in PART.finditer(text):
        parts.append((begin, found.start(), "?" in found.group()))
        begin = found.end()
    return [*parts, (begin, len(text), False)]


def _free_by_name(
    db: sqlite3.Connection, named: Sequence[Named], conversation_id: int
) -> tuple[list[dict[str, Any]], str | None]:
    """Returns the free ones of each thing named: of two pieces with one name it is enough that one is free."""
    free: list[dict[str, Any]] = []
    for start in {one.start for one in named}:
        ours, broken = _free(db, [{"sku": one.sku} for one in named if one.start == start], conversation_id)
        if broken is not None:
            return [], broken
        free += ours
    return free, None


def _free(
    db: sqlite3.Connection, pieces: Sequence[dict[str, Any]], conversation_id: int
) -> tuple[list[dict[str, Any]], str | None]:
    """Returns those that are free for this customer, and what stands in the way when none is."""
    told = [(piece, items.promise_broken(db, [piece], conversation_id)) for piece in pieces]
    free = [piece for piece, broken in told if broken is None]
    return free, None if free or not told else told[0][1]
