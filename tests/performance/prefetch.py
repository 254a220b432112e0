"""Counts the model calls of a draft with and without the search done first, on a hundred messages.

    python -m tests.performance.prefetch

The model is a local stand-in that behaves like a good one: it looks things up with the query a model would write
(`query` in messages.jsonl), looks again when what it was shown is only near, and answers from the rows. Compared is
what the program decides: how many calls a draft takes, whether the piece that is meant was shown, and whether the
reply is grounded. The quality of a real model's prose is not measured here and cannot be, offline.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from server.agent.drafter import AIAgent
from server.agent.hold_reasons import code_of
from server.agent.port import Drafted, DraftRequest, Turn
from server.secrets import Secrets
from server.settings import Agent, Settings
from server.simulator import sample
from store.database import Database, connect, transaction
from store.migrations import migrate
from tests.server.agent.model.far_end import Say, calls, far_end, final

MESSAGES: Final = Path(__file__).with_name("messages.jsonl")
POLICIES: Final = {"shipping": "Shipping is $8 within the US.", "payment": "You pay through TikTok Shop."}


@dataclass(slots=True)
class StandIn:
    """A model that knows which query it would write for each message, and nothing of the stock."""

    queries: dict[str, str | None]
    shown: dict[str, set[str]] = field(default_factory=dict)

    def __call__(self, body: dict[str, Any]) -> Say:
        messages = body["messages"]
        said = [json.loads(one["content"]) for one in messages if one["role"] == "user"]
        text = next(one["text"] for one in reversed(said) if one["from"] == "customer")
        results = [json.loads(one["content"]) for one in messages if one["role"] == "tool"]
        pieces = [piece for result in results for piece in result.get("items", [])]
        self.shown.setdefault(text, set()).update(_skus(results))
        query = self.queries[text]
        looked_itself = any(call["id"] == "own" for one in messages for call in one.get("tool_calls") or [])
        satisfied = bool(results) and results[-1].get("exact", True) and bool(pieces)
        if query is not None and not looked_itself and not satisfied and body["tool_choice"] != "none":
            return calls(("own", "search_inventory", {"query": query}))
        if body["tool_choice"] == "required":
            return calls(("own", "search_inventory", {"query": query or text}))
        if not pieces:
            return final("Hi! I'm happy to help: what are you looking for?", intent="other")
        best = next((one for one in results[-1].get("items", []) if one["status"] == "available"), pieces[0])
        return final(f"Yes, the {best['name']} is available, {best['price']}.", cited_skus=[best["sku"]])


def _skus(results: list[dict[str, Any]]) -> set[str]:
    return {piece["sku"] for result in results for piece in (*result.get("items", ()), *result.get("gone", ()))}


def main() -> None:
    """Prints the comparison as a table for the page."""
    given = [json.loads(line) for line in MESSAGES.read_text("utf-8").splitlines()]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "shop.db"
        migrate(path)
        db = connect(path)
        with transaction(db):
            sample.fill(db, now=1)
        db.close()
        print("| flow | model calls a draft | calls | piece shown | grounded | other | ms p50 | ms p95 |")
        print("|---|---|---|---|---|---|---|---|")
        for prefetch in (False, True):
            print(asyncio.run(measure(path, given, prefetch=prefetch)))


async def measure(path: Path, given: list[dict[str, Any]], *, prefetch: bool) -> str:
    """Drafts every message and returns a row of the table."""
    stand_in = StandIn({one["text"]: one["query"] for one in given})
    database = Database(path)
    drafts: list[Drafted] = []
    took: list[float] = []
    try:
        async with far_end(stand_in) as end:
            settings = Settings(agent=Agent(base_url=end.base_url, prefetch=prefetch, daily_budget=0))
            agent = AIAgent(settings, Secrets(openai_api_key="k"), read=database.read)
            await agent.warm()
            for number, one in enumerate(given):
                started = time.perf_counter()
                drafts.append(await agent.draft(_request(number, one["text"])))
                took.append((time.perf_counter() - started) * 1_000)
            await agent.aclose()
    finally:
        database.close()
    meant = [one for one in given if one["means"] is not None]
    shown = sum(one["means"] in stand_in.shown.get(one["text"], set()) for one in meant)
    passed = sum(draft.drafter == "model" and draft.verdict.verdict == "pass" for draft in drafts)
    holds = Counter(code_of(draft.hold_reason) for draft in drafts if draft.hold_reason is not None)
    spread = statistics.quantiles(took, n=20)
    told = ", ".join(f"{name} {count}" for name, count in holds.most_common()) or "none"
    return (
        f"| {'search first' if prefetch else 'model asks'} | {sum(d.model_calls for d in drafts) / len(drafts):.2f}"
        f" | {dict(sorted(Counter(draft.model_calls for draft in drafts).items()))} | {shown}/{len(meant)}"
        f" | {passed}/{len(drafts)} | {told} | {statistics.median(took):.0f} | {spread[18]:.0f} |"
    )


def _request(number: int, text: str) -> DraftRequest:
    return DraftRequest(conversation_id=number, turns=(Turn("user", text),), unanswered=(text,), policies=POLICIES)


if __name__ == "__main__":
    main()
