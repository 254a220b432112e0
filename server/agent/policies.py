"""The shop's own words on shipping, returns, payment, holds, discounts and whatever else the owner wrote down.

They live in a TOML file of hers ([shop] policies) and are read again when it changes. Without the file, or with an
empty topic, nothing is known: a drafter then says nothing of it, and the owner answers.
"""

from __future__ import annotations

import logging
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from server.agent.untrusted import clean

log = logging.getLogger(__name__)

TEMPLATE: Final = Path(__file__).with_name("policies.toml")
"""What a new shop is given to fill in."""

TOPICS: Final = ("shipping", "international", "pickup", "location", "returns", "payment", "holds", "discounts")

_LONGEST: Final = 2_000
"""Characters of one topic."""


class PolicyFileError(Exception):
    """A policies file that cannot be used: its name, what is wrong, what to do."""


def load(file: Path) -> Mapping[str, str]:
    """Returns topic → words, without empty topics; {} when there is no such file.

    A table inside is a language: [policies.es] shipping is the topic "shipping.es". Raises PolicyFileError.
    """
    try:
        given = tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise PolicyFileError(f"The policies file {file} cannot be read: {fault}.") from fault
    found: dict[str, str] = {}
    topics: Mapping[str, Any] = given.get("policies", given)
    if not isinstance(topics, dict):
        raise PolicyFileError(f"policies in {file} is no table; write [policies] and topics below it.")
    for topic, words in topics.items():
        if isinstance(words, dict):
            for inner, text in words.items():
                _take(found, f"{inner}.{topic}", text, file)
        else:
            _take(found, topic, words, file)
    return found


def _take(found: dict[str, str], topic: str, words: object, file: Path) -> None:
    if not isinstance(words, str):
        raise PolicyFileError(f"{topic} in {file} is {words!r}; write it as text in quotes.")
    text = clean(words, _LONGEST)
    if text:
        found[topic] = text


class Policies:
    """Reads the owner's file, and reads it again when it has changed; a broken change keeps the last good words."""

    def __init__(self, file: Path) -> None:
        """Reads nothing yet, so that a missing file stops no start."""
        self.file = file
        self.fault: str | None = None
        """What is wrong with the file now, for `philia doctor`."""
        self._seen: tuple[int, int] | None = None
        self._words: Mapping[str, str] = {}

    def __call__(self) -> Mapping[str, str]:
        """Returns topic → words."""
        try:
            status = self.file.stat()
            stamp = (status.st_mtime_ns, status.st_size)
        except OSError:
            stamp = (0, 0)
        if stamp != self._seen:
            self._seen = stamp
            try:
                self._words = load(self.file)
                self.fault = None
            except PolicyFileError as fault:
                self.fault = str(fault)
                log.warning("%s The last good version stays in use.", fault)
        return self._words
