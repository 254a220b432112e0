"""What exactly a customer asks for: the words for a search, size, budget, SKUs, whether one certain piece is meant."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from server.agent.phrasebook import Phrasebook

_JOINED: Final = re.compile(
    r"\b(?:and|also|plus) (?=(?:do|does|is|are|can|could|how|what|whats|will|would|where|when)\b)"
    r"|\b(?:y|tambien) (?=(?:haces?|hacen|cuanto|puedo|tienes|acept\w+)\b)"
)
_BESIDE: Final = re.compile(r" (?:and|y|e|&|or|o) (?:the |el |la |los |las |ur |your )?|, ?(?:the |el |la )")
_SENTENCES: Final = re.compile(r"[?!;\n]+|(?<=\w{3})\.+(?=\s|$)|\.{2,}|\. (?=\. )")
_SKU: Final = re.compile(r"\b[a-z]{1,5}-\d{1,6}\b|\bsku[ :#]{0,3}([a-z0-9-]{2,20})\b")
_WORD: Final = re.compile(r"[a-z0-9]+(?:[-/][a-z0-9]+)*")
_NUMBER: Final = re.compile(r"(?<!\w)\d+(?:\.\d+)?(?!\w)")
_WAIST_LENGTH: Final = re.compile(r"\b(?:w\s?)?(\d{2})\s?(?:x|by|l|/)\s?(?:l\s?)?(\d{2})\b|\bw(\d{2})\b")
_NUMBERED: Final = re.compile(
    r"\b(?:size|sz|talla|numero|us|uk|eu)\s?(\d{1,2}(?:\.5)?)\b(?! ?(?:in|inch|cm|chest)\b)"
    r"|\bin an? (\d{1,2}(?:\.5)?)\b(?! ?\w)"
)
_PRONOUN: Final = re.compile(r"\b(?:it|this|that|these|those|them|esto|esta|este|esa|ese)\b(?! one)")
_WORDS_A_QUERY: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One thing asked for. `query` is in the words of the stock; `echo` holds only words of the phrasebook."""

    query: str = ""
    echo: tuple[str, ...] = ()
    """Words of the message that may be said back, because they are the phrasebook's own."""
    clothes: tuple[str, ...] = ()
    """Words of the query that the phrasebook knows as garments, colours and eras."""
    sayable: bool = False
    """All of it is in the phrasebook's own words, a garment among them: it can be said back."""
    size: str | None = None
    max_price_cents: int | None = None
    skus: tuple[str, ...] = ()
    pronoun: bool = False
    """It says "it" and names only colours and sizes: of the piece they talk of."""
    pointing: bool = False
    """It speaks of one certain piece: "the brown suede one", "this"."""
    figure: str = ""
    """The end of the query that is a size or a waist in figures: "size 32"."""
    names_thing: bool = False
    """It has a garment or a name, not colours and eras only."""
    said: str = ""
    """The plain clause that it was read from."""

    @property
    def names_something(self) -> bool:
        """Tells whether it says what is looked for, beyond "it"."""
        return bool(self.query or self.skus)


def asks_of(text: str, book: Phrasebook, beside: Callable[[str], bool] = lambda _clause: False) -> tuple[Ask, ...]:
    """Reads plain text (see `intents.plain`) as one or two asks; one without words when it only says "it".

    `beside` tells of a clause that it asks nothing of the stock: "and do you ship to Canada" names no piece.
    """
    found: list[Ask] = []
    for sentence in [clause for part in _SENTENCES.split(text) for clause in _JOINED.split(part)]:
        if beside(sentence):
            continue
        ask = _ask(sentence, book)
        if ask.names_something or not found:
            found.append(ask)
        else:
            # "I saw a smiley tee. Is it still there? Size M?" goes on about what was named.
            before = found[-1]
            refers = bool(_PRONOUN.search(sentence))
            found[-1] = replace(before, size=before.size or ask.size, pointing=before.pointing or refers)
    named = [ask for ask in found if ask.names_something]
    if not named:
        whole = next((ask for ask in found if ask.size or ask.max_price_cents), Ask())
        return (replace(whole, pointing=bool(book.pointing.search(text))),)
    first = named[0]
    if found[0] is not first and not first.size:
        first = replace(first, size=found[0].size)
    return (first, *[ask for ask in named[1:] if ask.query != first.query or ask.skus != first.skus][:1])


