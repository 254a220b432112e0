"""The house drafter's languages, read from phrasebooks/*.toml: how customers ask, and what the shop says.

A language is a data file; docs/house-drafter.md tells how to add one. Each is read once and kept.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).parent / "phrasebooks"

INTENTS: Final = (
    "complaint",
    "order_status",
    "returns",
    "spam",
    "haggling",
    "hold",
    "payment",
    "shipping",
    "measurement",
    "size",
    "price",
    "detail",
    "availability",
    "browse",
    "thanks",
    "greeting",
    "other",
)
"""Every kind of message, those first that only the owner answers."""

OWNER_INTENTS: Final = frozenset({"complaint", "order_status", "returns", "spam", "haggling", "hold"})
"""An acknowledgement, and the owner."""

STOCK_INTENTS: Final = frozenset({"measurement", "size", "price", "detail", "availability", "browse"})
"""Answered from rows."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """One way of asking. A heavier one takes its words away from the lighter ones."""

    intent: str
    weight: float
    expression: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of measurement or another field of a row: how the shop writes it, how customers name it."""

    word: str
    asked: re.Pattern[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrasebook:
    """One language of the house drafter."""

    code: str
    name: str
    function_words: frozenset[str]
    slang: Mapping[str, str]
    spelling: tuple[str, ...]
    never_mended: frozenset[str]
    patterns: tuple[Pattern, ...]
    ranks: Mapping[str, int]
    topics: Mapping[str, re.Pattern[str]]
    escalation: Mapping[str, re.Pattern[str]]
    kinds: Mapping[str, Kind]
    details: Mapping[str, Kind]
    """What else may be asked of a piece: a field of its row, or what only the owner can look at."""
    stop: frozenset[str]
    words: Mapping[str, str]
    """A word of the customer → the word the stock is written in, for garments, colours and eras."""
    garments: frozenset[str]
    sizes: Mapping[str, str]
    """A size as customers write it → its tag: "large" → "L"."""
    pointing: re.Pattern[str]
    pronouns: frozenset[str]
    gone_asked: re.Pattern[str]
    """Asks whether a piece is gone: then "Yes!" would say the opposite."""
    places: re.Pattern[str]
    anywhere: re.Pattern[str]
    places_ignored: frozenset[str]
    budget: re.Pattern[str]
    body: re.Pattern[str]
    waist: re.Pattern[str]
    """A waist that is looked for; its figure is the first group that is filled."""
    both: re.Pattern[str]
    """Asks what two pieces cost together."""
    instructions: Mapping[str, re.Pattern[str]]
    plurals: frozenset[str]
    """Words at the end of a piece's name that make it a plural."""
    slots: Mapping[str, tuple[str, str]]
    """What changes with it: "is" → ("is", "are")."""
    replies: Mapping[str, tuple[str, ...]]

    def forms(self, key: str) -> tuple[str, ...]:
        """Returns the variants of one thing the shop says."""
        return self.replies.get(key, ())


def _words(text: str) -> list[str]:
    return text.split()


def _listed(table: Mapping[str, Any]) -> dict[str, str]:
    """Reads either {words = "a b"}, each standing for itself, or {theirs = "ours"}."""
    if set(table) == {"words"}:
        return {word: word for word in _words(table["words"])}
    return {str(theirs): str(ours) for theirs, ours in table.items()}


def read(given: Mapping[str, Any]) -> Phrasebook:
    """Builds a language from its parsed file. Raises KeyError or re.error for a file that is not complete."""
    patterns = [
        Pattern(intent, float(weight), re.compile(expression))
        for intent, table in given["intents"].items()
        for weight, expression in table["patterns"]
    ]
    garments = _listed(given["garments"])
    replies = given["replies"]
    return Phrasebook(
        code=given["code"],
        name=given["name"],
        function_words=frozenset(_words(given["function_words"])),
        slang=given.get("slang", {}),
        spelling=tuple(dict.fromkeys(_words(given["spelling"]["words"]))),
        never_mended=frozenset(_words(given["spelling"]["never"])),
        patterns=tuple(sorted(patterns, key=lambda pattern: -pattern.weight)),
        ranks={intent: int(table["rank"]) for intent, table in given["intents"].items()},
        topics={topic: re.compile(expression) for topic, expression in given["topics"].items()},
        escalation={name: re.compile(expression) for name, expression in given["escalation"].items()},
        kinds={kind: Kind(table["word"], re.compile(table["asked"])) for kind, table in given["kinds"].items()},
        details={name: Kind(table["word"], re.compile(table["asked"])) for name, table in given["details"].items()},
        stop=frozenset(_words(given["stop"]["words"])),
        words={**garments, **_listed(given["colours"]), **_listed(given["eras"])},
        garments=frozenset(garments),
        sizes={
            form.strip(): tag for tag, forms in given["sizes"].items() for form in str(forms).split(",") if form.strip()
        },
        pointing=re.compile(given["pointing"]["pattern"]),
        pronouns=frozenset(_words(given["pointing"]["words"])),
        gone_asked=re.compile(given["gone"]["asked"]),
        places=re.compile(given["places"]["asked"]),
        anywhere=re.compile(given["places"]["anywhere"]),
        places_ignored=frozenset(_words(given["places"]["ignored"])),
        budget=re.compile(given["budget"]["under"]),
        body=re.compile(given["body"]["pattern"]),
        waist=re.compile(given["body"]["waist"]),
        both=re.compile(given["both"]["asked"]),
        instructions={name: re.compile(expression) for name, expression in given["instructions"].items()},
        plurals=frozenset(_words(given["plural"]["words"])),
        slots={slot: (str(one), str(many)) for slot, (one, many) in given["plural"]["slots"].items()},
        replies={key: (forms,) if isinstance(forms, str) else tuple(forms) for key, forms in replies.items()},
    )


@lru_cache(maxsize=32)
def phrasebook(code: str) -> Phrasebook:
    """Returns a language by its code. Raises KeyError naming the file that is missing."""
    file = FOLDER / f"{code}.toml"
    if not code.isalpha() or not file.is_file():
        raise KeyError(f"There is no phrasebook {code!r}; {', '.join(available())} exist. See [agent] languages.")
    return read(tomllib.loads(file.read_text("utf-8")))


@lru_cache(maxsize=1)
def available() -> tuple[str, ...]:
    """Returns the codes of the shipped languages."""
    return tuple(sorted(file.stem for file in FOLDER.glob("*.toml")))


@lru_cache(maxsize=8)
def phrasebooks(codes: tuple[str, ...]) -> tuple[Phrasebook, ...]:
    """Returns the languages that the owner set; English when she named none that exist."""
    known = tuple(phrasebook(code) for code in codes if code in available())
    return known or (phrasebook("en"),)


@lru_cache(maxsize=1)
def foreign_words() -> frozenset[str]:
    """Returns words of other languages, enough to know that a message is in none of the phrasebooks."""
    lines = (FOLDER / "foreign.txt").read_text("utf-8").splitlines()
    return frozenset(word for line in lines for word in line.partition(":")[2].split())
