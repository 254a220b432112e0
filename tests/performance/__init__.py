"""Programs that measure Philia beside its limits and its peers. Nothing here asserts."""

from __future__ import annotations

import os

# A program that is installed keeps its bytecode. Without it every start would measure the compiler: 1 s for Textual.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
