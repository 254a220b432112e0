"""The switches of automatic replies as config.toml has them now: read again when the file changes, changed one by one.

`[auto_reply]` is the one section that a running server takes up; every other setting counts at its next start. What
is changed on the screen and what is changed by hand come the same way, since both are only lines of the file.
"""

from __future__ import annotations

import contextlib
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

from msgspec.structs import replace

from server.settings import Loaded, Settings, SettingsError, load
from store.errors import NotAllowed

Switch = Literal["mode", "intents"]
"""What the screen changes; the rest of the section is for the file alone."""

SECTION: Final = "auto_reply"

ELSEWHERE: Final = {"environment": "the environment", ".env": "the .env file beside it"}


class Switchboard:
    """The settings with the newest `[auto_reply]`; a file that cannot be read lets nothing go by itself."""

    def __init__(self, loaded: Loaded, environment: Mapping[str, str] | None = None) -> None:
        """Takes the settings as they were read; `environment` is the process's own unless another is given."""
        self.settings = loaded.settings
        self.file = loaded.file
        self.trouble = ""
        """Why the file cannot be read at the moment; empty when it can."""
        self._environment = environment
        self._seen: tuple[int, ...] | None = None

    def newest(self) -> Settings:
        """Returns the settings as they were last looked at."""
        return self.settings

    def look(self) -> bool:
        """Reads the file again if it was written; tells whether a switch stands otherwise than before."""
        if self.file is None:
            return False
        stamp = _stamp(self.file)
        if stamp == self._seen:
            return False
        self._seen = stamp
        before = self.settings.auto_reply
        try:
            found = load(self.file, self._environment).settings.auto_reply
            self.trouble = ""
        except SettingsError as fault:
            # She may have wanted to switch it off, and mistyped: nothing goes by itself until it can be read.
            self.trouble = str(fault)
            found = replace(before, mode="shadow" if before.mode == "on" else before.mode)
        self.settings = replace(self.settings, auto_reply=found)
        return found != before

    def change(self, switch: Switch, value: str | tuple[str, ...]) -> None:
        """Writes one switch into the file and leaves every other line as it is.

        Raises NotAllowed, with nothing written, when there is no file, when the environment wins over it, when it
        cannot be read or written, and for a value that no shop may have.
        """
        if self.file is None:
            raise NotAllowed("There is no config.toml to write to. This makes one: philia init")
        # What a link points to is changed, and the link stays.
        file = self.file.resolve()
        try:
            self._demand_ours(switch)
            before = file.read_bytes().decode()
            after = changed(before, switch, value)
            if not _only(switch, value, before, after):
                raise NotAllowed(f"{file} is written in a form that cannot be changed from here; change it by hand.")
            self._put(file, after)
        except SettingsError as fault:
            raise NotAllowed(str(fault)) from fault
        except (OSError, ValueError) as fault:
            raise NotAllowed(f"{file} cannot be changed: {fault}.") from fault
        self.look()

    def _demand_ours(self, switch: Switch) -> None:
        source = load(self.file, self._environment).sources.get(f"{SECTION}.{switch}", "")
        if source in ELSEWHERE:
            name = f"PHILIA_{SECTION}__{switch}".upper()
            raise NotAllowed(f"{name} in {ELSEWHERE[source]} wins over config.toml. Change it there.")

    def _put(self, file: Path, text: str) -> None:
        """Puts the text in the file's place in one step, after reading it as a server would."""
        # 10 ms that the first paint would pay.
        import shutil  # noqa: PLC0415
        import tempfile  # noqa: PLC0415

        number, name = tempfile.mkstemp(prefix=".config-", suffix=".toml", dir=file.parent)
        try:
            with os.fdopen(number, "wb") as new:
                new.write(text.encode())
                new.flush()
                os.fsync(new.fileno())
            load(Path(name), self._environment)
            shutil.copymode(file, name)
            Path(name).replace(file)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise


def changed(text: str, switch: Switch, value: str | tuple[str, ...]) -> str:
    """Returns the text of a config.toml with one switch set, her comments and her order kept."""
    # 60 ms, at the first change.
    import tomlkit  # noqa: PLC0415

    document = tomlkit.parse(text)
    section = document.get(SECTION)
    plain = list(value) if isinstance(value, tuple) else value
    if section is None:
        document[SECTION] = {switch: plain}
        return document.as_string()
    if switch not in section:
        place = _place(text, switch)
        if place is not None:
            return f"{text[: place[0]]}{switch} = {tomlkit.item(plain).as_string()}{text[place[1] :]}"
    if isinstance(section.get(switch), list):
        # One by one: a reason written behind one of the kinds stays with the others.
        kinds = section[switch]
        for kind in [one for one in kinds if one not in value]:
            kinds.remove(kind)
        kinds.extend(one for one in value if one not in kinds)
    else:
        section[switch] = plain
    return document.as_string()


def _place(text: str, switch: Switch) -> tuple[int, int] | None:
    """Returns where a setting stands that `philia init` left as a comment, which keeps its default."""
    section = re.search(rf"^[ \t]*\[{SECTION}\].*$", text, re.MULTILINE)
    if section is None:
        return None
    after = re.compile(r"^[ \t]*\[", re.MULTILINE).search(text, section.end())
    line = re.compile(rf"^#[ \t]*{switch}[ \t]*=[^\r\n]*", re.MULTILINE)
    found = line.search(text, section.end(), len(text) if after is None else after.start())
    return None if found is None else found.span()


def _only(switch: Switch, value: str | tuple[str, ...], before: str, after: str) -> bool:
    """Tells whether a text says what another says but for this switch, which now has this value."""
    was, now = tomllib.loads(before), tomllib.loads(after)
    was.setdefault(SECTION, {}).pop(switch, None)
    written = now[SECTION].pop(switch)
    return was == now and (written == value if isinstance(value, str) else set(written) == set(value))


def _stamp(file: Path) -> tuple[int, ...] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_size, found.st_ino)
