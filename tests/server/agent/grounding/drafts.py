"""Random stock, true drafts about it, and mutants that the rows contradict.

The oracle is the stock itself: a draft is made of slots filled from a row, and a mutant fills one slot with a value that was compared
with every row first. The check under test has no part in deciding what is true.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from server.agent.evidence import Evidence, Search
from store.stock import Piece

BRANDS = (
    "Nike",
    "Adidas",
    "Levi's",
    "Carhartt",
    "Champion",
    "Ralph Lauren",
    "Wrangler",
    "Patagonia",
    "Stussy",
    "Harley Davidson",
    "L.L.Bean",
    "Starter",
    "Fila",
    "Columbia",
)
COLOURS = {
    "black": "negra",
    "white": "blanca",
    "navy": "azul marino",
    "red": "roja",
    "green": "verde",
    "brown": "marrón",
    "grey": "gris",
    "yellow": "amarilla",
    "pink": "rosa",
    "purple": "morada",
    "orange": "naranja",
}
ERAS = ("70s", "80s", "90s", "2000s")
MATERIALS = ("nylon", "cotton", "wool", "denim", "leather", "corduroy", "silk", "suede")
GARMENTS = {
    "windbreaker": ("Jackets & Coats", "rompevientos"), "bomber jacket": ("Jackets & Coats", "bomber"), "parka": ("Jackets & Coats", "parka"), "hoodie": ("Hoodies & Sweatshirts", "hoodie"),
    "sweatshirt": ("Hoodies & Sweatshirts", "sudadera"), "cardigan": ("Sweaters & Knitwear", "cardigan"), "tee": ("T-Shirts", "camiseta"), "flannel shirt": ("Shirts & Polos", "camisa"),
    "jeans": ("Jeans", "jeans"), "skirt": ("Skirts", "falda"), "dress": ("Dresses", "vestido"), "vest": ("Vests", "chaleco"), "beanie": ("Hats", "gorro"), "backpack": ("Bags", "mochila"), "boots": ("Footwear", "botas"),
}  # fmt: skip
KIN = {"windbreaker": {"jacket"}, "bomber jacket": {"jacket"}, "parka": {"jacket", "coat"}}
LETTERS = ("XS", "S", "M", "L", "XL", "XXL")
WORDS = {"XS": "extra small", "S": "small", "M": "medium", "L": "large", "XL": "extra large", "XXL": "XXL"}
EXTRAS = (
    "Two chest pockets.",
    "Light fade on the shoulders.",
    "Embroidered logo.",
    "Small hole near the hem.",
    "Boxy cut, heavy feel.",
    "Made in USA.",
    "Zip works.",
    "",
)
KINDS = {
    "pit_to_pit": (("pit to pit", "pit-to-pit", "p2p", "armpit to armpit"), ("axila a axila", "de axila a axila")),
    "length": (("length",), ("largo",)),
    "sleeve": (("sleeve", "sleeve length"), ("manga",)),
    "waist": (("waist",), ("cintura",)),
    "inseam": (("inseam",), ("entrepierna",)),
}
UNITS = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
TENS = "zero ten twenty thirty forty fifty sixty seventy eighty ninety".split()


def in_words(number: int) -> str:
    """Writes 0–999 in English words."""
    if number < 20:
        return UNITS[number]
    if number < 100:
        return TENS[number // 10] + ("-" + UNITS[number % 10] if number % 10 else "")
    rest = number % 100
    return UNITS[number // 100] + " hundred" + (" and " + in_words(rest) if rest else "")


@dataclass(frozen=True)
class Draft:
    """A reply about `piece` (the first of `evidence.pieces` it names), with the slots it was filled from."""

    reply: str
    question: str
    evidence: Evidence
    piece: Piece
    template: str
    slots: Mapping[str, str]

    def refill(self, **changed: str) -> Draft:
        """Returns the draft with other words in some slots."""
        slots = {**self.slots, **changed}
        return replace(self, slots=slots, reply=fill(self.template, slots))


def fill(template: str, slots: Mapping[str, str]) -> str:
    """Puts the slots into the template."""
    text = template
    for name, words in slots.items():
        text = text.replace("{" + name + "}", words)
    return text


def stock(rng: random.Random, count: int) -> tuple[Piece, ...]:
    """Returns `count` pieces, no two with the same brand, garment, price or size."""
    brands, garments = rng.sample(BRANDS, count), rng.sample(sorted(GARMENTS), count)
    prices = rng.sample(range(1200, 30000, 100), count)
    return tuple(
        _piece(rng, number, brand, garment, cents)
        for number, (brand, garment, cents) in enumerate(zip(brands, garments, prices, strict=True))
    )


def _piece(rng: random.Random, number: int, brand: str, garment: str, cents: int) -> Piece:
    colour, era, material = rng.choice(sorted(COLOURS)), rng.choice(ERAS), rng.choice(MATERIALS)
    title = f"{brand} {garment.title()}" if rng.random() < 0.5 else f"Vintage {era} {brand} {garment.title()}"
    kinds = ("waist", "inseam", "length") if garment == "jeans" else ("pit_to_pit", "length", "sleeve")
    lengths = rng.sample(range(56, 140), len(kinds))
    return Piece(
        sku=f"{brand[0].upper()}-{number}{rng.randrange(10, 99)}", name=title, brand=brand, category=GARMENTS[garment][0], size=rng.choice(LETTERS),
        price_cents=cents + (rng.choice((0, 0, 0, 50, 99)) if rng.random() < 0.3 else 0), measurements={kind: int(Decimal(quarter) * Decimal("6.35") + Decimal("0.5")) for kind, quarter in zip(kinds, lengths, strict=True)},
        color=colour, era=era, condition="used", material=material, description=f"{material.title()} {garment}. {rng.choice(EXTRAS)}".strip(),
    )  # fmt: skip


def amount(cents: int) -> str:
    """Writes cents as a shop does: 45 or 45.50."""
    return str(cents // 100) if cents % 100 == 0 else f"{cents // 100}.{cents % 100:02d}"


def price_words(rng: random.Random, cents: int) -> str:
    """Returns one of the ways to say a price."""
    plain = amount(cents)
    ways = [
        f"${plain}",
        f"${cents // 100}.{cents % 100:02d}",
        f"{plain} dollars",
        f"{plain} bucks",
        f"{plain} USD",
        f"${plain} USD",
    ]
    if cents % 100 == 0:
        ways.append(f"{in_words(cents // 100)} dollars")
    return rng.choice(ways)


def inches(millimetres: int) -> Decimal:
    """Returns a stored length as a tape reads it, to a quarter inch."""
    return (Decimal(millimetres) / Decimal("25.4") * 4).to_integral_value() / 4


def length_words(rng: random.Random, millimetres: int) -> str:
    """Returns one of the ways to say a length."""
    value = inches(millimetres)
    plain = f"{value.normalize():f}"
    if rng.random() < 0.25:
        return f"{int((Decimal(millimetres) / 10).to_integral_value())}{rng.choice((' cm', 'cm', ' centimeters'))}"
    return plain + rng.choice(('"', " inches", " in", "in", "″"))


def size_words(rng: random.Random, size: str) -> str:
    """Returns one of the ways to say a size."""
    return rng.choice((f"size {size}", f"a size {size}", size, f"a {WORDS[size]}" if size != "XXL" else "an XXL"))


OPENINGS = ("", "", "Hey! ", "Hi there 😊 ", "Hello! ", "Thanks for reaching out! ", "Good news! ")
CLOSINGS = (
    "",
    "",
    "",
    " Want me to hold it for you?",
    " Let me know if you have any questions!",
    " 💛",
    " Would you like it?",
    " Happy to help with anything else!",
)
AVAILABLE = (
    "Yes, the {name} is still available for {price}!", "The {name} is available, {price}.", "Yes! The {name} is here for {price}.", "We still have the {name}: {price}, {size}.", "The {brand} {garment} is in stock at {price}.",
    "Yep, the {brand} one is still up for grabs. It's {price}.", "We have the {colour} {brand} {garment} for {price}.", "It's available and it's {price}: the {name}.", "The {name} ({size}, {price}) is still here.",
)  # fmt: skip
PLAIN = (
    "The {name} is {price}.", "It's {price} for the {name}.", "The {name} is {size}.", "The {brand} {garment} is {size} and costs {price}.", "The {name} is {colour}, from the {era}, and it's {price}.", "The {name} is made of {material}.",
    "The {name}: {kind} {length}.", "On the {name} the {kind} is {length}.", "The {brand} {garment} measures {length} {kind}.", "The {name} is {price}, {size}, and {kind} is {length}.", "It's a {colour} {garment} from {brand}, {size}.",
    "The {name} has {kind} {length} and {kind2} {length2}.", "The {brand} {garment} is {length} {kind} and {length2} {kind2}.", "The {name} comes from the {era} and is {material}.", "You asked about the {name}: it's {size} and {price}.",
)  # fmt: skip
SPANISH = (
    "Sí, {name} sigue disponible por {price}.", "¡Hola! {name} está disponible, cuesta {price}.", "{name} cuesta {price} y es talla {label}.", "{name} es de talla {label}.", "{name}: {kind} {length}.", "{name} mide {length} {kind}.", "Es {colour}, talla {label}: {name}.",
)  # fmt: skip
GONE = (
    "Sorry, the {name} is sold.",
    "The {name} has already sold, sorry!",
    "Unfortunately the {brand} {garment} is gone.",
    "Lo siento, {name} ya se vendió.",
    "Sorry, the {name} is no longer available.",
)
HELD = ("The {name} is on hold right now.", "Sorry, the {brand} {garment} is reserved.", "{name} está reservada.")
ABSENT = (
    "Sorry, I couldn't find any {what} right now.",
    "I couldn't find a {what} at the moment. What else are you looking for?",
    "We don't have any {what} right now, sorry!",
    "No {what} at the moment, sorry!",
)


def slots_of(rng: random.Random, piece: Piece, *, spanish: bool) -> dict[str, str]:
    """Returns true words for every slot."""
    garment = next(garment for garment in sorted(GARMENTS, key=len, reverse=True) if garment.title() in piece.name)
    first, second = rng.sample(sorted(piece.measurements), 2)
    way = 1 if spanish else 0
    cents = piece.price_cents or 0
    return {
        "name": piece.name, "brand": piece.brand, "garment": GARMENTS[garment][1] if spanish else garment, "colour": COLOURS[piece.color] if spanish else piece.color, "era": piece.era, "material": piece.material,
        "price": f"${amount(cents)}" if spanish else price_words(rng, cents), "size": size_words(rng, piece.size), "label": piece.size, "kind": rng.choice(KINDS[first][way]), "kind2": rng.choice(KINDS[second][way]),
        "length": _spanish_length(rng, piece.measurements[first]) if spanish else length_words(rng, piece.measurements[first]), "length2": length_words(rng, piece.measurements[second]),
        "_first": first, "_second": second, "_garment": garment,
    }  # fmt: skip


def _spanish_length(rng: random.Random, millimetres: int) -> str:
    value = inches(millimetres)
    return rng.choice(
        (
            f"{value.normalize():f} pulgadas".replace(".", ","),
            f"{int((Decimal(millimetres) / 10).to_integral_value())} cm",
        )
    )


def true_draft(rng: random.Random) -> Draft:
    """Returns a draft in which every claim is taken from the rows."""
    pieces = list(stock(rng, rng.choice((1, 1, 2, 3, 5))))
    about = rng.randrange(len(pieces))
    kind = rng.random()
    spanish = False
    if kind < 0.35:
        template = rng.choice(OPENINGS) + rng.choice(AVAILABLE) + rng.choice(CLOSINGS)
    elif kind < 0.7:
        template = rng.choice(PLAIN)
    elif kind < 0.85:
        template, spanish = rng.choice(SPANISH), True
    elif kind < 0.95:
        template = rng.choice(GONE)
        pieces[about] = replace(pieces[about], status="sold")
    else:
        template = rng.choice(HELD)
        pieces[about] = replace(pieces[about], status=rng.choice(("held", "reserved")))
    piece = pieces[about]
    slots = slots_of(rng, piece, spanish=spanish)
    question = rng.choice(
        (
            "",
            f"is the {piece.name} still available?",
            f"hi! do you still have the {piece.brand} {slots['_garment']}?",
            f"the {piece.name} pls?",
        )
    )
    return Draft(fill(template, slots), question, Evidence(tuple(pieces)), piece, template, slots)


def absent_draft(rng: random.Random) -> Draft:
    """Returns an honest "couldn't find" after a search that found nothing."""
    brand, garment, colour = rng.choice(BRANDS), rng.choice(sorted(GARMENTS)), rng.choice(sorted(COLOURS))
    what = rng.choice((f"{brand} {garment}", f"{colour} {garment}", f"{colour} {brand} {garment}"))
    template = rng.choice(ABSENT)
    piece = stock(rng, 1)[0]
    return Draft(
        fill(template, {"what": what}),
        f"do you have a {what}?",
        Evidence(searches=(Search(what, ()),)),
        piece,
        template,
        {"what": what},
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
        (Decimal("-1"), Decimal("-0.5"), Decimal("0.5"), Decimal(1), Decimal(3))
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
        f"＄{wide}",
        "$" + " ".join(plain),
        f"${plain}½",
        f"{in_words(cents // 100).replace('-', ' ')} bucks",
        "$" + plain[:-1] + "О",
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
    "price ±": price_changed, "price ×10": price_tenfold, "price swapped": price_swapped, "currency": currency, "unit without conversion": unit_unconverted, "kind swap": kind_swapped, "length ±": length_changed, "neighbour size": size_neighbour,
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
        if family in {"no evidence"}:
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
