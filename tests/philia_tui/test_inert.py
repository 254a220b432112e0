"""Texts of others: what is drawn of them, and that no text breaks a line's width."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from philia_tui.inert import inert, one_line
from philia_tui.wrapping import cut, cut_line, width_of, wrap
from tests.philia_tui.hostile import HOSTILE, forbidden

ANY_TEXT = st.text(st.characters(blacklist_categories=()), max_size=200)


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_a_terminal_would_obey_is_left(text: str) -> None:
    """Escapes, bidi, invisible, private and unassigned characters never come out."""
    assert not forbidden(inert(text, lines=True))
    assert not forbidden(one_line(text), lines=False)


@settings(max_examples=300, deadline=None)
@given(ANY_TEXT)
def test_any_text_becomes_inert_once_and_for_all(text: str) -> None:
    """Whatever the characters, the result is drawable, and making it inert again changes nothing."""
    drawn = inert(text, lines=True)
    assert not forbidden(drawn)
    assert inert(drawn, lines=True) == drawn


@pytest.mark.parametrize(
    "text",
    ["plain", "è já ñ ü", "Здравствуйте", "日本語", "「はい」", "ภาษาไทย", "नमस्ते", "שלום", "€ £ ¥ – “ ” …", "👍"],
)
def test_what_people_write_stays_as_it_is(text: str) -> None:
    """Words of living languages and plain emoji are drawn as they were written."""
    assert inert(text) == text


@settings(max_examples=300, deadline=None)
@given(ANY_TEXT, st.integers(min_value=2, max_value=60))
def test_no_line_is_wider_than_its_pane(text: str, width: int) -> None:
    """Wrapped lines keep within the width and lose no letter."""
    drawn = inert(text, lines=True)
    lines = wrap([(drawn, "text")], width)
    assert all(width_of(line) <= width for line in lines)
    kept = "".join(part for line in lines for part, _ in line)
    assert kept.replace(" ", "") == drawn.replace("\n", "").replace(" ", "")


@settings(max_examples=300, deadline=None)
@given(ANY_TEXT, st.integers(min_value=0, max_value=40))
def test_a_cut_text_fits(text: str, cells: int) -> None:
    """A cut text takes at most the cells it was given, and says that it was cut."""
    drawn = one_line(text)
    short = cut(drawn, cells)
    assert cell_len(short) <= cells
    assert short == drawn or not cells or short.endswith("…")
    assert width_of(cut_line([(drawn, "a"), (drawn, "b")], cells)) <= cells
