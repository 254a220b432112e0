"""Secrets are kept where only their owner reads them, and nowhere else."""

from __future__ import annotations

import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from server import secrets, vault
from server.vault import FileVault, KeyringVault, VaultError
from tests.server.keyrings import FakeKeyring, LockedKeyring, WaitingKeyring

ROOT = Path(__file__).parents[2]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_of_secrets_is_only_its_owners(tmp_path: Path) -> None:
    """It is 0600 from its first byte, holds what was put, and goes with the last secret."""
    kept = FileVault(tmp_path / "tokens")
    kept.put("a", "1")
    kept.put("b", "2")
    assert (kept.get("a"), kept.get("b"), kept.get("c")) == ("1", "2", None)
    assert mode(kept.path) == 0o600
    kept.forget("a")
    assert (kept.get("a"), kept.get("b")) == (None, "2")
    kept.forget("a")
    kept.forget("b")
    assert list(tmp_path.iterdir()) == [tmp_path / "home"]


def test_a_write_that_breaks_leaves_the_earlier_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is replaced whole or not at all, and no half of it stays in the folder."""
    kept = FileVault(tmp_path / "tokens")
    kept.put("a", "1")

    def full(_file: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("server.vault.os.fsync", full)
    with pytest.raises(VaultError, match="No space left"):
        kept.put("a", "a-new-secret")
    assert kept.get("a") == "1"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["home", "tokens"]


def test_a_broken_file_is_told_without_its_contents(tmp_path: Path) -> None:
    """The words name the file and the way out, never what stands in it."""
    kept = FileVault(tmp_path / "tokens")
    kept.path.write_text('{"a": "half-a-secret', "utf-8")
    with pytest.raises(VaultError) as told:
        kept.get("a")
    assert "half-a-secret" not in str(told.value)
    assert "philia login" in str(told.value)


def test_a_keyring_that_says_no_is_told_without_the_secret() -> None:
    """Whatever a backend raises, the secret is not repeated."""
    kept = KeyringVault(LockedKeyring(), "philia test")
    calls: list[Callable[[], object]] = [
        lambda: kept.get("name"),
        lambda: kept.put("name", "s3cret"),
        lambda: kept.forget("name"),
    ]
    for call in calls:
        with pytest.raises(VaultError) as told:
            call()
        assert "s3cret" not in str(told.value)
        assert told.value.__cause__ is None


@pytest.mark.parametrize("module", ["keyring.backends.fail", "keyrings.alt.file", "keyring.backends.null"])
def test_only_the_systems_own_keyring_counts(monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    """None, a refusing one, and one that stores plain text under another name all mean: the file."""
    import keyring

    backend = type("Keyring", (FakeKeyring,), {"__module__": module})
    monkeypatch.setattr(keyring, "get_keyring", backend)
    assert vault.real_keyring() is None


def test_a_real_keyring_is_found_inside_a_chain(monkeypatch: pytest.MonkeyPatch) -> None:
    """The keyring library may put several behind one another; the first real one counts."""
    import keyring

    real = type("Keyring", (FakeKeyring,), {"__module__": "keyring.backends.SecretService"})()
    chain = type("Chain", (), {"backends": [FakeKeyring(), real]})()
    monkeypatch.setattr(keyring, "get_keyring", lambda: chain)
    assert vault.real_keyring() is real


def test_secrets_come_from_the_environment_then_the_file_then_the_keyring(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pointer in .env leads into the keyring; the environment wins over both; the value is never in the file."""
    backend = FakeKeyring()
    monkeypatch.setattr(secrets, "real_keyring", lambda: backend)
    dotenv = tmp_path / ".env"
    dotenv.write_text("# mine\nOTHER=stays\nTIKTOK_APP_SECRET=old\n", "utf-8")
    given = {"TIKTOK_APP_SECRET": "s3cret", "OPENAI_API_KEY": "k3y"}
    secrets.keep(dotenv, given, vault=KeyringVault(backend, "philia /shop one"))
    assert dotenv.read_text("utf-8") == (
        "# mine\nOTHER=stays\nTIKTOK_APP_SECRET=keyring:philia /shop one\nOPENAI_API_KEY=keyring:philia /shop one\n"
    )
    assert mode(dotenv) == 0o600
    found = secrets.load({"OPENAI_API_KEY": "from-environment"}, dotenv)
    assert (found.openai_api_key, found.tiktok_app_secret) == ("from-environment", "s3cret")
    monkeypatch.setattr(secrets, "real_keyring", lambda: None)
    assert secrets.load({}, dotenv).tiktok_app_secret == ""


