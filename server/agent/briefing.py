"""What a model is shown of a conversation: the prompt, the program's own facts, and others' words as data.

One system message holds what the shop and the program say. Everything that a customer or a stock file wrote stands in
JSON, in the user role or in a tool's result. No secret, no identifier of an account and no platform id is ever in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from server.agent.model import Message, ToolCall
from server.agent.port import DraftRequest, Turn
from server.agent.untrusted import NAME_LIMIT, TEXT_LIMIT, clean, wrap
from store.stock import Piece

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


def event_skus(request: DraftRequest) -> tuple[str, ...]:
    """Returns the pieces that something has just happened to; their rows say whether it is still so."""
    return tuple(sku for sku in (request.held_now, request.offered_now, request.replaces) if sku)


def situation(request: DraftRequest, rows: Mapping[str, Piece]) -> Situation:
    """Returns the program's facts about the request and the pieces they are about.

    `rows` are the pieces of `event_skus` as they stand now: a hold may have ended and a sale been taken back since.
    """
    said = list(_events(request, rows))
    shared = [piece.sku for piece in request.shared]
    if shared:
        said.append(f'She shared a post of ours that shows {_listed(shared)}: that is what "this one" means.')
    if request.held_for_her:
        said.append(f"On hold for this very customer: {_listed(request.held_for_her)}.")
    if request.discussed:
        said.append(
            f'Earlier replies were about {_listed(request.discussed[:5])}; "it" may mean one of these. Look it up'
            " again before you say anything of it."
        )
    if request.note:
        said.append(clean(request.note, INSTRUCTION_CAP))
    seen = {"text", "share_post"} if request.shared else {"text"}
    unseen = sorted({turn.kind for turn in request.turns if turn.role == "user"} - seen)
    if unseen:
        said.append(f"She also sent what you cannot see ({', '.join(unseen)}); never guess what it shows.")
    skus = dict.fromkeys((*(sku for sku in event_skus(request) if sku in rows), *shared))
    return Situation(tuple(said), tuple(skus)[:SHOWN_PIECES])


def _events(request: DraftRequest, rows: Mapping[str, Piece]) -> Iterator[str]:
    held, offered, sold = (rows.get(sku or "") for sku in (request.held_now, request.offered_now, request.replaces))
    if held is not None and request.line_place:
        yield (
            f"{held.sku} is on hold for somebody else. She is number {request.line_place} in the line for it, where 1"
            " is next. Tell her so; do not say that she has it."
        )
    elif held is not None:
        yield f"The owner has just put {held.sku} on hold for her. Confirm that, warmly and shortly."
    if offered is not None and offered.status == "available":
        yield f"{offered.sku} has become free and she was next in the line. Offer it to her."
    elif offered is not None:
        yield f"{offered.sku} has become free, she was next in the line, and it is on hold for her now. Tell her."
    if sold is not None and sold.status != "available":
        yield f"{sold.sku} is {sold.status} since a moment. Say so kindly and offer something similar from the stock."


def messages(
    request: DraftRequest, prompt: str, facts: Sequence[str] = (), learned: Sequence[str] = ()
) -> list[Message]:
    """Returns the messages of the first request: one of the system's, then the conversation, oldest first.

    `prompt` is the system prompt with its words filled in, `facts` are the sentences of the situation, `learned` the
    rules that the owner accepted.
    """
    parts = [prompt]
    if learned:
        parts.append("The owner's own habits, as she accepted them:\n" + "\n".join(f"- {rule}" for rule in learned))
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
    replied = max((at for at, turn in enumerate(request.turns, 1) if turn.role == "assistant"), default=0)
    in_history = sum(1 for turn in request.turns[replied:] if turn.text)
    earlier = request.unanswered[: max(0, len(request.unanswered) - in_history)]
    shown = [_customer(request, Turn(role="user", text=text)) for text in earlier[-EARLIER_CAP:]]
    shown.extend(_message(request, turn) for turn in request.turns)
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


def asked(request: DraftRequest) -> tuple[str, ...]:
    """Returns the customer's words that are answered: what she wrote since the last reply, else her last message.

    Nothing, when it is the program that has something to tell: a "yes" of the reply then answers nobody.
    """
    if event_skus(request):
        return ()
    return request.unanswered or tuple(turn.text for turn in request.turns if turn.role == "user")[-1:]


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
