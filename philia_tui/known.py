"""What is known of a customer at a glance: how often she wrote, what she bought, and the size she wears.

The size is from her own words: "I'm usually a medium" is known in her next chat as well. Only what she says of herself
counts: a size in a question ("any medium jackets?") is what she looks for, perhaps for somebody else. What is shown is
one of the sizes written here, never her text.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Final

from philia_tui.inert import one_line
from philia_tui.telling import ordinal
from store import views

_LETTERS: Final = {
    "XXS": ("xxs", "extra extra small"),
    "XS": ("xs", "x-small", "extra small"),
    "S": ("s", "small", "pequeña", "pequena"),
    "M": ("m", "medium", "med", "mediana"),
    "L": ("l", "large", "grande"),
    "XL": ("xl", "x-large", "extra large"),
    "XXL": ("xxl", "2xl", "extra extra large"),
    "XXXL": ("xxxl", "3xl"),
}
"""The search's vocabulary has them too; to load it would be 88 ms of a key. A test has both mean the same."""
_BY_WORD: Final = {word: letter for letter, words in _LETTERS.items() for word in words}
_LETTER: Final = "|".join(re.escape(word) for word in sorted(_BY_WORD, key=len, reverse=True))
_WAIST: Final = r"w\d{2} ?(?:[/x]? ?l? ?\d{2})?"
_NUMBER: Final = rf"{_WAIST}|(?:us |uk |eu )?\d{{1,2}}(?:\.5)?(?: ?[/x] ?\d{{2}})?"

# After the size nothing may follow that makes it a length, an age or a thing: "I'm a 38 chest", "I wear large hats".
_END: Final = (
    r"(?=\s*(?:$|[.,;:!?)\n]"
    r"|(?:in|so|and|but|or|too|for|with|usually|normally|mostly|if|now|y|pero|en|normalmente|ahora)\b))"
)
_OFTEN: Final = r"(?:usually|normally|mostly|always|typically|about|like|size|a|an|talla|una|la|normalmente)\s+"

_SHE: Final = r"(?:i['\u2019]?m|i am|i\s+(?:(?:usually|normally|mostly|always)\s+)?(?:wear|take)|soy|uso|llevo)"

_SIGNS: Final = ("size", "talla", "i'm", "i\u2019m", "im ", "i am", "wear", "take", "soy", "uso", "llevo")
"""Without one of these no text says what she wears."""


@cache
def _wears() -> re.Pattern[str]:
    # 2 ms, which the first paint does not pay.
    return re.compile(
        rf"\b(?:"
        # "I'm 25" is an age: of oneself a number needs the word size, a letter does not.
        rf"{_SHE}\s+(?:{_OFTEN})*?(?:(?P<letter>{_LETTER})|(?P<waist>{_WAIST}))"
        rf"|{_SHE}\s+(?:{_OFTEN})*?(?:size|talla)\s+(?:a\s+|an\s+)?(?P<number>{_NUMBER})"
        rf"|(?:my|mi)\s+(?:usual\s+)?(?:size|talla)\s*(?:is|es|:|=)?\s+(?:{_OFTEN})*?"
        rf"(?:(?P<my>{_LETTER})|(?P<mine>{_NUMBER}))"
        rf"){_END}",
        re.IGNORECASE,
    )


def known(db: sqlite3.Connection, card: views.Card, said: Sequence[views.Said]) -> list[str]:
    """Returns what is known of the customer of a conversation with these messages: "3rd chat", "wears M"."""
    parts = []
    if card.chats > 1:
        parts.append(f"{ordinal(card.chats)} chat")
    if card.bought:
        parts.append(f"bought {card.bought}")
    hers = [one.text for one in reversed(said) if one.role == "user"]
    earlier = views.earlier_words(db, card.user, card.conversation) if card.chats > 1 else []
    if size := wears([*hers, *earlier]):
        parts.append(f"wears {size}")
    if card.holds:
        parts.append("holds " + ", ".join(one_line(sku) for sku in card.holds[:2]))
    return parts


def wears(texts: Iterable[str]) -> str:
    """Returns the size that the first of a customer's texts, newest first, says she wears; empty when none does."""
    for text in texts:
        said = text[:2_000].lower()
        found = _wears().search(said) if any(sign in said for sign in _SIGNS) else None
        if found is not None:
            letter = found["letter"] or found["my"]
            if letter:
                return _BY_WORD[letter.lower()]
            return " ".join((found["waist"] or found["number"] or found["mine"]).upper().split())
    return ""
