"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The first schema."""
    op.create_table(
        "canned_replies",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("updated_at", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "inbound_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("dedupe_key", sa.String(), nullable=False),
        sa.Column("dialect", sa.String(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("thread", sa.String(), server_default="", nullable=False),
        sa.Column("platform_at", sa.Integer(), nullable=True),
        sa.Column("received_at", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(), server_default="received", nullable=False),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("applied_at", sa.Integer(), nullable=True),
        sa.CheckConstraint("state IN ('received', 'applied', 'ignored', 'needs_poll', 'poison')", name="state_allowed"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("dedupe_key"),
    )
    op.create_index(
        "inbound_events_waiting", "inbound_events", ["id"], unique=False, sqlite_where=sa.text("state = 'received'")
    )
    op.create_index(
        "inbound_events_bodies",
        "inbound_events",
        ["received_at"],
        unique=False,
        sqlite_where=sa.text("length(body) > 0"),
    )
    op.create_index(
        "inbound_events_open",
        "inbound_events",
        ["thread", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'received'"),
    )
    op.create_index(
        "inbound_events_polls",
        "inbound_events",
        ["thread"],
        unique=False,
        sqlite_where=sa.text("state = 'needs_poll'"),
    )
    op.create_index(
        "inbound_events_poison", "inbound_events", ["state"], unique=False, sqlite_where=sa.text("state = 'poison'")
    )
    op.create_table(
        "items",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sku", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("category", sa.String(), server_default="", nullable=False),
        sa.Column("brand", sa.String(), server_default="", nullable=False),
        sa.Column("size_label", sa.String(), server_default="", nullable=False),
        sa.Column("price_cents", sa.Integer(), nullable=True),
        sa.Column("currency", sa.String(), server_default="USD", nullable=False),
        sa.Column("description", sa.String(), server_default="", nullable=False),
        sa.Column("measurements", sa.String(), server_default="{}", nullable=False),
        sa.Column("color", sa.String(), server_default="", nullable=False),
        sa.Column("era", sa.String(), server_default="", nullable=False),
        sa.Column("condition", sa.String(), server_default="", nullable=False),
        sa.Column("material", sa.String(), server_default="", nullable=False),
        sa.Column("fit_note", sa.String(), server_default="", nullable=False),
        sa.Column("tags", sa.String(), server_default="", nullable=False),
        sa.Column("photos", sa.String(), server_default="[]", nullable=False),
        sa.Column("status", sa.String(), server_default="available", nullable=False),
        sa.Column("revision", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("facts_revision", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.Integer(), nullable=False),
        sa.Column("sold_at", sa.Integer(), nullable=True),
        sa.CheckConstraint("status IN ('available', 'reserved', 'held', 'sold')", name="status_allowed"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("sku"),
    )
    op.create_index("items_by_status", "items", ["status", "id"], unique=False)
    op.create_table(
        "journal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=True),
        sa.Column("conversation_id", sa.Integer(), nullable=True),
        sa.Column("from_state", sa.String(), nullable=True),
        sa.Column("to_state", sa.String(), nullable=True),
        sa.Column("why", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("journal_by_conversation", "journal", ["conversation_id", "id"], unique=False)
    op.create_index("journal_by_subject", "journal", ["subject", "subject_id", "id"], unique=False)
    op.create_table(
        "learned_rules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("before", sa.String(), nullable=False),
        sa.Column("after", sa.String(), nullable=False),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.Column("of", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), server_default="proposed", nullable=False),
        sa.Column("created_at", sa.Integer(), nullable=False),
        sa.Column("decided_at", sa.Integer(), nullable=True),
        sa.CheckConstraint("state IN ('proposed', 'accepted', 'declined', 'withdrawn')", name="state_allowed"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "oauth_tokens",
        sa.Column("business_id", sa.String(), nullable=False),
        sa.Column("scopes", sa.String(), server_default="", nullable=False),
        sa.Column("kept_in", sa.String(), server_default="file", nullable=False),
        sa.Column("access_expires_at", sa.Integer(), nullable=True),
        sa.Column("refresh_expires_at", sa.Integer(), nullable=True),
        sa.Column("refreshed_at", sa.Integer(), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("business_id"),
    )
    op.create_table(
        "prompts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("share", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name", "version", name="prompt_version_once"),
    )
    op.create_table(
        "switches",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("updated_at", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("tiktok_id", sa.String(), nullable=False),
        sa.Column("display_name", sa.String(), nullable=True),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("last_interaction_at", sa.Integer(), nullable=True),
        sa.Column("notes", sa.String(), server_default="", nullable=False),
        sa.Column("labels", sa.String(), server_default="[]", nullable=False),
        sa.Column("blocked", sa.Boolean(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("tiktok_id"),
    )
    op.create_table(
        "conversations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("platform_id", sa.String(), nullable=False),
        sa.Column("dialect", sa.String(), nullable=False),
        sa.Column("business_id", sa.String(), server_default="", nullable=False),
        sa.Column("mode", sa.String(), server_default="review", nullable=False),
        sa.Column("auto_paused_until", sa.Integer(), nullable=True),
        sa.Column("queue", sa.String(), server_default="done", nullable=False),
        sa.Column("queued_since", sa.Integer(), nullable=True),
        sa.Column("window_closes_at", sa.Integer(), nullable=True),
        sa.Column("quota", sa.Integer(), server_default=sa.text("(10)"), nullable=False),
        sa.Column("quota_left", sa.Integer(), nullable=True),
        sa.Column("last_customer_at", sa.Integer(), nullable=True),
        sa.Column("last_message_at", sa.Integer(), nullable=True),
        sa.Column("newest_customer_message_id", sa.Integer(), nullable=True),
        sa.Column("newest_message_id", sa.Integer(), nullable=True),
        sa.Column("live_draft_id", sa.Integer(), nullable=True),
        sa.Column("unread", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("customer_read_at", sa.Integer(), nullable=True),
        sa.Column("answered_at", sa.Integer(), nullable=True),
        sa.Column("seen_at", sa.Integer(), nullable=True),
        sa.Column("snoozed_until", sa.Integer(), nullable=True),
        sa.Column("referral", sa.String(), nullable=True),
        sa.Column("labels", sa.String(), server_default="[]", nullable=False),
        sa.Column("notes", sa.String(), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", sa.Integer(), nullable=False),
        sa.CheckConstraint("dialect IN ('v1', 'v1.3')", name="dialect_allowed"),
        sa.CheckConstraint("mode IN ('review', 'auto', 'paused')", name="mode_allowed"),
        sa.CheckConstraint(
            "queue IN ('needs_you', 'sending', 'waiting', 'in_doubt', 'snoozed', 'done')", name="queue_allowed"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("dialect", "platform_id", name="conversation_once"),
    )
    op.create_index("conversations_by_queue", "conversations", ["queue", "window_closes_at", "id"], unique=False)
    op.create_index(
        "conversations_by_snooze",
        "conversations",
        ["snoozed_until"],
        unique=False,
        sqlite_where=sa.text("snoozed_until IS NOT NULL"),
    )
    op.create_index(
        "conversations_drafted",
        "conversations",
        ["window_closes_at"],
        unique=False,
        sqlite_where=sa.text("live_draft_id IS NOT NULL"),
    )
    op.create_index("conversations_by_user", "conversations", ["user_id"], unique=False)
    op.create_table(
        "item_posts",
        sa.Column("post_id", sa.String(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["item_id"],
            ["items.id"],
        ),
        sa.PrimaryKeyConstraint("post_id"),
    )
    op.create_table(
        "drafts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("conversation_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), server_default="queued", nullable=False),
        sa.Column("thread_version", sa.Integer(), nullable=False),
        sa.Column("burst_started_at", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(), server_default="", nullable=False),
        sa.Column("text_hash", sa.String(), server_default="", nullable=False),
        sa.Column("final_text", sa.String(), nullable=True),
        sa.Column("drafter", sa.String(), nullable=True),
        sa.Column("model", sa.String(), nullable=True),
        sa.Column("prompt", sa.String(), nullable=True),
        sa.Column("prompt_version", sa.Integer(), nullable=True),
        sa.Column("prompt_hash", sa.String(), nullable=True),
        sa.Column("intent", sa.String(), nullable=True),
        sa.Column("intents", sa.String(), server_default="[]", nullable=False),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("grounding", sa.String(), nullable=True),
        sa.Column("verdict", sa.String(), nullable=True),
        sa.Column("reasons", sa.String(), server_default="[]", nullable=False),
        sa.Column("evidence", sa.String(), server_default="{}", nullable=False),
        sa.Column("needs_owner", sa.Boolean(), server_default=sa.text("0"), nullable=False),
        sa.Column("hold_reason", sa.String(), nullable=True),
        sa.Column("cause", sa.String(), server_default="message", nullable=False),
        sa.Column("facts", sa.String(), server_default="{}", nullable=False),
        sa.Column("instruction", sa.String(), nullable=True),
        sa.Column("translation", sa.String(), nullable=True),
        sa.Column("cited_skus", sa.String(), server_default="[]", nullable=False),
        sa.Column("request_id", sa.String(), nullable=True),
        sa.Column("tokens_in", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("tokens_out", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("cost_microcents", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("latency_ms", sa.Integer(), nullable=True),
        sa.Column("model_calls", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("tool_calls", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("boot", sa.String(), nullable=True),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", sa.Integer(), nullable=False),
        sa.Column("ready_at", sa.Integer(), nullable=True),
        sa.Column("ended_at", sa.Integer(), nullable=True),
        sa.Column("ended_reason", sa.String(), nullable=True),
        sa.Column("redraft_of", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "state IN ('queued', 'drafting', 'ready', 'approved', 'edited', 'rejected', 'superseded', 'withdrawn', 'expired', 'failed')",
            name="state_allowed",
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
        ),
        sa.ForeignKeyConstraint(
            ["redraft_of"],
            ["drafts.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("drafts_by_conversation", "drafts", ["conversation_id", "id"], unique=False)
    op.create_index(
        "drafts_due",
        "drafts",
        ["state", "due_at"],
        unique=False,
        sqlite_where=sa.text("state IN ('queued', 'drafting')"),
    )
    op.create_index(
        "drafts_one_live",
        "drafts",
        ["conversation_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('queued', 'drafting', 'ready')"),
    )
    op.create_table(
        "holds",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("conversation_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("hours", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.Integer(), nullable=False),
        sa.Column("starts_at", sa.Integer(), nullable=True),
        sa.Column("expires_at", sa.Integer(), nullable=True),
        sa.Column("ended_at", sa.Integer(), nullable=True),
        sa.Column("ended_reason", sa.String(), nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'active', 'released', 'expired', 'sold')", name="state_allowed"),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
        ),
        sa.ForeignKeyConstraint(
            ["item_id"],
            ["items.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("holds_by_expiry", "holds", ["state", "expires_at"], unique=False)
    op.create_index("holds_one_active", "holds", ["item_id"], unique=True, sqlite_where=sa.text("state = 'active'"))
    op.create_index(
        "holds_one_place",
        "holds",
        ["item_id", "conversation_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('active', 'waiting')"),
    )
    op.create_table(
        "notices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("conversation_id", sa.Integer(), nullable=True),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.Column("seen_at", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
    )
    op.create_index("notices_unseen", "notices", ["seen_at", "id"], unique=False)
    op.create_table(
        "claims",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("draft_id", sa.Integer(), nullable=False),
        sa.Column("span_start", sa.Integer(), nullable=False),
        sa.Column("span_end", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("sku", sa.String(), nullable=True),
        sa.Column("field", sa.String(), nullable=True),
        sa.Column("value", sa.String(), nullable=True),
        sa.Column("backed", sa.Boolean(), server_default=sa.text("0"), nullable=False),
        sa.Column("grounding", sa.String(), server_default="inferred", nullable=False),
        sa.ForeignKeyConstraint(
            ["draft_id"],
            ["drafts.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("claims_by_draft", "claims", ["draft_id"], unique=False)
    op.create_index("claims_by_sku", "claims", ["sku"], unique=False)
    op.create_table(
        "verdicts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("draft_id", sa.Integer(), nullable=True),
        sa.Column("conversation_id", sa.Integer(), nullable=False),
        sa.Column("decision", sa.String(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("intent", sa.String(), nullable=True),
        sa.Column("text_hash", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("rules", sa.String(), server_default="[]", nullable=False),
        sa.Column("agreed", sa.Boolean(), nullable=True),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "decision IN ('approve', 'edit', 'reject', 'send', 'auto', 'shadow')", name="decision_allowed"
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
        ),
        sa.ForeignKeyConstraint(
            ["draft_id"],
            ["drafts.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("verdicts_by_draft", "verdicts", ["draft_id"], unique=False)
    op.create_index("verdicts_by_time", "verdicts", ["at"], unique=False)
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("conversation_id", sa.Integer(), nullable=False),
        sa.Column("draft_id", sa.Integer(), nullable=True),
        sa.Column("verdict_id", sa.Integer(), nullable=True),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("message_type", sa.String(), server_default="text", nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("text_hash", sa.String(), nullable=False),
        sa.Column("media", sa.String(), nullable=True),
        sa.Column("state", sa.String(), server_default="held", nullable=False),
        sa.Column("send_after", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.Integer(), nullable=False),
        sa.Column("deadline", sa.Integer(), nullable=True),
        sa.Column("decided_against", sa.Integer(), nullable=True),
        sa.Column("promises", sa.String(), server_default="[]", nullable=False),
        sa.Column("platform_id", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("answered_with_error", sa.Boolean(), server_default=sa.text("0"), nullable=False),
        sa.Column("absences", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("first_absence_at", sa.Integer(), nullable=True),
        sa.Column("last_absence_at", sa.Integer(), nullable=True),
        sa.Column("unknown_since", sa.Integer(), nullable=True),
        sa.Column("restored_at", sa.Integer(), nullable=True),
        sa.Column("again_of", sa.Integer(), nullable=True),
        sa.Column("acknowledged_at", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.Integer(), nullable=False),
        sa.Column("ended_at", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "state IN ('held', 'queued', 'retrying', 'sending', 'sent', 'failed', 'expired', 'cancelled', 'unknown', 'needs_owner', 'dropped')",
            name="state_allowed",
        ),
        sa.ForeignKeyConstraint(
            ["again_of"],
            ["deliveries.id"],
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
        ),
        sa.ForeignKeyConstraint(
            ["draft_id"],
            ["drafts.id"],
        ),
        sa.ForeignKeyConstraint(
            ["verdict_id"],
            ["verdicts.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("platform_id"),
    )
    op.create_index("deliveries_by_conversation", "deliveries", ["conversation_id", "id"], unique=False)
    op.create_index("deliveries_due", "deliveries", ["state", "next_at"], unique=False)
    op.create_table(
        "attempts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("delivery_id", sa.Integer(), nullable=False),
        sa.Column("conversation_id", sa.Integer(), nullable=False),
        sa.Column("boot", sa.String(), nullable=False),
        sa.Column("started_at", sa.Integer(), nullable=False),
        sa.Column("ended_at", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("code", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("request_id", sa.String(), nullable=True),
        sa.Column("platform_id", sa.String(), nullable=True),
        sa.CheckConstraint("outcome IN ('sent', 'not_sent', 'refused', 'unknown')", name="outcome_allowed"),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
        ),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["deliveries.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("attempts_by_delivery", "attempts", ["delivery_id", "id"], unique=False)
    op.create_index("attempts_by_start", "attempts", ["started_at"], unique=False)
    op.create_index(
        "attempts_one_open",
        "attempts",
        ["conversation_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "messages",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("conversation_id", sa.Integer(), nullable=False),
        sa.Column("dedupe_key", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), server_default="text", nullable=False),
        sa.Column("text", sa.String(), server_default="", nullable=False),
        sa.Column("attachments", sa.String(), server_default="[]", nullable=False),
        sa.Column("platform_id", sa.String(), nullable=True),
        sa.Column("platform_at", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), server_default="received", nullable=False),
        sa.Column("delivery_id", sa.Integer(), nullable=True),
        sa.Column("quotes", sa.String(), nullable=True),
        sa.CheckConstraint("role IN ('user', 'assistant')", name="role_allowed"),
        sa.CheckConstraint("source IN ('customer', 'owner', 'auto', 'phone')", name="source_allowed"),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
        ),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["deliveries.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("dedupe_key"),
    )
    op.create_index(
        "messages_by_delivery",
        "messages",
        ["delivery_id"],
        unique=False,
        sqlite_where=sa.text("delivery_id IS NOT NULL"),
    )
    op.create_index("messages_by_thread", "messages", ["conversation_id", "platform_at", "id"], unique=False)
    op.create_table(
        "media",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("media_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), server_default="wanted", nullable=False),
        sa.Column("path", sa.String(), nullable=True),
        sa.Column("content_type", sa.String(), nullable=True),
        sa.Column("size", sa.Integer(), nullable=True),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_at", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("error", sa.String(), nullable=True),
        sa.CheckConstraint("state IN ('wanted', 'kept', 'failed')", name="state_allowed"),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["messages.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("message_id"),
    )
    # Append-only is kept by the database, not by good manners.
    for change in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER journal_no_{change.lower()} BEFORE {change} ON journal "
            "BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END"
        )
