"""The model's loop: at most three calls of the model and four lookups, then a checked reply or a named reason.

It knows the port, the tools and the check; nothing of HTTP, budgets or databases.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from server.agent import briefing, cost
from server.agent.evidence import Evidence, Verdict
from server.agent.hold_reasons import HoldCode
from server.agent.model import Answer, Message, Model, ModelFault, Question, ToolCall, ToolChoice
from server.agent.reply_format import Written, read_reply
from server.agent.tools import TOOLS, Lookups

MODEL_CALLS: Final = 3
REPLY_LIMIT: Final = 200
"""Characters of a reply, counted here and never cut."""
CHARACTERS_PER_TOKEN: Final = 4
"""To estimate what a server does not report; a budget must not run dry unseen."""

FINISHES: Final[dict[str, HoldCode]] = {"length": "truncated", "content_filter": "content_filter"}
COMPLETE: Final = frozenset({"stop", "tool_calls", "function_call"})

Check = Callable[[str, Evidence, str], Verdict]
"""The grounding check: reply, evidence of this run, the customer's words."""


@dataclass(slots=True)
class Spent:
    """What a run has used so far; it outlives a run that fails."""

    price: cost.Price = cost.FREE
    model_calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost_microcents: int = 0
    request_id: str | None = None

    def add(self, answer: Answer, sent: int) -> None:
        """Counts an answer to a request of `sent` characters."""
        written = len(answer.content or "") + sum(len(call.arguments) for call in answer.tool_calls)
        tokens_in = answer.tokens_in or sent // CHARACTERS_PER_TOKEN
        tokens_out = answer.tokens_out or -(-written // CHARACTERS_PER_TOKEN)
        self.tokens_in += tokens_in
        self.tokens_out += tokens_out
        self.cost_microcents += cost.microcents(self.price, tokens_in, tokens_out, answer.tokens_cached)
        self.request_id = answer.request_id or self.request_id


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply of the model with its verdict; `held` names what still stands against it."""

    written: Written
    verdict: Verdict
    held: HoldCode | None = None
    detail: str = ""


@dataclass(slots=True)
class Run:
    """One draft by the model. `messages` grows; `lookups` and `spent` keep what was read and used."""

    model: Model
    lookups: Lookups
    check: Check
    messages: list[Message]
    question: str
    """The customer's words that are answered: for reading a bare "yes", never evidence."""
    must_look: bool
    """Whether it is a question about the stock, which no model answers from memory."""
    seconds: float
    spent: Spent = field(default_factory=Spent)
    monotonic: Callable[[], float] = time.monotonic
    _wrong_rounds: int = 0
    _corrected: set[HoldCode] = field(default_factory=set)

    async def give(self, name: str, arguments: dict[str, str]) -> None:
        """Looks something up by the program's own choice and puts call and result before the first request."""
        call = ToolCall(f"shop_{len(self.messages)}", name, json.dumps(arguments, ensure_ascii=False))
        self.messages += [briefing.echo(None, [call]), briefing.result(call, await self.lookups.answer(call))]
        self.lookups.given = self.lookups.executed

    async def reply(self) -> Reply:
        """Returns the model's reply, corrected once where a fault could be named.

        Raises ModelFault with the name of what went wrong when there is no reply to show.
        """
        deadline = self.monotonic() + self.seconds
        while True:
            last = self.spent.model_calls == MODEL_CALLS - 1
            answer = await self._ask(self._choice(last=last), deadline - self.monotonic())
            if answer.tool_calls:
                await self._look_up(answer, last=last)
                continue
            reply = self._read(answer)
            wrong = self._wrong(reply)
            if reply.held is None or last or reply.held in self._corrected:
                return reply
            self._corrected.add(reply.held)
            self.messages += [{"role": "assistant", "content": answer.content}, briefing.correction(wrong)]

    def _choice(self, *, last: bool) -> ToolChoice:
        if last:
            return "none"
        return "required" if self.must_look and not self.lookups.executed else "auto"

    async def _ask(self, choice: ToolChoice, seconds_left: float) -> Answer:
        question = Question(messages=self.messages, tools=TOOLS, tool_choice=choice, seconds_left=seconds_left)
        sent = sum(len(str(message.get("content") or "")) for message in self.messages)
        self.spent.model_calls += 1
        try:
            answer = await self.model.ask(question)
        except ModelFault as fault:
            self.spent.request_id = fault.request_id or self.spent.request_id
            if fault.spent is not None:
                self.spent.add(fault.spent, sent)
            raise
        self.spent.add(answer, sent)
        return answer

    async def _look_up(self, answer: Answer, *, last: bool) -> None:
        if answer.finish in FINISHES:
            raise ModelFault(FINISHES[answer.finish], answer.request_id)
        if last:
            raise ModelFault("tool_loop", answer.request_id)
        self.messages.append(briefing.echo(answer.content, answer.tool_calls))
        wrong_before = self.lookups.wrong
        for call in answer.tool_calls:
            self.messages.append(briefing.result(call, await self.lookups.answer(call)))
        if self.lookups.wrong > wrong_before:
            self._wrong_rounds += 1
        if self._wrong_rounds > 1:
            raise ModelFault("bad_arguments", answer.request_id)

    def _read(self, answer: Answer) -> Reply:
        if answer.refusal:
            raise ModelFault("refused", answer.request_id)
        if answer.finish not in COMPLETE:
            raise ModelFault(FINISHES.get(answer.finish or "", "no_finish"), answer.request_id)
        if not (answer.content or "").strip():
            raise ModelFault("empty", answer.request_id)
        written = read_reply(answer.content or "")
        if written is None:
            raise ModelFault("unreadable", answer.request_id)
        if not written.reply:
            raise ModelFault("empty", answer.request_id)
        verdict = self.check(written.reply, self.lookups.evidence, self.question)
        if verdict.verdict == "hold":
            return Reply(written, verdict, "ungrounded")
        known = {piece.sku for piece in self.lookups.evidence.pieces}
        strange = [sku for sku in written.cited_skus if sku not in known]
        if strange:
            return Reply(written, verdict, "ungrounded", f"it cites {strange[0]}, which no search returned")
        if len(written.reply) > REPLY_LIMIT:
            return Reply(written, verdict, "too_long", f"{len(written.reply)} characters")
        return Reply(written, verdict)

    def _wrong(self, reply: Reply) -> Sequence[str]:
        text = reply.written.reply
        wrong = [f'"{text[slice(*reason.span)]}": {reason.reason}' for reason in reply.verdict.reasons]
        if reply.held == "ungrounded" and reply.detail:
            wrong.append(reply.detail)
        over = len(text) - REPLY_LIMIT
        if over > 0:
            wrong.append(f"it has {len(text)} characters, {over} more than the {REPLY_LIMIT} there is room for")
        return wrong
