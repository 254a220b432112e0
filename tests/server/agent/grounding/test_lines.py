"""`philia check`: one JSON object in, one out."""

from __future__ import annotations

import json

import pytest

from server.agent.grounding import BadLine, check_line

ITEM = {
    "sku": "J-014",
    "name": "Brown Suede Jacket",
    "brand": "",
    "category": "Jackets & Coats",
    "size": "M",
    "price": "85.00",
    "currency": "USD",
    "measurements": {"pit_to_pit": 21.0, "length": 25.0},
    "unit": "in",
    "color": "brown",
    "era": "70s",
    "condition": "used",
    "status": "available",
    "description": "",
}


def ask(reply: str, customer: str = "", **more: object) -> dict[str, object]:
    """Returns the answer to one line."""
    return check_line(json.dumps({"id": "x", "customer": customer, "reply": reply, "items": [ITEM], **more}))


def test_a_true_reply_passes_with_its_claims() -> None:
    """A backed reply answers with the public shape: id, verdict, grounding, reasons, claims."""
    answer = ask("Yes! The suede jacket is here, $85. Pit-to-pit 21 in.", "is the suede one still there?")
    assert answer["id"] == "x"
    assert answer["verdict"] == "pass"
    assert answer["grounding"] == "listed"
    assert answer["reasons"] == []
    claims = answer["claims"]
    assert isinstance(claims, list)
    price = next(claim for claim in claims if claim["kind"] == "price")
    assert price == {
        "span": [31, 34],
        "kind": "price",
        "sku": "J-014",
        "field": "price",
        "value": "85.00",
        "backed": True,
    }


def test_a_false_price_is_held_with_its_place_and_the_fact() -> None:
    """The reason points at the price and names what the row says."""
    answer = ask("The suede jacket is $58.")
    assert answer["verdict"] == "hold"
    assert answer["grounding"] == "inferred"
    reasons = answer["reasons"]
    assert isinstance(reasons, list)
    assert reasons[0]["span"] == [20, 23]
    assert reasons[0]["kind"] == "price"
    assert "85.00" in reasons[0]["reason"]


def test_a_quoted_policy_is_policy() -> None:
    """A sentence of the shop's own policy passes as "policy"; without the policy it is held."""
    policies = {"shipping": "We ship within 3 business days."}
    assert ask("We ship within 3 business days.", policies=policies)["grounding"] == "policy"
    assert ask("We ship within 3 business days.")["verdict"] == "hold"


def test_a_search_backs_an_absence() -> None:
    """An honest "couldn't find" needs a finished search that found none."""
    found_none = {"items": [], "searches": [{"query": "nike windbreaker L", "skus": []}]}
    reply = "Sorry, I couldn't find a Nike windbreaker in L right now."
    assert ask(reply, "nike windbreaker in L?", **found_none)["verdict"] == "pass"
    assert ask(reply, "nike windbreaker in L?", items=[])["verdict"] == "hold"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[]", "not an object"),
        ("{}", "reply"),
        ('{"reply": 3}', "reply"),
        ('{"reply": "x", "customer": 3}', "customer"),
        ('{"reply": "x", "items": {}}', "items"),
        ('{"reply": "x", "items": [3]}', "number 1"),
        ('{"reply": "x", "items": [{"price": "abc"}]}', "price"),
        ('{"reply": "x", "items": [{"status": "lost"}]}', "status"),
        ('{"reply": "x", "items": [{"measurements": {"length": "long"}}]}', "measurement"),
        ('{"reply": "x", "policies": []}', ""),
        ('{"reply": "x", "policies": [1]}', "policies"),
        ('{"reply": "x", "searches": [1]}', "searches"),
        ('{"reply": "x", "searches": [{"skus": 3}]}', "skus"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_a_malformed_line_says_what_is_wrong(line: str, says: str) -> None:
    """What cannot be read raises BadLine naming the field, and nothing else."""
    if not says:
        assert check_line(line)["verdict"] in {"pass", "hold"}
        return
    with pytest.raises(BadLine, match=says):
        check_line(line)


def test_centimetre_shops_are_read_in_centimetres() -> None:
    """Measurements are in the items' own unit."""
    item = {**ITEM, "unit": "cm", "measurements": {"pit_to_pit": 62.0, "length": 71.0}}
    assert ask("Pit to pit is 62 cm.", items=[item])["verdict"] == "pass"
    assert ask("Pit to pit is 24.5 inches.", items=[item])["verdict"] == "pass"
    assert ask("Pit to pit is 63 cm.", items=[item])["verdict"] == "hold"
    assert ask("Pit to pit is 62 inches.", items=[item])["verdict"] == "hold"


def test_for_whom_a_hold_is_no_row_says() -> None:
    """A held piece is "on hold for you" only when the line says that the hold is hers; "on hold" it is by the row."""
    held = {**ITEM, "status": "held"}
    hers = {"id": 1, "reply": "It's on hold for you!", "items": [held]}
    assert check_line(json.dumps(hers))["verdict"] == "hold"
    assert check_line(json.dumps({**hers, "held_for_her": [ITEM["sku"]]}))["verdict"] == "pass"
    assert check_line(json.dumps({**hers, "reply": "It's on hold right now."}))["verdict"] == "pass"


def test_a_line_end_ends_a_sentence() -> None:
    """A list of pieces, one a line, gives each its own size; a size on the wrong line is held."""
    other = {**ITEM, "sku": "D-2", "name": "Slip Dress", "brand": "", "category": "Dresses", "size": "S"}
    line = {"id": 1, "customer": "what sizes?", "items": [{**ITEM, "size": "L", "category": "Jackets & Coats"}, other]}
    right = check_line(json.dumps({**line, "reply": "Jacket: L\nDress: S"}))
    wrong = check_line(json.dumps({**line, "reply": "Jacket: S\nDress: L"}))
    assert (right["verdict"], wrong["verdict"]) == ("pass", "hold")
