"""The shop's own words, read from the owner's file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from server.agent.policies import TEMPLATE, TOPICS, Policies, PolicyFileError, load
from server.simulator import sample


def test_without_a_file_nothing_is_known(tmp_path: Path) -> None:
    """No file, no policy: a drafter then promises nothing."""
    assert load(tmp_path / "policies.toml") == {}
    assert load(TEMPLATE) == {}


def test_topics_and_languages_are_read(tmp_path: Path) -> None:
    """Topics come with the owner's own words; a table of a language becomes topics of that language."""
    file = tmp_path / "policies.toml"
    file.write_text('[policies]\nshipping = "We ship\\u202e."\nholds = ""\n[policies.es]\nshipping = "Enviamos."\n')
    assert load(file) == {"shipping": "We ship.", "shipping.es": "Enviamos."}
    file.write_text('shipping = "Bare."\n')
    assert load(file) == {"shipping": "Bare."}


@pytest.mark.parametrize("text", ["shipping = 5", "[policies", "policies = 3", "[policies]\nx = ['a']"])
def test_a_broken_file_is_named(tmp_path: Path, text: str) -> None:
    """A file that cannot be used says which it is."""
    file = tmp_path / "policies.toml"
    file.write_text(text)
    with pytest.raises(PolicyFileError, match=r"policies\.toml"):
        load(file)


def fault_of(policies: Policies) -> str | None:
    return policies.fault


def test_a_change_is_seen_and_a_broken_one_keeps_the_last_words(tmp_path: Path) -> None:
    """The file is read again when it changes; a typing error takes nothing away, and is told."""
    file = tmp_path / "policies.toml"
    policies = Policies(file)
    assert policies() == {}
    file.write_text('shipping = "One."')
    os.utime(file, ns=(1, 1))
    assert policies() == {"shipping": "One."}
    file.write_text("shipping = ")
    os.utime(file, ns=(2, 2))
    assert policies() == {"shipping": "One."}
    assert fault_of(policies) is not None
    file.write_text('shipping = "Two."')
    os.utime(file, ns=(3, 3))
    assert policies() == {"shipping": "Two."}
    assert fault_of(policies) is None
    file.unlink()
    assert policies() == {}


def test_the_sample_shop_has_words_of_its_own(tmp_path: Path) -> None:
    """The demo can answer from the shop's own words, each short enough for one message, each of a known topic."""
    file = tmp_path / "policies.toml"
    file.write_text(sample.POLICIES)
    found = load(file)
    assert {"shipping", "returns", "payment", "holds"} <= set(found) <= set(TOPICS)
    assert all(len(words) < 170 for words in found.values())
