"""Random stock for the tests of the grounding check, and the ways to say what its rows hold."""

# ruff: noqa: E501  # tables read best a row a line

from __future__ import annotations

import random
from decimal import Decimal

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
UNITS = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
TENS = ["zero", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


def in_words(number: int) -> str:
    """Writes 0 to 999 in English words."""
    if number < 20:
        return UNITS[number]
    if number < 100:
        return TENS[number // 10] + ("-" + UNITS[number % 10] if number % 10 else "")
    rest = number % 100
    return UNITS[number // 100] + " hundred" + (" and " + in_words(rest) if rest else "")


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
