"""Bodies that nobody sane would send: whole ones, broken ones, and whole ones broken in one place; seeded."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

HOSTILE = (
    "",
    " ",
    "\x00",
    "\x1b]0;owned\x07",
    "\ud800",
    "\u202e\u200b\ufeff",
    "💥" * 40,
    "'; DROP TABLE messages; --",
    '" OR 1=1 --',
    "' UNION SELECT value FROM switches --",
    "../../../../etc/passwd",
    "..\\..\\windows",
    "%00%2e%2e%2f",
    "${jndi:ldap://x}",
    "{{7*7}}",
    "[red]markup[/red] [@click=app.quit]x[/]",
    '" NEAR( * ^ : AND NOT {text} -',
    "NEAR(a b, 99999999999999999999)",
    "a" * 5_000,
    "a*" * 500,
    "\n\r\t\b",
    "-1",
    "1e999",
    "NaN",
    "<script>alert(1)</script>",
    "Ā́̂̃" * 50,
)
"""Texts that mean something to SQL, FTS5, a path, a template, a terminal or markup, and odd ones."""

ODD: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    2**63,
    -(2**63) - 1,
    2**200,
    0.5,
    1e308,
    [],
    {},
    [[]],
    {"a": {"b": []}},
)

EVENTS = (
    "message.received", "im_receive_msg", "im_send_msg", "im_mark_read_msg", "im_receive_msg_eu", "im_send_msg_eu",
    "im_referral_msg", "im_new", "", "message",
)  # fmt: skip


def bodies(count: int, seed: int) -> Iterator[bytes]:
    """Yields so many bodies; the same seed gives the same ones."""
    rng = random.Random(seed)
    for number in range(count):
        choice = rng.random()
        if choice < 0.05:
            yield rng.randbytes(rng.randrange(0, 400))
            continue
        body = _written(_whole(rng, number), rng)
        if choice < 0.25:
            body = _bent(body, rng)
        yield body


def _whole(rng: random.Random, number: int) -> Any:
    event = rng.choice(EVENTS)
    if rng.random() < 0.4:
        message: dict[str, Any] = {"from_user_id": _word(rng), "content": _word(rng), "from_user_name": _word(rng)}
        given: Any = {"event": event, "event_id": f"f{number}", "timestamp": _odd(rng), "data": {"message": message}}
    else:
        kind = rng.choice(("text", "image", "share_post", "video", "emoji", "sticker", "reaction", "template", "x"))
        content: dict[str, Any] = {
            "from": _word(rng),
            "from_user": {"id": _word(rng), "role": rng.choice(("personal_account", "business_account", ""))},
            "to_user": {"id": "biz", "role": "business_account"},
            "conversation_id": f"c{rng.randrange(50)}" if rng.random() < 0.5 else _word(rng),
            "message_id": f"m{number}",
            "timestamp": _odd(rng),
            "type": kind,
            kind: {"body": _word(rng), "media_id": _word(rng), "video_id": _odd(rng)},
            "text": {"body": _word(rng)},
            "message_tag": {"source": rng.choice(("APP", "API", "", None))},
            "read": {"last_read_timestamp": _odd(rng)},
            "referenced_message_info": {"referenced_message_id": _word(rng)},
        }
        _spoil(content, rng)
        packed: Any = json.dumps(content) if rng.random() < 0.8 else content
        given = {"event": event, "user_openid": "biz", "create_time": _odd(rng), "content": packed}
    _spoil(given, rng)
    return given


def _spoil(given: dict[str, Any], rng: random.Random) -> None:
    """Changes or takes away a field in a third of the cases."""
    if rng.random() < 0.33:
        name = rng.choice(sorted(given))
        if rng.random() < 0.4:
            del given[name]
        else:
            given[name] = _odd(rng)


def _word(rng: random.Random) -> str:
    if rng.random() < 0.7:
        return rng.choice(HOSTILE)
    return "".join(
        chr(rng.choice((rng.randrange(32, 127), rng.randrange(1, 0xD7FF)))) for _ in range(rng.randrange(20))
    )


def _odd(rng: random.Random) -> Any:
    choice = rng.random()
    if choice < 0.4:
        return rng.randrange(1_700_000_000_000, 1_900_000_000_000)
    return rng.choice(ODD) if choice < 0.8 else _word(rng)


def _written(given: Any, rng: random.Random) -> bytes:
    return json.dumps(given, ensure_ascii=rng.random() < 0.5).encode("utf-8", "surrogatepass")


def _bent(body: bytes, rng: random.Random) -> bytes:
    """Cuts, doubles, or changes some bytes."""
    bent = bytearray(body)
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(bent) + 1)
        match rng.randrange(4):
            case 0:
                del bent[at:]
            case 1:
                bent[at:at] = rng.choice((b"{", b"}", b"[", b'"', b"\\", b"\xff", b"\x00", b"1e9999", b"NaN"))
            case 2:
                del bent[at : at + rng.randrange(1, 9)]
            case _:
                bent[at:at] = bent[: rng.randrange(1, 60)]
    return bytes(bent)
