"""The machine: SQLite, the disk, the port, the terminal."""

from __future__ import annotations

import locale
import os
import shutil
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from server import status
from server.doctor.check import Check
from server.settings import Loaded
from store import lock

ROOM_BYTES: Final = 200_000_000
"""Free space under which a busy day could fill the disk."""

WAL_RESET_MENDED: Final = ((3, 44, 6), (3, 50, 7))
"""SQLite 3.7.0 to 3.51.2 can lose a commit when a checkpoint resets the log, but for these two releases."""


def sqlite() -> Iterator[Check]:
    """Looks for the defect of SQLite that concerns a log of commits."""
    version = sqlite3.sqlite_version_info
    if (3, 7, 0) <= version < (3, 51, 3) and version not in WAL_RESET_MENDED:
        yield Check(
            "SQLite", "warn", f"{sqlite3.sqlite_version} has the WAL-reset defect",
            "A Python with SQLite 3.51.3 or newer",
        )  # fmt: skip
    else:
        yield Check("SQLite", "ok", sqlite3.sqlite_version)


def disk(path: Path) -> Iterator[Check]:
    """Looks for room, and for the right to write."""
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


def server(loaded: Loaded, path: Path) -> Iterator[Check]:
    """Looks whether the server runs, else whether it could."""
    pid = lock.holder(path)
    if pid is not None:
        yield Check("server", "ok", f"process {pid} listens on {status.running(path).get('listening')}")
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


def terminal() -> Iterator[Check]:
    """Tells what the terminal can do."""
    term, colours = os.environ.get("TERM", ""), os.environ.get("COLORTERM", "")
    size = shutil.get_terminal_size()
    encoding = locale.getpreferredencoding(do_setlocale=False)
    drawn = "no colour (NO_COLOR)" if os.environ.get("NO_COLOR") else colours or "256 colours or fewer"
    detail = f"{term or 'no TERM'}, {drawn}, {size.columns}x{size.lines}, {encoding}"
    if term in {"", "dumb"}:
        yield Check("terminal", "warn", f"{detail}: it cannot draw", "philia --plain")
    elif "utf" not in encoding.lower():
        yield Check("terminal", "warn", f"{detail}: signs and names would be garbled", "export LC_ALL=C.UTF-8")
    elif size.columns < 80 or size.lines < 24:
        yield Check("terminal", "warn", f"{detail}: smaller than 80x24", "Enlarge the window, or: philia --plain")
    else:
        yield Check("terminal", "ok", detail)
