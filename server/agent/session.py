"""The doors for code that holds an `AsyncSession`: the owner's specification names them.

They read by a connection of their own to the session's file. The session itself begins its transactions with the
write lock (see `store.sessions`), which nobody may keep while a model thinks.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine
from sqlmodel.ext.asyncio.session import AsyncSession

from server.agent.port import DraftRequest, Turn
from server.agent.tools import Read
from server.settings import Settings
from store import drafts, inbox
from store.database import connect
from store.errors import StoreError
from store.search import search
from store.stock import Piece, cents

P = ParamSpec("P")
T = TypeVar("T")


def reader(session: AsyncSession) -> Read:
    """Returns a way to run the store's functions on the session's database. Raises StoreError when it is no file.

    What the session has not committed is not seen.
    """
    bind: Engine | Connection = session.get_bind()
    name = bind.engine.url.database
    if not name or name == ":memory:":
        raise StoreError("The session's database is in memory; drafts are written from a file, such as philia.db.")
    path = Path(name)

    def run(fn: Callable[[sqlite3.Connection], Any]) -> Any:
        db = connect(path, readonly=True)
        try:
            return fn(db)
        finally:
            db.close()

    async def read(fn: Callable[Concatenate[sqlite3.Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        found: T = await asyncio.to_thread(run, lambda db: fn(db, *args, **kwargs))
        return found

    return read


async def search_available_items(
    session: AsyncSession,
    query: str,
    size: str | None = None,
    max_price: float | str | Decimal | None = None,
    *,
    min_price: float | str | Decimal | None = None,
    color: str | None = None,
    category: str | None = None,
    brand: str | None = None,
    era: str | None = None,
    limit: int = 10,
) -> list[Piece]:
    """Returns the pieces that can be bought now and match best, best first; prices in the shop's currency.

    Raises ValueError for a price that is none.
    """
    result = await reader(session)(
        search,
        query,
        size=size,
        max_price_cents=None if max_price is None else cents(str(max_price)),
        min_price_cents=None if min_price is None else cents(str(min_price)),
        color=color,
        category=category,
        brand=brand,
        era=era,
        limit=limit,
    )
    return list(result.pieces)


def request_of(
    db: sqlite3.Connection, user_id: str, user_text: str, settings: Settings, policies: Mapping[str, str]
) -> DraftRequest:
    """Gathers what is known of a customer's newest conversation and puts her newest words at its end."""
    row = db.execute(
        "SELECT c.id, u.display_name FROM conversations c JOIN users u ON u.id = c.user_id"
        " WHERE u.tiktok_id = ? ORDER BY c.last_message_at DESC, c.id DESC LIMIT 1",
        (user_id,),
    ).fetchone()
    turns: list[Turn] = []
    burst: list[str] = []
    discussed: tuple[str, ...] = ()
    if row is not None:
        history = inbox.history(db, row["id"], settings.agent.history)
        turns = [Turn(role=message["role"], text=message["text"], kind=message["kind"]) for message in history]
        burst = [message["text"] for message in inbox.unanswered(db, row["id"]) if message["text"]]
        discussed = drafts.discussed(db, row["id"])
    if not turns or turns[-1].role != "user" or turns[-1].text != user_text:
        # The caller may or may not have kept the message before asking.
        turns.append(Turn(role="user", text=user_text))
        burst.append(user_text)
    return DraftRequest(
        conversation_id=0 if row is None else int(row["id"]),
        turns=tuple(turns[-settings.agent.history :]),
        unanswered=tuple(burst) or (user_text,),
        customer_name=None if row is None else row["display_name"],
        discussed=discussed,
        shop_name=settings.shop.name,
        currency=settings.shop.currency,
        unit=settings.shop.unit,
        policies=policies,
    )
