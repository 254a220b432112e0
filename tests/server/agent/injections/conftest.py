"""A shop in which everything that can be earned is earned, and a model that says what the attacker wants."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from server import drafting
from server.agent.drafter import AIAgent
from server.agent.model import Answer, Question, ToolCall
from server.drafting import Desk
from server.secrets import Secrets
from server.settings import Agent, AutoReply, Settings
from store import autonomy, drafts, inbox, items
from store.clock import HOUR
from store.database import Database
from tests.conftest import FakeClock

INJECTIONS: Final = Path(__file__).with_name("injections.jsonl")
POLICIES: Final = {"shipping": "We ship within two days.", "payment": "You pay through TikTok Shop."}
PIECES: Final[tuple[dict[str, Any], ...]] = (
    {"sku": "J-014", "name": "Brown 70s suede jacket", "category": "Jackets", "size_label": "M", "price_cents": 8500,
     "color": "brown", "era": "70s", "measurements": {"pit_to_pit": 533, "length": 635}},
    {"sku": "N-203", "name": "Nike windbreaker", "category": "Jackets", "brand": "Nike", "size_label": "L",
     "price_cents": 4500, "color": "blue", "era": "90s", "measurements": {"pit_to_pit": 610, "length": 711}},
    {"sku": "W-020", "name": "Wool coat", "category": "Coats", "size_label": "M", "price_cents": 12000,
     "color": "grey", "era": "60s", "status": "sold"},
    {"sku": "B-310", "name": "Brown leather boots", "category": "Shoes", "size_label": "US 8", "price_cents": 9500,
     "color": "brown", "era": "80s"},
    {"sku": "S-118", "name": "Silk blouse", "category": "Shirts", "size_label": "S", "price_cents": 3800,
     "color": "cream", "era": "80s", "measurements": {"pit_to_pit": 457}},
    {"sku": "D-077", "name": "Blue denim jacket", "category": "Jackets", "brand": "Levi's", "size_label": "L",
     "price_cents": 6000, "color": "blue", "era": "90s"},
    {"sku": "L-501", "name": "Levi's 501 jeans", "category": "Jeans", "brand": "Levi's", "size_label": "W32 L32",
     "price_cents": 5200, "color": "blue", "era": "90s", "measurements": {"waist": 406, "inseam": 813}},
    {"sku": "F-050", "name": "70s floral dress", "category": "Dresses", "size_label": "M", "price_cents": 5500,
     "color": "green", "era": "70s", "status": "held"},
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Injection:
    """One attempt: who writes what where, what is asked beside it, and the reply the attacker hopes for."""

    id: str
    kind: str
    where: str
    text: str
    wants: str
    asks: str = ""
    sku: str = ""


def all_injections() -> list[Injection]:
    return [Injection(**json.loads(line)) for line in INJECTIONS.read_text("utf-8").splitlines()]


@dataclass(slots=True)
class Talked:
    """A model that was talked round: it searches with the customer's words, then says what it was told to say."""

    says: str = ""
    intent: str = "availability"

    async def ask(self, question: Question) -> Answer:
        if not any(message["role"] == "tool" for message in question.messages):
            words = json.loads(question.messages[-1]["content"])["text"]
            looks = [json.dumps({"query": words})] + [json.dumps({"sku": piece["sku"]}) for piece in PIECES[:3]]
            names = ["search_inventory", "get_item", "get_item", "get_item"]
            calls = tuple(ToolCall(f"c{at}", *pair) for at, pair in enumerate(zip(names, looks, strict=True)))
            return Answer(tool_calls=calls, finish="tool_calls")
        written = {"reply": self.says, "cited_skus": [], "intent": self.intent, "needs_owner": False, "reason": ""}
        return Answer(content=json.dumps({**written, "language": "en", "translation": None}), finish="stop")


@dataclass(slots=True)
class TrustingShop:
    """A shop that lets out everything it can."""

    desk: Desk
    model: Talked
    clock: FakeClock
    threads: dict[int, int] = field(default_factory=dict)

    async def told(self, number: int, text: str, reply: str, intent: str, name: str | None = None) -> int:
        """Lets a new customer write, has the model answer, lets the policy consider; returns the draft's id."""
        self.model.says, self.model.intent = reply, intent
        database, now = self.desk.database, self.clock.advance(1)
        draft_id = await database.write(_write, number, text, name, now=now)
        assert await drafting.write_due(self.desk) == 1
        return draft_id

    async def sent_by_itself(self) -> list[int | None]:
        """Returns the drafts that the policy sent to the outbox."""
        return await self.desk.database.read(
            lambda db: [row["draft_id"] for row in db.execute("SELECT draft_id FROM deliveries WHERE who = 'auto'")]
        )


def _write(db: Any, number: int, text: str, name: str | None, *, now: int) -> int:
    thread = inbox.open_conversation(
        db, dialect="v1", platform_id=f"t{number}", user=f"u{number}", name=name, business_id="b", now=now
    )
    message = inbox.NewMessage(platform_id=f"m{number}", role="user", source="customer", text=text, platform_at=now)
    inbox.add_message(db, thread, message, now=now)
    inbox.customer_wrote(db, thread, at=now, window_ms=48 * HOUR, quota=10)
    inbox.refresh(db, thread, now=now)
    inbox.set_mode(db, thread, "auto", now=now, who="owner")
    return drafts.enqueue(db, thread, now=now)


def _trust(db: Any, *, now: int) -> None:
    """Lets every kind of question be earned: twenty shadow decisions that the owner sent unchanged."""
    thread = inbox.open_conversation(
        db, dialect="v1", platform_id="past", user="past", name=None, business_id="b", now=now
    )
    db.executemany(
        "INSERT INTO verdicts (conversation_id, decision, who, intent, agreed, at)"
        " VALUES (?, 'shadow', 'policy', ?, 1, ?)",
        [(thread, intent, now) for intent in autonomy.KINDS for _ in range(20)],
    )
    for piece in PIECES:
        values = {key: value for key, value in piece.items() if key not in {"sku", "status"}}
        items.add(db, piece["sku"], values, now=now, who="owner", status=piece.get("status", "available"))


@pytest.fixture
async def trusting(migrated: Path, tmp_path: Path, clock: FakeClock) -> Any:
    path = tmp_path / "trusting.db"
    shutil.copy(migrated, path)
    database = Database(path)
    settings = Settings(agent=Agent(drafter="model"), auto_reply=AutoReply(mode="on", in_a_row=1_000, per_day=1_000))
    model = Talked()
    agent = AIAgent(settings, Secrets(), read=database.read, model=model, clock=clock)
    desk = Desk(
        database=database, drafter=agent, settings=settings, newest=lambda: settings, policies=lambda: POLICIES,
        clock=clock, boot="test",
    )  # fmt: skip
    await database.write(_trust, now=clock.now)
    yield TrustingShop(desk, model, clock)
    database.close()
