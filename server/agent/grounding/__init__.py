"""The wall that keeps a reply from inventing a piece: every claim is matched with a row or with the shop's written policy."""

from __future__ import annotations

from server.agent.grounding.check import LONGEST, check
from server.agent.grounding.lines import BadLine, check_line

__all__ = ["LONGEST", "BadLine", "check", "check_line"]
