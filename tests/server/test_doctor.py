"""Doctor: each check tells what it found and how to mend it, and none of them hangs, breaks or shows a secret."""

from __future__ import annotations

import asyncio
import re
import socket
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from server.doctor import Check, examine, outside
from server.secrets import Secrets
from server.settings import Agent, Loaded, Settings, Tunnel
from server.simulator.run import BUSINESS_ID, CLIENT_KEY, SECRET, Simulator
from server.tiktok.oauth import SCOPES, Tokens
from server.tokens import box_for, signin_of
from store import signins
from store.clock import DAY, SECOND, system_clock
from store.database import transaction
from tests.end_to_end.recorder import Recorder

APP = Secrets(tiktok_app_id=CLIENT_KEY, tiktok_app_secret=SECRET)


@pytest.fixture
async def platform() -> AsyncIterator[Simulator]:
    async with Simulator() as running:
        yield running


def at(base_url: str, **sections: object) -> Settings:
    """Returns settings whose platform is on this machine."""
    tiktok = msgspec.structs.replace(Settings().tiktok, base_url=base_url)
    return msgspec.structs.replace(Settings(), tiktok=tiktok, **sections)


def by_name(checks: list[Check]) -> dict[str, Check]:
    """Returns the checks by name; each is there once."""
    assert len({check.check for check in checks}) == len(checks)
    return {check.check: check for check in checks}


def test_every_command_that_mends_exists() -> None:
    """Each `philia …` that doctor, sign-in or tunnels tell the owner to type is a command."""
    from typer.main import get_command

    from philia_tui.commands.root import app

    root = get_command(app)
    commands: dict[str, object] = getattr(root, "commands")  # noqa: B009  # typer's group is not click's
    here = Path(__file__).parents[2]
    sources = [*(here / "server/doctor").glob("*.py"), here / "server/tokens.py", here / "server/signin.py"]
    named = {
        match[1] for source in sources for match in re.finditer(r"philia ((?:[a-z]+ ?)+)", source.read_text("utf-8"))
    }
    assert {"login", "resume"} <= {each.split()[0] for each in named}
    for each in named:
        first, *rest = each.split()
        assert first in commands or each.startswith("is "), each
        inner = getattr(commands.get(first), "commands", None)
        if inner and rest:
            assert rest[0] in inner, each


async def test_a_shop_that_is_offline_is_told_at_once(db_path: Path) -> None:
    """With nobody answering, every outside check warns within its seconds, and none fails."""
    with socket.socket() as deaf:
        # Bound and never listening: connections are refused. A listening one that is never read would be slow.
        deaf.bind(("127.0.0.1", 0))
        settings = at(f"http://127.0.0.1:{deaf.getsockname()[1]}")
        secrets = Secrets(tiktok_app_id="a", tiktok_app_secret="s", tiktok_business_id="b", tiktok_access_token="t")
        checks = await outside.look(settings, secrets, db_path, clock=system_clock)
    assert {check.check: check.state for check in checks} == {"clock": "warn", "TikTok": "warn", "webhook": "warn"}


