"""The switches of automatic replies on the settings screen; the oracle is config.toml as a TOML reader sees it."""

from __future__ import annotations

import sqlite3
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from philia_tui.app import PhiliaApp
from philia_tui.plain import converse
from server.settings import load
from server.switchboard import Switchboard
from tests.conftest import FakeClock
from tests.philia_tui.driving import Listening, Quick, screen_text, settle, toasts
from tests.philia_tui.shop import Shop, suede

CONFIG = """\
# mine
[auto_reply]
mode = "shadow"  # since the fair
intents = ["greeting", "price"]
"""


@asynccontextmanager
async def opened(
    db_path: Path, clock: FakeClock, config: Path | None, size: tuple[int, int] = (120, 40)
) -> AsyncIterator[Quick]:
    """Opens the inbox of the shop of a config.toml, on the settings screen."""
    loaded = load(config, {})
    app = PhiliaApp(
        db_path, loaded.settings, clock=clock, server=Listening(), examine=lambda _outside: [],
        switchboard=Switchboard(loaded, {}),
    )  # fmt: skip
    async with app.run_test(size=size, notifications=True) as pilot:
        quick = Quick(pilot)
        await settle(quick)
        await quick.press("5")
        await settle(quick)
        yield quick


def kept(config: Path) -> dict[str, Any]:
    """Reads what stands in the file."""
    found: dict[str, Any] = tomllib.loads(config.read_text("utf-8"))["auto_reply"]
    return found


def text(pilot: Quick) -> str:
    """Returns the screen."""
    return "\n".join(screen_text(pilot.app))


async def test_the_mode_is_switched_in_the_file_and_undone(
    db: sqlite3.Connection, db_path: Path, clock: FakeClock, tmp_path: Path
) -> None:
    """Space walks shadow, on (asked first), off; the file, the header and the journal say so; u takes it back."""
    suede(Shop(db, clock()))
    config = tmp_path / "config.toml"
    config.write_text(CONFIG)
    async with opened(db_path, clock, config) as pilot:
        assert "▸ shadow what would have gone is counted" in text(pilot)
        await pilot.press("space")
        await settle(pilot)
        assert "Let earned kinds go by themselves? Enter: yes, Esc: no" in text(pilot)
        await pilot.press("escape")
        await settle(pilot)
        assert kept(config)["mode"] == "shadow"
        await pilot.press("space")
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot, until=lambda: kept(config)["mode"] == "on")
        assert "Automatic replies: on, no longer shadow" in toasts(pilot.app)
        assert "[u undoes: back to shadow]" in toasts(pilot.app)
        assert "▸ on     earned kinds go by themselves" in text(pilot)
        assert config.read_text() == CONFIG.replace('"shadow"', '"on"')
        await pilot.press("space")
        await settle(pilot, until=lambda: kept(config)["mode"] == "off")
        await pilot.press("u")
        await settle(pilot, until=lambda: kept(config)["mode"] == "on")
        await pilot.press("u")
        await settle(pilot, until=lambda: kept(config)["mode"] == "shadow")
        assert config.read_text() == CONFIG
        rows = db.execute("SELECT who, from_state, to_state, why FROM journal WHERE what = 'switch' ORDER BY id")
        assert [tuple(row) for row in rows] == [
            ("owner", one, other, "[auto_reply] mode")
            for one, other in (("shadow", "on"), ("on", "off"), ("off", "on"), ("on", "shadow"))
        ]
        await pilot.press("q")
        await settle(pilot)
        assert "auto: shadow" in text(pilot)


async def test_the_policy_of_each_kind_is_switched(
    db: sqlite3.Connection, db_path: Path, clock: FakeClock, tmp_path: Path
) -> None:
    """Every kind that may be automatic at all has a switch, and no other kind has one."""
    suede(Shop(db, clock()))
    config = tmp_path / "config.toml"
    config.write_text(CONFIG)
    async with opened(db_path, clock, config, size=(80, 24)) as pilot:
        kinds = ("greeting", "availability", "price", "measurement", "policy")
        wanted = {"greeting", "price"}
        for kind in kinds:
            await pilot.press("tab")
            await settle(pilot)
            line = next(line for line in screen_text(pilot.app) if line.lstrip().startswith("▸"))
            assert kind in line
            assert ("may " if kind in wanted else "never ") in line
            await pilot.press("space")
            wanted ^= {kind}
            await settle(pilot, until=lambda: set(kept(config)["intents"]) == wanted)  # noqa: B023  # awaited here
            assert f"{kind}: {'may be answered' if kind in wanted else 'only you answer it'}" in toasts(pilot.app)
            pilot.app.clear_notifications()
        await pilot.press("tab")
        await settle(pilot)
        assert "▸ shadow" in text(pilot)
        await pilot.press("shift+tab", "u")
        await settle(pilot, until=lambda: set(kept(config)["intents"]) == wanted - {"policy"})
        assert kept(config)["mode"] == "shadow"
        for never in ("hold", "haggle", "refund", "complaint"):
            assert never not in config.read_text()


