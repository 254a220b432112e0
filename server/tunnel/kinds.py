"""The programs that give a public address: what each is called with, and how it tells the address it got.

Facts, from each program's documentation and from trying: cloudflared serves its host name at `/quicktunnel` of the
metrics address and its connections at `/ready`; ngrok lists tunnels at `/api/tunnels` of its local web address, 4040 or
the next free one, which it logs; `tailscale status --json` has the machine's name; OpenSSH says "Allocated port N" and
localhost.run "tunneled with tls termination"; localtunnel "your url is".
"""

from __future__ import annotations

import asyncio
import json
import re
import shlex
import shutil
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx

ASK_SECONDS: Final = 3.0
"""What a question to a program on this machine may take."""

NAMES: Final = ("cloudflared", "ngrok", "tailscale", "ssh", "localtunnel")

INSTALL: Final = {
    "cloudflared": "Install it from https://developers.cloudflare.com/cloudflare-one, no account is needed",
    "ngrok": "Install it from https://ngrok.com/download and give it your token once: ngrok config add-authtoken …",
    "tailscale": "Install it from https://tailscale.com/download, then: tailscale up, and allow it Funnel",
    "ssh": "Install an OpenSSH client",
    "lt": "Install it: npm install -g localtunnel",
}

ALLOCATED: Final = re.compile(r"Allocated port (\d{1,5}) for remote forward")
LOCALHOST_RUN: Final = re.compile(r"tunneled with tls termination, (https://[\w.-]+)")
LOCALTUNNEL: Final = re.compile(r"your url is: (https?://\S+)", re.IGNORECASE)
NGROK_WEB: Final = re.compile(r"starting web service.*?\baddr=(127\.0\.0\.1:\d{1,5}|localhost:\d{1,5})")
ANY_ADDRESS: Final = re.compile(r"https?://(?!localhost\b|127\.|0\.0\.0\.0)[\w.-]+(?::\d{1,5})?")
"""An address of the world's; many programs also say where on this machine they lead."""

SSH_WITH_VALUE: Final = frozenset("BbcDEeFIiJLlmOopQRSWw")
"""OpenSSH's options that take a value; what follows the options is the host."""

NGROK_API: Final = "127.0.0.1:4040"


class TunnelError(Exception):
    """A tunnel that cannot be: what is wrong, what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One program to run, and how it tells its address.

    `heard` reads a line of its output, `asked` looks elsewhere; either returns the address, or None while there is
    none. A program whose `asked` answers None after it had answered has lost its connection.
    """

    name: str
    argv: tuple[str, ...]
    heard: Callable[[str], str | None] = lambda _line: None
    asked: Callable[[], Awaitable[str | None]] | None = None


def check(command: str) -> None:
    """Looks whether a tunnel of this name or command could be started. Raises TunnelError with what to do."""
    program = plan(command, 1).argv[0]
    if shutil.which(program) is None:
        how = INSTALL.get(program, "Install it, or write its whole path")
        raise TunnelError(f"The tunnel needs {program}, which is not installed. {how}.")


def plan(command: str, port: int, public_url: str = "") -> Plan:
    """Returns what to run for a name of `NAMES`, or for any command with {port}. Raises TunnelError.

    With `public_url` the address is that, whatever the program says.
    """
    found = _plan(command, port)
    if not public_url:
        return found

    async def fixed() -> str:
        return public_url.rstrip("/")

    return Plan(name=found.name, argv=found.argv, asked=fixed)


def _plan(command: str, port: int) -> Plan:
    known = _KNOWN.get(command.strip())
    if known is not None:
        return known(port)
    if "{port}" not in command:
        raise TunnelError(
            f"{command!r} is no tunnel; known are {', '.join(NAMES)}, or any command in which {{port}} stands for the "
            "listener's port."
        )
    try:
        argv = tuple(part.replace("{port}", str(port)) for part in shlex.split(command))
    except ValueError as fault:
        raise TunnelError(f"The tunnel's command {command!r} cannot be read: {fault}.") from None
    return Plan(name=argv[0].rpartition("/")[2], argv=argv, heard=_any_of(argv))


def _cloudflared(port: int) -> Plan:
    metrics = f"127.0.0.1:{_free_port()}"

    async def asked() -> str | None:
        host = (await _ask(f"http://{metrics}/quicktunnel")).get("hostname")
        ready = (await _ask(f"http://{metrics}/ready")).get("readyConnections", 0)
        return f"https://{host}" if isinstance(host, str) and host and ready else None

    argv = ("cloudflared", "tunnel", "--no-autoupdate", "--metrics", metrics, "--url", f"http://127.0.0.1:{port}")
    return Plan(name="cloudflared", argv=argv, asked=asked)


