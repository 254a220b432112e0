"""Whose account the shop speaks for: the token that the environment gives, else the sign-in that is kept here."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, cast

from server.secrets import Secrets
from server.settings import Settings
from server.tiktok.oauth import OAuth
from server.tokens import Kept, Renewer, TokenBox, box_for
from server.vault import KeptIn, VaultError
from store import signins
from store.clock import Clock
from store.database import Database

LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Account:
    """The business that sends, and its access token. `box` and `kept` are None for a token of the environment's."""

    business_id: str
    access_token: str = field(repr=False)
    box: TokenBox | None = None
    kept: Kept | None = None


async def find(secrets: Secrets, database: Database, *, said: set[str] | None = None) -> Account | None:
    """Returns the account, None when there is no token; a keyring that cannot be read is logged and counts as none.

    Who looks again gives the same `said` each time: what stands in it was logged before.
    """
    if secrets.tiktok_access_token:
        return Account(secrets.tiktok_business_id, secrets.tiktok_access_token)
    signin = await database.read(signins.find)
    if signin is None:
        return None
    try:
        # In a thread: a keyring may ask the owner for its password.
        box, kept = await asyncio.to_thread(_open, database, cast("KeptIn", signin.kept_in))
    except VaultError as fault:
        if said is None or str(fault) not in said:
            LOG.error("nobody is signed in: %s", fault)  # noqa: TRY400  # the sentence says it
        if said is not None:
            said.add(str(fault))
        return None
    if kept is None:
        return None
    return Account(secrets.tiktok_business_id or kept.tokens.business_id, kept.tokens.access_token, box, kept)


def _open(database: Database, kept_in: KeptIn) -> tuple[TokenBox, Kept | None]:
    box = box_for(database.path, kept_in)
    return box, box.read()


def renewer(
    account: Account,
    settings: Settings,
    secrets: Secrets,
    *,
    database: Database,
    use: Callable[[str], None],
    clock: Clock,
) -> Renewer | None:
    """Returns who renews the account's token; None for a token that cannot be renewed."""
    if account.box is None or account.kept is None:
        return None
    oauth = None
    if secrets.tiktok_app_id and secrets.tiktok_app_secret:

        def oauth() -> OAuth:
            return OAuth(
                settings.tiktok.base_url,
                secrets.tiktok_app_id,
                secrets.tiktok_app_secret,
                timeout_seconds=settings.delivery.timeout_seconds,
                clock=clock,
            )

    return Renewer(account.box, account.kept, oauth=oauth, database=database, use=use, clock=clock)
