"""Every screen at two sizes as text under snapshots/, and every theme by its contrast.

`PHILIA_WRITE_SNAPSHOTS=1 pytest tests/philia_tui/test_snapshots.py` writes the files anew; look at them before
committing. The text is the same in every theme, since nothing is said by colour alone; so the themes are checked by
what a colour could break: a letter that cannot be told from its ground.
"""

from __future__ import annotations

import datetime as dt
import os
import sqlite3
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.cells import cell_len
from rich.color import ColorType

from philia_tui.themes import THEMES
from server.doctor import Check
from server.settings import Inbox, Settings
from tests.conftest import FakeClock
from tests.philia_tui.driving import Quick, driving, screen_text, settle, typing
from tests.philia_tui.hostile import HOSTILE, forbidden
from tests.philia_tui.shop import HOUR, Shop, street

KEPT = Path(__file__).parent / "snapshots"
WRITE = bool(os.environ.get("PHILIA_WRITE_SNAPSHOTS"))
EVENING = int(dt.datetime(2026, 11, 22, 22, 41, tzinfo=dt.UTC).timestamp() * 1000)

SCREENS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("inbox", ("j",)),
    ("held", ()),
    ("opened", ("j", "enter")),
    ("why", ("j", "w")),
    ("editing", ("j", "e")),
    ("review", ("j", "e", "escape")),
    ("asking", ("s",)),
    ("marked", ("v", "v")),
    ("jumping", ("f",)),
    ("doubt", ("tab", "tab", "tab", "tab")),
    ("help", ("question_mark",)),
    ("stock", ("2",)),
    ("insights", ("3",)),
    ("insights_in_time", ("3", "p")),
    ("insights_by_kind", ("3", *"PPP")),
    ("insights_large", ("3", "z")),
    ("insights_below", ("3", "G")),
    ("activity", ("4",)),
    ("settings", ("5",)),
    ("settings_below", ("5", "G")),
    ("work", ("6",)),
    ("canned", ("7",)),
    ("search", ("backslash", *"suede")),
    ("palette", ("colon",)),
    ("palette_found", ("colon", *"sno")),
)

CHECKS = (
    Check("database", "ok", "philia.db, schema newest"),
    Check("token", "fail", "nobody is signed in: messages are drafted, nothing is sent", "philia login"),
    Check("region", "warn", "not told; accounts of the EEA cannot use the message API", "Set [shop] region"),
)
"""What the doctor says of the shop of the pictures: what a machine has would be another picture on each."""


def furnish(db: sqlite3.Connection, clock: FakeClock) -> None:
    """Builds the shop of the pictures."""
    clock.now = EVENING
    street(Shop(db, clock()))
    for number in range(9):
        db.execute(
            "INSERT INTO verdicts (conversation_id, decision, who, intent, agreed, at)"
            " VALUES (1, 'shadow', 'auto', ?, ?, ?)",
            (("availability", "price", "measurement")[number % 3], int(number > 2), EVENING - number * HOUR),
        )
    db.execute("INSERT INTO canned_replies (name, text, updated_at) VALUES ('ship', 'The {piece} ships {when}.', 0)")
    # The journal tells when the rows were made, which the triggers take from the rows.
    db.execute("UPDATE journal SET at = ?", (EVENING,))


async def walk(pilot: Quick) -> dict[str, list[str]]:
    """Visits every screen in one inbox and returns their lines by name."""
    seen: dict[str, list[str]] = {}
    inbox = pilot.app.inbox
    inbox.examine = lambda _outside: list(CHECKS)
    for name, keys in SCREENS:
        for key in keys:
            await pilot.press(key)
            await settle(pilot)
        seen[name] = [line.rstrip() for line in screen_text(pilot.app)]
        check_cells(pilot, name)
        await leave(pilot)
        inbox.queue.go(0)
        # Toasts go by a real clock; what they say is asserted elsewhere.
        pilot.app.clear_notifications()
        await settle(pilot)
    return seen


async def leave(pilot: Quick) -> None:
    """Comes back to the inbox as it was at first."""
    inbox = pilot.app.inbox
    for _ in range(6):
        at_home = pilot.app.screen is inbox and not inbox.typing and inbox.listed == "needs_you"
        if (
            at_home
            and not inbox.jumping
            and not inbox.queue.marks
            and not (inbox.has_class("-opened") or inbox.has_class("-why"))
        ):
            return
        if inbox.query("#review"):
            await pilot.press("d")
        else:
            await pilot.press("escape")
        await settle(pilot)


