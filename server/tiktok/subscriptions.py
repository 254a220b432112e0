"""Where TikTok posts its webhooks: one address an app, set, shown and removed with the app's secret, not a token."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Self

from server.tiktok.calls import Caller
from store.clock import Clock, system_clock

EVENT_TYPE: Final = "DIRECT_MESSAGE"


class Subscriptions:
    """The webhook calls of one app. Must be closed, or used with `async with`; every method raises TikTokError."""

    def __init__(
        self, base_url: str, app_id: str, secret: str, *, timeout_seconds: float = 10.0, clock: Clock = system_clock
    ) -> None:
        """Builds the caller; no connection is made before the first call."""
        self._caller = Caller(base_url, timeout_seconds=timeout_seconds, clock=clock)
        self._app = {"app_id": app_id, "secret": secret, "event_type": EVENT_TYPE}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._caller.aclose()

    async def update(self, callback_url: str) -> None:
        """Has webhooks posted to this address from now on; it replaces an earlier one."""
        await self._caller.post("/business/webhook/update/", self._app | {"callback_url": callback_url})

    async def current(self) -> str | None:
        """Returns the address that webhooks are posted to, None when there is none."""
        return _callback(await self._caller.get("/business/webhook/list/", self._app))

    async def delete(self) -> None:
        """Ends the posting of webhooks."""
        await self._caller.post("/business/webhook/delete/", self._app)


def _callback(data: Mapping[str, Any]) -> str | None:
    """Reads the address; TikTok leaves it out when nothing is subscribed."""
    found = data.get("callback_url")
    return found if isinstance(found, str) and found else None
