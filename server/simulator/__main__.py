"""`python -m server.simulator`: the simulated TikTok as a process of its own; `philia simulator` is its public name."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from server.simulator.faults import UnknownFault
from server.simulator.run import BUSINESS_ID, SECRET, run


def main(arguments: list[str] | None = None) -> int:
    """Runs until it is told to stop; prints one line of JSON on standard output when it is ready."""
    parser = argparse.ArgumentParser(prog="python -m server.simulator", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one (the default)")
    parser.add_argument("--ledger", type=Path, help="file of accepted messages, one JSON object a line")
    parser.add_argument("--listener", help="address that webhooks are posted to")
    parser.add_argument("--secret", default=SECRET, help="the app's secret, which signs webhooks")
    parser.add_argument("--dialect", choices=("v1", "v1.3"), default="v1.3")
    parser.add_argument("--business-id", default=BUSINESS_ID)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--faults", help="faults at the start: JSON, or @FILE with JSON")
    parser.add_argument("--child", action="store_true", help="end when standard input closes")
    asked = parser.parse_args(arguments)
    try:
        faults = (
            json.loads(Path(asked.faults[1:]).read_text("utf-8") if asked.faults[0] == "@" else asked.faults)
            if asked.faults
            else None
        )
        run(
            asked.port,
            announce=_announce,
            listener_url=asked.listener,
            secret=asked.secret,
            ledger_path=asked.ledger,
            dialect=asked.dialect,
            business_id=asked.business_id,
            seed=asked.seed,
            faults=faults,
            child=asked.child,
        )
    except (OSError, json.JSONDecodeError, UnknownFault) as error:
        sys.stderr.write(f"The simulator cannot start: {error}\n")
        return 1
    return 0


def _announce(ready: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(ready) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
