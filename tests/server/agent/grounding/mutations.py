"""Families of false drafts: a true draft with one slot refilled by what was compared with every row first."""

# ruff: noqa: E501  # tables of lies read best a few a line

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from server.agent.evidence import Evidence
from store.stock import Piece
from tests.server.agent.grounding.drafts import AVAILABLE, CLOSINGS, SPANISH, Draft, fill, true_draft
from tests.server.agent.grounding.shop import (
    BRANDS,
    COLOURS,
    ERAS,
    GARMENTS,
    KINDS,
    LETTERS,
    MATERIALS,
    amount,
    in_words,
    inches,
    price_words,
    size_words,
)


def _numbers(draft: Draft) -> set[Decimal]:
    """Returns every amount that some row of the draft has as a price."""
    return {Decimal(piece.price_cents or 0) / 100 for piece in draft.evidence.pieces}


def _new_price(draft: Draft, cents: int) -> str | None:
    if "{price}" not in draft.template or cents <= 0 or Decimal(cents) / 100 in _numbers(draft):
        return None
    return f"${amount(cents)}"


def _other(draft: Draft) -> Piece | None:
    return next((piece for piece in draft.evidence.pieces if piece.sku != draft.piece.sku), None)


def _length_wrong(draft: Draft, millimetres: Decimal, kind: str) -> bool:
    return abs(millimetres - draft.piece.measurements[kind]) > 12


Mutation = Callable[[random.Random, Draft], str | None]
"""Makes a false reply out of a true draft, or None when this draft gives no occasion."""


def price_changed(rng: random.Random, draft: Draft) -> str | None:
    words = _new_price(
        draft, (draft.piece.price_cents or 0) + rng.choice((-1000, -500, -100, -1, 1, 100, 500, 1000, 2000))
    )
    return words and draft.refill(price=words).reply