async def test_what_cannot_be_changed_here_says_why(
    db: sqlite3.Connection, db_path: Path, clock: FakeClock, tmp_path: Path, monkeypatch: Any
) -> None:
    """Without a config.toml, and with one that is broken, the switch stays and the reason is told."""
    suede(Shop(db, clock()))
    monkeypatch.chdir(tmp_path)
    async with opened(db_path, clock, None) as pilot:
        assert "philia init makes one" in text(pilot)
        await pilot.press("tab", "space")
        await settle(pilot)
        assert "There is no config.toml to write to" in toasts(pilot.app)
        assert db.execute("SELECT count(*) FROM journal WHERE what = 'switch'").fetchone()[0] == 0
    config = tmp_path / "shop.toml"
    config.write_text(CONFIG)
    async with opened(db_path, clock, config) as pilot:
        config.write_text(CONFIG.replace('"shadow"', "off"))
        await pilot.press("tab", "space")
        await settle(pilot)
        assert "cannot be read" in toasts(pilot.app)
        assert "Nothing goes by itself until then" in text(pilot)
        assert config.read_text() == CONFIG.replace('"shadow"', "off")


async def test_a_change_by_hand_is_shown_and_whether_the_server_goes_by_it(
    db: sqlite3.Connection, db_path: Path, clock: FakeClock, tmp_path: Path
) -> None:
    """The screen follows the file whoever wrote it, and compares it with what the server told of itself."""
    suede(Shop(db, clock()))
    config = tmp_path / "config.toml"
    config.write_text(CONFIG)
    async with opened(db_path, clock, config) as pilot:
        assert "The server has NOT taken them up yet" in text(pilot)
        config.write_text(CONFIG.replace("shadow", "off"))
        told = '{"auto": {"mode": "off", "intents": ["price", "greeting"]}}'
        db.execute("INSERT INTO switches (name, value, updated_at) VALUES ('server', ?, 0)", (told,))
        await settle(pilot, until=lambda: "The server goes by them" in text(pilot))
        assert "▸ off" in text(pilot)


def test_plain_lines_switch_the_same_lines_of_the_file(
    db: sqlite3.Connection, db_path: Path, clock: FakeClock, tmp_path: Path
) -> None:
    """Typed words read the switches out, change one, ask before anything may go by itself, and take it back."""
    suede(Shop(db, clock()))
    config = tmp_path / "config.toml"
    config.write_text(CONFIG, "utf-8")
    found: list[dict[str, Any]] = []
    said: list[str] = []
    lines = iter(
        (
            "automatic",
            "automatic greeting no",
            "automatic on",
            "no",
            "automatic on",
            "yes",
            "undo",
            "automatic haggling yes",
        )
    )

    def read(_prompt: str) -> str:
        found.append(kept(config))
        try:
            return next(lines)
        except StopIteration:
            raise EOFError from None

    loaded = load(config, {})
    converse(
        db_path, loaded.settings, clock=clock, server=Listening(), switchboard=Switchboard(loaded, {}),
        read=read, write=said.append,
    )  # fmt: skip
    assert [(one["mode"], one["intents"]) for one in found] == [
        ("shadow", ["greeting", "price"]),
        ("shadow", ["greeting", "price"]),
        ("shadow", ["price"]),
        ("shadow", ["price"]),
        ("shadow", ["price"]),
        ("shadow", ["price"]),
        ("on", ["price"]),
        ("shadow", ["price"]),
        ("shadow", ["price"]),
    ]
    assert "price: may be answered by itself." in said
    assert "availability: only you answer it." in said
    assert any(line.startswith("Not done: say off, shadow, on") for line in said)
    assert "# since the fair" in config.read_text("utf-8")
