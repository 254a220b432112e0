"""Pictures of customers: fetched once, known by their own bytes, kept for the owner alone, given up in the end."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from server import pictures
from server.listener import applying
from server.settings import Settings
from server.tiktok.client import TikTokClient
from server.tiktok.errors import TikTokNoAnswer
from server.tiktok.media import Media, MediaKind
from store import inbound, media
from store.clock import HOUR
from store.database import Database, transaction
from tests.conftest import FakeClock
from tests.end_to_end.recorder import Answer, Recorder, Request

JPEG = b"\xff\xd8\xff\xe0" + b"x" * 2_000


class Pictures:
    """A TikTok that hands over what it is told to."""

    def __init__(self, *answers: bytes | Exception) -> None:
        """Plays the answers in order; the last one repeats."""
        self.answers = list(answers)
        self.asked: list[tuple[str, str, str]] = []

    async def download_media(
        self, conversation_id: str, message_id: str, media_id: str, kind: MediaKind = "IMAGE"
    ) -> Media:
        self.asked.append((conversation_id, message_id, media_id))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return Media(answer, "text/html")


def picture_arrives(db: sqlite3.Connection, now: int) -> int:
    """A webhook with a picture is applied; returns the message."""
    content = {
        "from_user": {"id": "ann"}, "to_user": {"id": "biz"}, "conversation_id": "conv==", "message_id": "../../m1",
        "timestamp": now, "type": "image", "image": {"media_id": "../media"},
    }  # fmt: skip
    body = json.dumps({"event": "im_receive_msg", "user_openid": "biz", "content": json.dumps(content)}).encode()
    with transaction(db):
        inbound.receive(
            db,
            inbound.Received(dedupe_key="k", dialect="v1.3", event="im_receive_msg", thread="v1.3:conv==", body=body),
            now=now,
        )
        (logged,) = inbound.waiting(db)
        applying.apply(db, logged, now=now, rules=applying.rules_of(Settings()))
    return int(db.execute("SELECT id FROM messages").fetchone()["id"])


@pytest.fixture
def database(db_path: Path) -> Iterator[Database]:
    held = Database(db_path)
    yield held
    held.close()


async def test_a_picture_is_fetched_once_and_private(
    db: sqlite3.Connection, db_path: Path, database: Database, clock: FakeClock
) -> None:
    """It is asked for by the platform's names, kept under ours, 0600 in a 0700 folder, and not fetched again."""
    message = picture_arrives(db, clock())
    source = Pictures(JPEG)
    assert await pictures.fetch_due(database, source, clock=clock) == 1
    assert await pictures.fetch_due(database, source, clock=clock) == 0
    assert source.asked == [("conv==", "../../m1", "../media")]
    found = media.of_message(db, message)
    assert found is not None
    # By its first bytes, whatever the far end called it.
    assert (found.state, found.content_type, found.path, found.size) == ("kept", "image/jpeg", "1.jpg", len(JPEG))
    folder = media.folder_of(db_path)
    assert folder.stat().st_mode & 0o777 == 0o700
    (file,) = folder.iterdir()
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (JPEG, 0o600)
    assert media.of_conversation(db, 1) == [found]
    assert "image/jpeg" in found.line


async def test_tries_again_and_gives_up(db: sqlite3.Connection, database: Database, clock: FakeClock) -> None:
    """A far end that fails is asked again later and at last no more; the row says why."""
    message = picture_arrives(db, clock())
    source = Pictures(TikTokNoAnswer("gone"))
    for _ in range(20):
        await pictures.fetch_due(database, source, clock=clock)
        clock.advance(HOUR)
    found = media.of_message(db, message)
    assert found is not None
    assert found.state == "failed"
    assert "could not be asked" in found.line
    assert len(source.asked) == len(media.PAUSES) + 1


@pytest.mark.parametrize(
    "content", [b"<html>", b"", b"\xff\xd8\xff" + b"x" * media.SIZE_LIMIT, b"%PDF-1.7", b"RIFFxxxxAVI "]
)
async def test_what_is_no_picture_is_not_kept(
    content: bytes, db: sqlite3.Connection, db_path: Path, database: Database, clock: FakeClock
) -> None:
    """Anything that does not begin as a picture does, or is too large, is given up at once and never written."""
    message = picture_arrives(db, clock())
    await pictures.fetch_due(database, Pictures(content), clock=clock)
    found = media.of_message(db, message)
    assert found is not None
    assert (found.state, found.path) == ("failed", None)
    assert not media.folder_of(db_path).exists()


async def test_a_full_disk_is_no_loss(
    db: sqlite3.Connection, db_path: Path, database: Database, clock: FakeClock
) -> None:
    """When the file cannot be written it is tried again later."""
    message = picture_arrives(db, clock())
    media.folder_of(db_path).write_text("a file where the folder should be")
    await pictures.fetch_due(database, Pictures(JPEG), clock=clock)
    found = media.of_message(db, message)
    assert found is not None
    assert found.state == "wanted"
    media.folder_of(db_path).unlink()
    clock.advance(HOUR)
    await pictures.fetch_due(database, Pictures(JPEG), clock=clock)
    again = media.of_message(db, message)
    assert again is not None
    assert again.state == "kept"


async def test_the_header_it_needs(db: sqlite3.Connection, database: Database, clock: FakeClock) -> None:
    """Through the real client the file is fetched with `x-user`, without which TikTok answers 403."""
    message = picture_arrives(db, clock())

    def answer(request: Request, _number: int) -> Answer:
        if request.path.endswith("/media/download/"):
            data = {"download_url": f"{far_end.url}/file"}
            return 200, {}, json.dumps({"code": 0, "message": "OK", "request_id": "r", "data": data}).encode()
        allowed = request.headers.get("x-user") == "token-1"
        return (200, {"Content-Type": "image/png"}, JPEG) if allowed else (403, {}, b"no")

    with Recorder(answer) as far_end:
        async with TikTokClient(far_end.url, "biz", "token-1") as client:
            await pictures.fetch_due(database, client, clock=clock)
    found = media.of_message(db, message)
    assert found is not None
    assert found.state == "kept"


def test_lost_files_are_swept(tmp_path: Path) -> None:
    """A file that no row knows goes, one that a row knows or that is new stays."""
    folder = tmp_path / "media"
    for name in ("1.jpg", "2.jpg"):
        media.put(folder, int(name[0]), JPEG, "jpg")
    assert media.sweep(folder, frozenset({"1.jpg"}), before=0) == 0
    assert media.sweep(folder, frozenset({"1.jpg"}), before=4e9) == 1
    assert [file.name for file in folder.iterdir()] == ["1.jpg"]
    assert media.remove(folder, ["../../etc/passwd", "1.jpg"]) == 1