def _ngrok(port: int) -> Plan:
    api = NGROK_API

    def heard(line: str) -> None:
        nonlocal api
        found = NGROK_WEB.search(line)
        if found:
            api = found[1]

    async def asked() -> str | None:
        return ngrok_address(await _ask(f"http://{api}/api/tunnels"), port)

    return Plan(name="ngrok", argv=("ngrok", "http", str(port), "--log", "stdout"), heard=heard, asked=asked)


def ngrok_address(told: Mapping[str, Any], port: int) -> str | None:
    """Returns the https address of the tunnel to our port; another agent's tunnels may stand in the same list."""
    tunnels = told.get("tunnels")
    for tunnel in tunnels if isinstance(tunnels, list) else []:
        given = tunnel if isinstance(tunnel, dict) else {}
        config = given.get("config")
        to = str(config.get("addr", "")) if isinstance(config, dict) else ""
        public = given.get("public_url")
        if to.rpartition(":")[2].strip("/") == str(port) and isinstance(public, str) and public.startswith("https://"):
            return public
    return None


def _tailscale(port: int) -> Plan:
    on = False

    def heard(line: str) -> None:
        nonlocal on
        # In the foreground it says so once the way is open, and closes it when it ends.
        on = on or "Available on the internet" in line

    async def asked() -> str | None:
        return await _tailscale_name() if on else None

    return Plan(name="tailscale", argv=("tailscale", "funnel", str(port)), heard=heard, asked=asked)


async def _tailscale_name() -> str | None:
    """Asks tailscale for this machine's public name."""
    try:
        asking = await asyncio.create_subprocess_exec(
            "tailscale", "status", "--json", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
    except OSError:
        return None
    try:
        async with asyncio.timeout(ASK_SECONDS):
            told, _ = await asking.communicate()
        name = json.loads(told)["Self"]["DNSName"]
    except (TimeoutError, ValueError, KeyError, TypeError):
        return None
    finally:
        if asking.returncode is None:
            asking.kill()
            await asking.wait()
    return f"https://{name.rstrip('.')}" if isinstance(name, str) and name else None


def _ssh(port: int) -> Plan:
    argv = (
        "ssh",
        *("-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=accept-new", "-o", "ExitOnForwardFailure=yes"),
        # A connection that died without a word is noticed after 90 s, and the tunnel built anew.
        *("-o", "ServerAliveInterval=30", "-o", "ServerAliveCountMax=3"),
        *("-R", f"80:127.0.0.1:{port}", "nokey@localhost.run"),
    )
    return Plan(name="ssh", argv=argv, heard=lambda line: _found(LOCALHOST_RUN, line))


def _localtunnel(port: int) -> Plan:
    return Plan(name="localtunnel", argv=("lt", "--port", str(port)), heard=lambda line: _found(LOCALTUNNEL, line))


_KNOWN: Final[dict[str, Callable[[int], Plan]]] = {
    "cloudflared": _cloudflared,
    "ngrok": _ngrok,
    "tailscale": _tailscale,
    "ssh": _ssh,
    "localtunnel": _localtunnel,
}


def _any_of(argv: tuple[str, ...]) -> Callable[[str], str | None]:
    """Returns how a command of the owner's is listened to: the ways of SSH for ssh, else the first address it says."""
    if argv[0].rpartition("/")[2] != "ssh":
        said: list[str] = []

        def first(line: str) -> str | None:
            found = _found(ANY_ADDRESS, line, 0)
            # Later addresses are of requests and of help pages.
            if found and not said:
                said.append(found)
            return found if found and said == [found] else None

        return first
    host = ssh_host(argv)

    def heard(line: str) -> str | None:
        port = _found(ALLOCATED, line)
        if port is not None:
            return f"http://{host}:{port}"
        return _found(LOCALHOST_RUN, line)

    return heard


def ssh_host(argv: tuple[str, ...]) -> str:
    """Returns the host of an ssh command: the first word that is no option and no option's value."""
    words = iter(argv[1:])
    for word in words:
        if word == "--":
            continue
        if word.startswith("-") and len(word) > 1:
            # `-NR 0:…` takes the next word, `-p22` has its value in it.
            at = next((place for place, letter in enumerate(word[1:], 1) if letter in SSH_WITH_VALUE), None)
            if at == len(word) - 1:
                next(words, None)
            continue
        host = word.removeprefix("ssh://").rpartition("@")[2]
        return host.partition(":")[0] if word.startswith("ssh://") else host
    raise TunnelError("The ssh command names no host.")


def _found(pattern: re.Pattern[str], line: str, group: int = 1) -> str | None:
    match = pattern.search(line)
    return match[group].rstrip("/.") if match else None


async def _ask(address: str) -> dict[str, Any]:
    """Asks a program on this machine; {} while it does not answer."""
    try:
        async with httpx.AsyncClient(timeout=ASK_SECONDS, trust_env=False) as http:
            answer = await http.get(address)
            given = answer.json()
    except (httpx.HTTPError, ValueError):
        return {}
    return given if isinstance(given, dict) else {}


def _free_port() -> int:
    """Returns a port that is free now; whoever takes it first has it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
