"""`philia backup`, `restore`, `export` and `forget` as the owner types them, over a shop with a customer to lose."""

from __future__ import annotations

import csv
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from philia_tui.commands.root import app
from server import decisions
from server.listener import applying, events
from server.settings import Settings
from store import drafts, holds, inbound, inbox, items, media, outbox, pauses
from store.clock import MINUTE, system_clock
from store.database import connect, transaction
from store.drafts import FinishedDraft
from store.lock import ServerLock
from store.migrations import migrate
from tests.end_to_end.shop import v1_3

CANARY = "Zyxwvut"
"""A word that stands nowhere else; every place of hers holds it."""
CONVERSATION = f"u5{CANARY}+/kg=="
USER = f"{CANARY}-7012"
RULES = applying.rules_of(Settings())


@pytest.fixture(autouse=True)
def _settings(db_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHILIA_DATABASE__URL", f"sqlite:///{db_path}")


def run(*arguments: str, status: int = 0, given: str | None = None) -> str:
    """What a command prints, on standard output or, when it fails, on standard error."""
    done = CliRunner().invoke(app, list(arguments), input=given)
    assert done.exit_code == status, (done.output, done.exception)
    return done.stdout if status == 0 else done.stderr


def read(*arguments: str) -> Any:
    return json.loads(run(*arguments, "--json"))


def arrive(db: sqlite3.Connection, body: bytes, key: str, *, now: int) -> None:
    """Logs and applies one webhook, as the server does."""
    event = events.read(body)
    received = inbound.Received(
        dedupe_key=event.dedupe_key if key == "" else key,
        dialect=event.dialect,
        event=event.event,
        thread=event.thread,
        body=body,
        platform_at=event.platform_at,
    )
    with transaction(db):
        inbound.receive(db, received, now=now)
    for logged in inbound.waiting(db):
        with transaction(db):
            applying.apply(db, logged, now=now, rules=RULES)


def picture(message_id: str, at: int) -> bytes:
    content = {
        "from": f"{CANARY} Maria",
        "from_user": {"id": USER, "role": "personal_account"},
        "to_user": {"id": "biz-1", "role": "business_account"},
        "conversation_id": CONVERSATION,
        "message_id": message_id,
        "timestamp": at,
        "type": "image",
        "image": {"media_id": f"media-{CANARY}"},
    }
    return json.dumps({"event": "im_receive_msg", "user_openid": "biz-1", "content": json.dumps(content)}).encode()


@pytest.fixture
def customer(db: sqlite3.Connection, db_path: Path) -> int:
    """A customer with a canary in every field that can hold her words, and another customer beside her."""
    now = system_clock() - 10 * MINUTE
    said = v1_3(f"m-{CANARY}", CONVERSATION, USER, f"Is the {CANARY} jacket there? 'quoted' \"twice\"", at=now)
    arrive(db, said, "", now=now)
    arrive(db, picture(f"p-{CANARY}", now + 1_000), "", now=now + 1_000)
    arrive(db, f'{{"event":"message.received","event_id":"odd","data":"{USER}"}}'.encode(), "sha256:odd", now=now)
    arrive(db, v1_3("m-other", "conv-other", "other", "hello, I am somebody else", at=now), "", now=now)
    found = inbox.find(db, "v1.3", CONVERSATION)
    assert found is not None
    with transaction(db):
        db.execute("UPDATE users SET notes = ?, labels = ?", (f"note {CANARY}", f'["{CANARY}"]'))
        db.execute("UPDATE conversations SET notes = ? WHERE id = ?", (f"note {CANARY}", found))
        db.execute("UPDATE users SET notes = '', labels = '[]', display_name = 'Other' WHERE tiktok_id = 'other'")
        pauses.notify(db, f"n-{found}", "window", f"{CANARY} Maria: the window closes.", conversation_id=found, now=now)
        other = inbox.find(db, "v1.3", "conv-other")
        pauses.notify(
            db, "n-2", "hold", f"S-1 is on hold for {CANARY} Maria, says {USER}.", conversation_id=other, now=now
        )
        items.add(db, "S-1", {"name": "Suede jacket", "price_cents": 4_500}, now=now, who="owner")
        holds.hold(db, "S-1", found, 24, now=now, who="owner")
        drafts.enqueue(db, found, now=now, debounce_ms=0, limit_ms=0, instruction=f"say {CANARY}")
        draft = next(one for one in drafts.claim_due(db, now=now + MINUTE, boot="b") if one.conversation_id == found)
        drafts.finish(
            db,
            draft.id,
            FinishedDraft(
                text=f"Yes {CANARY}!", drafter="house", intent="availability", verdict="pass", grounding="listed"
            ),
            now=now,
        )
        decisions.send(db, found, f"I wrote this, {CANARY}", now=now, settings=Settings().delivery)
    folder = media.folder_of(db_path)
    with transaction(db):
        (wanted,) = media.due(db, now=now + MINUTE)
        name = media.put(folder, wanted.id, b"\xff\xd8\xff" + CANARY.encode(), "jpg")
        media.kept(db, wanted.id, path=name, content_type="image/jpeg", size=10)
    return found


def files_with(folder: Path, word: str) -> list[str]:
    """The files under a folder that hold a word, in whatever form UTF-8 writes it."""
    return sorted(
        str(file.relative_to(folder))
        for file in folder.rglob("*")
        if file.is_file() and word.encode().lower() in file.read_bytes().lower()
    )


def test_forget_leaves_no_trace(db: sqlite3.Connection, db_path: Path, customer: int) -> None:
    """After it, no file of the shop holds a word or a name of hers, not even in free pages, index or log."""
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert files_with(db_path.parent, CANARY)
    told = read("forget", USER, "--yes")
    assert (told["messages"], told["pictures"], told["clean"]) == (2, 1, True)
    assert files_with(db_path.parent, CANARY) == []
    assert db.execute("SELECT count(*) FROM messages").fetchone()[0] == 1
    assert "somebody else" in run("inbox", "list")
    assert db.execute("SELECT text FROM notices").fetchall()[0][0] == "S-1 is on hold for a customer, says a customer."
    assert holds.holder(db, 1) is None
    (why,) = db.execute("SELECT why FROM journal WHERE what = 'forget'").fetchone()
    assert "2 messages" in why
    assert db.execute("PRAGMA foreign_key_check").fetchall() == []
    run("forget", USER, "--yes", status=1)


def test_forget_sends_nothing(db: sqlite3.Connection, customer: int) -> None:
    """What was on its way to her is cancelled; while a request is under way nothing is forgotten."""
    (delivery,) = outbox.of_conversation(db, customer)
    with transaction(db):
        db.execute("UPDATE deliveries SET state = 'sending' WHERE id = ?", (delivery.id,))
    assert "this very moment" in run("forget", USER, "--yes", status=1)
    assert db.execute("SELECT count(*) FROM messages WHERE text LIKE ?", (f"%{CANARY}%",)).fetchone()[0] == 1
    with transaction(db):
        db.execute("UPDATE deliveries SET state = 'queued' WHERE id = ?", (delivery.id,))
    run("forget", f"{CANARY} Maria", "--yes")
    found = outbox.get(db, delivery.id)
    assert (found.state, found.text) == ("cancelled", "")


def test_what_is_forgotten_does_not_come_back(db: sqlite3.Connection, customer: int) -> None:
    """A repeated webhook of hers is emptied and ignored; what she writes afterwards is a new conversation."""
    read("forget", USER, "--yes")
    now = system_clock()
    arrive(db, v1_3(f"m-{CANARY}", CONVERSATION, USER, f"Is the {CANARY} there?", at=now - 9 * MINUTE), "", now=now)
    assert db.execute("SELECT count(*) FROM users WHERE tiktok_id = ?", (USER,)).fetchone()[0] == 0
    assert not any(CANARY.encode() in bytes(row[0]) for row in db.execute("SELECT body FROM inbound_events"))
    arrive(db, v1_3("m-new", CONVERSATION, USER, "me again", at=now + 1_000), "", now=now + 1_000)
    again = inbox.find(db, "v1.3", CONVERSATION)
    assert again not in {None, customer}


def test_forget_asks_first(db: sqlite3.Connection, customer: int) -> None:
    """Anything but yes changes nothing, an unknown customer is 1, and a name that two have is no name."""
    assert "Nothing was changed" in run("forget", USER, status=1, given="\n")
    assert "no customer" in run("forget", "nobody", "--yes", status=1)
    with transaction(db):
        db.execute("UPDATE users SET display_name = 'Twin'")
    assert "2 customers" in run("forget", "Twin", "--yes", status=1)
    assert db.execute("SELECT count(*) FROM messages").fetchone()[0] == 3
    assert run("forget", USER, given="y\n").startswith("Forgotten: 2 messages")


def test_export_is_everything_once(db: sqlite3.Connection, customer: int, tmp_path: Path) -> None:
    """A row a conversation, a line a message with its words as they came, figures; for the owner's eyes alone."""
    with transaction(db):
        db.execute("UPDATE users SET display_name = '=cmd()' WHERE tiktok_id = 'other'")
    folder = tmp_path / "out"
    told = read("export", str(folder))
    assert told["rows"]["conversations.csv"] == 2
    assert told["rows"]["messages.jsonl"] == 3
    with (folder / "conversations.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["user"], row["received"]) for row in rows] == [(USER, "2"), ("other", "1")]
    assert rows[1]["name"] == "'=cmd()"
    lines = [json.loads(line) for line in (folder / "messages.jsonl").read_text("utf-8").splitlines()]
    assert {line["text"] for line in lines} >= {f"Is the {CANARY} jacket there? 'quoted' \"twice\""}
    assert (folder / "figures.csv").read_text("utf-8").startswith("what,which,value")
    assert {oct(file.stat().st_mode & 0o777) for file in folder.iterdir()} == {"0o600"}
    assert folder.stat().st_mode & 0o077 == 0
    (folder / "messages.jsonl").unlink()
    (folder / "messages.jsonl").mkdir()
    assert "could not be written" in run("export", str(folder), status=1)


def test_backup_and_restore(db: sqlite3.Connection, db_path: Path, customer: int, tmp_path: Path) -> None:
    """A backup brings back what was there; the restored shop is paused, with what was open in doubt."""
    told = read("backup", str(tmp_path / "one.db"))
    assert told["bytes"] == (tmp_path / "one.db").stat().st_size
    assert "checked and whole" in run("backup")
    assert len(list((db_path.parent / "backups").glob("philia-by-hand-*.db"))) == 1
    read("forget", USER, "--yes")
    db.close()
    with ServerLock(db_path):
        assert "serves the database" in run("restore", str(tmp_path / "one.db"), "--yes", status=1)
    run("restore", str(tmp_path / "one.db"), status=1, given="n\n")
    done = read("restore", str(tmp_path / "one.db"), "--yes")
    assert done["in_doubt"] == 1
    assert Path(done["kept"]).is_file()
    with closing(connect(db_path)) as again:
        assert again.execute("SELECT count(*) FROM messages").fetchone()[0] == 3
        assert pauses.sender_pause(again)
        assert [row["state"] for row in again.execute("SELECT state FROM deliveries")] == ["unknown"]
    run("restore", str(tmp_path / "missing.db"), "--yes", status=1)


def test_an_empty_shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shop without a customer exports headings, and has nobody to forget."""
    empty = tmp_path / "empty.db"
    migrate(empty)
    monkeypatch.setenv("PHILIA_DATABASE__URL", f"sqlite:///{empty}")
    assert read("export", str(tmp_path / "out"))["rows"]["messages.jsonl"] == 0
    run("forget", "nobody", "--yes", status=1)
