"""Receiving, from outside: what is answered, what is stored, what is not."""

from __future__ import annotations

import json
import resource
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.end_to_end.recorder import Recorder, ok
from tests.end_to_end.shop import Shop, opened, signed, v1, v1_3, wait

SECRET = "app-secret"


@pytest.fixture(scope="module")
def platform() -> Iterator[Recorder]:
    with Recorder(ok) as recorder:
        yield recorder


@pytest.fixture
def open_shop(tmp_path: Path, platform: Recorder) -> Iterator[Shop]:
    """A shop that checks no signatures."""
    with opened(Shop(tmp_path / "shop", platform.url)) as shop:
        shop.serve()
        yield shop


@pytest.fixture
def closed_shop(tmp_path: Path, platform: Recorder) -> Iterator[Shop]:
    """A shop that has TikTok's secret, and so refuses what is not signed with it."""
    with opened(Shop(tmp_path / "shop", platform.url, TIKTOK_APP_SECRET=SECRET)) as shop:
        shop.serve()
        yield shop


def rows(shop: Shop, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(shop.database)) as db:
        return db.execute(query).fetchall()


def test_signatures_decide(closed_shop: Shop) -> None:
    """A right signature is taken, in either case of its header; a wrong, stale or missing one is 401 and not stored."""
    body = v1_3("m1==", "a+b==", "maria", "hi")
    right = signed(SECRET, body)
    assert closed_shop.post(body, headers=right) == (200, {"status": "accepted"})
    lower = {name.lower(): value.replace(",", ", ") for name, value in right.items()}
    assert closed_shop.post(body, headers=lower) == (200, {"status": "duplicate"})
    other = v1_3("m2==", "a+b==", "maria", "hello?")
    for headers in (
        {},
        signed("another-secret", other),
        signed(SECRET, body),
        signed(SECRET, other, at=time.time() - 3_600),
        signed(SECRET, other, at=time.time() + 3_600),
        {"TikTok-Signature": "t=,s="},
        {"TikTok-Signature": "x" * 5_000},
    ):
        status, answer = closed_shop.post(other, headers=headers)
        assert (status, answer["status"]) == (401, "refused")
    assert rows(closed_shop, "SELECT count(*) FROM inbound_events") == [(1,)]
    assert closed_shop.post(other, headers=signed(SECRET, other))[0] == 200


def test_duplicates_are_one_message(open_shop: Shop) -> None:
    """The same event, however often and by whichever retry, is one message and one draft."""
    bodies = [v1("e1", "ann", "is the suede jacket there?"), v1_3("m1", "c1", "ben", "hi")]
    for body in bodies:
        assert open_shop.post(body)[1] == {"status": "accepted"}
        for _ in range(3):
            assert open_shop.post(body)[1] == {"status": "duplicate"}
    for user in ("ann", "ben"):
        open_shop.draft(user)
    assert rows(open_shop, "SELECT count(*) FROM messages") == [(2,)]
    assert rows(open_shop, "SELECT count(*) FROM drafts WHERE state = 'ready'") == [(2,)]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"not json", 400),
        (b"[]", 400),
        (b'"text"', 400),
        (b"null", 400),
        (b"\xff\xfe", 400),
        (b'{"a":' * 5_000, 400),
        (b'{"event":"message.received","event_id":"n1","data":{"message":{"from_user_id":5}}}', 200),
        (b'{"event":"message.received","event_id":"n2","data":"x"}', 200),
        (b'{"event":"message.received","event_id":["x"],"data":{"message":{"from_user_id":"u","content":[1]}}}', 200),
        (b'{"event":"im_receive_msg","user_openid":"b","content":"{not json"}', 200),
        (b'{"event":"im_receive_msg","user_openid":7,"content":{"conversation_id":{}}}', 200),
        (b'{"event":"something.new","event_id":"n3"}', 200),
        (b"{}", 200),
        (b'{"event_id":"big","data":{"message":{"from_user_id":"u","content":"' + b"x" * 300_000 + b'"}}}', 413),
        (b'{"event_id":"n4","timestamp":1e999,"data":{"message":{"from_user_id":"u","content":"hi"}}}', 200),
        (b'{"event_id":"n5","timestamp":NaN,"data":{"message":{"from_user_id":"u","content":"\\ud800\\u0000"}}}', 200),
    ],
)
def test_bad_bodies_never_break_it(body: bytes, status: int, shared: Shop) -> None:
    """Whatever a body holds, the answer is a clear one and the listener lives on."""
    assert shared.post(body)[0] == status
    assert shared.get("/readyz")[0] == 200


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, platform: Recorder) -> Iterator[Shop]:
    with opened(Shop(tmp_path_factory.mktemp("shared") / "shop", platform.url)) as shop:
        shop.serve()
        yield shop


