"""What a draft costs with the shipped prompt: `python -m tests.performance.cost [--quick]`.

The hundred messages of `messages.jsonl` over the sample shop, asked by the model drafter as it asks OpenAI, of the
stand-in of `prefetch`, which looks things up and answers as a good model does. Counted are the calls and what was
really sent and said. With the tokenizer of these models, `uv run --with bpe-openai python -m tests.performance.cost`,
tokens are exact for texts; OpenAI's own, tiktoken, fetches its word list from the net and is not used. Without one, so
many characters count as a token as that run found. How OpenAI writes tools and formats for the model is not published:
they count as their JSON. Prices are those of `server/agent/cost.py`, which dates them. Cached input is not assumed.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from itertools import chain
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

CHARACTERS: Final = 4.2
"""For one token of a request or an answer, found by the tokenizer over the hundred messages."""

MESSAGE: Final = 3
"""Tokens around each message, by OpenAI's cookbook."""

MODELS: Final = ("gpt-4o", "gpt-4o-mini", "gpt-4.1-mini")
Count = Callable[[str], float]


def tokenizer() -> tuple[Count, str]:
    """Returns what counts the tokens of a text, and its name."""
    if find_spec("bpe_openai") is None:
        return (lambda text: len(text) / CHARACTERS), f"{CHARACTERS:g} characters a token"
    from bpe_openai import get_encoding  # the word list of gpt-4o and gpt-4.1 is in the package

    words = get_encoding("o200k_base")
    return (lambda text: len(words.encode(text))), "tokens by o200k_base"


def texts_of(message: Mapping[str, Any]) -> Iterator[str]:
    """Yields what a message is to the model: its words, and the calls it makes."""
    yield message["role"]
    yield message.get("content") or ""
    for call in message.get("tool_calls") or ():
        yield call["function"]["name"]
        yield call["function"]["arguments"]


def asked(body: Mapping[str, Any]) -> Iterator[str]:
    """Yields the texts of a request."""
    for message in body["messages"]:
        yield from texts_of(message)
    for given in (*(body.get("tools") or ()), body.get("response_format")):
        if given is not None:
            yield json.dumps(given, ensure_ascii=False, separators=(",", ":"))


async def counted(path: Path, count: Count, *, prefetch: bool, texts: list[str]) -> Mapping[str, float]:
    """Drafts every message; returns calls, tokens in, tokens out and characters of a draft."""
    queries = {row["text"]: row["query"] for row in map(json.loads, MESSAGES.read_text("utf-8").splitlines())}
    stand_in = StandIn(queries)
    said: list[list[str]] = []

    def answer(body: dict[str, Any]) -> Say:
        say = stand_in(body)
        said.append(list(texts_of(json.loads(say.body)["choices"][0]["message"])))
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
            sent = [list(asked(body)) for body in end.asked]
            messages = sum(len(body["messages"]) + 1 for body in end.asked)
    finally:
        database.close()
    return {
        "calls": len(sent) / len(texts),
        "read": (MESSAGE * messages + sum(map(count, chain(*sent)))) / len(texts),
        "written": sum(map(count, chain(*said))) / len(texts),
        "characters": sum(map(len, chain(*sent, *said))) / sum(map(count, chain(*sent, *said))),
    }


def measure(quick: bool) -> list[Figure]:
    """Measures the part."""
    count, counter = tokenizer()
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
            found[prefetch] = asyncio.run(counted(path, count, prefetch=prefetch, texts=texts))
    figures = []
    dearest = 0.0
    for prefetch, one in found.items():
        how = "search first (prefetch)" if prefetch else "the model asks"
        figures.append(
            Figure(
                f"calls and tokens of a draft, {how}",
                f"{one['calls']:.2f} calls, {one['read']:,.0f} tokens read, {one['written']:,.0f} written",
                beside=f"{len(texts)} messages; {counter}, {one['characters']:.2f} characters each",
            )
        )
        for model in MODELS:
            price = cost.price_of(model)
            spent = 1_000 * cost.dollars_of(cost.microcents(price, round(one["read"]), round(one["written"])))
            dearest = dearest or spent
            figures.append(
                Figure(
                    f"money of 1,000 drafts, {model}, {how}",
                    f"${spent:,.2f}",
                    beside=f"{spent / dearest:.2f} × {MODELS[0]} when it asks; OpenAI's list prices of August 2025",
                )
            )
    figures.append(Figure("money of 1,000 drafts, house drafter", "$0.00", beside="0 calls, 0 tokens"))
    return figures


if __name__ == "__main__":
    alone(__doc__, measure)
