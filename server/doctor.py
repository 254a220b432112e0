"""`philia doctor`: every check with ok, warn or fail, what was found, and the command that mends it."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

from server import status
from server.agent.policies import PolicyFileError, load
from server.secrets import Secrets
from server.settings import Loaded
from store import inbound, lock, migrations, pauses, switches
from store.database import connect
from store.errors import StoreError

State = Literal["ok", "warn", "fail"]

ROOM_BYTES: Final = 200_000_000
"""Free space under which a busy day could fill the disk."""

WAL_RESET_MENDED: Final = ((3, 44, 6), (3, 50, 7))
"""SQLite 3.7.0 to 3.51.2 can lose a commit when a checkpoint resets the log, but for these two releases."""

NO_MESSAGES_API: Final = frozenset(
    "AT BE BG CH CY CZ DE DK EE ES FI FR GB GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK".split()  # noqa: SIM905
)
"""EEA, Switzerland and the UK: TikTok lets no account registered there use the message API."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at; `mend` is the command or the step that mends it, empty when nothing is wrong."""

    check: str
    state: State
    detail: str
    mend: str = ""

    def as_json(self) -> dict[str, Any]:
        """Returns the check as the public contract writes it."""
        return asdict(self)


def examine(loaded: Loaded, secrets: Secrets, path: Path) -> list[Check]:
    """Looks at everything; a check that breaks is a failed check, never the end of the others."""
    checks: list[Callable[[], Iterator[Check]]] = [
        lambda: _settings(loaded),
        lambda: _secrets(loaded, secrets),
        _sqlite,
        lambda: _database(path),
        lambda: _disk(path),
        lambda: _server(loaded, path),
        lambda: _policies(loaded),
        lambda: _region(loaded),
        _terminal,
    ]
    found: list[Check] = []
    for check in checks:
        try:
            found.extend(check())
        except Exception as fault:  # noqa: BLE001  # told as a check of its own
            found.append(Check("doctor", "fail", f"A check broke: {type(fault).__name__}: {fault}", "Report this."))
    return found


def _settings(loaded: Loaded) -> Iterator[Check]:
    where = str(loaded.file) if loaded.file is not None else "defaults; there is no settings file"
    changed = len([source for source in loaded.sources.values() if source == "environment"])
    yield Check("settings", "ok", f"{where}, {changed} from the environment")


def _secrets(loaded: Loaded, secrets: Secrets) -> Iterator[Check]:
    drafter = loaded.settings.agent.drafter
    if secrets.openai_api_key or drafter == "house":
        yield Check("model key", "ok", "set" if secrets.openai_api_key else "not needed by the house drafter")
    else:
        state: State = "fail" if drafter == "model" else "warn"
        yield Check(
            "model key", state, "OPENAI_API_KEY is not set; the house drafter answers", "Set OPENAI_API_KEY in .env"
        )
    missing = [name for name in ("TIKTOK_BUSINESS_ID", "TIKTOK_ACCESS_TOKEN") if not getattr(secrets, name.lower())]
    if missing:
        yield Check(
            "TikTok", "fail", f"{' and '.join(missing)} not set: messages are taken and drafted, nothing is sent",
            f"Set {' and '.join(missing)} in .env",
        )  # fmt: skip
    else:
        yield Check("TikTok", "ok", "business id and access token are set")
    if secrets.tiktok_app_secret:
        yield Check("signature", "ok", "webhooks without TikTok's signature are refused")
    elif loaded.settings.listener.require_signature:
        yield Check(
            "signature", "fail", "required, but TIKTOK_APP_SECRET is not set: every webhook is refused",
            "Set TIKTOK_APP_SECRET in .env",
        )  # fmt: skip
    else:
        yield Check(
            "signature", "warn", "anyone who finds the address can write to the inbox",
            "Set TIKTOK_APP_SECRET in .env before a tunnel is opened",
        )  # fmt: skip


