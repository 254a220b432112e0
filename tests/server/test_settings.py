"""Settings: where they come from, what wins, and how a wrong one is told."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from server.secrets import Secrets
from server.secrets import load as load_secrets
from server.settings import Settings, SettingsError, load, quiet_minutes
from server.settings_text import reasons, render

ROOT = Path(__file__).parents[2]


def written(folder: Path, text: str) -> Path:
    file = folder / "config.toml"
    file.write_text(text, "utf-8")
    return file


def test_the_shipped_file_holds_every_setting_with_its_default() -> None:
    """config.toml is what the code's defaults render to, each setting with a line of why."""
    assert (ROOT / "config.toml").read_text("utf-8") == render(Settings())
    assert len(reasons()) == sum(
        len(getattr(Settings(), name).__struct_fields__) for name in Settings.__struct_fields__
    )
    given = tomllib.loads((ROOT / "config.toml").read_text("utf-8"))
    assert set(given) == set(Settings.__struct_fields__)


def test_the_contract_s_settings_exist() -> None:
    """Every setting that scripts rely on is there under its name."""
    names = {
        "shop": "name handle currency timezone unit",
        "database": "url",
        "listener": "host port path require_signature",
        "tiktok": "api base_url",
        "agent": "drafter model base_url debounce_seconds history timeout_seconds",
        "delivery": "undo_seconds auto_undo_seconds rate_per_minute quota_per_window window_hours quiesce_seconds "
        "retry_seconds timeout_seconds links",
        "auto_reply": "mode intents quiet_hours",
    }
    for section, keys in names.items():
        assert set(keys.split()) <= set(getattr(Settings(), section).__struct_fields__)


def test_what_wins(tmp_path: Path) -> None:
    """The environment wins over the file, the file over the default, and each value knows where it came from."""
    file = written(tmp_path, '[agent]\nhistory = 7\nmodel = "from-file"\n')
    loaded = load(file, {"PHILIA_AGENT__MODEL": "from-env", "PHILIA_DELIVERY__RETRY_SECONDS": "1, 2.5"})
    agent = loaded.settings.agent
    assert (agent.history, agent.model, agent.drafter) == (7, "from-env", "auto")
    assert loaded.settings.delivery.retry_seconds == (1.0, 2.5)
    assert loaded.sources == {
        "agent.history": "file",
        "agent.model": "environment",
        "delivery.retry_seconds": "environment",
    }


def test_a_setting_may_stand_in_dotenv_beside_the_file(tmp_path: Path) -> None:
    """`.env` wins over the file, the environment over `.env`, and the mark that Windows puts at its top is no name."""
    file = written(tmp_path, '[agent]\nhistory = 7\nmodel = "from-file"\n')
    lines = "PHILIA_AGENT__MODEL=from-dotenv\nPHILIA_AUTO_REPLY__MODE='off'\nOPENAI_API_KEY=sk\n"
    (tmp_path / ".env").write_text(lines, "utf-8-sig")
    loaded = load(file, {"PHILIA_AUTO_REPLY__MODE": "on"})
    assert (loaded.settings.agent.model, loaded.settings.auto_reply.mode) == ("from-dotenv", "on")
    assert loaded.sources == {"agent.history": "file", "agent.model": ".env", "auto_reply.mode": "environment"}


def test_which_file_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--config, then PHILIA_CONFIG, then ./config.toml, then the user's config folder; a named one must exist."""
    here, named, given = (tmp_path / name for name in ("here", "named", "given"))
    for folder in (here, named, given):
        folder.mkdir()
        written(folder, f'[shop]\nname = "{folder.name}"\n')
    monkeypatch.chdir(here)
    environment = {"PHILIA_CONFIG": str(named / "config.toml")}
    assert load(given / "config.toml", environment).settings.shop.name == "given"
    assert load(None, environment).settings.shop.name == "named"
    assert load(None, {}).settings.shop.name == "here"
    monkeypatch.chdir(tmp_path)
    own = tmp_path / "home" / ".config" / "philia"
    own.mkdir(parents=True)
    written(own, '[shop]\nname = "own"\n')
    assert load(None, {}).settings.shop.name == "own"
    with pytest.raises(SettingsError, match="missing"):
        load(tmp_path / "missing.toml", {})


