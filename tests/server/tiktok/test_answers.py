"""What an answer means, from the bytes of the answer to the outcome; the table is that of docs, not of the code."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.tiktok import v1, v1_3
from server.tiktok.answer import Dialect
from server.tiktok.client import TikTokClient
from server.tiktok.reply import Reply
from tests.server.tiktok.far_end import ACCEPTED, answer, envelope, far_end

HTML = b"<html><body>Bad Request</body></html>"
ID = "u5Bu+/2A=="


@dataclass
class Case:
    """An answer's bytes and what is to come of them: outcome, kind, code, id, TikTok's own word, pause."""

    dialect: Dialect
    wire: bytes
    outcome: str
    kind: str
    code: int | None = None
    platform_id: str | None = None
    answered: bool = True
    retry_after: float | None = None


CASES = {
    "v1 200 empty": Case("v1", answer("200 OK"), "sent", "accepted"),
    "v1 200 text": Case("v1", answer("200 OK", b"ok"), "sent", "accepted"),
    "v1 200 html": Case("v1", answer("200 OK", HTML), "sent", "accepted"),
    "v1 200 json without code": Case("v1", answer("200 OK", b'{"status":"ok"}'), "sent", "accepted"),
    "v1 200 json list": Case("v1", answer("200 OK", b"[1]"), "sent", "accepted"),
    "v1 200 code null": Case("v1", answer("200 OK", b'{"code":null}'), "sent", "accepted"),
    "v1 200 code 0": Case("v1", answer("200 OK", b'{"code":0}'), "sent", "accepted", 0),
    "v1 200 with an id": Case("v1", answer("200 OK", ACCEPTED), "sent", "accepted", 0, ID),
    "v1 200 code 40064": Case("v1", answer("200 OK", envelope(40064, "blocked")), "refused", "window", 40064),
    "v1 200 code 40100": Case("v1", answer("200 OK", envelope(40100)), "not_sent", "rate_limited", 40100),
    "v1 200 code 51065": Case("v1", answer("200 OK", envelope(51065)), "unknown", "server_error", 51065),
    "v1 200 code in words": Case("v1", answer("200 OK", b'{"code":"E_FAIL"}'), "unknown", "server_error", -1),
    "v1 202": Case("v1", answer("202 Accepted"), "unknown", "unreadable", answered=False),
    "v1 302": Case("v1", answer("302 Found", b"", "Location: /x"), "refused", "refused"),
    "v1 400": Case("v1", answer("400 Bad Request", HTML), "refused", "refused"),
    "v1 401": Case("v1", answer("401 Unauthorized"), "refused", "auth"),
    "v1 403": Case("v1", answer("403 Forbidden"), "refused", "window"),
    "v1 404": Case("v1", answer("404 Not Found"), "refused", "refused"),
    "v1 429": Case("v1", answer("429 Too Many Requests"), "not_sent", "rate_limited"),
    "v1 429 wait": Case(
        "v1", answer("429 Too Many Requests", b"", "Retry-After: 7"), "not_sent", "rate_limited", retry_after=7.0
    ),
    "v1 500": Case("v1", answer("500 Internal Server Error", HTML), "not_sent", "server_error"),
    "v1 503": Case("v1", answer("503 Service Unavailable"), "not_sent", "server_error"),
    "v1.3 accepted": Case("v1.3", answer("200 OK", ACCEPTED), "sent", "accepted", 0, ID),
    "v1.3 40001": Case("v1.3", answer("200 OK", envelope(40001)), "refused", "refused", 40001),
    "v1.3 40002": Case("v1.3", answer("200 OK", envelope(40002)), "refused", "refused", 40002),
    "v1.3 40007": Case("v1.3", answer("200 OK", envelope(40007)), "refused", "refused", 40007),
    "v1.3 40064": Case("v1.3", answer("200 OK", envelope(40064, "blocked")), "refused", "window", 40064),
    "v1.3 too fast": Case(
        "v1.3",
        answer("200 OK", envelope(40064, "You are sending messages too fast. Take a rest.")),
        "refused",
        "too_fast",
        40064,
    ),
    "v1.3 40100": Case("v1.3", answer("200 OK", envelope(40100)), "not_sent", "rate_limited", 40100),
    "v1.3 40100 wait": Case(
        "v1.3",
        answer("200 OK", envelope(40100), "Retry-After: 2.5"),
        "not_sent",
        "rate_limited",
        40100,
        retry_after=2.5,
    ),
    "v1.3 40105": Case("v1.3", answer("200 OK", envelope(40105)), "refused", "auth", 40105),
    "v1.3 40908": Case("v1.3", answer("200 OK", envelope(40908)), "refused", "refused", 40908),
    "v1.3 51065": Case("v1.3", answer("200 OK", envelope(51065)), "unknown", "server_error", 51065),
    "v1.3 a code nobody knows": Case("v1.3", answer("200 OK", envelope(60001)), "unknown", "server_error", 60001),
    "v1.3 a 4xxxx nobody knows": Case("v1.3", answer("200 OK", envelope(41234)), "refused", "refused", 41234),
    "v1.3 code as text": Case("v1.3", answer("200 OK", b'{"code":"40100"}'), "not_sent", "rate_limited", 40100),
    "v1.3 no id": Case("v1.3", answer("200 OK", envelope(0)), "unknown", "unreadable", 0, answered=False),
    "v1.3 id elsewhere": Case(
        "v1.3", answer("200 OK", envelope(0, "OK", {"message_id": ID})), "unknown", "unreadable", 0, answered=False
    ),
    "v1.3 empty id": Case(
        "v1.3",
        answer("200 OK", envelope(0, "OK", {"message": {"message_id": ""}})),
        "unknown",
        "unreadable",
        0,
        answered=False,
    ),
    "v1.3 id is a number": Case(
        "v1.3",
        answer("200 OK", envelope(0, "OK", {"message": {"message_id": 5}})),
        "unknown",
        "unreadable",
        0,
        answered=False,
    ),
    "v1.3 data is a list": Case(
        "v1.3", answer("200 OK", envelope(0, "OK", [1])), "unknown", "unreadable", 0, answered=False
    ),
    "v1.3 200 html": Case("v1.3", answer("200 OK", HTML), "unknown", "unreadable", answered=False),
    "v1.3 200 empty": Case("v1.3", answer("200 OK"), "unknown", "unreadable", answered=False),
    "v1.3 204": Case("v1.3", answer("204 No Content"), "unknown", "unreadable", answered=False),
    "v1.3 deep json": Case("v1.3", answer("200 OK", b"[" * 100_000), "unknown", "unreadable", answered=False),
    "v1.3 400 html": Case("v1.3", answer("400 Bad Request", HTML), "refused", "refused"),
    "v1.3 400 with a code": Case("v1.3", answer("400 Bad Request", envelope(40100)), "not_sent", "rate_limited", 40100),
    "v1.3 400 that says OK": Case(
        "v1.3", answer("400 Bad Request", ACCEPTED), "unknown", "unreadable", 0, answered=False
    ),
    "v1.3 401": Case("v1.3", answer("401 Unauthorized"), "refused", "auth"),
    "v1.3 404": Case("v1.3", answer("404 Not Found", b"404 page not found"), "refused", "refused"),
    "v1.3 429": Case("v1.3", answer("429 Too Many Requests"), "not_sent", "rate_limited"),
    "v1.3 500": Case("v1.3", answer("500 Internal Server Error"), "unknown", "server_error"),
    "v1.3 500 that says OK": Case("v1.3", answer("500 Internal Server Error", ACCEPTED), "unknown", "server_error", 0),
    "v1.3 502 html": Case("v1.3", answer("502 Bad Gateway", HTML), "unknown", "server_error"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
async def test_each_answer_means_what_the_table_says(case: Case) -> None:
    """Every documented answer, and every undocumented one seen in the wild, has exactly one outcome."""
    async with far_end(case.wire) as end, TikTokClient(end.url, "b", "t", timeout_seconds=5) as client:
        read = await client.send(case.dialect, "u", "hi")
    assert (read.outcome, read.kind, read.code, read.platform_id, read.answered, read.retry_after) == (
        case.outcome,
        case.kind,
        case.code,
        case.platform_id,
        case.answered,
        case.retry_after,
    )
    assert read.status == int(case.wire.split()[1])
    assert read.reason


def test_the_request_number_is_kept_for_support() -> None:
    """TikTok's number for a call is taken from the body, else from the header of its gateway."""
    assert v1_3.read_send(Reply(200, {}, ACCEPTED), 0).request_id == "2026r1"
    assert v1_3.read_send(Reply(502, {"x-tt-logid": "log-9"}, b""), 0).request_id == "log-9"


