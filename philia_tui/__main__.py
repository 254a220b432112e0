"""`python -m philia_tui` is `philia`."""

from __future__ import annotations

from philia_tui.cli import main

if __name__ == "__main__":
    main()