def test_paths_count_from_the_file(tmp_path: Path) -> None:
    """A relative database path opens the same shop from every folder."""
    file = written(tmp_path, '[database]\nurl = "sqlite:///data/shop.db"\n')
    settings = load(file, {}).settings
    assert settings.database.url == f"sqlite:///{tmp_path}/data/shop.db"
    assert settings.shop.policies == str(tmp_path / "policies.toml")
    absolute = load(file, {"PHILIA_DATABASE__URL": "sqlite:////elsewhere/x.db"}).settings
    assert absolute.database.url == "sqlite:////elsewhere/x.db"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[agent]\ndrafter = 'robot'", ["[agent] drafter", "'robot'", "auto | model | house"]),
        ("[agent]\nhistory = 0", ["[agent] history", "0", "int"]),
        ("[agent]\nhistory = 'many'", ["[agent] history", "'many'", "int"]),
        ("[agent]\nhistroy = 5", ["[agent] histroy", "history"]),
        ("[listener]\nport = 70000", ["[listener] port", "70000", "65535"]),
        ("[shop]\ncurrency = 'dollars'", ["[shop] currency", "dollars"]),
        ("[shop]\ntimezone = 'Mars/Base'", ["[shop] timezone", "Mars/Base", "Europe/Berlin"]),
        ("[database]\nurl = 'mysql://x'", ["[database] url", "mysql://x", "sqlite:///"]),
        ("[delivery]\nretry_seconds = []", ["[delivery] retry_seconds"]),
        ("[delivery]\nretry_seconds = [0]", ["[delivery] retry_seconds"]),
        ("[auto_reply]\nintents = ['price', 'avaliability']", ["[auto_reply] intents", "avaliability", "greeting"]),
        ("[auto_reply]\nquiet_hours = 'night'", ["[auto_reply] quiet_hours", "night", "22:00-08:00"]),
        ("[listener]\nrequire_signature = 'maybe'", ["[listener] require_signature", "true | false"]),
        ("[tiktok]\nbase_url = 'ftp://x'", ["[tiktok] base_url", "https://"]),
        ("[nowhere]\nx = 1", ["[nowhere]", "shop"]),
        ("name = 'x'", ["name"]),
        ("[shop", ["config.toml"]),
    ],
)
def test_a_wrong_value_is_told_with_what_is_allowed(text: str, words: list[str], tmp_path: Path) -> None:
    """A wrong setting is an error that names it, its value and what it may be."""
    with pytest.raises(SettingsError) as told:
        load(written(tmp_path, text), {})
    for word in words:
        assert word in str(told.value)


@pytest.mark.parametrize(("given", "minutes"), [("22:00-08:00", (1320, 480)), ("00:00 - 23:59", (0, 1439))])
def test_quiet_hours_are_read(given: str, minutes: tuple[int, int]) -> None:
    """Two times of day become minutes of the day."""
    assert quiet_minutes(given) == minutes


def test_secrets_come_from_the_environment_before_a_file_and_are_never_shown(tmp_path: Path) -> None:
    """The environment wins over `.env`, quotes are dropped, and no secret is in what is printed of them."""
    dotenv = tmp_path / ".env"
    dotenv.write_text("# ours\nexport OPENAI_API_KEY='sk-file'\nTIKTOK_APP_SECRET=\"s=1\"\nnonsense\n", "utf-8")
    secrets = load_secrets({"OPENAI_API_KEY": "sk-env"}, dotenv)
    assert (secrets.openai_api_key, secrets.tiktok_app_secret, secrets.tiktok_access_token) == ("sk-env", "s=1", "")
    for shown in (repr(secrets), str(secrets), f"{secrets}"):
        assert "sk-env" not in shown
        assert "s=1" not in shown
        assert "openai_api_key" in shown
    assert repr(Secrets()) == "Secrets(set: none)"
