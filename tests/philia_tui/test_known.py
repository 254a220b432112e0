"""What is known of a customer at a glance, from rows and from her own words."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from philia_tui.known import known, wears
from store import views
from store.search.vocabulary import vocabulary
from tests.conftest import FakeClock
from tests.philia_tui.driving import driving, screen_text, settle
from tests.philia_tui.hostile import HOSTILE
from tests.philia_tui.shop import Shop


@pytest.mark.parametrize(
    ("said", "size"),
    [
        ("I'm usually a medium, would it fit?", "M"),
        ("im a large", "L"),
        ("i\u2019m a size 42 in pants", "42"),
        ("I wear size 8", "8"),
        ("my size is 10.5", "10.5"),
        ("My size: XL!", "XL"),
        ("I am a W32 L30", "W32 L30"),
        ("i'm size eu 39", "EU 39"),
        ("uso una M normalmente", "M"),
        ("mi talla es la L", "L"),
        # What she looks for, how old or how wide she is, and what she is not.
        ("any medium jackets?", ""),
        ("I'm 25", ""),
        ("I'm a 38 chest", ""),
        ("I'm a small business owner", ""),
        ("I wear large hats", ""),
        ("I'm not a small", ""),
    ],
)
def test_only_what_she_says_of_herself_is_her_size(said: str, size: str) -> None:
    """A size is known from a sentence about herself, and from nothing else."""
    assert wears([said]) == size


def test_a_size_in_words_is_what_the_search_takes_it_for() -> None:
    """Whatever word for a size the search knows too means the same size in the title, and most are known to both."""
    meant = {" ".join(phrase): size for phrase, size in vocabulary().sizes.items()}
    both = {word: size for word, size in meant.items() if wears([f"I'm a {word}"])}
    assert {word: wears([f"I'm a {word}"]) for word in both} == both
    assert set(both.values()) >= {"XXS", "XS", "S", "M", "L", "XL", "XXL", "XXXL"}


def test_her_newest_word_counts_and_hostile_words_say_nothing() -> None:
    """Of two sizes the newer one is shown; nothing of a hostile text reaches the title."""
    assert wears(["I'm a large now", "I'm a medium"]) == "L"
    assert wears(["thanks!", "I'm a medium"]) == "M"
    for text in HOSTILE:
        assert wears([text, f"I'm a {text}", f"my size is {text}"]) in {"", "S", "M", "L", "XL"}, text


async def test_a_size_told_in_an_earlier_chat_is_in_the_title_of_the_next(
    db: sqlite3.Connection, db_path: Path, clock: FakeClock
) -> None:
    """The thread's title has the size, also where she said it in another conversation; a stranger's has none."""
    shop = Shop(db, clock())
    first = shop.conversation("maria.k", ("hi! I usually wear a medium",), queue="done")
    second = shop.conversation("maria.k2", ("is the suede one still there?",))
    stranger = shop.conversation("jo", ("any medium jackets?",), left=30 * 3_600_000)
    db.execute(
        "UPDATE conversations SET user_id = (SELECT user_id FROM conversations WHERE id = ?) WHERE id = ?",
        (first, second),
    )
    card, other = views.card(db, second), views.card(db, stranger)
    assert card is not None
    assert other is not None
    assert known(db, card, views.said(db, second)) == ["2nd chat", "wears M"]
    assert known(db, other, views.said(db, stranger)) == []
    async with driving(db_path, clock, size=(120, 40)) as pilot:
        await settle(pilot)
        assert "2nd chat · wears M" in "\n".join(screen_text(pilot.app))
