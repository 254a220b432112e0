"""Writes a stock of any size, as untidy as a real one: facets now in a column, now only in the name."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator

BRANDS = (
    "Nike", "Adidas", "Levi's", "Carhartt", "Ralph Lauren", "Harley-Davidson", "Champion", "Patagonia",
    "Columbia", "Wrangler", "Lee", "Dickies", "Starter", "Burberry", "Coogi", "Pendleton", "Woolrich",
    "Lacoste", "Puma", "Reebok", "Fila", "Kappa", "Tommy Hilfiger", "Calvin Klein", "Guess", "Diesel", "Stussy",
    "Supreme", "Von Dutch", "Ed Hardy", "JNCO", "Dr. Martens", "Converse", "Vans", "Timberland", "Frye",
    "Coach", "Stetson", "Kangol", "Laura Ashley",
)  # fmt: skip
COLORS = (
    "black", "blue", "red", "brown", "green", "grey", "white", "navy", "teal", "purple", "yellow", "orange",
    "pink", "cream",
)  # fmt: skip
ERAS = ("60s", "70s", "80s", "90s", "2000s")
LETTERS = ("XS", "S", "M", "L", "XL", "XXL")
FABRICS = (
    "suede", "leather", "denim", "corduroy", "wool", "nylon", "cotton", "velvet", "satin", "linen", "mohair",
    "canvas",
)  # fmt: skip
MOTIFS = (
    "eagle", "dragon", "racing", "surfing", "university", "tour", "floral", "striped", "plaid", "spellout",
    "embroidered", "patchwork", "reversible", "cropped", "oversized", "hooded", "ski", "golf", "rodeo",
    "tropical", "aztec", "checker", "sailing", "fishing", "basketball", "tennis", "skater", "biker", "military",
    "western", "prairie", "disco", "butterfly", "wolf", "skull", "rose",
)  # fmt: skip
GARMENTS = {
    "Jackets": ("jacket", "windbreaker", "bomber", "parka", "puffer jacket"),
    "T-Shirts": ("t-shirt", "tee"),
    "Hoodies & Sweatshirts": ("hoodie", "sweatshirt", "crewneck"),
    "Sweaters": ("sweater", "jumper", "cardigan"),
    "Jeans": ("jeans",),
    "Trousers": ("trousers", "pants"),
    "Shorts": ("shorts",),
    "Dresses": ("dress",),
    "Boots": ("boots",),
    "Sneakers": ("sneakers", "trainers"),
    "Bags": ("bag", "backpack"),
    "Hats": ("hat", "cap", "beanie"),
}
SENTENCES = (
    "Measured flat, please compare with something you own.",
    "Some fading, priced accordingly.",
    "Ships in two days from a smoke free home.",
    "A small mark near the cuff, see the last photo.",
    "Tags: {brand} {other} {garment} vintage streetwear.",
    "Goes well with a {garment} or a {other} cap.",
    "Lovely weight, plenty of life left.",
    "From the collection of a former {motif} teacher.",
)
SYLLABLES = ("ba", "ke", "li", "mo", "ru", "ta", "ven", "dor", "sal", "pin", "gro", "wex", "jul", "hav", "nim", "os")


def rows(count: int, seed: int = 7) -> Iterator[dict[str, str]]:
    """Yields pieces in the form of the import's columns; every tenth is sold or reserved."""
    rng = random.Random(seed)
    for number in range(count):
        category = rng.choice(tuple(GARMENTS))
        garment = rng.choice(GARMENTS[category])
        brand = rng.choice(BRANDS) if rng.random() < 0.8 else "".join(rng.choices(SYLLABLES, k=3)).capitalize()
        color, era = rng.choice(COLORS), rng.choice(ERAS)
        motif, fabric = rng.choice(MOTIFS), rng.choice(FABRICS)
        size, measured = _size(category, rng)
        name = " ".join(
            word
            for word in (
                "Vintage" if rng.random() < 0.4 else "",
                era if rng.random() < 0.5 else "",
                brand,
                color if rng.random() < 0.5 else "",
                motif,
                fabric if rng.random() < 0.6 else "",
                garment,
                "".join(rng.choices(SYLLABLES, k=3)) if rng.random() < 0.2 else "",
            )
            if word
        )
        values = {
            "brand": brand,
            "other": rng.choice(BRANDS),
            "garment": rng.choice(GARMENTS[rng.choice(tuple(GARMENTS))])[0],
            "motif": motif,
        }
        yield {
            "sku": f"Z-{number:06d}",
            "name": name,
            "category": category,
            "brand": brand if rng.random() < 0.7 else "",
            "size_label": size,
            "price": f"{rng.randrange(9, 250)}.00",
            "description": " ".join(rng.sample(SENTENCES, 3)).format(**values),
            "measurements": json.dumps(measured),
            "color": color,
            "era": era,
            "condition": rng.choice(("Good", "Very good", "Worn in")),
            "status": rng.choices(("available", "sold", "reserved"), (90, 8, 2))[0],
        }


def _size(category: str, rng: random.Random) -> tuple[str, dict[str, float]]:
    if category in {"Jeans", "Trousers", "Shorts"}:
        waist, inseam = rng.randrange(27, 41), rng.randrange(28, 37, 2)
        return f"{waist}x{inseam}", {"waist": waist / 2, "inseam": float(inseam)} if rng.random() < 0.7 else {}
    if category in {"Boots", "Sneakers"}:
        return f"US {rng.randrange(5, 14)}", {}
    if category in {"Bags", "Hats"}:
        return "One size", {}
    place = rng.randrange(len(LETTERS))
    if rng.random() < 0.3:
        return LETTERS[place], {}
    return LETTERS[place], {
        "pit_to_pit": 16 + 2 * place + rng.randrange(0, 5) / 2,
        "length": 22 + place + rng.randrange(0, 9) / 2,
    }
