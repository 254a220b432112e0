"""The signature of TikTok's webhooks: HMAC-SHA256 over the time and the raw body.

Header `TikTok-Signature: t=<unix seconds>,s=<hex>`. Source: TikTok's webhook documentation; the blank after the
comma and the wide tolerance come from live integrations, where TikTok's own sample (5 s) dropped real messages.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Mapping
from typing import Final, Literal

HEADER: Final = "TikTok-Signature"
TOLERANCE_SECONDS: Final = 300

Verdict = Literal["valid", "missing", "malformed", "stale", "wrong"]
"""valid · missing (no header) · malformed (not `t=…,s=…`) · stale (the right secret, too old or too far ahead) ·
wrong (not signed with this secret, or the body was changed)."""

TIME: Final = re.compile(r"[0-9]{1,15}")
DIGEST: Final = re.compile(r"[0-9a-f]{64}", re.IGNORECASE)


def sign(secret: str, t: int | str, body: bytes) -> str:
    """Returns the hex signature of a body at time `t` (unix seconds, as it stands in the header)."""
    return hmac.digest(secret.encode(), f"{t}.".encode() + body, "sha256").hex()


def header_value(secret: str, t: int, body: bytes) -> str:
    """Returns the value of the `TikTok-Signature` header."""
    return f"t={t},s={sign(secret, t, body)}"


def find_header(headers: Mapping[str, str] | Iterable[tuple[str, str]]) -> str | None:
    """Returns the signature header's value whatever the case of its name; None without one or with two that differ."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    found = {value for name, value in pairs if name.lower() == HEADER.lower()}
    return found.pop() if len(found) == 1 else None


def verify(
    secret: str, header: str | None, body: bytes, *, now: float, tolerance_seconds: float = TOLERANCE_SECONDS
) -> Verdict:
    """Returns whether the raw body was signed with the secret near `now` (unix seconds), early or late.

    The digest is compared in constant time and before the age, so that only the secret's holder learns of `stale`.
    An empty secret verifies nothing.
    """
    if header is None:
        return "missing"
    parts = [part.strip().partition("=") for part in header.split(",")]
    fields = {name.strip(): value.strip() for name, _, value in parts}
    t, s = fields.get("t", ""), fields.get("s", "")
    if len(parts) != len(fields) or not TIME.fullmatch(t) or not DIGEST.fullmatch(s):
        return "malformed"
    if not secret or not hmac.compare_digest(sign(secret, t, body), s.lower()):
        return "wrong"
    return "valid" if abs(now - int(t)) <= tolerance_seconds else "stale"
