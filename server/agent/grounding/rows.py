"""What a row of the stock says, in the words the check compares by."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache
from typing import Final

from server.agent.grounding.lexicon import LANGUAGES, Lexicon, Tags
from server.agent.grounding.normalise import normalise
from server.agent.grounding.tokens import Token, root, tokenise
from store.stock import Piece

_MODIFIERS: Final = 4
_AROUND_PARTS: Final = frozenset({"with", "on", "at", "in", "of", "has", "is", "are", "a", "the", "con", "de", "en"})
_LONGEST_DESCRIPTION: Final = 6000
_FAKE: Final = frozenset(
    {
        "faux",
        "fake",
        "imitation",
        "vegan",
        "pleather",
        "style",
        "styled",
        "inspired",
        "look",
        "like",
        "effect",
        "replica",
    }
)
"""Beside a material or a brand these say that it is not that."""


LACKS: Final = frozenset({"missing", "lacks", "lacking", "falta", "faltan"})
"""Beside a part these say that it is not there."""


_AND: Final = frozenset({"and", "but", "though", "while", "plus", "y", "pero"})
LINKS: Final = frozenset({"is", "are", "was", "were", "been", "has", "have", "a", "an", "the"})
"""Words that a listing leaves out and a sentence puts in."""


def clean(text: str) -> list[Token]:
    """Returns the words and numbers of a row's text; hyphens and quotes inside words are dropped."""
    return [
        token
        for token in tokenise(normalise(text).text)
        if token.kind in {"word", "num", "decade", "cross", "punct", "sym"}
    ]


def words_only(tokens: Iterable[Token]) -> list[Token]:
    """Leaves out signs and punctuation."""
    return [token for token in tokens if token.kind in {"word", "num", "decade", "cross"}]


def label(tokens: Sequence[Token], lexicon: Lexicon) -> Iterable[tuple[int, int, Tags]]:
    """Yields (first, count, tags) of every longest known phrase."""
    at, known = 0, lexicon.phrases
    while at < len(tokens):
        token = tokens[at]
        count, tags = lexicon.longest(tokens, at) if token.key in known or token.stem in known else (0, {})
        if count:
            yield at, count, tags
        at += count or 1


def _without(words: list[Token], part: list[Token]) -> list[Token]:
    """Returns the words with the first run of `part` left out."""
    keys, gone = [token.key for token in words], [token.key for token in part]
    for at in range(len(keys) - len(gone) + 1 if gone else 0):
        if keys[at : at + len(gone)] == gone:
            return words[:at] + words[at + len(gone) :]
    return words


def wider(garment: str) -> set[str]:
    """Returns the garment and everything that it also is: a windbreaker is a jacket."""
    found, waiting = {garment}, [garment]
    while waiting:
        name = waiting.pop()
        for above in (above for lexicon in LANGUAGES for above in lexicon.garment_is_a.get(name, ())):
            if above not in found:
                found.add(above)
                waiting.append(above)
    return found


@lru_cache(maxsize=4096)
def _field(text: str) -> tuple[Token, ...]:
    """Returns the words of a short field; a shop has few brands, sizes, eras and colours."""
    return tuple(words_only(clean(text)))


@lru_cache(maxsize=512)
def _first_words(label: str, meaning: str) -> frozenset[str]:
    """Returns how the words begin that may say this, in any language, whatever their plural."""
    return frozenset(
        phrase[0][:-1] if len(phrase[0]) > _SHORT else phrase[0]
        for lexicon in LANGUAGES
        for rows in lexicon.phrases.values()
        for phrase, tags in rows
        if tags.get(label) == meaning
    )


_SHORT: Final = 3


def _linked(segment: Sequence[Token], at: int) -> bool:
    return at + 1 < len(segment) and segment[at + 1].key in {"is", "are", "in", "es", "son"}


class _Key:
    """A piece as a key: equal when every field is."""

    __slots__ = ("hash", "piece")

    def __init__(self, piece: Piece) -> None:
        self.piece = piece
        self.hash = hash((piece.sku, piece.name, piece.status, piece.price_cents, piece.revision, piece.description))

    def __hash__(self) -> int:
        return self.hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self.piece == other.piece


@lru_cache(maxsize=1024)
def _remembered(key: _Key) -> Row:
    return Row(key.piece)


def row_of(piece: Piece) -> Row:
    """Returns the piece as evidence. Rows read lately are kept: reading one of 600 characters costs 0.5 ms."""
    return _remembered(_Key(piece))


