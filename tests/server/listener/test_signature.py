"""The webhook signature against the published vector and against whoever tampers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.listener.signature import find_header, header_value, sign, verify

SECRET = "app-secret"
T = 1_701_090_882
BODY = (
    rb'{"client_key":"7623241219121414161","event":"im_receive_msg","create_time":1701090882,"user_openid":"-000biz",'
    rb'"content":"{\"conversation_id\":\"a+b==\",\"message_id\":\"m1==\",\"timestamp\":1701090879815,\"type\":\"text\",'
    rb'\"text\":{\"body\":\"hi\"}}"}'
)
DIGEST = "6f6bf9922a6066891abfe2b7a9b14a89cbd6328f71fc77054b8596a9f22b115c"
"""Of TikTok's formula over that body at that time; computed elsewhere."""


def test_the_published_vector() -> None:
    """The signature of the known body is the known one, and it verifies."""
    assert sign(SECRET, T, BODY) == DIGEST
    assert header_value(SECRET, T, BODY) == f"t={T},s={DIGEST}"
    assert verify(SECRET, f"t={T},s={DIGEST}", BODY, now=T) == "valid"


@pytest.mark.parametrize(
    ("header", "verdict"),
    [
        (None, "missing"),
        (f"t={T}, s={DIGEST}", "valid"),
        (f" s={DIGEST} , t={T} ", "valid"),
        (f"t={T},s={DIGEST.upper()}", "valid"),
        (f"t={T},s={DIGEST},v=1", "valid"),
        (f"t={T},s={DIGEST[:-1]}0", "wrong"),
        (f"t={T + 1},s={DIGEST}", "wrong"),
        (f"t=0{T},s={DIGEST}", "wrong"),
        ("", "malformed"),
        (f"t={T}", "malformed"),
        (f"s={DIGEST}", "malformed"),
        (f"t=,s={DIGEST}", "malformed"),
        (f"t=-5,s={DIGEST}", "malformed"),
        (f"t=1e9,s={DIGEST}", "malformed"),
        (f"t={T}.0,s={DIGEST}", "malformed"),
        (f"t={'9' * 400},s={DIGEST}", "malformed"),
        (f"t=\u0661,s={DIGEST}", "malformed"),
        (f"t={T},s={DIGEST[:-2]}", "malformed"),
        (f"t={T},s={'z' * 64}", "malformed"),
        (f"t={T},t={T},s={DIGEST}", "malformed"),
        (f"t={T},s={DIGEST},s={'0' * 64}", "malformed"),
    ],
)
def test_every_shape_of_the_header_has_its_verdict(header: str | None, verdict: str) -> None:
    """Blanks, order and letter case are forgiven; anything else is malformed or wrong, and never an exception."""
    assert verify(SECRET, header, BODY, now=T) == verdict


@pytest.mark.parametrize(
    ("now", "verdict"),
    [(T + 300, "valid"), (T - 300, "valid"), (T + 301, "stale"), (T - 301, "stale"), (T + 299.9, "valid")],
)
def test_the_tolerance_reaches_both_ways(now: float, verdict: str) -> None:
    """Five minutes early or late are valid, more is stale, and a forged one is wrong however old it is."""
    header = f"t={T},s={DIGEST}"
    assert verify(SECRET, header, BODY, now=now) == verdict
    assert verify("another", header, BODY, now=now) == "wrong"
    assert verify(SECRET, header, BODY, now=now, tolerance_seconds=10**6) == "valid"


def test_the_raw_bytes_count() -> None:
    """A body that means the same and is written differently is not the one that was signed; no secret, no trust."""
    header = f"t={T},s={DIGEST}"
    assert verify(SECRET, header, BODY.replace(b'","event', b'", "event'), now=T) == "wrong"
    assert verify(SECRET, header, BODY + b"\n", now=T) == "wrong"
    assert verify("", f"t={T},s={sign('', T, BODY)}", BODY, now=T) == "wrong"


def test_the_header_is_found_in_any_case_and_only_once() -> None:
    """The name is found however it is written; two different signatures are none."""
    assert find_header({"tiktok-signature": "a"}) == "a"
    assert find_header([("Host", "x"), ("TIKTOK-SIGNATURE", "a")]) == "a"
    assert find_header([("TikTok-Signature", "a"), ("tiktok-signature", "b")]) is None
    assert find_header({}) is None


@given(st.text(), st.binary(), st.text(), st.floats(allow_nan=False, allow_infinity=False))
def test_no_header_can_trip_the_check(secret: str, body: bytes, header: str, now: float) -> None:
    """Whatever a stranger sends, the answer is a verdict and never valid."""
    assert verify(secret, header, body, now=now) in {"malformed", "wrong"}
