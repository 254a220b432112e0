"""The system prompts that were used: each version with its text, so that a draft can be read beside its prompt."""

from __future__ import annotations

import sqlite3


def record(db: sqlite3.Connection, name: str, version: int, *, text_hash: str, text: str, share: int, now: int) -> bool:
    """Keeps a prompt as it stands now; returns whether its text is new or changed under the same version."""
    kept = db.execute("SELECT hash FROM prompts WHERE name = ? AND version = ?", (name, version)).fetchone()
    db.execute(
        "INSERT INTO prompts (name, version, hash, text, share, created_at) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (name, version) DO UPDATE SET hash = excluded.hash, text = excluded.text,"
        " share = excluded.share",
        (name, version, text_hash, text, share, now),
    )
    return kept is None or kept["hash"] != text_hash
