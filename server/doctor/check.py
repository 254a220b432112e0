"""What a look at one thing found."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

State = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at; `mend` is the command or the step that mends it, empty when nothing is wrong."""

    check: str
    state: State
    detail: str
    mend: str = ""

    def as_json(self) -> dict[str, Any]:
        """Returns the check as the public contract writes it."""
        return asdict(self)
