"""What this TikTok refuses before any fault is played: requests that are not as documented."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request

from server.simulator.tokens import Tokens


class Wrong(Exception):
    """A request that TikTok refuses before any fault: a code, a status and words."""

    def __init__(self, code: int, message: str, status: int = 200) -> None:
        """Keeps what the answer will say."""
        super().__init__(message)
        self.code = code
        self.status = status


def check_token(tokens: Tokens, request: Request, status: int = 200) -> None:
    """Raises Wrong unless the request carries a token that is let in."""
    if not tokens.accepts(request.headers.get("access-token", "")):
        raise Wrong(40105, "Access token is incorrect or has been revoked.", status)


def read_json(body: bytes, status: int = 200) -> dict[str, Any]:
    """Returns the object in a body; raises Wrong."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise Wrong(40002, "The body is no JSON object.", status)
    return content
