"""What `philia login`, `logout`, `webhook` and `tunnel` do: the shop's ties to TikTok and to the world."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sqlite3
import sys
import webbrowser
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, closing
from typing import Any, TypeVar, cast

from philia_tui.commands.context import Shop, complain, emit, fail, reading, writing
from philia_tui.commands.running import public_lines, secrets_of
from server import public, signin, status
from server.secrets import Secrets
from server.tiktok.errors import TikTokError
from server.tiktok.oauth import OAuth, Tokens, authorize_url
from server.tiktok.subscriptions import Subscriptions
from server.tokens import TokenBox, box_for, signin_of
from server.tunnel.kinds import NAMES, TunnelError
from server.vault import KeptIn, VaultError
from store import lock, signins
from store.database import connect, transaction
from store.errors import StoreError

T = TypeVar("T")


def sign_in(
    where: Shop,
    *,
    port: int | None,
    redirect: str | None,
    browser: bool,
    paste: bool,
    keep: str | None,
    as_json: bool,
) -> None:
    """Signs the owner in and keeps the tokens."""
    secrets = _app(where)
    try:
        box = box_for(where.path, cast("KeptIn | None", keep))
        state, port = signin.new_state(), signin.PORT if port is None else port
        if redirect is not None or paste:
            back = redirect or f"http://127.0.0.1:{port}{signin.CALLBACK}"
            returned = _pasted(where, secrets, state, back, browser=browser and not paste)
        else:
            returned, back = asyncio.run(_called_back(where, secrets, state, port, browser=browser))
        tokens = asyncio.run(_exchange(where, secrets, box, signin.code_of(returned, state), back))
    except (signin.SignInError, TikTokError, VaultError, ValueError) as fault:
        fail(str(fault))
    for sentence in signin.missing(tokens.scopes):
        complain(f"! {sentence}")
    if secrets.tiktok_access_token:
        complain("! TIKTOK_ACCESS_TOKEN is set and wins over this sign-in; take it out of .env or the environment.")
    pid = lock.holder(where.path)
    if pid:
        complain(
            f"! Process {pid} takes it up by itself if nobody was signed in when it started. If somebody was, "
            "end it and start it again."
        )
    told = {"business_id": tokens.business_id, "scopes": list(tokens.scopes), "kept_in": box.vault.kept_in}
    emit(told, as_json, [f"Signed in as {tokens.business_id}. The tokens are in {box.vault.where}."])


def sign_out(where: Shop) -> None:
    """Revokes the sign-in and forgets its tokens."""
    with reading(where) as db:
        known = signins.find(db)
    if known is None:
        fail("Nobody is signed in here.")
    try:
        box = box_for(where.path, cast("KeptIn", known.kept_in))
        trouble = asyncio.run(_sign_out(where, secrets_of(where), box))
    except VaultError as fault:
        fail(str(fault))
    with writing(where) as db:
        signins.forget(db, now=where.now(), who="owner")
    if trouble:
        fail(f"The tokens are forgotten here, but TikTok was not told: {trouble} Revoke it in TikTok's app settings.")
    emit(None, False, ["Signed out. Messages are still taken and drafted; nothing can be sent."])


def subscribe(where: Shop, address: str | None, *, as_json: bool) -> None:
    """Has webhooks posted to the address, else to the shop's public one."""
    secrets = _app(where)
    given = address or public_address(where)
    if not given:
        fail("There is no public address. Open a tunnel (philia serve --tunnel cloudflared), or give the address.")
    callback = public.callback_of(given, where.settings.listener.path)
    _ask(public.subscribe(where.settings, secrets, callback))
    emit({"callback_url": callback}, as_json, [f"TikTok posts its webhooks to {callback}"])


def show_subscription(where: Shop, *, as_json: bool) -> None:
    """Tells where webhooks are posted."""
    found = _ask(_current(where, _app(where)))
    emit({"callback_url": found}, as_json, [found or "Nowhere. Have them posted here: philia webhook subscribe"])


def unsubscribe(where: Shop, *, as_json: bool) -> None:
    """Has webhooks posted nowhere."""
    _ask(_remove(where, _app(where)))
    emit({"callback_url": None}, as_json, ["TikTok posts its webhooks nowhere now."])


def open_tunnel(where: Shop, *, insecure: bool, as_json: bool) -> None:
    """Keeps a tunnel to the running server until a signal."""
    if not public.wanted(where.settings):
        fail(f"Which one? philia tunnel NAME, where NAME is {', '.join(NAMES)}, or a command with {{port}}.")
    secrets = secrets_of(where)
    pid = lock.holder(where.path)
    if not pid:
        fail("No server runs, so that the address would lead nowhere. Start both: philia serve --tunnel NAME")
    running = status.running(where.path)
    try:
        public.check(where.settings, secrets, insecure=insecure)
    except TunnelError as fault:
        fail(str(fault))
    if not (running.get("signed") or insecure):
        fail(f"Process {pid} takes webhooks without a signature; start it again now that TIKTOK_APP_SECRET is set.")
    if running.get("public"):
        fail(f"Process {pid} has the public address {running['public']} already.")
    port = int(str(running["listening"]).rpartition(":")[2])
    asyncio.run(_tunnel(where, secrets, port, as_json=as_json))


