"""`philia fetch`: asks TikTok for the messages that no webhook brought, now instead of at the next look."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from philia_tui.commands.context import Shop, emit, fail, shop
from philia_tui.commands.grouped import RUNNING
from philia_tui.commands.progress import Progress
from philia_tui.commands.running import secrets_of
from store.errors import StoreError
from store.migrations import migrate

if TYPE_CHECKING:
    from store.database import Database

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def register(root: typer.Typer) -> None:
    """Mounts the command on the root."""
    root.command(rich_help_panel=RUNNING)(fetch)


def fetch(ctx: typer.Context, as_json: Json = False) -> None:
    """Ask TikTok for messages that no webhook brought. A running server does it by itself every few minutes.

    Example: philia fetch
    """
    from server.tiktok.errors import TikTokError  # noqa: PLC0415  # httpx, 150 ms

    where = shop(ctx)
    if where.settings.tiktok.api == "v1":
        fail('TikTok lists no past messages in the dialect of [tiktok] api = "v1", so there is nothing to fetch.')
    progress = Progress()
    try:
        migrate(where.path)
        found = asyncio.run(_fetch(where, progress))
    except (StoreError, TikTokError) as fault:
        progress.end()
        fail(f"The missed messages could not be fetched: {fault}")
    except KeyboardInterrupt:
        progress.end()
        fail("Stopped. The conversations fetched so far are here whole; the others are fetched at the next look.")
    progress.end()
    words = f"{found} messages were missed and are here now." if found else "Nothing was missed."
    emit({"found": found}, as_json, [words])


async def _fetch(where: Shop, progress: Progress) -> int:
    from store.database import Database  # noqa: PLC0415  # with the rooms of the server

    database = Database(where.path)
    try:
        return await _fetch_into(database, where, progress)
    finally:
        database.close()


async def _fetch_into(database: Database, where: Shop, progress: Progress) -> int:
    from server import account  # noqa: PLC0415  # the platform's rooms, 300 ms
    from server.listener import gaps  # noqa: PLC0415
    from server.listener.applying import rules_of  # noqa: PLC0415
    from server.tiktok.client import TikTokClient  # noqa: PLC0415

    settings = where.settings
    signed_in = await account.find(secrets_of(where), database)
    if signed_in is None:
        fail("Nobody is signed in, so TikTok tells nothing. Sign in: philia login")
    async with TikTokClient(
        settings.tiktok.base_url,
        signed_in.business_id,
        signed_in.access_token,
        timeout_seconds=settings.delivery.timeout_seconds,
        clock=where.now,
    ) as client:
        look = gaps.Look(database=database, lister=client, rules=rules_of(settings), clock=where.now)
        return await gaps.fetch_all(look, lambda done, of: progress("conversation", done, of))
