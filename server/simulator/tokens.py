"""Sign-in as TikTok does it: codes that work once, tokens that expire, refresh tokens that rotate."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from store.clock import DAY, MINUTE, SECOND, Clock

ACCESS_LIFE: Final = DAY
REFRESH_LIFE: Final = 365 * DAY
CODE_LIFE: Final = 10 * MINUTE
APPROVED: Final = frozenset({"message.list.send", "message.list.read", "message.list.manage", "user.info.basic"})


@dataclass(frozen=True, slots=True)
class Grant:
    """What one sign-in gave. `until` is the end of the refresh token, in epoch milliseconds; refreshing keeps it."""

    scope: str
    until: int


class OAuthError(Exception):
    """A sign-in was refused."""

    def __init__(self, code: int, message: str) -> None:
        """Keeps TikTok's code beside the words."""
        super().__init__(message)
        self.code = code


class Tokens:
    """All codes and tokens. Without `access_token` any token is welcome until it is expired on request."""

    def __init__(self, clock: Clock, *, client_id: str, client_secret: str, open_id: str) -> None:
        """Starts with no grant."""
        self.client_id = client_id
        self.client_secret = client_secret
        self.open_id = open_id
        self.access_token: str | None = None
        self.approved: frozenset[str] = APPROVED
        self._clock = clock
        self._codes: dict[str, tuple[str, str, int]] = {}
        self._access: dict[str, int] = {}
        self._refresh: dict[str, Grant] = {}
        self._seen: set[str] = set()
        self._rejected: set[str] = set()

    def accepts(self, token: str) -> bool:
        """Returns whether a request with this access token is let in."""
        if not token or token in self._rejected:
            return False
        self._seen.add(token)
        if token in self._access:
            return self._clock() < self._access[token]
        return self.access_token is None or token == self.access_token

    def expire_all(self) -> None:
        """Makes every access token seen or given so far count as expired."""
        self._rejected |= self._seen | set(self._access)
        if self.access_token is not None:
            self._rejected.add(self.access_token)

    def authorize(self, query: Mapping[str, str]) -> str:
        """Returns the address that the owner's browser is sent back to, with a code or with an error.

        Raises OAuthError when the request itself is unusable.
        """
        redirect = query.get("redirect_uri", "")
        if query.get("client_key") != self.client_id or query.get("response_type") != "code" or not redirect:
            raise OAuthError(40002, "client_key, response_type=code and redirect_uri are needed")
        scopes = [scope for scope in query.get("scope", "").split(",") if scope]
        back = {"state": query.get("state", "")}
        if not scopes or not set(scopes) <= self.approved:
            # One scope that is not approved refuses the whole grant.
            back |= {"error": "invalid_scope", "error_description": "scope not approved"}
        else:
            code = secrets.token_urlsafe(16)
            self._codes[code] = (redirect, ",".join(scopes), self._clock() + CODE_LIFE)
            back |= {"code": code, "scopes": ",".join(scopes)}
        return f"{redirect}{'&' if '?' in redirect else '?'}{urlencode(back)}"

    def exchange(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Returns the tokens for a code; a code works once. Raises OAuthError."""
        self._check_client(body)
        redirect, scope, until = self._codes.pop(str(body.get("auth_code")), ("", "", 0))
        if body.get("grant_type") != "authorization_code" or self._clock() >= until:
            raise OAuthError(40002, "auth_code is invalid or expired")
        if body.get("redirect_uri") != redirect:
            raise OAuthError(40002, "redirect_uri does not match")
        return self._issue(Grant(scope, self._clock() + REFRESH_LIFE))

    def refresh(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Returns fresh tokens and makes the old refresh token worthless. Raises OAuthError."""
        self._check_client(body)
        grant = self._refresh.pop(str(body.get("refresh_token")), None)
        if body.get("grant_type") != "refresh_token" or grant is None or self._clock() >= grant.until:
            raise OAuthError(40105, "refresh_token is invalid or expired")
        return self._issue(grant)

    def revoke(self, body: Mapping[str, Any]) -> None:
        """Ends a grant. Raises OAuthError."""
        self._check_client(body)
        token = str(body.get("access_token", ""))
        if not self.accepts(token):
            raise OAuthError(40105, "access_token is invalid or expired")
        self._rejected.add(token)
        self._refresh.clear()

    def check_app(self, app_id: object, secret: object) -> bool:
        """Returns whether these are the app's own id and secret."""
        return app_id == self.client_id and secret == self.client_secret

    def _check_client(self, body: Mapping[str, Any]) -> None:
        if not self.check_app(body.get("client_id"), body.get("client_secret")):
            raise OAuthError(40001, "client_id or client_secret is wrong")

    def _issue(self, grant: Grant) -> dict[str, Any]:
        access, refresh = f"act.{secrets.token_urlsafe(24)}", f"rft.{secrets.token_urlsafe(24)}"
        self._access[access] = self._clock() + ACCESS_LIFE
        self._refresh[refresh] = grant
        return {
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": ACCESS_LIFE // SECOND,
            "refresh_token": refresh,
            "refresh_token_expires_in": (grant.until - self._clock()) // SECOND,
            "open_id": self.open_id,
            "scope": grant.scope,
        }
