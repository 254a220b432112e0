"""Cuts plain text into words, numbers and signs, each with its place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Final

# Every repetition is bounded, so that no text can make the scan slow.
_TOKEN: Final = re.compile(
    r"""
    (?P<space>[^\S\n]\s*)
    |(?P<plain>[^\W\d_]+(?=[ ,;!?)\n]|\Z))  # most words; tried first for speed
    |(?P<link>(?:https?://|www\.)\S{1,300}
        |[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64}){0,4}
        |(?<![\w.@])(?:[a-z0-9-]{1,40}\.){1,4}(?:com|net|org|shop|store|io|co|me|ly|gg|app|link|es|mx|uk|us|info|biz|site|xyz)\b(?:/\S{0,300})?
        |@[\w.]{1,64})
    |(?P<heart><3)
    |(?P<hole>\{[^{}\n]{0,80}\}?|\[[^\[\]\n]{0,80}\]?|<[a-zA-Z_/][^<>\n]{0,80}>|%[sd]\b|__{1,20}|\$[A-Za-z_]\w{0,40}|[{}\[\]<>^\\])
    |(?P<decade>'?(?:19|20)?\d0\s?'?s\b)
    |(?P<initials>(?<![\w.])(?:[a-z]\.){1,5}[a-z](?![a-z0-9])\.?)
    |(?P<cross>\d{1,5}(?:\.\d{1,3})?\s?["']?\s?[x]\s?\d{1,5}(?:\.\d{1,3})?(?![\w]))
    |(?P<frac>(?:\d{1,5}(?:\s{1,2}|-))?\d{1,2}/\d{1,2}(?![\d/]))
    |(?P<num>\d{1,12}(?:[.,]\d{1,12}){0,4}|\d+)
    |(?P<word>[^\W\d_]+(?:'[^\W\d_]+)*)
    |(?P<sym>[$€£¥₹₩₽₺¢%#&"+=/*'_@])
    |(?P<punct>[.!?;:,()\n-])
    |(?P<other>.)
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)

_ENDINGS: Final = {"'ll": "will", "'ve": "have", "'re": "are", "'d": "would", "'m": "am"}
_IS: Final = frozenset(
    {"it", "that", "there", "here", "what", "who", "how", "where", "this", "he", "she", "let", "everything", "one"}
    | {"nobody", "somebody", "someone", "everyone", "nothing", "something", "size", "price", "tag"}
)
_WHOLE: Final = {
    "cant": ("can", "not"),
    "can't": ("can", "not"),
    "cannot": ("can", "not"),
    "won't": ("will", "not"),
    "wont": ("will", "not"),
    "shan't": ("shall", "not"),
    "dont": ("do", "not"),
    "doesnt": ("does", "not"),
    "didnt": ("did", "not"),
    "isnt": ("is", "not"),
    "arent": ("are", "not"),
    "wasnt": ("was", "not"),
    "werent": ("were", "not"),
    "havent": ("have", "not"),
    "hasnt": ("has", "not"),
    "couldnt": ("could", "not"),
    "wouldnt": ("would", "not"),
    "shouldnt": ("should", "not"),
    "aint": ("is", "not"),
    "ain't": ("is", "not"),
    "im": ("i", "am"),
    "ive": ("i", "have"),
    "weve": ("we", "have"),
    "youre": ("you", "are"),
    "thats": ("that", "is"),
    "theres": ("there", "is"),
    "heres": ("here", "is"),
    "theyre": ("they", "are"),
    "whats": ("what", "is"),
    "let's": ("let", "us"),
    "lets": ("let", "us"),
    "gonna": ("going", "to"),
    "wanna": ("want", "to"),
    "gotta": ("have", "to"),
    "gotcha": ("got", "you"),
    "lemme": ("let", "me"),
    "y'all": ("you",),
    "youll": ("you", "will"),
    "itll": ("it", "will"),
    "youd": ("you", "would"),
    "ya'll": ("you",),
    "c'mon": ("come", "on"),
    "dunno": ("do", "not", "know"),
}


_IRREGULAR: Final = {
    "held": "hold",
    "sold": "sell",
    "sent": "send",
    "paid": "pay",
    "bought": "buy",
    "kept": "keep",
    "taken": "take",
    "took": "take",
}


@dataclass(slots=True)
class Token:
    """One word, number or sign. `key` is what it is compared by; `value` is set for numbers."""

    kind: str
    key: str
    raw: str
    start: int
    end: int
    stem: str = ""
    value: Decimal | None = None
    glued: bool = False
    """No space stands before it."""
    rows: frozenset[int] = frozenset()
    """For the name of a piece: whose it is."""


@lru_cache(maxsize=16384)
def singular(word: str) -> str:
    """Returns the word without a plural ending, roughly, for comparing."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("sses", "shes", "ches", "xes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


@lru_cache(maxsize=16384)
def root(word: str) -> str:
    """Returns the word without its commonest endings, for comparing "shipping" with "ships"."""
    word = _IRREGULAR.get(word, word)
    for ending in ("ing", "ed", "es", "s", "e", "y"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            if ending in {"ing", "ed"} and len(word) == 4 and word[-1] == word[-2]:
                word = word[:-1]  # "fitting" is of "fit"
            break
    return word[:-1] if len(word) > 4 and word[-1] == word[-2] else word


def _keys(raw: str) -> tuple[str, ...]:
    """Opens a contraction into its words: "isn't" is "is", "not"."""
    word = raw.lower()
    if word in _WHOLE:
        return _WHOLE[word]
    if "'" in word:
        if word.endswith("n't") and len(word) > 3:
            return (word[:-3], "not")
        for ending, opened in _ENDINGS.items():
            if word.endswith(ending) and len(word) > len(ending):
                return (word[: -len(ending)].replace("'", ""), opened)
        if word.endswith("'s") and word[:-2] in _IS:
            return (word[:-2], "is")
        return (word.replace("'", ""),)
    return (word,)


@lru_cache(maxsize=16384)
def _forms(raw: str) -> tuple[tuple[str, str], ...]:
    """Returns each word of a written one with its singular."""
    return tuple((key, singular(key)) for key in _keys(raw))


def number(text: str) -> Decimal | None:
    """Reads "1,200.50", "24,5" or "1.200" (a comma before three digits groups, before one or two it is decimal)."""
    cleaned = text
    if "," in cleaned and "." in cleaned:
        grouping, point = (",", ".") if cleaned.rfind(".") > cleaned.rfind(",") else (".", ",")
        cleaned = cleaned.replace(grouping, "").replace(point, ".")
    elif "," in cleaned:
        head, _, tail = cleaned.rpartition(",")
        cleaned = (
            cleaned.replace(",", "") if len(tail) == 3 and cleaned[0] != "0" else head.replace(",", "") + "." + tail
        )
    elif cleaned.count(".") > 1:
        return None
    try:
        return Decimal(cleaned)
    except InvalidOperation:
        return None


def _fraction(text: str) -> Decimal | None:
    head, _, bottom = text.rpartition("/")
    whole, _, top = head.replace("-", " ").rpartition(" ")
    if int(bottom) == 0:
        return None
    return Decimal(whole.strip() or 0) + Decimal(top) / Decimal(bottom)


def tokenise(text: str) -> list[Token]:
    """Returns the tokens of plain text, spaces left out."""
    tokens: list[Token] = []
    glued = False
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "other"
        if kind == "space":
            glued = False
            continue
        raw = match.group()
        start, end = match.span()
        if kind == "initials":
            key = raw.replace(".", "").lower()
            tokens.append(Token("word", key, raw, start, end, key, None, glued))
        elif kind in {"plain", "word"}:
            tokens += [Token("word", key, raw, start, end, stem, None, glued) for key, stem in _forms(raw)]
        else:
            value = number(raw) if kind == "num" else _fraction(raw) if kind == "frac" else None
            key = raw if kind == "punct" else "".join(raw.lower().split())  # a line end is a sign, not a space
            if kind == "decade":
                key = key.replace("'", "")
                key = key.removeprefix("19")
            tokens.append(Token("num" if kind == "frac" else kind, key, raw, start, end, key, value, glued))
        glued = True
    return tokens
