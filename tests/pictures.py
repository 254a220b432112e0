"""`uv run python -m tests.pictures`: the README's pictures, made by the inbox itself over the snapshots' shop."""

from __future__ import annotations

import asyncio
import re
import shutil
import tempfile
from contextlib import closing
from pathlib import Path

from store.database import connect
from store.migrations import migrate
from tests.conftest import FakeClock
from tests.philia_tui.driving import driving, settle
from tests.philia_tui.test_snapshots import furnish

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"

PICTURES = {"inbox": ("j",), "edit": ("j", "e"), "stock": ("2",)}


async def take(folder: Path) -> None:
    """Opens the inbox, presses the keys of each picture and keeps what is on the screen as SVG."""
    path = folder / "shop.db"
    migrate(path)
    clock = FakeClock()
    with closing(connect(path)) as db:
        furnish(db, clock)
    for name, keys in PICTURES.items():
        async with driving(path, clock, size=(120, 36)) as pilot:
            for key in keys:
                await pilot.press(key)
                await settle(pilot)
            pilot.app.clear_notifications()
            await settle(pilot)
            (FOLDER / f"{name}.svg").write_text(plain(pilot.app.export_screenshot(title="Philia")), "utf-8")


def plain(svg: str) -> str:
    """Returns a picture that asks nobody for a font: the reader's own monospace serves."""
    without = re.sub(r"@font-face\s*\{[^}]*\}", "", svg)
    return re.sub(r"Fira Code", "ui-monospace, DejaVu Sans Mono, Menlo, Consolas", without)


def main() -> None:
    """Writes all pictures."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp())
    try:
        asyncio.run(take(folder))
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
