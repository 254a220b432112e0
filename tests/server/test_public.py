"""The public address: shown only with a signature, and TikTok's webhooks follow it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from server import public
from server.public import Front, Public, callback_of
from server.secrets import Secrets
from server.settings import Listener, Settings, Tunnel
from server.simulator.run import CLIENT_KEY, SECRET, Simulator
from server.tunnel.kinds import TunnelError
from tests.end_to_end.ssh_server import SshServer
from tests.server.tunnel.stand_ins import install

APP = Secrets(tiktok_app_id=CLIENT_KEY, tiktok_app_secret=SECRET)


@pytest.fixture
async def platform() -> AsyncIterator[Simulator]:
    async with Simulator() as running:
        yield running


def settings_for(platform: Simulator, **tunnel: str) -> Settings:
    defaults = Settings()
    tiktok = msgspec.structs.replace(defaults.tiktok, base_url=platform.url)
    return msgspec.structs.replace(defaults, tiktok=tiktok, tunnel=Tunnel(**tunnel))


class Told:
    """Everything that was told, in order."""

    def __init__(self) -> None:
        self.all: list[Public] = []
        self._changed = asyncio.Event()

    async def take(self, known: Public) -> None:
        self.all.append(known)
        self._changed.set()

    async def until(self, met: Callable[[list[Public]], bool]) -> list[Public]:
        async with asyncio.timeout(20):
            while not met(self.all):
                self._changed.clear()
                await self._changed.wait()
        return self.all


@asynccontextmanager
async def front(settings: Settings, secrets: Secrets = APP, *, port: int = 8000) -> AsyncIterator[Told]:
    told = Told()
    task = asyncio.create_task(Front(settings, secrets, port=port, told=told.take, pauses=(0.01,)).run())
    try:
        yield told
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_a_fixed_address_is_subscribed_once(platform: Simulator) -> None:
    """An address that something else keeps is told and subscribed; a second start asks and changes nothing."""
    settings = settings_for(platform, public_url="https://shop.example/")
    for _ in range(2):
        async with front(settings) as told:
            await told.until(lambda all_: bool(all_) and all_[-1].webhook == public.SUBSCRIBED)
        assert platform.world.courier.listener_url == "https://shop.example/webhook/tiktok"
    assert [each.path.rsplit("/", 2)[1] for each in platform.requests()] == ["list", "update", "list"]


async def test_the_webhook_follows_a_new_address(
    platform: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the tunnel's address changes, TikTok is given the new one."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    text = """
import time
for name in "ab":
    print(f"{name} tunneled with tls termination, https://{name}.lhr.life", flush=True)
    while not os.path.exists(CUT): time.sleep(0.01)
time.sleep(60)
"""
    cut = install(tmp_path / "bin", "ssh", text)
    async with front(settings_for(platform, command="ssh")) as told:
        await told.until(lambda all_: bool(all_) and all_[-1].webhook == public.SUBSCRIBED)
        assert platform.world.courier.listener_url == "https://a.lhr.life/webhook/tiktok"
        cut.touch()
        await told.until(lambda all_: all_[-1] == Public("https://b.lhr.life", "", public.SUBSCRIBED))
        assert platform.world.courier.listener_url == "https://b.lhr.life/webhook/tiktok"


async def test_a_real_ssh_tunnel_that_breaks_is_built_anew(platform: Simulator) -> None:
    """Cut off by its server, OpenSSH's client is started again; the new address carries bytes and is subscribed."""

    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"here")
        writer.close()

    with SshServer() as ssh:
        listener = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = listener.sockets[0].getsockname()[1]
        async with front(settings_for(platform, command=ssh.command()), port=port) as told:
            first = (await told.until(lambda all_: bool(all_) and all_[-1].webhook == public.SUBSCRIBED))[-1]
            told.all.clear()
            await asyncio.to_thread(ssh.cut)
            broken, *_ = await told.until(lambda all_: bool(all_) and all_[-1].webhook == public.SUBSCRIBED)
            assert (broken.address, "status 255" in broken.tunnel) == (None, True)
            second = told.all[-1]
            assert second.address not in {None, first.address}
            assert platform.world.courier.listener_url == f"{second.address}/webhook/tiktok"
            reader, writer = await asyncio.open_connection("127.0.0.1", int(str(second.address).rpartition(":")[2]))
            assert await reader.read(4) == b"here"
            writer.close()
            await writer.wait_closed()
        listener.close()
        await listener.wait_closed()


async def test_a_subscription_that_fails_is_told_and_tried_again(platform: Simulator) -> None:
    """A new name that TikTok cannot look up yet is no end."""
    platform.fault("server_503", "code_40100", on="webhook")
    async with front(settings_for(platform, public_url="https://shop.example")) as told:
        all_ = await told.until(lambda all_: bool(all_) and all_[-1].webhook == public.SUBSCRIBED)
    assert "503" in all_[1].webhook


async def test_without_an_app_the_owner_is_told_what_to_enter(platform: Simulator) -> None:
    """Dialect v1 has no app here: the address is shown, and that it must be entered by hand."""
    async with front(settings_for(platform, public_url="https://shop.example"), Secrets(tiktok_app_secret="s")) as told:
        all_ = await told.until(lambda all_: len(all_) == 2)
    assert "https://shop.example/webhook/tiktok" in all_[1].webhook
    assert platform.requests() == []


def test_no_public_address_without_a_signature() -> None:
    """No secret, or signatures switched off: refused, with both ways out."""
    settings = Settings(tunnel=Tunnel(public_url="https://shop.example"))
    with pytest.raises(TunnelError, match=r"TIKTOK_APP_SECRET.*--insecure"):
        public.check(settings, Secrets(), insecure=False)
    off = msgspec.structs.replace(settings, listener=Listener(require_signature=False))
    with pytest.raises(TunnelError, match=r"require_signature.*--insecure"):
        public.check(off, APP, insecure=False)
    public.check(settings, APP, insecure=False)
    public.check(off, Secrets(), insecure=True)


@pytest.mark.parametrize(
    ("address", "callback"),
    [
        ("https://a.example", "https://a.example/webhook/tiktok"),
        ("https://a.example/", "https://a.example/webhook/tiktok"),
        ("http://127.0.0.1:80", "http://127.0.0.1:80/webhook/tiktok"),
        ("https://a.example/hook", "https://a.example/hook"),
    ],
)
def test_where_tiktok_posts(address: str, callback: str) -> None:
    """The listener's path is added, unless the address has its own."""
    assert callback_of(address, "/webhook/tiktok") == callback
