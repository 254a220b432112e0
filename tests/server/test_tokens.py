"""Tokens: renewed in time, by one at a time, kept before they are used, and never in a log."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import sqlite3
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from server import account
from server.secrets import Secrets
from server.settings import Settings
from server.simulator.run import CLIENT_KEY, SECRET, Simulator
from server.tiktok.oauth import OAuth, Tokens, authorize_url
from server.tokens import MARGIN, UNKNOWN_LIFE, Kept, Renewer, TokenBox, box_for, signin_of
from server.vault import KeyringVault, VaultError
from store import signins
from store.clock import DAY, HOUR
from store.database import Database, transaction
from tests.conftest import FakeClock
from tests.server.keyrings import WaitingKeyring

APP = Secrets(tiktok_app_id=CLIENT_KEY, tiktok_app_secret=SECRET)


@pytest.fixture
async def platform(clock: FakeClock) -> AsyncIterator[Simulator]:
    async with Simulator(clock=clock) as running:
        yield running


@pytest.fixture
def box(db_path: Path) -> TokenBox:
    return box_for(db_path, "file")


@pytest.fixture
async def database(db_path: Path) -> AsyncIterator[Database]:
    opened = Database(db_path)
    yield opened
    opened.close()


async def sign_in(platform: Simulator, box: TokenBox, db: sqlite3.Connection, clock: FakeClock) -> Kept:
    """Signs in over HTTP as a browser and `philia login` would, and keeps the tokens."""
    back = "http://127.0.0.1:9/callback/"
    async with httpx.AsyncClient() as browser:
        asked = authorize_url(CLIENT_KEY, back, "s", auth_url=f"{platform.url}/v2/auth/authorize")
        address = (await browser.get(asked)).headers["location"]
    async with OAuth(platform.url, CLIENT_KEY, SECRET, clock=clock) as oauth:
        tokens = await oauth.exchange(parse_qs(urlsplit(address).query)["code"][0], back)
    box.write(tokens, now=clock())
    with transaction(db):
        signins.note(db, signin_of(tokens, box, now=clock()), now=clock(), who="owner")
    return Kept(tokens, clock())


def renewer(
    platform: Simulator, box: TokenBox, kept: Kept, database: Database, clock: FakeClock
) -> tuple[Renewer, list[str]]:
    """Returns a renewer and the tokens it has had used."""
    used: list[str] = []
    settings = pointed_at(Settings(), platform.url)
    made = account.renewer(
        account.Account(kept.tokens.business_id, kept.tokens.access_token, box, kept),
        settings,
        APP,
        database=database,
        use=used.append,
        clock=clock,
    )
    assert made is not None
    return made, used


def pointed_at(settings: Settings, url: str) -> Settings:
    """Returns the settings with the simulator in the place of TikTok."""
    import msgspec

    return msgspec.structs.replace(settings, tiktok=msgspec.structs.replace(settings.tiktok, base_url=url))


def refreshes(platform: Simulator) -> int:
    return sum(1 for each in platform.requests() if each.path.endswith("/refresh_token/"))


async def test_a_token_is_renewed_before_it_ends_and_not_before_that(
    platform: Simulator, box: TokenBox, db: sqlite3.Connection, database: Database, clock: FakeClock
) -> None:
    """The clock's look does nothing until two hours before the end, then renews once, and the row says until when."""
    kept = await sign_in(platform, box, db, clock)
    keeper, used = renewer(platform, box, kept, database, clock)
    clock.advance(DAY - MARGIN - 1)
    await keeper.look_after()
    assert (used, refreshes(platform)) == ([], 0)
    clock.advance(1)
    await keeper.look_after()
    await keeper.look_after()
    assert refreshes(platform) == 1
    after = box.read()
    assert after is not None
    assert used == [after.tokens.access_token] != [kept.tokens.access_token]
    known = signins.find(db)
    assert known is not None
    assert (known.access_expires_at, known.error) == (clock() + DAY, None)
    assert platform.world.tokens.accepts(used[0])


async def test_new_tokens_are_kept_before_they_are_used(
    platform: Simulator, box: TokenBox, db: sqlite3.Connection, database: Database, clock: FakeClock
) -> None:
    """When the token is used, the refresh token that belongs to it is already in the file."""
    kept = await sign_in(platform, box, db, clock)
    seen: list[bool] = []

    def use(token: str) -> None:
        now_kept = box.read()
        assert now_kept is not None
        seen.append(now_kept.tokens.access_token == token)

    made = account.renewer(
        account.Account("b", kept.tokens.access_token, box, kept),
        pointed_at(Settings(), platform.url),
        APP,
        database=database,
        use=use,
        clock=clock,
    )
    assert made is not None
    assert await made.renew()
    assert seen == [True]


