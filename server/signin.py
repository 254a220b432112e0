"""Signing in at TikTok: an address for the owner's browser, and a small server here that the browser is sent back to.

Source: TikTok's Login Kit documentation. A desktop app's redirect address must be registered beforehand and may be
http on 127.0.0.1 with a port; a web app's must be https, and then the address the browser ended at is pasted.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from types import TracebackType
from typing import Final, Self
from urllib.parse import parse_qs, urlsplit

from server.tiktok.oauth import SCOPES

PORT: Final = 8765
"""Of the redirect address to register: http://127.0.0.1:8765/callback/"""

CALLBACK: Final = "/callback/"

PATIENCE: Final = 600.0
"""Seconds the owner has for TikTok's pages; its code lives as long."""

REQUEST_SECONDS: Final = 5.0
REQUEST_BYTES: Final = 32_768

WHAT_FOR: Final = {
    "message.list.send": "replies cannot be sent",
    "message.list.read": "messages that webhooks missed cannot be fetched, and doubts are not settled by themselves",
    "message.list.manage": "webhooks and read marks cannot be managed",
}
"""Scope → what does not work without it."""


class SignInError(Exception):
    """A sign-in that did not come about: what happened, what to do."""


@dataclass(frozen=True, slots=True)
class Returned:
    """What TikTok sent the browser back with."""

    state: str = ""
    code: str = ""
    error: str = ""
    detail: str = ""


def new_state() -> str:
    """Returns a word that only this sign-in knows."""
    return secrets.token_urlsafe(32)


def read_address(address: str) -> Returned:
    """Reads the address that the browser ended at."""
    query = parse_qs(urlsplit(address).query)
    return Returned(*(query.get(name, [""])[0][:2_048] for name in ("state", "code", "error", "error_description")))


def code_of(returned: Returned, state: str) -> str:
    """Returns the code of a sign-in that was allowed. Raises SignInError."""
    if not hmac.compare_digest(returned.state.encode(), state.encode()):
        raise SignInError("That address belongs to another sign-in (its state is a different one); start again.")
    if returned.error:
        raise SignInError(_refused(returned))
    if not returned.code:
        raise SignInError("TikTok sent no code back; start again: philia login")
    return returned.code


def _refused(returned: Returned) -> str:
    if "scope" in returned.error or "scope" in returned.detail.lower():
        return (
            f"TikTok refused the permissions ({returned.error}). One that is not approved refuses them all. Your app "
            f"needs {', '.join(SCOPES)}; ask for them in TikTok's developer portal, under the app's scopes, and sign "
            "in again when they are approved."
        )
    if returned.error == "access_denied":
        return "The permissions were declined on TikTok's page. Nothing was changed; to allow them: philia login"
    return f"TikTok ended the sign-in ({returned.error[:60]}); try again: philia login"


def missing(scopes: Sequence[str]) -> list[str]:
    """Returns a sentence for each permission that was wanted and not granted."""
    return [f"{scope} was not granted: {what}." for scope, what in WHAT_FOR.items() if scope not in scopes]


class Callback:
    """A server on 127.0.0.1 that waits for the browser, for `async with`.

    What does not carry the state of this sign-in is answered 400 and changes nothing: any page the owner has open
    could call it. Raises SignInError when the port is taken.
    """

    def __init__(self, state: str, *, port: int = PORT, path: str = CALLBACK) -> None:
        """Takes the state and where to listen; port 0 takes a free one."""
        self._state = state
        self._port = port
        self._path = path.rstrip("/")
        self._returned: asyncio.Future[Returned]
        self._server: asyncio.Server
        self.address = ""

    async def __aenter__(self) -> Self:
        """Listens."""
        self._returned = asyncio.get_running_loop().create_future()
        try:
            self._server = await asyncio.start_server(self._answer, "127.0.0.1", self._port, limit=REQUEST_BYTES)
        except OSError as fault:
            raise SignInError(
                f"Port {self._port} is taken ({fault.strerror}); take another: philia login --port N, and register "
                "its address with your app."
            ) from fault
        port = self._server.sockets[0].getsockname()[1]
        self.address = f"http://127.0.0.1:{port}{self._path}/"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None
    ) -> None:
        """Closes the port."""
        self._server.close()
        await self._server.wait_closed()

    async def wait(self, seconds: float = PATIENCE) -> Returned:
        """Returns what TikTok sent. Raises SignInError when it does not come."""
        try:
            async with asyncio.timeout(seconds):
                return await self._returned
        except TimeoutError:
            raise SignInError(
                f"Nothing came back from TikTok within {seconds / 60:.0f} minutes. Is {self.address} registered as a "
                "redirect address of your app? If the browser runs elsewhere: philia login --paste"
            ) from None

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                status, words = self._take(head.split("\r\n", 1)[0])
                writer.write(_page(status, words))
                await writer.drain()
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()

    def _take(self, line: str) -> tuple[str, str]:
        method, _, rest = line.partition(" ")
        target = rest.partition(" ")[0]
        if method != "GET" or urlsplit(target).path.rstrip("/") != self._path:
            return "404 Not Found", "Nothing answers here."
        returned = read_address(target)
        if not hmac.compare_digest(returned.state.encode(), self._state.encode()):
            return "400 Bad Request", "This belongs to another sign-in. Start again in the terminal: philia login"
        if not self._returned.done():
            self._returned.set_result(returned)
        if returned.error or not returned.code:
            return "200 OK", "TikTok did not allow it. The terminal says why. You can close this page."
        return "200 OK", "Philia has heard from TikTok. Look at the terminal; you can close this page."


def _page(status: str, words: str) -> bytes:
    body = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Philia</title><p>{escape(words)}</p></html>'
    ).encode()
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
        # The address holds the code: it goes nowhere else, and stays nowhere.
        "Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\n"
        "Content-Security-Policy: default-src 'none'\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body
