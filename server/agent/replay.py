"""Tries prompts on past conversations or a file of messages, side by side. Sends nothing and keeps nothing."""

from __future__ import annotations

import json
import math
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from server.agent import cost
from server.agent.drafter import AIAgent
from server.agent.hold_reasons import code_of
from server.agent.port import Drafted, DraftRequest, Turn
from server.agent.prompts import Prompt
from server.agent.tools import Read
from server.settings import Settings
from store import past


class BadMessage(ValueError):
    """A line of the file is no message; the text says what is wrong with it and what to write."""


@dataclass(frozen=True, slots=True)
class Case:
    """One message to answer again."""

    id: str
    request: DraftRequest

    @property
    def text(self) -> str:
        """The customer's words."""
        return "\n".join(self.request.unanswered)


@dataclass(frozen=True, slots=True)
class Contender:
    """A column of the comparison: a prompt, and the agent that is to use it."""

    label: str
    prompt: Prompt
    agent: AIAgent


@dataclass(frozen=True, slots=True)
class Tried:
    """What one contender wrote for one message."""

    case: Case
    contender: Contender
    drafted: Drafted

    def as_json(self) -> dict[str, Any]:
        """Returns the draft for scripts."""
        drafted = self.drafted
        return {
            "prompt": self.contender.label,
            "drafter": drafted.drafter,
            "text": drafted.text,
            "characters": len(drafted.text),
            "intent": drafted.intent,
            "verdict": drafted.verdict.verdict,
            "grounding": drafted.verdict.grounding,
            "reasons": [reason.reason for reason in drafted.verdict.reasons],
            "hold": drafted.hold_reason,
            "needs_owner": drafted.needs_owner,
            "model_calls": drafted.model_calls,
            "tool_calls": drafted.tool_calls,
            "cost_usd": cost.dollars_of(drafted.cost_microcents),
            "latency_ms": drafted.latency_ms,
        }


@dataclass(slots=True)
class Budget:
    """What a live replay may spend, in microcents; None is no limit, for drafts that cost nothing."""

    limit: int | None = None
    spent: int = 0
    _dearest: int = 0

    @property
    def allows(self) -> bool:
        """Whether another draft as dear as the dearest so far still fits."""
        return self.limit is None or self.spent + max(self._dearest, 1) <= self.limit

    def take(self, microcents: int) -> None:
        """Counts a draft."""
        self.spent += microcents
        self._dearest = max(self._dearest, microcents)


async def replay(
    cases: Sequence[Case], contenders: Sequence[Contender], read: Read, budget: Budget
) -> AsyncIterator[Tried]:
    """Answers each message with each contender, one after the other, until the budget is spent.

    A message is tried by all contenders or by none, so that their figures are of the same messages.
    """
    for case in cases:
        for contender in contenders:
            if contender is contenders[0] and not budget.allows:
                return
            drafted = await contender.agent.draft_with(case.request, read, contender.prompt)
            budget.take(drafted.cost_microcents)
            yield Tried(case, contender, drafted)


def from_lines(lines: Iterable[str], settings: Settings, policies: Mapping[str, str]) -> list[Case]:
    """Reads messages, one JSON value a line: a text, {"id", "text"}, or {"id", "messages": [{"role", "text"}, …]}.

    Raises BadMessage with the number of the line.
    """
    cases = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            cases.append(_case(json.loads(line), number, settings, policies))
        except BadMessage as fault:
            raise BadMessage(f"Line {number}: {fault}") from fault
        except (ValueError, RecursionError) as fault:
            raise BadMessage(f'Line {number} is not JSON ({fault}); write {{"text": "…"}} on each line.') from fault
    return cases


def _case(given: Any, number: int, settings: Settings, policies: Mapping[str, str]) -> Case:
    if isinstance(given, str):
        given = {"text": given}
    if not isinstance(given, dict):
        raise BadMessage('it is no object; write {"text": "…"}.')
    messages = given.get("messages")
    if messages is None:
        text = next((given[name] for name in ("text", "customer", "message") if name in given), None)
        messages = [{"role": "user", "text": text}]
    if not isinstance(messages, list) or not messages:
        raise BadMessage("messages is no list of {role, text}.")
    turns = tuple(_turn(message) for message in messages)
    if turns[-1].role != "user":
        raise BadMessage("the last message is not the customer's; there is nothing to answer.")
    name = given.get("name")
    request = _request(number, turns, name if isinstance(name, str) else None, settings, policies)
    return Case(str(given.get("id", number)), request)


