"""Opens the inbox over a shop: the screen or the plain lines, with a server beside it that ends when it does."""

from __future__ import annotations

import gc
import json
import os
import sqlite3
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from philia_tui.child import ServerKeeper
from philia_tui.health import Examine, Reach
from philia_tui.inert import inert
from server.settings import SettingsError, load
from server.switchboard import Switchboard
from store import switches
from store.database import connect, path_of
from store.errors import StoreError

if TYPE_CHECKING:
    from server.doctor import Check
    from server.settings import Loaded


def open_shop(config: Path | None, *, plain: bool) -> int:
    """Opens the inbox of the shop that a settings file, the environment or this folder names; returns the exit status.

    0 when the owner closed it and the child has ended, 1 when the database refuses, 2 when a setting is wrong.
    """
    from store.migrations import migrate  # noqa: PLC0415  # Alembic only where the schema is behind

    try:
        loaded = load(config)
        database = path_of(loaded.settings.database.url)
    except (SettingsError, StoreError) as fault:
        sys.stderr.write(f"{inert(str(fault), lines=True)}\n")
        return 2
    try:
        migrate(database)
        run(database, loaded, plain=plain)
    except StoreError as fault:
        sys.stderr.write(f"{inert(str(fault), lines=True)}\n")
        return 1
    return 0


def run(
    database: Path,
    loaded: Loaded,
    *,
    environment: Mapping[str, str] | None = None,
    plain: bool = False,
) -> None:
    """Runs the inbox over a migrated database; the child, `philia serve`, gets its settings file and `environment`."""
    settings = loaded.settings
    arguments = ("--config", str(loaded.file)) if loaded.file is not None else ()
    keeper = ServerKeeper(database, arguments=arguments, environment=environment, reached=lambda: reach(database))
    board = Switchboard(loaded, environment)
    try:
        if plain or not can_draw():
            from philia_tui.plain import converse  # noqa: PLC0415  # no Textual here

            converse(database, settings, server=keeper, switchboard=board)
        else:
            # Nothing that is built now is thrown away, and looking for what is took 80 ms until the first paint. The
            # app enables it again as soon as it is drawn.
            gc.disable()
            from philia_tui.app import PhiliaApp  # noqa: PLC0415  # Textual, 480 ms
            from philia_tui.longwork import LongWork  # noqa: PLC0415  # with it

            examine = examiner(database, loaded, environment)
            work = LongWork(arguments, environment)
            app = PhiliaApp(database, settings, server=keeper, examine=examine, work=work, switchboard=board)
            app.run()
            if app.return_code:
                sys.exit(app.return_code)
    finally:
        keeper.stop()


def can_draw() -> bool:
    """Tells whether there is a screen to draw on: a terminal that is not dumb, or the browser of `philia web`.

    All three streams count: Textual reads keys from standard input and draws on standard error.
    """
    if os.environ.get("TEXTUAL_DRIVER"):
        return True
    terminal = all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))
    return terminal and os.environ.get("TERM", "dumb") not in {"", "dumb", "unknown"}


def examiner(database: Path, loaded: Loaded, environment: Mapping[str, str] | None = None) -> Examine:
    """Returns the doctor over this shop, with the secrets that its server has."""

    def look(outside: bool) -> list[Check]:
        # httpx, 150 ms, on the way to the settings screen and nowhere else.
        from server.doctor import examine  # noqa: PLC0415
        from server.secrets import beside  # noqa: PLC0415

        return examine(loaded, beside(loaded.file, environment), database, offline=not outside)

    return look


def reach(database: Path) -> Reach | None:
    """Returns what the running server told of where it is, if it has told anything."""
    try:
        db = connect(database, readonly=True)
    except StoreError:
        return None
    try:
        told = json.loads(switches.get(db, "server") or "{}")
    except (sqlite3.Error, ValueError):
        return None
    finally:
        db.close()
    address = told.get("public") or told.get("listening")
    webhook = str(told.get("webhook") or "")
    # One that was entered by hand is nobody's trouble: whether it was, only TikTok knows.
    trouble = told.get("tunnel") or ("" if webhook.startswith(("subscribed", "by hand")) else webhook)
    return Reach(str(address), str(trouble), bool(told.get("account", True))) if address else None
