"""Pictures: what customers send is drawn here, what the shop uploads is looked at."""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Mapping
from typing import Any, Final

from server.simulator.platform import Platform

UPLOAD_LIMIT: Final = 3 * 1024 * 1024
SIDE: Final = 48


def is_picture(content: bytes) -> bool:
    """Returns whether the bytes begin as JPG or PNG files do."""
    return content.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"))


def known(platform: Platform, asked: Mapping[str, Any]) -> bool:
    """Returns whether a conversation has a message with this medium in it."""
    conversation = platform.conversations.get(str(asked["conversation_id"]))
    return conversation is not None and any(
        message.message_id == asked["message_id"] and message.body.get("media_id") == asked["media_id"]
        for message in conversation.messages
    )


def picture(media_id: str) -> bytes:
    """Returns a small PNG, always the same for an id: two colours in stripes."""
    seed = hashlib.sha256(media_id.encode()).digest()
    one, two = seed[:3], seed[3:6]
    row = b"".join(one if x // 8 % 2 else two for x in range(SIDE))
    pixels = b"".join(b"\x00" + row for _ in range(SIDE))
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(pixels)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )
