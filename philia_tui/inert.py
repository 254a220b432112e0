"""Makes the texts of others safe to draw: no escapes, no hidden or reversed letters, no characters of unsure width.

Nothing is interpreted: what comes out goes into segments, never through a markup parser. Two cells stay two cells:
what terminals disagree about (joiners, variation selectors, skin tones, flags) is left out or written plainly, because
one column of doubt tears every frame to its right.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

STRANGE: Final = "\ufffd"
"""Stands for a character that cannot be drawn."""

NOTHING: Final = "\u034f"
"""Stands in a field for a character that is not drawn."""

_PLAIN: Final = re.compile(
    r"[ -~\u00a1-\u00ac\u00ae-\u02ff\u0370-\u0377\u0384-\u038a\u0400-\u0482\u2010-\u2015\u2018-\u2026]*"
)
_MARKS_PER_LETTER: Final = 2
"""Combining marks kept on one letter: real words need two (Vietnamese), piled-up ones paint over other lines."""

_BLANKS: Final = frozenset("\u115f\u1160\u3164\uffa0\u2800")
"""Letters to Unicode, nothing to the eye: a name made of them would look like no name."""


def inert(text: str, *, lines: bool = False) -> str:
    """Returns the text as it may be drawn; line ends are kept only with `lines`, else they become a space."""
    if _PLAIN.fullmatch(text):
        return text
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n"))
    drawn: list[str] = []
    marks = 0
    for character in text:
        shown = _shown(character)
        if shown == "\n":
            drawn.append("\n" if lines else " ")
            marks = _MARKS_PER_LETTER
        elif unicodedata.category(character) in {"Mn", "Me"} and shown:
            marks += 1
            if marks <= _MARKS_PER_LETTER and drawn and not drawn[-1].isspace():
                drawn.append(shown)
        elif shown:
            drawn.append(shown)
            marks = 0
    return "".join(drawn)


def one_line(text: str) -> str:
    """Returns the text as one drawable line with single spaces, for a row or a title."""
    return " ".join(inert(text).split())


def in_field(text: str) -> str:
    """Returns a text of a field that is being typed into: a character for each, so that the cursor stays in its place.

    What is left out elsewhere stands as U+034F here, a mark that draws nothing and takes no cell.
    """
    if _PLAIN.fullmatch(text):
        return text
    drawn: list[str] = []
    marks = 0
    for character in text:
        shown = _shown(character)
        if unicodedata.category(character) in {"Mn", "Me"}:
            marks += 1
            shown = shown if marks <= _MARKS_PER_LETTER else ""
        else:
            marks = 0
        drawn.append(shown if len(shown) == 1 and shown != "\n" else " " if shown else NOTHING)
    return "".join(drawn)


def pasted(text: str) -> str:
    """Returns what a paste brings into a field: letters, line ends and tabs, what joins emoji, and nothing hidden."""
    return "".join(
        one
        for one in text.replace("\r\n", "\n").replace("\r", "\n")
        if one in "\n\t\u200c\u200d" or unicodedata.category(one) not in {"Cc", "Cf", "Co", "Cs", "Cn"}
    )


@lru_cache(maxsize=4096)
def _shown(character: str) -> str:
    """Returns what is drawn for one character: itself, a stand-in, or nothing."""
    code = ord(character)
    if character in "\n\u2028\u2029\x0b\x0c\x85":
        return "\n"
    if character == "\t" or character in _BLANKS:
        return " "
    if code < 0x20:
        # Its own picture, so that an escape is seen for what it is.
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    if 0x1F1E6 <= code <= 0x1F1FF:
        return chr(ord("A") + code - 0x1F1E6)
    if 0x1F3FB <= code <= 0x1F3FF or 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF or code == 0x034F:
        return ""
    category = unicodedata.category(character)
    if category in {"Cf", "Cc"}:
        return ""
    if category in {"Co", "Cs", "Cn"}:
        return STRANGE
    if category == "Zs":
        return " "
    return character