class Row:
    """One piece as evidence. Its description is read only when the fields do not answer."""

    def __init__(self, piece: Piece) -> None:
        self.piece = piece
        name = clean(piece.name)
        self.name = words_only(name)
        self.letters = {
            token.raw
            for at, token in enumerate(name)
            if token.raw in {"S", "M", "L"} and not (token.glued and at and name[at - 1].kind == "num")
        }
        self.brand, self.sku = list(_field(piece.brand)), words_only(clean(piece.sku))
        fields = (piece.brand, piece.size, piece.era, piece.material, " . ".join(piece.tags))
        self.colour_tokens = list(_field(piece.color))
        own = [
            *self.name,
            *(token for part in fields if part for token in _field(part)),
            *self.sku,
            *self.colour_tokens,
        ]
        self.stems = {token.stem for token in own} | {token.key for token in own}
        self.tags = self._tags(own)

    @staticmethod
    def _tags(tokens: Sequence[Token]) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for lexicon in LANGUAGES:
            for first, count, tags in label(tokens, lexicon):
                if first and tokens[first - 1].key in _FAKE:
                    continue
                if (
                    first + count < len(tokens)
                    and tokens[first + count].key in {"style", "inspired", "look", "effect"}
                    and "material" in tags
                ):
                    continue
                for kind, meaning in tags.items():
                    found.setdefault(kind, set()).add(meaning)
        return found

    @cached_property
    def condition(self) -> dict[str, set[str]]:
        """What the condition says."""
        return self._tags(_field(self.piece.condition))

    @cached_property
    def condition_stems(self) -> set[str]:
        """The stems of the condition's words."""
        return {token.stem for token in clean(self.piece.condition)}

    @cached_property
    def name_garments(self) -> set[str]:
        """The garments of the name: "Polo Ralph Lauren" is no polo shirt."""
        return self._tags(_without(self.name, self.brand)).get("garment", set())

    @cached_property
    def category(self) -> list[Token]:
        """The category's words."""
        return list(_field(self.piece.category))

    @cached_property
    def category_stems(self) -> set[str]:
        """The stems of the category's words."""
        return {token.stem for token in self.category}

    @cached_property
    def roots(self) -> set[str]:
        """The roots of every word of the name, the fields and the category."""
        return {root(word) for word in self.stems | self.category_stems}

    @cached_property
    def sizes(self) -> set[str]:
        """Every size that the row's own size and name give the piece."""
        given = self.piece.size.strip().upper()
        found = {given, *given.replace("/", " ").replace(",", " ").split()} | self.tags.get("size", set())
        found |= self.letters
        return {size for size in found if size}

    @cached_property
    def _own(self) -> list[list[Token]]:
        """The words and signs of the piece's fit note, condition and description."""
        texts = (self.piece.fit_note, self.piece.condition, self.piece.description[:_LONGEST_DESCRIPTION])
        return [clean(text) for text in texts]

    @cached_property
    def segments(self) -> list[list[Token]]:
        """The description cut at sentence and line ends."""
        cut: list[list[Token]] = [[]]
        for text in self._own:
            for token in text:
                if token.kind == "punct" and token.key in ".!?;\n,":
                    cut.append([])
                elif token.kind != "punct" and (token.kind != "sym" or token.key in {"$", "%", '"', "€", "£", "/"}):
                    cut[-1].append(token)
            cut.append([])
        return [segment for segment in cut if segment]

    @cached_property
    def forms(self) -> list[list[tuple[str, str]]]:
        """(word, singular) of every line of the row's own text."""
        return [[(token.key, token.stem) for token in segment] for segment in (self.name, *self.segments)]

    @cached_property
    def linkless(self) -> list[list[tuple[str, str]]]:
        """The lines without the words that only link: "heels were recently replaced" is "heels recently replaced"."""
        return [[pair for pair in line if pair[0] not in LINKS] for line in self.forms]

    @cached_property
    def flaw_roots(self) -> set[str]:
        """The roots of the flaws that the row tells of: "frayed" and "fraying" are one."""
        return {
            root(token.key)
            for segment in self.plain_segments
            for token in segment
            if any(lexicon.longest([token], 0)[1].get("condition") == "flaws" for lexicon in LANGUAGES)
        }

    @cached_property
    def breaths(self) -> list[set[str]]:
        """The roots of the words of each line, cut at "and" too: what is told of one part."""
        found: list[set[str]] = []
        for segment in self.plain_segments:
            found.append(set())
            for token in segment:
                if token.key in _AND:
                    found.append(set())
                else:
                    found[-1] |= {token.key, root(token.key)}
        return found

    def told_of(self, part: str, label: str) -> set[str]:
        """Returns the colours or materials that stand before a part in the description: "cream leather sleeves"."""
        found: set[str] = set()
        for segment in self.plain_segments:
            for at, token in enumerate(segment):
                if root(token.key) != part:
                    continue
                first = at
                while first > max(0, at - _MODIFIERS) and segment[first - 1].key not in _AROUND_PARTS:
                    first -= 1
                after = segment[at + 2 : at + 2 + _MODIFIERS] if _linked(segment, at) else []
                for words in (segment[first : at + 1], after):
                    found |= self._tags(words).get(label, set())
        return found

    @cached_property
    def own_roots(self) -> set[str]:
        """The roots of all that its own text states."""
        return {form for breath in self.breaths for form in breath}

    @cached_property
    def words(self) -> frozenset[str]:
        """Every word and singular of the row's own text."""
        return frozenset(form for line in self.forms for pair in line for form in pair)

    @property
    def negators(self) -> frozenset[str]:
        """The words that deny, of every language."""
        return _NEGATORS

    @cached_property
    def plain_segments(self) -> list[list[Token]]:
        """The segments that deny nothing and miss nothing."""
        return [
            segment
            for segment in self.segments
            if not any(token.key in _NEGATORS or token.key in LACKS for token in segment)
        ]

    @cached_property
    def lacking(self) -> set[str]:
        """Stems of the lines that tell what is missing: "zip-out liner is missing"."""
        return {
            form
            for segment in self.segments
            if any(token.key in LACKS for token in segment)
            for token in segment
            for form in (token.stem, token.key)
        }

    @cached_property
    def sentences(self) -> list[set[str]]:
        """The words and singulars of the name, and of every sentence that denies nothing."""
        found: list[list[Token]] = [[]]
        for text in self._own:
            for token in text:
                if token.kind == "punct" and token.key in ".!?;\n":
                    found.append([])
                else:
                    found[-1].append(token)
            found.append([])
        plain = [part for part in found if not any(token.key in _NEGATORS or token.key in LACKS for token in part)]
        return [{form for token in part for form in (token.key, token.stem)} for part in (self.name, *plain) if part]

    @cached_property
    def described(self) -> set[str]:
        """Stems that the description states."""
        return {form for segment in self.plain_segments for token in segment for form in (token.stem, token.key)}

    @cached_property
    def described_tags(self) -> dict[str, set[str]]:
        """Known meanings that the description states."""
        found: dict[str, set[str]] = {}
        for segment in self.plain_segments:
            for kind, meanings in self._tags(segment).items():
                found.setdefault(kind, set()).update(meanings)
        return found

    @cached_property
    def _raw(self) -> str | None:
        """The description and what else is its own text, or None when its characters have to be read first."""
        text = f"{self.piece.fit_note}\n{self.piece.condition}\n{self.piece.description}".lower()
        return text if text.isascii() else None

    def describes(self, label: str, meaning: str) -> bool:
        """Tells whether the description states this; it is read only when a word that may say so stands in it."""
        if self._raw is not None and not any(word in self._raw for word in _first_words(label, meaning)):
            return False
        return meaning in self.described_tags.get(label, ())

    @cached_property
    def garments(self) -> set[str]:
        """Garments this piece is called exactly: by its name, else by its category, else by its description."""
        if self.name_garments:
            return self.name_garments
        return self._tags(self.category).get("garment", set()) or self.described_tags.get("garment", set())

    @cached_property
    def wider_garments(self) -> set[str]:
        """The garments with what each of them also is: a windbreaker is a jacket."""
        return set().union(*(wider(name) for name in self.garments))

    def says(self, phrase: Sequence[str]) -> bool:
        """Tells whether the words stand together, in this order, in the name, the condition or the description."""
        if not phrase or not self.words.issuperset(phrase):
            return False
        for segment in (self.name, *self.segments):
            forms = [(token.key, token.stem) for token in segment]
            for at in range(len(forms) - len(phrase) + 1):
                if all(word in forms[at + offset] for offset, word in enumerate(phrase)):
                    before = forms[at - 1][0] if at else ""
                    if before not in _NEGATORS or phrase[0] in _NEGATORS:
                        return True
        return False


_NEGATORS: Final = frozenset(
    phrase[0]
    for lexicon in LANGUAGES
    for rows in lexicon.phrases.values()
    for phrase, tags in rows
    if "neg" in tags and len(phrase) == 1
)
