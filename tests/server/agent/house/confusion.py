"""How well the rules read intents, on 331 phrasings of our own: `python -m tests.server.agent.house.confusion`.

A third of them, chosen by the hash of the text, was never looked at while the phrasebooks were made.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from server.agent import intents
from server.agent.phrasebook import INTENTS

PHRASINGS = Path(__file__).with_name("phrasings.jsonl")


@dataclass(frozen=True)
class Phrasing:
    """One message and what a person says it asks."""

    text: str
    intents: tuple[str, ...]
    language: str
    held_out: bool


def phrasings() -> list[Phrasing]:
    """Reads the labelled file."""
    lines = PHRASINGS.read_text("utf-8").splitlines()
    return [Phrasing(**{**row, "intents": tuple(row["intents"])}) for row in map(json.loads, lines)]


def right(rows: Sequence[Phrasing]) -> tuple[float, float, float]:
    """Returns the shares with the right primary intent, exactly the right set of them, and the right language."""
    read = [(row, intents.read(row.text)) for row in rows]
    return (
        sum(found.primary == row.intents[0] for row, found in read) / len(rows),
        sum(set(found.intents) == set(row.intents) for row, found in read) / len(rows),
        sum(found.language == row.language for row, found in read) / len(rows),
    )


def table(rows: Sequence[Phrasing]) -> str:
    """Returns the confusion table: a line a labelled intent, a column an understood one."""
    counted = Counter((row.intents[0], intents.read(row.text).primary) for row in rows)
    short = {intent: intent[:6] for intent in INTENTS}
    head = f"{'labelled':14}" + "".join(f"{short[intent]:>7}" for intent in INTENTS)
    lines = [head]
    for wanted in INTENTS:
        cells = "".join(f"{counted[wanted, got] or '·':>7}" for got in INTENTS)
        lines.append(f"{wanted:14}{cells}")
    return "\n".join(lines)


def main() -> None:
    """Prints the shares and the table."""
    rows = phrasings()
    for name, part in (
        ("tuned on", [row for row in rows if not row.held_out]),
        ("held out", [row for row in rows if row.held_out]),
        ("all", rows),
        ("English", [row for row in rows if row.language == "en"]),
        ("Spanish", [row for row in rows if row.language == "es"]),
    ):
        primary, whole, language = right(part)
        shares = f"primary intent {primary:.1%}, all intents {whole:.1%}, language {language:.1%}"
        print(f"{name:9} {len(part):4} phrasings: {shares}")
    print(table(rows))


if __name__ == "__main__":
    main()
