"""Signing in: the address for the owner's browser, and the tokens that come of it.

Source: TikTok's authentication documentation. An access token lives a day. A refresh token lives a year from the first
sign-in, is replaced at every use, and the replaced one is worthless: store the new one before using the access token,
and let one refresher at a time do it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self
from urllib.parse import urlencode

from server.tiktok.calls import Caller
from server.tiktok.errors import TikTokUnreadable
from server.tiktok.listing import number
from store.clock import SECOND, Clock, system_clock

AUTHORIZE_URL: Final = "https://www.tiktok.com/v2/auth/authorize"
SCOPES: Final = ("message.list.send", "message.list.read", "message.list.manage")
"""All that Philia asks for: one scope more that is not approved refuses the whole grant."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a sign-in or a refresh gave; times in epoch milliseconds. The tokens never show in a log."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    business_id: str
    scopes: tuple[str, ...]
    access_expires_at: int
    refresh_expires_at: int

    def missing_scopes(self, wanted: Sequence[str] = SCOPES) -> tuple[str, ...]:
        """Returns the scopes that were wanted and not granted."""
        return tuple(scope for scope in wanted if scope not in self.scopes)


def authorize_url(
    client_key: str, redirect_uri: str, state: str, *, scopes: Sequence[str] = SCOPES, auth_url: str = AUTHORIZE_URL
) -> str:
    """Returns the address at which the owner allows Philia to read and write her messages."""
    query = {
        "client_key": client_key,
        "response_type": "code",
        "scope": ",".join(scopes),
        "redirect_uri": redirect_uri,
        "state": state,
    }
    # The commas between scopes stay commas, as documented.
    return f"{auth_url}?{urlencode(query, safe=',')}"


class OAuth:
    """The token calls of one app. Must be closed, or used with `async with`.

    Every method raises TikTokError; a code, a secret or a token is never in its words.
    """

    def __init__(
        self,
        base_url: str,
        client_id: str,
        client_secret: str,
        *,
        timeout_seconds: float = 10.0,
        clock: Clock = system_clock,
    ) -> None:
        """Builds the caller; no connection is made before the first call."""
        self._caller = Caller(base_url, timeout_seconds=timeout_seconds, clock=clock)
        self._app = {"client_id": client_id, "client_secret": client_secret}
        self._clock = clock

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._caller.aclose()

    async def exchange(self, auth_code: str, redirect_uri: str) -> Tokens:
        """Returns the tokens for the code that TikTok sent the browser back with; a code works once."""
        asked = self._app | {
            "grant_type": "authorization_code",
            "auth_code": auth_code,
            "redirect_uri": redirect_uri,
        }
        return self._read(await self._caller.post("/tt_user/oauth2/token/", asked))

    async def refresh(self, refresh_token: str) -> Tokens:
        """Returns fresh tokens; `refresh_token` is worthless afterwards."""
        asked = self._app | {"grant_type": "refresh_token", "refresh_token": refresh_token}
        return self._read(await self._caller.post("/tt_user/oauth2/refresh_token/", asked))

    async def revoke(self, access_token: str) -> None:
        """Takes Philia's permission back."""
        await self._caller.post("/tt_user/oauth2/revoke/", self._app | {"access_token": access_token})

    def _read(self, data: Mapping[str, Any]) -> Tokens:
        now = self._clock()
        access, refresh, business = (data.get(name) for name in ("access_token", "refresh_token", "open_id"))
        if not all(isinstance(value, str) and value for value in (access, refresh, business)):
            raise TikTokUnreadable("TikTok's sign-in answer holds no tokens; sign in again with `philia login`.")
        scopes = data.get("scope")
        return Tokens(
            access_token=str(access),
            refresh_token=str(refresh),
            business_id=str(business),
            scopes=tuple(part.strip() for part in scopes.split(",") if part.strip()) if isinstance(scopes, str) else (),
            access_expires_at=now + number(data.get("expires_in")) * SECOND,
            refresh_expires_at=now + number(data.get("refresh_token_expires_in")) * SECOND,
        )
