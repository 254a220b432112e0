"""What the inbox knows of the server: a word, a sign, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    from server.doctor import Check

Standing = Literal["listening", "starting", "stopped", "failed"]


class Health(NamedTuple):
    """How the server stands."""

    standing: Standing
    words: str = ""
    """What is wrong and what to do, in a sentence; empty when nothing is."""
    address: str | None = None
    pid: int | None = None
    account: bool = True
    """Whether somebody is signed in with TikTok; until then replies wait."""


class Reach(NamedTuple):
    """Where a server can be reached: its public address, else the one on this machine."""

    address: str
    trouble: str = ""
    """Why TikTok cannot reach it though it should; empty when it can, or need not."""
    account: bool = True


class ServerHandle(Protocol):
    """Whoever watches over the server: the child's keeper, or the reader of another server's lock."""

    def health(self) -> Health:
        """Returns how the server stands now; never waits."""
        ...

    def start(self) -> None:
        """Sees to it that one runs, if that is its business; called after the first paint, on the main thread."""
        ...


Examine = Callable[[bool], "list[Check]"]
"""The doctor over this shop; called with True it looks outside of this machine too. Takes seconds: not in the loop."""

NOBODY: Final = "Nobody is signed in with TikTok: replies wait. This signs in: philia login"

SIGNS: dict[Standing, str] = {
    "listening": "● listening",
    "starting": "◌ starting",
    "stopped": "○ not running",
    "failed": "✗ SERVER FAILED",
}
