"""A server that started while nobody could be signed in begins to send by itself once somebody is."""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from server import account, decisions, runtime
from server.secrets import Secrets
from server.settings import Settings
from server.tiktok.oauth import Tokens
from server.tokens import NAME, TokenBox, signin_of
from server.vault import KeyringVault
from store import outbox, signins
from store.clock import DAY
from store.database import Database, transaction
from tests.conftest import FakeClock
from tests.end_to_end.recorder import Answer, Recorder, Request
from tests.server.delivery.shop import add_conversation, settings_with
from tests.server.keyrings import WaitingKeyring
from tests.server.test_tokens import pointed_at


async def until(look: Callable[[], bool]) -> None:
    """Waits for a state; the test's own time limit ends a wait for one that never comes."""
    while not look():  # noqa: ASYNC110  # the state is another thread's row
        await asyncio.sleep(0.01)


def accept(request: Request, _number: int) -> Answer:
    """TikTok takes whatever is sent, and lists nothing."""
    data: dict[str, object] = {"messages": []}
    if request.path.endswith("/send/"):
        data = {"message": {"message_id": "p1"}}
    return 200, {}, json.dumps({"code": 0, "message": "OK", "request_id": "r", "data": data}).encode()


async def test_a_keyring_that_is_unlocked_later(
    db: sqlite3.Connection,
    db_path: Path,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Locked at the start: it listens, a reply waits, the owner is asked once. Unlocked: the reply leaves, unasked."""
    keyring = WaitingKeyring()
    box = TokenBox(KeyringVault(keyring, f"philia {db_path}"), db_path)
    tokens = Tokens("token-7", "refresh-7", "biz-7", ("message.list.send",), clock() + DAY, clock() + 300 * DAY)
    box.write(tokens, now=clock())
    with transaction(db):
        signins.note(db, signin_of(tokens, box, now=clock()), now=clock(), who="owner")
        conversation = add_conversation(db, "c1==", now=clock())
        put = decisions.send(db, conversation, "Hello!", now=clock(), settings=settings_with().delivery, send_now=True)
    keyring.unlocked.clear()
    monkeypatch.setattr("server.tokens.real_keyring", lambda: keyring)
    monkeypatch.setattr("server.vault.KEYRING_SECONDS", 0.02)
    monkeypatch.setitem(runtime.PERIODS, "join", 0.05)
    caplog.set_level(logging.ERROR)

    def state() -> str:
        return outbox.get(db, put.delivery_id).state

    looks: list[int] = []
    with Recorder(accept) as platform:
        settings = pointed_at(Settings(), platform.url)
        stop, ready = asyncio.Event(), asyncio.Event()
        serving = asyncio.create_task(
            runtime.serve(settings, Secrets(), db_path, stop=stop, announce=lambda _ready: ready.set(), clock=clock)
        )
        await ready.wait()
        real = account.find

        async def counted(secrets: Secrets, database: Database, *, said: set[str]) -> account.Account | None:
            looks.append(1)
            return await real(secrets, database, said=said)

        monkeypatch.setattr(account, "find", counted)
        await until(lambda: len(looks) >= 3)
        assert (state(), platform.requests) == ("held", [])
        assert keyring.asked == [NAME]
        assert [record.message for record in caplog.records].count(
            "nobody is signed in: The system keyring has not answered for 0 s; unlock it."
        ) == 1
        keyring.unlocked.set()
        await until(lambda: state() == "sent")
        sent = [request for request in platform.requests if request.path.endswith("/send/")]
        assert [request.headers["access-token"] for request in sent] == ["token-7"]
        stop.set()
        await serving
