"""`philia deliveries` as a script sees it."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from philia_tui.commands.root import app
from server import decisions
from server.settings import Delivery
from store import attempts, outbox
from store.clock import system_clock
from store.database import transaction
from tests.server.delivery.shop import add_conversation

FIELDS = {"id", "conversation", "draft", "text", "state", "send_after", "platform_id", "reason", "attempts"}


@pytest.fixture
def _shop(db_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHILIA_DATABASE__URL", f"sqlite:///{db_path}")


def run(*arguments: str, status: int = 0) -> str:
    """What a command prints, on standard output or, when it fails, on standard error."""
    done = CliRunner().invoke(app, ["deliveries", *arguments])
    assert done.exit_code == status, done.output
    return done.stdout if status == 0 else done.stderr


def read(*arguments: str) -> Any:
    return json.loads(run(*arguments, "--json"))


def doubtful(db: sqlite3.Connection, name: str, text: str = "Yes!") -> int:
    """A delivery that needs the owner."""
    now = system_clock()
    with transaction(db):
        conversation = add_conversation(db, name, now=now, dialect="v1")
        made = decisions.send(db, conversation, text, now=now, settings=Delivery())
        delivery = outbox.get(db, made.delivery_id)
        attempts.doubt(db, delivery, "lost", now=now, answered=False)
        outbox.move(db, outbox.get(db, delivery.id), "needs_owner", now=now, reason="Could not prove it was sent.")
    return delivery.id


@pytest.mark.usefixtures("_shop")
def test_list_tells_every_field_of_the_contract(db: sqlite3.Connection) -> None:
    """The list has the public names, the newest first, and can be narrowed to a conversation or a state."""
    first, second = doubtful(db, "a"), doubtful(db, "b")
    told = read("list")
    assert [one["id"] for one in told] == [second, first]
    assert set(told[0]) >= FIELDS
    assert [one["id"] for one in read("list", "--conversation", "1")] == [first]
    assert read("list", "--state", "sent") == []


@pytest.mark.usefixtures("_shop")
def test_hostile_text_is_shown_inert(db: sqlite3.Connection) -> None:
    """Lines for a person carry no terminal escape and no line break of a message's."""
    doubtful(db, "a", "\x1b[2Jhidden\nsecond line \u202eright")
    lines = run("list").splitlines()
    assert len(lines) == 2
    assert not any(sign in line for line in lines for sign in ("\x1b", "\u202e"))
    assert "Could not prove it was sent." in lines[1]


@pytest.mark.usefixtures("_shop")
def test_resolve_takes_the_owners_word(db: sqlite3.Connection) -> None:
    """Sent and drop end the delivery, again makes a new one; each can be said once."""
    numbers = [str(doubtful(db, name)) for name in "abc"]
    assert read("resolve", numbers[0], "sent")["state"] == "sent"
    assert read("resolve", numbers[1], "drop")["state"] == "dropped"
    again = read("resolve", numbers[2], "again")
    assert (again["state"], again["again_of"], again["text"]) == ("held", int(numbers[2]), "Yes!")
    assert "not in doubt" in run("resolve", numbers[0], "again", status=1)
    assert "no delivery 99" in run("resolve", "99", "drop", status=1)
    run("resolve", numbers[0], "perhaps", status=2)


@pytest.mark.usefixtures("_shop")
def test_retry_refuses_what_may_have_been_sent(db: sqlite3.Connection) -> None:
    """A doubt is not simply tried again; a failure is, as a new delivery, once."""
    doubt = doubtful(db, "a")
    assert "resolve" in run("retry", str(doubt), status=1)
    with transaction(db):
        outbox.move(db, outbox.get(db, doubt), "failed", now=system_clock(), reason="No.")
    assert read("retry", str(doubt), "--now")["again_of"] == doubt
    assert "already" in run("retry", str(doubt), status=1)
