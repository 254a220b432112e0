"""The model drafter through the whole server, against an OpenAI-compatible server of the tests' own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.end_to_end.recorder import Answer, Recorder, Request, ok
from tests.end_to_end.shop import STOCK, Shop, opened, v1


def completion(message: dict[str, Any], finish: str) -> Answer:
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "gpt-4o-2024-11-20",
        "choices": [{"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish}],
        "usage": {"prompt_tokens": 900, "completion_tokens": 40, "total_tokens": 940},
    }
    return 200, {}, json.dumps(body).encode()


def model(request: Request, _number: int) -> Answer:
    """Searches once, then answers from the first row that the tool returned."""
    asked = request.json()
    results = [json.loads(message["content"]) for message in asked["messages"] if message["role"] == "tool"]
    if not results:
        arguments = json.dumps({"query": "nike windbreaker", "size": "L"})
        call = {"id": "call_1", "type": "function", "function": {"name": "search_inventory", "arguments": arguments}}
        return completion({"content": None, "tool_calls": [call]}, "tool_calls")
    piece = results[0]["items"][0]
    reply = f"Yes! The {piece['name']} is available for {piece['price']}, size {piece['size']}."
    answer = {
        "reply": reply,
        "cited_skus": [piece["sku"]],
        "intent": "availability",
        "needs_owner": False,
        "reason": "",
        "language": "en",
        "translation": None,
    }
    return completion({"content": json.dumps(answer)}, "stop")


def test_tools_are_asked_and_the_reply_is_grounded(tmp_path: Path) -> None:
    """The model sees the prompt, the last five messages and the tools; its reply from real rows passes the check."""
    with (
        Recorder(model) as openai,
        Recorder(ok) as platform,
        opened(
            Shop(
                tmp_path / "shop",
                platform.url,
                OPENAI_API_KEY="sk-test",
                OPENAI_BASE_URL=f"{openai.url}/v1",
                # A burst of seven is one draft.
                PHILIA_AGENT__DEBOUNCE_SECONDS="1",
            )
        ) as shop,
    ):
        shop.run("items", "import", str(STOCK))
        shop.serve()
        for number in range(7):
            shop.post(v1(f"e{number}", "ann", f"question {number}: any large nike windbreaker?"))
        draft = shop.draft("ann")
        assert (draft["drafter"], draft["model"], draft["verdict"]) == ("model", "gpt-4o", "pass")
        assert draft["grounding"] == "listed"
        assert any(claim["kind"] == "price" and claim["backed"] for claim in draft["claims"])
        first, *_, last = [request.json() for request in openai.requests]
        assert openai.requests[0].path == "/v1/chat/completions"
        assert openai.requests[0].headers["authorization"] == "Bearer sk-test"
        assert first["model"] == "gpt-4o"
        assert first["store"] is False
        assert first["messages"][0]["role"] == "system"
        assert "search_inventory" in {tool["function"]["name"] for tool in first["tools"]}
        assert first["tool_choice"] == "required"
        told = json.dumps(first["messages"][1:])
        assert [f"question {number}" in told for number in range(7)] == [False, False, True, True, True, True, True]
        rows = json.loads(next(message for message in last["messages"] if message["role"] == "tool")["content"])[
            "items"
        ]
        assert {"name", "sku", "price", "size", "measurements", "description", "status"} <= set(rows[0])
        assert "sk-test" not in (shop.folder / "philia.log").read_text("utf-8")


def test_a_dead_model_falls_to_the_house(tmp_path: Path) -> None:
    """When the model's server breaks, the house drafter answers, and the draft says that it did."""

    def dead(_request: Request, _number: int) -> Answer:
        return 500, {}, b"oops"

    with (
        Recorder(dead) as openai,
        Recorder(ok) as platform,
        opened(
            Shop(tmp_path / "shop", platform.url, OPENAI_API_KEY="sk-test", OPENAI_BASE_URL=f"{openai.url}/v1")
        ) as shop,
    ):
        shop.run("items", "import", str(STOCK))
        shop.serve()
        shop.post(v1("e1", "ann", "is the brown 70s suede jacket still available?"))
        draft = shop.draft("ann")
        assert draft["drafter"] == "house"
        assert "$85" in draft["text"]
        assert draft["needs_owner"] or draft["reasons"]