def test_unknown_and_unreadable_events_are_kept(open_shop: Shop) -> None:
    """An unknown event is kept and ignored; one that should be a message is poison, and counted for the owner."""
    assert open_shop.post(b'{"event":"something.new","event_id":"x1"}')[1] == {"status": "ignored"}
    assert open_shop.post(b'{"event":"message.received","event_id":"x2","data":{}}')[0] == 200
    assert rows(open_shop, "SELECT state FROM inbound_events ORDER BY id") == [("ignored",), ("poison",)]
    assert open_shop.json("status")["poison"] == 1


def test_only_three_routes_answer(open_shop: Shop) -> None:
    """Nothing but the webhook and the two checks exists, and a challenge is echoed."""
    assert open_shop.get("/healthz") == (200, b'{"status": "alive"}')
    status, ready = open_shop.get("/readyz")
    assert status == 200
    assert json.loads(ready)["database"] == "ok"
    for path in (
        "/",
        "/docs",
        "/openapi.json",
        "/metrics",
        "/webhook",
        "/healthz/",
        "/../etc/passwd",
        "/webhook/tiktok/",
    ):
        assert open_shop.get(path)[0] == 404
    assert open_shop.get("/webhook/tiktok?challenge=abc123") == (200, b"abc123")


def test_a_full_disk_is_503_and_loses_nothing(open_shop: Shop) -> None:
    """When the disk takes no more, a webhook is answered 503, never 200; the retry after it is taken."""
    assert open_shop.post(v1("e1", "ann", "hello"))[0] == 200
    open_shop.draft("ann")
    assert open_shop.server is not None
    pid = open_shop.server.pid
    # The kernel refuses to let any file of the server grow: what a full disk does to it.
    old = resource.prlimit(pid, resource.RLIMIT_FSIZE, (4_096, resource.RLIM_INFINITY))
    status, answer = open_shop.post(v1("e2", "ann", "are you there?"))
    assert (status, answer["status"]) == (503, "unavailable")
    assert open_shop.get("/healthz")[0] == 200
    resource.prlimit(pid, resource.RLIMIT_FSIZE, old)
    assert open_shop.post(v1("e2", "ann", "are you there?")) == (200, {"status": "accepted"})
    said = {row[0] for row in rows(open_shop, "SELECT dedupe_key FROM inbound_events")}
    assert said == {"v1:e1", "v1:e2"}


def test_killed_after_200_nothing_is_missing(open_shop: Shop) -> None:
    """Every webhook that was answered 200 is there after SIGKILL, and has its one effect after the next start."""
    keys = [f"e{number}" for number in range(60)]
    for key in keys:
        assert open_shop.post(v1(key, f"user-{key}", "hi"))[0] == 200
    assert open_shop.server is not None
    open_shop.server.kill()
    open_shop.stop()
    open_shop.serve()
    wait(lambda: rows(open_shop, "SELECT count(*) FROM messages") == [(60,)])
    assert {row[0] for row in rows(open_shop, "SELECT dedupe_key FROM inbound_events")} == {f"v1:{key}" for key in keys}


def test_a_port_in_use_is_said(tmp_path: Path, platform: Recorder) -> None:
    """A port that another program has ends the start with its number and what to do."""
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        shop = Shop(tmp_path / "shop", platform.url)
        shop.environment["PHILIA_LISTENER__PORT"] = str(port)
        said = shop.run("serve", status=1)
    assert str(port) in said
    assert "[listener] port" in said


def test_a_wrong_setting_is_named(tmp_path: Path, platform: Recorder) -> None:
    """A wrong value stops the start with 2, its name, its value and what is allowed."""
    shop = Shop(tmp_path / "shop", platform.url, PHILIA_AGENT__DRAFTER="robot")
    for command in (("serve",), ("status",), ("inbox", "list")):
        said = shop.run(*command, status=2)
        for word in ("[agent] drafter", "robot", "auto | model | house"):
            assert word in said


def test_a_second_server_is_refused(open_shop: Shop) -> None:
    """Two servers never work on one database; the second says who has it."""
    assert open_shop.server is not None
    assert str(open_shop.server.pid) in open_shop.run("serve", status=1)


def test_no_text_of_a_customer_is_in_the_log(open_shop: Shop) -> None:
    """The log tells what happened without anybody's words, and only the owner may read it."""
    open_shop.post(v1("e1", "ann", "my phone is 555-0100 xyzzy"))
    open_shop.draft("ann")
    open_shop.stop()
    log = open_shop.folder / "philia.log"
    assert "xyzzy" not in log.read_text("utf-8")
    for file in open_shop.folder.glob("shop.db*"):
        assert file.stat().st_mode & 0o077 == 0
    assert log.stat().st_mode & 0o077 == 0