def check_cells(pilot: Quick, name: str) -> None:
    """Asserts that every line is as wide as the screen, and no letter has the colour of its ground."""
    width = pilot.app.size.width
    for number, strip in enumerate(pilot.app.screen._compositor.render_strips()):
        assert sum(cell_len(segment.text) for segment in strip) == width, (name, number)
        for segment in strip:
            style = segment.style
            if style is None or not segment.text.strip() or style.color is None or style.bgcolor is None:
                continue
            if ColorType.DEFAULT in {style.color.type, style.bgcolor.type}:
                continue
            if "NO_COLOR" in os.environ:
                for shade in (style.color, style.bgcolor):
                    assert len(set(shade.get_truecolor())) == 1, (name, segment)
            told = segment.text.strip("─│╭╮╰╯▕▌▁▔ █▊▎╸╺━┃┊┆🔎")
            # Behind the palette the inbox is dimmed on purpose, and still no letter is lost.
            least = 1.2 if name.startswith("palette") else 2.5
            assert not told or contrast(style) >= least, (name, pilot.app.theme, segment)


def contrast(style: Any) -> float:
    """Returns the WCAG contrast of a style, 1 to 21."""

    def light(color: Any) -> float:
        parts = [part / 255 for part in color.get_truecolor()]
        linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return float(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])

    one, two = sorted((light(style.color), light(style.bgcolor)), reverse=True)
    return (one + 0.05) / (two + 0.05)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_every_screen_is_as_it_was_looked_at(
    db: sqlite3.Connection, db_path: Path, clock: FakeClock, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With NO_COLOR, every screen's text is exactly the one that was looked at and kept."""
    monkeypatch.setenv("NO_COLOR", "1")
    furnish(db, clock)
    async with driving(db_path, clock, size=size) as pilot:
        seen = await walk(pilot)
    kept = KEPT / f"{size[0]}x{size[1]}"
    if WRITE:
        kept.mkdir(parents=True, exist_ok=True)
        for name, lines in seen.items():
            (kept / f"{name}.txt").write_text("\n".join(lines) + "\n", "utf-8")
    for name, lines in seen.items():
        assert lines == (kept / f"{name}.txt").read_text("utf-8").splitlines(), name


@pytest.mark.parametrize("theme", [theme.name for theme in THEMES])
async def test_every_theme_can_be_read(db: sqlite3.Connection, db_path: Path, clock: FakeClock, theme: str) -> None:
    """In every theme of the house no letter on any screen has its ground's colour, and the text is the same."""
    furnish(db, clock)
    settings = msgspec.structs.replace(Settings(), inbox=Inbox(theme=theme))
    async with driving(db_path, clock, settings=settings) as pilot:
        await walk(pilot)
        assert pilot.app.theme == theme


async def test_no_customer_can_draw(db: sqlite3.Connection, db_path: Path, clock: FakeClock) -> None:
    """Hostile names, messages, drafts, claims, reasons, labels, notes and stock are inert wherever they are drawn."""
    shop = Shop(db, clock())
    for number, text in enumerate(HOSTILE):
        shop.piece(f"H{number}", text[:200] or "x", brand=text[:50], description=text, color=text[:20], size=text[:10])
        conversation = shop.conversation(
            f"{text[:40]}{number}", (text, text[:100]), name=text[:60], left=HOUR + number * 1000,
            kind=text[:20] or "text", labels='["' + "[red]x\\u001b[2J" + '"]', notes=text[:80],
        )  # fmt: skip
        shop.draft(
            conversation,
            f"{text[:150]} end",
            claims=(("end", text[:20] or "price", f"H{number}", text[:20], text[:40], False),),
            intent=text[:20],
            hold_reason=text[:80],
            translation=text[:80],
            language=text[:10],
            model=text[:30],
            drafter="model",
            reasons='[{"span": [0, 3], "kind": "price", "reason": "\\u001b[31m\\u202e[@click=app.quit]x[/]"}]',
        )
        shop.delivery(conversation, text[:200], state="needs_owner", reason=text[:100])
    async with driving(db_path, clock) as pilot:
        for number in range(len(HOSTILE)):
            lines = screen_text(pilot.app)
            assert not forbidden("".join(lines)), [line for line in lines if forbidden(line)]
            check_widths(pilot, number)
            if number % 8 == 0:
                await pilot.press("t", "w")
                assert not forbidden("".join(screen_text(pilot.app)))
                await pilot.press("w", "t")
            await pilot.press("j")
        for key in ("question_mark", "q", "2", "j", "j", "j", "4", "q", "backslash"):
            await pilot.press(key)
            await settle(pilot)
            assert not forbidden("".join(screen_text(pilot.app))), key
            check_widths(pilot, key)
        await typing(pilot, "a")
        await settle(pilot)
        assert not forbidden("".join(screen_text(pilot.app)))
        assert pilot.app.is_running


def check_widths(pilot: Quick, where: object) -> None:
    """Asserts that every line is exactly as wide as the screen."""
    for strip in pilot.app.screen._compositor.render_strips():
        assert sum(cell_len(segment.text) for segment in strip) == pilot.app.size.width, where