async def test_a_box_that_takes_nothing_means_no_new_token(
    platform: Simulator,
    box: TokenBox,
    db: sqlite3.Connection,
    database: Database,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A token that could not be kept is not used."""
    kept = await sign_in(platform, box, db, clock)
    keeper, used = renewer(platform, box, kept, database, clock)

    def full(_tokens: Tokens, *, now: int) -> None:
        raise VaultError("full")

    monkeypatch.setattr(box, "write", full)
    assert not await keeper.renew()
    assert used == []


async def test_a_keyring_that_waits_for_its_owner_holds_nobody_up(
    platform: Simulator,
    box: TokenBox,
    db: sqlite3.Connection,
    database: Database,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A keyring that does not answer is given up, and the next renewal works."""
    backend = WaitingKeyring()
    in_keyring = TokenBox(KeyringVault(backend, "philia test"), database.path)
    kept = await sign_in(platform, in_keyring, db, clock)
    keeper, used = renewer(platform, in_keyring, kept, database, clock)
    backend.unlocked.clear()
    monkeypatch.setattr("server.vault.KEYRING_SECONDS", 0.05)
    assert not await keeper.renew()
    backend.unlocked.set()
    monkeypatch.setattr("server.vault.KEYRING_SECONDS", 10.0)
    assert await keeper.renew()
    assert len(used) == 1


async def test_many_who_renew_at_once_ask_tiktok_once(
    platform: Simulator, box: TokenBox, db: sqlite3.Connection, database: Database, db_path: Path, clock: FakeClock
) -> None:
    """Two processes' renewers and three calls of each: one refresh, and both use its token."""
    kept = await sign_in(platform, box, db, clock)
    one, used = renewer(platform, box, kept, database, clock)
    other, used_too = renewer(platform, box_for(db_path, "file"), kept, database, clock)
    assert all(await asyncio.gather(*(each.renew() for each in (one, other) for _ in range(3))))
    assert refreshes(platform) == 1
    assert used == used_too


async def test_a_refused_renewal_is_told_and_not_tried_again(
    platform: Simulator,
    box: TokenBox,
    db: sqlite3.Connection,
    database: Database,
    clock: FakeClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The row says to sign in anew; the worthless token is not asked with twice; a new sign-in is taken over."""
    caplog.set_level(logging.DEBUG)
    kept = await sign_in(platform, box, db, clock)
    keeper, used = renewer(platform, box, kept, database, clock)
    async with OAuth(platform.url, CLIENT_KEY, SECRET, clock=clock) as oauth:
        await oauth.refresh(kept.tokens.refresh_token)  # somebody else has used it up
    assert not await keeper.renew()
    assert not await keeper.renew()
    assert refreshes(platform) == 2
    known = signins.find(db)
    assert known is not None
    assert known.error is not None
    assert "philia login" in known.error
    again = await sign_in(platform, box, db, clock)
    clock.advance(DAY)
    await keeper.look_after()
    assert used == [again.tokens.access_token]
    told = caplog.text + known.error
    for secret in (kept.tokens.access_token, kept.tokens.refresh_token, again.tokens.refresh_token, SECRET):
        assert secret not in told


async def test_a_platform_that_is_down_is_asked_again(
    platform: Simulator, box: TokenBox, db: sqlite3.Connection, database: Database, clock: FakeClock
) -> None:
    """A 5xx keeps the tokens as they are; the next look renews."""
    kept = await sign_in(platform, box, db, clock)
    keeper, used = renewer(platform, box, kept, database, clock)
    platform.fault("server_503", on="token")
    assert not await keeper.renew()
    known = signins.find(db)
    assert known is not None
    assert known.error is not None
    assert box.read() == kept
    assert await keeper.renew()
    known = signins.find(db)
    assert known is not None
    assert (known.error, len(used)) == (None, 1)


def test_when_a_token_is_due() -> None:
    """Two hours before the end of a day's token, a quarter before that of a short one, 20 h when nobody said."""
    tokens = Tokens("a", "r", "b", (), 0, 0)
    for life, due in ((DAY, DAY - 2 * HOUR), (HOUR, HOUR * 3 // 4), (0, UNKNOWN_LIFE)):
        assert Kept(dataclasses.replace(tokens, access_expires_at=1_000 + life), 1_000).due() == 1_000 + due


async def test_the_account_is_the_environments_or_the_one_that_signed_in(
    platform: Simulator, box: TokenBox, db: sqlite3.Connection, database: Database, clock: FakeClock
) -> None:
    """Nobody, then the sign-in with its business, then a fixed token that nobody renews."""
    assert await account.find(Secrets(), database) is None
    kept = await sign_in(platform, box, db, clock)
    found = await account.find(Secrets(), database)
    assert found is not None
    assert (found.business_id, found.access_token) == (kept.tokens.business_id, kept.tokens.access_token)
    assert kept.tokens.access_token not in repr(found)
    fixed = await account.find(Secrets(tiktok_business_id="b", tiktok_access_token="t"), database)
    assert fixed is not None
    assert (fixed.business_id, fixed.access_token, fixed.box) == ("b", "t", None)
    box.forget()
    assert await account.find(Secrets(), database) is None


async def test_tokens_are_in_a_private_file_and_not_in_the_database(
    platform: Simulator, box: TokenBox, db: sqlite3.Connection, db_path: Path, clock: FakeClock
) -> None:
    """The file is 0600, and no byte of a token is in the database or its log."""
    kept = await sign_in(platform, box, db, clock)
    file = Path(box.vault.where)

    def look() -> None:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        for part in db_path.parent.glob(f"{db_path.name}*"):
            if part != file:
                assert kept.tokens.refresh_token.encode() not in part.read_bytes()

    look()


async def test_a_keyring_that_went_away_is_told(db_path: Path, database: Database, db: sqlite3.Connection) -> None:
    """Tokens in the keyring of a desktop are not there for a service: nobody is signed in, and why is said."""
    with pytest.raises(VaultError, match="philia login"):
        box_for(db_path, "keyring")
    with transaction(db):
        signin = signins.SignIn(
            business_id="b",
            scopes=(),
            kept_in="keyring",
            access_expires_at=1,
            refresh_expires_at=1,
            refreshed_at=1,
        )
        signins.note(db, signin, now=1, who="owner")
    assert await account.find(Secrets(), database) is None