NOW = 1_767_225_600_000  # Thu, 01 Jan 2026 00:00:00 GMT


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "-5"}, 0.0),
        ({"retry-after": "1e999"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "Thu, 01 Jan 2026 00:00:30 GMT"}, 30.0),
        ({"retry-after": "Wed, 31 Dec 2025 23:00:00 GMT"}, 0.0),
        # The clock here is wrong by an hour; TikTok's own Date decides.
        ({"retry-after": "Thu, 01 Jan 2026 01:00:30 GMT", "date": "Thu, 01 Jan 2026 01:00:00 GMT"}, 30.0),
    ],
)
def test_retry_after_is_read_in_both_forms(headers: dict[str, str], seconds: float | None) -> None:
    """Seconds and dates are understood, nonsense is no pause, a past date is no negative one."""
    assert v1.read_send(Reply(429, headers), NOW).retry_after == seconds


@given(
    dialect=st.sampled_from(["v1", "v1.3"]),
    status=st.integers(100, 599),
    body=st.one_of(
        st.binary(max_size=200),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.sampled_from(["code", "data", "message", "message_id", "request_id"]), inner)
            ),
            max_leaves=12,
        ).map(lambda value: json.dumps(value).encode()),
    ),
    headers=st.dictionaries(st.sampled_from(["retry-after", "date", "x-tt-logid"]), st.text(max_size=40)),
    broken=st.sampled_from([None, "cut", "timeout"]),
)
def test_no_answer_can_trip_the_reader(
    dialect: Dialect, status: int, body: bytes, headers: dict[str, str], broken: object
) -> None:
    """Whatever comes is read without an exception; only a whole 200 is ever a yes, and v1.3 never without an id."""
    reply = Reply(status, headers, body, broken)  # type: ignore[arg-type]  # one of the three
    read = (v1 if dialect == "v1" else v1_3).read_send(reply, NOW)
    assert read.outcome in ("sent", "not_sent", "refused", "unknown")
    if read.outcome == "sent":
        assert (status, broken) == (200, None)
        assert dialect == "v1" or read.platform_id
    assert read.reason.isprintable()
    assert len(read.reason) < 400
