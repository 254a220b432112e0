"""A shop owner's first hour, from an empty folder to a reply that a customer has."""

from __future__ import annotations

import json
import re
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from server.simulator.run import CLIENT_KEY, SECRET
from tests.end_to_end.platform import Platform, fetch
from tests.end_to_end.shop import PATIENCE, STOCK, Shop, first_line, v1_3, wait
from tests.end_to_end.ssh_server import SshServer, processes_of

ANSWERS = ("Philia Thrifts", "usd", "in", "UTC", "", CLIENT_KEY, SECRET, "", "", "none", "philia.thrifts")
"""Shop, currency, unit, zone, no model, the app and its secret, no token yet, no tunnel yet, the handle."""


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    running = Platform(tmp_path)
    yield running
    running.close()


class NewShop(Shop):
    """A folder with nothing in it; the platform is the only thing the environment tells."""

    def __init__(self, folder: Path, platform: str) -> None:
        """Makes the folder."""
        super().__init__(folder, platform)
        (folder / "config.toml").unlink()
        self.database = folder / "philia.db"
        for name in ("PHILIA_CONFIG", "TIKTOK_BUSINESS_ID", "TIKTOK_ACCESS_TOKEN"):
            del self.environment[name]
        self.environment |= {
            "PHILIA_TIKTOK__BASE_URL": platform,
            "PHILIA_TIKTOK__AUTH_URL": f"{platform}/v2/auth/authorize",
            "PHILIA_LISTENER__PORT": "0",
            "PHILIA_AGENT__DEBOUNCE_SECONDS": "0",
        }

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Starts a command that goes on."""
        return subprocess.Popen(
            [sys.executable, "-m", "philia_tui", *arguments],
            stdout=subprocess.DEVNULL if arguments[0] == "serve" else subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment,
            cwd=self.folder,
        )

    def sign_in(self, *, complaints: int = 0) -> None:
        """Signs in as the owner's browser would; the command complains as often as told."""
        login = self.start("login", "--no-browser", "--port", "0", "--keep", "file")
        try:
            address = first_line(login, "Open this address").rpartition(" ")[2]
            assert b"Philia has heard from TikTok" in fetch(address)[1]
            out, told = login.communicate(timeout=PATIENCE)
            assert (login.returncode, told.count("!")) == (0, complaints), told
            assert out.startswith("Signed in as ")
        finally:
            login.kill()
            login.communicate()

    def checks(self) -> dict[str, dict[str, str]]:
        """Asks doctor."""
        done = subprocess.run(
            [sys.executable, "-m", "philia_tui", "doctor", "--json"],
            capture_output=True,
            text=True,
            env=self.environment,
            cwd=self.folder,
            timeout=PATIENCE * 2,
            check=False,
        )
        return {check["check"]: check for check in json.loads(done.stdout)}

    def behind(self, command: str) -> str:
        """Starts the server behind a tunnel; returns the address at which TikTok posts."""
        self.server = self.start("serve", "--tunnel", command)
        self.listening = first_line(self.server, "Listening on ").split()[2].removesuffix("/webhook/tiktok")
        return first_line(self.server, "TikTok posts its webhooks to ").rpartition(" ")[2]


@contextmanager
def new_shop(folder: Path, platform: str) -> Iterator[NewShop]:
    """A new shop whose server is ended however its test ends."""
    shop = NewShop(folder, platform)
    try:
        yield shop
    finally:
        shop.close()


def test_the_first_hour(tmp_path: Path, platform: Platform) -> None:
    """From an empty folder, by piped answers and six commands, to one reply in the platform's ledger."""
    folder = tmp_path / "shop"
    # The challenge: a subscription is only given to an address that answers through the tunnel.
    platform.control("rules", challenge=True)
    with SshServer() as ssh, new_shop(folder, platform.url) as shop:
        told = shop.run("init", "--keep", "file", given="\n".join(ANSWERS) + "\n")
        assert "ok    clock" in told
        assert SECRET not in told
        assert SECRET not in (folder / "config.toml").read_text("utf-8")
        assert stat.S_IMODE((folder / ".env").stat().st_mode) == 0o600

        shop.run("items", "import", str(STOCK))
        shop.sign_in()
        callback = shop.behind(ssh.command())
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/webhook/tiktok", callback)
        assert not callback.startswith(shop.listening)
        found = shop.checks()
        assert [name for name, check in found.items() if check["state"] == "fail"] == []
        for name in ("token", "scopes", "TikTok", "webhook", "tunnel", "round trip", "clock"):
            assert found[name]["state"] == "ok", found[name]
        assert callback in found["webhook"]["detail"]

        assert fetch(callback, v1_3("m1", "c1", "ann", "hi"))[0] == 401

        platform.control("customers/maria/say", text="is the nike acg rain shell still available?", wait=True)
        draft = shop.draft("maria")
        assert "$78" in draft["text"]
        assert platform.ledger() == []
        # The day's token ends now: the server renews it and sends, once.
        platform.control("tokens", expire=True)
        shop.run("inbox", "approve", str(draft["id"]), "--now")
        accepted = wait(platform.ledger)
        assert [each["text"] for each in accepted] == [draft["text"]]
        codes = [each["code"] for each in platform.control("requests") if each["path"].endswith("/message/send/")]
        assert codes[0] == 40105
        assert shop.delivery(1, "sent")["attempts"][-1]["outcome"] == "sent"
        shop.stop()
        assert processes_of(folder) == []
    kept = json.loads(json.loads((folder / "philia.db.tokens").read_text("utf-8"))["tiktok-tokens"])
    for file in folder.iterdir():
        if file.name not in {".env", "philia.db.tokens"}:
            text = file.read_text("utf-8", "replace")
            assert not any(secret in text for secret in (SECRET, kept["access_token"], kept["refresh_token"])), file
            assert not stat.S_IMODE(file.stat().st_mode) & 0o022, file


def test_a_sign_in_is_taken_up_by_the_server_that_runs(tmp_path: Path, platform: Platform) -> None:
    """Started before anybody signed in, the server drafts; after `philia login` the reply that waited leaves, once."""
    with new_shop(tmp_path / "shop", platform.url) as shop:
        shop.run("init", "--keep", "file", given="\n".join(ANSWERS) + "\n")
        shop.run("items", "import", str(STOCK))
        shop.serve()
        assert shop.checks()["token"]["state"] == "fail"
        assert told(shop)["account"] is False
        platform.control("webhooks", listener_url=f"{shop.listening}/webhook/tiktok")
        platform.control("customers/maria/say", text="is the nike acg rain shell still available?", wait=True)
        draft = shop.draft("maria")
        shop.run("inbox", "approve", str(draft["id"]), "--now")
        assert platform.ledger() == []
        shop.sign_in(complaints=1)
        assert [each["text"] for each in wait(platform.ledger)] == [draft["text"]]
        shop.delivery(1, "sent")
        wait(lambda: told(shop)["account"] is True)


def told(shop: Shop) -> dict[str, Any]:
    """Returns what the server tells of itself in the file that the inbox reads."""
    with closing(sqlite3.connect(shop.database)) as db:
        found: dict[str, Any] = json.loads(db.execute("SELECT value FROM switches WHERE name = 'server'").fetchone()[0])
    return found