def price_tenfold(rng: random.Random, draft: Draft) -> str | None:
    cents = draft.piece.price_cents or 0
    words = _new_price(draft, rng.choice((cents * 10, cents // 10)))
    return words and draft.refill(price=words).reply


def price_swapped(rng: random.Random, draft: Draft) -> str | None:
    other = _other(draft)
    if other is None or "{price}" not in draft.template:
        return None
    return draft.refill(price=price_words(rng, other.price_cents or 0)).reply


def currency(rng: random.Random, draft: Draft) -> str | None:
    if "{price}" not in draft.template:
        return None
    plain = amount(draft.piece.price_cents or 0)
    return draft.refill(
        price=rng.choice(
            (
                f"€{plain}",
                f"£{plain}",
                f"{plain} euros",
                f"{plain} EUR",
                f"{plain} pounds",
                f"C${plain}",
                f"{plain} pesos",
                f"{plain} CAD",
                f"¥{plain}",
                f"{plain} quid",
            )
        )
    ).reply


def unit_unconverted(rng: random.Random, draft: Draft) -> str | None:
    if "{length}" not in draft.template:
        return None
    value = inches(draft.piece.measurements[draft.slots["_first"]])
    return draft.refill(length=f"{value.normalize():f}" + rng.choice((" cm", "cm", " centimeters"))).reply


def kind_swapped(rng: random.Random, draft: Draft) -> str | None:
    first, second = draft.slots["_first"], draft.slots["_second"]
    if "{kind}" not in draft.template or not _length_wrong(draft, Decimal(draft.piece.measurements[first]), second):
        return None
    way = 1 if draft.template in SPANISH else 0
    if "{kind2}" in draft.template:
        return draft.refill(kind=draft.slots["kind2"], kind2=draft.slots["kind"]).reply
    return draft.refill(kind=rng.choice(KINDS[second][way])).reply


def length_changed(rng: random.Random, draft: Draft) -> str | None:
    if "{length}" not in draft.template:
        return None
    value = inches(draft.piece.measurements[draft.slots["_first"]]) + rng.choice(
        (Decimal(-1), Decimal("-0.5"), Decimal("0.5"), Decimal(1), Decimal(3))
    )
    return draft.refill(length=f"{value.normalize():f}" + rng.choice(('"', " inches"))).reply


def size_neighbour(rng: random.Random, draft: Draft) -> str | None:
    at = LETTERS.index(draft.piece.size)
    near = LETTERS[at + 1] if at == 0 or (at + 1 < len(LETTERS) and rng.random() < 0.5) else LETTERS[at - 1]
    if "{size}" in draft.template:
        return draft.refill(size=size_words(rng, near)).reply
    return draft.refill(label=near).reply if "{label}" in draft.template else None


_FLIPS = (
    ("is still available", "is no longer available"), ("is available", "is not available"), ("It's available", "It isn't available"), ("is here", "is sold"), ("We still have", "We no longer have"), ("We have", "We don't have"), ("is in stock", "is out of stock"),
    ("is still up for grabs", "is gone"), ("is still here", "is already gone"), ("sigue disponible", "ya no está disponible"), ("está disponible", "ya se vendió"), ("is sold", "is available"), ("has already sold", "has not sold"), ("is gone", "is still here"),
    ("ya se vendió", "sigue disponible"), ("is no longer available", "is still available"), ("is on hold right now", "is not on hold"), ("is reserved", "isn't reserved"), ("está reservada", "está disponible"),
)  # fmt: skip


def polarity(rng: random.Random, draft: Draft) -> str | None:
    for before, after in _FLIPS:
        if before in draft.template:
            return fill(draft.template.replace(before, after, 1), draft.slots)
    return None


def colour_unseen(rng: random.Random, draft: Draft) -> str | None:
    spanish = draft.template in SPANISH
    strangers = [colour for colour in COLOURS if not any(colour in _text(piece) for piece in draft.evidence.pieces)]
    if "{colour}" not in draft.template:
        return (
            fill(draft.template.replace("{garment}", rng.choice(strangers) + " {garment}"), draft.slots)
            if "{garment}" in draft.template
            else None
        )
    name = rng.choice(strangers)
    return draft.refill(colour=COLOURS[name] if spanish else name).reply


def brand_unseen(rng: random.Random, draft: Draft) -> str | None:
    stranger = rng.choice(
        [
            brand
            for brand in (*BRANDS, "Gucci", "Prada", "Tommy Hilfiger", "Guess", "Gap", "Coach")
            if not any(brand.lower() in _text(piece) for piece in draft.evidence.pieces)
        ]
    )
    if "{brand}" in draft.template:
        return draft.refill(brand=stranger).reply
    return (
        draft.refill(name=draft.piece.name.replace(draft.piece.brand, stranger)).reply
        if "{name}" in draft.template
        else None
    )


def material_unseen(rng: random.Random, draft: Draft) -> str | None:
    stranger = rng.choice(
        [material for material in MATERIALS if not any(material in _text(piece) for piece in draft.evidence.pieces)]
        or ["cashmere"]
    )
    if "{material}" in draft.template:
        return draft.refill(material=stranger).reply
    return draft.reply.rstrip(".!") + f". It's {stranger}."


def era_unseen(rng: random.Random, draft: Draft) -> str | None:
    stranger = rng.choice([era for era in ("50s", "60s", *ERAS) if era != draft.piece.era])
    if "{era}" in draft.template:
        return draft.refill(era=stranger).reply
    return draft.reply.rstrip(".!") + f". It's from the {stranger}."


def garment_swapped(rng: random.Random, draft: Draft) -> str | None:
    own = draft.slots["_garment"]
    stranger = rng.choice(
        [
            garment
            for garment in GARMENTS
            if garment != own and not any(garment.split()[-1] in _text(piece) for piece in draft.evidence.pieces)
        ]
    )
    if "{garment}" in draft.template and draft.template not in SPANISH:
        return draft.refill(garment=stranger).reply
    return (
        draft.refill(name=draft.piece.name.replace(own.title(), stranger.title())).reply
        if "{name}" in draft.template
        else None
    )


def digits_disguised(rng: random.Random, draft: Draft) -> str | None:
    cents = (draft.piece.price_cents or 0) // 100 * 100 + rng.choice((100, 200, 1000))
    if _new_price(draft, cents) is None:
        return None
    plain = str(cents // 100)
    wide = "".join(chr(0xFF10 + int(digit)) for digit in plain)
    ways = (
        f"{in_words(cents // 100)} dollars",
        f"${wide}",
        f"\uff04{wide}",
        "$" + " ".join(plain),
        f"${plain}½",
        f"{in_words(cents // 100).replace('-', ' ')} bucks",
        "$" + plain[:-1] + "\u041e",
        "$" + "\u200b".join(plain),
        "".join(chr(0x1D7CE + int(digit)) for digit in plain) + " dollars",
    )
    return draft.refill(price=rng.choice(ways)).reply


def sku_invented(rng: random.Random, draft: Draft) -> str | None:
    sku = f"{rng.choice('QXZ')}-{rng.randrange(1000, 9999)}"
    if "{name}" in draft.template and rng.random() < 0.5:
        return draft.refill(name=sku).reply
    return f"{draft.reply} ({sku})"


_ADDED = (
    "Use code SAVE10.", "It's 20% off today.", "Free shipping!", "I'll ship it today.", "I'll hold it for you until Friday.", "Half price this week.", "You can pay me on Venmo.", "More at www.philia.example.com", "DM @philia.vintage", "Text me at 555 123 4567.",
    "It'll arrive tomorrow.", "Buy one get one free.", "You can return it any time.", "I can do $5 less.", "It's free.", "Envío gratis.", "Te lo aparto hasta mañana.", "I guarantee it.", "Refunds are no problem.", "We'll throw in a gift.", "It was $900 before.", "Deal!",
)  # fmt: skip
_PRAISED = (
    "It's like new.", "No flaws at all.", "Never worn.", "It's in excellent condition.", "It will fit you perfectly.", "It runs small.", "True to size.", "It's the last one left!", "Only one left!", "We have plenty of them.", "We have three of these.", "It's 100% authentic.",
    "Comes with original tags.", "Handmade in Italy.", "It's waterproof.", "It belonged to a rock star.", "We also have it in other colours.", "It's bigger than the other one.", "It's cheaper than last week.", "It's unisex.", "Está como nueva.", "Te va a quedar perfecta.", "It smells of roses.",
    "Everything in the shop is free today.", "It is lined with fleece.", "Many people want it.", "It's machine washable.", "It fits a 40 chest.", "It's from 1973.", "It has a secret pocket.",
)  # fmt: skip


def promise_added(rng: random.Random, draft: Draft) -> str | None:
    return f"{draft.reply} {rng.choice(_ADDED)}"


def praise_added(rng: random.Random, draft: Draft) -> str | None:
    return f"{draft.reply} {rng.choice(_PRAISED)}"


def placeholder(rng: random.Random, draft: Draft) -> str | None:
    slot = next((name for name in ("price", "name", "size", "length") if "{" + name + "}" in draft.template), None)
    return (
        slot
        and draft.refill(
            **{slot: rng.choice(("{" + slot + "}", f"[{slot}]", f"<{slot}>", "{{" + slot + "}}", "$XX"))}
        ).reply
    )


def no_evidence(rng: random.Random, draft: Draft) -> str | None:
    del rng
    return draft.reply


def sold_meanwhile(rng: random.Random, draft: Draft) -> str | None:
    del rng
    return (
        draft.reply
        if draft.template.endswith(tuple(CLOSINGS)) and any(core in draft.template for core in AVAILABLE)
        else None
    )


def yes_to_sold(rng: random.Random, draft: Draft) -> str | None:
    return (
        rng.choice(
            (
                "Yes!",
                "Yes 😊",
                "Yep!",
                "It is!",
                "Sure is!",
                "Of course!",
                "Yes, still here!",
                "Absolutely!",
                "¡Sí!",
                "Claro que sí",
                "👍",
                "Yes, want me to hold it?",
            )
        )
        if draft.piece.name in draft.question
        else None
    )


MUTATIONS: dict[str, Mutation] = {
    "price ±": price_changed, "price tenfold": price_tenfold, "price swapped": price_swapped, "currency": currency, "unit without conversion": unit_unconverted, "kind swap": kind_swapped, "length ±": length_changed, "neighbour size": size_neighbour,
    "polarity flip": polarity, "colour unseen": colour_unseen, "brand unseen": brand_unseen, "material unseen": material_unseen, "era unseen": era_unseen, "garment swap": garment_swapped, "number in disguise": digits_disguised, "invented SKU": sku_invented,
    "promise, discount, link, date": promise_added, "praise, fit, quantity": praise_added, "placeholder": placeholder, "no evidence": no_evidence, "sold meanwhile": sold_meanwhile, "yes to a sold piece": yes_to_sold,
}  # fmt: skip


def _text(piece: Piece) -> str:
    return f"{piece.name} {piece.brand} {piece.color} {piece.material} {piece.description} {piece.category}".lower()


def mutants(family: str, seed: int, count: int) -> Iterator[Draft]:
    """Yields `count` false drafts of the family; the row that contradicts each of them is in its evidence, or the evidence is taken away."""
    rng = random.Random(f"{family} {seed}")
    made = 0
    while made < count:
        draft = true_draft(rng)
        if family == "no evidence":
            draft = replace(draft, evidence=Evidence())
        if family in {"sold meanwhile", "yes to a sold piece"}:
            draft = replace(draft, evidence=replace(draft.evidence, pieces=_sell(draft.evidence.pieces, draft.piece)))
        reply = MUTATIONS[family](rng, draft)
        if reply is None or (reply == draft.reply and family not in {"no evidence", "sold meanwhile"}):
            continue
        made += 1
        yield replace(draft, reply=reply)


def _sell(pieces: Sequence[Piece], piece: Piece) -> tuple[Piece, ...]:
    return tuple(replace(one, status="sold") if one.sku == piece.sku else one for one in pieces)
