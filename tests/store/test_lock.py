"""One server per database: refused, found out, and freed by the kernel."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from store.lock import AlreadyRunning, ServerLock, holder

HOLD = """
import sys, time
from pathlib import Path
from store.lock import ServerLock
lock = ServerLock(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(60)
"""


def held_by_another(path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_server_is_refused_by_name(tmp_path: Path) -> None:
    """While a process has the lock another gets an error that names its pid, and can ask who it is."""
    path = tmp_path / "philia.db"
    assert holder(path) is None
    with held_by_another(path) as other:
        assert holder(path) == other.pid
        with pytest.raises(AlreadyRunning, match=f"process {other.pid}"):
            ServerLock(path)
        other.kill()
        other.wait()
        assert holder(path) is None
        ServerLock(path).release()


def test_a_killed_server_frees_the_lock_even_with_its_number_left(tmp_path: Path) -> None:
    """After `kill -9` the file still holds the old number, and yet nobody holds the lock."""
    path = tmp_path / "philia.db"
    with held_by_another(path) as other:
        os.kill(other.pid, signal.SIGKILL)
        other.wait()
    assert path.with_name("philia.db.lock").read_text().strip() == str(other.pid)
    assert holder(path) is None


def test_looking_takes_nothing_away(tmp_path: Path) -> None:
    """The server itself may look who holds the lock, any number of times, and keeps it."""
    path = tmp_path / "philia.db"
    with ServerLock(path) as lock:
        assert {holder(path) for _ in range(5)} == {os.getpid()}
        with pytest.raises(AlreadyRunning):
            ServerLock(path)
        lock.release()
        lock.release()
    assert holder(path) is None


def test_a_child_does_not_inherit_the_lock(tmp_path: Path) -> None:
    """A program that the server started and that outlives it does not keep the lock."""
    path = tmp_path / "philia.db"
    lock = ServerLock(path)
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], close_fds=False)
    try:
        lock.release()
        # The child has the file for a moment longer than its start takes to report: until the kernel ends its exec.
        until = time.monotonic() + 10
        while holder(path) is not None:
            assert time.monotonic() < until
        assert child.poll() is None
    finally:
        child.kill()
        child.wait()


def test_a_replaced_database_is_noticed(db_path: Path) -> None:
    """Another file under the same name, or none, is noticed; writing to the file is not mistaken for it."""
    with ServerLock(db_path) as lock:
        with db_path.open("ab") as file:
            file.write(b"")
        assert not lock.replaced()
        copy = db_path.with_name("other.db")
        copy.write_bytes(db_path.read_bytes())
        copy.replace(db_path)
        assert lock.replaced()
        db_path.unlink()
        assert lock.replaced()
