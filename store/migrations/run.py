"""Alembic, run from code: no alembic.ini, no addresses in files."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import event, pool
from sqlalchemy.engine import Connection, Engine, create_engine
from sqlalchemy.exc import DBAPIError

from store.errors import CannotWrite


def engine_for(path: Path) -> Engine:
    """Makes an engine whose transactions hold the write lock from their start, as everywhere in the house."""
    engine = create_engine(f"sqlite:///{path}", poolclass=pool.NullPool)

    @event.listens_for(engine, "connect")
    def _leave_transactions_to_us(dbapi: object, _record: object) -> None:
        dbapi.isolation_level = None  # type: ignore[attr-defined]

    @event.listens_for(engine, "begin")
    def _begin_immediate(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def config_for(connection: Connection | None = None) -> Config:
    """Returns Alembic's settings, bound to a connection if one is given."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def upgrade(path: Path, revision: str = "head") -> None:
    """Runs the missing migrations in one transaction each: a kill leaves the file at a whole revision.

    Raises CannotWrite.
    """
    engine = engine_for(path)
    try:
        with engine.connect() as connection:
            command.upgrade(config_for(connection), revision)
    except DBAPIError as fault:
        raise CannotWrite(
            f"The database {path} could not be brought to this Philia's schema: {fault.orig}. It is as it was. Free "
            "some space or mend the folder's permissions, then try again."
        ) from fault
    finally:
        engine.dispose()
