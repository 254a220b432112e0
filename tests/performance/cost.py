"""What a draft costs with the shipped prompt: `python -m tests.performance.cost [--quick]`.

The hundred messages of `messages.jsonl` over the sample shop, asked by the model drafter as it asks OpenAI, of the
stand-in of `prefetch`, which looks things up and answers as a good model does. Counted are the calls and what was
really sent and said; four characters of JSON count as one token, OpenAI's own rule of thumb, because its tokenizer is
no dependency. Prices are those of `server/agent/cost.py`, which dates them. Cached input is not assumed.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from server.agent import cost
from server.agent.drafter import AIAgent
from server.agent.port import DraftRequest, Turn
from server.secrets import Secrets
from server.settings import Agent, Settings
from server.simulator import sample
from store.database import Database, connect, transaction
from store.migrations import migrate
from tests.performance.drafting import questions
from tests.performance.figures import Figure, alone
from tests.performance.prefetch import MESSAGES, POLICIES, StandIn
from tests.server.agent.model.far_end import Say, far_end

CHARACTERS: Final = 4
"""For one token."""

MODELS: Final = ("gpt-4o", "gpt-4o-mini", "gpt-4.1-mini")


def tokens(given: Any) -> int:
    """Returns how many tokens a piece of a request or an answer counts."""
    return -(-len(json.dumps(given, ensure_ascii=False)) // CHARACTERS)


async def counted(path: Path, *, prefetch: bool, texts: list[str]) -> Mapping[str, float]:
    """Drafts every message; returns calls, tokens in and tokens out of a draft."""
    queries = {row["text"]: row["query"] for row in map(json.loads, MESSAGES.read_text("utf-8").splitlines())}
    stand_in = StandIn(queries)
    said: list[int] = []

    def answer(body: dict[str, Any]) -> Say:
        say = stand_in(body)
        said.append(tokens(json.loads(say.body)["choices"][0]["message"]))
        return say

    database = Database(path)
    try:
        async with far_end(answer) as end:
            settings = Settings(agent=Agent(base_url=end.base_url, prefetch=prefetch, daily_budget=0))
            agent = AIAgent(settings, Secrets(openai_api_key="k"), read=database.read)
            for number, text in enumerate(texts):
                await agent.draft(
                    DraftRequest(
                        conversation_id=number, turns=(Turn("user", text),), unanswered=(text,), policies=POLICIES
                    )
                )
            await agent.aclose()
            asked = [tokens([body["messages"], body.get("tools"), body.get("response_format")]) for body in end.asked]
    finally:
        database.close()
    return {
        "calls": len(asked) / len(texts),
        "read": sum(asked) / len(texts),
        "written": sum(said) / len(texts),
    }


def measure(quick: bool) -> list[Figure]:
    """Measures the part."""
    texts = questions()[: 20 if quick else 100]
    found: dict[bool, Mapping[str, float]] = {}
    with tempfile.TemporaryDirectory(prefix="philia-cost-") as folder:
        path = Path(folder) / "shop.db"
        migrate(path)
        db = connect(path)
        with transaction(db):
            sample.fill(db, now=1)
        db.close()
        for prefetch in (False, True):
            found[prefetch] = asyncio.run(counted(path, prefetch=prefetch, texts=texts))
    figures = []
    for prefetch, one in found.items():
        figures.append(
            Figure(
                "calls and tokens of a draft, " + ("search first (prefetch)" if prefetch else "the model asks"),
                f"{one['calls']:.2f} calls, {one['read']:,.0f} tokens read, {one['written']:,.0f} written",
                beside=f"{len(texts)} messages; tokens counted as characters / {CHARACTERS}",
            )
        )
        for model in MODELS:
            price = cost.price_of(model)
            spent = cost.dollars_of(cost.microcents(price, round(one["read"]), round(one["written"])))
            figures.append(
                Figure(
                    f"money of 1,000 drafts, {model}, " + ("search first" if prefetch else "the model asks"),
                    f"${spent * 1_000:,.2f}",
                    beside="OpenAI's list prices as published in August 2025",
                )
            )
    figures.append(Figure("money of 1,000 drafts, house drafter", "$0.00", beside="0 calls, 0 tokens"))
    return figures


if __name__ == "__main__":
    alone(__doc__, measure)
