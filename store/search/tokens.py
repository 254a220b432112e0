"""Cuts a customer's sentence into words, numbers and signs, the same way for a query and for the vocabulary."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

LONGEST: Final = 400
"""Characters of a query that are read; a customer's question is shorter, an attack is longer."""

MOST: Final = 60
"""Tokens of a query that are read."""

_QUOTES: Final = str.maketrans(
    dict.fromkeys((0x2019, 0x2018, 0x02BC, 0x00B4, 0x0060, 0x2032, 0xFF07), "'")
    | dict.fromkeys((0x201C, 0x201D, 0x2033, 0x201F, 0xFF02), '"')
    | {0x00D7: "x"}
)
_FRACTIONS: Final = {"\u00bd": 0.5, "\u00bc": 0.25, "\u00be": 0.75}
_TOKEN: Final = re.compile(
    r"""(?P<number>\d+\ +\d/\d(?!\d)|\d+(?:[.,]\d{1,2}(?!\d))?)
      | (?P<word>[^\W\d_]+(?:'[^\W\d_]+)*)
      | (?P<sign>''|[$\u20ac\u00a3"'/<>~+&-])""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Token:
    """One word, number or sign of a query."""

    kind: str
    """"word", "number" or "sign"."""
    text: str
    value: float = 0.0
    glued: bool = False
    """Nothing stands between it and the token before it, as in "w32" or "90s"."""


def plain(text: str) -> str:
    """Returns the text in small letters without accents, with one kind of quote and nothing invisible."""
    if text.isascii():
        # Most names of pieces: nothing of what follows is in them but the quote.
        return text.replace("`", "'").lower()
    for sign, value in _FRACTIONS.items():
        if sign in text:
            # "21½" becomes 21.5, a lone "½" 0.5.
            text = re.sub(rf"(\d)\s*{sign}", rf"\g<1>{str(value)[1:]}", text).replace(sign, str(value))
    folded = unicodedata.normalize("NFKD", text.translate(_QUOTES)).translate(_QUOTES)
    return "".join(c for c in folded if not unicodedata.combining(c) and unicodedata.category(c) != "Cf").lower()


def tokens_of(text: str) -> list[Token]:
    """Cuts a text into at most `MOST` tokens. Never fails, whatever the text is."""
    found: list[Token] = []
    end = -1
    for hit in _TOKEN.finditer(plain(text[:LONGEST])):
        glued = hit.start() == end and found[-1].kind != "sign"
        end = hit.end()
        if hit["number"]:
            found.append(Token("number", hit["number"], number_of(hit["number"]), glued=glued))
        elif hit["word"]:
            found.append(Token("word", _bare(hit["word"]), glued=glued))
        else:
            found.append(Token("sign", hit["sign"], glued=glued))
        if len(found) == MOST:
            break
    return found


@lru_cache(maxsize=8192)
def words_of(text: str) -> tuple[str, ...]:
    """Returns the words and numbers of a text, glued runs kept together: "Levi's W32 90s" → levi, w32, 90s."""
    runs: list[str] = []
    for token in tokens_of(text):
        if token.kind == "sign":
            continue
        if token.glued and runs:
            runs[-1] += token.text
        else:
            runs.append(token.text)
    return tuple(runs)


def number_of(text: str) -> float:
    """Returns 7.25 for "7 1/4" and 21.5 for "21.5" or "21,5"."""
    whole, _, part = text.partition(" ")
    top, _, bottom = part.strip().partition("/")
    return float(whole.replace(",", ".")) + (float(top) / max(float(bottom), 1.0) if bottom else 0.0)


def _bare(word: str) -> str:
    """Drops a possessive: "levi's" is "levi", as the index cuts it; "it's" is "its"."""
    return word[:-2] if word.endswith("'s") and len(word) > 4 else word.replace("'", "")
