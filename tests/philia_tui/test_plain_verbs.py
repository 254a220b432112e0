"""Every verb of the inbox has its words in plain lines, judged by the rows that a script of them leaves."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from philia_tui import keys
from store import media
from store.database import transaction
from tests.conftest import FakeClock
from tests.philia_tui.shop import HOUR, Shop, suede
from tests.philia_tui.test_pictures_shown import keep, photo
from tests.philia_tui.test_plain import talk
from tests.server.delivery.machine import give_picture

DRAWN = frozenset({"mark", "mark_range", "next_list", "previous_list"})
"""Keys that only point: a list is named by `list`, several threads are named by `each 1-3,5`."""

Setting = tuple[tuple[str, ...], str, Any]

SAID: dict[str, Setting] = {
    "approve": (("1", "approve"), "SELECT state, text FROM deliveries", [("held", "one")]),
    "approve_all": (("approve all", "yes"), "SELECT text FROM deliveries ORDER BY id", [("one",), ("two",)]),
    "edit": (("1", "edit", "mine", ".", "send"), "SELECT text FROM deliveries", [("mine",)]),
    "edit_outside": (("1", "editor", "send"), "SELECT text FROM deliveries", [("one outside",)]),
    "instruct": (("1", "instruct shorter"), "SELECT instruction FROM drafts WHERE state = 'queued'", [("shorter",)]),
    "write": (("1", "write", "hello", ".", "send"), "SELECT text FROM deliveries", [("hello",)]),
    "reject": (("1", "reject tone"), "SELECT state FROM drafts WHERE text = 'one'", [("rejected",)]),
    "redraft": (("1", "redraft"), "SELECT cause FROM drafts WHERE state = 'queued'", [("asked",)]),
    "snooze": (("1", "snooze 2h"), "SELECT queue FROM conversations WHERE id = 1", [("snoozed",)]),
    "unsnooze": (("1", "snooze 2h", "wake"), "SELECT queue FROM conversations WHERE id = 1", [("needs_you",)]),
    "hold": (("1", "hold A-1"), "SELECT status FROM items WHERE sku = 'A-1'", [("held",)]),
    "release": (("1", "hold A-1", "release A-1"), "SELECT status FROM items WHERE sku = 'A-1'", [("available",)]),
    "sold": (("sold A-1",), "SELECT status FROM items WHERE sku = 'A-1'", [("sold",)]),
    "unsold": (("sold A-1", "unsold A-1"), "SELECT status FROM items WHERE sku = 'A-1'", [("available",)]),
    "undo": (("1", "approve", "undo"), "SELECT state FROM deliveries", [("cancelled",)]),
    "undo_all": (
        ("1", "approve", "2", "approve", "undo all"),
        "SELECT state FROM deliveries", [("cancelled",), ("cancelled",)],
    ),
    "send_now": (("1", "approve", "now"), "SELECT send_after <= 1800000000000 FROM deliveries", [(1,)]),
    "note": (("1", "note likes brown"), "SELECT notes FROM conversations WHERE id = 1", [("likes brown",)]),
    "note_customer": (("1", "customer pays late"), "SELECT notes FROM users WHERE id = 1", [("pays late",)]),
    "label": (("1", "label vip"), "SELECT labels FROM conversations WHERE id = 1", [('["vip"]',)]),
    "block": (("1", "block"), "SELECT blocked FROM users WHERE id = 1", [(1,)]),
    "mode": (("1", "mode paused"), "SELECT mode FROM conversations WHERE id = 1", [("paused",)]),
    "canned": (("1", "canned ship", ".", "send"), "SELECT text FROM deliveries", [("It ships today.",)]),
    "canned_keep": (("1", "keep it"), "SELECT text FROM canned_replies WHERE name = 'it'", [("one",)]),
    "picture_send": (("1", "picture A-1"), "SELECT message_type FROM deliveries", [("image",)]),
    "doubt": (("list in doubt", "1", "settle drop"), "SELECT state FROM deliveries", [("dropped",)]),
    "stop_all": (("stop",), "SELECT count(*) FROM switches WHERE name = 'paused' AND value != ''", [(1,)]),
}  # fmt: skip
"""Verbs that change rows: what is typed, and what the rows are then."""

HEARD: dict[str, tuple[tuple[str, ...], str]] = {
    "why": (("1", "why"), "0 of 0 claims backed"),
    "picture": (("1", "pictures"), "1. hers: 80×60"),
    "translate": (("1", "translation"), "It says: uno"),
    "filter": (("filter second",), "Needs you with “second”: 1 thread."),
    "search": (("find second",), "1 message."),
    "needs_me": (("next",), "Thread with ann"),
    "needs_me_back": (("next", "next", "previous"), "Thread with ann"),
    "open": (("2",), "Thread with bea"),
}
"""Verbs that look: what is typed, and what is read out."""


@pytest.fixture
def shop(db: sqlite3.Connection, db_path: Path, clock: FakeClock) -> Shop:
    """Two threads with a backed draft each, a piece with a picture, a kept reply."""
    made = Shop(db, clock())
    made.piece("A-1")
    for handle, said, text in (("ann", "first question", "one"), ("bea", "second question", "two")):
        conversation = made.conversation(handle, (said,), left=HOUR * (2 if handle == "ann" else 3))
        made.draft(conversation, text, translation="uno" if text == "one" else None)
    keep(made, 1, photo(), at=clock() - 1_000)
    assert list(media.folder_of(db_path).iterdir())
    db.execute("INSERT INTO canned_replies (name, text, updated_at) VALUES ('ship', 'It ships today.', 0)")
    with transaction(db):
        give_picture(db, db_path, "A-1", now=clock())
    return made


def test_no_verb_is_without_its_words() -> None:
    """Each key of the inbox and the one that stops everything is typed below, but for those that only point."""
    assert SAID.keys() | HEARD.keys() | DRAWN == {key.id for key in keys.INBOX} | {"stop_all"}
    assert not DRAWN & (SAID.keys() | HEARD.keys())


@pytest.mark.parametrize("verb", SAID)
def test_what_is_typed_is_done(
    shop: Shop, db_path: Path, clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    """The rows after the typed lines are those that the verb's key leaves."""
    own = tmp_path / "editor"
    own.write_text("#!/bin/sh\nprintf ' outside' >> \"$1\"\n", "utf-8")
    own.chmod(0o755)
    monkeypatch.setenv("EDITOR", str(own))
    monkeypatch.delenv("VISUAL", raising=False)
    if verb == "doubt":
        conversation = shop.conversation("tom", queue="in_doubt")
        shop.delivery(conversation, "It ships.", state="needs_owner")
    typed, asked, rows = SAID[verb]
    said = talk(db_path, clock, *typed)
    assert [tuple(row) for row in shop.db.execute(asked)] == rows, said
    assert "Not done" not in said
    assert os.environ["EDITOR"] == str(own)


