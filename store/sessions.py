"""SQLModel sessions over aiosqlite, for code that wants rows as objects in the event loop.

The names of the owner's specification (`AIAgent.handle_conversation`, `search_available_items`) take such a session.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker, create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

from store.database import BUSY_SECONDS, PRAGMAS


def make_engine(path: Path) -> AsyncEngine:
    """Makes an engine whose pooled connections carry the house's pragmas; dispose of it, or its threads live on."""
    engine = create_async_engine(f"sqlite+aiosqlite:///{path}", connect_args={"timeout": BUSY_SECONDS})

    @event.listens_for(engine.sync_engine, "connect")
    def _pragmas(dbapi: Any, _record: object) -> None:
        # Transactions are begun by the listener below, not by the driver, which would begin them too late.
        dbapi.isolation_level = None
        cursor = dbapi.cursor()
        for pragma in PRAGMAS:
            cursor.execute(pragma)
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Any) -> None:
        # A session may write; taking the lock at its start is what keeps two writers from a deadlock.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def make_sessions(engine: AsyncEngine) -> async_sessionmaker[AsyncSession]:
    """Makes the factory of sessions."""
    return async_sessionmaker(engine, class_=AsyncSession, expire_on_commit=False)
