"""Asks a model over Chat Completions, which every OpenAI-compatible server speaks; the `openai` package carries it.

The package's own defaults are wrong here (600 s read timeout, 2 blind retries), so it is told to retry nothing: one
retry is made here, for failures that can pass by themselves, and only while the draft's time lasts. It stands on
httpx2, and is imported with the first question in a thread of its own, because it costs 1.1 s.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import logging
import random
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Final, Self
from urllib.parse import urlsplit

from server.agent.answers import read_answer
from server.agent.hold_reasons import HoldCode
from server.agent.model import Answer, ModelFault, Question
from server.agent.reply_format import RESPONSE_FORMAT
from store.clock import Clock, system_clock

LOG: Final = logging.getLogger(__name__)

OPENAI: Final = "https://api.openai.com/v1"
TRIES: Final = 2
"""One retry."""
BACKOFF_SECONDS: Final = 0.5
"""Before the retry of a failure without a Retry-After, plus up to as much again by chance."""
ANSWER_TOKENS: Final = 700
"""Room for the schema, a reply of 200 characters and its translation; more is a model that rambles."""

ERROR_CAP: Final = 4_000
"""Characters of an error body that are looked at."""

OPTIONAL: Final[Mapping[str, Any]] = {
    "response_format": RESPONSE_FORMAT,
    "store": False,
    "max_completion_tokens": ANSWER_TOKENS,
}
"""Fields beside the question itself."""
DISPENSABLE: Final = frozenset({*OPTIONAL, "tool_choice"})
"""Fields that some compatible servers refuse with a 400 that names them; such a server is then asked without."""

STATUSES: Final[Mapping[int, HoldCode]] = {
    401: "bad_key",
    403: "no_access",
    404: "no_such_model",
    408: "timeout",
    429: "rate_limited",
}
PASSING: Final[frozenset[HoldCode]] = frozenset({"rate_limited", "server_error", "timeout", "cut", "unreachable"})
"""Failures that can pass by themselves within a draft's time."""

Sleep = Callable[[float], Awaitable[None]]


class _Failed(Exception):
    """One try failed; what may be done about it."""

    def __init__(self, code: HoldCode, *, request_id: str | None = None, wait: float | None = None) -> None:
        super().__init__(code)
        self.code: HoldCode = code
        self.request_id = request_id
        self.wait = wait


class _Refused(Exception):
    """A 400 that names fields of ours: the server may answer without them."""

    def __init__(self, fields: set[str]) -> None:
        super().__init__()
        self.fields = fields


