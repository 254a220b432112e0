"""A plain HTTP client for the tests: whatever it asks, the simulator must take it from anyone."""

from __future__ import annotations

import httpx

TOKEN = "token-of-the-shop"


def browser(url: str, token: str | None = TOKEN) -> httpx.AsyncClient:
    """Returns a client of this address; it loads no certificates, which takes 25 ms and is for nothing here."""
    headers = {} if token is None else {"Access-Token": token}
    return httpx.AsyncClient(base_url=url, headers=headers, trust_env=False, verify=False, timeout=20)  # noqa: S501  # http
