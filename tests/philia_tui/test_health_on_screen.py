"""The settings screen's health is that of this shop: its own keys, its own file, and the outside only when asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from philia_tui.health import Health
from philia_tui.opening import examiner
from philia_tui.plain import converse
from server.doctor import Check
from server.settings import Settings, load
from tests.conftest import FakeClock
from tests.philia_tui.driving import driving, screen_text, settle


def states(found: list[Check]) -> dict[str, str]:
    """Returns each check's state by its name."""
    return {one.check: one.state for one in found}


def test_the_doctor_of_the_inbox_sees_the_keys_of_its_server(
    db_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys come from `.env` beside the settings or the environment the server gets, never from another shop's."""
    (tmp_path / "mine").mkdir()
    settings = tmp_path / "mine" / "config.toml"
    settings.write_text('[shop]\nhandle = "@one"\n', "utf-8")
    loaded = load(settings, {})
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("TIKTOK_APP_SECRET=of-another-shop\n", "utf-8")
    (tmp_path / ".env").chmod(0o600)
    assert states(examiner(db_path, loaded, {})(False))["signature"] == "warn"
    (tmp_path / "mine" / ".env").write_text("TIKTOK_APP_SECRET=its-own\n", "utf-8")
    (tmp_path / "mine" / ".env").chmod(0o600)
    assert states(examiner(db_path, loaded, {})(False))["signature"] == "ok"
    (tmp_path / "mine" / ".env").unlink()
    given = {"TIKTOK_APP_SECRET": "given", "TIKTOK_ACCESS_TOKEN": "given", "TIKTOK_BUSINESS_ID": "b"}
    found = states(examiner(db_path, loaded, given)(False))
    assert (found["signature"], found["token"]) == ("ok", "ok")


async def test_opening_the_screen_asks_nobody_outside_and_checking_again_does(db_path: Path, clock: FakeClock) -> None:
    """`5` looks at this machine only; `c` looks outside as well, and the page says what was found each time."""
    asked: list[bool] = []

    def examine(outside: bool) -> list[Any]:
        asked.append(outside)
        return [Check("clock", "ok", "4 s from TikTok's")] if outside else [Check("disk", "warn", "little is free")]

    async with driving(db_path, clock, size=(100, 60)) as pilot:
        pilot.app.inbox.examine = examine
        await pilot.press("5")
        await settle(pilot)
        shown = "\n".join(screen_text(pilot.app))
        assert asked == [False]
        assert "! look   disk: little is free" in shown
        assert "1 to look at" in shown
        await pilot.press("c")
        await settle(pilot)
        shown = "\n".join(screen_text(pilot.app))
    assert asked == [False, True]
    assert "clock: 4 s from TikTok's" in shown
    assert "0 to look at" in shown


async def test_a_server_without_an_account_says_that_replies_wait(db_path: Path, clock: FakeClock) -> None:
    """The line at the top says that nobody is signed in, the settings and plain lines also what to do; else nothing."""
    lines: list[str] = []
    async with driving(db_path, clock, size=(120, 40)) as pilot:
        await settle(pilot)
        assert "signed in" not in "\n".join(screen_text(pilot.app))
        pilot.app.inbox.server.health = lambda: Health("listening", account=False)
        await pilot.press("5")
        await settle(pilot)
        assert "philia login" in "\n".join(screen_text(pilot.app))
        await pilot.press("1")
        pilot.app.inbox._tick()
        await settle(pilot)
        assert "! nobody is signed in" in screen_text(pilot.app)[0]
        converse(db_path, Settings(), clock=clock, server=pilot.app.inbox.server, read=_leave, write=lines.append)
    assert any("philia login" in line for line in lines)


def _leave(_prompt: str) -> str:
    raise EOFError
