"""How the house drafter says things: figures from rows, names, lists, and sentences that fit into one message."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from server.agent.phrasebook import Phrasebook
from server.agent.untrusted import clean, injection_signals
from store.stock import Piece, Unit, in_unit, money

LIMIT: Final = 199
"""Characters of a reply at most: below 200, whatever the stock holds."""

_NAME_LIMIT: Final = 80
_SIGNS: Final = {"USD": "$", "EUR": "€", "GBP": "£"}
_UNSAFE_NAME: Final = re.compile(r"https?:|www\.|@|[{}\[\]<>|\\^~]|\.(?:com|net|shop|io|ly)\b", re.IGNORECASE)
_SHORT_SIZE: Final = 20


@dataclass(frozen=True, slots=True)
class Part:
    """One sentence of a reply in its forms, the one wanted first, shorter ones after it."""

    forms: tuple[str, ...]
    needed: bool = True


@dataclass(slots=True)
class Voice:
    """One language, one message's hash, the shop's unit: everything that decides how a thing is worded."""

    book: Phrasebook
    unit: Unit = "in"
    seed: int = 0
    plain: bool = False
    careful: int = 0
    """1 says what the check is surer to pass: no "Yes!", no word on what was not found. 2 lists no sizes either."""
    known: dict[str, Piece] = field(default_factory=dict)
    """Every piece of this run, since a short name must mean one of them only."""

    def say(self, key: str, /, *, needed: bool = True, of: Piece | None = None, **values: str) -> Part | None:
        """Returns a part from the phrasebook, its variant chosen by the hash; None when the language has none.

        `of` is the piece it speaks of: its name fills {name}, and the sentence follows its number.
        """
        forms = (self.book.forms(f"{key}_safe") if self.careful else ()) or self.book.forms(key)
        if not forms:
            return None
        many = 0
        if of is not None:
            name = self.name(of)
            many = int(self._plural(name))
            values.setdefault("name", name)
        values.update({slot: pair[many] for slot, pair in self.book.slots.items()})
        start = self.seed % len(forms)
        turned = [*forms[start:], *forms[:start]]
        filled = [_filled(form, values) for form in turned]
        first, *rest = filled
        return Part((first, *sorted((form for form in rest if len(form) < len(first)), key=len, reverse=True)), needed)

    def name(self, piece: Piece) -> str:
        """Returns the name to call a piece by: its own, up to the comma when that is clear, never a hostile one."""
        whole = clean(piece.name, 200)
        if not whole or _UNSAFE_NAME.search(whole) or injection_signals(whole):
            return self._code(piece)
        head = whole.split(",", 1)[0].strip()
        if 8 <= len(head) <= _NAME_LIMIT and not self._shared(head, piece):
            return head
        if len(whole) > _NAME_LIMIT:
            return self._code(piece)
        if not self._shared(whole, piece):
            return whole
        # Two pieces of one name: only the SKU tells them apart.
        return self._code(piece) if self.careful else f"{whole} ({clean(piece.sku, 40)})"

    def _code(self, piece: Piece) -> str:
        return self.book.forms("code")[0].replace("{sku}", clean(piece.sku, 40))

    def _plural(self, name: str) -> bool:
        words = re.findall(r"\w+", re.split(r",| with | style ", name.casefold(), maxsplit=1)[0])
        return bool(words) and words[-1] in self.book.plurals

    def _shared(self, head: str, piece: Piece) -> bool:
        wanted = set(re.split(r"[\s,]+", head.casefold()))
        return any(
            other.sku != piece.sku and wanted <= set(re.split(r"[\s,]+", other.name.casefold()))
            for other in self.known.values()
        )

    def price(self, piece: Piece) -> str | None:
        """Returns "$85" or "$85.50" as the row has it, or None when it has no price."""
        if piece.price_cents is None:
            return None
        written = money(piece.price_cents).removesuffix(".00")
        sign = _SIGNS.get(piece.currency)
        return f"{sign}{written}" if sign else f"{written} {piece.currency}"

    def sized(self, piece: Piece) -> str | None:
        """Returns "size L" as the tag has it, or None when there is none that fits into a sentence."""
        label = clean(piece.size, 60)
        if not label or len(label) > _SHORT_SIZE or _UNSAFE_NAME.search(label):
            return None
        if "size" in label.casefold() or "talla" in label.casefold():
            return label
        return self.book.forms("sized")[0].replace("{size}", label)

    def measures(self, piece: Piece, kinds: Sequence[str]) -> str:
        """Returns the measurements of these kinds that the row has: 'pit-to-pit 21", length 25"'."""
        said = []
        for kind in kinds:
            if kind in piece.measurements and kind in self.book.kinds:
                figure = f"{in_unit(piece.measurements[kind], self.unit):g}"
                said.append(f"{self.book.kinds[kind].word} {figure}" + ('"' if self.unit == "in" else " cm"))
        return ", ".join(said)

    def item(self, piece: Piece) -> str:
        """Returns a piece as it stands in a list: name, size, price."""
        # The last wording leaves the tag out: sizes are written in more ways than any check reads.
        price, sized = self.price(piece), None if self.careful > 1 else self.sized(piece)
        key = "item" if price and sized else "item_no_size" if price else "item_no_price" if sized else "item_bare"
        values = {"name": self.name(piece), "price": price or "", "sized": sized or ""}
        return _filled(self.book.forms(key)[0], values)

    def listed(
        self, key: str, pieces: Sequence[Piece], *, at_most: int = 3, needed: bool = True, asked: str = ""
    ) -> Part | None:
        """Returns a part that lists pieces, and the same with fewer of them when there is less room."""
        between = self.book.forms("between")[0]
        forms: list[str] = []
        for count in range(min(at_most, len(pieces)), 0, -1):
            part = self.say(key, asked=asked, list=between.join(self.item(piece) for piece in pieces[:count]))
            if part is not None:
                forms.extend(part.forms)
        return Part(tuple(forms), needed) if forms else None


def _filled(form: str, values: dict[str, str]) -> str:
    """Fills a template once from left to right: braces inside a value stay what they are."""
    return re.sub(r"\{(\w+)\}", lambda match: values[match.group(1)], form)


def seed_of(texts: Sequence[str]) -> int:
    """Returns the number that chooses the variants: the same message gets the same words."""
    return int.from_bytes(hashlib.blake2b("\n".join(texts).encode("utf-8", "replace"), digest_size=4).digest())


def fit(parts: Sequence[Part | None], limit: int = LIMIT) -> tuple[str, bool]:
    """Joins the parts into at most `limit` characters; returns the text and whether all that was needed is in it.

    What is too long gives up its optional sentences first, then longer forms, then the last needed sentence. Nothing
    is ever cut inside a sentence.
    """
    chosen = [_Chosen(part) for part in parts if part is not None and part.forms]
    complete = True
    while chosen:
        text = " ".join(entry.text for entry in chosen)
        if len(text) <= limit:
            return text, complete
        optional = [entry for entry in chosen if not entry.part.needed]
        shorter = [entry for entry in chosen if entry.at + 1 < len(entry.part.forms)]
        if optional:
            chosen.remove(optional[-1])
        elif shorter:
            max(shorter, key=lambda entry: len(entry.text)).at += 1
        else:
            chosen.pop()
            complete = False
    return "", False


@dataclass(slots=True, eq=False)
class _Chosen:
    part: Part
    at: int = 0

    @property
    def text(self) -> str:
        return self.part.forms[self.at]
