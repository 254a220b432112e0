"""What a model is shown of a conversation: the prompt, the program's own facts, and others' words as data.

One system message holds what the shop and the program say. Everything that a customer or a stock file wrote stands in
JSON, in the user role or in a tool's result. No secret, no identifier of an account and no platform id is ever in it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from server.agent.model import Message, ToolCall
from server.agent.port import DraftRequest, Turn
from server.agent.untrusted import NAME_LIMIT, TEXT_LIMIT, clean, wrap

EARLIER_CAP: Final = 10
"""Unanswered messages beyond the history that are still shown; a burst longer than this is one for the owner."""
INSTRUCTION_CAP: Final = 1_000
SHOWN_PIECES: Final = 3
"""Pieces the program looks up by itself before the first request."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What the program knows of this moment and the model cannot: as sentences, without anybody's words in them."""

    sentences: tuple[str, ...]
    skus: tuple[str, ...]
    """Pieces that the program itself reads before it asks, because the reply will be about them."""


def situation(request: DraftRequest) -> Situation:
    """Returns the program's facts about the request and the pieces they are about."""
    said: list[str] = []
    skus = [piece.sku for piece in request.shared]
    if request.shared:
        said.append(f'She shared a post of ours that shows {_listed(skus)}: that is what "this one" means.')
    if request.held_now and request.line_place:
        said.append(
            f"{request.held_now} is on hold for somebody else. She is number {request.line_place} in the line for it,"
            " where 1 is next. Tell her so; do not say that she has it."
        )
    elif request.held_now:
        said.append(f"The owner has just put {request.held_now} on hold for her. Confirm that, warmly and shortly.")
    if request.offered_now:
        said.append(f"{request.offered_now} has just become free and she is next in the line. Offer it to her.")
    if request.replaces:
        said.append(f"{request.replaces} has just been sold. Say so kindly and offer something similar from the stock.")
    if request.held_for_her:
        said.append(f"On hold for this very customer: {_listed(request.held_for_her)}.")
    if request.discussed:
        said.append(
            f'Earlier replies were about {_listed(request.discussed[:5])}; "it" may mean one of these. Look it up'
            " again before you say anything of it."
        )
    if request.note:
        said.append(clean(request.note, INSTRUCTION_CAP))
    unseen = sorted({turn.kind for turn in request.turns if turn.role == "user" and turn.kind != "text"})
    if unseen:
        said.append(f"She also sent what you cannot see ({', '.join(unseen)}); never guess what it shows.")
    skus += [sku for sku in (request.held_now, request.offered_now, request.replaces) if sku]
    return Situation(tuple(said), tuple(dict.fromkeys(skus))[:SHOWN_PIECES])


def messages(request: DraftRequest, prompt: str, learned: Sequence[str] = ()) -> list[Message]:
    """Returns the messages of the first request: one of the system's, then the conversation, oldest first.

    `prompt` is the system prompt with its words filled in, `learned` the rules that the owner accepted.
    """
    parts = [prompt]
    if learned:
        parts.append("The owner's own habits, as she accepted them:\n" + "\n".join(f"- {rule}" for rule in learned))
    facts = situation(request).sentences
    if facts:
        parts.append("What the shop's program knows about this moment:\n" + "\n".join(f"- {fact}" for fact in facts))
    if request.instruction:
        asked = {"previous_draft": clean(request.previous or ""), "owner_asks": clean(request.instruction)}
        parts.append(
            "The owner read your draft and wants it written again. Follow her word on style and content; facts still"
            f" come from the tools alone.\n{json.dumps(asked, ensure_ascii=False)}"
        )
    system: Message = {"role": "system", "content": "\n\n".join(parts)}
    return [system, *_conversation(request)]


def _conversation(request: DraftRequest) -> list[Message]:
    in_history = sum(1 for turn in request.turns if turn.role == "user")
    earlier = request.unanswered[: max(0, len(request.unanswered) - in_history)]
    shown = [_customer(request, Turn(role="user", text=text)) for text in earlier[-EARLIER_CAP:]]
    shown.extend(_message(request, turn) for turn in request.turns)
    if not any(message["role"] == "user" for message in shown):
        shown.append(_customer(request, Turn(role="user", text=" ".join(request.unanswered))))
    return shown


def _message(request: DraftRequest, turn: Turn) -> Message:
    if turn.role == "assistant":
        return {"role": "assistant", "content": clean(turn.text) or "[no text]"}
    return _customer(request, turn)


def _customer(request: DraftRequest, turn: Turn) -> Message:
    name = clean(request.customer_name, NAME_LIMIT) if request.customer_name else None
    kind = None if turn.kind == "text" else clean(turn.kind, 40)
    content = wrap(**{"from": "customer", "name": name or None, "kind": kind, "text": clean(turn.text, TEXT_LIMIT)})
    return {"role": "user", "content": content}


def echo(content: str | None, calls: Sequence[ToolCall]) -> Message:
    """Returns the model's own turn with its tool calls, as the next request repeats it."""
    return {
        "role": "assistant",
        "content": content,
        "tool_calls": [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in calls
        ],
    }


def result(call: ToolCall, content: str) -> Message:
    """Returns the answer to one tool call."""
    return {"role": "tool", "tool_call_id": call.id, "content": content}


def correction(wrong: Sequence[str]) -> Message:
    """Returns the message that asks once for a better reply; the reasons quote stock and reply, so they are data."""
    content: dict[str, Any] = {
        "from": "shop_program",
        "held_because": [clean(reason, 300) for reason in wrong[:8]],
        "asked": "Write the reply again without these faults. Say only what the tools returned.",
    }
    return {"role": "user", "content": json.dumps(content, ensure_ascii=False)}


def _listed(skus: Sequence[str]) -> str:
    return ", ".join(clean(sku, 80) for sku in skus)
