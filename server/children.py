"""Child processes that end with their parent, however it ends."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable


def die_with_parent() -> Callable[[], None] | None:
    """Returns what a child runs before it starts: a wish to get SIGTERM when its parent dies. None but on Linux.

    The kernel ties the wish to the thread that started the child: start it from one that lives as long as the parent.
    """
    if not sys.platform.startswith("linux"):
        return None
    import ctypes  # noqa: PLC0415  # 8 ms, where a child is started

    try:
        prctl = ctypes.CDLL(None).prctl
    except (OSError, AttributeError):
        return None

    def wish() -> None:
        prctl(1, signal.SIGTERM)

    return wish
