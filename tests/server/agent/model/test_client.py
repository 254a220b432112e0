"""The model client against a real local HTTP server: every way in which such a server can answer, or not."""

from __future__ import annotations

import asyncio
import json
import socket
from contextlib import suppress
from typing import Any

import pytest

from server.agent.client import ChatModel, retry_after
from server.agent.model import ModelFault, Question
from tests.server.agent.model.far_end import Say, calls, completion, far_end, fault, final, listening

TOOLS = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}]


class Naps:
    """A sleep that takes no time and remembers how long it was to be."""

    def __init__(self) -> None:
        self.taken: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)


def question(seconds: float = 45.0) -> Question:
    return Question(
        messages=[{"role": "system", "content": "s"}, {"role": "user", "content": "u"}],
        tools=TOOLS,
        tool_choice="required",
        seconds_left=seconds,
    )


def client(base_url: str, naps: Naps, timeout_seconds: float = 5.0) -> ChatModel:
    return ChatModel(
        model="gpt-4o",
        api_key="sk-secret",
        base_url=base_url,
        timeout_seconds=timeout_seconds,
        sleep=naps,
        chance=lambda: 0.0,
        clock=lambda: 1_700_000_000_000,
    )


async def test_a_request_has_the_documented_form() -> None:
    """A question is posted to {base_url}/chat/completions with model, messages, tools, choice, schema and store off."""
    naps = Naps()
    async with far_end(final("hello")) as end, client(end.base_url, naps) as model:
        answer = await model.ask(question())
    assert end.paths == ["POST /v1/chat/completions HTTP/1.1"]
    [asked] = end.asked
    assert asked["model"] == "gpt-4o"
    assert [message["role"] for message in asked["messages"]] == ["system", "user"]
    assert asked["tools"] == TOOLS
    assert asked["tool_choice"] == "required"
    assert asked["store"] is False
    assert asked["response_format"]["json_schema"]["strict"] is True
    assert end.headers[0]["authorization"] == "Bearer sk-secret"
    assert json.loads(answer.content or "")["reply"] == "hello"
    assert (answer.tokens_in, answer.tokens_out, answer.request_id) == (100, 20, "req_1")
    assert not naps.taken


async def test_tool_calls_are_read_in_order_with_their_ids() -> None:
    """Parallel tool calls come back in the order and with the ids and argument strings the server wrote."""
    said = calls(("a", "search_inventory", {"query": "nike"}), ("b", "get_item", "{not json"))
    async with far_end(said) as end, client(end.base_url, Naps()) as model:
        answer = await model.ask(question())
    assert [(call.id, call.name) for call in answer.tool_calls] == [("a", "search_inventory"), ("b", "get_item")]
    assert answer.tool_calls[1].arguments == "{not json"
    assert answer.finish == "tool_calls"


async def test_calls_without_ids_get_ids_of_their_own() -> None:
    """Two calls that share an id, or have none, can still each be answered."""
    said = calls(("", "get_item", {"sku": "A"}), ("x", "get_item", {"sku": "B"}), ("x", "get_item", {"sku": "C"}))
    async with far_end(said) as end, client(end.base_url, Naps()) as model:
        answer = await model.ask(question())
    ids = [call.id for call in answer.tool_calls]
    assert all(ids)
    assert len(set(ids)) == 3


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (fault(400, "context_length_exceeded"), "context_too_long"),
        (fault(400, "invalid_value"), "bad_request"),
        (fault(400, "content_policy_violation"), "content_filter"),
        (fault(401, "invalid_api_key", message="Incorrect API key provided: sk-secret"), "bad_key"),
        (fault(403, "unsupported_country"), "no_access"),
        (fault(404, "model_not_found"), "no_such_model"),
        (fault(429, "insufficient_quota"), "quota_spent"),
        (fault(418), "bad_request"),
        (Say(400, b"<html>nginx</html>"), "bad_request"),
        (Say(200, b"<html>captive portal</html>", {"content-type": "text/html"}), "not_json"),
        (Say(200, b'{"choices": [{"message": {"content": "half'), "not_json"),
        (Say(200, b""), "not_json"),
        (Say(200, b"[1]"), "not_json"),
        (Say(200, b'{"error": {"message": "overloaded"}}'), "no_choices"),
        (Say(200, b'{"choices": []}'), "no_choices"),
        (Say(200, b'{"choices": [null]}'), "no_choices"),
        (Say(200, b'{"choices": [{"finish_reason": "stop"}]}'), "no_choices"),
        (Say(200, b"[" * 100_000), "not_json"),
    ],
)
async def test_what_cannot_pass_by_itself_is_asked_once(said: Say, code: str) -> None:
    """A failure that a second try cannot mend is named at once and never retried; no secret stands in the fault."""
    naps = Naps()
    async with far_end(said) as end, client(end.base_url, naps) as model:
        with pytest.raises(ModelFault) as caught:
            await model.ask(question())
    assert caught.value.code == code
    assert len(end.asked) == 1
    assert not naps.taken
    assert "sk-secret" not in f"{caught.value!r} {caught.value.__cause__!r}"


@pytest.mark.parametrize("status", [500, 502, 503, 529])
async def test_a_server_error_is_retried_once(status: int) -> None:
    """A 5xx is tried once more after a pause, and the second answer counts."""
    naps = Naps()
    async with far_end(fault(status), final("hello")) as end, client(end.base_url, naps) as model:
        answer = await model.ask(question())
    assert "hello" in (answer.content or "")
    assert len(end.asked) == 2
    assert naps.taken == [0.5]