def _pasted(where: Shop, secrets: Secrets, state: str, back: str, *, browser: bool) -> signin.Returned:
    """Asks for the address at which a browser elsewhere ended."""
    _show(authorize_url(secrets.tiktok_app_id, back, state, auth_url=where.settings.tiktok.auth_url), browser=browser)
    complain("Allow it there, then paste the address at which the browser ended:")
    return signin.read_address(sys.stdin.readline().strip())


async def _called_back(
    where: Shop, secrets: Secrets, state: str, port: int, *, browser: bool
) -> tuple[signin.Returned, str]:
    """Waits for the browser here; returns what it brought and the redirect address."""
    async with signin.Callback(state, port=port) as callback:
        back = callback.address
        address = authorize_url(secrets.tiktok_app_id, back, state, auth_url=where.settings.tiktok.auth_url)
        _show(address, browser=browser)
        return await callback.wait(), back


async def _exchange(where: Shop, secrets: Secrets, box: TokenBox, code: str, back: str) -> Tokens:
    """Gets the tokens for a code and keeps them."""
    async with box.alone():
        async with _oauth(where, secrets) as oauth:
            tokens = await oauth.exchange(code, back)
        now = where.now()
        box.write(tokens, now=now)
        with writing(where) as db:
            signins.note(db, signin_of(tokens, box, now=now), now=now, who="owner")
    return tokens


def _show(address: str, *, browser: bool) -> None:
    if browser:
        with contextlib.suppress(webbrowser.Error):
            if webbrowser.open(address):
                complain(f"Your browser opens TikTok's page. If it does not: {address}")
                return
    complain(f"Open this address in a browser: {address}")


async def _sign_out(where: Shop, secrets: Secrets, box: TokenBox) -> str:
    async with box.alone():
        kept = box.read()
        trouble = ""
        if kept is not None:
            try:
                async with _oauth(where, secrets) as oauth:
                    await oauth.revoke(kept.tokens.access_token)
            except TikTokError as fault:
                trouble = str(fault)
        box.forget()
    return trouble


async def _tunnel(where: Shop, secrets: Secrets, port: int, *, as_json: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)

    async def told(known: public.Public) -> None:
        await asyncio.to_thread(_publish, where, known)
        if as_json:
            emit({"public": known.address, "tunnel": known.tunnel, "webhook": known.webhook}, as_json)
        else:
            for line in public_lines(known, where.settings.listener.path):
                complain(line)

    front = asyncio.create_task(public.Front(where.settings, secrets, port=port, told=told).run())
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([front, stopping], return_when=asyncio.FIRST_COMPLETED)
    for task in (front, stopping):
        task.cancel()
    await asyncio.gather(front, stopping, return_exceptions=True)
    await asyncio.to_thread(_publish, where, public.Public())


def _publish(where: Shop, known: public.Public) -> None:
    with contextlib.suppress(sqlite3.OperationalError, StoreError), closing(connect(where.path)) as db, transaction(db):
        status.publish(db, known.address, tunnel=known.tunnel, webhook=known.webhook, now=where.now())


def public_address(where: Shop) -> str | None:
    """Returns the shop's public address: the running server's, else the fixed one of the settings."""
    told = status.running(where.path).get("public")
    if told:
        return str(told)
    return where.settings.tunnel.public_url or None


def _app(where: Shop) -> Secrets:
    """Returns the secrets when they name an app; else the command ends."""
    secrets = secrets_of(where)
    missing = [name for name in ("TIKTOK_APP_ID", "TIKTOK_APP_SECRET") if not getattr(secrets, name.lower())]
    if missing:
        fail(f"{' and '.join(missing)} not set. Both are in TikTok's developer portal, on your app's page; set in .env")
    return secrets


@asynccontextmanager
async def _oauth(where: Shop, secrets: Secrets) -> AsyncIterator[OAuth]:
    async with OAuth(
        where.settings.tiktok.base_url, secrets.tiktok_app_id, secrets.tiktok_app_secret, clock=where.now
    ) as oauth:
        yield oauth


async def _current(where: Shop, secrets: Secrets) -> str | None:
    async with _subscriptions(where, secrets) as subscriptions:
        return await subscriptions.current()


async def _remove(where: Shop, secrets: Secrets) -> None:
    async with _subscriptions(where, secrets) as subscriptions:
        await subscriptions.delete()


def _subscriptions(where: Shop, secrets: Secrets) -> Subscriptions:
    return Subscriptions(where.settings.tiktok.base_url, secrets.tiktok_app_id, secrets.tiktok_app_secret)


def _ask(asking: Coroutine[Any, Any, T]) -> T:
    try:
        return asyncio.run(asking)
    except (TikTokError, ValueError) as fault:
        fail(str(fault))