def parts_of(ask: Ask, book: Phrasebook) -> tuple[tuple[Ask, ...], ...]:
    """Returns the asks that "the biker jacket and the camel overcoat" holds, two or three; () when it holds one.

    Each comes in the ways it may be meant, the likeliest first: "Nike and Adidas jackets" and "boots, Frye and Tony
    Lama" say the garment once. Whether they are two pieces or one ("red and white tee") only the stock can tell.
    """
    parts = [part for part in (_ask(said, book) for said in _BESIDE.split(ask.said)) if part.query]
    if not 2 <= len(parts) <= 3 or not all(part.names_thing for part in parts):
        return ()
    garments = {book.words[word] for word in book.garments}
    own = [next((word for word in part.query.split() if word in garments), "") for part in parts]
    found = []
    for part, garment in zip(parts, own, strict=True):
        ways = [part.query] if garment else [f"{part.query} {own[-1]}", part.query, f"{part.query} {own[0]}"]
        whole = replace(part, pointing=ask.pointing, size=part.size or ask.size, max_price_cents=ask.max_price_cents)
        found.append(tuple(replace(whole, query=way.strip()) for way in dict.fromkeys(ways)))
    return tuple(found)


def _ask(sentence: str, book: Phrasebook) -> Ask:
    skus = tuple(dict.fromkeys((match.group(1) or match.group()).upper() for match in _SKU.finditer(sentence)))
    left = _SKU.sub(" ", sentence)
    pointing = bool(book.pointing.search(left))
    budget = book.budget.search(left)
    left = book.budget.sub(" ", left)
    # "It", "the black ones" and a 34 waist: that is her body. "Jeans, 34 waist": that is looked for.
    waist = None if pointing or _PRONOUN.search(left) else book.waist.search(left)
    left = book.waist.sub(" ", left)
    left = book.body.sub(" ", left)
    size, left = _size(left, book)
    numbered = _NUMBERED.search(left)
    left = _NUMBERED.sub(" ", left)
    words = [word for word in _WORD.findall(left) if word not in book.stop and not _NUMBER.fullmatch(word)]
    words = [word for word in words if len(word) > 1 and not set(word) <= {"_"}][:_WORDS_A_QUERY]
    mapped = [book.words.get(word, word) for word in words]
    figure = ""
    if numbered and mapped:
        # The search knows which system the number is of.
        figure = f"size {numbered.group(1) or numbered.group(2)}"
    if waist:
        figure = f"waist {next(filter(None, waist.groups()))}"
    return Ask(
        query=" ".join((*dict.fromkeys(mapped), *([figure] if figure else ()))),
        figure=figure,
        echo=tuple(dict.fromkeys(word for word in words if word in book.words)),
        clothes=tuple(dict.fromkeys(book.words[word] for word in words if word in book.words)),
        sayable=any(word in book.garments for word in words) and all(word in book.words for word in words),
        size=size,
        max_price_cents=int(budget.group(1)) * 100 if budget else None,
        skus=skus[:3],
        pointing=pointing,
        names_thing=any(word in book.garments or word not in book.words for word in words),
        said=sentence,
        pronoun=bool(_PRONOUN.search(left)) and all(word in book.words and word not in book.garments for word in words),
    )


def _size(text: str, book: Phrasebook) -> tuple[str | None, str]:
    """Returns the tag of the size that is asked for, and the text without it."""
    pair = _WAIST_LENGTH.search(text)
    if pair:
        waist, length, alone = pair.groups()
        tag = f"{waist}x{length}" if waist else f"W{alone}"
        return tag, text[: pair.start()] + " " + text[pair.end() :]
    for form in sorted(book.sizes, key=len, reverse=True):
        match = re.search(rf"(?<![\w'&-]){re.escape(form)}(?![\w'&-])", text)
        if match is None:
            continue
        # A lone "s" or "m" may be the rest of a word; it counts beside "size", "in a", or at the end.
        if len(form) == 1 and not re.search(
            rf"(?:size|talla|in|en|an?|una?|is|soy|for|wear|or|the|uso|la)\s+{form}\b|\b{form}\s*$", text
        ):
            continue
        return book.sizes[form], text[: match.start()] + " " + text[match.end() :]
    return None, text
