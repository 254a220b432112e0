"""What TikTok said to a send, as one value: the delivery sender decides on it and on nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Dialect = Literal["v1", "v1.3"]
"""The two forms of TikTok's message API that Philia speaks."""

Outcome = Literal["sent", "not_sent", "refused", "unknown"]
"""sent: TikTok accepted it · not_sent: certainly not accepted, may be tried again · refused: certainly not accepted,
trying again is no use · unknown: only evidence or the owner can tell."""

Kind = Literal[
    "accepted",
    "rate_limited",
    "auth",
    "window",
    "too_fast",
    "refused",
    "server_error",
    "connect",
    "cut",
    "timeout",
    "unreadable",
]
"""accepted · rate_limited (429, 40100) · auth (401, 40105) · window (403 in v1, 40064) · too_fast (40064 with those
words) · refused (any other no) · server_error (5xx, 51065) · connect (never left) · cut (left, connection lost) ·
timeout (left, no whole answer in time) · unreadable (answered, but neither yes nor no)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The outcome of one attempt to send.

    `status` is the HTTP status, None when none came. `code` is TikTok's own, None when none was readable.
    `platform_id` is TikTok's message id. `reason` is a sentence for the owner. `retry_after` is in seconds.
    `answered` tells whether TikTok's own word came through, a yes or a no: a 5xx and 51065 are one, a lost
    connection and a 200 that cannot be read are none. Only with it may an absent message be sent again.
    """

    outcome: Outcome
    kind: Kind
    reason: str
    status: int | None = None
    code: int | None = None
    platform_id: str | None = None
    retry_after: float | None = None
    answered: bool = False
    request_id: str | None = None
