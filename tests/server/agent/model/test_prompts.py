"""Prompts as files: what they must hold, how conversations share them, and how a broken file is refused."""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

import pytest

from server.agent import cost, prompts
from server.agent.prompts import Prompt, PromptError
from store import prompt_versions
from store.database import transaction

RULES = {
    "who she is": ("philia", "vintage", "exactly once|exists once"),
    "never invents": ("never invent",),
    "asks the tools first": ("search_inventory", "available"),
    "measures": ("pit-to-pit", "measurements"),
    "tone": ("warm", "professional", "emoji"),
    "when a piece is gone": ("similar", "looking for"),
    "length": ("200 characters",),
    "data, not orders": ("descriptions", "never"),
    "the owner": ("needs_owner", "refund"),
}


@pytest.mark.parametrize("prompt", prompts.load(), ids=lambda prompt: prompt.label)
def test_every_shipped_prompt_holds_every_rule(prompt: Prompt) -> None:
    """Each of the shop's rules stands in each shipped prompt, and no mark is left unfilled."""
    text = " ".join(prompt.filled(shop="Philia Thrifts", currency="USD", unit="in").lower().split())
    for rule, words in RULES.items():
        for word in words:
            assert any(form in text for form in word.split("|")), (rule, word)
    assert "{" not in text
    assert "philia thrifts" in text


def test_the_named_constant_is_the_shipped_prompt() -> None:
    """SYSTEM_PROMPT is the newest default prompt, as it stands in its file."""
    assert prompts.find(prompts.load(), "default").text == prompts.SYSTEM_PROMPT


def write(folder: Path, name: str, *, version: int = 1, share: int = 100, text: str = "Be kind.") -> None:
    (folder / f"{name}.v{version}.md").write_text(
        f"---\nname: {name}\nversion: {version}\nshare: {share}\n---\n{text}\n"
    )


def test_the_owners_folder_takes_the_place_of_the_shipped_one(tmp_path: Path) -> None:
    """Only her prompts count, and the hash is of the text as it stands."""
    write(tmp_path, "mine", text="Be brief.")
    [mine] = prompts.load(tmp_path)
    assert (mine.label, mine.share, mine.text) == ("mine@1", 100, "Be brief.")
    assert mine.hash == hashlib.sha256(b"Be brief.").hexdigest()


def test_conversations_are_shared_out_by_weight_and_keep_their_prompt(tmp_path: Path) -> None:
    """Of 4,000 conversations about a quarter get the prompt with a quarter of the shares, each the same one always."""
    write(tmp_path, "a", share=75)
    write(tmp_path, "b", share=25)
    write(tmp_path, "c", share=0)
    given = prompts.load(tmp_path)
    first = [prompts.assign(given, number).name for number in range(4_000)]
    again = [prompts.assign(given, number).name for number in range(4_000)]
    assert first == again
    assert set(first) == {"a", "b"}
    # Four standard deviations of a fair draw.
    assert abs(first.count("b") - 1_000) < 4 * (4_000 * 0.25 * 0.75) ** 0.5


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("Be kind.", "must begin with"),
        ("---\nname: a\nversion: 1\nshare: 1\nBe kind.", "must begin with"),
        ("---\nname: a\nversion: one\nshare: 1\n---\nx", "whole number"),
        ("---\nname: a\nversion: 1\nshare: -1\n---\nx", "whole number"),
        ("---\nname: a\nversion: ²\nshare: 1\n---\nx", "whole number"),
        ("---\nversion: 1\nshare: 1\n---\nx", "no name"),
        ("---\nname: a\nversion: 1\nshare: 1\n---\n \n", "no text"),
        ("---\nname: a\nversion: 1\nshare: 0\n---\nx", "share 0"),
    ],
)
def test_a_prompt_that_cannot_be_used_is_refused(tmp_path: Path, content: str, says: str) -> None:
    """A wrong file stops the start with its name and what to write."""
    (tmp_path / "a.md").write_text(content)
    with pytest.raises(PromptError, match=says):
        prompts.load(tmp_path)


def test_a_folder_without_prompts_and_twins_are_refused(tmp_path: Path) -> None:
    """An empty or missing folder, and two files of one version, are named."""
    with pytest.raises(PromptError, match="without prompts"):
        prompts.load(tmp_path)
    with pytest.raises(PromptError, match="without prompts"):
        prompts.load(tmp_path / "missing")
    write(tmp_path, "a")
    (tmp_path / "copy.md").write_text((tmp_path / "a.v1.md").read_text())
    with pytest.raises(PromptError, match="Two prompts"):
        prompts.load(tmp_path)
    (tmp_path / "copy.md").write_bytes(b"\xff\xfe")
    with pytest.raises(PromptError, match="cannot be read"):
        prompts.load(tmp_path)


def test_a_prompt_is_found_by_name_version_or_file(tmp_path: Path) -> None:
    """A name alone is its newest version; a file that ends in .md is read; anything else lists what there is."""
    write(tmp_path, "a", version=1)
    write(tmp_path, "a", version=10)
    given = prompts.load(tmp_path)
    assert prompts.find(given, "a").version == 10
    assert prompts.find(given, "a@1").version == 1
    assert prompts.find((), str(tmp_path / "a.v1.md")).version == 1
    with pytest.raises(PromptError, match=r"a@1, a@10"):
        prompts.find(given, "b")


def test_used_prompts_are_kept_once_a_version(db: sqlite3.Connection) -> None:
    """A version is one row; an edit under the same version is told and takes its place."""
    with transaction(db):
        assert prompt_versions.record(db, "default", 1, text_hash="h", text="t", share=1, now=1)
        assert not prompt_versions.record(db, "default", 1, text_hash="h", text="t", share=1, now=2)
        assert prompt_versions.record(db, "default", 1, text_hash="h2", text="u", share=5, now=3)
    assert [tuple(row) for row in db.execute("SELECT name, version, hash, share FROM prompts")] == [
        ("default", 1, "h2", 5)
    ]


@pytest.mark.parametrize(
    ("model", "hosted", "tokens", "microcents"),
    [
        ("gpt-4o", True, (1_000_000, 0, 0), 250_000_000),
        ("gpt-4o", True, (0, 1_000_000, 0), 1_000_000_000),
        ("gpt-4o", True, (1_000_000, 0, 1_000_000), 125_000_000),
        ("gpt-4o-2024-08-06", True, (1, 1, 0), 1_250),
        ("gpt-4o-2024-05-13", True, (1_000_000, 0, 0), 500_000_000),
        ("gpt-4o-mini", True, (1, 0, 0), 15),
        ("gpt-4o-mini-2024-07-18", True, (3, 0, 1), 38),
        ("gpt-99", True, (1_000_000, 0, 0), 500_000_000),
        ("llama", False, (1_000_000, 1_000_000, 0), 0),
        ("gpt-4o", True, (10, 0, 99), 1_250),
    ],
)
def test_prices_are_reckoned_in_whole_microcents(
    model: str, hosted: bool, tokens: tuple[int, int, int], microcents: int
) -> None:
    """Costs follow the price list; an unknown model of OpenAI's costs the most, one elsewhere nothing."""
    assert cost.microcents(cost.price_of(model, hosted=hosted), *tokens) == microcents
