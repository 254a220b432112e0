"""`philia`, `philia serve`, `philia status`, `philia demo`, `philia simulator`: everything that runs."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from msgspec.structs import replace

from philia_tui.commands.context import Shop, complain, emit, fail, reading, shop
from philia_tui.commands.grouped import RUNNING, TRYING
from server.parent import stop_with_parent
from server.secrets import Secrets, beside

if TYPE_CHECKING:
    from server.public import Public

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def register(root: typer.Typer) -> None:
    """Mounts the commands on the root."""
    root.command(rich_help_panel=RUNNING)(serve)
    root.command(rich_help_panel=RUNNING)(status)
    root.command(rich_help_panel=TRYING)(demo)
    root.command(rich_help_panel=TRYING)(simulator)


def secrets_of(where: Shop) -> Secrets:
    """Reads the secrets: the environment, then `.env` beside the settings or here; what cannot be read ends with 2."""
    secrets = beside(where.loaded.file)
    if secrets.trouble:
        complain(secrets.trouble)
        raise typer.Exit(2)
    return secrets


def serve(
    ctx: typer.Context,
    tunnel: Annotated[
        str | None,
        typer.Option(help="cloudflared, ngrok, tailscale, ssh, localtunnel, or any command with {port}."),
    ] = None,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Show the listener to the world without TikTok's signature.")
    ] = False,
    child: Annotated[bool, typer.Option("--child", hidden=True, help="End when standard input closes.")] = False,
) -> None:
    """Listen, draft and send, without a screen.

    Example: philia serve --tunnel cloudflared
    """
    # Heavy rooms, 2.5 s of imports: only a server pays for them.
    from server import crashes, logs, public  # noqa: PLC0415
    from server.tunnel.kinds import TunnelError  # noqa: PLC0415
    from store.errors import StoreError  # noqa: PLC0415

    where = through(shop(ctx), tunnel)
    secrets = secrets_of(where)
    try:
        if public.wanted(where.settings):
            public.check(where.settings, secrets, insecure=insecure)
    except TunnelError as fault:
        fail(str(fault))
    from server.agent.prompts import PromptError  # noqa: PLC0415
    from server.listener.serving import PortTaken  # noqa: PLC0415

    written = logs.file_for(where.settings.log, where.path)
    try:
        logs.start(where.settings.log, where.path)
    except OSError as fault:
        fail(f"The log {written} cannot be written: {fault.strerror}. Mend its folder, or set [log] file.")
    reporting = crashes.start(secrets.sentry_dsn)
    try:
        asyncio.run(_serve(where, secrets, child=child, insecure=insecure))
    except (PortTaken, StoreError) as fault:
        fail(str(fault))
    except PromptError as fault:
        complain(str(fault))
        raise typer.Exit(2) from fault
    except OSError as fault:
        fail(f"The server cannot run: {fault}. Its log is {written}.")
    finally:
        if reporting:
            crashes.stop()
        logs.stop()


def through(where: Shop, tunnel: str | None) -> Shop:
    """Returns the shop with the tunnel that was named, if one was, in the place of the settings' own."""
    if tunnel is None:
        return where
    named = replace(where.settings.tunnel, command=tunnel)
    settings = replace(where.settings, tunnel=named)
    return dataclasses.replace(where, loaded=replace(where.loaded, settings=settings))


async def _serve(where: Shop, secrets: Secrets, *, child: bool, insecure: bool) -> None:
    from server import runtime  # noqa: PLC0415  # see serve
    from server.switchboard import Switchboard  # noqa: PLC0415  # with it

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    if child:
        stop_with_parent(stop)

    def announce(ready: runtime.Ready) -> None:
        complain(f"Listening on {ready.listening}{where.settings.listener.path} (pid {ready.pid}). Ctrl+C ends it.")

    def announce_public(public: Public) -> None:
        for line in public_lines(public, where.settings.listener.path):
            complain(line)

    await runtime.serve(
        where.settings,
        secrets,
        where.path,
        stop=stop,
        announce=announce,
        announce_public=announce_public,
        insecure=insecure,
        switchboard=Switchboard(where.loaded),
        clock=where.now,
    )


def public_lines(public: Public, path: str) -> list[str]:
    """Returns what a person is told of the public address."""
    if public.address is None:
        return [f"No public address: {public.tunnel} It is tried again."]
    if not public.webhook:
        return [f"Public address {public.address}{path}"]
    if public.webhook == "subscribed":
        return [f"TikTok posts its webhooks to {public.address}{path}"]
    if public.webhook.startswith("by hand"):
        return [f"The webhook is yours to set, {public.webhook}"]
    return [f"TikTok does not post here yet: {public.webhook}"]


