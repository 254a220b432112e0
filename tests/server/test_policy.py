"""The policy: each rule alone stops a reply, nothing but all of them together lets it go."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.policy import decide
from server.policy_facts import PolicyFacts
from server.settings import AutoReply
from store.autonomy import KINDS, Standing
from store.clock import HOUR, MINUTE, SECOND

NOW = 1_800_000_000_000
ON = AutoReply(mode="on")


def standing(kind: str, *, earned: bool = True) -> Standing:
    return Standing(kind=kind, earned=earned, decisions=20, unedited=20, needed=20)


GOOD = PolicyFacts(
    now=NOW,
    minute_of_day=12 * 60,
    paused=False,
    conversation_mode="auto",
    auto_paused_until=None,
    blocked=False,
    state="ready",
    cause="message",
    drafter="house",
    needs_owner=False,
    hold_reason=None,
    draft_intents=("availability",),
    rule_intents=("availability",),
    verdict="pass",
    grounding="listed",
    claims=2,
    unbacked=0,
    pieces_named=1,
    exact=True,
    stock_broken=None,
    promised_elsewhere=None,
    window_left_ms=5 * HOUR,
    quota_left=10,
    answers_newest=True,
    unseen_media=False,
    typing_ms_ago=None,
    in_a_row=0,
    in_a_day=0,
    open_deliveries=0,
    escalations=(),
    injections=(),
    language="en",
    languages=("en", "es"),
    length=120,
    standings={kind: standing(kind) for kind in set(KINDS.values())},
)

AGAINST: list[tuple[str, dict[str, Any]]] = [
    ("pause", {"paused": True}),
    ("conversation", {"conversation_mode": "review"}),
    ("conversation", {"conversation_mode": "paused"}),
    ("rest", {"conversation_mode": "paused"}),
    ("rest", {"auto_paused_until": NOW + 1}),
    ("rest", {"blocked": True}),
    ("draft", {"state": "superseded"}),
    ("draft", {"state": "approved"}),
    ("draft", {"cause": "instruct"}),
    ("draft", {"cause": "sold"}),
    ("draft", {"open_deliveries": 1}),
    ("owner", {"needs_owner": True}),
    ("intent", {"rule_intents": ("browse",), "draft_intents": ("browse",)}),
    ("intent", {"rule_intents": ("availability", "hold")}),
    ("intent", {"rule_intents": ("complaint",), "draft_intents": ("complaint",)}),
    ("intent", {"rule_intents": ("returns",), "draft_intents": ("returns",)}),
    ("intent", {"rule_intents": ("thanks",), "draft_intents": ("thanks",)}),
    ("intent", {"draft_intents": ("price",)}),
    ("intent", {"draft_intents": ()}),
    ("exact", {"exact": False}),
    ("exact", {"pieces_named": 0}),
    ("grounding", {"verdict": "hold"}),
    ("grounding", {"verdict": None}),
    ("grounding", {"unbacked": 1}),
    ("grounding", {"grounding": "inferred"}),
    ("grounding", {"rule_intents": ("shipping",), "draft_intents": ("shipping",), "claims": 0}),
    ("stock", {"stock_broken": "J-014 was sold"}),
    ("line", {"promised_elsewhere": "another customer stands in line for J-014"}),
    ("window", {"window_left_ms": None}),
    ("window", {"window_left_ms": 60 * SECOND + 10 * MINUTE - 1}),
    ("quota", {"quota_left": None}),
    ("quota", {"quota_left": 2}),
    ("newest", {"answers_newest": False}),
    ("media", {"unseen_media": True}),
    ("typing", {"typing_ms_ago": 59 * SECOND}),
    ("in_a_row", {"in_a_row": 2}),
    ("per_day", {"in_a_day": 5}),
    ("escalation", {"escalations": ("a refund",)}),
    ("injection", {"injections": ("speaks as the system",)}),
    ("language", {"language": "und"}),
    ("language", {"language": None}),
    ("length", {"length": 201}),
    ("length", {"length": 0}),
    ("earned", {"standings": {}}),
    ("earned", {"standings": {"availability": standing("availability", earned=False)}}),
]


def test_all_rules_together_let_a_reply_go() -> None:
    """With every fact in order the draft is allowed, and every rule's answer is kept."""
    decision = decide(GOOD, ON)
    assert decision.allowed
    assert decision.would
    assert len(decision.rules) == len({rule.name for rule in decision.rules}) == 24
    assert all(row["detail"] for row in decision.as_json())


