"""Everything a conversation with TikTok can raise.

TikTokError
├── TikTokRateLimitError   429 or code 40100: not done, try later; `retry_after` in seconds when TikTok said so
├── TikTokServerError      5xx or code 51065: TikTok failed, the outcome is TikTok's secret; `status`
├── TikTokAuthError        401 or code 40105: the access token is missing, wrong or expired
├── TikTokWindowError      403 in v1, code 40064: the reply window is closed, the quota spent, or too fast
├── TikTokRefused          any other refusal; `code`, `message`, `request_id`
├── TikTokUnreachable      no connection came about: nothing left this machine
├── TikTokNoAnswer         the request left, no whole answer came back
└── TikTokUnreadable       an answer came that says neither yes nor no

Every message is a sentence for the owner. None holds a customer's words or a token.
"""

from __future__ import annotations


class TikTokError(Exception):
    """Anything that went wrong between Philia and TikTok.

    `request_id` is TikTok's own number for the call, for a question to its support; None when it gave none.
    """

    def __init__(self, sentence: str, *, request_id: str | None = None) -> None:
        """Keeps the sentence for the owner and TikTok's number for the call."""
        super().__init__(sentence)
        self.request_id = request_id


class TikTokRateLimitError(TikTokError):
    """TikTok refuses because of too many requests; nothing was done."""

    def __init__(self, sentence: str, *, retry_after: float | None = None, request_id: str | None = None) -> None:
        """Keeps the pause that TikTok asked for, in seconds, or None."""
        super().__init__(sentence, request_id=request_id)
        self.retry_after = retry_after


class TikTokServerError(TikTokError):
    """TikTok failed on its side; whether it did what was asked is not known."""

    def __init__(self, sentence: str, *, status: int | None = None, request_id: str | None = None) -> None:
        """Keeps the HTTP status; None when the failure came as a code."""
        super().__init__(sentence, request_id=request_id)
        self.status = status


class TikTokAuthError(TikTokError):
    """The access token is missing, wrong or expired; nothing was done."""


class TikTokWindowError(TikTokError):
    """TikTok's rules for direct messages forbid it: window, quota or pace; nothing was done."""


class TikTokRefused(TikTokError):
    """TikTok understood and said no; nothing was done."""

    def __init__(self, sentence: str, *, code: int | None, message: str, request_id: str | None = None) -> None:
        """Keeps TikTok's code, or None for a bare HTTP refusal, and TikTok's own words."""
        super().__init__(sentence, request_id=request_id)
        self.code = code
        self.message = message


class TikTokUnreachable(TikTokError):
    """No connection came about; nothing left this machine."""


class TikTokNoAnswer(TikTokError):
    """The request left and no whole answer came back."""


class TikTokUnreadable(TikTokError):
    """An answer came that says neither yes nor no."""
