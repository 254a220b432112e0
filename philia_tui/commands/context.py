"""What every command shares: the shop it works on, one way to print, one way to fail.

Exit 0 success, 1 the thing asked for failed or does not exist, 2 wrong usage or settings.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from sqlite3 import Connection
from typing import Any, NoReturn

import typer

from philia_tui.inert import inert
from server.settings import Loaded, Settings, SettingsError, load
from store.clock import system_clock
from store.database import connect, path_of, transaction
from store.documents import json_text
from store.errors import StoreError
from store.migrations import migrate


@dataclass(frozen=True, slots=True)
class Shop:
    """The shop a command works on."""

    loaded: Loaded
    path: Path
    now: Callable[[], int] = system_clock

    @property
    def settings(self) -> Settings:
        """Returns the checked settings."""
        return self.loaded.settings


def shop(ctx: typer.Context) -> Shop:
    """Reads the settings that `--config` and the environment name; a wrong one ends the command with 2."""
    given = ctx.find_root().obj
    try:
        loaded = load(given if isinstance(given, Path) else None)
        return Shop(loaded=loaded, path=path_of(loaded.settings.database.url))
    except (SettingsError, StoreError) as fault:
        complain(str(fault))
        raise typer.Exit(2) from fault


@contextmanager
def reading(where: Shop) -> Iterator[Connection]:
    """Opens the shop's database, brought to the newest schema, for reading; what the store refuses ends with 1."""
    with _opened(where) as db:
        yield db


@contextmanager
def writing(where: Shop) -> Iterator[Connection]:
    """Runs a block in one writing transaction; all of it or nothing. What the store refuses ends with 1."""
    with _opened(where) as db, transaction(db):
        yield db


@contextmanager
def _opened(where: Shop) -> Iterator[Connection]:
    try:
        migrate(where.path)
        db = connect(where.path)
        try:
            yield db
        finally:
            db.close()
    except StoreError as fault:
        fail(str(fault))
    except sqlite3.Error as fault:
        fail(f"The database {where.path} cannot be used: {fault}. What is wrong with it: philia doctor")


def emit(data: Any, as_json: bool, lines: Iterable[str] = ()) -> None:
    """Prints one JSON document, or the lines for a person; whoever's words they hold, they do nothing to a terminal."""
    if as_json:
        sys.stdout.write(json_text(data) + "\n")
    else:
        for line in lines:
            sys.stdout.write(inert(line, lines=True) + "\n")
    sys.stdout.flush()


def emit_each(rows: Iterable[Any], as_json: bool, line: Callable[[Any], str]) -> None:
    """Prints rows as one JSON list, or a line of each for a person, as they come: a long list is never held whole."""
    if as_json:
        between = "["
        for row in rows:
            sys.stdout.write(between + json_text(row))
            between = ", "
        sys.stdout.write("[]\n" if between == "[" else "]\n")
        sys.stdout.flush()
    else:
        emit(None, as_json=False, lines=map(line, rows))


def complain(message: str) -> None:
    """Writes to standard error; TikTok's words in it, or a file's, do nothing to a terminal."""
    sys.stderr.write(inert(message, lines=True) + "\n")
    sys.stderr.flush()


def fail(message: str) -> NoReturn:
    """Says what went wrong and ends the command with 1."""
    complain(message)
    raise typer.Exit(1)
