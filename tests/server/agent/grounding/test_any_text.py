"""The check on texts that nobody would send: never an exception, never slow, never lenient for want of evidence."""

from __future__ import annotations

import dataclasses
import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.agent.evidence import Evidence, Search
from server.agent.grounding import LONGEST, check
from store.stock import Piece
from tests.server.agent.grounding.drafts import absent_draft, true_draft
from tests.server.agent.grounding.mutations import MUTATIONS, mutants

PIECE = Piece(
    sku="N-1",
    name="Nike Windbreaker",
    brand="Nike",
    category="Jackets & Coats",
    size="L",
    price_cents=4500,
    color="navy",
    era="90s",
    measurements={"pit_to_pit": 622, "length": 711},
    condition="used",
    description="Two zip pockets. No holes. 100% nylon.",
)
EVIDENCE = Evidence((PIECE,), {"shipping": "We ship within 3 business days."}, (Search("nike", ("N-1",)),))
WORDS = st.sampled_from(
    [
        "the",
        "Nike",
        "windbreaker",
        "is",
        "not",
        "available",
        "sold",
        "on",
        "hold",
        "$45",
        "45",
        '24.5"',
        "pit",
        "to",
        "pit",
        "length",
        "size",
        "L",
        "XL",
        "yes",
        "no",
        "and",
        ",",
        ".",
        "?",
        "!",
        "if",
        "we",
        "have",
        "couldn't",
        "find",
        "only",
        "free",
        "ship",
        "it's",
        "never",
        "new",
        "navy",
        "90s",
        "half",
        "{name}",
        "12x30",
        "100%",
        "½",
        "sí",
        "está",
        "vendida",
        "talla",
        "cm",
        "both",
        "together",
        "a",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=300), st.text(max_size=80))
def test_any_text_gets_a_verdict(reply: str, question: str) -> None:
    """Any text at all gets a verdict with spans inside it."""
    verdict = check(reply, EVIDENCE, question)
    for claim in verdict.claims:
        assert 0 <= claim.span[0] <= claim.span[1] <= len(reply)
    assert (verdict.verdict == "hold") == bool(verdict.reasons)


@settings(max_examples=300, deadline=None)
@given(st.lists(WORDS, max_size=25).map(" ".join), st.lists(WORDS, max_size=8).map(" ".join))
def test_any_words_in_any_order_get_a_verdict(reply: str, question: str) -> None:
    """Known words in any order get a verdict, the same one every time."""
    first = check(reply, EVIDENCE, question)
    assert check(reply, EVIDENCE, question) == first


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=120), st.text(max_size=200), st.text(max_size=40))
def test_any_row_is_read(name: str, description: str, brand: str) -> None:
    """Rows and policies may hold any text too."""
    piece = dataclasses.replace(PIECE, name=name, description=description, brand=brand, size=name[:5], color=brand)
    check(f"Yes, the {name} is available!", Evidence((piece,), {brand: description}), description)


@pytest.mark.parametrize(
    "part",
    [
        "a",
        "1",
        "a.",
        "1.1,",
        "@",
        "a@",
        "-",
        "{",
        "[a",
        "$",
        "½",
        "no ",
        "a-",
        "1 ",
        "one ",
        "and a half ",
        "the Nike windbreaker ",
        "not available ",
        "pit to pit 24.5 ",
        "www.",
        "a.b.",
        "\u0301",
        "\u200b",
        "No. ",
        "no holes ",
        "we have and ",
        "24.5 in, ",
        "if ",
        "Yes! ",
        "only ",
        "couldn't find any ",
    ],
)
def test_long_and_pathological_texts_end_soon(part: str) -> None:
    """No text makes the check slow: as long a text of the worst kind as it reads takes seconds at most, even here."""
    text = (part * LONGEST)[:LONGEST]
    started = time.process_time()
    check(text, EVIDENCE, text)
    assert time.process_time() - started < 2


def test_a_text_longer_than_a_message_is_held() -> None:
    """What TikTok would not take is no reply."""
    assert check("hi " * LONGEST, EVIDENCE).verdict == "hold"


def _less(rng: random.Random, evidence: Evidence, about: str) -> Evidence:
    """Takes something away: the piece spoken of, a field of it, the searches or the policies."""
    at = next((number for number, piece in enumerate(evidence.pieces) if piece.sku == about), None)
    choice = rng.randrange(8)
    if choice == 0 or at is None:
        return dataclasses.replace(evidence, searches=(), policies={})
    piece = evidence.pieces[at]
    bare = [
        None,
        dataclasses.replace(piece, description=""),
        dataclasses.replace(piece, price_cents=None),
        dataclasses.replace(piece, measurements={}),
        dataclasses.replace(piece, size=""),
        dataclasses.replace(piece, color="", era="", material=""),
        dataclasses.replace(piece, condition="", category=""),
        piece,
    ][choice]
    rest = [one for number, one in enumerate(evidence.pieces) if number != at]
    kept = rest if bare is None or choice == 7 else [*evidence.pieces[:at], bare, *evidence.pieces[at + 1 :]]
    return dataclasses.replace(evidence, pieces=tuple(kept))


def test_removing_evidence_never_turns_hold_into_pass() -> None:
    """What is held with all the evidence is held with less of it."""
    rng = random.Random(8)
    for family in sorted(MUTATIONS):
        for draft in mutants(family, 51, 25):
            if check(draft.reply, draft.evidence, draft.question).verdict == "hold":
                less = _less(rng, draft.evidence, draft.piece.sku)
                assert check(draft.reply, less, draft.question).verdict == "hold", (draft.reply, less)


def test_true_drafts_without_their_piece_are_held() -> None:
    """A true draft says nothing true any more when its row or its search is gone."""
    rng = random.Random(9)
    for number in range(200):
        draft = absent_draft(rng) if number % 5 == 0 else true_draft(rng)
        rest = tuple(piece for piece in draft.evidence.pieces if piece.sku != draft.piece.sku)
        assert check(draft.reply, Evidence(rest), draft.question).verdict == "hold", draft.reply


def test_the_reply_is_never_rewritten() -> None:
    """The check returns places and reasons only; the evidence it was given is unchanged."""
    before = repr(EVIDENCE)
    check("The Nike windbreaker is $46", EVIDENCE, "how much?")
    assert repr(EVIDENCE) == before
