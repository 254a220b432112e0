"""Writes drafts: with the model while it may and can, with the house drafter when not, and says which and why.

`AIAgent` is what the server's second step calls. Whatever the model, its server or a customer does, the answer is a
draft: the model's, checked, or the house drafter's with the name of what stood in the model's way.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from server import learning
from server import secrets as secret_words
from server.agent import briefing, cost, guards, house, intents, prompts
from server.agent.client import ChatModel
from server.agent.grounding import check
from server.agent.hold_reasons import UNHEALTHY, HoldCode, hold
from server.agent.intents import Reading
from server.agent.loop import Reply, Run, Spent
from server.agent.model import Model, ModelFault
from server.agent.phrasebook import INTENTS, OWNER_INTENTS
from server.agent.port import Drafted, DraftRequest
from server.agent.tools import Lookups, Read
from server.agent.untrusted import injection_signals
from server.secrets import Secrets
from server.settings import Settings
from store import items, spending
from store.clock import Clock, system_clock
from store.errors import StoreError
from store.search import search

if TYPE_CHECKING:
    from sqlmodel.ext.asyncio.session import AsyncSession

LOG: Final = logging.getLogger(__name__)

OWN_TROUBLE: Final[frozenset[HoldCode]] = frozenset({"no_key", "budget", "resting"})
"""The model was not asked at all: no word on this conversation."""


class AIAgent:
    """The shop's drafter. Close it when done.

    `read` runs functions of the store, as `Database.read` does; without it only `handle_conversation` works, which
    brings its own session. `model` replaces the one that settings and secrets describe.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        secrets: Secrets | None = None,
        *,
        read: Read | None = None,
        model: Model | None = None,
        policies: Callable[[], Mapping[str, str]] = dict,
        learned: Callable[[sqlite3.Connection], Sequence[str]] = learning.rules_for_prompt,
        clock: Clock = system_clock,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Reads the prompts; connects nothing. Raises PromptError when the owner's prompts cannot be used."""
        self.settings = settings or Settings()
        secrets = secrets or secret_words.load()
        self.prompts = prompts.load(self.settings.agent.prompts)
        self._read = read
        self._policies = policies
        self._learned = learned
        self._clock = clock
        self._monotonic = monotonic
        self._breaker = guards.Breaker(clock)
        self._own: ChatModel | None = None
        self._price = cost.price_of(self.settings.agent.model)
        self._model = model
        if model is None and self._wants_model(secrets):
            self._model = self._own = ChatModel(
                model=self.settings.agent.model,
                api_key=secrets.openai_api_key.strip() or "none",
                base_url=secrets.openai_base_url or self.settings.agent.base_url,
                timeout_seconds=self.settings.agent.timeout_seconds,
                clock=clock,
            )
            self._price = cost.price_of(self.settings.agent.model, hosted=self._own.hosted)

    def _wants_model(self, secrets: Secrets) -> bool:
        agent = self.settings.agent
        if agent.drafter == "house":
            return False
        # A server of her own may need no key; OpenAI's does.
        elsewhere = bool(secrets.openai_base_url or agent.base_url)
        return bool(secrets.openai_api_key.strip()) or (agent.drafter == "model" and elsewhere)

    @property
    def asks_a_model(self) -> bool:
        """Whether a model is there to be asked at all."""
        return self._model is not None

    async def aclose(self) -> None:
        """Closes the connections to the model."""
        if self._own is not None:
            await self._own.aclose()

    async def warm(self) -> None:
        """Pays for the import and the client before the first customer has to."""
        if self._own is not None:
            await self._own.open()

    async def draft(self, request: DraftRequest) -> Drafted:
        """Returns a checked draft; never raises for what a customer or a model wrote."""
        if self._read is None:
            raise StoreError("This agent has no database to read; give it one, or call handle_conversation.")
        return await self.draft_with(request, self._read)

    async def handle_conversation(self, user_id: str, user_text: str, session: AsyncSession) -> str:
        """Returns the text of a draft for what a customer wrote, from the stock in the session's database.

        It is a draft like any other: it sends nothing and keeps nothing.
        """
        from server.agent.session import reader, request_of  # noqa: PLC0415  # SQLAlchemy, 980 ms; the rest needs none

        read = reader(session)
        request = await read(request_of, user_id, user_text, self.settings, self._policies())
        return (await self.draft_with(request, read)).text

    async def draft_with(self, request: DraftRequest, read: Read, prompt: prompts.Prompt | None = None) -> Drafted:
        """Writes a draft from the stock that `read` reads, with a given prompt or the conversation's own."""
        started = self._monotonic()
        spent = Spent(self._price)
        prompt = prompt or prompts.assign(self.prompts, request.conversation_id)
        lookups = Lookups(
            read,
            request.policies,
            unit=request.unit,
            currency=request.currency,
            held_for_her=request.hers,
        )
        code = await self._in_the_way(read)
        reply: Reply | None = None
        if code is None and self._model is not None:
            reply, code = await self._ask(self._model, request, read, prompt, lookups, spent)
        if reply is None:
            drafted = await self._house(request, read, code)
        else:
            drafted = _from_model(reply, request, lookups, prompt, self.settings)
        return replace(
            drafted,
            model=self.settings.agent.model if spent.model_calls else None,
            request_id=spent.request_id,
            tokens_in=spent.tokens_in,
            tokens_out=spent.tokens_out,
            cost_microcents=spent.cost_microcents,
            model_calls=spent.model_calls,
            tool_calls=lookups.executed,
            latency_ms=round((self._monotonic() - started) * 1_000),
        )

    async def _in_the_way(self, read: Read) -> HoldCode | None:
        """Returns why the model may not be asked now; None also when the house drafter is simply the shop's choice."""
        if self._model is None:
            return "no_key" if self.settings.agent.drafter == "model" else None
        if self._breaker.open:
            return "resting"
        budget = cost.microcents_of(self.settings.agent.daily_budget)
        if budget:
            since = guards.midnight(self._clock(), self.settings.shop.timezone)
            if await read(spending.spent_since, since) >= budget:
                return "budget"
        return None

    async def _ask(
        self,
        model: Model,
        request: DraftRequest,
        read: Read,
        prompt: prompts.Prompt,
        lookups: Lookups,
        spent: Spent,
    ) -> tuple[Reply | None, HoldCode | None]:
        agent = self.settings.agent
        text = prompt.filled(shop=request.shop_name, currency=request.currency, unit=request.unit)
        asked = briefing.asked(request)
        reading = intents.read(asked, agent.languages)
        try:
            async with asyncio.timeout(agent.draft_seconds):
                learned = await read(self._learned)
                rows = await read(items.get_many, briefing.event_skus(request))
                now = briefing.situation(request, {piece.sku: piece for piece in rows})
                run = Run(
                    model=model,
                    lookups=lookups,
                    check=check,
                    messages=briefing.messages(request, text, now.sentences, learned),
                    question="\n".join(asked),
                    # A wish to have a piece kept is as much about the stock as a question whether it is there.
                    must_look=reading.about_stock or "hold" in reading.intents,
                    seconds=agent.draft_seconds,
                    spent=spent,
                    monotonic=self._monotonic,
                )
                for sku in now.skus:
                    await run.give("get_item", {"sku": sku})
                if agent.prefetch and run.must_look and not now.skus:
                    await run.give("search_inventory", {"query": run.question})
                reply = await run.reply()
        except ModelFault as fault:
            code = fault.code
        except TimeoutError:
            code = "timeout"
        except Exception as fault:  # noqa: BLE001  # a customer waits: whatever broke, the house drafter can still write
            # The kind and the place only: the fault's own words may hold a customer's.
            LOG.error("Drafting with the model broke: %s.", _place(fault))  # noqa: TRY400
            code = "drafting_fault"
        else:
            self._breaker.answered()
            return reply, None
        if code in UNHEALTHY:
            self._breaker.failed()
        elif code != "drafting_fault":
            self._breaker.answered()
        return None, code

    async def _house(self, request: DraftRequest, read: Read, code: HoldCode | None) -> Drafted:
        drafted = await read(_house_draft, request, self.settings.agent.languages)
        if code is None:
            return drafted
        reason = hold(code) if drafted.hold_reason is None else f"{hold(code)} {drafted.hold_reason}"
        # What the model did with this very message is a reason to look; a server that is down is not.
        needs_owner = drafted.needs_owner or code not in UNHEALTHY | OWN_TROUBLE
        return replace(drafted, hold_reason=reason, needs_owner=needs_owner)


