"""What an owner changed in a draft: its facts, or only its tone. Pure functions over two texts."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import Final, Literal

Change = Literal["unchanged", "tone", "substance"]

_NUMBER: Final = re.compile(r"\d+(?:[.,]\d+)*")
_WORD: Final = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")  # noqa: RUF001  # customers' phones write this apostrophe
_TURNING: Final = frozenset(
    {
        "yes", "no", "not", "never", "none", "cannot", "without", "available", "unavailable", "sold", "gone",
        "taken", "hold", "held", "reserved", "left", "free", "today", "tomorrow", "tonight", "sí", "si", "nunca",
        "sin", "disponible", "agotado", "agotada", "vendido", "vendida", "vendió", "reservado", "reservada",
        "apartado", "apartada", "gratis", "hoy", "mañana", "ya",
    }
)  # fmt: skip
"""Words that turn what a sentence says round."""


def plain(text: str) -> str:
    """Returns a text as texts are compared: NFC, spaces made one, no edges."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def words(text: str) -> list[str]:
    """Returns the words of a text, lower case, without figures and signs."""
    return [word.replace("’", "'") for word in _WORD.findall(plain(text).casefold())]  # noqa: RUF001


def change(drafted: str, final: str, claims: Sequence[str] = ()) -> Change:
    """Tells what became of a draft. `claims` are the texts of its marked statements.

    Substance is any claim that is gone, any figure that is new, gone or another, and any word that turns a sentence
    round ("not", "sold", "available"): what is left is tone.
    """
    before, after = plain(drafted), plain(final)
    if before == after:
        return "unchanged"
    if _figures(before) != _figures(after) or _turns(before) != _turns(after):
        return "substance"
    said = after.casefold()
    if any(plain(claim).casefold() not in said for claim in claims):
        return "substance"
    return "tone"


def _figures(text: str) -> Counter[str]:
    return Counter(_plain_number(number) for number in _NUMBER.findall(unicodedata.normalize("NFKC", text)))


def _plain_number(number: str) -> str:
    """Makes "85" and "85.00" one figure."""
    whole, dot, rest = number.replace(",", ".").rpartition(".")
    return whole if dot and set(rest) <= {"0"} and len(rest) <= 2 else number.replace(",", ".")


def turns(word: str) -> bool:
    """Tells whether a word turns a sentence round: "not", "sold", "available"."""
    return bool(_turns(word))


def _turns(text: str) -> Counter[str]:
    found: Counter[str] = Counter()
    for word in words(text):
        if word in _TURNING:
            found[word] += 1
        elif word.endswith("n't") or word in {"dont", "isnt", "cant", "wont", "doesnt"}:
            found["not"] += 1
    return found
