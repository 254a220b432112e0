"""The switches of automatic replies as acts: written into config.toml, journaled, and taken back one by one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from server.sections import AutoReply
from store import journal

if TYPE_CHECKING:
    import sqlite3

    from philia_tui.verbs import Act, Done
    from server.switchboard import Switch, Switchboard

MODES: Final[Mapping[str, str]] = {
    "off": "only you answer; nothing is decided or counted",
    "shadow": "what would have gone is counted, and nothing goes by itself",
    "on": "earned kinds go by themselves, in conversations that you set to auto",
}
"""The modes in the order in which the key walks through them, each with what it means."""

KINDS: Final = AutoReply().intents
"""Every kind of question that may ever be answered by itself; the server refuses any other."""


def switch(board: Switchboard, name: Switch, value: Any, *, clock: Any) -> Act:
    """Writes one switch into config.toml, and journals it; what `u` takes back is this one switch."""
    from philia_tui.verbs import WHO, Done  # noqa: PLC0415  # loaded in the background by now

    def act(db: sqlite3.Connection) -> Done:
        board.look()
        before = getattr(board.settings.auto_reply, name)
        journal.note(
            db, now=clock(), who=WHO, what="switch", subject="setting", old=_state(before), new=_state(value),
            why=f"[auto_reply] {name}",
        )  # fmt: skip
        # Last, since only the rows go back when something fails.
        board.change(name, value)
        return Done(
            f"{_told(name, before, value)} Written to {board.file.name if board.file else 'config.toml'}.",
            switch(board, name, before, clock=clock),
            f"back to {_state(before)}",
        )

    return act


def _state(value: Any) -> str:
    return value if isinstance(value, str) else ", ".join(value) or "none"


def _told(name: Switch, before: Any, value: Any) -> str:
    if name == "mode":
        return f"Automatic replies: {value}, no longer {before}; {MODES[value]}."
    now, was = set(value), set(before)
    parts = [f"{kind}: may be answered by itself once it is earned" for kind in KINDS if kind in now - was]
    parts += [f"{kind}: only you answer it from now on" for kind in KINDS if kind in was - now]
    return f"{'; '.join(parts) or 'Nothing is different'}."