def status(ctx: typer.Context, as_json: Json = False) -> None:
    """Tell whether the server runs, and how many things want you.

    Example: philia status --json
    """
    from server import status as server_status  # noqa: PLC0415  # only here

    where = shop(ctx)
    with reading(where) as db:
        found = server_status.status(db, where.settings, where.path)
    emit(found, as_json, _status_lines(found))


def _status_lines(found: dict[str, Any]) -> list[str]:
    running = (
        f"running (pid {found['pid']}) on {found['listening']}" if found["pid"] else "stopped; start it: philia serve"
    )
    lines = [
        f"server     {running}",
        f"needs you  {found['needs_you']}",
        f"sending    {found['sending']}",
        f"in doubt   {found['in_doubt']}",
        f"failed     {found['failed']}",
        f"automatic  {found['auto']}",
        f"database   {found['database']}",
    ]
    if found["public"]:
        lines.insert(1, f"public     {found['public']}, webhook {found['webhook'] or 'not known yet'}")
    if found["tunnel"]:
        lines.insert(1, f"tunnel     {found['tunnel']}")
    if found["paused"]:
        lines.append("paused     nothing leaves until: philia resume")
    if found["sender_paused"]:
        lines.append(f"sending rests: {found['sender_paused']}")
    if found["poison"]:
        lines.append(f"unreadable {found['poison']} events; see them with: philia doctor")
    return lines


def demo(
    ctx: typer.Context,
    headless: Annotated[bool, typer.Option("--headless", help="A scripted owner plays; ends by itself.")] = False,
    seconds: Annotated[float, typer.Option(min=5, help="How long --headless may take.")] = 60,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start the demo shop over.")] = False,
    plain: Annotated[bool, typer.Option("--plain", help="As numbered lines, for screen readers.")] = False,
    as_json: Json = False,
) -> None:
    """Try all of it: a sample shop, simulated customers, a TikTok of our own. No account, no key.

    Example: philia demo
    """
    if headless:
        from philia_tui.demo.headless import play  # noqa: PLC0415  # only here

        raise typer.Exit(play(seconds=seconds, as_json=as_json))
    from philia_tui.demo.screen import open_demo  # noqa: PLC0415  # only here

    # `philia --plain demo` says the same: whoever needs lines should not have to know where the word stands.
    open_demo(fresh=fresh, plain=plain or ctx.find_root().params["plain"])


def simulator(
    port: Annotated[int, typer.Option(help="0 takes a free one.")] = 0,
    listener: Annotated[
        str | None, typer.Option(help="Where its webhooks go, such as http://127.0.0.1:8000/webhook/tiktok.")
    ] = None,
    secret: Annotated[str | None, typer.Option(help="The app's secret, which signs webhooks.")] = None,
    dialect: Annotated[str, typer.Option(help="v1 or v1.3.")] = "v1.3",
    ledger: Annotated[Path | None, typer.Option(help="A file for the accepted messages.")] = None,
    faults: Annotated[str | None, typer.Option(help="Faults at the start, as JSON or @FILE.")] = None,
    seed: Annotated[int, typer.Option(help="Makes its chances repeatable.")] = 0,
    as_json: Json = False,
) -> None:
    """Run a TikTok of our own on this machine, with faults on request.

    Example: philia simulator --port 9000 --json
    """
    from server.simulator.faults import UnknownFault  # noqa: PLC0415  # FastAPI, 600 ms
    from server.simulator.run import SECRET, run  # noqa: PLC0415

    if dialect not in {"v1", "v1.3"}:
        raise typer.BadParameter(f"{dialect!r} is not a dialect; allowed are v1, v1.3", param_hint="--dialect")

    def announce(ready: dict[str, Any]) -> None:
        emit(ready, as_json, [f"A simulated TikTok answers on {ready['url']}. Ctrl+C ends it."])

    try:
        planned = (
            json.loads(Path(faults[1:]).read_text("utf-8") if faults.startswith("@") else faults) if faults else None
        )
        run(
            port,
            announce=announce,
            listener_url=listener,
            secret=secret or SECRET,
            ledger_path=ledger,
            dialect="v1" if dialect == "v1" else "v1.3",
            seed=seed,
            faults=planned,
        )
    except (OSError, json.JSONDecodeError, UnknownFault) as fault:
        fail(f"The simulator cannot run: {fault}")
