"""The owner's own editor in a real terminal: the text goes there and comes back, and the inbox stands as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.test_terminal import Terminal, gone, philia, rows, sane, shop, terminal

__all__ = ["shop", "terminal"]


def open_with(shop: Path, terminal: Terminal, script: str) -> None:
    """Opens the inbox with an editor that is this shell script."""
    own = shop / "own-editor"
    own.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    own.chmod(0o755)
    terminal.start(f"export EDITOR={own}; {philia(shop)}", width=100, height=30)
    terminal.wait("● listening", "maria.k", "Yes! The 70s suede jacket", "a approve")


def test_a_draft_is_changed_in_her_own_editor(shop: Path, terminal: Terminal) -> None:
    """E gives the editor the whole terminal; what it wrote is on the screen, is reviewed, and is what leaves."""
    script = 'stty -a | grep -o -e "[-]*icanon"; printf "Editing now."; IFS= read -r more; printf "%s" "$more" >> "$1"'
    open_with(shop, terminal, script)
    terminal.press("E")
    # The editor has a terminal that reads lines, on the shell's own screen.
    terminal.wait("icanon", "Editing now.", gone="maria.k")
    terminal.press("-l", " Come and see it")
    terminal.press("Enter")
    shown = terminal.wait("Editing the draft", "Come and see it", "maria.k", gone="Editing now.")
    assert "▸" in shown, shown
    terminal.press("Escape")
    terminal.wait("Send it?")
    terminal.press("s")
    terminal.wait("Nothing needs you", gone="Send it?")
    assert str(rows(shop, "SELECT text FROM deliveries")[0][0]).endswith("Want me to hold it? Come and see it")
    terminal.press("q")
    terminal.until(lambda now: "left with 0" in now and sane(now), "a sane terminal")
    gone(shop)


@pytest.mark.parametrize(
    ("script", "told"),
    [('printf broken > "$1"; exit 3', "ended with 3"), ('printf "\\377" > "$1"', "not text")],
)
def test_an_editor_that_fails_leaves_the_text_as_it_was(shop: Path, terminal: Terminal, script: str, told: str) -> None:
    """After a failure, or what is no text, the draft stands in the field as it was, and the inbox goes on."""
    open_with(shop, terminal, script)
    terminal.press("E")
    shown = terminal.wait("Editing the draft", told)
    assert "broken" not in shown
    terminal.press("Escape")
    terminal.wait("Send it?", "87 characters")
    terminal.press("d")
    terminal.wait("a approve", gone="Send it?")
    terminal.press("q")
    terminal.until(lambda now: "left with 0" in now and sane(now), "a sane terminal")
    gone(shop)


def test_an_editor_that_is_not_there_is_told(shop: Path, terminal: Terminal) -> None:
    """Ctrl+O with an EDITOR that does not exist says so; what was typed stays, the screen is whole."""
    terminal.start(f"export EDITOR=no-such-editor; {philia(shop)}", width=100, height=30)
    terminal.wait("● listening", "maria.k", "a approve")
    terminal.press("e")
    terminal.wait("Editing the draft")
    terminal.press("-l", " See you!")
    terminal.wait("96 characters")
    terminal.press("C-o")
    terminal.wait("no-such-editor could not be started", "96 characters", "maria.k")
    terminal.press("Escape")
    terminal.wait("Send it?", "96 characters")
    terminal.press("d")
    terminal.wait("a approve", gone="Send it?")
    terminal.press("q")
    terminal.until(lambda now: "left with 0" in now and sane(now), "a sane terminal")
    gone(shop)
