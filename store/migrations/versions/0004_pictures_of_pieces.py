"""A picture of a piece: its file, TikTok's id for it, and the delivery that sends it.

`pictures` keeps every file that ever was a piece's picture, the present one without `replaced_at`; `uploads` what
TikTok calls such a file, by its hash; a conversation keeps whether TikTok lets pictures be sent to it. Customers'
pictures get their measure in pixels.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds two tables and six columns; no row changes."""
    op.create_table(
        "pictures",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("content_type", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("added_at", sa.Integer(), nullable=False),
        sa.Column("replaced_at", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "pictures_one_of_item", "pictures", ["item_id"], unique=True, sqlite_where=sa.text("replaced_at IS NULL")
    )
    op.create_table(
        "uploads",
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("media_id", sa.String(), nullable=False),
        sa.Column("uploaded_at", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("sha256"),
    )
    # In SQLite's own words: Alembic would want to write the whole table anew for a reference.
    op.execute("ALTER TABLE deliveries ADD COLUMN picture_id INTEGER REFERENCES pictures (id)")
    op.create_index(
        "deliveries_by_picture", "deliveries", ["picture_id"], sqlite_where=sa.text("picture_id IS NOT NULL")
    )
    op.add_column("conversations", sa.Column("image_send", sa.Boolean(), nullable=True))
    op.add_column("conversations", sa.Column("image_send_at", sa.Integer(), nullable=True))
    for name in ("width", "height"):
        op.add_column("media", sa.Column(name, sa.Integer(), nullable=True))


def downgrade() -> None:
    """Takes them away again; the files stay."""
    for name in ("width", "height"):
        op.drop_column("media", name)
    for name in ("image_send", "image_send_at"):
        op.drop_column("conversations", name)
    op.drop_index("deliveries_by_picture", "deliveries")
    op.drop_column("deliveries", "picture_id")
    op.drop_table("uploads")
    op.drop_index("pictures_one_of_item", "pictures")
    op.drop_table("pictures")
