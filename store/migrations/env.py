"""Called by Alembic: hands it our connection and our tables."""

from __future__ import annotations

from alembic import context
from sqlmodel import SQLModel

import store.models  # noqa: F401  # registers the tables


def _is_ours(name: str | None, kind: str, _parents: object) -> bool:
    """Leaves the search index and its shadow tables to their own migration: SQLModel cannot describe them."""
    return not (kind == "table" and name is not None and "_fts" in name)


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    include_name=_is_ours,
    render_as_batch=True,
    compare_type=True,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
