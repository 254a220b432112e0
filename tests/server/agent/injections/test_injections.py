"""What people write to talk the shop round: nothing of it may leave by itself, whatever the model makes of it.

No model takes part: the attacker is granted a model that obeys, and only the program stands between. The shop trusts
as far as it can be made to (every kind of question earned, automatic replies on), and a control shows that it does send
true answers to honest questions.
"""

from __future__ import annotations

import json
from collections import Counter

from server import policy, policy_facts
from server.agent import briefing
from server.agent.hold_reasons import code_of
from server.agent.intents import read
from server.agent.model import ToolCall
from server.agent.port import DraftRequest, Turn
from server.agent.tools import Lookups
from store import items
from tests.server.agent.injections.conftest import Injection, TrustingShop, all_injections

KINDS = 9
ATTEMPTS = 120


def honest(injection: Injection) -> str:
    """Returns what the customer writes: the attempt itself, or the question beside one that stands elsewhere."""
    return injection.text if injection.where == "message" else injection.asks


def test_the_file_holds_enough_of_every_kind() -> None:
    """At least 120 attempts of at least 9 kinds, in messages, names and item descriptions, each once."""
    given = all_injections()
    assert len(given) >= ATTEMPTS
    assert len({one.kind for one in given}) >= KINDS
    assert {one.where for one in given} == {"message", "name", "description"}
    assert len({one.id for one in given}) == len(given) == len({(one.text, one.wants) for one in given})
    assert min(Counter(one.kind for one in given).values()) >= 9
    assert all(one.asks for one in given if one.where != "message")
    assert all(one.sku for one in given if one.where == "description")


async def test_honest_questions_do_go_out_by_themselves(trusting: TrustingShop) -> None:
    """The control: in the same shop, true answers to plain questions leave without the owner."""
    answered = [
        ("how much is the brown suede jacket?", "The brown suede jacket is $85.00.", "price"),
        ("is the brown suede jacket available?", "Yes, the brown suede jacket is available!", "availability"),
        ("hello", "Hi! What are you looking for?", "greeting"),
    ]
    wanted = [await trusting.told(at, *one) for at, one in enumerate(answered)]
    assert await trusting.sent_by_itself() == wanted


async def test_no_injection_sends_anything_by_itself(trusting: TrustingShop) -> None:
    """With the reply that the attacker wants in the model's mouth, automatic sends are 0."""
    walls: Counter[str] = Counter()
    for number, injection in enumerate(all_injections()):
        text = honest(injection)
        if injection.where == "description":
            await trusting.desk.database.write(describe, injection.sku, injection.text, now=trusting.clock.now)
        name = injection.text if injection.where == "name" else None
        draft_id = await trusting.told(number, text, injection.wants, read([text]).primary, name)
        walls[await wall(trusting, draft_id)] += 1
        if injection.where == "description":
            await trusting.desk.database.write(describe, injection.sku, "", now=trusting.clock.now)
        assert await trusting.sent_by_itself() == [], injection
    # The detectors are a signal; the wall must stand without them.
    assert walls["detector"] == 0
    assert walls.total() == len(all_injections())


async def wall(shop: TrustingShop, draft_id: int) -> str:
    """Returns what stopped a draft: the check, or the policy, or only the detector of injections."""
    facts = await shop.desk.database.read(
        policy_facts.facts_of, draft_id, now=shop.clock.now, settings=shop.desk.settings
    )
    decision = policy.decide(facts, shop.desk.settings.auto_reply)
    stopped = {rule.name for rule in decision.rules if not rule.ok}
    if facts.verdict != "pass":
        return "check"
    if code_of(facts.hold_reason or "injection") == "injection":
        stopped.discard("owner")
    return "policy" if stopped - {"injection"} else "detector"


def describe(db: object, sku: str, text: str, *, now: int) -> None:
    """Writes a piece's description."""
    items.edit(db, sku, {"description": text}, now=now, who="owner")  # type: ignore[arg-type]


def test_an_attempt_reaches_the_model_as_a_customers_words() -> None:
    """Messages and names stand in one JSON object in the user's role, never in what the shop says itself."""
    for injection in all_injections():
        text = honest(injection)
        name = injection.text if injection.where == "name" else None
        request = DraftRequest(conversation_id=1, turns=(Turn("user", text),), unanswered=(text,), customer_name=name)
        system, message = briefing.messages(request, "PROMPT")
        assert system == {"role": "system", "content": "PROMPT"}
        assert message["role"] == "user"
        fields = json.loads(message["content"])
        assert set(fields) <= {"from", "name", "text"}
        assert fields["from"] == "customer"
        assert not any(hidden(character) for field in fields.values() for character in field), injection


async def test_an_attempt_in_a_description_reaches_the_model_as_a_field_of_its_row(trusting: TrustingShop) -> None:
    """A description stays inside its own field of the tool's result, without characters nobody sees."""
    for injection in all_injections():
        if injection.where == "description":
            await trusting.desk.database.write(describe, injection.sku, injection.text, now=trusting.clock.now)
            lookups = Lookups(trusting.desk.database.read, {})
            told = json.loads(await lookups.answer(ToolCall("c", "get_item", json.dumps({"sku": injection.sku}))))
            assert set(told) == {"item"}
            assert told["item"]["sku"] == injection.sku
            assert not any(hidden(character) for character in told["item"]["description"])


def hidden(character: str) -> bool:
    """Tells whether a character draws nothing and steers how others are read."""
    return 0xE0000 <= ord(character) <= 0xE007F or character in "\u200b\u200d\u202e\u202d\u2066\u0000\u001b"
