"""True drafts about random stock: slots filled from a row, so that the row is the oracle and not the check under test."""

# ruff: noqa: E501  # tables of templates read best a row a line

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from server.agent.evidence import Evidence, Search
from store.stock import Piece
from tests.server.agent.grounding.shop import (
    BRANDS,
    COLOURS,
    GARMENTS,
    KINDS,
    amount,
    inches,
    length_words,
    price_words,
    size_words,
    stock,
)


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
