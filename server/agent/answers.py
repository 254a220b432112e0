"""Reads the body of a chat completion, trusting none of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from server.agent.model import Answer, ModelFault, ToolCall

CALLS_CAP: Final = 16
"""Tool calls read of one answer; each must be answered by id, and nobody needs more."""
ARGUMENTS_CAP: Final = 4_000
"""Characters read of a call's arguments."""


def read_answer(body: bytes, request_id: str | None) -> Answer:
    """Reads a 200's body. Raises ModelFault for one that is not JSON, holds an error, or has no choices."""
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        raise ModelFault("not_json", request_id) from None
    if not isinstance(given, dict):
        raise ModelFault("not_json", request_id)
    request_id = request_id or _text(given.get("id"))
    tokens_in, tokens_cached, tokens_out = _usage(given.get("usage"))
    choices = given.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(choice, dict) or not isinstance(message, dict):
        spent = Answer(tokens_in=tokens_in, tokens_cached=tokens_cached, tokens_out=tokens_out)
        raise ModelFault("no_choices", request_id, spent=spent)
    return Answer(
        content=_content(message.get("content")),
        tool_calls=_calls(message.get("tool_calls")),
        refusal=_text(message.get("refusal")),
        finish=_text(choice.get("finish_reason")),
        tokens_in=tokens_in,
        tokens_cached=tokens_cached,
        tokens_out=tokens_out,
        request_id=request_id,
        model=_text(given.get("model")),
    )


def _content(given: Any) -> str | None:
    if isinstance(given, list):
        # Some servers answer in parts, as requests may be written.
        parts = [part.get("text") for part in given if isinstance(part, dict)]
        return "".join(part for part in parts if isinstance(part, str)) or None
    return _text(given)


def _calls(given: Any) -> tuple[ToolCall, ...]:
    found: list[ToolCall] = []
    seen: set[str] = set()
    for at, call in enumerate(given[:CALLS_CAP] if isinstance(given, list) else ()):
        function = call.get("function") if isinstance(call, dict) else None
        if not isinstance(function, dict):
            continue
        call_id = _text(call.get("id")) or ""
        while not call_id or call_id in seen:
            # Every call is answered by its id, so each needs one of its own.
            call_id = f"call_{at}{call_id and '_'}{call_id}"
        seen.add(call_id)
        arguments = function.get("arguments")
        if isinstance(arguments, Mapping):
            arguments = json.dumps(arguments)
        arguments = (_text(arguments) or "")[:ARGUMENTS_CAP]
        found.append(
            ToolCall(
                id=call_id,
                name=_text(function.get("name")) or "",
                arguments=arguments,
            )
        )
    return tuple(found)


def _usage(given: Any) -> tuple[int, int, int]:
    if not isinstance(given, dict):
        return 0, 0, 0
    details = given.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, dict) else 0
    return _count(given.get("prompt_tokens")), _count(cached), _count(given.get("completion_tokens"))


def _count(given: Any) -> int:
    return given if isinstance(given, int) and not isinstance(given, bool) and 0 <= given < 10_000_000 else 0


def _text(given: Any) -> str | None:
    # Half a character, as "\ud83d" alone writes it, could be sent nowhere.
    return given.encode("utf-8", "replace").decode() if isinstance(given, str) and given else None
