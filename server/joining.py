"""Joins TikTok: at the start of a server, or as soon as somebody is signed in who was not then.

A keyring can still be locked when a computer starts, and `philia login` can come after `philia serve`. So a server
that found nobody looks again; until then it takes messages and drafts, and replies wait.
"""

from __future__ import annotations

import contextlib
import functools
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from server import account, pictures, policy
from server.delivery import reconcile
from server.delivery.sender import Sender
from server.listener import applying, gaps
from server.secrets import Secrets
from server.settings import Settings
from server.tiktok.client import TikTokClient
from server.tokens import Renewer
from server.work import Worker
from store.clock import Clock
from store.database import Database

LOOK_SECONDS: Final = 15.0
"""How often a server without an account looks for one: a row is read, and its tokens only when there is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """What speaks to TikTok for the account that is signed in; `renewer` is None for a token that nobody renews."""

    client: TikTokClient
    sender: Sender
    renewer: Renewer | None


async def join(
    settings: Settings,
    secrets: Secrets,
    database: Database,
    open_things: contextlib.AsyncExitStack,
    *,
    newest: Callable[[], Settings],
    said: set[str],
    clock: Clock,
    boot: str,
) -> Joined | None:
    """Opens the client of the account, which `open_things` closes; None while nobody is signed in.

    `newest` gives the settings with the switches of automatic replies as they are when it is asked; `said` is what
    the log was told already of why nobody is.
    """
    signed_in = await account.find(secrets, database, said=said)
    if signed_in is None:
        return None
    client = await open_things.enter_async_context(
        TikTokClient(
            settings.tiktok.base_url,
            signed_in.business_id,
            signed_in.access_token,
            timeout_seconds=settings.delivery.timeout_seconds,
            clock=clock,
        )
    )
    renewer = account.renewer(signed_in, settings, secrets, database=database, use=client.use_token, clock=clock)
    sender = Sender(
        database,
        client,
        settings,
        clock=clock,
        random=random.SystemRandom().random,
        boot=boot,
        refresh=renewer.renew if renewer is not None else None,
        still_allowed=policy.gate(newest),
    )
    return Joined(client=client, sender=sender, renewer=renewer)


def workers(
    joined: Joined, settings: Settings, database: Database, rules: applying.Rules, *, clock: Clock
) -> dict[str, Worker]:
    """Returns the steps that need the platform, by name."""
    client = joined.client
    look = gaps.Look(database=database, lister=client, rules=rules, clock=clock)

    async def settle() -> int:
        await reconcile.look(database, client, settings, clock=clock)
        return 0

    async def fetch() -> int:
        await gaps.fetch_wanted(look)
        return 0

    async def missed() -> int:
        await gaps.fetch_missed(look)
        return 0

    made = {"deliver": Worker("deliver", joined.sender.tick), "reconcile": Worker("reconcile", settle)}
    if settings.tiktok.api != "v1":
        # Dialect v1 has no listing to look into.
        see = functools.partial(pictures.fetch_due, database, client, clock=clock)
        made |= {name: Worker(name, step) for name, step in (("fetch", fetch), ("missed", missed), ("see", see))}
    if joined.renewer is not None:
        made["renew"] = Worker("renew", joined.renewer.look_after)
    return made
