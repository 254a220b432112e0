"""Automatic replies are earned and lost: the arithmetic, and the rows it stands on."""

from __future__ import annotations

import sqlite3

import pytest

from store import autonomy
from store.autonomy import Settled, standing
from store.clock import DAY, HOUR
from store.wording import change


def history(told: str, *, every: int = HOUR) -> list[Settled]:
    """Reads "yyytys": y unchanged, t a change of tone, s one of substance; one an hour unless told."""
    return [
        Settled(at=(at + 1) * every, agreed=letter == "y", substance=letter == "s") for at, letter in enumerate(told)
    ]


@pytest.mark.parametrize(
    ("told", "earned"),
    [
        ("", False),
        ("y" * 19, False),
        ("y" * 20, True),
        ("t" + "y" * 19, True),
        ("tt" + "y" * 18, False),
        ("tt" + "y" * 19, True),
        ("s" + "y" * 19, False),
        ("s" + "y" * 20, True),
        ("y" * 20 + "s", False),
        ("y" * 20 + "s" + "y" * 19, False),
        ("y" * 20 + "s" + "y" * 20, True),
        ("y" * 20 + "t", True),
        ("y" * 20 + "tt", True),
        ("y" * 20 + "ttt", False),
        ("y" * 20 + "ttt" + "y" * 19, False),
    ],
)
def test_earned_with_twenty_lost_by_one_fact_or_a_bad_week(told: str, earned: bool) -> None:
    """20 decisions with 95 % unchanged earn it; one corrected fact, or less than 90 % in a week, takes it back."""
    found = standing("price", history(told))
    assert found.earned is earned
    assert (found.lost_by is None) == (found.lost_at is None)


def test_a_week_is_a_week() -> None:
    """Changes of tone that lie further apart than a week do not add up."""
    slow = [*history("y" * 20), *[Settled(at=(30 + 8 * at) * DAY, agreed=False) for at in range(9)]]
    assert standing("price", slow).earned


def test_the_sentence_tells_how_far_it_is() -> None:
    """What the owner reads names the counts, and what took it back."""
    assert standing("price", history("yyt")).sentence == "price: 2 of 3 sent unchanged, 20 are needed"
    assert "you corrected a fact" in standing("price", history("y" * 20 + "s")).sentence


@pytest.mark.parametrize(
    ("drafted", "final", "claims", "wanted"),
    [
        ("It is $85.", "It is $85.", (), "unchanged"),
        ("It is  $85. ", "It is $85.", (), "unchanged"),
        ("Caf\u00e9", "Cafe\u0301", (), "unchanged"),
        ("Hi! It is $85.", "Hey! It is $85.00 💛", (), "tone"),
        ("It is $85.", "It is $80.", (), "substance"),
        ("It is $85.", "It is nice.", (), "substance"),
        ("It is available.", "It is sold.", (), "substance"),
        ("It is available.", "It isn't available.", (), "substance"),
        ("Size L.", "Size M.", ("Size L",), "substance"),
        ("The suede jacket is here.", "The wool jacket is here.", ("suede jacket",), "substance"),
        ("It is here.", "It is here, 21 inches across.", (), "substance"),
    ],
)
def test_facts_and_tone_are_told_apart(drafted: str, final: str, claims: tuple[str, ...], wanted: str) -> None:
    """Figures, claims and words that turn a sentence round are facts; everything else is tone."""
    assert change(drafted, final, claims) == wanted


@pytest.fixture
def shadowed(db: sqlite3.Connection) -> sqlite3.Connection:
    db.execute("INSERT INTO users (id, tiktok_id, created_at) VALUES (1, 'u', 0)")
    db.execute("INSERT INTO conversations (id, user_id, platform_id, dialect, created_at) VALUES (1, 1, 'c', 'v1', 0)")
    db.execute(
        "INSERT INTO drafts (id, conversation_id, state, thread_version, burst_started_at, due_at, text, intent,"
        " created_at) VALUES (1, 1, 'edited', 1, 0, 0, 'The coat is $85.', 'price', 0)"
    )
    db.execute(
        "INSERT INTO verdicts (draft_id, conversation_id, decision, who, intent, at)"
        " VALUES (1, 1, 'shadow', 'auto', 'price', 5)"
    )
    return db


@pytest.mark.parametrize(
    ("final", "agreed", "what"),
    [
        ("The coat is $85.", True, "unchanged"),
        ("Hey, the coat is $85.", False, "tone"),
        ("The coat is $80.", False, "substance"),
        (None, False, "rejected"),
    ],
)
def test_a_decision_settles_the_shadow_row(
    shadowed: sqlite3.Connection, final: str | None, agreed: bool, what: str
) -> None:
    """The shadow row learns whether she agreed and what she changed; a later decision takes the place of it."""
    assert autonomy.settle_shadow(shadowed, 1, final, now=9) is agreed
    row = shadowed.execute("SELECT agreed, reason FROM verdicts WHERE id = 1").fetchone()
    assert (bool(row["agreed"]), row["reason"]) == (agreed, what)
    prices = {one.kind: one for one in autonomy.all_kinds(shadowed, needed=20, earn=0.95, lose=0.9)}["price"]
    assert (prices.decisions, prices.unedited) == (1, int(agreed))
    assert autonomy.settle_shadow(shadowed, 1, "The coat is $85.", now=10) is True


def test_a_draft_without_a_shadow_counts_for_nothing(shadowed: sqlite3.Connection) -> None:
    """What the policy would not have sent anyway earns nothing and loses nothing."""
    shadowed.execute("DELETE FROM verdicts")
    assert autonomy.settle_shadow(shadowed, 1, "The coat is $85.", now=9) is None
    assert all(one.decisions == 0 for one in autonomy.all_kinds(shadowed, needed=20, earn=0.95, lose=0.9))
