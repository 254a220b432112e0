"""Pictures on the screen: named in the thread, drawn where the terminal can, and harmless whatever is in the file."""

from __future__ import annotations

import io
import json
import random
import sqlite3
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from philia_tui import decoding, graphics
from philia_tui.screens.picture import PictureScreen
from philia_tui.screens.stock import StockScreen
from server.simulator.media import picture
from store import media, pictures
from store.database import transaction
from tests.conftest import FakeClock
from tests.philia_tui.driving import Quick, driving, screen_text, settle, toasts
from tests.philia_tui.shop import Shop, suede
from tests.server.delivery.machine import give_picture


def photo(width: int = 80, height: int = 60, kind: str = "JPEG", **more: Any) -> bytes:
    """A picture whose left half is red and whose right half is blue."""
    made = Image.new("RGB", (width, height), (220, 20, 20))
    made.paste((20, 20, 220), (width // 2, 0, width, height))
    out = io.BytesIO()
    made.save(out, kind, **more)
    return out.getvalue()


def moving() -> bytes:
    out = io.BytesIO()
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "green", "blue")]
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    return out.getvalue()


def bomb(side: int = 30_000) -> bytes:
    """A PNG of a few hundred bytes that says it has 900 million pixels."""
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 10_000)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )


def keep(shop: Shop, conversation: int, content: bytes, *, at: int, ending: str = "jpg") -> int:
    """A customer's picture, fetched."""
    message = shop.message(conversation, "", at=at, kind="image")
    path = Path(shop.db.execute("PRAGMA database_list").fetchone()["file"])
    media.want(shop.db, message, [{"type": "image", "media_id": f"m-{message}"}], now=at)
    found = media.of_message(shop.db, message)
    assert found is not None
    name = media.put(media.folder_of(path), found.id, content, ending)
    media.kept(shop.db, found.id, path=name, content_type="image/jpeg", size=len(content), width=80, height=60)
    return message


async def shown(pilot: Quick) -> PictureScreen:
    """The viewer, at rest."""
    screen = pilot.app.screen
    assert isinstance(screen, PictureScreen)
    await settle(pilot, until=lambda: not any(worker.group == "picture" for worker in pilot.app.workers))
    return screen


async def test_the_thread_names_a_picture_and_o_draws_it(
    db: sqlite3.Connection, db_path: Path, clock: FakeClock
) -> None:
    """Its line has pixels and kilobytes; o draws it in cells of its colours, j the older one; Esc leads back."""
    shop = Shop(db, clock())
    conversation, _ = suede(shop)
    keep(shop, conversation, photo(kind="PNG"), at=clock() - 2_000, ending="png")
    keep(shop, conversation, photo(), at=clock() - 1_000)
    waiting = shop.message(conversation, "", at=clock() - 500, kind="image")
    media.want(db, waiting, [{"type": "image", "media_id": "later"}], now=clock())
    async with driving(db_path, clock) as pilot:
        text = "\n".join(screen_text(pilot.app))
        assert "[photo: 80×60, 1 kB · o opens it]" in text
        assert "[photo: being fetched]" in text
        await pilot.press("o")
        screen = await shown(pilot)
        assert "1 of 3 · being fetched" in "\n".join(screen_text(pilot.app))
        await pilot.press("j")
        screen = await shown(pilot)
        assert "2 of 3 · 80×60, 1 kB" in "\n".join(screen_text(pilot.app))
        assert [type(one).__name__ for one in screen.query(".picture")] == ["HalfcellImage"]
        colours = {
            segment.style.color.get_truecolor()
            for strip in screen._compositor.render_strips()
            for segment in strip
            if segment.text == "▀" and segment.style is not None and segment.style.color is not None
        }
        red, blue = min(colours), max(colours, key=lambda one: one.blue)
        assert {(one.red > 180 and one.blue < 80) or (one.blue > 180 and one.red < 80) for one in (red, blue)} <= {True}
        await pilot.press("j", "j")
        await shown(pilot)
        assert "3 of 3" in "\n".join(screen_text(pilot.app))
        await pilot.press("escape")
        assert pilot.app.screen is pilot.app.inbox


