"""Starts that cannot be: each ends with its status and a sentence that names the thing; no trace is ever shown."""

from __future__ import annotations

import resource
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from philia_tui import cli, opening, unforeseen
from philia_tui.app import PhiliaApp
from philia_tui.commands import running
from server.settings import Settings
from store.migrations import migrate


def philia(folder: Path, *words: str, file_bytes: int | None = None) -> tuple[int, str]:
    """Runs a command in a process of its own; returns its status and what it complained of."""

    def limited() -> None:
        if file_bytes is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))

    done = subprocess.run(
        [sys.executable, "-m", "philia_tui", *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        preexec_fn=limited,
    )
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    ("settings", "status", "named"),
    [
        ('[listener]\nport = "many"', 2, ("[listener] port", "'many'", "an integer")),
        ("[listener]\nport = 70000", 2, ("[listener] port", "70000", "65535")),
        ('[agent]\ndrafter = "robot"', 2, ("[agent] drafter", "'robot'", "house")),
        ('[agent]\nprompts = "nowhere"', 2, ("[agent] prompts", "nowhere")),
        ("[shop]\nnme = 1", 2, ("[shop] nme", "name")),
        ("x = [", 2, ("config.toml", "cannot be read")),
        ('[log]\nfile = "/proc/nowhere/philia.log"', 1, ("/proc/nowhere/philia.log", "[log] file")),
        ('[database]\nurl = "sqlite:////proc/nowhere/shop.db"\n[log]\nfile="p.log"', 1, ("/proc/nowhere/shop.db",)),
        ('[database]\nurl = "sqlite:///config.toml"', 1, ("config.toml", "not a database")),
        ('[listener]\nhost = "host.invalid"', 1, ("host.invalid", "[listener] host")),
    ],
)
def test_a_server_that_cannot_start_says_why(
    tmp_path: Path, settings: str, status: int, named: tuple[str, ...]
) -> None:
    """Wrong settings end with 2 and their name, value and what is allowed; a machine in the way ends with 1."""
    (tmp_path / "config.toml").write_text(settings + "\n", "utf-8")
    ended, told = philia(tmp_path, "serve")
    assert (ended, [word for word in named if word not in told]) == (status, []), told


def test_a_section_of_the_environment_that_does_not_exist_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistyped name in the environment is refused like one in the file."""
    monkeypatch.setenv("PHILIA_LISTNER__PORT", "9000")
    ended, told = philia(tmp_path, "status")
    assert (ended, "PHILIA_LISTNER__PORT" in told, "listener" in told) == (2, True, True)


def test_keys_that_cannot_be_read_stop_a_server(tmp_path: Path) -> None:
    """A server that took them for missing would take unsigned webhooks; doctor tells the same and goes on."""
    (tmp_path / "config.toml").write_text("", "utf-8")
    (tmp_path / ".env").write_bytes(b"TIKTOK_APP_SECRET=\xff\n")
    (tmp_path / ".env").chmod(0o600)
    ended, told = philia(tmp_path, "serve")
    assert (ended, ".env cannot be read" in told) == (2, True), told
    assert philia(tmp_path, "doctor", "--offline")[0] == 1


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    """A database that cannot grow ends each command with 1 and says so."""
    (tmp_path / "config.toml").write_text("[listener]\nport = 0\n", "utf-8")
    for words in (("status",), ("serve",), ("items", "add", "S-1", "--name", "a", "--price", "5")):
        ended, told = philia(tmp_path, *words, file_bytes=16_384)
        assert (ended, "philia.db" in told) == (1, True), told


@pytest.mark.parametrize(
    ("where", "what", "words"), [(opening, "open_shop", ()), (running, "shop", ("status",))], ids=["inbox", "command"]
)
def test_what_nobody_foresaw_ends_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    where: object,
    what: str,
    words: tuple[str, ...],
) -> None:
    """The screen names kind and place and the file of the trace, never the error's own words; the file is private."""

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("what a customer wrote")

    monkeypatch.setattr(where, what, broken)
    monkeypatch.setattr(sys, "argv", ["philia", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    told = capsys.readouterr().err
    assert ended.value.code == 1
    assert "RuntimeError in test_refusals.py" in told
    assert "customer" not in told
    file = next(Path(word) for word in told.split() if word.endswith("unforeseen.txt"))
    assert "what a customer wrote" in file.read_text("utf-8")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    monkeypatch.setenv("XDG_STATE_HOME", "/proc/nowhere")
    assert "philia doctor" in unforeseen.told(RuntimeError("x"))


def test_a_screen_that_breaks_shows_no_trace(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The inbox ends with the same sentence, and with 1, instead of Textual's trace with every local variable."""
    migrate(tmp_path / "shop.db")

    class Broken(PhiliaApp):
        def on_mount(self) -> None:
            words = "what a customer wrote"
            raise RuntimeError(words)

    app = Broken(tmp_path / "shop.db", Settings())
    app.run(headless=True)
    told = capsys.readouterr()
    assert app.return_code == 1
    assert "RuntimeError in test_refusals.py" in told.err
    assert "customer" not in told.out + told.err
