"""Numbered places at which the crash suite kills the process; nothing at all in normal running.

`PHILIA_FAILPOINT=n` in the environment makes the process send itself SIGKILL when it passes place n, `n:k` when it
passes it for the k-th time. The variable is read once, at import.
"""

from __future__ import annotations

import os
import signal
from typing import Final

PLACES: Final = {
    1: "decision: verdict and delivery written, not committed",
    2: "decision: committed",
    3: "release: queued after the time to undo, not committed",
    4: "claim: attempt written, not committed",
    5: "claim: committed, no byte has left",
    6: "send: the answer has come, nothing is recorded",
    7: "record: outcome written, not committed",
    8: "record: outcome committed",
    9: "reconcile: the listing has come, nothing is weighed",
    10: "reconcile: weighed, not committed",
    11: "reconcile: committed",
    12: "recover: another run's attempts closed, not committed",
    13: "webhook: verified, not written",
    14: "webhook: committed, not answered",
    15: "apply: event applied, not committed",
    16: "apply: committed",
}

_place = 0
_passes_left = 0


def arm(asked: str) -> None:
    """Sets where to die: "n", or "n:k" for the k-th time; empty for nowhere."""
    global _place, _passes_left  # one for the whole process, as a kill is
    place, _, passes = asked.partition(":")
    _place, _passes_left = int(place or 0), int(passes or 1)


def reach(place: int) -> None:
    """Kills the process if it was asked to die here."""
    global _passes_left  # noqa: PLW0603  # a countdown of the whole process
    if place != _place:
        return
    _passes_left -= 1
    if _passes_left == 0:
        os.kill(os.getpid(), signal.SIGKILL)


arm(os.environ.get("PHILIA_FAILPOINT", ""))
