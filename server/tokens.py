"""The tokens of a sign-in: kept where only the owner reads them, renewed before they end, by one process at a time.

Source: TikTok's authentication documentation. Each renewal replaces the refresh token, and the replaced one is
worthless. So the new one is kept, durably, before the new access token is used; and whoever renews holds a file lock
and looks first whether another process has just done it.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import logging
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from server.tiktok.errors import TikTokAuthError, TikTokError, TikTokRefused
from server.tiktok.oauth import OAuth, Tokens
from server.vault import FileVault, KeptIn, KeyringVault, Vault, VaultError, real_keyring
from store import signins
from store.clock import HOUR, Clock
from store.database import Database
from store.errors import StoreError

LOG: Final = logging.getLogger(__name__)

NAME: Final = "tiktok-tokens"

MARGIN: Final = 2 * HOUR
"""Milliseconds before its end at which a token is renewed: a night's outage of TikTok costs nothing."""

UNKNOWN_LIFE: Final = 20 * HOUR
"""After this a token whose life TikTok did not tell is renewed; a documented one lives 24 h."""

LOCK_SECONDS: Final = 30.0
"""How long to wait for another process that renews; its request takes 10 at most."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Tokens with the time they were kept."""

    tokens: Tokens
    at: int

    def due(self) -> int:
        """Returns when they should be renewed, in epoch milliseconds."""
        life = self.tokens.access_expires_at - self.at
        return self.at + (UNKNOWN_LIFE if life <= 0 else life - min(MARGIN, life // 4))


class TokenBox:
    """The one place where a shop's tokens are kept."""

    def __init__(self, vault: Vault, database: Path) -> None:
        """Takes the place and the shop's database, beside which the lock file is."""
        self.vault = vault
        self._lock = database.with_name(database.name + ".signin.lock")

    def read(self) -> Kept | None:
        """Returns what is kept, None when nobody signed in. Raises VaultError."""
        text = self.vault.get(NAME)
        if text is None:
            return None
        try:
            given = json.loads(text)
            at = int(given.pop("at"))
            return Kept(Tokens(**{**given, "scopes": tuple(given["scopes"])}), at)
        except (ValueError, TypeError, KeyError):
            raise VaultError(f"The tokens in {self.vault.where} cannot be read; sign in anew: philia login") from None

    def write(self, tokens: Tokens, *, now: int) -> None:
        """Keeps tokens in the place of earlier ones, durably. Raises VaultError."""
        self.vault.put(NAME, json.dumps({**asdict(tokens), "at": now}))

    def forget(self) -> None:
        """Takes the tokens out. Raises VaultError."""
        self.vault.forget(NAME)

    @contextlib.asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Keeps other processes from renewing meanwhile. Raises VaultError when one does not end."""
        try:
            self._lock.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as fault:
            raise VaultError(f"{self._lock} cannot be opened: {fault.strerror}.") from fault
        try:
            await self._take(file)
            yield
        finally:
            os.close(file)

    async def _take(self, file: int) -> None:
        try:
            async with asyncio.timeout(LOCK_SECONDS):
                while True:
                    try:
                        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    except BlockingIOError:
                        await asyncio.sleep(0.05)
                    else:
                        return
        except TimeoutError:
            raise VaultError(f"Another process has held {self._lock} for {LOCK_SECONDS:.0f} s; end it.") from None


def box_for(database: Path, kept_in: KeptIn | None = None) -> TokenBox:
    """Returns the box of a shop: in the keyring when that is real, else in a file beside the database, or as told.

    Raises VaultError when a keyring is told and there is none.
    """
    backend = None if kept_in == "file" else real_keyring()
    if backend is not None:
        return TokenBox(KeyringVault(backend, f"philia {database.absolute()}"), database)
    if kept_in == "keyring":
        raise VaultError("The tokens are in the system keyring, which is not there. Sign in anew: philia login")
    return TokenBox(FileVault(database.with_name(database.name + ".tokens")), database)


def signin_of(tokens: Tokens, box: TokenBox, *, now: int) -> signins.SignIn:
    """Returns what the database may know of tokens."""
    return signins.SignIn(
        business_id=tokens.business_id,
        scopes=tokens.scopes,
        kept_in=box.vault.kept_in,
        access_expires_at=tokens.access_expires_at,
        refresh_expires_at=tokens.refresh_expires_at,
        refreshed_at=now,
    )


class Renewer:
    """Keeps one access token fresh while a server runs.

    `oauth` makes the caller of TikTok's token routes, None where the app's id or secret is missing. `use` takes a
    fresh token; it raises ValueError for one that cannot be used.
    """

    def __init__(
        self,
        box: TokenBox,
        first: Kept,
        *,
        oauth: Callable[[], OAuth] | None,
        database: Database,
        use: Callable[[str], None],
        clock: Clock,
    ) -> None:
        """Starts with the tokens that are in use."""
        self._box = box
        self._using = first
        self._oauth = oauth
        self._database = database
        self._use = use
        self._clock = clock
        self._renewing = asyncio.Lock()
        self._worthless: str | None = None

    async def look_after(self) -> int:
        """Renews the token when it ends soon, and takes over what another process kept; returns 0, for a worker."""
        if self._clock() >= self._using.due():
            await self.renew()
        return 0

    async def renew(self) -> bool:
        """Fetches a new access token and has it used; tells whether there is one. Never raises."""
        asked_with = self._using
        async with self._renewing:
            if self._using is not asked_with:
                # Somebody was faster: several replies may be refused for the same token.
                return True
            try:
                async with self._box.alone():
                    return await self._renew()
            except (VaultError, StoreError, OSError, ValueError) as fault:
                LOG.error("the access token could not be renewed: %s", fault)  # noqa: TRY400  # a sentence says it
                return False

    async def _renew(self) -> bool:
        # In a thread: a locked keyring may wait for its owner, and a reply's outcome must not.
        kept = await asyncio.to_thread(self._box.read)
        if kept is None:
            return False
        if kept.tokens.access_token != self._using.tokens.access_token:
            self._take(kept)
            return True
        if self._oauth is None or kept.tokens.refresh_token == self._worthless:
            return False
        try:
            async with self._oauth() as caller:
                fresh = await caller.refresh(kept.tokens.refresh_token)
        except (TikTokAuthError, TikTokRefused) as fault:
            self._worthless = kept.tokens.refresh_token
            await self._tell(kept, f"{fault} The sign-in has ended; sign in anew: philia login")
            return False
        except TikTokError as fault:
            await self._tell(kept, str(fault))
            return False
        now = self._clock()
        # Kept first, used afterwards: a crash between the two costs nothing.
        await asyncio.to_thread(self._box.write, fresh, now=now)
        signin = signin_of(fresh, self._box, now=now)
        await self._database.write(signins.note, signin, now=now, who="server")
        self._take(Kept(fresh, now))
        LOG.info("the access token was renewed")
        return True

    def _take(self, kept: Kept) -> None:
        self._use(kept.tokens.access_token)
        self._using = kept

    async def _tell(self, kept: Kept, why: str) -> None:
        LOG.warning("the access token could not be renewed: %s", why)
        await self._database.write(signins.note_fault, kept.tokens.business_id, why)
