"""Takes a picture to TikTok before its message leaves, so that a failure here is never a doubt.

The sender starts it for what a claim left behind; each picture is a task of its own beside the requests. Asking and
uploading may be repeated without harm: no customer sees anything of it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Final, Protocol

from server.delivery.backoff import Random, retry_at
from server.settings import Settings
from server.tiktok.errors import (
    TikTokAuthError,
    TikTokError,
    TikTokRateLimitError,
    TikTokRefused,
    TikTokWindowError,
)
from server.tiktok.listing import ConversationKind
from store import media, pauses, pictures, uploads
from store.clock import Clock
from store.database import Database
from store.errors import CannotWrite, NotFound
from store.uploads import Wanted

LOG: Final = logging.getLogger(__name__)

AT_ONCE: Final = 2
"""Pictures on their way to TikTok side by side."""

NOT_ALLOWED: Final = "It was not sent: TikTok does not let this shop send pictures to this customer."
NOT_IN_V1: Final = "It was not sent: dialect v1 takes no pictures."


class Uploader(Protocol):
    """What can take a picture to the platform; `server.tiktok.client.TikTokClient` does."""

    async def can_send_images(self, conversation_id: str, kind: ConversationKind = "SINGLE") -> bool:
        """Tells whether pictures may go to a conversation. Raises TikTokError."""
        ...

    async def upload_image(self, content: bytes) -> str:
        """Returns the platform's id of an uploaded picture. Raises TikTokError, ValueError."""
        ...


class Uploads:
    """The pictures that are being taken to TikTok. `ended` is awaited after each, when the sender may claim again."""

    def __init__(
        self,
        database: Database,
        client: Uploader,
        settings: Settings,
        *,
        clock: Clock,
        random: Random,
        refresh: Callable[[], Awaitable[bool]] | None,
        ended: Callable[[], Awaitable[object]],
    ) -> None:
        """Remembers its collaborators."""
        self._database = database
        self._client = client
        self._settings = settings
        self._clock = clock
        self._random = random
        self._refresh = refresh
        self._ended = ended
        self._tries: dict[int, int] = {}
        self.tasks: dict[int, asyncio.Task[None]] = {}

    @property
    def room(self) -> int:
        """How many more may be started."""
        return AT_ONCE - len(self.tasks)

    def start(self, wanted: Iterable[Wanted]) -> None:
        """Starts what is not under way."""
        for one in wanted:
            if one.delivery_id not in self.tasks:
                self.tasks[one.delivery_id] = asyncio.create_task(self._run(one))

    async def stop(self) -> None:
        """Breaks off what is under way: the next start begins it anew."""
        for task in self.tasks.values():
            task.cancel()
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)

    async def _run(self, wanted: Wanted) -> None:
        try:
            try:
                await self._take(wanted)
                self._tries.pop(wanted.delivery_id, None)
            except (NotFound, ValueError) as fault:
                await self._give_up(wanted, f"It was not sent: {fault}")
            except CannotWrite:
                raise
            except Exception as fault:  # noqa: BLE001  # whatever it is: tried at once again, it would be for ever
                await self._failed(wanted, fault)
        except CannotWrite as fault:
            LOG.warning("The picture of delivery %d waits: %s", wanted.delivery_id, fault)
        finally:
            self.tasks.pop(wanted.delivery_id, None)
        try:
            await self._ended()
        except CannotWrite as fault:
            # The clock's next tick tries again.
            LOG.warning("Nothing could be claimed: %s", fault)

    async def _take(self, wanted: Wanted) -> None:
        if self._settings.tiktok.api == "v1":
            await self._give_up(wanted, NOT_IN_V1)
            return
        if not wanted.allowed:
            kind: ConversationKind = "SINGLE" if wanted.answered else "STRANGER"
            allowed = await self._client.can_send_images(wanted.recipient, kind)
            await self._database.write(
                uploads.learn_allowed, wanted.conversation_id, allowed=allowed, now=self._clock()
            )
            if not allowed:
                await self._give_up(wanted, NOT_ALLOWED)
                return
        if wanted.media_id is None:
            folder = media.folder_of(self._database.path)
            content = await asyncio.to_thread(pictures.read, folder, wanted.path, wanted.sha256)
            media_id = await self._client.upload_image(content)
            await self._database.write(uploads.learn_id, wanted.sha256, media_id, now=self._clock())

    async def _failed(self, wanted: Wanted, fault: Exception) -> None:
        told = str(fault) if isinstance(fault, TikTokError) else f"Uploading broke off ({type(fault).__name__})."
        LOG.warning("The picture of delivery %d could not be uploaded: %s", wanted.delivery_id, told)
        tries = self._tries[wanted.delivery_id] = self._tries.get(wanted.delivery_id, 0) + 1
        now = self._clock()
        after = fault.retry_after if isinstance(fault, TikTokRateLimitError) else None
        again = retry_at(
            self._settings.delivery.retry_seconds, tries=tries, retry_after=after, random=self._random, now=now
        )
        if isinstance(fault, TikTokAuthError):
            if tries == 1 and self._refresh is not None and await self._refreshed():
                again = now
            else:
                words = f"Sending is paused. {told} Then resume with: philia resume"
                await self._database.write(pauses.pause_sender, words, now=now)
        elif isinstance(fault, TikTokRefused | TikTokWindowError):
            await self._give_up(wanted, f"The picture was not sent. {told}")
            return
        elif isinstance(fault, TikTokRateLimitError):
            await self._database.write(pauses.rest, again, told, now=now)
        reason = f"The picture is not at TikTok yet, and waits. {told}"
        await self._database.write(uploads.try_later, wanted.delivery_id, reason, retry_at=again, now=now)

    async def _refreshed(self) -> bool:
        assert self._refresh is not None
        try:
            return await self._refresh()
        except Exception as fault:  # noqa: BLE001  # the refresh has its own report
            LOG.warning("The access token could not be refreshed: %s", type(fault).__name__)
            return False

    async def _give_up(self, wanted: Wanted, reason: str) -> None:
        self._tries.pop(wanted.delivery_id, None)
        await self._database.write(uploads.give_up, wanted.delivery_id, reason, now=self._clock())