async def test_a_platform_that_never_answers_is_given_up(db_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that is taken and never answered ends with the timeout, as a warning."""
    monkeypatch.setattr(outside, "SECONDS", 0.2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)
        async with asyncio.timeout(10):
            checks = await outside.look(
                at(f"http://127.0.0.1:{silent.getsockname()[1]}"), APP, db_path, clock=system_clock
            )
    assert {check.state for check in checks} == {"warn"}


@pytest.mark.parametrize(("off", "state"), [(0, "ok"), (90, "warn"), (-90, "warn"), (400, "fail"), (-400, "fail")])
async def test_the_clock_is_compared_with_tiktoks(platform: Simulator, db_path: Path, off: int, state: str) -> None:
    """A minute off is told; more than a signature may be old refuses every webhook."""
    checks = await outside.look(at(platform.url), Secrets(), db_path, clock=lambda: system_clock() + off * SECOND)
    assert by_name(checks)["clock"].state == state


async def test_the_webhook_must_lead_to_the_public_address(platform: Simulator, db_path: Path) -> None:
    """None, another's, ours; a wrong app secret fails with where to compare it, and is not shown."""
    settings = at(platform.url, tunnel=Tunnel(public_url="https://shop.example"))

    async def looked(secrets: Secrets = APP) -> Check:
        return by_name(await outside.look(settings, secrets, db_path, clock=system_clock))["webhook"]

    assert ((found := await looked()).state, found.mend) == ("fail", "philia webhook subscribe")
    platform.world.courier.listener_url = "https://other.example/webhook/tiktok"
    assert ((found := await looked()).state, "other.example" in found.detail) == ("fail", True)
    platform.world.courier.listener_url = "https://shop.example/webhook/tiktok"
    assert (await looked()).state == "ok"
    wrong = await looked(Secrets(tiktok_app_id=CLIENT_KEY, tiktok_app_secret="wr0ng"))
    assert (wrong.state, "wr0ng" in wrong.detail) == ("fail", False)


async def test_the_token_is_tried(platform: Simulator, db_path: Path) -> None:
    """A token that TikTok takes is ok, an expired one fails with `philia login`, dialect v1 has nothing to try."""
    secrets = Secrets(tiktok_business_id=BUSINESS_ID, tiktok_access_token="t0ken")
    found = by_name(await outside.look(at(platform.url), secrets, db_path, clock=system_clock))["TikTok"]
    assert found.state == "ok"
    platform.world.tokens.expire_all()
    found = by_name(await outside.look(at(platform.url), secrets, db_path, clock=system_clock))["TikTok"]
    assert (found.state, found.mend) == ("fail", "philia login")
    settings = at(platform.url)
    settings = msgspec.structs.replace(settings, tiktok=msgspec.structs.replace(settings.tiktok, api="v1"))
    assert "TikTok" not in by_name(await outside.look(settings, secrets, db_path, clock=system_clock))


@pytest.mark.parametrize(
    ("status", "body", "state"),
    [
        (200, b'{"data": [{"id": "gpt-4o"}, null]}', "ok"),
        (200, b'{"data": [{"id": "other"}]}', "warn"),
        (200, b"<html>", "ok"),
        (401, b"{}", "fail"),
        (404, b"", "ok"),
    ],
)
async def test_the_models_key_is_tried(
    platform: Simulator, db_path: Path, status: int, body: bytes, state: str
) -> None:
    """A refused key fails, a model that is not listed is told, a server without a list is fine."""
    with Recorder(lambda _request, _number: (status, {}, body)) as model:
        secrets = Secrets(openai_api_key="k3y", openai_base_url=f"{model.url}/v1")
        found = by_name(await outside.look(at(platform.url), secrets, db_path, clock=system_clock))["model"]
        assert (found.state, "k3y" in found.detail) == (state, False)
        assert [(each.method, each.path) for each in model.requests] == [("GET", "/v1/models")]
        assert model.requests[0].headers["authorization"] == "Bearer k3y"


def test_a_sign_in_tells_how_long_it_lasts(db: sqlite3.Connection, db_path: Path) -> None:
    """Days left, the last month, a failed renewal, a missing scope, tokens that are gone: each in its words."""
    now = 1_800_000_000_000
    loaded = Loaded(settings=Settings(), file=None, sources={})
    box = box_for(db_path, "file")

    def looked(refresh_left: int, scopes: tuple[str, ...] = SCOPES) -> dict[str, Check]:
        tokens = Tokens("act.s3cret", "rft.s3cret", "biz", scopes, now + DAY, now + refresh_left)
        box.write(tokens, now=now)
        with transaction(db):
            signins.note(db, signin_of(tokens, box, now=now), now=now, who="owner")
        found = examine(loaded, APP, db_path, offline=True, clock=lambda: now)
        assert not any("s3cret" in check.detail for check in found)
        return by_name(found)

    assert ((found := looked(200 * DAY)["token"]).state, "200 days" in found.detail) == ("ok", True)
    assert ((found := looked(20 * DAY)["token"]).state, found.mend) == ("warn", "philia login")
    assert looked(200 * DAY, ("message.list.read",))["scopes"].state == "fail"
    with transaction(db):
        signins.note_fault(db, "biz", "refused")
    assert by_name(examine(loaded, APP, db_path, offline=True, clock=lambda: now))["token"].detail == "refused"
    box.forget()
    found = by_name(examine(loaded, APP, db_path, offline=True, clock=lambda: now))["token"]
    assert (found.state, found.mend) == ("fail", "philia login")


def test_keys_that_others_can_read_are_told(db_path: Path, tmp_path: Path) -> None:
    """A `.env` beside the settings is private or fails with the command that makes it so."""
    config, dotenv = tmp_path / "config.toml", tmp_path / ".env"
    dotenv.write_text("", "utf-8")
    loaded = Loaded(settings=Settings(), file=config, sources={})
    dotenv.chmod(0o640)
    assert by_name(examine(loaded, Secrets(), db_path, offline=True))["keys"].mend == f"chmod 600 {dotenv}"
    dotenv.chmod(0o600)
    assert "keys" not in by_name(examine(loaded, Secrets(), db_path, offline=True))


def test_offline_asks_nobody(db_path: Path, tmp_path: Path) -> None:
    """With `offline` no connection is tried, whatever is set."""
    with Recorder(lambda _request, _number: (200, {}, b"{}")) as anyone:
        loaded = Loaded(settings=at(anyone.url, agent=Agent(base_url=anyone.url)), file=None, sources={})
        secrets = Secrets(
            openai_api_key="k",
            tiktok_app_id="a",
            tiktok_app_secret="s",
            tiktok_business_id="b",
            tiktok_access_token="t",
        )
        examine(loaded, secrets, db_path, offline=True)
        assert anyone.requests == []


def test_a_check_that_breaks_is_a_failed_check(db_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are told all the same."""
    from server.doctor import machine

    def broken() -> list[Check]:
        raise ZeroDivisionError

    monkeypatch.setattr(machine, "terminal", broken)
    found = examine(Loaded(settings=Settings(), file=None, sources={}), Secrets(), db_path, offline=True)
    assert found[-1].state == "fail"
    assert "ZeroDivisionError" in found[-1].detail
    assert "SQLite" in by_name(found)


@pytest.mark.parametrize(
    ("environment", "state", "said"),
    [
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, "ok", "truecolor"),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, "ok", "NO_COLOR"),
        ({"TERM": "dumb"}, "warn", "cannot draw"),
        ({}, "warn", "no TERM"),
        ({"TERM": "xterm", "COLUMNS": "60"}, "warn", "smaller"),
    ],
)
def test_the_terminal(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], state: str, said: str) -> None:
    """What cannot draw, is too small or has no colours is told."""
    from server.doctor.machine import terminal

    for name in ("TERM", "COLORTERM", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"COLUMNS": "100", "LINES": "30", **environment}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("locale.getpreferredencoding", lambda **_: "UTF-8")
    (found,) = terminal()
    assert (found.state, said in found.detail) == (state, True)