def _turn(given: Any) -> Turn:
    role = given.get("role") if isinstance(given, dict) else None
    text = given.get("text") if isinstance(given, dict) else None
    if not isinstance(text, str):
        raise BadMessage("a text is missing or is not a text.")
    if role == "user":
        return Turn("user", text)
    if role == "assistant":
        return Turn("assistant", text)
    raise BadMessage(f"role is {role!r}; allowed are user and assistant.")


def from_past(db: sqlite3.Connection, limit: int, settings: Settings, policies: Mapping[str, str]) -> list[Case]:
    """Takes the last messages that drafts were written for, with the thread before each, oldest first.

    The stock is today's: a piece that was sold since is sold in the replay too.
    """
    cases = []
    for moment in past.moments(db, limit, history=settings.agent.history):
        turns = tuple(Turn(row["role"], row["text"], row["kind"]) for row in moment.messages)
        message_id = str(moment.messages[-1]["id"])
        cases.append(Case(message_id, _request(moment.conversation_id, turns, moment.name, settings, policies)))
    return cases


def _request(
    conversation_id: int, turns: tuple[Turn, ...], name: str | None, settings: Settings, policies: Mapping[str, str]
) -> DraftRequest:
    burst: list[str] = []
    for turn in reversed(turns):
        if turn.role != "user":
            break
        if turn.text:
            burst.insert(0, turn.text)
    return DraftRequest(
        conversation_id=conversation_id,
        turns=turns[-settings.agent.history :],
        unanswered=tuple(burst),
        customer_name=name,
        shop_name=settings.shop.name,
        currency=settings.shop.currency,
        unit=settings.shop.unit,
        policies=policies,
    )


@dataclass(slots=True)
class Figures:
    """What came of one contender's drafts."""

    label: str
    drafts: list[Drafted] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Returns the figures: shares, holds by reason, lengths, intents, cost and latency."""
        drafts = self.drafts
        count = len(drafts)
        lengths = sorted(len(one.text) for one in drafts)
        latencies = sorted(one.latency_ms for one in drafts)
        holds = Counter(code_of(one.hold_reason) for one in drafts if one.hold_reason is not None)
        kinds = Counter(reason.kind for one in drafts for reason in one.verdict.reasons)
        grounded = sum(1 for one in drafts if one.verdict.verdict == "pass")
        return {
            "prompt": self.label,
            "messages": count,
            "by_model": sum(1 for one in drafts if one.drafter == "model"),
            "by_house": sum(1 for one in drafts if one.drafter == "house"),
            "grounded": grounded,
            "grounded_share": round(grounded / count, 4) if count else None,
            "needs_owner": sum(1 for one in drafts if one.needs_owner),
            "holds": dict(holds.most_common()),
            "unbacked_kinds": dict(kinds.most_common()),
            "over_200": sum(1 for length in lengths if length > 200),
            "characters": {"p50": at(lengths, 0.5), "p95": at(lengths, 0.95), "max": at(lengths, 1.0)},
            "intents": dict(Counter(one.intent for one in drafts).most_common()),
            "model_calls": sum(one.model_calls for one in drafts),
            "model_calls_per_draft": round(sum(one.model_calls for one in drafts) / count, 3) if count else None,
            "tool_calls": sum(one.tool_calls for one in drafts),
            "tokens_in": sum(one.tokens_in for one in drafts),
            "tokens_out": sum(one.tokens_out for one in drafts),
            "cost_usd": cost.dollars_of(sum(one.cost_microcents for one in drafts)),
            "latency_ms": {"p50": at(latencies, 0.5), "p95": at(latencies, 0.95), "max": at(latencies, 1.0)},
        }


def at(values: Sequence[int], share: float) -> int | None:
    """Returns the value of sorted ones below or at which this share of them lies."""
    return values[max(0, math.ceil(len(values) * share) - 1)] if values else None


def report(cases: Sequence[Case], contenders: Sequence[Contender], tried: Sequence[Tried]) -> dict[str, Any]:
    """Returns the comparison as one document: figures for each contender, then the drafts message by message."""
    figures = {contender.label: Figures(contender.label) for contender in contenders}
    rows: dict[str, list[dict[str, Any]]] = {}
    texts = {case.id: case.text for case in cases}
    for one in tried:
        figures[one.contender.label].drafts.append(one.drafted)
        rows.setdefault(one.case.id, []).append(one.as_json())
    return {
        "messages": len(cases),
        "tried": len(rows),
        "prompts": [one.as_json() for one in figures.values()],
        "rows": [{"id": case_id, "customer": texts[case_id], "drafts": drafts} for case_id, drafts in rows.items()],
    }