class ChatModel:
    """A model at an OpenAI-compatible server. Close it, or use it with `async with`."""

    def __init__(
        self,
        *,
        model: str,
        api_key: str,
        base_url: str = "",
        timeout_seconds: float = 20.0,
        sleep: Sleep = asyncio.sleep,
        chance: Callable[[], float] = random.random,
        monotonic: Callable[[], float] = time.monotonic,
        clock: Clock = system_clock,
    ) -> None:
        """Keeps what is needed; nothing is imported or connected before the first question."""
        self.model = model
        self.base_url = base_url or OPENAI
        self._api_key = api_key
        self._timeout = timeout_seconds
        self._sleep = sleep
        self._chance = chance
        self._monotonic = monotonic
        self._clock = clock
        self._without: set[str] = set()
        self._openai: Any = None
        self._client: Any = None
        self._opening = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Closes the connections."""
        if self._client is not None:
            await self._client.close()
            self._client = None

    @property
    def hosted(self) -> bool:
        """Whether OpenAI itself answers, and so bills."""
        return (urlsplit(self.base_url).hostname or "").endswith("openai.com")

    async def ask(self, question: Question) -> Answer:
        """Returns the model's answer, after one retry at most. Raises ModelFault."""
        deadline = self._monotonic() + question.seconds_left
        tries = 0
        while True:
            tries += 1
            try:
                return await self._try(question, deadline - self._monotonic())
            except _Refused as refused:
                # The server answered at once and did no work: not a try.
                tries -= 1
                self._without |= refused.fields
                LOG.info("The model's server refuses %s; asking without.", ", ".join(sorted(refused.fields)))
            except _Failed as failed:
                wait = BACKOFF_SECONDS * (1 + self._chance()) if failed.wait is None else failed.wait
                left = deadline - self._monotonic()
                if failed.code not in PASSING or tries == TRIES or wait >= left:
                    raise ModelFault(failed.code, failed.request_id) from None
                LOG.info("The model's server failed (%s); one more try in %.1f s.", failed.code, wait)
                await self._sleep(wait)

    def body(self, question: Question) -> dict[str, Any]:
        """Returns what is posted."""
        body: dict[str, Any] = {
            "model": self.model,
            "messages": list(question.messages),
            "tools": list(question.tools),
            "tool_choice": question.tool_choice,
        }
        return {name: value for name, value in {**body, **OPTIONAL}.items() if name not in self._without}

    async def _try(self, question: Question, seconds_left: float) -> Answer:
        await self.open()
        openai = self._openai
        seconds = max(0.0, min(self._timeout, seconds_left))
        body = self.body(question)
        try:
            async with asyncio.timeout(seconds):
                asking = self._client.chat.completions.with_raw_response
                raw = await asking.create(**body, timeout=seconds)
        except TimeoutError:
            raise _Failed("timeout") from None
        except openai.APITimeoutError:
            raise _Failed("timeout") from None
        except openai.APIConnectionError as fault:
            raise _Failed(_connection(fault)) from None
        except openai.APIStatusError as fault:
            raise self._status(fault, frozenset(body)) from None
        except openai.OpenAIError as fault:
            # Only the kind: the message may repeat the key or a customer's words.
            LOG.warning("The openai package failed: %s.", type(fault).__name__)
            raise _Failed("bad_request") from None
        except Exception as fault:  # noqa: BLE001  # a broken answer may raise from any layer; the draft goes on by the house
            LOG.warning("Reading the model's answer failed: %s.", type(fault).__name__)
            raise _Failed("drafting_fault") from None
        return read_answer(raw.content, raw.headers.get("x-request-id"))

    def _status(self, fault: Any, sent: frozenset[str]) -> _Failed | _Refused:
        status = int(fault.status_code)
        request_id = fault.request_id
        code = str(getattr(fault, "code", None) or "")
        said = json.dumps(fault.body, default=str)[:ERROR_CAP].lower()
        if status in {400, 422}:
            if code == "context_length_exceeded" or "context_length_exceeded" in said or "context length" in said:
                return _Failed("context_too_long", request_id=request_id)
            if code == "content_filter" or "content_policy" in code:
                return _Failed("content_filter", request_id=request_id)
            # Of this very request: another draft may have learnt the same a moment ago.
            named = {name for name in DISPENSABLE & sent if _names(said, name)}
            return _Refused(named) if named else _Failed("bad_request", request_id=request_id)
        if status == 429 and ("insufficient_quota" in (code, getattr(fault, "type", None)) or "billing" in code):
            return _Failed("quota_spent", request_id=request_id)
        if status in STATUSES:
            wait = retry_after(fault.response.headers, self._clock())
            return _Failed(STATUSES[status], request_id=request_id, wait=wait)
        if status >= 500:
            wait = retry_after(fault.response.headers, self._clock())
            return _Failed("server_error", request_id=request_id, wait=wait)
        return _Failed("bad_request", request_id=request_id)

    async def open(self) -> None:
        """Imports the package and makes its client, once; every question does it if nobody did before."""
        async with self._opening:
            if self._client is not None:
                return
            if self._openai is None:
                self._openai = await asyncio.to_thread(_load)
            options: dict[str, Any] = {"trust_env": False} if _is_loopback(self.base_url) else {}
            self._client = self._openai.AsyncOpenAI(
                api_key=self._api_key,
                base_url=self.base_url,
                timeout=self._timeout,
                max_retries=0,
                http_client=self._openai.DefaultAsyncHttpxClient(**options),
            )


def _load() -> Any:
    import openai  # noqa: PLC0415  # 1.1 s

    # At debug level these write whole requests, customers' words included, into whatever log listens.
    for name in ("openai", "httpx2", "httpcore2"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return openai


def _connection(fault: BaseException) -> HoldCode:
    names = {type(cause).__name__ for cause in (fault.__cause__, fault.__context__) if cause is not None}
    return "unreachable" if names & {"ConnectError", "UnsupportedProtocol", "InvalidURL", "ProxyError"} else "cut"


def _names(said: str, field: str) -> bool:
    words = ("json_schema", "structured output") if field == "response_format" else ()
    return re.search(rf"\b{field}\b", said) is not None or any(word in said for word in words)


def retry_after(headers: Mapping[str, str], now: int) -> float | None:
    """Reads how many seconds a server asks to wait: Retry-After in seconds or as a date, or retry-after-ms."""
    for name, unit in (("retry-after-ms", 1_000), ("retry-after", 1)):
        given = headers.get(name, "").strip()
        try:
            seconds = float(given) / unit
        except ValueError:
            continue
        if 0 <= seconds < float("inf"):
            return seconds
    try:
        return max(0.0, parsedate_to_datetime(headers.get("retry-after", "")).timestamp() - now / 1_000)
    except (TypeError, ValueError, OverflowError):
        return None


def _is_loopback(base_url: str) -> bool:
    host = urlsplit(base_url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
