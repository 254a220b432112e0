"""Drafts written and judged by hand: labelled true and false ones, paraphrases of truths, and attacks."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from server.agent.grounding import check_line

HERE = Path(__file__).parent
_FIGURE = re.compile(r"\d")


def lines(name: str) -> list[str]:
    """Returns the lines of one of the files beside this test."""
    return (HERE / name).read_text(encoding="utf-8").splitlines()


def wrong(name: str, expected: str | None = None) -> list[dict[str, Any]]:
    """Returns what the check answers otherwise than expected (or than the line's own label)."""
    found = []
    for line in lines(name):
        given = json.loads(line)
        answer = check_line(line)
        if answer["verdict"] != (expected or given["label"]):
            found.append({"id": given["id"], "reply": given["reply"], "reasons": answer["reasons"]})
    return found


def test_labelled_drafts_are_judged_as_labelled() -> None:
    """Each of the labelled drafts gets the verdict that a person gave it."""
    assert wrong("labelled.jsonl") == []


def test_half_of_the_labelled_drafts_lie_without_a_number() -> None:
    """The labelled file is what it says: 150 drafts or more, half of them wrong, none of those by a number."""
    given = [json.loads(line) for line in lines("labelled.jsonl")]
    lies = [one for one in given if one["label"] == "hold"]
    assert len(given) >= 150
    assert 2 * len(lies) >= len(given)
    assert not any(_FIGURE.search(one["reply"]) for one in lies)
    assert all("items" in one for one in given)


def test_paraphrases_of_truths_pass() -> None:
    """At most 8 % of a hundred or more true replies in other words are held."""
    count = len(lines("paraphrases.jsonl"))
    assert count >= 100
    assert len(wrong("paraphrases.jsonl", "pass")) <= 0.08 * count


def test_attacks_are_held() -> None:
    """Every lie that a hostile reader wrote against the check is held."""
    assert wrong("attacks.jsonl", "hold") == []