def _sqlite() -> Iterator[Check]:
    version = sqlite3.sqlite_version_info
    if (3, 7, 0) <= version < (3, 51, 3) and version not in WAL_RESET_MENDED:
        yield Check(
            "SQLite", "warn", f"{sqlite3.sqlite_version} has the WAL-reset defect",
            "A Python with SQLite 3.51.3 or newer",
        )  # fmt: skip
    else:
        yield Check("SQLite", "ok", sqlite3.sqlite_version)


def _database(path: Path) -> Iterator[Check]:
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
        yield Check("database", "fail", str(fault), "See the message")
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


def _contents(db: sqlite3.Connection) -> Iterator[Check]:
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


def _disk(path: Path) -> Iterator[Check]:
    folder = next(parent for parent in [path.absolute(), *path.absolute().parents] if parent.exists())
    free = shutil.disk_usage(folder).free
    if free < ROOM_BYTES:
        yield Check(
            "disk", "fail", f"{free // 1_000_000} MB free at {folder}", "Free some space: a full disk refuses messages"
        )
    else:
        yield Check("disk", "ok", f"{free // 1_000_000_000} GB free")
    if not os.access(folder, os.W_OK):
        yield Check("folder", "fail", f"{folder} cannot be written", f"chown it to you: sudo chown -R $USER {folder}")


def _server(loaded: Loaded, path: Path) -> Iterator[Check]:
    pid = lock.holder(path)
    if pid is not None:
        with closing(connect(path, readonly=True)) as db:
            yield Check("server", "ok", f"process {pid} listens on {status.told(db).get('listening')}")
        return
    listener = loaded.settings.listener
    yield Check("server", "warn", "not running; the inbox starts one of its own", "philia serve")
    with closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((listener.host, listener.port))
        except OSError as fault:
            yield Check(
                "port", "fail", f"{listener.host}:{listener.port} cannot be taken: {fault.strerror}",
                "End the program that has it, or set [listener] port",
            )  # fmt: skip
        else:
            yield Check("port", "ok", f"{listener.host}:{listener.port} is free")


def _policies(loaded: Loaded) -> Iterator[Check]:
    file = Path(loaded.settings.shop.policies)
    try:
        known = load(file)
    except PolicyFileError as fault:
        yield Check("policies", "fail", str(fault), f"Mend {file}")
        return
    if known:
        yield Check("policies", "ok", f"{len(known)} topics in {file}")
    else:
        yield Check(
            "policies", "warn", f"{file} says nothing: questions on shipping and returns wait for you", f"Write {file}"
        )


def _region(loaded: Loaded) -> Iterator[Check]:
    region = loaded.settings.shop.region.upper()
    if region in NO_MESSAGES_API:
        yield Check(
            "region",
            "fail",
            f"TikTok refuses its message API to accounts registered in {region}",
            "An account elsewhere",
        )
    elif region == "US":
        yield Check("region", "warn", "US accounts need an extra review by TikTok before the message API answers")
    elif not region:
        yield Check(
            "region", "warn", "not told; accounts of the EEA, Switzerland and the UK cannot use the message API",
            "Set [shop] region",
        )  # fmt: skip
    else:
        yield Check("region", "ok", region)


def _terminal() -> Iterator[Check]:
    term, colours = os.environ.get("TERM", ""), os.environ.get("COLORTERM", "")
    size = shutil.get_terminal_size()
    detail = f"{term or 'no TERM'}, {colours or '256 colours or fewer'}, {size.columns}x{size.lines}"
    if term in {"", "dumb"}:
        yield Check("terminal", "warn", f"{detail}: it cannot draw", "philia --plain")
    elif size.columns < 80 or size.lines < 24:
        yield Check("terminal", "warn", f"{detail}: smaller than 80x24", "Enlarge the window, or: philia --plain")
    else:
        yield Check("terminal", "ok", detail)