def _house_draft(db: sqlite3.Connection, request: DraftRequest, languages: Sequence[str]) -> Drafted:
    return house.draft(
        request, partial(search, db), partial(items.get, db), languages=languages, rewrite=learning.rewriter(db)
    )


def _place(fault: BaseException) -> str:
    trace = fault.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f" at {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace is not None else ""
    return f"{type(fault).__name__}{where}"


def _for_owner(reply: Reply, by_rules: Reading, asked: Sequence[str]) -> str | None:
    """Returns why the owner must look: the check's word first, then the rules', last the model's own."""
    if reply.held is not None:
        return hold(reply.held, reply.detail)
    if by_rules.for_owner:
        return hold(
            "for_owner", ", ".join(by_rules.escalations or sorted(OWNER_INTENTS.intersection(by_rules.intents)))
        )
    signals = dict.fromkeys(signal for text in asked for signal in injection_signals(text))
    if signals:
        return hold("injection", ", ".join(signals))
    return hold("asked_for_owner", reply.written.reason) if reply.written.needs_owner else None


def _from_model(
    reply: Reply, request: DraftRequest, lookups: Lookups, prompt: prompts.Prompt, settings: Settings
) -> Drafted:
    written = reply.written
    asked = briefing.asked(request)
    by_rules = intents.read(asked, settings.agent.languages)
    said = written.intent if written.intent in INTENTS else by_rules.primary
    reason = _for_owner(reply, by_rules, asked)
    named = [claim.sku for claim in reply.verdict.claims if claim.sku is not None]
    known = {piece.sku for piece in lookups.evidence.pieces}
    cited = dict.fromkeys(sku for sku in (*named, *written.cited_skus) if sku in known)
    # "es-MX" is es; a word that is no code, and plain text without one, leave it to the rules.
    code = (written.language or "").lower().replace("_", "-").partition("-")[0]
    language = code if len(code) == 2 and code.isalpha() else by_rules.language
    shop_language = settings.agent.languages[0] if settings.agent.languages else "en"
    return Drafted(
        text=written.reply,
        drafter="model",
        verdict=reply.verdict,
        evidence=lookups.evidence,
        # The model's own reading; the policy reads the message again by the rules and wants the two to agree.
        intent=said,
        intents=tuple(dict.fromkeys((said, *by_rules.intents))),
        language=language,
        needs_owner=reason is not None,
        hold_reason=reason,
        cited_skus=tuple(cited),
        prompt=prompt.name,
        prompt_version=prompt.version,
        prompt_hash=prompt.hash,
        translation=written.translation if language != shop_language else None,
    )
