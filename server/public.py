"""The shop's public address while a server runs: the tunnel behind it, and TikTok's webhooks in front of it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final

from server.secrets import Secrets
from server.settings import Settings
from server.tiktok.errors import TikTokError
from server.tiktok.subscriptions import Subscriptions
from server.tunnel import kinds
from server.tunnel.keeper import Standing, TunnelKeeper
from server.tunnel.kinds import TunnelError

LOG: Final = logging.getLogger(__name__)

PAUSES: Final = (1.0, 2.0, 5.0, 15.0, 60.0)
"""Seconds between tries to subscribe: a new name takes a while until TikTok can look it up."""

SUBSCRIBED: Final = "subscribed"
BY_HAND: Final = "by hand: "
"""What is said first of a webhook that Philia cannot subscribe; it may well be entered already."""


@dataclass(frozen=True, slots=True)
class Public:
    """What is known of the public address."""

    address: str | None = None
    tunnel: str = ""
    """What is wrong with the tunnel; empty when nothing is."""
    webhook: str = ""
    """`subscribed`, `by hand: …`, or why TikTok does not post here; empty while that is not known."""


def wanted(settings: Settings) -> bool:
    """Tells whether the settings ask for a public address."""
    return bool(settings.tunnel.command or settings.tunnel.public_url)


def check(settings: Settings, secrets: Secrets, *, insecure: bool) -> None:
    """Looks whether the listener may be shown to the world, and whether the tunnel's program is there.

    Raises TunnelError with what to do.
    """
    if not insecure:
        demand_signature(settings, secrets)
    if settings.tunnel.command:
        kinds.check(settings.tunnel.command)


def demand_signature(settings: Settings, secrets: Secrets) -> None:
    """Raises TunnelError when anyone who finds the address could write to the inbox."""
    if not secrets.tiktok_app_secret:
        raise TunnelError(
            "A public address needs TikTok's signature, or anyone who finds it can write to the inbox: set "
            "TIKTOK_APP_SECRET in .env, or say --insecure."
        )
    if settings.listener.require_signature is False:
        raise TunnelError(
            "[listener] require_signature = false would let anyone who finds the public address write to the inbox: "
            "take that line out, or say --insecure."
        )


def callback_of(address: str, path: str) -> str:
    """Returns where TikTok posts: the address with the listener's path, unless it has a path of its own."""
    bare = address.rstrip("/")
    return bare if "/" in bare.partition("://")[2] else bare + path


class Front:
    """Keeps the public address of one listener until its task is cancelled."""

    def __init__(
        self,
        settings: Settings,
        secrets: Secrets,
        *,
        port: int,
        told: Callable[[Public], Awaitable[None]],
        pauses: tuple[float, ...] = PAUSES,
    ) -> None:
        """Takes the listener's port, and who is told of every change."""
        self._settings = settings
        self._secrets = secrets
        self._port = port
        self._told = told
        self._pauses = pauses
        self._public = Public()
        self._subscribing: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Keeps the tunnel and the subscription."""
        tunnel = self._settings.tunnel
        try:
            if not tunnel.command:
                await self._stand(Standing(tunnel.public_url.rstrip("/")))
                await asyncio.Event().wait()
            keeper = TunnelKeeper(lambda: kinds.plan(tunnel.command, self._port, tunnel.public_url), self._stand)
            await keeper.run()
        except Exception as fault:
            LOG.exception("the tunnel is given up")
            broken = f"the tunnel is given up ({type(fault).__name__}); start the server again."
            await self._tell(Public(None, broken))
        finally:
            await self._leave_off()

    async def _stand(self, standing: Standing) -> None:
        if standing.address is not None and standing.address == self._public.address:
            return
        await self._leave_off()
        await self._tell(Public(standing.address, standing.words))
        if standing.address is not None:
            LOG.info("the public address is %s", standing.address)
            self._subscribing = asyncio.create_task(self._subscribe(standing.address))

    async def _leave_off(self) -> None:
        if self._subscribing is not None:
            self._subscribing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._subscribing
            self._subscribing = None

    async def _subscribe(self, address: str) -> None:
        callback = callback_of(address, self._settings.listener.path)
        if not (self._secrets.tiktok_app_id and self._secrets.tiktok_app_secret):
            why = f"{BY_HAND}enter {callback} in TikTok's developer portal, or set TIKTOK_APP_ID and TIKTOK_APP_SECRET"
            await self._tell(replace(self._public, webhook=why))
            return
        tries = 0
        while True:
            try:
                await subscribe(self._settings, self._secrets, callback)
            except (TikTokError, ValueError) as fault:
                LOG.warning("webhooks are not posted to the public address yet: %s", fault)
                await self._tell(replace(self._public, webhook=str(fault)))
                await asyncio.sleep(self._pauses[min(tries, len(self._pauses) - 1)])
                tries += 1
            else:
                LOG.info("TikTok posts its webhooks to %s", callback)
                await self._tell(replace(self._public, webhook=SUBSCRIBED))
                return

    async def _tell(self, public: Public) -> None:
        if public == self._public:
            return
        self._public = public
        try:
            await self._told(public)
        except Exception:
            # Telling is for the eye; the tunnel goes on without it.
            LOG.exception("the public address could not be told")


async def subscribe(settings: Settings, secrets: Secrets, callback: str) -> None:
    """Has TikTok post webhooks to an address, unless it does so already. Raises TikTokError."""
    async with Subscriptions(
        settings.tiktok.base_url, secrets.tiktok_app_id, secrets.tiktok_app_secret
    ) as subscriptions:
        if await subscriptions.current() != callback:
            await subscriptions.update(callback)
