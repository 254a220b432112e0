"""`philia web`: the inbox in a browser of this machine."""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import Annotated

import typer

from philia_tui.commands.context import complain, emit, fail, shop
from philia_tui.commands.grouped import RUNNING

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def register(root: typer.Typer) -> None:
    """Mounts the command on the root."""
    root.command(rich_help_panel=RUNNING)(web)


def web(
    ctx: typer.Context,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0 takes a free one.")] = 0,
    as_json: Json = False,
) -> None:
    """Open the inbox in a browser of this machine. The address works once; nobody else gets in.

    Example: philia web
    """
    from philia_tui.web.server import run  # noqa: PLC0415  # aiohttp and textual-serve, 600 ms
    from server.listener.serving import PortTaken  # noqa: PLC0415

    where = shop(ctx)
    command = [sys.executable, "-m", "philia_tui"]
    if where.loaded.file is not None:
        command += ["--config", str(where.loaded.file.absolute())]

    def announce(address: str) -> None:
        emit({"url": address}, as_json, [address])
        complain("Open it in a browser of this machine; it works once. Ctrl+C ends it.")

    async def serve() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await run(command, port, announce=announce, stop=stop)

    try:
        asyncio.run(serve())
    except PortTaken as fault:
        fail(str(fault).replace("[listener] port in config.toml", "another --port"))
