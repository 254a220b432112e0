"""The port behind which a language model stands: one method, plain words in, plain words out.

`server.agent.client` implements it over Chat Completions, tests with a list of answers. The loop knows nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from server.agent.hold_reasons import HoldCode

ToolChoice = Literal["auto", "required", "none"]
Message = Mapping[str, Any]
"""One message in the form of Chat Completions: role, content, tool_calls, tool_call_id."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call the model wants made; `arguments` is the string it wrote, which may be anything."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One request to the model. `seconds_left` bounds it with its retries."""

    messages: Sequence[Message]
    tools: Sequence[Mapping[str, Any]]
    tool_choice: ToolChoice
    seconds_left: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the model answered: text, or tool calls, or a refusal; `finish` is its own word on why it stopped."""

    content: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    refusal: str | None = None
    finish: str | None = None
    tokens_in: int = 0
    tokens_cached: int = 0
    """Of `tokens_in`, those billed at the lower price of a repeated beginning."""
    tokens_out: int = 0
    request_id: str | None = None
    model: str | None = None


class ModelFault(Exception):
    """The model gave no usable answer: which kind of failure, and the request's id if the server named one.

    The message is a sentence for the owner. It never holds what the server said, which may repeat a key or a text.
    """

    def __init__(self, code: HoldCode, request_id: str | None = None, *, spent: Answer | None = None) -> None:
        """Keeps the code; `spent` is an answer that was paid for and cannot be used."""
        super().__init__(code)
        self.code: HoldCode = code
        self.request_id = request_id
        self.spent = spent


class Model(Protocol):
    """Anything that answers one question."""

    async def ask(self, question: Question) -> Answer:
        """Returns the model's answer. Raises ModelFault, and nothing else for whatever the server does."""
        ...
