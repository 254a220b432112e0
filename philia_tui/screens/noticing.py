"""What the server left word of, told in toasts: a window about to close, a lapsed hold. A mixin of the inbox screen."""

from __future__ import annotations

import time

from philia_tui.inert import one_line
from philia_tui.screens.deciding import Deciding
from store import views

TOASTS = 2
"""Notices that are told in a toast each while those stand; of more, one toast says how many."""

TOAST_SECONDS = 8.0


class Noticing(Deciding):
    """Tells each notice once."""

    def __init__(self) -> None:
        """Starts with nothing told."""
        super().__init__()
        self._told: set[int] = set()
        self._told_at: list[float] = []
        self._untold = 0

    def tell_notices(self) -> None:
        """Tells what is new; after an evening away there may be dozens."""
        fresh = [one for one in views.notices(self.desk.db) if one.id not in self._told]
        now = time.monotonic()
        for one in fresh:
            self._told.add(one.id)
            self._told_at = [at for at in self._told_at if now - at < TOAST_SECONDS]
            if len(self._told_at) < TOASTS:
                self._told_at.append(now)
                self.tell(one_line(one.text), bad=True)
            else:
                if not self._untold:
                    self.set_timer(1.0, self._tell_how_many)
                self._untold += 1
        if fresh:
            self.run_worker(self.perform(self.verbs.told([one.id for one in fresh]), quiet=True), group="act")

    def _tell_how_many(self) -> None:
        """Says of how many more there is word: a tower of toasts would cover the threads that they are about."""
        more, self._untold = self._untold, 0
        self.tell(f"And {more} more like these; {self.key_of('needs_me')} goes from one to the next.", bad=True)
