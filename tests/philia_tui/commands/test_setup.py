"""`philia init`, `doctor`, `login`, `logout`, `webhook`, `tunnel` as they are typed."""

from __future__ import annotations

import dataclasses
import json
import signal
import socket
import subprocess
import sys
import threading
import webbrowser
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from philia_tui.cli import config_first
from philia_tui.commands.root import app
from server import status
from server.settings import load
from server.simulator.run import BUSINESS_ID, CLIENT_KEY, SECRET
from store import lock, signins
from store.database import connect, transaction
from tests.end_to_end.platform import Platform, fetch
from tests.server.tunnel.stand_ins import alive, install

TUNNEL = """
import signal, sys
with open(CUT, "w") as file: file.write(str(os.getpid()))
print(f"https://{sys.argv[1]}.example", flush=True)
signal.pause()
"""


def philia(*arguments: str, given: str = "") -> Result:
    """Runs a command in this process."""
    return CliRunner().invoke(app, list(arguments), input=given)


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    running = Platform(tmp_path_factory.mktemp("platform"))
    yield running
    running.close()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, where the platform is a closed port of this machine."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        monkeypatch.setenv("PHILIA_TIKTOK__BASE_URL", f"http://127.0.0.1:{probe.getsockname()[1]}")
    made = tmp_path / "new"
    made.mkdir()
    monkeypatch.chdir(made)
    return made


