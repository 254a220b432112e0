"""The index the stock is searched by, kept by triggers.

Four things follow the rows of `items` by themselves, whoever writes them:
- `items_fts`: the words, stemmed, in an external-content FTS5 table (the text is stored once, in `items`);
- `items_words_fts`: the unstemmed words of names, brands and categories, which are what a typo may be mended to;
- `items_fts_values`: the different labels in use (sizes, colours, eras, brands, categories) with their counts, so that
  a query never scans 100,000 rows to learn that "Large" and "L" are both written in this shop;
- the switch `stock_revision`: random, not counted, so that a rolled back change cannot lend its number to another one.
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TEXT = ("name", "brand", "category", "tags", "material", "color", "description")
WORDS = ("name", "brand", "category")
LABELS = ("brand", "category", "size_label", "color", "era")

NEW_REVISION = "UPDATE switches SET value = lower(hex(randomblob(8))) WHERE name = 'stock_revision';"


def _insert(table: str, columns: tuple[str, ...], row: str) -> str:
    return f"INSERT INTO {table} (rowid, {', '.join(columns)}) VALUES ({row}.id, {_of(row, columns)});"


def _delete(table: str, columns: tuple[str, ...]) -> str:
    return (
        f"INSERT INTO {table} ({table}, rowid, {', '.join(columns)}) VALUES ('delete', old.id, {_of('old', columns)});"
    )


def _of(row: str, columns: tuple[str, ...]) -> str:
    return ", ".join(f"{row}.{column}" for column in columns)


def _count(columns: tuple[str, ...]) -> str:
    rows = ", ".join(f"('{column}', new.{column}, 1)" for column in columns)
    return (
        f"INSERT INTO items_fts_values (field, value, pieces) VALUES {rows}"
        " ON CONFLICT (field, value) DO UPDATE SET pieces = pieces + 1;"
    )


def _uncount(columns: tuple[str, ...]) -> str:
    pairs = ", ".join(f"('{column}', old.{column})" for column in columns)
    return (
        f"UPDATE items_fts_values SET pieces = pieces - 1 WHERE (field, value) IN (VALUES {pairs});"
        f"DELETE FROM items_fts_values WHERE pieces <= 0 AND (field, value) IN (VALUES {pairs});"
    )


def upgrade() -> None:
    """Builds the index over what is there and lets triggers keep it."""
    op.execute(
        f"CREATE VIRTUAL TABLE items_fts USING fts5({', '.join(TEXT)}, content='items', content_rowid='id',"
        " tokenize='porter unicode61 remove_diacritics 2', prefix='2 3')"
    )
    op.execute(
        f"CREATE VIRTUAL TABLE items_words_fts USING fts5({', '.join(WORDS)}, content='items', content_rowid='id',"
        " tokenize='unicode61 remove_diacritics 2', detail=none, columnsize=0)"
    )
    op.execute("CREATE VIRTUAL TABLE items_words_fts_vocab USING fts5vocab('items_words_fts', 'row')")
    op.execute(
        "CREATE TABLE items_fts_values (field TEXT NOT NULL, value TEXT NOT NULL, pieces INTEGER NOT NULL,"
        " PRIMARY KEY (field, value)) WITHOUT ROWID"
    )
    op.execute("INSERT INTO items_fts (items_fts) VALUES ('rebuild')")
    op.execute("INSERT INTO items_words_fts (items_words_fts) VALUES ('rebuild')")
    for label in LABELS:
        op.execute(
            f"INSERT INTO items_fts_values (field, value, pieces) SELECT '{label}', {label}, count(*) FROM items GROUP BY {label}"
        )
    op.execute(
        "INSERT INTO switches (name, value, updated_at) VALUES ('stock_revision', lower(hex(randomblob(8))), 0)"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value"
    )
    op.execute(
        "CREATE TRIGGER items_search_insert AFTER INSERT ON items BEGIN "
        + _insert("items_fts", TEXT, "new")
        + _insert("items_words_fts", WORDS, "new")
        + _count(LABELS)
        + NEW_REVISION
        + " END"
    )
    op.execute(
        "CREATE TRIGGER items_search_delete AFTER DELETE ON items BEGIN "
        + _delete("items_fts", TEXT)
        + _delete("items_words_fts", WORDS)
        + _uncount(LABELS)
        + NEW_REVISION
        + " END"
    )
    op.execute(
        f"CREATE TRIGGER items_search_text AFTER UPDATE OF id, {', '.join(TEXT)} ON items BEGIN "
        + _delete("items_fts", TEXT)
        + _insert("items_fts", TEXT, "new")
        + _delete("items_words_fts", WORDS)
        + _insert("items_words_fts", WORDS, "new")
        + " END"
    )
    op.execute(
        f"CREATE TRIGGER items_search_labels AFTER UPDATE OF {', '.join(LABELS)} ON items BEGIN "
        + _count(LABELS)
        + _uncount(LABELS)
        + " END"
    )
    op.execute(f"CREATE TRIGGER items_search_revision AFTER UPDATE ON items BEGIN {NEW_REVISION} END")


def downgrade() -> None:
    """Removes the index; the stock itself is untouched."""
    for trigger in ("insert", "delete", "text", "labels", "revision"):
        op.execute(f"DROP TRIGGER items_search_{trigger}")
    for table in ("items_words_fts_vocab", "items_words_fts", "items_fts", "items_fts_values"):
        op.execute(f"DROP TABLE {table}")
    op.execute("DELETE FROM switches WHERE name = 'stock_revision'")
