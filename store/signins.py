"""What is known of the sign-in at TikTok: whose, until when, kept where. The tokens themselves are never here."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from store import journal


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """A sign-in; times in epoch milliseconds. `kept_in` is where its tokens are: keyring or file."""

    business_id: str
    scopes: tuple[str, ...]
    kept_in: str
    access_expires_at: int | None
    refresh_expires_at: int | None
    refreshed_at: int | None
    error: str | None = None
    """Why the last renewal failed, in the owner's words; None when it did not."""


def find(db: sqlite3.Connection) -> SignIn | None:
    """Returns the shop's sign-in, None when nobody signed in."""
    row = db.execute("SELECT * FROM oauth_tokens ORDER BY refreshed_at DESC LIMIT 1").fetchone()
    if row is None:
        return None
    return SignIn(
        business_id=row["business_id"],
        scopes=tuple(row["scopes"].split(",")) if row["scopes"] else (),
        kept_in=row["kept_in"],
        access_expires_at=row["access_expires_at"],
        refresh_expires_at=row["refresh_expires_at"],
        refreshed_at=row["refreshed_at"],
        error=row["error"],
    )


def note(db: sqlite3.Connection, signin: SignIn, *, now: int, who: str) -> None:
    """Writes down a sign-in or its renewal; a shop has one account, so another one's row goes."""
    before = find(db)
    db.execute("DELETE FROM oauth_tokens WHERE business_id <> ?", (signin.business_id,))
    db.execute(
        "INSERT INTO oauth_tokens"
        " (business_id, scopes, kept_in, access_expires_at, refresh_expires_at, refreshed_at, error)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (business_id) DO UPDATE SET scopes = excluded.scopes,"
        " kept_in = excluded.kept_in, access_expires_at = excluded.access_expires_at,"
        " refresh_expires_at = excluded.refresh_expires_at, refreshed_at = excluded.refreshed_at,"
        " error = excluded.error",
        (
            signin.business_id,
            ",".join(signin.scopes),
            signin.kept_in,
            signin.access_expires_at,
            signin.refresh_expires_at,
            now,
            signin.error,
        ),
    )
    if before is None or before.business_id != signin.business_id:
        journal.note(db, now=now, who=who, what="sign in", subject="tiktok", new=signin.business_id)


def note_fault(db: sqlite3.Connection, business_id: str, error: str) -> None:
    """Writes down why a renewal failed."""
    db.execute("UPDATE oauth_tokens SET error = ? WHERE business_id = ?", (error, business_id))


def forget(db: sqlite3.Connection, *, now: int, who: str) -> None:
    """Takes the sign-in out."""
    before = find(db)
    if before is not None:
        db.execute("DELETE FROM oauth_tokens")
        journal.note(db, now=now, who=who, what="sign out", subject="tiktok", old=before.business_id)
