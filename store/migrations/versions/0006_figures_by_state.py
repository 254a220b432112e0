"""Figures by state are counted on indexes: an ordinary webhook, which is applied, writes none of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds two indexes; no row changes."""
    op.create_index("inbound_events_ignored", "inbound_events", ["state"], sqlite_where=sa.text("state = 'ignored'"))
    op.create_index("drafts_by_state", "drafts", ["state"])


def downgrade() -> None:
    """Takes them away again."""
    op.drop_index("drafts_by_state", "drafts")
    op.drop_index("inbound_events_ignored", "inbound_events")