def test_a_secret_with_a_line_break_is_refused(tmp_path: Path) -> None:
    """It would be another secret's line."""
    with pytest.raises(VaultError, match="line break"):
        secrets.keep(tmp_path / ".env", {"OPENAI_API_KEY": "a\nTIKTOK_APP_SECRET=b"}, vault=None)
    assert not (tmp_path / ".env").exists()


def test_a_keyring_that_does_not_answer_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is asked of it ends with a sentence, and of several keys only the first is waited for."""
    backend = WaitingKeyring()
    kept = KeyringVault(backend, "philia test")
    kept.put("a", "1")
    backend.unlocked.clear()
    monkeypatch.setattr(vault, "KEYRING_SECONDS", 0.05)
    calls: list[Callable[[], object]] = [lambda: kept.get("a"), lambda: kept.put("a", "2"), lambda: kept.forget("a")]
    for call in calls:
        with pytest.raises(VaultError, match="has not answered"):
            call()
    monkeypatch.setattr(secrets, "real_keyring", lambda: backend)
    dotenv = tmp_path / ".env"
    dotenv.write_text("OPENAI_API_KEY=keyring:philia\nTIKTOK_APP_ID=app\nTIKTOK_APP_SECRET=keyring:philia\n", "utf-8")
    backend.asked.clear()
    found = secrets.load({}, dotenv)
    assert "has not answered" in found.trouble
    assert (found.openai_api_key, found.tiktok_app_id) == ("", "app")
    assert backend.asked == ["OPENAI_API_KEY"]
    backend.unlocked.set()


def test_a_process_ends_while_its_keyring_waits() -> None:
    """A question that is never answered keeps no program from ending."""
    program = (
        "from server import vault; from tests.server.keyrings import WaitingKeyring\n"
        "backend = WaitingKeyring(); backend.unlocked.clear(); vault.KEYRING_SECONDS = 0.05\n"
        "try: vault.KeyringVault(backend, 'philia test').get('a')\n"
        "except vault.VaultError as fault: print(fault)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True, cwd=ROOT
    )
    assert "has not answered" in done.stdout


def test_what_cannot_be_read_is_not_taken_for_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A `.env` that is no text and a keyring that is gone are told; the environment's keys are there all the same."""
    dotenv = tmp_path / ".env"
    dotenv.write_bytes(b"TIKTOK_APP_SECRET=\xff\xfe\n")
    found = secrets.load({"TIKTOK_APP_ID": "app"}, dotenv)
    assert "not UTF-8" in found.trouble
    assert (found.tiktok_app_id, found.tiktok_app_secret) == ("app", "")
    dotenv.write_text("TIKTOK_APP_SECRET=keyring:philia\n", "utf-8")
    monkeypatch.setattr(secrets, "real_keyring", lambda: None)
    assert "TIKTOK_APP_SECRET should be in the system keyring" in secrets.load({}, dotenv).trouble
    assert secrets.load({"TIKTOK_APP_SECRET": "s"}, dotenv).trouble == ""


def test_each_secret_tells_where_it_came_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Environment, file and keyring are told by name; the value is in no representation."""
    backend = FakeKeyring()
    backend.set_password("philia", "OPENAI_API_KEY", "k3y")
    monkeypatch.setattr(secrets, "real_keyring", lambda: backend)
    dotenv = tmp_path / ".env"
    dotenv.write_text("OPENAI_API_KEY=keyring:philia\nTIKTOK_APP_ID=app\nTIKTOK_APP_SECRET=old\n", "utf-8")
    found = secrets.load({"TIKTOK_APP_SECRET": "s3cret"}, dotenv)
    assert found.sources == {
        "TIKTOK_APP_SECRET": "environment", "TIKTOK_APP_ID": ".env", "OPENAI_API_KEY": "keyring",
    }  # fmt: skip
    assert not any(value in repr(found) for value in ("k3y", "s3cret"))