async def test_two_server_errors_are_enough() -> None:
    """A second 5xx ends the question with its name and the id of the request."""
    naps = Naps()
    async with far_end(fault(503)) as end, client(end.base_url, naps) as model:
        with pytest.raises(ModelFault) as caught:
            await model.ask(question())
    assert (caught.value.code, caught.value.request_id, len(end.asked)) == ("server_error", "req_bad", 2)


async def test_retry_after_is_honoured() -> None:
    """A 429 that names its pause is tried again after exactly that pause."""
    naps = Naps()
    async with far_end(fault(429, retry_after="7"), final("hello")) as end, client(end.base_url, naps) as model:
        await model.ask(question())
    assert naps.taken == [7.0]


async def test_a_rate_limit_without_a_pause_gets_ours() -> None:
    """A 429 without Retry-After is tried again after the house's own pause."""
    naps = Naps()
    async with far_end(fault(429, "rate_limit_exceeded"), final("hi")) as end, client(end.base_url, naps) as model:
        await model.ask(question())
    assert naps.taken == [0.5]
    assert len(end.asked) == 2


async def test_a_pause_longer_than_the_draft_is_not_waited_for() -> None:
    """A 429 that asks for more time than the draft has left is given up at once."""
    naps = Naps()
    async with far_end(fault(429, retry_after="60")) as end, client(end.base_url, naps) as model:
        with pytest.raises(ModelFault) as caught:
            await model.ask(question(45.0))
    assert caught.value.code == "rate_limited"
    assert len(end.asked) == 1
    assert not naps.taken


async def test_a_slow_server_is_given_up() -> None:
    """A server that does not answer within the timeout is tried twice and then called late."""
    naps = Naps()
    async with far_end(Say(hang=True)) as end, client(end.base_url, naps) as model:
        # Importing the package takes longer than what is timed here.
        await model.open()
        model._timeout = 0.1
        with pytest.raises(ModelFault) as caught:
            await model.ask(question())
    assert caught.value.code == "timeout"
    assert len(end.asked) == 2


async def test_an_answer_that_trickles_is_given_up() -> None:
    """A server that sends a byte now and then does not get more time than one that sends none."""

    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
        while not reader.at_eof():
            writer.write(b" ")
            await writer.drain()
            with suppress(TimeoutError):
                await asyncio.wait_for(reader.read(65_536), 0.02)

    async with listening(trickle) as base_url, client(base_url, Naps()) as model:
        await model.open()
        model._timeout = 0.1
        with pytest.raises(ModelFault) as caught:
            await model.ask(question())
    assert caught.value.code == "timeout"


@pytest.mark.parametrize("said", [Say(200, completion("hello").body, cut=True), Say(drop=True)])
async def test_a_connection_that_breaks_off_is_tried_once_more(said: Say) -> None:
    """Half an answer is no answer: a cut connection is tried once more, then named."""
    async with far_end(said) as end, client(end.base_url, Naps()) as model:
        with pytest.raises(ModelFault) as caught:
            await model.ask(question())
    assert caught.value.code == "cut"
    assert len(end.asked) == 2


async def test_nobody_at_the_address() -> None:
    """A server that is not there is named unreachable after one more try."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        base_url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    naps = Naps()
    async with client(base_url, naps) as model:
        with pytest.raises(ModelFault) as caught:
            await model.ask(question())
    assert caught.value.code == "unreachable"
    assert naps.taken == [0.5]


@pytest.mark.parametrize(
    ("message", "dropped"),
    [
        (
            "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.",
            "response_format",
        ),
        ("Unrecognized request argument supplied: store", "store"),
        ("Unsupported parameter: 'max_completion_tokens'", "max_completion_tokens"),
        ('tool_choice="required" is not supported', "tool_choice"),
    ],
)
async def test_a_field_that_the_server_refuses_is_left_out(message: str, dropped: str) -> None:
    """A 400 that names an optional field is answered by asking without it, now and from then on."""
    async with (
        far_end(fault(400, "unsupported", message=message), completion("plain"), completion("plain")) as end,
        client(end.base_url, Naps()) as model,
    ):
        answer = await model.ask(question())
        await model.ask(question())
    assert answer.content == "plain"
    assert [dropped in asked for asked in end.asked] == [True, False, False]


async def test_drafts_at_once_learn_the_same_refusal() -> None:
    """Two questions that are refused for the same field at the same time are both asked again without it."""
    refused = fault(400, message="response_format is not supported")

    def react(body: dict[str, Any]) -> Say:
        return refused if "response_format" in body else completion("plain")

    async with far_end(react) as end, client(end.base_url, Naps()) as model:
        answers = await asyncio.gather(*(model.ask(question()) for _ in range(4)))
    assert [answer.content for answer in answers] == ["plain"] * 4


async def test_a_server_that_refuses_everything_is_not_asked_for_ever() -> None:
    """Every optional field is given up once at most; then the 400 stands."""
    message = "response_format store max_completion_tokens tool_choice"
    async with far_end(fault(400, message=message)) as end, client(end.base_url, Naps()) as model:
        with pytest.raises(ModelFault) as caught:
            await model.ask(question())
    assert caught.value.code == "bad_request"
    assert len(end.asked) == 2


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "12"}, 12.0),
        ({"retry-after-ms": "1500", "retry-after": "2"}, 1.5),
        ({"retry-after": "Tue, 14 Nov 2023 22:13:50 GMT"}, 30.0),
        ({"retry-after": "Tue, 14 Nov 2023 22:00:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_in_all_its_forms(headers: dict[str, str], seconds: float | None) -> None:
    """Seconds, milliseconds and dates are read; anything else is as if it were not there."""
    assert retry_after(headers, 1_700_000_000_000) == seconds
