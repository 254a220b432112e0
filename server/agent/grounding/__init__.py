"""The wall that keeps a reply from inventing a piece: a row or a written policy stands behind every claim."""

from __future__ import annotations

from server.agent.grounding.check import LONGEST, check
from server.agent.grounding.lines import BadLine, check_line

__all__ = ["LONGEST", "BadLine", "check", "check_line"]
