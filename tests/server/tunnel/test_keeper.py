"""A tunnel's program is kept up: its address is learnt, its end noticed, nothing of it stays behind."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from server.tunnel.keeper import Standing, TunnelKeeper, masked
from server.tunnel.kinds import Plan, TunnelError, plan
from tests.server.tunnel.stand_ins import alive, install

PORT = 8000


class Heard:
    """Every standing that was told, in order."""

    def __init__(self) -> None:
        self.all: list[Standing] = []
        self._changed = asyncio.Event()

    async def take(self, standing: Standing) -> None:
        self.all.append(standing)
        self._changed.set()

    async def until(self, met: Callable[[list[Standing]], bool]) -> list[Standing]:
        async with asyncio.timeout(20):
            while not met(self.all):
                self._changed.clear()
                await self._changed.wait()
        return self.all


@asynccontextmanager
async def kept(make_plan: Callable[[], Plan], **more: float) -> AsyncIterator[Heard]:
    """Keeps a tunnel for a block."""
    heard = Heard()
    keeper = TunnelKeeper(
        make_plan,
        heard.take,
        pauses=(0.01,),
        address_seconds=more.get("address_seconds", 20.0),
        still_seconds=0.05,
    )
    task = asyncio.create_task(keeper.run())
    try:
        yield heard
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@pytest.fixture
def bin_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of programs that is all of PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


@pytest.mark.parametrize(
    ("command", "program", "address"),
    [
        ("cloudflared", "cloudflared", "https://quiet-river.trycloudflare.com"),
        ("ngrok", "ngrok", "https://ours.ngrok.app"),
        ("tailscale", "tailscale", "https://shop.tail1234.ts.net"),
        ("ssh", "ssh", "https://f00.lhr.life"),
        ("localtunnel", "lt", "https://warm-coat-12.loca.lt"),
    ],
)
async def test_each_programs_address_is_learnt_its_own_way(
    bin_folder: Path, command: str, program: str, address: str
) -> None:
    """The address comes from metrics, web address, status, or a line, as that program tells it."""
    install(bin_folder, program)
    async with kept(lambda: plan(command, PORT)) as heard:
        assert await heard.until(bool) == [Standing(address)]


async def test_a_lost_connection_is_told_and_so_is_its_return(bin_folder: Path) -> None:
    """A cloudflared without connections has no address; with them again it has."""
    cut = install(bin_folder, "cloudflared")
    async with kept(lambda: plan("cloudflared", PORT)) as heard:
        await heard.until(lambda told: len(told) == 1)
        cut.touch()
        told = await heard.until(lambda told: len(told) == 2)
        assert (told[1].address, bool(told[1].words)) == (None, True)
        cut.unlink()
        await heard.until(lambda told: len(told) == 3 and told[2].address == told[0].address)


async def test_a_program_that_ends_is_started_again(bin_folder: Path) -> None:
    """Its status and last words are told, without what looks like a token, and the next start's address follows."""
    text = """
started = CUT + ".starts"
first = not os.path.exists(started)
open(started, "a").close()
if first:
    print("authtoken 2abcDEFghiJKLmnoPQRstuVWX is wrong", flush=True)
    raise SystemExit(3)
import signal
print("here: https://b.example", flush=True)
signal.pause()
"""
    install(bin_folder, "mine", text)
    async with kept(lambda: plan("mine {port}", PORT)) as heard:
        first, second = await heard.until(lambda told: len(told) == 2)
    assert first == Standing(None, "mine ended (status 3): authtoken … is wrong")
    assert second == Standing("https://b.example")


