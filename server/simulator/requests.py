"""What came in, kept as it came, so that a test can look at the bytes; secrets are masked."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any, Final

from starlette.requests import Request

KEPT: Final = 20_000
"""Bytes of a body that are kept: a picture of three megabytes would only fill the memory."""

SECRET_HEADERS: Final = frozenset({"access-token", "x-user", "authorization"})
SECRET_FIELDS: Final = re.compile(
    r'("(?:client_secret|secret|access_token|refresh_token|auth_code)"\s*:\s*")([^"\\]*)"|((?:^|&)secret=)([^&]*)'
)


@dataclass(slots=True)
class Recorded:
    """One request: headers in the order they came, names in lower case, the body as text, and what was answered.

    `fault` and `status` are filled in by the handler; a status of None means that no answer was given.
    """

    number: int
    at: int
    method: str
    path: str
    query: str
    headers: list[tuple[str, str]]
    body: str
    size: int
    fault: str | None = None
    status: int | None = None
    code: int | None = None

    @property
    def request_id(self) -> str:
        """The platform's own number for this request, as it stands in the answer."""
        return f"20260101{self.number:012d}"

    def as_json(self) -> dict[str, Any]:
        """Returns what the control API shows."""
        return asdict(self)


def record(request: Request, body: bytes, *, number: int, at: int) -> Recorded:
    """Returns the record of a request with its secrets masked."""
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw]
    return Recorded(
        number=number,
        at=at,
        method=request.method,
        path=request.url.path,
        query=SECRET_FIELDS.sub(_mask_match, request.url.query),
        headers=[(name, mask(value) if name.lower() in SECRET_HEADERS else value) for name, value in headers],
        body=SECRET_FIELDS.sub(_mask_match, body[:KEPT].decode("utf-8", "replace")),
        size=len(body),
    )


def mask(secret: str) -> str:
    """Returns a secret with all but its last four characters hidden; a short one is hidden whole."""
    return "***" + (secret[-4:] if len(secret) > 8 else "")


def _mask_match(match: re.Match[str]) -> str:
    if match.group(1) is not None:
        return f'{match.group(1)}{mask(match.group(2))}"'
    return f"{match.group(3)}{mask(match.group(4))}"
