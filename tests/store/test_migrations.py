"""Migrations: every file reaches the head, none but ours is touched, and the tables are what the models say."""

from __future__ import annotations

import shutil
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlmodel import SQLModel

import store.models
from store.database import connect
from store.errors import CannotWrite, NewerDatabase, StoreError
from store.migrations import HEAD, migrate, revision_of
from store.migrations.run import config_for, engine_for, upgrade


def test_head_is_what_alembic_says() -> None:
    """The constant that spares the import of Alembic is its own answer."""
    assert ScriptDirectory.from_config(config_for()).get_current_head() == HEAD


def test_a_new_file_has_exactly_the_tables_of_the_models(migrated: Path) -> None:
    """Comparing the migrated file with the models finds no difference but the search indexes."""
    assert store.models.Conversation.__tablename__ == "conversations"
    engine = engine_for(migrated)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={"compare_type": True, "include_name": lambda name, kind, _: not (kind == "table" and "_fts" in name)},
        )
        assert compare_metadata(context, SQLModel.metadata) == []
    engine.dispose()


def test_an_old_file_reaches_the_head_with_its_rows(tmp_path: Path) -> None:
    """A file of the first schema is brought forward and keeps what is in it."""
    path = tmp_path / "old.db"
    upgrade(path, "0001")
    with closing(connect(path)) as db:
        db.execute("INSERT INTO items (sku, name, created_at, updated_at) VALUES ('J-1', 'Brown suede jacket', 1, 1)")
        assert revision_of(db) == "0001"
    migrate(path)
    with closing(connect(path)) as db:
        assert revision_of(db) == HEAD
        assert db.execute("SELECT name FROM items").fetchone()["name"] == "Brown suede jacket"
        assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


def test_a_newer_file_is_refused_and_left_alone(migrated: Path, tmp_path: Path) -> None:
    """A file of a newer Philia is not touched, and the message names both schemas."""
    path = tmp_path / "newer.db"
    shutil.copy(migrated, path)
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE alembic_version SET version_num = '9999'")
        db.commit()
    with pytest.raises(NewerDatabase, match=f"9999.*{HEAD}"):
        migrate(path)
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT version_num FROM alembic_version").fetchone() == ("9999",)


def test_a_file_is_for_its_owner_only(tmp_path: Path) -> None:
    """New files get mode 0600, and one that others could read is closed to them at the next start."""
    path = tmp_path / "deep" / "shop.db"
    migrate(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    migrate(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_is_no_database_is_refused_in_words(tmp_path: Path) -> None:
    """A file of something else is neither opened nor overwritten."""
    path = tmp_path / "letter.db"
    path.write_text("Dear customer, " * 100)
    with pytest.raises(StoreError):
        migrate(path)
    assert path.read_text().startswith("Dear customer")
    with pytest.raises(CannotWrite):
        migrate(tmp_path)


def test_the_journal_is_append_only(db: sqlite3.Connection) -> None:
    """The database itself refuses to change or delete what the journal holds."""
    db.execute("INSERT INTO journal (at, who, what, subject) VALUES (1, 'owner', 'pause', 'switch')")
    for change in ("UPDATE journal SET who = 'nobody'", "DELETE FROM journal"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            db.execute(change)


def test_a_state_nobody_thought_of_cannot_be_stored(db: sqlite3.Connection) -> None:
    """Unknown states are refused by the schema."""
    with pytest.raises(sqlite3.IntegrityError):
        db.execute("INSERT INTO items (sku, name, status, created_at, updated_at) VALUES ('a', 'b', 'lost', 1, 1)")
