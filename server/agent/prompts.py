"""System prompts as files: each with a name, a version and its share of the conversations.

The shipped ones stand in `prompts/` beside this file; the owner's own folder, `[agent] prompts`, takes their place. A
conversation keeps its prompt for as long as the shares stay: the choice is a hash of its number.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SHIPPED: Final = Path(__file__).with_name("prompts")
NEEDED: Final = ("name", "version", "share")


class PromptError(Exception):
    """A prompt file that cannot be used: which, why, and what to write."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """One version of a system prompt. `share` is its weight among the conversations; 0 is for replay only."""

    name: str
    version: int
    share: int
    text: str

    @property
    def hash(self) -> str:
        """The SHA-256 of the text as it stands in the file, kept with every draft."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def label(self) -> str:
        """As figures and the command line write it: default@1."""
        return f"{self.name}@{self.version}"

    def filled(self, *, shop: str, currency: str, unit: str) -> str:
        """Returns the text with {shop}, {currency} and {unit} put in."""
        words = {"{shop}": shop, "{currency}": currency, "{unit}": "inches" if unit == "in" else "centimetres"}
        text = self.text
        for mark, word in words.items():
            text = text.replace(mark, word)
        return text


def load(folder: str | Path = "") -> tuple[Prompt, ...]:
    """Reads every prompt of a folder, by name and version; of the shipped one when none is given.

    Raises PromptError for a folder without prompts, a file that cannot be read, or shares that are all 0.
    """
    place = Path(folder).expanduser() if folder else SHIPPED
    files = sorted(place.glob("*.md")) if place.is_dir() else []
    if not files:
        raise PromptError(f"[agent] prompts is {str(place)!r}, a folder without prompts; put a default.v1.md there.")
    prompts = sorted((read(file) for file in files), key=lambda prompt: (prompt.name, prompt.version))
    labels = [prompt.label for prompt in prompts]
    for label in labels:
        if labels.count(label) > 1:
            raise PromptError(f"Two prompts in {place} are {label}; give one of them another version.")
    if not any(prompt.share for prompt in prompts):
        raise PromptError(f"Every prompt in {place} has share 0; give one of them a share, such as share: 100.")
    return tuple(prompts)


def read(file: Path) -> Prompt:
    """Reads one prompt file: front matter between two lines of ---, then the text. Raises PromptError."""
    try:
        whole = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise PromptError(f"The prompt {file} cannot be read: {fault}.") from fault
    head, found, text = whole.removeprefix("---\n").partition("\n---\n")
    if not found or not whole.startswith("---\n"):
        raise PromptError(f"The prompt {file} must begin with name, version and share between two lines of ---.")
    lines = (line.partition(":") for line in head.splitlines() if line.strip())
    given = {key.strip(): value.strip() for key, _, value in lines}
    for key in NEEDED:
        if not given.get(key):
            raise PromptError(f"The prompt {file} has no {key}; write it at the top, such as {key}: 1.")
    for key in ("version", "share"):
        if not given[key].isascii() or not given[key].isdigit():
            raise PromptError(f"{key} of the prompt {file} is {given[key]!r}; it must be a whole number.")
    if not text.strip():
        raise PromptError(f"The prompt {file} holds no text.")
    return Prompt(given["name"], int(given["version"]), int(given["share"]), text.strip())


def assign(prompts: Sequence[Prompt], conversation_id: int) -> Prompt:
    """Returns the prompt of a conversation: by its share, and the same one each time."""
    total = sum(prompt.share for prompt in prompts)
    digest = hashlib.sha256(f"prompt {conversation_id}".encode()).digest()
    place = int.from_bytes(digest[:8]) % total
    for prompt in prompts:
        if place < prompt.share:
            return prompt
        place -= prompt.share
    raise AssertionError("the shares add up to the total")


def find(prompts: Sequence[Prompt], wanted: str) -> Prompt:
    """Returns the prompt called "default" (its newest version), "default@1", or the one in a file.

    Raises PromptError with the names there are.
    """
    name, at, version = wanted.partition("@")
    named = [prompt for prompt in prompts if prompt.name == name and (not at or str(prompt.version) == version)]
    if named:
        return max(named, key=lambda prompt: prompt.version)
    if wanted.endswith(".md") and Path(wanted).is_file():
        return read(Path(wanted))
    known = ", ".join(prompt.label for prompt in prompts)
    raise PromptError(f"There is no prompt {wanted!r}; there are {known}, or name a file that ends in .md.")


SYSTEM_PROMPT: Final = max((prompt for prompt in load() if prompt.name == "default"), key=lambda p: p.version).text
"""The shipped prompt's newest version, as it stands in its file."""
