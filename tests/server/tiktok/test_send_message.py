"""The call of the owner's specification: `send_message` returns, or raises by name."""

from __future__ import annotations

import logging

import pytest

from server.tiktok.client import TikTokClient
from server.tiktok.errors import (
    TikTokError,
    TikTokNoAnswer,
    TikTokRateLimitError,
    TikTokServerError,
    TikTokUnreachable,
    TikTokUnreadable,
)
from tests.server.tiktok.far_end import ACCEPTED, answer, envelope, far_end


async def test_200_returns() -> None:
    """An accepted message returns its answer, by default in dialect v1."""
    async with far_end(answer("200 OK")) as end, TikTokClient(end.url, "b", "t") as client:
        assert (await client.send_message("user", "hi")).outcome == "sent"
        assert end.head()[0].startswith("POST /open_api/v1/")


async def test_the_dialect_of_the_client_is_spoken() -> None:
    """A client built for v1.3 sends v1.3."""
    async with far_end(answer("200 OK", ACCEPTED)) as end, TikTokClient(end.url, "b", "t", dialect="v1.3") as client:
        assert (await client.send_message("conversation", "hi")).platform_id == "u5Bu+/2A=="
        assert end.head()[0].startswith("POST /open_api/v1.3/")


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden", "400 Bad Request"])
async def test_a_refusal_is_logged_with_its_reason_and_never_a_crash(
    status: str, caplog: pytest.LogCaptureFixture
) -> None:
    """401, 403 and the rest come back as refused; the reason is in the log, the message is not."""
    async with far_end(answer(status)) as end, TikTokClient(end.url, "b", "t") as client:
        with caplog.at_level(logging.WARNING):
            read = await client.send_message("user", "private words")
    assert read.outcome == "refused"
    assert status[:3] in caplog.text
    assert "private words" not in caplog.text


@pytest.mark.parametrize(
    ("wire", "error"),
    [
        (answer("429 Too Many Requests", b"", "Retry-After: 3"), TikTokRateLimitError),
        (answer("200 OK", envelope(40100)), TikTokRateLimitError),
        (answer("500 Internal Server Error"), TikTokServerError),
        (answer("503 Service Unavailable"), TikTokServerError),
        (answer("200 OK", envelope(51065)), TikTokServerError),
        (answer("202 Accepted"), TikTokUnreadable),
        (b"", TikTokNoAnswer),
    ],
)
async def test_trouble_is_raised_by_name(wire: bytes, error: type[TikTokError]) -> None:
    """429 raises TikTokRateLimitError, 5xx TikTokServerError, a lost connection TikTokNoAnswer."""
    async with far_end(wire) as end, TikTokClient(end.url, "b", "t") as client:
        with pytest.raises(error):
            await client.send_message("user", "hi")


async def test_the_pause_and_the_status_come_with_the_error() -> None:
    """The rate-limit error knows how long to wait, the server error which status it was."""
    slow_down = answer("429 Too Many Requests", b"", "Retry-After: 3")
    async with far_end(slow_down) as end, TikTokClient(end.url, "b", "t") as client:
        with pytest.raises(TikTokRateLimitError) as limited:
            await client.send_message("user", "hi")
    assert limited.value.retry_after == 3.0
    async with far_end(answer("502 Bad Gateway")) as end, TikTokClient(end.url, "b", "t") as client:
        with pytest.raises(TikTokServerError) as failed:
            await client.send_message("user", "hi")
    assert failed.value.status == 502


async def test_a_message_that_never_left_says_so() -> None:
    """With nobody listening the error is TikTokUnreachable."""
    async with TikTokClient("http://127.0.0.1:9", "b", "t") as client:
        with pytest.raises(TikTokUnreachable):
            await client.send_message("user", "hi")
