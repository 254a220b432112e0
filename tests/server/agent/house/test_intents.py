"""The rules that read intents, languages and escalations, judged by labels that people wrote."""

from __future__ import annotations

import time

import pytest

from server.agent import intents
from server.agent.phrasebook import INTENTS, available, phrasebook
from tests.server.agent.house.confusion import phrasings, right


def test_the_labelled_file_is_whole() -> None:
    """There are at least 300 phrasings in two languages, every intent is among them, and a third is held out."""
    rows = phrasings()
    assert len(rows) >= 300
    assert {row.language for row in rows} == {"en", "es"}
    assert {intent for row in rows for intent in row.intents} == set(INTENTS)
    assert 0.25 < sum(row.held_out for row in rows) / len(rows) < 0.4
    assert len({row.text for row in rows}) == len(rows)


def test_primary_intents_are_read(subtests: pytest.Subtests) -> None:
    """The primary intent is right in 92 % of all phrasings, and of those that nobody tuned on."""
    rows = phrasings()
    for name, part in (("all", rows), ("held out", [row for row in rows if row.held_out])):
        with subtests.test(name):
            primary, whole, language = right(part)
            assert primary >= 0.92
            assert whole >= 0.85
            assert language >= 0.92


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("is it still available", "en"),
        ("¿sigue disponible?", "es"),
        ("J-014?", "en"),
        ("🔥", "en"),
        ("", "en"),
        ("Haben Sie das noch in Größe M?", "und"),
        ("combien coûte la veste avec la livraison?", "und"),
        ("quanto custa essa jaqueta?", "und"),
        ("これはまだありますか", "und"),
        ("есть в наличии?", "und"),
    ],
)
def test_languages_are_told_apart(text: str, language: str) -> None:
    """A language with no phrasebook is unknown, not guessed."""
    assert intents.language_of(text) == language


@pytest.mark.parametrize(
    "text",
    [
        "I want my money back",
        "I'll sue you",
        "is this fake?",
        "this is a SCAM",
        "s c a m? no. you are scammers",
        "am i talking to a bot",
        "are you a real person?",
        "im only 14",
        "can my mom's card be used, I'm 12 years old",
        "pay you on cashapp instead?",
        "text me on whatsapp",
        "can we do this off the app",
        "it came damaged",
        "f**k you, you fucking thief",
        "quiero un reembolso",
        "voy a llamar a mi abogado",
        "eres un bot?",
        "tengo 14 años",
        "te pago por bizum fuera de la app",
    ],
)
def test_escalation_words_are_heard(text: str) -> None:
    """Refunds, the law, accusations, bots, minors, payment elsewhere, complaints, abuse: each is named."""
    assert intents.escalations_of([text])
    assert intents.read(text).for_owner


@pytest.mark.parametrize(
    "text",
    [
        "is the jacket still available?",
        "how much is it",
        "do you have size 14 dresses",
        "im 5'10 and 160 lbs would it fit",
        "waist 16 inches flat?",
        "do you take credit cards",
        "love this shop",
        "does it have a real leather lining",
        "what does it measure",
        "hola, cuánto cuesta la falda",
    ],
)
def test_plain_questions_escalate_nothing(text: str) -> None:
    """An ordinary question is not sent to the owner for a word in it."""
    assert intents.escalations_of([text]) == ()


def test_spelling_is_mended_towards_key_words_only() -> None:
    """A letter off in a key word is forgiven; a word of the shop's own is never bent into one."""
    assert intents.intents_of("is it avialable") == ("availability",)
    assert intents.intents_of("mesurments pls")[0] == "measurement"
    assert "price" not in intents.intents_of("do you have the Prince tee")


def test_hostile_text_is_read_in_bounded_time() -> None:
    """Text made to be slow for patterns takes no longer than a page of prose: all of it is capped and bounded."""
    slowest = 0.0
    for text in ("a " * 50_000, "is the " * 9_000, "would it " * 5_000 + "38", "!" * 99_999, "how much " * 9_000):
        began = time.process_time()
        intents.read([text] * 20)
        slowest = max(slowest, time.process_time() - began)
    # A bound a hundred times above what is measured (30 ms), so that it fails for a blow-up and for nothing else.
    assert slowest < 3.0


def test_every_language_says_the_same_things() -> None:
    """A phrasebook is complete: the same replies, intents, topics and escalations in each language."""
    english = phrasebook("en")
    for code in available():
        other = phrasebook(code)
        assert set(other.replies) == set(english.replies)
        assert set(other.ranks) == set(english.ranks)
        assert set(other.escalation) == set(english.escalation)
        assert set(other.topics) == set(english.topics)


def test_an_unknown_language_is_named() -> None:
    """A phrasebook that does not exist is refused with the ones that do."""
    with pytest.raises(KeyError, match="en, es"):
        phrasebook("../en")