@pytest.mark.parametrize("verb", HEARD)
def test_what_is_asked_is_read_out(shop: Shop, db_path: Path, clock: FakeClock, verb: str) -> None:
    """What the verb's key shows is read out."""
    typed, heard = HEARD[verb]
    said = talk(db_path, clock, *typed)
    assert heard in said.rpartition(f"<{typed[-1]}>")[2], said
    assert "Not done" not in said


def test_several_threads_are_named_and_each_is_checked(shop: Shop, db_path: Path, clock: FakeClock) -> None:
    """`each 1-2 approve` sends both drafts; one that stands no more is told of, and the other still goes."""
    shop.db.execute("UPDATE drafts SET state = 'withdrawn' WHERE text = 'one'")
    said = talk(db_path, clock, "each 1-2 approve", "each 7 approve", "each 1,2 label vip")
    assert [row[0] for row in shop.db.execute("SELECT text FROM deliveries")] == ["two"]
    assert "no draft is ready here" in said
    assert "7 is not in the list" in said
    assert {row[0] for row in shop.db.execute("SELECT labels FROM conversations")} == {'["vip"]'}


def test_a_long_thread_is_read_back_to_its_beginning(db: sqlite3.Connection, db_path: Path, clock: FakeClock) -> None:
    """Ten messages are read out with a thread, `earlier` reads the ten before, and then says that there are no more."""
    Shop(db, clock()).conversation("long", tuple(f"line {number:02}" for number in range(25)))
    said = talk(db_path, clock, "1", "earlier", "earlier", "earlier")
    read = [f"line {number:02}" for number in (*range(15, 25), *range(5, 15), *range(5))]
    places = [said.index(f": {line}\n") for line in read if f": {line}\n" in said[said.index("<1>") :]]
    assert len(places) == 25
    assert "nothing was said before" in said


def test_an_editor_that_fails_changes_nothing(
    db: sqlite3.Connection, db_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing editor and one that ends with a failure are told of; the draft is as it was and nothing is sent."""
    suede(Shop(db, clock()))
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", "/nowhere/editor")
    assert "Not done: editor could not be started" in talk(db_path, clock, "1", "editor")
    monkeypatch.setenv("EDITOR", "false")
    assert "Not done: false ended with 1; the text is as it was." in talk(db_path, clock, "1", "editor")
    assert db.execute("SELECT count(*) FROM deliveries").fetchone()[0] == 0
