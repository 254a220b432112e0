"""What every edit and every doubt look for is found by an index: the last edits, the requests of unknown outcome."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds two indexes; no row changes."""
    op.create_index("drafts_edited", "drafts", ["ended_at"], sqlite_where=sa.text("state = 'edited'"))
    op.create_index("attempts_in_doubt", "attempts", ["ended_at"], sqlite_where=sa.text("outcome = 'unknown'"))


def downgrade() -> None:
    """Takes them away again."""
    op.drop_index("attempts_in_doubt", "attempts")
    op.drop_index("drafts_edited", "drafts")
