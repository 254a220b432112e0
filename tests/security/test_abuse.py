"""Forged, replayed, slow, endless, too many: what the listener does with callers who mean no good."""

from __future__ import annotations

import hashlib
import hmac
import json
import random
import socket
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from server.listener import app, serving
from tests.security.listening import PATH, SECRET, listening


def body_of(number: int, business: str = "biz") -> bytes:
    content = {"conversation_id": "c1", "message_id": f"m{number}", "type": "text", "text": {"body": "hi"}}
    return json.dumps({"event": "im_receive_msg", "user_openid": business, "content": json.dumps(content)}).encode()


def signed(body: bytes, *, secret: str = SECRET, at: float | None = None) -> dict[str, str]:
    t = int(time.time() if at is None else at)
    digest = hmac.new(secret.encode(), f"{t}.".encode() + body, hashlib.sha256).hexdigest()
    return {"TikTok-Signature": f"t={t},s={digest}"}


def test_forged_signatures(db_path: Path) -> None:
    """No change of a right signature, of its time or of the body is taken; nor a second header beside the right one."""
    rng = random.Random(3)
    body = body_of(1)
    right = signed(body)["TikTok-Signature"]
    t, digest = right.split(",s=")
    forged = [
        right[:-1],
        f"{right}0",
        f"{t},s={digest[::-1]}",
        f"{t},s=",
        f"{t},s={'0' * 64}",
        f"t={int(t[2:]) + 1},s={digest}",
        f"t=-{t[2:]},s={digest}",
        f"{t}.0,s={digest}",
        f"{t},{t},s={digest}",
        f"{right},s={digest}",
        f"s={digest}",
        f"{t},s={hashlib.sha256(body).hexdigest()}",
        f"{t},s={hmac.new(b'', f'{t[2:]}.'.encode() + body, hashlib.sha256).hexdigest()}",
        f"{t},s={hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()}",
    ]
    for _ in range(40):
        at = rng.randrange(len(digest))
        other = rng.choice([sign for sign in "0123456789abcdef" if sign != digest[at]])
        forged.append(f"{t},s={digest[:at]}{other}{digest[at + 1 :]}")
    with listening(db_path, secret=SECRET) as listener:
        for value in forged:
            assert listener.ask(body=body, headers={"TikTok-Signature": value})[0] == 401, value
        for at in range(0, len(body), 7):
            bent = body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]
            assert listener.ask(body=bent, headers={"TikTok-Signature": right})[0] == 401
        twice = f"TikTok-Signature: {right}\r\ntiktok-signature: {forged[4]}\r\n"
        said = listener.raw(
            f"POST {PATH} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{twice}"
            f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        assert said.startswith(b"HTTP/1.1 401")
        assert listener.ask(body=body, headers={"TikTok-Signature": right})[0] == 200


def test_replays(db_path: Path) -> None:
    """A replay of a right webhook is a duplicate, an old one is refused, and neither has a second effect."""
    body = body_of(1)
    headers = signed(body)
    with listening(db_path, secret=SECRET) as listener:
        assert listener.ask(body=body, headers=headers) == (200, b'{"status": "accepted"}')
        for _ in range(5):
            assert listener.ask(body=body, headers=headers) == (200, b'{"status": "duplicate"}')
        assert listener.ask(body=body_of(2), headers=headers)[0] == 401
        for age in (-301, 301, 86_400, 10**9):
            late = body_of(3)
            status, said = listener.ask(body=late, headers=signed(late, at=time.time() - age))
            assert (status, b"stale" in said) == (401, True)


def test_unsigned_callers_share_one_limit(db_path: Path) -> None:
    """Callers without a right signature get 429 together, whatever they call themselves; TikTok's own go on."""
    with listening(db_path, secret=SECRET, unverified=20) as listener:
        statuses = [
            listener.ask(body=body_of(n, f"b{n}"), headers={"X-Forwarded-For": f"10.0.0.{n}"})[0] for n in range(30)
        ]
        assert set(statuses[:19]) == {401}
        assert statuses[-1] == 429
        assert listener.ask(body=body_of(99), headers=signed(body_of(99)))[0] == 200


def test_a_business_has_its_own_limit(db_path: Path) -> None:
    """Too many events of one verified business are 429 with when to come again; another business is not held up."""
    with listening(db_path, secret=SECRET, per_business=10) as listener:
        statuses = [listener.ask(body=body_of(n), headers=signed(body_of(n)))[0] for n in range(20)]
        assert statuses.count(200) >= 10
        assert statuses[-1] == 429
        other = body_of(100, "another")
        assert listener.ask(body=other, headers=signed(other))[0] == 200


def test_unsigned_businesses_are_one(db_path: Path) -> None:
    """Where no signature is required, a new business name each time does not get round the limit."""
    with listening(db_path, per_business=10) as listener:
        assert [listener.ask(body=body_of(n, f"b{n}"))[0] for n in range(20)][-1] == 429


def test_sizes(db_path: Path) -> None:
    """A body over the limit is 413 whether its length is told, hidden in chunks, or a lie; nothing is stored."""
    start = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    with listening(db_path, body_limit=1_000) as listener:
        assert listener.ask(body=b"x" * 1_001)[0] == 413
        told = listener.raw(f"{start}Content-Length: 999999999999\r\n\r\n".encode())
        assert told.startswith(b"HTTP/1.1 413")
        chunk = b"3e8\r\n" + b"x" * 1_000 + b"\r\n"
        chunked = listener.raw(f"{start}Transfer-Encoding: chunked\r\n\r\n".encode() + chunk * 3)
        assert chunked.startswith(b"HTTP/1.1 413")
        for length in ("-1", "1e3", "0x10", "1, 2", "9" * 40):
            said = listener.raw(f"{start}Content-Length: {length}\r\n\r\n{{}}".encode())
            assert said.startswith((b"HTTP/1.1 400", b"HTTP/1.1 413")), (length, said)
        both = listener.raw(f"{start}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x".encode())
        assert b"HTTP/1.1 5" not in both
        assert listener.ask("GET", "/readyz")[0] == 200


def test_header_floods(db_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Endless, huge, many or malformed headers end in 400 or a closed connection, never in 5xx or a dead listener."""
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\n"
    floods = [
        head + "X-A: " + "a" * 20_000,
        head + "X-A: b\r\n" * 4_000,
        "POST /" + "a" * 20_000,
        head + "\x00: x\r\n\r\n",
        head + "X: a\rb\r\n\r\n",
        head + " folded: x\r\n\r\n",
        "GET  / HTTP/1.1\r\n\r\n",
        "GET / HTTP/9.9\r\nHost: x\r\n\r\n",
        "GET /%ff%fe%00/../.. HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        "GET /é HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        "\r\n" * 20 + "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    ]
    monkeypatch.setattr(serving, "KEEP_ALIVE_SECONDS", 1)
    monkeypatch.setattr(serving, "HEADER_SECONDS", 0.5)
    with listening(db_path) as listener:
        for flood in floods:
            said = listener.raw(flood.encode("latin-1") + b"\r\n\r\n")
            assert b"HTTP/1.1 5" not in said, (flood[:60], said)
            assert listener.ask("GET", "/healthz")[0] == 200


def test_slow_callers(db_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who sends no headers is hung up on, who sends no body is told 408, and meanwhile others are served."""
    monkeypatch.setattr(serving, "HEADER_SECONDS", 0.4)
    monkeypatch.setattr(app, "BODY_SECONDS", 0.4)
    with listening(db_path) as listener, ExitStack() as open_wires:
        idle = [
            open_wires.enter_context(socket.create_connection(("127.0.0.1", listener.port), timeout=20))
            for _ in range(50)
        ]
        for number, wire in enumerate(idle):
            wire.sendall((b"", b"POST ", f"POST {PATH} HTTP/1.1\r\nHost: x\r\nX-A: ".encode())[number % 3])
        assert listener.ask(body=body_of(1))[0] == 200
        for wire in idle:
            assert wire.recv(1_000) == b""
        # A kept connection is no excuse: the second request is waited for no longer than the first.
        again = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{{}}POST ".encode()
        began = time.monotonic()
        assert listener.raw(again).startswith(b"HTTP/1.1 200")
        assert time.monotonic() - began < serving.KEEP_ALIVE_SECONDS / 2
        slow = listener.raw(f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{{".encode())
        assert slow.startswith(b"HTTP/1.1 408")


def test_too_many_connections_are_turned_away(db_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Above the bound callers get 503 and TikTok tries again; when the others go, it answers as before."""
    monkeypatch.setattr(serving, "CONNECTIONS", 8)
    with listening(db_path) as listener:
        with ExitStack() as open_wires:
            for _ in range(8):
                open_wires.enter_context(socket.create_connection(("127.0.0.1", listener.port)))
            assert listener.ask("GET", "/healthz")[0] == 503
        until = time.monotonic() + 10
        while listener.ask("GET", "/healthz")[0] != 200:
            assert time.monotonic() < until


def test_only_three_routes(db_path: Path) -> None:
    """No other path and no other method answers anything but 404 or 405."""
    with listening(db_path) as listener:
        for path in (
            "/",
            "/docs",
            "/redoc",
            "/openapi.json",
            "/metrics",
            "/favicon.ico",
            f"{PATH}/",
            "/readyz/x",
            "//",
        ):
            for method in ("GET", "POST"):
                assert listener.ask(method, path)[0] == 404, path
        for path in (PATH, "/healthz", "/readyz"):
            for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"):
                assert listener.ask(method, path)[0] == 405, (method, path)
        echo = listener.ask("GET", f"{PATH}?challenge=%3Cscript%3E{'x' * 3_000}")
        assert echo[0] == 200
        assert len(echo[1]) == 512
