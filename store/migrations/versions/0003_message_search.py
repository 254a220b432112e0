"""The index all messages are searched by, kept by triggers.

The text is stored once, in `messages`; `messages_fts` is an external-content FTS5 table over it. Accents do not matter
(`ano` finds `año`), and the first letters of a word find it. And an index of the replies that did not arrive and were
not looked at yet, which the header counts every second.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

DELETE = "INSERT INTO messages_fts (messages_fts, rowid, text) VALUES ('delete', old.id, old.text);"
INSERT = "INSERT INTO messages_fts (rowid, text) VALUES (new.id, new.text);"


def upgrade() -> None:
    """Builds the index over what is there and lets triggers keep it."""
    op.execute(
        "CREATE VIRTUAL TABLE messages_fts USING fts5(text, content='messages', content_rowid='id',"
        " tokenize='unicode61 remove_diacritics 2', prefix='2 3')"
    )
    op.execute("INSERT INTO messages_fts (messages_fts) VALUES ('rebuild')")
    op.execute(f"CREATE TRIGGER messages_fts_insert AFTER INSERT ON messages BEGIN {INSERT} END")
    op.execute(f"CREATE TRIGGER messages_fts_delete AFTER DELETE ON messages BEGIN {DELETE} END")
    op.execute(f"CREATE TRIGGER messages_fts_update AFTER UPDATE OF text ON messages BEGIN {DELETE} {INSERT} END")
    op.create_index(
        "deliveries_lost",
        "deliveries",
        ["conversation_id"],
        sqlite_where=sa.text("state IN ('failed', 'expired') AND acknowledged_at IS NULL"),
    )


def downgrade() -> None:
    """Takes the index away again; no message is lost."""
    op.drop_index("deliveries_lost", "deliveries")
    for name in ("insert", "delete", "update"):
        op.execute(f"DROP TRIGGER messages_fts_{name}")
    op.execute("DROP TABLE messages_fts")
