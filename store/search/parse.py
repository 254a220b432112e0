"""Reads a customer's sentence as filters and words.

Order: prices, W x L and the measurements with their numbers, then letter sizes, numeric sizes, eras, colours, brands,
garments; what is left are words. Each step takes its tokens away from the next one.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from store.search.catalogue import Catalogue
from store.search.labels import decade_named, decade_of
from store.search.meaning import Meant, meant
from store.search.numbers import COMPARATORS, MEASURES, MONEY, SIGNS, SIZE_WORDS, quantities
from store.search.tokens import Token, tokens_of
from store.search.vocabulary import Phrase, Vocabulary
from store.search.wanted import Group, Wanted

Mend = Callable[[str], str | None]
Sticks = Callable[[str, str], bool]

_PICTURED: Final = frozenset(
    {
        "logo",
        "logos",
        "print",
        "swoosh",
        "graphic",
        "pattern",
        "stain",
        "hole",
        "pocket",
        "pockets",
        "letters",
        "stripes",
        "spellout",
    }
)
"""After one of these, "large" is not the size of the piece."""

_NOT: Final = frozenset({"not", "without", "except", "sin", "non", "isnt", "arent", "no"})
_BETWEEN: Final = frozenset({"a", "an", "the", "in", "any", "made", "of", "too", "en", "de"})
"""What may stand between a denial and the thing denied: not *in* black."""
_WARM: Final = "something warm"
"""A phrase of the vocabulary: jackets, sweaters and the like."""
_OR: Final = frozenset({"or", "o", "/"})


@dataclass
class _Reading:
    """The state of one parse: the tokens and which of them are spoken for."""

    tokens: list[Token]
    catalogue: Catalogue
    sticks: Sticks
    taken: set[int] = field(default_factory=set)
    priced: set[int] = field(default_factory=set)
    groups: list[tuple[int, Group]] = field(default_factory=list)
    letters: set[str] = field(default_factory=set)
    eras: set[str] = field(default_factory=set)
    colors: set[str] = field(default_factory=set)
    not_colors: set[str] = field(default_factory=set)
    excluded: list[Phrase] = field(default_factory=list)
    boosts: list[Phrase] = field(default_factory=list)

    @property
    def vocabulary(self) -> Vocabulary:
        return self.catalogue.vocabulary


def parse(query: str, catalogue: Catalogue, mend: Mend, sticks: Sticks) -> Wanted:
    """Understands a query; every text can be parsed.

    `mend` gives the shop's word for a mistyped one, or None. `sticks` tells whether a word occurs in this shop's names
    only behind a certain other one, as "bay" behind "green": then it is not a colour that was said.
    """
    vocabulary = catalogue.vocabulary
    tokens, corrected = _mended(tokens_of(query), mend, catalogue)
    reading = _Reading(_said(tokens, vocabulary), catalogue, sticks)
    _eras(reading)
    sizes = _size_pairs(reading)
    _phrases_with_digits(reading)
    found = quantities(reading.tokens, reading.taken, _lettered(reading))
    _phrases(reading)
    wanted = Wanted(
        groups=_alternatives(reading),
        boosts=tuple(reading.boosts),
        excluded=tuple(reading.excluded),
        letters=frozenset(reading.letters),
        eras=frozenset(reading.eras),
        colors=frozenset(reading.colors),
        not_colors=frozenset(reading.not_colors),
        corrected=corrected,
    )
    if not wanted.groups and not query.startswith(_WARM) and any(token.text == "warm" for token in reading.tokens):
        # Alone, "warm" says what is looked for; beside a garment it only praises.
        return parse(f"{_WARM} {query}", catalogue, mend, sticks)
    return meant(wanted, Meant(tuple(found), tuple(sizes)), vocabulary)


def _mended(tokens: list[Token], mend: Mend, catalogue: Catalogue) -> tuple[list[Token], dict[str, str]]:
    corrected: dict[str, str] = {}
    fresh: list[Token] = []
    for index, token in enumerate(tokens):
        alone = not token.glued and not (index + 1 < len(tokens) and tokens[index + 1].glued)
        better = mend(token.text) if token.kind == "word" and alone else None
        if better is not None:
            better = _beside(tokens, index, catalogue.brands) or better
        if better is not None:
            corrected[token.text] = better
        fresh.append(token if better is None else replace(token, text=better))
    return fresh, corrected


def _beside(tokens: list[Token], index: int, brands: Mapping[Phrase, str]) -> str | None:
    """Returns the word that a mistyped one forms a brand of the shop with: "ralf" beside "simons" is Raf, not Ralph."""
    typed = tokens[index].text
    for at, pick in ((index + 1, 0), (index - 1, 1)):
        if not 0 <= at < len(tokens):
            continue
        for phrase in brands:
            if len(phrase) == 2 and phrase[1 - pick] == tokens[at].text and _one_off(typed, phrase[pick]):
                return phrase[pick]
    return None


def _one_off(typed: str, word: str) -> bool:
    """Tells whether one letter more, less or else makes the word of what was typed."""
    if abs(len(typed) - len(word)) > 1 or typed == word:
        return False
    at = next((at for at, (a, b) in enumerate(zip(typed, word, strict=False)) if a != b), min(len(typed), len(word)))
    if len(typed) == len(word):
        return typed[at + 1 :] == word[at + 1 :]
    return typed[at + 1 :] == word[at:] if len(typed) > len(word) else typed[at:] == word[at + 1 :]


def _runs(tokens: list[Token], taken: set[int]) -> list[tuple[int, int, str]]:
    """Returns (start, end, text) of the words of a query, glued pieces as one: "2xl", "501s"."""
    runs: list[tuple[int, int, str]] = []
    for index, token in enumerate(tokens):
        if index in taken or (token.kind == "sign" and token.text != "/"):
            continue
        if runs and token.glued and runs[-1][1] == index:
            start, _, text = runs[-1]
            runs[-1] = (start, index + 1, text + token.text)
        else:
            runs.append((index, index + 1, token.text))
    return runs


def _said(tokens: list[Token], vocabulary: Vocabulary) -> list[Token]:
    """Replaces phrases by what they are another way of saying: "less than" is "under", "camiseta" stays for later."""
    runs = _runs(tokens, set())
    starts = {start: position for position, (start, _, _) in enumerate(runs)}
    fresh: list[Token] = []
    at = 0
    while at < len(tokens):
        position = starts.get(at)
        step = 0
        if position is not None:
            for length in range(min(vocabulary.longest, len(runs) - position), 0, -1):
                part = runs[position : position + length]
                says = vocabulary.says.get(tuple(text for _, _, text in part))
                unbroken = all(a[1] == b[0] for a, b in itertools.pairwise(part)) or length > 1
                if says is not None and unbroken:
                    fresh += [Token("word", word) for word in says]
                    step = part[-1][1] - at
                    break
        if not step:
            fresh.append(tokens[at])
            step = 1
        at += step
    return fresh


def _eras(reading: _Reading) -> None:
    """Takes decades and years: "90s", "1990's", "'90s", "1996"."""
    tokens = reading.tokens
    for index, token in enumerate(tokens):
        if token.kind != "number" or not token.text.isdigit():
            continue
        end = index + 1
        if end < len(tokens) and tokens[end].text == "'":
            end += 1
        plural = end < len(tokens) and tokens[end].text == "s" and (tokens[end].glued or end == index + 2)
        century, decade = (token.text[:2], token.text[2:]) if len(token.text) == 4 else ("", token.text)
        if (
            plural
            and len(decade) == 2
            and decade.endswith("0")
            and century in {"", "19", "20"}
            and (century or decade >= "30" or decade == "00")
        ):
            reading.eras.add(decade_named(century, decade))
            reading.taken.update(range(index, end + 1))
        elif len(token.text) == 4 and 1930 <= token.value < 2030 and not _priced(tokens, index):
            reading.eras.add(decade_of(int(token.value)))
            reading.boosts.append((token.text,))
            reading.taken.add(index)


def _priced(tokens: list[Token], index: int) -> bool:
    before = {tokens[at].text for at in (index - 2, index - 1) if at >= 0}
    after = tokens[index + 1].text if index + 1 < len(tokens) else ""
    return bool(before & {*SIGNS, *COMPARATORS}) or after in MONEY | {"max"}


def _size_pairs(reading: _Reading) -> list[tuple[float, float]]:
    """Takes "32x30", "w32 l30", "32w 30l", "32/30" and lone "w32", "l30"; 0 stands for the missing half."""
    tokens, taken = reading.tokens, reading.taken
    pairs: list[tuple[float, float]] = []
    half: dict[str, float] = {}
    for index, token in enumerate(tokens):
        if token.kind != "number" or index in taken:
            continue
        after = tokens[index + 1] if index + 1 < len(tokens) else None
        later = tokens[index + 2] if index + 2 < len(tokens) else None
        if after and later and later.kind == "number" and after.text in {"x", "/", "by"}:
            sane = 14 <= token.value <= 60 and 14 <= later.value <= 60
            if sane and (after.text != "/" or (token.value >= 24 and later.value >= 24)):
                pairs.append((token.value, later.value))
                taken.update({index, index + 1, index + 2})
                if index and tokens[index - 1].text in {"w", *SIZE_WORDS}:
                    taken.add(index - 1)
                continue
        before = tokens[index - 1] if index else None
        letter = None
        if before and before.text in {"w", "l"} and token.glued and (not before.glued or index - 2 in taken):
            letter, used = before.text, index - 1
        elif after and after.text in {"w", "l"} and after.glued and 20 <= token.value <= 60:
            letter, used = after.text, index + 1
        if letter and 20 <= token.value <= 60:
            half[letter] = token.value
            taken.update({index, used})
    if half:
        pairs.append((half.get("w", 0.0), half.get("l", 0.0)))
    for index, token in enumerate(tokens):
        # The slash between "w32/l30" belongs to the pair.
        if half and token.text == "/" and {index - 1, index + 1} <= taken:
            taken.add(index)
    return pairs


def _phrases_with_digits(reading: _Reading) -> None:
    """Takes known phrases with figures or bounds in them: "2xl", "501" and "air max" are no prices."""
    for index, token in enumerate(reading.tokens):
        # In "under 505" and "$550" the number is a price, though jeans are called so.
        if token.kind == "number" and _priced(reading.tokens, index):
            reading.priced.add(index)
    _take(
        reading,
        lambda words: (
            any(character.isdigit() for word in words for character in word)
            or (len(words) > 1 and not COMPARATORS.isdisjoint(words))
        ),
    )
    reading.priced.clear()


def _lettered(reading: _Reading) -> set[int]:
    """Returns the places of "size" before a size in letters."""
    runs = _runs(reading.tokens, set())
    return {
        start
        for (start, _, text), (_, _, after) in itertools.pairwise(runs)
        if text in SIZE_WORDS and (after,) in reading.vocabulary.sizes
    }


def _phrases(reading: _Reading) -> None:
    _take(reading, lambda _words: True)
    tokens = reading.tokens
    for start, end, text in _runs(tokens, reading.taken):
        if text in reading.vocabulary.ignore or text == "/" or (len(text) == 1 and not text.isdigit()):
            continue
        if text in SIZE_WORDS | COMPARATORS or (text in MEASURES and _no_word(text)):
            continue
        # "long" was read as a length; without a number it is the word again.
        phrases = (("long",), ("length",)) if text == "length" else (tuple(text.split("_")),)
        if _denied(tokens, start):
            reading.excluded += phrases
            reading.taken.update(range(start, end))
            continue
        _add(reading, start, end, Group("word", text, phrases, typed=phrases[0]))


def _no_word(measure: str) -> bool:
    """Tells whether a measurement without a number says nothing: "what's the pit to pit" asks for no such words."""
    return measure not in {"sleeve", "length"}


def _take(reading: _Reading, wanted: Callable[[Phrase], bool]) -> None:
    """Takes every known phrase the predicate lets through, longest first at each place."""
    runs = _runs(reading.tokens, reading.taken | reading.priced)
    at = 0
    while at < len(runs):
        step = 1
        for length in range(min(reading.catalogue.longest, len(runs) - at), 0, -1):
            part = runs[at : at + length]
            words = tuple(text for _, _, text in part)
            if wanted(words) and _understood(reading, part[0][0], part[-1][1], words):
                step = length
                break
        at += step


def _understood(reading: _Reading, start: int, end: int, words: Phrase) -> bool:
    """Takes one phrase if it is known: size, era, colour, brand, garment, or one of several words for a thing."""
    vocabulary, shop = reading.vocabulary, reading.catalogue.brands
    negated = _denied(reading.tokens, start)
    after = reading.tokens[end].text if end < len(reading.tokens) else ""
    if words in vocabulary.sizes and after not in _PICTURED:
        reading.letters.add(vocabulary.sizes[words])
        reading.taken.update(range(start, end))
        return True
    if words in vocabulary.eras:
        reading.eras.add(vocabulary.eras[words])
        reading.taken.update(range(start, end))
        return True
    if (
        words in vocabulary.colors
        and after.isalpha()
        and _is_unknown(after, vocabulary)
        and reading.sticks(words[-1], after)
    ):
        _add(reading, start, end + 1, Group("word", f"{words[-1]} {after}", ((*words, after),), typed=(*words, after)))
        return True
    if words in vocabulary.colors and not (len(words) > 1 and words in shop):
        (reading.not_colors if negated else reading.colors).add(vocabulary.colors[words])
        reading.taken.update(range(start, end))
        return True
    group = _group(words, vocabulary, shop)
    if group is None:
        return False
    if negated:
        reading.excluded += group.phrases
        reading.taken.update(range(start, end))
    else:
        _add(reading, start, end, group)
    return True


def _denied(tokens: list[Token], start: int) -> bool:
    """Tells whether a denial stands before this place; "no" at the head of a message answers, it denies nothing."""
    at = start - 1
    while at > 0 and tokens[at].text in _BETWEEN:
        at -= 1
    return at >= 0 and tokens[at].text in _NOT and (at > 0 or tokens[at].text != "no")


def _is_unknown(word: str, vocabulary: Vocabulary) -> bool:
    return len(word) > 2 and (word not in vocabulary.single or word in vocabulary.ignore)


def _group(words: Phrase, vocabulary: Vocabulary, shop: Mapping[Phrase, str]) -> Group | None:
    brand = vocabulary.brands.get(words)
    if brand is not None:
        others = {word for phrase, name in shop.items() if name != brand and len(phrase) > 1 for word in phrase}
        # "tommy" is short for Hilfiger until the shop has a Tommy Bahama.
        short = (phrase for phrase in vocabulary.brand_words[brand] if len(phrase) > 1 or phrase[0] not in others)
        return Group("brand", brand, tuple(dict.fromkeys((*short, words))), typed=words)
    if words in shop:
        return Group("brand", shop[words], (words,), typed=words)
    if words in vocabulary.garment_words:
        return garment_group(vocabulary.garment_words[words], vocabulary, words)
    if words in vocabulary.same:
        name, phrases = vocabulary.same[words]
        return Group("word", name, tuple(dict.fromkeys((*phrases, words))), typed=words)
    return None


def garment_group(name: str, vocabulary: Vocabulary, typed: Phrase = ()) -> Group:
    """Returns a garment with the words of every kind of it."""
    garment = vocabulary.garments[name]
    phrases = dict.fromkeys(garment.words)
    for kind in garment.kinds:
        if kind in vocabulary.garments:
            phrases |= dict.fromkeys(vocabulary.garments[kind].words)
    also = tuple(
        phrase for other in garment.also if other in vocabulary.garments for phrase in vocabulary.garments[other].words
    )
    return Group(
        "garment",
        name,
        tuple(phrases),
        also=also,
        typed=typed or garment.words[0],
        direct=garment.words,
        shelves=garment.shelves,
    )


def _add(reading: _Reading, start: int, end: int, group: Group) -> None:
    reading.taken.update(range(start, end))
    if all(known.kind != group.kind or known.name != group.name for _, known in reading.groups):
        reading.groups.append((start, group))


def _alternatives(reading: _Reading) -> tuple[Group, ...]:
    """Joins "a jacket or a hoodie" into one thing that may be either."""
    joined: list[tuple[int, Group]] = []
    for start, group in sorted(reading.groups, key=lambda pair: pair[0]):
        if joined:
            before, last = joined[-1]
            said = {token.text for token in reading.tokens[before:start]}
            if last.kind == group.kind and said & _OR:
                joined[-1] = (
                    start,
                    replace(
                        last,
                        name=f"{last.name} or {group.name}",
                        phrases=tuple(dict.fromkeys((*last.phrases, *group.phrases))),
                        direct=(*last.direct, *group.direct),
                        also=(*last.also, *group.also),
                        shelves=tuple(dict.fromkeys((*last.shelves, *group.shelves))),
                    ),
                )
                continue
        joined.append((start, group))
    return tuple(group for _, group in joined)
