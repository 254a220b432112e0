"""Starts servers by forking a process that has imported everything already: 1.5 s of imports, paid once.

It listens on the shop's port itself and hands the socket down, as systemd would: what arrives between two servers
waits. Speaks JSON lines: {"start": {...}} → {"pid": n}; {"wait": seconds} → {"alive": bool}.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
import sys
import time
from pathlib import Path
from typing import Any

from store import failpoints
from tests.crash import server


def main() -> None:
    """Runs until standard input ends; the last server dies with it."""
    logging.disable(logging.CRITICAL)
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    listening.listen(512)
    listening.setblocking(False)
    _tell({"port": listening.getsockname()[1]})
    child = 0
    for line in sys.stdin:
        asked = json.loads(line)
        if "start" in asked:
            child = _fork(asked["start"], listening)
            _tell({"pid": child})
        else:
            _tell({"alive": not _ended(child, asked["wait"]), "status": _gone.get(child)})
    if child and not _ended(child, 0):
        os.kill(child, 9)
        os.waitpid(child, 0)


def _fork(asked: dict[str, Any], listening: socket.socket) -> int:
    child = os.fork()
    if child:
        # Numbers come again after a while: what is known of an older process of this number is not known of it.
        _gone.pop(child, None)
        return child
    try:
        os.close(0)
        failpoints.arm(asked.get("failpoint", ""))
        asyncio.run(server.run(Path(asked["database"]), asked["tiktok"], listening, naive=asked.get("naive", False)))
    except BaseException:  # noqa: BLE001  # a child that falls out of here would go on as a second zygote
        import traceback

        traceback.print_exc()
        os._exit(1)
    os._exit(0)


_gone: dict[int, int] = {}
"""How each server ended: its exit status, or minus the number of the signal that killed it."""


def _ended(child: int, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while child not in _gone:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended == child:
            _gone[child] = os.waitstatus_to_exitcode(status)
        elif time.monotonic() >= until:
            return False
        else:
            time.sleep(0.002)
    return True


def _tell(data: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(data) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
