"""Learning in the open: what is proposed, what she decides, and what an accepted rule may touch."""

from __future__ import annotations

import sqlite3

import pytest

from server import learning
from store import learning as rows
from store.errors import NotAllowed, NotFound
from store.learning import Edit, Rule

NOW = 1_800_000_000_000


def rule(kind: rows.Kind, before: str, after: str = "") -> Rule:
    return Rule(
        id=1, kind=kind, before=before, after=after, seen=9, of=10, state="accepted", created_at=0, decided_at=1
    )


def edits(*pairs: tuple[str, str], claims: tuple[str, ...] = ()) -> list[Edit]:
    return [Edit(drafted=drafted, final=final, claims=claims) for drafted, final in pairs]


def test_a_word_removed_nine_times_of_ten_is_proposed() -> None:
    """What is told is "you removed 'lovely' in 9 of 10", with that count."""
    same = [(f"Thanks! Have a lovely day, J{at}", f"Thanks! Have a day, J{at}") for at in range(9)]
    found = learning.study(edits(*same, ("Thanks! Have a lovely day", "Thanks! Have a lovely day!!")))
    assert [(one.kind, one.before, one.seen, one.of) for one in found] == [("remove", "lovely", 9, 10)]


def test_four_times_is_not_often() -> None:
    """Nothing is proposed below five of ten."""
    assert learning.study(edits(*[("Hey there! Hi.", "Hi.")] * 4, *[("Good.", "Very good.")] * 6)) == []


def test_a_sentence_removed_and_a_word_replaced_are_proposed() -> None:
    """Whole phrases come as phrases, and another wording comes as both of its sides."""
    found = learning.study(edits(*[("Hello! It is here. Want me to hold it for you?", "Hiya! It is here.")] * 6))
    kinds = {(one.kind, one.before, one.after) for one in found}
    assert ("replace", "hello", "Hiya") in kinds
    assert not any("hold" in one.before for one in found)
    found = learning.study(edits(*[("It is here. Compare with one that fits you?", "It is here.")] * 5))
    assert [(one.kind, one.before) for one in found] == [("remove", "compare with one that fits you")]


@pytest.mark.parametrize(
    ("drafted", "final", "claims"),
    [
        ("It is $85.", "It is $80.", ()),
        ("It is available.", "It is sold.", ()),
        ("It is not on hold.", "It is on hold.", ()),
        ("The suede jacket is here.", "The jacket is here.", ("suede jacket",)),
    ],
)
def test_a_corrected_fact_is_no_rule(drafted: str, final: str, claims: tuple[str, ...]) -> None:
    """A change that touches a figure, a claim or a word that turns a sentence round is never proposed."""
    assert learning.study(edits(*[(drafted, final)] * 10, claims=claims)) == []


@pytest.mark.parametrize(
    ("text", "rules", "wanted"),
    [
        ("Thanks so much! Have a lovely day.", [rule("remove", "lovely")], "Thanks so much! Have a day."),
        ("Hello! It is here.", [rule("replace", "hello", "hiya")], "Hiya! It is here."),
        ("It is here. Want to see it?", [rule("remove", "want to see it")], "It is here."),
        ("Hey there! Welcome.", [rule("remove", "hey there")], "Welcome."),
        ("Yes, lovely, it is.", [rule("remove", "lovely")], "Yes, it is."),
        ("Lovelyness stays.", [rule("remove", "lovely")], "Lovelyness stays."),
        ("Thanks 💛!", [rule("remove", "💛")], "Thanks!"),
        ("Nothing to do.", [rule("remove", "")], "Nothing to do."),
    ],
)
def test_a_rule_changes_the_wording(text: str, rules: list[Rule], wanted: str) -> None:
    """A removal leaves a whole sentence behind: no double space, no lonely comma, a capital at its start."""
    assert learning.apply_rules(text, rules) == wanted


def test_a_rule_never_touches_a_claim() -> None:
    """What stands in a marked claim stays, letter by letter, whatever the rules say."""
    text = "The lovely jacket is lovely, $85."
    start = text.index("lovely jacket")
    kept = learning.apply_rules(text, [rule("remove", "lovely")], [(start, start + len("lovely jacket"))])
    assert kept == "The lovely jacket is, $85."
    assert learning.apply_rules(text, [rule("remove", "lovely jacket is lovely")], [(4, 17)]) == text


def test_only_she_turns_a_rule_on_and_she_can_take_it_back(db: sqlite3.Connection) -> None:
    """Proposed → accepted → withdrawn, or declined; nothing else, and nothing is proposed a second time."""
    assert rows.propose(db, [("remove", "lovely", "", 9, 10), ("replace", "hello", "Hiya", 6, 10)], now=NOW) == [1, 2]
    assert learning.rules_for_prompt(db) == ()
    assert learning.rewriter(db) is None
    assert [one.sentence for one in rows.rules(db, "proposed")] == [
        "you removed “lovely” in 9 of 10",
        "you wrote “Hiya” for “hello” in 6 of 10",
    ]
    rows.decide(db, 1, "accept", now=NOW)
    rows.decide(db, 2, "decline", now=NOW)
    assert learning.rules_for_prompt(db) == ('Do not write "lovely".',)
    rewrite = learning.rewriter(db)
    assert rewrite is not None
    assert rewrite("A lovely day.", ()) == "A day."
    with pytest.raises(NotAllowed):
        rows.decide(db, 2, "accept", now=NOW)
    rows.decide(db, 1, "withdraw", now=NOW)
    assert learning.rewriter(db) is None
    assert rows.propose(db, [("remove", "lovely", "", 10, 10), ("replace", "hello", "Hiya", 9, 10)], now=NOW) == []
    with pytest.raises(NotFound):
        rows.decide(db, 99, "accept", now=NOW)


def test_the_last_ten_edits_are_compared(db: sqlite3.Connection) -> None:
    """`learn` reads the owner's edits from the drafts' rows, ten of them, and keeps what it finds."""
    db.execute("INSERT INTO users (id, tiktok_id, created_at) VALUES (1, 'u', 0)")
    db.execute("INSERT INTO conversations (id, user_id, platform_id, dialect, created_at) VALUES (1, 1, 'c', 'v1', 0)")
    for at in range(14):
        final = "Have a day." if at >= 8 else "Have a lovely day!"
        db.execute(
            "INSERT INTO drafts (conversation_id, state, thread_version, burst_started_at, due_at, text, final_text,"
            " created_at, ended_at) VALUES (1, 'edited', 1, 0, 0, 'Have a lovely day.', ?, 0, ?)",
            (final, at),
        )
    assert learning.learn(db, now=NOW) == [1]
    proposed = rows.rules(db, "proposed")[0]
    assert (proposed.before, proposed.seen, proposed.of) == ("lovely", 6, 10)
