"""Random questions about any stock, facets times synonyms times one typo, with answers computed from the columns."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, log2

from tests.store.search.shop import Row, inches

GARMENTS = {
    "Jackets": (
        ("jacket", "jackets", "chaqueta"),
        r"\b(jackets?|windbreakers?|bombers?|parkas?|anoraks?)\b",
    ),
    "T-Shirts": (("tee", "t-shirt", "tshirt", "camiseta"), r"\b(t-shirts?|tees?)\b"),
    "Hoodies & Sweatshirts": (("hoodie", "sweatshirt"), r"\b(hoodies?|sweatshirts?|crewnecks?)\b"),
    "Sweaters": (("sweater", "jumper", "pullover"), r"\b(sweaters?|jumpers?|cardigans?|knit)\b"),
    "Jeans": (("jeans", "denims", "vaqueros"), r"\bjeans\b"),
    "Trousers": (("trousers", "pants", "strides"), r"\b(trousers|pants|flares)\b"),
    "Shorts": (("shorts",), r"\bshorts\b"),
    "Dresses": (("dress", "vestido"), r"\bdress\b"),
    "Boots": (("boots", "botas"), r"\bboots\b"),
    "Sneakers": (("sneakers", "kicks", "trainers"), r"\b(sneakers|trainers|high tops)\b"),
    "Bags": (("bag", "bolso"), r"\b(bag|backpack|purse|duffel)\b"),
    "Hats": (("hat",), r"\b(hat|cap|beanie|snapback)\b"),
}
"""Category → what customers call it, and what a name says when a piece of another shelf is one, too."""

SIZES = {
    "XS": ("xs", "extra small"),
    "S": ("small", "size s"),
    "M": ("medium", "size m", "size M"),
    "L": ("large", "L", "talla L"),
    "XL": ("XL", "extra large", "x-large"),
    "XXL": ("XXL", "2XL", "2x"),
}
ERAS = {
    "60s": ("60s", "sixties"),
    "70s": ("70s", "1970s"),
    "80s": ("80s", "80's"),
    "90s": ("90s", "1990s"),
    "2000s": ("y2k", "2000s"),
}
COLORS = {
    "black": ("black", "negro"),
    "blue": ("blue", "azul"),
    "red": ("red", "rojo"),
    "brown": ("brown", "marron"),
    "green": ("green", "verde"),
    "grey": ("grey", "gray"),
    "white": ("white", "blanco"),
    "navy": ("navy", "navy blue"),
}
OPENINGS = ("", "", "", "do you have any ", "looking for a ", "hi! any ")


@dataclass(frozen=True)
class Question:
    """A query and the pieces whose columns answer it."""

    query: str
    answer: frozenset[str]
    typo: bool


def questions(rows: Sequence[Row], rng: random.Random, count: int, *, typo: bool) -> list[Question]:
    """Asks `count` different questions, each about what some available row is."""
    available = [row for row in rows if row["status"] == "available" and row["category"] in GARMENTS]
    asked: dict[str, Question] = {}
    while len(asked) < count:
        question = _question(rng.choice(available), rows, rng, typo=typo)
        asked.setdefault(question.query, question)
    return list(asked.values())


def _question(row: Row, rows: Sequence[Row], rng: random.Random, *, typo: bool) -> Question:
    facets = ["garment", "price"]
    facets += ["brand", "brand"] if row["brand"] else []
    facets += ["size"] if row["size_label"] in SIZES else []
    facets += ["era"] if row["era"] in ERAS else []
    facets += ["color"] if row["color"] in COLORS else []
    facets += (
        ["waist"] if re.fullmatch(r"\d\dx\d\d", row["size_label"]) and row["category"] in {"Jeans", "Trousers"} else []
    )
    facets += ["pit_to_pit"] if inches(row, "pit_to_pit") else []
    chosen = set(rng.sample(facets, min(len(facets), rng.choice((2, 3, 3, 4)))))
    if not chosen & {"garment", "brand"}:
        chosen.add("garment")
    if "waist" in chosen:
        chosen.add("garment")
    words: list[str] = []
    tail: list[str] = []
    tests: list[Callable[[Row], bool]] = [lambda other: other["status"] == "available"]
    mistyped = rng.choice(sorted(chosen & {"garment", "brand"})) if typo else ""

    if "size" in chosen:
        size = row["size_label"]
        (words if rng.random() < 0.5 else tail).append(rng.choice(SIZES[size]))
        tests.append(lambda other: other["size_label"] == size)
    if "era" in chosen:
        words.append(rng.choice(ERAS[row["era"]]))
        tests.append(lambda other: other["era"] == row["era"])
    if "color" in chosen:
        words.append(rng.choice(COLORS[row["color"]]))
        tests.append(lambda other: other["color"] == row["color"])
    if "brand" in chosen:
        brand = row["brand"].lower()
        words.append(misspelt(brand, rng) if mistyped == "brand" else brand)
        tests.append(lambda other: bare(brand) in bare(f"{other['brand']} {other['name']}"))
    if "garment" in chosen:
        names, named = GARMENTS[row["category"]]
        word = rng.choice(names)
        words.append(misspelt(word, rng) if mistyped == "garment" else word)
        tests.append(
            lambda other: other["category"] == row["category"] or bool(re.search(named, other["name"].lower()))
        )
    if "waist" in chosen:
        waist, length = row["size_label"].split("x")
        form = rng.choice(("{w} waist", "waist {w}", "W{w}", "{w}x{l}", "w{w} l{l}"))
        tail.append(form.format(w=waist, l=length))
        tests.append(lambda other: _fits(other, float(waist), float(length) if "{l}" in form else None))
    if "pit_to_pit" in chosen:
        flat = inches(row, "pit_to_pit") or 0.0
        said, meant = rng.choice(
            (
                (f"pit to pit {flat:g}", flat),
                (f"{2 * flat:g} chest", flat),
                (f'p2p {flat:g}"', flat),
                # A chest in whole centimetres around the body, half of it laid flat.
                (f"chest {2 * flat * 2.54:.0f} cm", round(2 * flat * 2.54) / 5.08),
            )
        )
        tail.append(said)
        tests.append(lambda other: abs((inches(other, "pit_to_pit") or 0.0) - meant) <= 0.5)
    if "price" in chosen:
        ceiling = ceil(float(row["price"]) / 10) * 10 + rng.choice((0, 5, 10))
        tail.append(
            rng.choice(("under ${}", "under {}", "less than {} bucks", "max {}", "menos de {}")).format(ceiling)
        )
        tests.append(lambda other: float(other["price"]) <= ceiling)
    rng.shuffle(tail)
    query = rng.choice(OPENINGS) + " ".join([*words, *tail])
    return Question(query, frozenset(other["sku"] for other in rows if all(test(other) for test in tests)), typo)


def _fits(row: Row, waist: float, inseam: float | None) -> bool:
    label = re.fullmatch(r"(\d\d)(?:x(\d\d))?", row["size_label"])
    flat = inches(row, "waist")
    around = None if flat is None else flat * 2 if flat < 22 else flat
    if not ((label and float(label[1]) == waist) or (around is not None and abs(around - waist) <= 0.5)):
        return False
    if inseam is None:
        return True
    measured = inches(row, "inseam")
    tagged = float(label[2]) if label and label[2] else None
    return any(one is not None and abs(one - inseam) <= 1 for one in (measured, tagged))


def bare(text: str) -> str:
    """Returns a text as letters, figures and single spaces."""
    return " ".join(re.sub(r"[^a-z0-9 ]", " ", text.lower().replace("'", "")).split())


def misspelt(text: str, rng: random.Random) -> str:
    """Returns a text with one letter of its longest word left out, added or swapped; never the first one."""
    words = text.split(" ")
    longest = max(range(len(words)), key=lambda at: len(words[at]))
    word = words[longest]
    if len(word) < 6 or not word.isalpha():
        return text
    at = rng.randrange(1, len(word) - 2)
    words[longest] = rng.choice(
        (
            word[:at] + word[at + 1 :],
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
            word[:at] + rng.choice("aeiorstnl") + word[at:],
        )
    )
    return " ".join(words)


def ndcg(found: Sequence[str], answer: frozenset[str], cut: int = 10) -> float:
    """Returns the normalised discounted gain of the first `cut`, every right piece being worth the same."""
    gain = sum(1 / log2(place + 2) for place, sku in enumerate(found[:cut]) if sku in answer)
    return gain / sum(1 / log2(place + 2) for place in range(min(cut, len(answer))))


def precision(found: Sequence[str], answer: frozenset[str], cut: int = 10) -> float:
    """Returns the share of the first `cut` that is right; nothing found is nothing right."""
    return sum(sku in answer for sku in found[:cut]) / max(1, len(found[:cut]))


def recall(found: Sequence[str], answer: frozenset[str], cut: int = 10) -> float:
    """Returns the share of what could be found in `cut` places that was."""
    return sum(sku in answer for sku in found[:cut]) / min(cut, len(answer))
