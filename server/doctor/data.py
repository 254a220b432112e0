"""The shop's data: the database and who can read it, what waits in it, and until when the sign-in lasts."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from sqlite3 import Connection
from typing import Final, cast

from server.doctor.check import Check
from server.secrets import Secrets
from server.vault import KeptIn, VaultError
from store import inbound, migrations, pauses, signins, switches
from store.clock import DAY, HOUR
from store.database import connect
from store.errors import StoreError

SOON: Final = 30 * DAY
"""A sign-in lasts a year; in its last month the owner is told."""


def database(path: Path) -> Iterator[Check]:
    """Looks whether the file is sound, known and private."""
    if not path.exists():
        yield Check("database", "warn", f"{path} is not there yet", "It is made by the first: philia")
        return
    try:
        migrations.migrate(path)
        with closing(connect(path)) as db:
            fault = db.execute("PRAGMA quick_check(1)").fetchone()[0]
            if fault != "ok":
                yield Check("database", "fail", f"{path} is damaged: {fault}", "philia restore BACKUP")
                return
            yield Check("database", "ok", f"{path}, schema {migrations.HEAD}")
            yield from _contents(db)
    except StoreError as fault:
        yield Check("database", "fail", str(fault), "The message says what to do")
        return
    open_to_others = [
        file.name
        for file in path.parent.glob(path.name + "*")
        if file.is_file() and stat.S_IMODE(file.stat().st_mode) & 0o077
    ]
    if open_to_others:
        yield Check("permissions", "fail", f"others can read {', '.join(open_to_others)}", f"chmod 600 {path}*")
    else:
        yield Check("permissions", "ok", "only you can read the database")


def _contents(db: Connection) -> Iterator[Check]:
    poison = inbound.poisoned(db, limit=5)
    if poison:
        told = "; ".join(f"event {row['id']}: {row['error']}" for row in poison)
        yield Check("unreadable events", "warn", told, "Report them; the raw bodies are kept")
    else:
        yield Check("unreadable events", "ok", "none")
    if switches.is_paused(db):
        yield Check("sending", "warn", "paused by you", "philia resume")
    elif (why := pauses.sender_pause(db)) is not None:
        yield Check("sending", "warn", why, "philia resume")
    else:
        yield Check("sending", "ok", "not paused")


def signin(path: Path, secrets: Secrets, *, now: int) -> Iterator[Check]:
    """Looks whose token sends, what it may, and how long it lasts."""
    if secrets.tiktok_access_token:
        if not secrets.tiktok_business_id:
            yield Check("token", "fail", "TIKTOK_BUSINESS_ID is not set", "Set it in .env, or: philia login")
            return
        yield Check("token", "ok", "fixed, from the environment or .env; nobody renews it")
        return
    known = _signin(path)
    if known is None:
        yield Check("token", "fail", "nobody is signed in: messages are drafted, nothing is sent", "philia login")
        return
    yield _lasting(known, secrets, path, now=now)
    missing = [scope for scope in ("message.list.send", "message.list.read") if scope not in known.scopes]
    if missing:
        yield Check(
            "scopes", "fail", f"not granted: {', '.join(missing)}", "Ask for them at TikTok, then: philia login"
        )
    else:
        yield Check("scopes", "ok", ", ".join(known.scopes))


def _signin(path: Path) -> signins.SignIn | None:
    if not path.exists():
        return None
    with closing(connect(path, readonly=True)) as db:
        return signins.find(db)


def _lasting(known: signins.SignIn, secrets: Secrets, path: Path, *, now: int) -> Check:
    from server.tokens import box_for  # noqa: PLC0415  # httpx, 150 ms, for those who signed in

    try:
        kept = box_for(path, cast("KeptIn", known.kept_in)).read()
    except VaultError as fault:
        return Check("token", "fail", str(fault), "philia login")
    if kept is None:
        return Check("token", "fail", f"the tokens are gone from the {known.kept_in}", "philia login")
    if known.error:
        return Check("token", "fail", known.error, "philia login")
    if not (secrets.tiktok_app_id and secrets.tiktok_app_secret):
        return Check(
            "token", "fail", "it cannot be renewed without TIKTOK_APP_ID and TIKTOK_APP_SECRET", "Set both in .env"
        )
    left = (known.refresh_expires_at or 0) - now
    hours = ((known.access_expires_at or 0) - now) // HOUR
    access = f"renewed in time, good for {hours} h" if hours > 0 else "renewed at the next: philia serve"
    detail = f"account {known.business_id}, kept in the {known.kept_in}, {access}; sign in again in {left // DAY} days"
    return Check("token", "ok", detail) if left > SOON else Check("token", "warn", detail, "philia login")
