"""A real SSH server on this machine: OpenSSH's client forwards a public port of it to whoever asks."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any, Self

import asyncssh


class _Open(asyncssh.SSHServer):
    """Lets everyone in, and gives every forwarding that is asked for."""

    def begin_auth(self, username: str) -> bool:
        return False

    def server_requested(self, listen_host: str, listen_port: int) -> bool:
        return True


class SshServer:
    """The server in a thread of its own, for `with`; `cut` hangs up on every client."""

    def __init__(self) -> None:
        """Nothing listens before `with`."""
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._connections: list[Any] = []
        self._thread = threading.Thread(target=self._loop.run_forever)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(20)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(20)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(20)
        self._loop.close()

    def command(self) -> str:
        """Returns the tunnel's command, as an owner with a host of her own writes it."""
        return (
            f"ssh -F /dev/null -N -p {self.port} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null"
            " -o ExitOnForwardFailure=yes -R 0:127.0.0.1:{port} shop@127.0.0.1"
        )

    def cut(self) -> None:
        """Hangs up on every client."""
        asyncio.run_coroutine_threadsafe(self._cut(), self._loop).result(20)

    async def _listen(self) -> None:
        connections = self._connections

        class Counted(_Open):
            def connection_made(self, conn: Any) -> None:
                connections.append(conn)

        key = asyncssh.generate_private_key("ssh-ed25519")
        self._server = await asyncssh.listen("127.0.0.1", 0, server_factory=Counted, server_host_keys=[key])
        self.port = self._server.get_port()

    async def _cut(self) -> None:
        for connection in self._connections:
            connection.abort()
        for connection in self._connections:
            await connection.wait_closed()
        self._connections.clear()

    async def _close(self) -> None:
        self._server.close()
        await self._server.wait_closed()
        await self._cut()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


def processes_of(folder: Path) -> list[int]:
    """Returns the processes that were started from a folder and still run."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if (entry / "cwd").readlink() == folder:
                    found.append(int(entry.name))
            except OSError:
                continue
    return found