async def test_a_program_is_not_given_the_shops_keys(bin_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its environment is ours without the secrets."""
    monkeypatch.setenv("TIKTOK_APP_SECRET", "s3cret")
    monkeypatch.setenv("OTHER", "stays")
    text = """
print("https://" + os.environ.get("TIKTOK_APP_SECRET", "none") + "." + os.environ["OTHER"], flush=True)
import signal
signal.pause()
"""
    install(bin_folder, "mine", text)
    async with kept(lambda: plan("mine {port}", PORT)) as heard:
        assert await heard.until(bool) == [Standing("https://none.stays")]


async def test_a_new_address_of_a_running_program_is_told(bin_folder: Path) -> None:
    """localhost.run gives a new name while it runs."""
    text = """
import time
print("a tunneled with tls termination, https://a.lhr.life", flush=True)
while not os.path.exists(CUT): time.sleep(0.01)
print("b tunneled with tls termination, https://b.lhr.life", flush=True)
time.sleep(60)
"""
    cut = install(bin_folder, "ssh", text)
    async with kept(lambda: plan("ssh", PORT)) as heard:
        await heard.until(lambda told: told == [Standing("https://a.lhr.life")])
        cut.touch()
        await heard.until(lambda told: told[1:] == [Standing("https://b.lhr.life")])


async def test_nothing_of_a_program_stays_behind(bin_folder: Path) -> None:
    """A program that does not listen to SIGTERM is killed, and what it started with it; endless talk is no harm."""
    text = """
import signal, subprocess, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(60)"])
with open(CUT, "w") as file: file.write(f"{os.getpid()} {child.pid}")
print("x" * 300_000)
print("https://a.example", flush=True)
signal.pause()
"""
    cut = install(bin_folder, "stubborn", text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("server.tunnel.keeper.END_SECONDS", 0.2)
        async with kept(lambda: plan("stubborn {port}", PORT)) as heard:
            await heard.until(lambda told: told == [Standing("https://a.example")])
            pids = [int(pid) for pid in cut.read_text("utf-8").split()]
            assert [alive(pid) for pid in pids] == [True, True]
    wait_until_gone(*pids)


async def test_silence_and_absence_are_told(bin_folder: Path) -> None:
    """A program that gives no address, one that cannot be started, and no plan at all each have their words."""
    install(bin_folder, "mute", "import signal; signal.pause()")
    async with kept(lambda: plan("mute {port}", PORT), address_seconds=0.3) as heard:
        (told,) = await heard.until(lambda told: len(told) == 1)
        assert told.words == "mute gave no address within 0 s."
    async with kept(lambda: plan("absent {port}", PORT)) as heard:
        (told,) = await heard.until(lambda told: len(told) == 1)
        assert told.words.startswith("absent cannot be started: No such file")

    def broken() -> Plan:
        raise TunnelError("no plan")

    async with kept(broken) as heard:
        assert await heard.until(lambda told: len(told) == 1) == [Standing(None, "no plan")]


def test_a_killed_server_takes_its_tunnel_along(bin_folder: Path, tmp_path: Path) -> None:
    """After `kill -9` nobody shows the empty port to the world."""
    text = """
import signal
with open(CUT, "w") as file: file.write(str(os.getpid()))
print("https://a.example", flush=True)
signal.pause()
"""
    cut = install(bin_folder, "mine", text)
    body = """
import asyncio, sys
from server.tunnel.keeper import TunnelKeeper
from server.tunnel.kinds import plan
async def told(standing):
    print(standing.address, flush=True)
asyncio.run(TunnelKeeper(lambda: plan("mine {port}", 1), told).run())
"""
    root = Path(__file__).parents[3]
    parent = subprocess.Popen([sys.executable, "-c", body], stdout=subprocess.PIPE, text=True, cwd=root)
    assert parent.stdout is not None
    assert parent.stdout.readline().strip() == "https://a.example"
    pid = int(cut.read_text("utf-8"))
    assert alive(pid)
    parent.send_signal(signal.SIGKILL)
    parent.wait(20)
    parent.stdout.close()
    wait_until_gone(pid)


def wait_until_gone(*pids: int) -> None:
    """Waits until none of the processes runs."""
    until = time.monotonic() + 20
    while any(alive(pid) for pid in pids):
        assert time.monotonic() < until, "the tunnel outlived its keeper"
        time.sleep(0.01)


def test_a_programs_words_are_fit_for_a_log() -> None:
    """Control characters and what looks like a token are not repeated, and it is short."""
    assert masked("ERR \x1b[31mtoken abcdefghijklmnopqrstuvwxyz123 bad") == "ERR  [31mtoken … bad"
    assert len(masked("a b " * 1_000)) == 200
