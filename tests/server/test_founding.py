"""Founding a shop: the answers become settings that every command reads, and nothing is overwritten."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from pathlib import Path

import pytest

from server import founding, secrets
from server.founding import FoundingError, found, questions
from server.settings import Settings, SettingsError, load

SECRETS = {"OPENAI_API_KEY": "k3y", "TIKTOK_APP_SECRET": 's3cret #"x"', "TIKTOK_APP_ID": ""}


def answers(**more: str) -> Mapping[str, str]:
    """Every question's default, but for what is given (`shop_name` for shop.name)."""
    given = {each.name: each.shape(each.default) for each in questions()}
    return given | {name.replace("_", ".", 1) if name.islower() else name: value for name, value in more.items()}


def test_answers_become_settings_and_secrets(tmp_path: Path) -> None:
    """What was answered is read back, everything else has its default, and no secret is in config.toml."""
    config = tmp_path / "shop" / "config.toml"
    told = found(
        config, answers(shop_name='Zoë\'s "Attic"\\', shop_unit="cm", tunnel_command="ngrok", **SECRETS), vault=None
    )
    loaded = load(config, {})
    assert (loaded.settings.shop.name, loaded.settings.shop.unit) == ('Zoë\'s "Attic"\\', "cm")
    assert loaded.settings.tunnel.command == "ngrok"
    assert loaded.settings.delivery == Settings().delivery
    assert loaded.sources["shop.name"] == "file"
    assert "delivery.undo_seconds" not in loaded.sources
    kept = secrets.load({}, config.with_name(".env"))
    assert (kept.openai_api_key, kept.tiktok_app_secret, kept.tiktok_app_id) == ("k3y", 's3cret #"x', "")
    assert stat.S_IMODE(config.with_name(".env").stat().st_mode) == 0o600
    for text in (config.read_text("utf-8"), "\n".join(told)):
        assert "k3y" not in text
        assert "s3cret" not in text
    assert config.with_name("policies.toml").is_file()


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """A settings file, even a dangling link, stops the founding before a secret is kept; policies stay as they are."""
    config = tmp_path / "config.toml"
    config.write_text("# mine", "utf-8")
    with pytest.raises(FoundingError, match="stays as it is"):
        found(config, answers(**SECRETS), vault=None)
    assert config.read_text("utf-8") == "# mine"
    assert not (tmp_path / ".env").exists()
    config.unlink()
    config.symlink_to(tmp_path / "nowhere")
    with pytest.raises(FoundingError):
        found(config, answers(), vault=None)
    config.unlink()
    (tmp_path / "policies.toml").write_text('[policies]\nshipping = "$6"\n', "utf-8")
    found(config, answers(), vault=None)
    assert "$6" in (tmp_path / "policies.toml").read_text("utf-8")


def test_what_no_setting_takes_leaves_no_settings_file(tmp_path: Path) -> None:
    """An answer that would stop every command is refused, and a second try is possible."""
    config = tmp_path / "config.toml"
    with pytest.raises(SettingsError, match="timezone"):
        found(config, answers(shop_timezone="Mars/Olympus"), vault=None)
    assert not config.exists()


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """The owner reads which file, and why."""
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(FoundingError, match="is a file"):
        found(tmp_path / "file" / "config.toml", answers(), vault=None)


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("shop.currency", {"usd": "USD", " eur ": "EUR"}, ["", "dollars", "U$D", "ÜSD"]),
        ("shop.unit", {"IN": "in", "inches": "in", "cm": "cm"}, ["", "m", "feet"]),
        ("shop.timezone", {"Europe/Berlin": "Europe/Berlin"}, ["", "Berlin", "../etc/passwd", "/etc/passwd"]),
        (
            "tunnel.command",
            {"none": "", "No": "", "ssh": "ssh", "x --to {port}": "x --to {port}"},
            ["yes please", "cloudflair"],
        ),
        ("shop.handle", {"philia": "@philia", "@philia": "@philia"}, []),
    ],
)
def test_each_answer_is_shaped_or_refused(name: str, good: dict[str, str], bad: list[str]) -> None:
    """An answer is taken as people write it; what cannot be meant is refused with what is allowed."""
    question = next(each for each in questions() if each.name == name)
    for answer, value in good.items():
        assert question.fault(answer) is None
        assert question.shape(answer) == value
    for answer in bad:
        assert question.fault(answer), answer


@pytest.mark.parametrize(
    ("name", "handle"), [("Anna Vintage", "@anna.vintage"), ("Zoë’s 2nd  Rack!", "@zoës.2nd.rack")]
)
def test_a_handle_left_empty_is_made_from_the_shops_own_name(tmp_path: Path, name: str, handle: str) -> None:
    """Nobody's inbox shows the handle of another shop because a question was passed over."""
    config = tmp_path / "config.toml"
    found(config, {**answers(), "shop.name": name, "shop.handle": ""}, vault=None)
    assert load(config, {}).settings.shop.handle == handle


def test_every_question_is_of_a_setting_or_a_secret() -> None:
    """Nothing is asked that no file would keep, and the defaults are good answers."""
    for each in questions():
        section, _, key = each.name.partition(".")
        assert each.secret or hasattr(getattr(Settings(), section), key)
        assert each.secret or each.fault(each.default) is None


def test_the_machines_time_zone_is_the_first_guess(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """TZ, then the system's link, then UTC; never a zone that does not exist."""
    link = tmp_path / "localtime"
    monkeypatch.setattr(founding, "ZONE_LINKS", str(link))
    monkeypatch.delenv("TZ", raising=False)
    assert founding.local_zone() == "UTC"
    link.symlink_to("/usr/share/zoneinfo/Europe/Lisbon")
    assert founding.local_zone() == "Europe/Lisbon"
    monkeypatch.setenv("TZ", ":America/New_York")
    assert founding.local_zone() == "America/New_York"
    monkeypatch.setenv("TZ", "nonsense")
    assert founding.local_zone() == "Europe/Lisbon"
