"""Signing in: only the browser that this sign-in sent out is listened to, and every refusal is explained."""

from __future__ import annotations

import asyncio
from urllib.parse import urlencode

import httpx
import pytest

from server import signin
from server.signin import Callback, Returned, SignInError, code_of, missing, read_address

STATE = "state-of-this-sign-in"


async def get(address: str, **query: str) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False) as browser:
        return await browser.get(f"{address}?{urlencode(query)}")


async def test_only_the_state_of_this_sign_in_is_listened_to() -> None:
    """Another page's call is answered 400, another path 404, and the sign-in goes on waiting for the true one."""
    async with Callback(STATE, port=0) as callback:
        assert callback.address.startswith("http://127.0.0.1:")
        waiting = asyncio.create_task(callback.wait())
        for state in ("", "another", STATE + "x", STATE[:-1]):
            assert (await get(callback.address, state=state, code="forged")).status_code == 400
        assert (await get(callback.address.replace("callback", "else"), state=STATE, code="forged")).status_code == 404
        assert not waiting.done()
        answer = await get(callback.address, state=STATE, code="true", scopes="a,b")
        assert answer.status_code == 200
        assert "true" not in answer.text
        assert (answer.headers["cache-control"], answer.headers["referrer-policy"]) == ("no-store", "no-referrer")
        assert await waiting == Returned(state=STATE, code="true")
        await get(callback.address, state=STATE, code="second")
        assert (await callback.wait()).code == "true"


async def test_nonsense_does_not_end_the_waiting() -> None:
    """Half a request, bytes that are no HTTP, an endless line: the port stays open for the browser."""
    async with Callback(STATE, port=0) as callback:
        port = int(callback.address.split(":")[2].split("/")[0])
        for nonsense in (b"", b"\xff\xfe\r\n\r\n", b"GET " + b"x" * 100_000):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(nonsense)
            writer.close()
        assert (await get(callback.address, state=STATE, code="c")).status_code == 200
        assert (await callback.wait()).code == "c"


async def test_nothing_that_comes_back_and_a_taken_port_are_explained() -> None:
    """The owner reads the address to register, the other way to sign in, or another port to take."""
    async with Callback(STATE, port=0) as callback:
        with pytest.raises(SignInError, match=r"registered.*--paste"):
            await callback.wait(0.01)
        port = int(callback.address.split(":")[2].split("/")[0])
        with pytest.raises(SignInError, match="--port"):
            async with Callback(STATE, port=port):
                pass


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ({"error": "invalid_scope"}, "message.list.send"),
        ({"error": "server_error", "error_description": "Scope not approved"}, "message.list.manage"),
        ({"error": "access_denied"}, "declined"),
        ({"error": "x" * 500}, "try again"),
        ({}, "no code"),
    ],
)
def test_a_refusal_says_what_to_do(query: dict[str, str], told: str) -> None:
    """Scopes that are not approved, a no on TikTok's page, anything else: each has its words."""
    returned = read_address(f"http://127.0.0.1/callback/?{urlencode({'state': STATE, **query})}")
    with pytest.raises(SignInError, match=told) as fault:
        code_of(returned, STATE)
    assert len(str(fault.value)) < 400


def test_a_pasted_address_must_be_of_this_sign_in() -> None:
    """An address of another sign-in, or none at all, gives no code."""
    for address in ("", "nonsense", "http://h/?code=c", "http://h/?code=c&state=other", "http://h/?state=é&code=c"):
        with pytest.raises(SignInError, match="another sign-in"):
            code_of(read_address(address), STATE)
    assert code_of(read_address(f"https://shop.example/cb?code=a%2Bb&state={STATE}"), STATE) == "a+b"


def test_each_missing_scope_says_what_does_not_work() -> None:
    """One sentence a scope, none when all were granted."""
    assert missing(list(signin.WHAT_FOR)) == []
    (told,) = missing(["message.list.send", "message.list.read"])
    assert told.startswith("message.list.manage was not granted")


def test_states_do_not_repeat() -> None:
    """Every sign-in has its own word, long enough that nobody guesses it."""
    states = {signin.new_state() for _ in range(100)}
    assert len(states) == 100
    assert min(map(len, states)) >= 40
