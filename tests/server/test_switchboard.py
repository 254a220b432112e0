"""The switches in config.toml: one is changed and every other character stays; what may never be is refused."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from server.settings import Settings, load
from server.settings_text import render
from server.switchboard import Switchboard
from store.errors import NotAllowed

HERS = """\
# my shop
[shop]
name = "Philia"   # as on the sign

[auto_reply]      # careful here
# off during the fair
mode   = "off"    # ask Ana first
intents = [
  "greeting",  # always fine
  "price",     # they are on the tags
]
per_day = 3

# the screen
[inbox]
keys = { approve = "z" }
"""


def board(file: Path, text: str, **environment: str) -> Switchboard:
    """Opens a shop with this config.toml."""
    file.write_bytes(text.encode())
    found = Switchboard(load(file, environment), environment)
    found.look()
    return found


def lines_changed(before: str, after: str) -> list[tuple[str, str]]:
    """Returns the lines that are not the same."""
    return [pair for pair in zip(before.splitlines(), after.splitlines(), strict=True) if pair[0] != pair[1]]


def test_one_line_changes_and_her_comments_stay(tmp_path: Path) -> None:
    """The mode's line has another value and the same comment; nothing else of the file is touched."""
    file = tmp_path / "config.toml"
    switches = board(file, HERS)
    switches.change("mode", "on")
    assert lines_changed(HERS, file.read_text()) == [
        ('mode   = "off"    # ask Ana first', 'mode   = "on"    # ask Ana first')
    ]
    assert switches.settings.auto_reply.mode == "on"
    assert switches.settings.auto_reply.per_day == 3


def test_a_kind_taken_out_leaves_the_reasons_of_the_others(tmp_path: Path) -> None:
    """Each kind keeps what she wrote behind it, and the kinds are those that were asked for."""
    file = tmp_path / "config.toml"
    switches = board(file, HERS)
    switches.change("intents", ("price", "policy"))
    text = file.read_text()
    assert set(tomllib.loads(text)["auto_reply"]["intents"]) == {"price", "policy"}
    assert "# they are on the tags" in text
    assert "# the screen" in text
    switches.change("intents", ())
    assert tomllib.loads(file.read_text())["auto_reply"] == {"mode": "off", "intents": [], "per_day": 3}


def test_a_default_left_as_a_comment_becomes_a_setting_in_its_place(tmp_path: Path) -> None:
    """In the file that `philia init` writes, the commented line itself is taken, below the words that explain it."""
    file = tmp_path / "config.toml"
    text = render(Settings(), only=frozenset({"shop.name"}))
    board(file, text).change("mode", "on")
    assert lines_changed(text, file.read_text()) == [('# mode = "shadow"', 'mode = "on"')]


@pytest.mark.parametrize(
    "text",
    ["", '[shop]\nname = "x"\n', "[auto_reply]\nper_day = 2\n[log]\n", "auto_reply = { per_day = 2 }\n", "# mine\r\n"],
    ids=["empty", "no section", "no such line", "inline", "of Windows"],
)
def test_every_form_of_file_takes_it(tmp_path: Path, text: str) -> None:
    """Whatever stood in it before stands in it still, and the switch is set."""
    file = tmp_path / "config.toml"
    switches = board(file, text)
    switches.change("mode", "off")
    found = tomllib.loads(file.read_bytes().decode())
    before = tomllib.loads(text)
    assert found == {**before, "auto_reply": {**before.get("auto_reply", {}), "mode": "off"}}
    assert file.read_bytes().count(b"\r\n") >= text.count("\r\n")


def test_a_kind_that_never_goes_by_itself_is_refused(tmp_path: Path) -> None:
    """Holds, haggling, refunds: no line of the file can make them automatic, and the file stays as it was."""
    file = tmp_path / "config.toml"
    switches = board(file, HERS)
    for kinds in (("hold",), ("price", "refund"), ("haggle",)):
        with pytest.raises(NotAllowed, match="allowed is any of greeting"):
            switches.change("intents", kinds)
        assert file.read_text() == HERS
    assert not list(tmp_path.glob(".config-*"))


def test_where_the_environment_wins_it_says_so(tmp_path: Path) -> None:
    """A change that would change nothing is refused with the name to look for, in the environment and in .env."""
    file = tmp_path / "config.toml"
    switches = board(file, HERS, PHILIA_AUTO_REPLY__MODE="off")
    with pytest.raises(NotAllowed, match="PHILIA_AUTO_REPLY__MODE in the environment wins"):
        switches.change("mode", "on")
    switches = board(file, HERS)
    (tmp_path / ".env").write_text("PHILIA_AUTO_REPLY__MODE=shadow\n")
    with pytest.raises(NotAllowed, match=r"the \.env file"):
        switches.change("mode", "on")
    assert file.read_text() == HERS


def test_without_a_file_it_says_how_to_get_one() -> None:
    """Nobody's defaults are changed where no config.toml is."""
    with pytest.raises(NotAllowed, match="philia init"):
        Switchboard(load(None, {"PHILIA_CONFIG": ""})).change("mode", "on")


def test_a_change_by_hand_counts_and_a_broken_file_lets_nothing_go(tmp_path: Path) -> None:
    """The rest of the section comes too; what cannot be read is told, and takes "on" back until it can be."""
    file = tmp_path / "config.toml"
    switches = board(file, HERS)
    assert not switches.look()
    file.write_text(HERS.replace('"off"', '"on"').replace("per_day = 3", "per_day = 1"))
    assert switches.look()
    assert (switches.newest().auto_reply.mode, switches.newest().auto_reply.per_day) == ("on", 1)
    assert switches.newest().shop.name == "Philia"
    file.write_text(HERS.replace('"off"', "off"))
    assert switches.look()
    assert switches.newest().auto_reply.mode == "shadow"
    assert "cannot be read" in switches.trouble
    file.write_text(HERS)
    assert switches.look()
    assert (switches.newest().auto_reply.mode, switches.trouble) == ("off", "")


def test_a_link_and_the_files_rights_stay(tmp_path: Path) -> None:
    """What the link points to is changed, and nobody else may read it now who could not before."""
    real, link = tmp_path / "real.toml", tmp_path / "config.toml"
    real.write_text(HERS)
    real.chmod(0o600)
    link.symlink_to(real)
    Switchboard(load(link, {}), {}).change("mode", "on")
    assert link.is_symlink()
    assert 'mode   = "on"' in real.read_text()
    assert real.stat().st_mode & 0o777 == 0o600
