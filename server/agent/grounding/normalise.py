"""Turns a reply into plain text that can be scanned, remembering where each character came from."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_QUOTES: Final = dict.fromkeys("\u2019\u2018\u201b`\u00b4\u02bc\u02b9\u2032\uff07", "'") | dict.fromkeys(
    "\u201c\u201d\u201e\u201f\u2033\u02dd\uff02\u00ab\u00bb", '"'
)
_DASHES: Final = dict.fromkeys("\u2010\u2011\u2012\u2013\u2212\ufe63\uff0d", "-") | {"\u2014": " - ", "\u2015": " - "}
_SIGNS: Final = {
    "💲": "$",
    "\uff04": "$",
    "\ufe69": "$",
    "\u00d7": "x",
    "✕": "x",
    "✖": "x",
    "\u2044": "/",
    "\u2215": "/",
    "➗": "/",
    "…": "...",
    "¿": " ",
    "¡": " ",
    "•": "\n",
    "|": ", ",
    "~": " ",
    "·": ", ",
    "\t": " ",
    "\r": "\n",
    "\x0b": "\n",
    "\x0c": "\n",
    "\x85": "\n",
    "\u2028": "\n",
    "\u2029": "\n",
}
_STRUCK: Final = frozenset("\u0335\u0336\u0337\u0338\u20e0\u202a\u202b\u202d\u202e\u2066\u2067\u2068")
"""Strike-through and direction overrides: what the reader sees is then not what the characters say."""


_ODD: Final = re.compile(r"[^ -}\n]|[`|]")
"""What is not written as it stands, of plain characters; most listings have none of it."""


@dataclass(frozen=True, slots=True)
class Plain:
    """Normalised text; `origin[i]` is the position in the given text of its character i."""

    text: str
    origin: tuple[int, ...]
    length: int
    disguised: tuple[int, ...] = ()
    """Positions in the given text of characters that make the reader see something else."""

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Returns the place [start, end) of the normalised text in the given one."""
        if not self.origin or start >= len(self.origin):
            return (self.length, self.length)
        return (self.origin[start], self.origin[end - 1] + 1 if end > start else self.origin[start])


@lru_cache(maxsize=4096)
def _plain(char: str) -> str:
    """Writes one character plainly: compatibility forms opened, accents and invisible characters dropped."""
    if char in _QUOTES:
        return _QUOTES[char]
    if char in _DASHES:
        return _DASHES[char]
    if char in _SIGNS:
        return _SIGNS[char]
    category = unicodedata.category(char)
    if category in {"Cf", "Cc", "Mn", "Me", "Cs", "Co"}:
        return "\n" if char == "\n" else ""
    if category == "Nd":
        return str(unicodedata.decimal(char))
    opened = unicodedata.normalize("NFKD", char)
    if category == "No" and "\u2044" in opened:
        return " " + opened.replace("\u2044", "/")  # "24½" would otherwise read 241/2
    return "".join(_SIGNS.get(part, part) for part in opened if unicodedata.category(part) != "Mn")


def normalise(text: str) -> Plain:
    """Returns the text in plain characters with the way back to the given one."""
    if text.isascii() and not _ODD.search(text):
        return Plain(text, tuple(range(len(text))), len(text))
    pieces: list[str] = []
    origin: list[int] = []
    disguised: list[int] = []
    for position, char in enumerate(text):
        if char.isascii() and (char.isprintable() or char == "\n") and char not in "`|~":
            pieces.append(char)
            origin.append(position)
            continue
        if char in _STRUCK:
            disguised.append(position)
        plain = _plain(char)
        pieces.append(plain)
        origin.extend([position] * len(plain))
    return Plain("".join(pieces), tuple(origin), len(text), tuple(disguised))
