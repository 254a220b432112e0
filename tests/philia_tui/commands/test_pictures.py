"""A piece's picture by command: given, told, sent and taken back, with its file where only the owner reads it."""

from __future__ import annotations

import io
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from typer.testing import CliRunner

from philia_tui.commands.root import app
from server.simulator.media import picture
from store import items, media, outbox, pictures
from store.clock import system_clock
from store.database import transaction
from tests.server.delivery.shop import add_conversation


@pytest.fixture(autouse=True)
def _shop(db_path: Path, db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHILIA_DATABASE__URL", f"sqlite:///{db_path}")
    now = system_clock()
    with transaction(db):
        items.add(db, "J-014", {"name": "Suede jacket"}, now=now, who="owner")
        add_conversation(db, "c1", now=now)
        add_conversation(db, "old", now=now, dialect="v1")


def run(*arguments: str, status: int = 0) -> str:
    """What a command prints, on standard output or, when it fails, on standard error."""
    done = CliRunner().invoke(app, [*arguments])
    assert done.exit_code == status, done.output
    return done.stdout if status == 0 else done.stderr


def read(*arguments: str) -> Any:
    return json.loads(run(*arguments, "--json"))


def given(tmp_path: Path, content: bytes, name: str = "front.png") -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


def test_a_piece_is_given_a_picture_and_it_is_told(db_path: Path, tmp_path: Path) -> None:
    """The file is copied under a name of ours, 0600, told by `picture` and `show`, replaced and taken off."""
    content = picture("jacket")
    told = read("items", "picture", "j-014", str(given(tmp_path, content)))
    file = Path(told["picture"]["file"])
    assert (told["sku"], told["picture"]["content_type"]) == ("J-014", "image/png")
    assert (told["picture"]["width"], told["picture"]["height"], told["picture"]["size"]) == (48, 48, len(content))
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (content, 0o600)
    assert file.parent == media.folder_of(db_path)
    assert "picture: 48×48, 1 kB" in run("items", "show", "J-014")
    assert read("items", "picture", "J-014")["picture"]["file"] == str(file)
    other = read("items", "picture", "J-014", str(given(tmp_path, picture("other"))))
    assert other["picture"]["file"] != str(file)
    assert read("items", "picture", "J-014", "--remove") == {"sku": "J-014", "picture": None}
    assert "has no picture" in run("items", "picture", "J-014")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"GIF89a" + b"x" * 40, "JPG or PNG only"),
        (b"\xff\xd8\xff" + b"x" * pictures.LIMIT, "larger than the 3,145,728 bytes"),
        (picture("jacket")[:20], "none that can be read"),
        (b"", "JPG or PNG only"),
    ],
)
def test_what_cannot_be_sent_is_not_kept(db_path: Path, tmp_path: Path, content: bytes, words: str) -> None:
    """A wrong kind, more than 3 MB and half a file end with 1 and what to do, and leave nothing behind."""
    assert words in run("items", "picture", "J-014", str(given(tmp_path, content)), status=1)
    assert "cannot be read" in run("items", "picture", "J-014", str(tmp_path / "nowhere.jpg"), status=1)
    assert "There is no piece" in run("items", "picture", "J-999", status=1)
    run("items", "picture", "J-014", str(tmp_path), "--remove", status=2)
    assert not media.folder_of(db_path).exists()


def test_a_picture_is_sent_by_command_and_taken_back(tmp_path: Path) -> None:
    """`send-picture` makes a held delivery that scripts can tell from a text; dialect v1 is refused in words."""
    assert "philia items picture J-014 FILE" in run("inbox", "send-picture", "1", "J-014", status=1)
    run("items", "picture", "J-014", str(given(tmp_path, picture("jacket"))))
    assert "dialect v1, which takes no pictures" in run("inbox", "send-picture", "2", "J-014", status=1)
    made = read("inbox", "send-picture", "1", "J-014")
    assert (made["state"], made["text"], made["draft"]) == ("held", "", None)
    assert made["picture"]["sku"] == "J-014"
    assert "[picture of J-014]" in run("deliveries", "list")
    assert read("inbox", "undo", str(made["id"])) == {
        "delivery": made["id"], "state": "cancelled", "draft": None, "text": "",
    }  # fmt: skip
    at_once = read("inbox", "send-picture", "1", "J-014", "--now")
    assert at_once["send_after"] <= system_clock()


def test_a_sent_picture_is_exported_and_forgotten_with_her(
    db: sqlite3.Connection, db_path: Path, tmp_path: Path
) -> None:
    """The export names the file of a sent picture; forgetting her takes its trace, and the piece keeps its own."""
    file = Path(read("items", "picture", "J-014", str(given(tmp_path, picture("jacket"))))["picture"]["file"])
    made = read("inbox", "send-picture", "1", "J-014", "--now")
    now = system_clock()
    with transaction(db):
        outbox.settle_sent(db, outbox.get(db, made["id"]), platform_id="p1", at=now, now=now, who="platform")
    read("export", str(tmp_path / "out"))
    lines = [json.loads(line) for line in (tmp_path / "out" / "messages.jsonl").read_text("utf-8").splitlines()]
    (sent,) = [line for line in lines if line["role"] == "assistant"]
    assert (sent["kind"], sent["text"], sent["picture"]) == ("image", "", file.name)
    assert sent["attachments"] == [{"type": "image", "sku": "J-014"}]
    shown = read("inbox", "show", "1")["messages"][-1]
    assert (shown["kind"], shown["text"], shown["attachments"]) == ("image", "[image]", sent["attachments"])
    read("forget", "user-c1", "--yes")
    row = db.execute("SELECT picture_id, media FROM deliveries WHERE id = ?", (made["id"],)).fetchone()
    assert tuple(row) == (None, None)
    assert file.exists()
    assert pictures.paths(db) == {file.name}


def test_where_a_photo_was_taken_is_not_kept(tmp_path: Path) -> None:
    """The copy that customers get has neither place nor maker from the camera, and is the right way up."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "Maker", 6
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0)})
    out = io.BytesIO()
    Image.new("RGB", (80, 40), "teal").save(out, "JPEG", exif=exif)
    told = read("items", "picture", "J-014", str(given(tmp_path, out.getvalue(), "home.jpg")))["picture"]
    content = Path(told["file"]).read_bytes()
    assert (told["width"], told["height"], told["size"]) == (40, 80, len(content))
    assert b"Exif" not in content
    assert b"Maker" not in content