@pytest.fixture
def signed_up(folder: Path, platform: Platform, db_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A shop with an app at the platform; returns its database."""
    monkeypatch.setenv("PHILIA_TIKTOK__BASE_URL", platform.url)
    monkeypatch.setenv("PHILIA_TIKTOK__AUTH_URL", f"{platform.url}/v2/auth/authorize")
    monkeypatch.setenv("PHILIA_DATABASE__URL", f"sqlite:///{db_path}")
    monkeypatch.setenv("TIKTOK_APP_ID", CLIENT_KEY)
    monkeypatch.setenv("TIKTOK_APP_SECRET", SECRET)
    return db_path


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """A browser whose owner agrees at once; holds the pages it ended at."""
    pages: list[bytes] = []
    threads: list[threading.Thread] = []

    def opened(address: str) -> bool:
        threads.append(threading.Thread(target=lambda: pages.append(fetch(address)[1])))
        threads[-1].start()
        return True

    monkeypatch.setattr(webbrowser, "open", opened)
    yield pages
    for thread in threads:
        thread.join(20)


def test_init_asks_writes_and_looks(folder: Path) -> None:
    """Piped answers become a shop, the keys a private file, and doctor has the last word."""
    done = philia("init", "--keep", "file", given="Zoë's\neur\ncm\nEurope/Berlin\nk3y\napp\ns3cret\n\n\nngrok\nzoe\n")
    assert done.exit_code == 0, done.output
    settings = load(folder / "config.toml", {}).settings
    assert (settings.shop.name, settings.shop.currency, settings.shop.unit) == ("Zoë's", "EUR", "cm")
    assert (settings.shop.timezone, settings.tunnel.command) == ("Europe/Berlin", "ngrok")
    assert settings.shop.handle == "@zoe"
    assert (folder / ".env").read_text("utf-8") == "OPENAI_API_KEY=k3y\nTIKTOK_APP_ID=app\nTIKTOK_APP_SECRET=s3cret\n"
    assert "ok    settings: " in done.stdout
    assert "fail  token: " in done.stdout
    for secret in ("k3y", "s3cret"):
        assert secret not in done.output


def test_init_takes_defaults_at_the_end_of_the_answers(folder: Path) -> None:
    """Nothing piped, and --yes, both found the shop of the defaults; nothing secret is written."""
    assert philia("init", "--keep", "file").exit_code == 0
    assert philia("--config", "other.toml", "init", "--yes", "--keep", "file").exit_code == 0
    assert (folder / "config.toml").read_text("utf-8") == (folder / "other.toml").read_text("utf-8")
    assert not (folder / ".env").exists()


def test_init_refuses(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A piped answer that will not do ends with 2 and writes nothing; a shop that is there, or no keyring, with 1."""
    done = philia("init", given="Shop\nDollars\n")
    assert (done.exit_code, "three letters" in done.stderr) == (2, True)
    assert list(folder.iterdir()) == []
    assert philia("init", "--keep", "keyring").exit_code == 1
    assert philia("init", "--keep", "nowhere").exit_code == 2
    named = folder / "mine.toml"
    monkeypatch.setenv("PHILIA_CONFIG", str(named))
    assert philia("init", "--yes", "--keep", "file").exit_code == 0
    done = philia("init", "--yes", "--keep", "file")
    assert (done.exit_code, "is there already" in done.stderr) == (1, True)


def test_init_does_not_ask_what_the_environment_tells(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key of the environment is neither asked nor written down."""
    monkeypatch.setenv("OPENAI_API_KEY", "k3y")
    done = philia("init", "--keep", "file", given="Shop\nUSD\nin\nUTC\napp\n")
    assert "OpenAI" not in done.stderr
    assert (folder / ".env").read_text("utf-8") == "TIKTOK_APP_ID=app\n"


def test_doctor_prints_json_and_fails_when_something_does(folder: Path) -> None:
    """One JSON list of check, state, detail, mend; exit 1 with a fail among them."""
    done = philia("doctor", "--offline", "--json")
    checks = json.loads(done.stdout)
    assert all(set(check) == {"check", "state", "detail", "mend"} for check in checks)
    assert (done.exit_code, "fail" in {check["state"] for check in checks}) == (1, True)
    assert all(check["mend"] for check in checks if check["state"] == "fail")


def test_signing_in_and_out(signed_up: Path, browser: list[bytes], platform: Platform) -> None:
    """The browser comes back, the tokens are kept, a second sign-in replaces them, and signing out revokes them."""
    done = philia("login", "--port", "0", "--keep", "file", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["business_id"] == BUSINESS_ID
    tokens = signed_up.with_name(signed_up.name + ".tokens")
    first = tokens.read_text("utf-8")
    assert philia("login", "--port", "0", "--keep", "file").exit_code == 0
    assert tokens.read_text("utf-8") != first
    done = philia("logout")
    assert (done.exit_code, tokens.exists()) == (0, False)
    with closing(connect(signed_up)) as db:
        assert signins.find(db) is None
        told = [(row["what"], row["from_state"], row["to_state"]) for row in db.execute("SELECT * FROM journal")]
    assert told == [("sign in", None, BUSINESS_ID), ("sign out", BUSINESS_ID, None)]
    assert any(each["path"].endswith("/revoke/") for each in platform.control("requests"))
    assert philia("logout").exit_code == 1


def test_scopes_that_are_not_approved_are_explained(signed_up: Path, browser: list[bytes], platform: Platform) -> None:
    """The owner reads which scopes her app needs; the browser says to look at the terminal; nothing is kept."""
    platform.control("tokens", approved=["message.list.send"])
    try:
        done = philia("login", "--port", "0", "--keep", "file")
    finally:
        platform.control("tokens", approved=["message.list.send", "message.list.read", "message.list.manage"])
    assert (done.exit_code, "message.list.manage" in done.stderr) == (1, True)
    assert not signed_up.with_name(signed_up.name + ".tokens").exists()


def test_a_browser_elsewhere_is_pasted(signed_up: Path, platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    """The address at which another machine's browser ended signs in; one of another sign-in does not."""
    monkeypatch.setattr("server.signin.new_state", lambda: "st4te")
    back = f"{platform.url}/simulator/state"  # any address that answers
    asked = (
        f"{platform.url}/v2/auth/authorize?client_key={CLIENT_KEY}&response_type=code&state=st4te"
        f"&scope=message.list.send,message.list.read,message.list.manage&redirect_uri={back}"
    )
    import urllib.request

    with urllib.request.urlopen(asked, timeout=20) as page:  # noqa: S310  # the simulator
        ended_at = page.url
    given = ["login", "--redirect", back, "--no-browser", "--keep", "file"]
    wrong = philia(*given, given=ended_at.replace("st4te", "other") + "\n")
    assert (wrong.exit_code, "another sign-in" in wrong.stderr) == (1, True)
    done = philia(*given, given=ended_at + "\n")
    assert done.exit_code == 0, done.output


def test_the_webhook_is_subscribed_listed_and_removed(signed_up: Path) -> None:
    """Each command tells where TikTok posts then; without a public address one must be given."""
    assert philia("webhook", "subscribe").exit_code == 1
    assert philia("webhook", "subscribe", "shop.example").exit_code == 2
    callback = "https://shop.example/webhook/tiktok"
    for arguments, found in (
        (("subscribe", "https://shop.example"), callback),
        (("list",), callback),
        (("remove",), None),
        (("list",), None),
    ):
        done = philia("webhook", *arguments, "--json")
        assert (done.exit_code, json.loads(done.stdout)) == (0, {"callback_url": found}), done.output


def test_what_needs_an_app_says_so(folder: Path) -> None:
    """Without app id and secret, sign-in and webhook name both and where they come from."""
    for arguments in (("login",), ("webhook", "list"), ("webhook", "subscribe", "https://a.example")):
        done = philia(*arguments)
        assert (done.exit_code, "TIKTOK_APP_ID and TIKTOK_APP_SECRET" in done.stderr) == (1, True)


def test_a_tunnel_needs_a_server_behind_it(folder: Path) -> None:
    """An address that leads nowhere is not opened."""
    assert "Which one?" in philia("tunnel").stderr
    done = philia("tunnel", "ssh -R 0:127.0.0.1:{port} host")
    assert (done.exit_code, "No server runs" in done.stderr) == (1, True)


def test_a_tunnel_is_added_to_a_running_server_and_taken_away(
    signed_up: Path, platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its address is told to everybody and subscribed; after SIGTERM there is none, and its program is gone."""
    cut = install(tmp_path / "bin", "mine", TUNNEL)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    root = Path(__file__).parents[3]
    command = [sys.executable, "-m", "philia_tui", "tunnel", "mine {port}", "--json"]
    with lock.ServerLock(signed_up):
        with closing(connect(signed_up)) as db, transaction(db):
            running = status.Running(pid=1, listening="http://127.0.0.1:8123")
            status.tell(db, running, now=1)
        done = philia("tunnel", "mine {port}")
        assert (done.exit_code, "without a signature" in done.stderr) == (1, True)
        with closing(connect(signed_up)) as db, transaction(db):
            status.tell(db, dataclasses.replace(running, signed=True), now=2)
        opened = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=root)
        assert opened.stdout is not None
        told = [json.loads(opened.stdout.readline()) for _ in range(2)]
        assert told == [
            {"public": "https://8123.example", "tunnel": "", "webhook": webhook} for webhook in ("", "subscribed")
        ]
        assert status.running(signed_up)["public"] == "https://8123.example"
        assert platform.control("state")["listener_url"] == "https://8123.example/webhook/tiktok"
        opened.send_signal(signal.SIGTERM)
        assert opened.wait(20) == 0
        opened.stdout.close()
        assert status.running(signed_up)["public"] is None
    assert not alive(int(cut.read_text("utf-8")))


def test_no_tunnel_without_a_secret(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that could not tell TikTok from anyone else is not shown to the world, unless that is said."""
    own = "ssh -N -R 0:127.0.0.1:{port} nowhere"
    done = philia("serve", "--tunnel", own)
    assert (done.exit_code, "TIKTOK_APP_SECRET" in done.stderr, "--insecure" in done.stderr) == (1, True, True)
    monkeypatch.setenv("TIKTOK_APP_SECRET", SECRET)
    monkeypatch.setenv("PHILIA_LISTENER__REQUIRE_SIGNATURE", "false")
    assert "require_signature" in philia("serve", "--tunnel", own).stderr
    monkeypatch.delenv("PHILIA_LISTENER__REQUIRE_SIGNATURE")
    monkeypatch.setenv("PATH", str(folder))
    done = philia("serve", "--tunnel", "cloudflared")
    assert (done.exit_code, "not installed" in done.stderr) == (1, True)
    assert "is no tunnel" in philia("serve", "--tunnel", "cloudflair").stderr
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("status --config a", "--config a status"),
        ("inbox list --config=a --json", "--config=a inbox list --json"),
        ("--config a status", "--config a status"),
        ("status --config", "--config status"),
        ("inbox send 3 -- --config a", "inbox send 3 -- --config a"),
    ],
)
def test_the_settings_file_may_be_named_anywhere(typed: str, read: str) -> None:
    """`--config FILE` works on every command, before and after it."""
    assert config_first(typed.split()) == read.split()
