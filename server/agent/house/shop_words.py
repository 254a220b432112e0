"""Answers that need no row: the shop's own policies word for word, acknowledgements for the owner, small talk."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from server.agent.house.answer import Answer
from server.agent.house.asks import asks_of
from server.agent.house.find import Reader, last_reply, meant
from server.agent.house.say import LIMIT, Part, Voice
from server.agent.intents import Reading, plain
from server.agent.port import DraftRequest
from server.agent.untrusted import clean, injection_signals

_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+|\n+")
_WORD: Final = re.compile(r"[a-z]{3,}")
_TOPICS_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "shipping": ("location", "pickup", "international", "shipping"),
    "payment": ("payment",),
    "returns": ("returns",),
    "hold": ("holds",),
    "haggling": ("discounts",),
}
_ALSO_CALLED: Final[Mapping[str, tuple[str, ...]]] = {
    "international": ("international", "shipping"),
    "pickup": ("pickup", "location"),
    "holds": ("holds", "hold"),
    "returns": ("returns", "return"),
    "discounts": ("discounts", "discount"),
}
_QUOTED: Final = 170
"""Characters of a policy in one reply, so that a word of ours fits beside it."""


def injections(texts: Sequence[str]) -> tuple[str, ...]:
    """Names what in the texts tries to steer the drafter."""
    return tuple(dict.fromkeys(signal for text in texts for signal in injection_signals(text)))


def without_orders(texts: Sequence[str]) -> tuple[str, ...]:
    """Returns the texts without the sentences that try to steer the drafter."""
    if not injections(texts):
        return tuple(texts)
    return tuple(
        " ".join(sentence for sentence in _SENTENCE.split(text) if not injection_signals(sentence)) for text in texts
    )


def policies(reading: Reading, request: DraftRequest, voice: Voice) -> Answer:
    """Returns the policy sentences that the message asks for; empty when it asks for none."""
    told = Answer()
    for intent in reading.intents:
        if intent not in {"shipping", "payment"}:
            continue
        topic = _topic(intent, reading)
        quoted = quote(topic, reading.text, request.policies, voice)
        if quoted is None:
            told.parts.append(voice.say("no_policy"))
            told.hold("no_policy", topic)
        else:
            told.parts.append(quoted)
            elsewhere = _unnamed_place(topic, reading.text, request.policies, voice)
            if elsewhere:
                told.hold("no_place")
            if voice.book.code != "en" and f"{topic}.{voice.book.code}" not in request.policies:
                told.hold("language")
    return told


def _unnamed_place(topic: str, text: str, given: Mapping[str, str], voice: Voice) -> bool:
    """Tells whether she asks about a place that the quoted policy does not name."""
    words = plain(_policy(topic, given, voice.book.code) or "")
    if voice.book.anywhere.search(words):
        return False
    places = [place for place in voice.book.places.findall(text) if place not in voice.book.places_ignored]
    return any(place not in words.split() for place in places)


def for_owner(intent: str, reading: Reading, request: DraftRequest, reader: Reader, voice: Voice) -> Answer:
    """Returns an acknowledgement that commits to nothing, the policy where there is one, and the owner."""
    told = Answer()
    topic = _topic(intent, reading) if intent in _TOPICS_OF else ""
    quoted = quote(topic, reading.text, request.policies, voice) if topic and intent != "hold" else None
    if quoted is not None and voice.book.code == "en":
        told.parts.append(Part(quoted.forms, needed=False))
    acknowledged = voice.say(intent)
    if intent in {"hold", "haggling"}:
        # The owner sees at once which piece it is about; the reply claims nothing of it.
        for ask in asks_of(reading.text, voice.book):
            result = meant(ask, reader, request.shared, request.discussed, last_reply(request))
            if result.certain:
                told.cited.append(result.pieces[0].sku)
                acknowledged = voice.say(f"{intent}_piece", of=result.pieces[0]) or acknowledged
    told.parts.append(acknowledged)
    told.hold(intent)
    return told


def small_talk(reading: Reading, request: DraftRequest, voice: Voice) -> Answer:
    """Returns a greeting, a thank-you, or an acknowledgement of what no rule knows."""
    if reading.primary == "greeting":
        return Answer([voice.say("greeting", shop=clean(request.shop_name, 40))])
    if reading.primary == "thanks":
        return Answer([voice.say("thanks")])
    told = Answer([voice.say("other")])
    told.hold("not_understood")
    return told


def quote(topic: str, asked: str, given: Mapping[str, str], voice: Voice) -> Part | None:
    """Returns whole sentences of the policy, the nearest to the question first; None without such a topic."""
    words = _policy(topic, given, voice.book.code)
    if words is None:
        return None
    sentences = [sentence.strip() for sentence in _SENTENCE.split(words.strip()) if sentence.strip()]
    wanted = set(_WORD.findall(asked))
    order = sorted(range(len(sentences)), key=lambda at: (-len(wanted & set(_WORD.findall(sentences[at].lower()))), at))
    forms: list[str] = []
    taken: list[int] = []
    for at in order:
        text = " ".join(sentences[number] for number in sorted([*taken, at]))
        if len(text) <= min(_QUOTED, LIMIT):
            taken.append(at)
            forms.append(text)
    return Part(tuple(sorted(forms, key=len, reverse=True))) if forms else None


def _topic(intent: str, reading: Reading) -> str:
    return next((topic for topic in _TOPICS_OF[intent] if topic in reading.topics), _TOPICS_OF[intent][-1])


def _policy(topic: str, given: Mapping[str, str], language: str) -> str | None:
    for name in _ALSO_CALLED.get(topic, (topic,)):
        for key in (f"{name}.{language}", name):
            words = given.get(key, "").strip()
            if words:
                return words
    return None