@pytest.mark.parametrize(("name", "fact"), AGAINST)
def test_one_fact_against_it_stops_it(name: str, fact: dict[str, Any]) -> None:
    """Each rule stops a reply alone, says why, and no other switch outweighs it."""
    decision = decide(replace(GOOD, **fact), ON)
    assert not decision.allowed
    assert name in {rule.name for rule in decision.rules if not rule.ok}
    assert decision.against


@pytest.mark.parametrize("mode", ["off", "shadow"])
def test_only_on_sends(mode: Any) -> None:
    """Off and shadow never send; what would have gone is still told."""
    decision = decide(GOOD, AutoReply(mode=mode))
    assert not decision.allowed
    assert decision.would


def test_shadow_looks_past_trust_only() -> None:
    """Shadow counts what only the owner's trust keeps back, and nothing that any other rule stops."""
    trusted_less = replace(GOOD, conversation_mode="review", standings={"availability": standing("x", earned=False)})
    assert decide(trusted_less, AutoReply(mode="shadow")).would
    for name, fact in AGAINST:
        if name not in {"conversation", "earned"}:
            assert not decide(replace(GOOD, **fact), AutoReply(mode="shadow")).would, name


@pytest.mark.parametrize(
    ("hours", "minute", "quiet"),
    [
        ("22:00-08:00", 23 * 60, True),
        ("22:00-08:00", 0, True),
        ("22:00-08:00", 7 * 60 + 59, True),
        ("22:00-08:00", 8 * 60, False),
        ("22:00-08:00", 21 * 60 + 59, False),
        ("12:00-13:00", 12 * 60, True),
        ("12:00-13:00", 13 * 60, False),
        ("00:00-00:00", 700, True),
        ("", 0, False),
    ],
)
def test_quiet_hours(hours: str, minute: int, quiet: bool) -> None:
    """Quiet hours hold over midnight too; the first minute is quiet, the last is not."""
    decision = decide(replace(GOOD, minute_of_day=minute), AutoReply(mode="on", quiet_hours=hours))
    assert decision.allowed is not quiet


def test_a_greeting_beside_a_question_does_not_count() -> None:
    """With "hi" before it a question stays what it is; a bare greeting is its own kind."""
    polite = replace(GOOD, rule_intents=("availability", "greeting"))
    assert decide(polite, ON).allowed
    hello = replace(GOOD, rule_intents=("greeting",), draft_intents=("greeting",), claims=0, pieces_named=0)
    assert decide(hello, ON).allowed
    only_stock = AutoReply(mode="on", intents=("availability",))
    assert not decide(hello, only_stock).allowed


def test_every_kind_in_a_message_must_be_earned() -> None:
    """Two questions go out only when both kinds are earned."""
    both = replace(GOOD, rule_intents=("availability", "price"))
    assert decide(both, ON).allowed
    half = {**GOOD.standings, "price": standing("price", earned=False)}
    assert not decide(replace(both, standings=half), ON).allowed


@given(st.sets(st.sampled_from(range(len(AGAINST))), min_size=1, max_size=6))
def test_nothing_makes_up_for_a_broken_rule(chosen: set[int]) -> None:
    """However many facts are changed for the worse, the answer stays no and never raises."""
    facts = GOOD
    for number in sorted(chosen):
        facts = replace(facts, **AGAINST[number][1])
    assert not decide(facts, ON).allowed
