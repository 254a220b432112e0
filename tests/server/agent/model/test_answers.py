"""Reading what a model's server sent: any bytes and any text end in an answer or in a name, never in an exception."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as some

from server.agent.answers import CALLS_CAP, read_answer
from server.agent.model import ModelFault
from server.agent.reply_format import REPLY_CAP, SCHEMA, read_reply

VALUES = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(),
    lambda inner: (
        some.lists(inner, max_size=4)
        | some.dictionaries(
            some.sampled_from(
                ["choices", "message", "content", "tool_calls", "function", "usage", "id", "finish_reason"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@settings(max_examples=200, deadline=None)
@given(some.binary(max_size=200) | VALUES.map(lambda value: json.dumps(value).encode()))
def test_any_body_is_an_answer_or_a_named_fault(body: bytes) -> None:
    """A body of any shape gives an answer or a ModelFault."""
    with suppress(ModelFault):
        answer = read_answer(body, None)
        assert len(answer.tool_calls) <= CALLS_CAP
        assert min(answer.tokens_in, answer.tokens_out, answer.tokens_cached) >= 0


@settings(max_examples=200, deadline=None)
@given(some.text(max_size=300) | VALUES.map(json.dumps) | VALUES.map(lambda value: json.dumps({"reply": value})))
def test_any_content_is_a_reply_or_nothing(content: str) -> None:
    """A last turn of any content gives a reply that can be written as UTF-8, or None; an object is never a reply."""
    written = read_reply(content)
    if written is not None:
        written.reply.encode()
        assert len(written.reply) <= REPLY_CAP
        assert not (written.plain and content.strip().startswith(("{", "[")))


@settings(max_examples=100, deadline=None)
@given(some.lists(some.sampled_from(["", "a", "call_0", "call_1", "call_0_a"]), max_size=20))
def test_every_call_gets_an_id_of_its_own(ids: list[str]) -> None:
    """However a server names its calls, no two share an id and none is without."""
    made: list[Any] = [{"id": one, "function": {"name": "get_item", "arguments": {"sku": "A"}}} for one in ids]
    body = json.dumps({"choices": [{"message": {"tool_calls": made}}]}).encode()
    read = [call.id for call in read_answer(body, None).tool_calls]
    assert all(read)
    assert len(set(read)) == len(read) == min(len(ids), CALLS_CAP)


def test_the_schema_is_one_that_strict_mode_takes() -> None:
    """Strict schemas name every property as required and allow no other (OpenAI, structured outputs)."""
    assert set(SCHEMA["required"]) == set(SCHEMA["properties"])
    assert SCHEMA["additionalProperties"] is False
