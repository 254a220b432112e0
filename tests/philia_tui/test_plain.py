"""`philia --plain`: the same inbox as numbered lines and typed commands, driven by a script."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from philia_tui.plain import converse
from server.settings import Settings
from store import media
from store.clock import system_clock
from store.database import transaction
from tests.conftest import FakeClock
from tests.philia_tui.driving import Listening
from tests.philia_tui.hostile import HOSTILE, forbidden
from tests.philia_tui.shop import Shop, street, suede
from tests.philia_tui.test_pictures_shown import keep, photo
from tests.server.delivery.machine import give_picture


def talk(path: Path, clock: FakeClock, *typed: str) -> str:
    """Types these lines and returns everything that was said."""
    waiting: Iterator[str] = iter(typed)
    said: list[str] = []

    def read(prompt: str) -> str:
        said.append(prompt)
        try:
            line = next(waiting)
        except StopIteration:
            raise EOFError from None
        said.append(f"<{line}>")
        return line

    converse(path, Settings(), clock=clock, server=Listening(), read=read, write=said.append)
    return "\n".join(said)


def test_a_thread_is_read_out_and_approved(db: sqlite3.Connection, db_path: Path, clock: FakeClock) -> None:
    """A number opens a thread with its draft and why; `approve` sends exactly that; `undo` takes it back."""
    _, draft = suede(Shop(db, clock()))
    text = db.execute("SELECT text FROM drafts WHERE id = ?", (draft,)).fetchone()[0]
    said = talk(db_path, clock, "1", "approve")
    assert "1. maria.k, availability, 3h12m left, 7 of 10 replies left, draft ready" in said
    assert f"Draft, 87 characters: {text}" in said
    assert "4 of 4 claims backed." in said
    assert "leaves in 5 s" in said
    assert [tuple(row) for row in db.execute("SELECT text, state FROM deliveries")] == [(text, "held")]
    assert "Taken back from maria.k" in talk(db_path, clock, "undo")
    assert db.execute("SELECT state FROM deliveries").fetchone()[0] == "cancelled"


def test_an_edit_is_reviewed_before_it_goes(db: sqlite3.Connection, db_path: Path, clock: FakeClock) -> None:
    """A typed text is read back and leaves only after `send`; `drop` sends nothing."""
    suede(Shop(db, clock()))
    said = talk(db_path, clock, "1", "edit", "Still here,", "come by!", ".", "drop")
    assert "20 characters: Still here, come by!" in said
    assert db.execute("SELECT count(*) FROM deliveries").fetchone()[0] == 0
    talk(db_path, clock, "1", "edit", "Still here,", "come by!", ".", "send")
    assert [row[0] for row in db.execute("SELECT text FROM deliveries")] == ["Still here,\ncome by!"]


def test_an_edit_that_the_input_leaves_unfinished_sends_nothing(
    db: sqlite3.Connection, db_path: Path, clock: FakeClock
) -> None:
    """When the input ends in the middle of a text, nothing is sent."""
    suede(Shop(db, clock()))
    talk(db_path, clock, "1", "edit", "half a sen")
    assert db.execute("SELECT count(*) FROM deliveries").fetchone()[0] == 0


def test_a_draft_that_was_not_read_out_is_not_approved(db: sqlite3.Connection, db_path: Path, clock: FakeClock) -> None:
    """A draft that took the place of the one read out is refused, in words."""
    conversation, draft = suede(Shop(db, clock()))
    lines = iter(("1", "approve"))

    def read(_prompt: str) -> str:
        line = next(lines, None)
        if line is None:
            raise EOFError
        if line == "approve":
            db.execute("UPDATE drafts SET state = 'superseded' WHERE id = ?", (draft,))
            Shop(db, clock()).draft(conversation, "Another one.")
        return line

    said: list[str] = []
    converse(db_path, Settings(), clock=clock, read=read, write=said.append)
    assert any("Not done: She wrote again" in line for line in said)
    assert db.execute("SELECT count(*) FROM deliveries").fetchone()[0] == 0


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("fly", "no command"),
        ("approve", "no thread is open"),
        ("99", "say a number from 1 to"),
        ("list nowhere", "there is no list"),
        ("hold", "say a SKU"),
        ("re", "not one command"),
    ],
)
def test_what_cannot_be_done_is_said(
    db: sqlite3.Connection, db_path: Path, clock: FakeClock, typed: str, told: str
) -> None:
    """A wrong command says what is wrong and the inbox goes on."""
    street(Shop(db, clock()))
    assert told in talk(db_path, clock, typed)


def test_every_list_and_verb_can_be_said(db: sqlite3.Connection, db_path: Path, clock: FakeClock) -> None:
    """Lists, snooze, notes, labels, modes, blocks, search, stop and go all answer in words and change the rows."""
    street(Shop(db, clock()))
    said = talk(
        db_path, clock, "help", "list in doubt", "1", "settle drop", "list done", "find suede", "1", "snooze 2h",
        "undo",
        "note likes brown", "label vip", "mode paused", "block", "unblock", "stop", "status", "go", "next",
        "sold T-031",
    )  # fmt: skip
    assert "Not done" not in said
    assert "Everything is stopped" in said
    assert "T-031 is sold" in said
    row = db.execute(
        "SELECT c.notes, c.labels, c.mode FROM conversations c JOIN users u ON u.id = c.user_id"
        " WHERE u.tiktok_id = 'maria.k'"
    ).fetchone()
    assert tuple(row) == ("likes brown", '["vip"]', "paused")


def test_hostile_texts_are_read_out_inert(db: sqlite3.Connection, db_path: Path, clock: FakeClock) -> None:
    """No control, bidi or invisible character of a customer reaches the terminal."""
    shop = Shop(db, clock())
    for number, text in enumerate(HOSTILE):
        conversation = shop.conversation(f"u{number}{text[:20]}", (text,), name=text[:60])
        shop.draft(conversation, text[:300])
    said = talk(db_path, clock, "more", "more", "more", "1", "2", "3", "why")
    assert not forbidden(said)


@pytest.mark.parametrize("words", [(), ("--plain",)])
def test_where_nothing_can_be_drawn_the_lines_come_by_themselves(
    db: sqlite3.Connection, db_path: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    """Behind a pipe `philia` reads lines and says lines: no escape is written and a typed decision counts."""
    suede(Shop(db, system_clock()))
    settings = tmp_path / "config.toml"
    settings.write_text(
        f"[database]\nurl = 'sqlite:///{db_path}'\n[listener]\nport = 0\n[tiktok]\nbase_url = 'http://127.0.0.1:9'\n"
        "[delivery]\nundo_seconds = 600\n",
        "utf-8",
    )
    done = subprocess.run(
        [sys.executable, "-m", "philia_tui", "--config", str(settings), *words],
        input="1\napprove\nquit\n", capture_output=True, text=True, timeout=100, check=False,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "maria.k, availability" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr
    assert [row[0] for row in db.execute("SELECT state FROM deliveries")] == ["held"]


def test_a_picture_is_named_with_its_file_and_one_is_sent(
    db: sqlite3.Connection, db_path: Path, clock: FakeClock
) -> None:
    """A customer's picture is read out with its path; `picture SKU` sends the piece's, `undo` takes it back."""
    shop = Shop(db, clock())
    conversation, _ = suede(shop)
    keep(shop, conversation, photo(), at=clock() - 1_000)
    (file,) = media.folder_of(db_path).iterdir()
    with transaction(db):
        give_picture(db, db_path, "J-014", now=clock())
    said = talk(db_path, clock, "1", "pictures", "picture", "picture J-014")
    assert f"[photo: 80×60, 1 kB, {file}]" in said
    assert f"1. hers: 80×60, 1 kB, {file}" in said
    assert "Not done: say a SKU." in said
    assert "To maria.k: leaves in 5 s. Type undo to undo the picture of J-014 to maria.k." in said
    assert [tuple(row) for row in db.execute("SELECT message_type, state FROM deliveries")] == [("image", "held")]
    assert "Your reply, leaves in 5s: [picture of J-014]" in talk(db_path, clock, "1")
    talk(db_path, clock, "undo")
    assert db.execute("SELECT state FROM deliveries").fetchone()[0] == "cancelled"
