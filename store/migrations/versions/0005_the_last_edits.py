"""The last drafts that the owner changed are found by an index: every edit looks for them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds an index; no row changes."""
    op.create_index("drafts_edited", "drafts", ["ended_at"], sqlite_where=sa.text("state = 'edited'"))


def downgrade() -> None:
    """Takes it away again."""
    op.drop_index("drafts_edited", "drafts")