HOSTILE = {
    "no picture": (b"\xff\xd8\xff" + b"<html>" * 50, "the file is broken"),
    "truncated": (photo(400, 300)[:700], "the file is broken"),
    "half a PNG": (photo(400, 300, "PNG")[:300], "the file is broken"),
    "a bomb": (bomb(), "it has 900 million pixels, and 50 are decoded"),
    "a bomb within the bound": (bomb(7_000), "the file is broken"),
    "too many bytes": (photo() + b"x" * media.SIZE_LIMIT, "the file is larger than 10 MB"),
    "noise": (b"\x89PNG\r\n\x1a\n" + random.Random(7).randbytes(5_000), "the file is broken"),
    "another format": (b"BM" + b"\0" * 200, "the file is broken"),
    "empty": (b"", "the file is broken"),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_bad_file_is_a_line_and_the_inbox_goes_on(
    db: sqlite3.Connection, db_path: Path, clock: FakeClock, name: str
) -> None:
    """Whatever is in the file, the viewer says in one line why it cannot be shown, and the keys go on working."""
    shop = Shop(db, clock())
    conversation, _ = suede(shop)
    content, words = HOSTILE[name]
    keep(shop, conversation, content, at=clock() - 1_000)
    async with driving(db_path, clock) as pilot:
        await pilot.press("o")
        screen = await shown(pilot)
        text = "\n".join(screen_text(pilot.app))
        assert f"It cannot be shown: {words}" in text
        assert not screen.query(".picture")
        await pilot.press("q")
        assert pilot.app.screen is pilot.app.inbox


async def test_a_file_that_is_gone_is_a_line(db: sqlite3.Connection, db_path: Path, clock: FakeClock) -> None:
    """A picture that was deleted on the disk is told, with where it should be."""
    shop = Shop(db, clock())
    conversation, _ = suede(shop)
    keep(shop, conversation, photo(), at=clock() - 1_000)
    (file,) = media.folder_of(db_path).iterdir()
    file.unlink()
    async with driving(db_path, clock, size=(200, 40)) as pilot:
        await pilot.press("o")
        await shown(pilot)
        text = "\n".join(screen_text(pilot.app))
        assert "It cannot be shown: the file is broken (FileNotFoundError)" in text
        assert str(file) in text


async def test_without_colours_a_picture_is_named(
    db: sqlite3.Connection, db_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With NO_COLOR nothing is drawn or decoded: the line says what it is and where its file lies."""
    monkeypatch.setenv("NO_COLOR", "1")
    shop = Shop(db, clock())
    conversation, _ = suede(shop)
    keep(shop, conversation, photo(), at=clock() - 1_000)
    (file,) = media.folder_of(db_path).iterdir()
    async with driving(db_path, clock, size=(200, 40)) as pilot:
        await pilot.press("o")
        screen = await shown(pilot)
        text = "\n".join(screen_text(pilot.app))
        assert "[photo] 80×60, 1 kB  image/jpeg" in text
        assert str(file) in text
        assert not screen.query(".picture")


async def test_a_thread_without_pictures_says_so(db: sqlite3.Connection, db_path: Path, clock: FakeClock) -> None:
    """`o` where there is nothing to see tells it and opens nothing."""
    suede(Shop(db, clock()))
    async with driving(db_path, clock) as pilot:
        await pilot.press("o")
        assert "There is no picture in this thread" in toasts(pilot.app)
        assert pilot.app.screen is pilot.app.inbox


async def test_the_picture_of_a_piece_is_sent_by_key_and_taken_back(
    db: sqlite3.Connection, db_path: Path, clock: FakeClock
) -> None:
    """P asks with the piece that the draft names, Enter sends its picture, the draft stays, and u takes it back."""
    shop = Shop(db, clock())
    conversation, draft = suede(shop)
    with transaction(db):
        give_picture(db, db_path, "J-014", now=clock())
    async with driving(db_path, clock) as pilot:
        await pilot.press("P")
        await settle(pilot, until=lambda: bool(pilot.app.screen.query("#ask")))
        await pilot.press("enter")
        await settle(pilot)
        row = db.execute("SELECT conversation_id, message_type, state, text FROM deliveries").fetchone()
        assert tuple(row) == (conversation, "image", "held", "")
        assert db.execute("SELECT state FROM drafts WHERE id = ?", (draft,)).fetchone()[0] == "ready"
        assert "leaves in 5 s" in toasts(pilot.app)
        assert "[picture of J-014]" in "\n".join(screen_text(pilot.app))
        await pilot.press("u")
        await settle(pilot)
        assert db.execute("SELECT state FROM deliveries").fetchone()[0] == "cancelled"
        assert "the picture is not sent" in toasts(pilot.app)


async def test_the_stock_shows_the_picture_of_a_piece(db: sqlite3.Connection, db_path: Path, clock: FakeClock) -> None:
    """The piece's page says how large its picture is, and `o` opens it; a piece without one says how to give one."""
    shop = Shop(db, clock())
    suede(shop)
    content = picture("jacket")
    digest, name = pictures.put(media.folder_of(db_path), content, "image/png")
    async with driving(db_path, clock) as pilot:
        await pilot.press("2")
        assert isinstance(pilot.app.screen, StockScreen)
        assert "no picture" in "\n".join(screen_text(pilot.app))
        await pilot.press("o")
        assert "philia items picture SKU FILE" in toasts(pilot.app)
        with transaction(db):
            pictures.give(
                db, "J-014", path=name, sha256=digest, content_type="image/png", size=len(content), width=48, height=48,
                now=clock(), who="owner",
            )  # fmt: skip
        pilot.app.screen.load()
        await pilot.pause()
        assert "picture 48×48, 1 kB · o opens it" in "\n".join(screen_text(pilot.app))
        await pilot.press("o")
        screen = await shown(pilot)
        assert len(screen.query(".picture")) == 1


def decode(tmp_path: Path, content: bytes, *, side: int = 100) -> tuple[dict[str, Any], bytes]:
    """What the decoding process says of a file."""
    file = tmp_path / "picture"
    file.write_bytes(content)
    done = subprocess.run(
        [sys.executable, "-m", "philia_tui.decoding", str(file), str(side), str(side)],
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    told, _, pixels = done.stdout.partition(b"\n")
    return json.loads(told), pixels


def test_a_picture_is_decoded_small_upright_and_on_white(tmp_path: Path) -> None:
    """It fits the bound, is turned as its camera was held, moves no more, and is white where it can be seen through."""
    told, pixels = decode(tmp_path, photo(400, 300))
    assert (told, len(pixels)) == ({"width": 100, "height": 75, "note": ""}, 100 * 75 * 3)
    turned = Image.Exif()
    turned[0x0112] = 6
    told, _ = decode(tmp_path, photo(400, 300, exif=turned))
    assert (told["width"], told["height"]) == (75, 100)
    told, _ = decode(tmp_path, moving())
    assert told == {"width": 20, "height": 20, "note": "the first of 3 pictures that move"}
    out = io.BytesIO()
    Image.new("RGBA", (4, 4), (0, 0, 0, 0)).save(out, "PNG")
    assert decode(tmp_path, out.getvalue())[1] == b"\xff" * 48


def test_a_large_picture_within_the_bound_is_decoded(tmp_path: Path) -> None:
    """A picture of 48 million pixels, as the largest phones take, is shown and not refused."""
    told, _ = decode(tmp_path, photo(8_000, 6_000))
    assert (told["width"], told["height"]) == (100, 75)
    assert decoding.PIXELS >= 48_000_000


def test_what_a_terminal_says_of_itself_is_read() -> None:
    """Sixel is a 4 among its attributes, Kitty's protocol an OK, the cell what it says; noise and lies are nothing."""
    said = graphics.read(b"\x1b[6;20;10t\x1b_Gi=31;OK\x1b\\\x1b[?62;4;22c")
    assert said == graphics.Answers(sixel=True, kitty=True, cell=(10, 20))
    assert graphics.read(b"\x1b[?1;2c") == graphics.Answers()
    assert graphics.read(b"\x1b[?4;2c") == graphics.Answers()
    assert graphics.read(b"\x1b[6;0;99999t\x1b_Gi=31;ENOTSUPPORTED\x1b\\\x1b[?6c") == graphics.Answers()
    assert graphics.read(b"jjjq") == graphics.Answers()
    assert not graphics.draws({"NO_COLOR": "1", "TERM": "xterm"})
    assert not graphics.draws({"TERM": "dumb"})
    assert graphics.draws({"TERM": "xterm-256color"})


def test_the_first_paint_knows_nothing_of_pictures() -> None:
    """Importing the app brings in neither textual-image nor Pillow."""
    asked = "import sys, philia_tui.app; print(sorted({'PIL', 'textual_image'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
