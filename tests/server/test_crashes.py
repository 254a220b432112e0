"""Crash reports: what reaches the far end of SENTRY_DSN, and what never does."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys

from tests.end_to_end.recorder import Recorder, Request

CANARIES = ("customerwords", "token4711", "querysecret", "localvalue", "breadcrumbword")

BREAK = """
import logging, sys
import httpx, sentry_sdk
from server import crashes
assert crashes.start(sys.argv[1])
logging.getLogger("server.listener.app").warning("breadcrumbword")
sentry_sdk.add_breadcrumb(message="breadcrumbword", data={"url": "http://x/?secret=querysecret"})
sentry_sdk.set_user({"id": "customerwords"})
sentry_sdk.set_context("message", {"text": "customerwords"})
def broken(text):
    value = "localvalue"
    try:
        httpx.get("http://127.0.0.1:1/?secret=querysecret", headers={"Access-Token": "token4711"})
    except httpx.ConnectError as fault:
        raise ValueError(f"{text} could not be sent with {value} and token4711") from fault
try:
    broken("customerwords")
except ValueError:
    logging.getLogger("server.work").exception("a round of %s broke on %s", "deliver", "customerwords")
logging.getLogger("server.work").error("only a line about %s", "customerwords")
crashes.stop()
"""


def events_of(requests: list[Request]) -> list[str]:
    """The event items of the envelopes that arrived, as text."""
    found = []
    for request in requests:
        body = gzip.decompress(request.body) if request.headers.get("content-encoding") == "gzip" else request.body
        found.append(body.decode())
    return found


def test_a_report_tells_where_and_never_what() -> None:
    """An error arrives with its kind and its lines of code; no text, value, token, query or breadcrumb does."""
    with Recorder(lambda _request, _number: (200, {}, b"{}")) as far_end:
        dsn = far_end.url.replace("http://", "http://publickey@") + "/1"
        done = subprocess.run(
            [sys.executable, "-c", BREAK, dsn], capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        arrived = events_of(far_end.requests)
    assert len(arrived) == 2
    for word in CANARIES:
        assert not any(word in envelope for envelope in arrived), word
    first = json.loads(arrived[0].splitlines()[-1])
    kinds = [one["type"] for one in first["exception"]["values"]]
    assert kinds[-1] == "ValueError"
    assert first["exception"]["values"][-1]["stacktrace"]["frames"][-1]["function"] == "broken"
    assert first["logentry"] == {"message": "a round of %s broke on %s"}
    assert first["release"].startswith("philia@")
    assert "server_name" not in first or not first["server_name"]


def test_without_an_address_nothing_is_loaded() -> None:
    """No DSN means no sentry_sdk in the process; a wrong one is said in the log and stops nothing."""
    code = (
        "import sys; from server import crashes; assert not crashes.start(''); assert 'sentry_sdk' not in sys.modules;"
        "assert not crashes.start('no-such-thing')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "no-such-thing" not in done.stderr
