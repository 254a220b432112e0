"""`philia inbox …` in one process: what each verb prints and how it refuses."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from philia_tui.commands.root import app
from store import drafts, inbox
from store.clock import HOUR, system_clock
from store.drafts import FinishedDraft
from store.inbox import NewMessage
from tests.philia_tui.shop import Shop, many


@pytest.fixture
def shop(db: sqlite3.Connection, db_path: Path, monkeypatch: pytest.MonkeyPatch) -> sqlite3.Connection:
    """A shop with one customer and a ready draft for her."""
    monkeypatch.setenv("PHILIA_DATABASE__URL", f"sqlite:///{db_path}")
    now = system_clock()
    conversation = inbox.open_conversation(
        db, dialect="v1", platform_id="ann", user="ann", name="Ann", business_id="", now=now
    )
    message = NewMessage(platform_id="m1", role="user", source="customer", text="still there?", platform_at=now)
    inbox.add_message(db, conversation, message, now=now)
    inbox.customer_wrote(db, conversation, at=now, window_ms=48 * HOUR, quota=10)
    inbox.refresh(db, conversation, now=now)
    draft = drafts.enqueue(db, conversation, now=now)
    drafts.claim_due(db, now=now, boot="b")
    reply = FinishedDraft(text="It is!", drafter="house", intent="availability", grounding="listed", verdict="pass")
    drafts.finish(db, draft, reply, now=now)
    return db


def run(*arguments: str, status: int = 0) -> str:
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == status, (done.output, done.exception)
    return done.stdout if status == 0 else done.stderr


def told(*arguments: str) -> Any:
    return json.loads(run(*arguments, "--json"))


def test_approving_holds_the_reply_for_undo(shop: sqlite3.Connection) -> None:
    """An approved draft is a delivery that is held for some seconds; undo brings its text back as a draft."""
    delivery = told("inbox", "approve", "1")
    assert (delivery["state"], delivery["text"], delivery["draft"]) == ("held", "It is!", 1)
    assert told("inbox", "list")[0]["queue"] == "sending"
    undone = told("inbox", "undo", str(delivery["id"]))
    assert (undone["state"], undone["text"]) == ("cancelled", "It is!")
    row = told("inbox", "list")[0]
    assert (row["queue"], row["draft"]["state"], row["draft"]["text"]) == ("needs_you", "ready", "It is!")


def test_editing_rejecting_and_instructing(shop: sqlite3.Connection) -> None:
    """An edit sends her words, a rejection ends the draft, an instruction asks for another one."""
    new = told("inbox", "instruct", "1", "--text", "warmer")
    assert new["state"] == "queued"
    assert told("inbox", "list")[0]["queue"] == "waiting"
    run("inbox", "edit", "1", "--text", "x", status=1)
    drafts.claim_due(shop, now=system_clock(), boot="b")
    reply = FinishedDraft(text="Yes it is!", drafter="house", intent="price", grounding="listed", verdict="pass")
    drafts.finish(shop, new["draft"], reply, now=system_clock())
    edited = told("inbox", "edit", str(new["draft"]), "--text", "Yes, come by!", "--now")
    assert edited["text"] == "Yes, come by!"
    assert told("inbox", "show", "1")["draft"]["state"] == "edited"


def test_a_rejected_draft_is_done(shop: sqlite3.Connection) -> None:
    """A rejection needs a reason and clears the conversation from the queue."""
    run("inbox", "reject", "1", status=2)
    assert told("inbox", "reject", "1", "--reason", "she was here") == {"draft": 1, "state": "rejected"}
    assert told("inbox", "list", "--queue", "done")[0]["conversation"] == 1
    assert told("inbox", "list", "--queue", "needs_you") == []


def test_snooze_and_mode(shop: sqlite3.Connection) -> None:
    """A conversation is put away until a time in words or in milliseconds; a mode must be one of three."""
    at = system_clock() + 3 * HOUR
    assert told("inbox", "snooze", "1", "--until", str(at))["snoozed_until"] == at
    assert told("inbox", "list")[0]["queue"] == "snoozed"
    assert told("inbox", "snooze", "1", "--until", "2h")["snoozed_until"] < at
    assert "is" in run("inbox", "snooze", "1", "--until", "whenever", status=2)
    assert told("inbox", "mode", "1", "auto")["mode"] == "auto"
    assert "review, auto, paused" in run("inbox", "mode", "1", "robot", status=2)


def test_what_does_not_exist_is_said(shop: sqlite3.Connection) -> None:
    """Unknown numbers end with 1 and a sentence on standard error, and nothing on standard output."""
    for arguments in (
        ("show", "9"),
        ("approve", "9"),
        ("undo", "9"),
        ("send", "9", "--text", "x"),
        ("snooze", "9", "--until", "2h"),
    ):
        assert "9" in run("inbox", *arguments, status=1)


def test_pause_and_status(shop: sqlite3.Connection) -> None:
    """The switch is told by status, and both ends are commands."""
    assert told("status")["needs_you"] == 1
    assert told("pause") == {"paused": True}
    assert told("status")["paused"] is True
    assert told("resume") == {"paused": False}
    assert told("status")["paused"] is False


@pytest.mark.parametrize(
    "command", [(), ("inbox",), ("items",), ("deliveries",), ("inbox", "approve"), ("serve",), ("demo",)]
)
def test_help_has_an_example(command: tuple[str, ...]) -> None:
    """Every command explains itself, and those that do something show an example."""
    said = run(*command, "--help")
    assert "Usage: philia" in said or "Usage: root" in said
    if len(command) == 2 or command in {("serve",), ("demo",)}:
        assert "Example: philia" in said


def test_a_long_list_is_whole_and_in_order(shop: sqlite3.Connection) -> None:
    """Read in portions, 1,201 conversations come each once, by their time left, as one JSON document; none is none."""
    many(Shop(shop, system_clock()), 1_200)
    found = told("inbox", "list")
    assert [row["conversation"] for row in found] == [
        int(row[0]) for row in shop.execute("SELECT id FROM conversations ORDER BY window_closes_at, id")
    ]
    assert len(found) == 1_201
    assert {row["draft"]["state"] for row in found} == {"ready"}
    assert all(row["draft"]["id"] == row["conversation"] for row in found)
    assert len(run("inbox", "list").splitlines()) == 1_201
    assert told("inbox", "list", "--limit", "501") == found[:501]
    assert told("inbox", "list", "--queue", "snoozed") == []
    assert run("inbox", "list", "--queue", "snoozed") == ""
