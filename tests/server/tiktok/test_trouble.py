"""When no answer comes, or half of one: what is certain is said, and nothing more."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time

import pytest

from server.tiktok.answer import Dialect
from server.tiktok.client import TikTokClient
from tests.server.tiktok.far_end import ACCEPTED, answer, far_end

DIALECTS: list[Dialect] = ["v1", "v1.3"]


@pytest.fixture(params=DIALECTS)
def dialect(request: pytest.FixtureRequest) -> Dialect:
    found: Dialect = request.param
    return found


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


async def test_a_refused_connection_never_left(dialect: Dialect) -> None:
    """With nobody listening the message certainly was not sent and may be tried again."""
    async with TikTokClient(f"http://127.0.0.1:{free_port()}", "b", "t") as client:
        read = await client.send(dialect, "u", "hi")
    assert (read.outcome, read.kind, read.status, read.answered) == ("not_sent", "connect", None, False)


async def test_a_name_that_does_not_resolve_never_left(dialect: Dialect, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that does not exist is a connection that never came about."""

    def unknown(*_args: object, **_named: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    async with TikTokClient("http://nowhere.invalid", "b", "t", timeout_seconds=5) as client:
        read = await client.send(dialect, "u", "hi")
    assert (read.outcome, read.kind) == ("not_sent", "connect")


async def test_a_connection_that_is_never_taken_never_left(dialect: Dialect) -> None:
    """When connecting itself takes longer than the timeout, no byte of the request can have left."""
    with socket.socket() as full, contextlib.ExitStack() as callers:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(2):  # Linux queues one more than asked; the next has to wait
            caller = callers.enter_context(socket.socket())
            caller.setblocking(False)
            caller.connect_ex(full.getsockname())
        async with TikTokClient(f"http://127.0.0.1:{full.getsockname()[1]}", "b", "t", timeout_seconds=0.3) as client:
            read = await client.send(dialect, "u", "hi")
    assert (read.outcome, read.kind) == ("not_sent", "connect")


@pytest.mark.parametrize("greeting", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b""])
async def test_a_handshake_that_fails_never_left(dialect: Dialect, greeting: bytes) -> None:
    """Where TLS was expected, plain words and silence are connections that never came about; no socket is left open."""
    silence = asyncio.Event()

    async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        if not greeting:
            await silence.wait()
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    address = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, TikTokClient(address, "b", "t", timeout_seconds=0.6) as client:
        read = await client.send(dialect, "u", "hi")
        silence.set()
    assert (read.outcome, read.kind) == ("not_sent", "connect")


async def test_silence_after_the_request_is_a_doubt(dialect: Dialect) -> None:
    """A server that takes the request and says nothing leaves the outcome unknown, and is no word of TikTok's."""

    async def silent(_writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    async with far_end(silent) as end, TikTokClient(end.url, "b", "t", timeout_seconds=0.2) as client:
        read = await client.send(dialect, "u", "hi")
        assert end.requests
    assert (read.outcome, read.kind, read.status, read.answered) == ("unknown", "timeout", None, False)


async def test_a_connection_cut_without_a_word_is_a_doubt(dialect: Dialect) -> None:
    """A connection lost after the request left is unknown, whether it was closed or reset."""

    async def reset(writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    for play in (b"", reset, b"HTTP/1.1 200 OK\r\nContent-Le"):
        async with far_end(play) as end, TikTokClient(end.url, "b", "t", timeout_seconds=5) as client:
            read = await client.send(dialect, "u", "hi")
        assert (read.outcome, read.kind, read.status, read.answered) == ("unknown", "cut", None, False)


async def test_what_is_not_http_is_a_doubt(dialect: Dialect) -> None:
    """Bytes that are no HTTP leave the outcome unknown."""
    async with far_end(b"SSH-2.0-OpenSSH_9.2\r\n\r\n") as end, TikTokClient(end.url, "b", "t") as client:
        read = await client.send(dialect, "u", "hi")
    assert (read.outcome, read.kind) == ("unknown", "cut")


async def test_a_yes_that_breaks_off_is_a_doubt(dialect: Dialect) -> None:
    """Half a body under a 200 is no yes: the missing half might have been the code of a refusal."""
    half = answer("200 OK", ACCEPTED)[:-10]
    async with far_end(half) as end, TikTokClient(end.url, "b", "t", timeout_seconds=5) as client:
        read = await client.send(dialect, "u", "hi")
    assert (read.outcome, read.kind, read.status, read.answered) == ("unknown", "cut", 200, False)


async def test_a_no_that_breaks_off_is_still_a_no(dialect: Dialect) -> None:
    """A status that refuses stands even when its page does not come whole."""
    for status, outcome in (("429 Too Many Requests", "not_sent"), ("400 Bad Request", "refused")):
        cut = answer(status, b"<html>....</html>")[:-5]
        async with far_end(cut) as end, TikTokClient(end.url, "b", "t", timeout_seconds=5) as client:
            assert (await client.send(dialect, "u", "hi")).outcome == outcome


async def test_a_body_that_drips_ends_with_the_timeout(dialect: Dialect) -> None:
    """The timeout is for the whole exchange: a byte every so often does not stretch it."""

    async def drip(writer: asyncio.StreamWriter) -> None:
        for byte in answer("200 OK", ACCEPTED):
            writer.write(bytes((byte,)))
            await writer.drain()
            await asyncio.sleep(0.05)

    async with far_end(drip) as end, TikTokClient(end.url, "b", "t", timeout_seconds=0.4) as client:
        began = time.monotonic()
        read = await client.send(dialect, "u", "hi")
        # 0.4 s were allowed and the drip lasts eight; the bound is wide for a busy machine.
        assert time.monotonic() - began < 4
    assert (read.outcome, read.kind, read.answered) == ("unknown", "timeout", False)


async def test_an_endless_body_is_not_read_to_its_end(dialect: Dialect) -> None:
    """A body past one megabyte is given up as unreadable; memory stays bounded."""
    flood = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + b"x" * 3_000_000
    async with far_end(flood) as end, TikTokClient(end.url, "b", "t", timeout_seconds=5) as client:
        read = await client.send(dialect, "u", "hi")
    assert (read.outcome, read.kind) == ("unknown", "cut")


async def test_a_cancellation_passes_through() -> None:
    """A cancelled send raises CancelledError: its caller has a doubt to record, and the client stays usable."""
    waited = asyncio.Event()

    async def play(writer: asyncio.StreamWriter) -> None:
        if not waited.is_set():
            waited.set()
            await asyncio.sleep(60)
        writer.write(answer("200 OK", ACCEPTED))

    async with far_end(play) as end, TikTokClient(end.url, "b", "t") as client:
        sending = asyncio.create_task(client.send("v1", "u", "hi"))
        await waited.wait()
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        assert (await client.send("v1", "u", "again")).outcome == "sent"


async def test_a_closed_client_answers_with_a_doubt_and_no_text(caplog: pytest.LogCaptureFixture) -> None:
    """An error nobody foresaw is a doubt, and its log line holds neither the message nor the token."""
    client = TikTokClient("http://127.0.0.1:9", "b", "secret-token")
    await client.aclose()
    read = await client.send("v1", "u", "private words")
    assert (read.outcome, read.kind) == ("unknown", "cut")
    assert "RuntimeError" in caplog.text
    assert "private words" not in caplog.text
    assert "secret-token" not in caplog.text
