"""Why a draft waits for the owner although it was written, or why the house drafter wrote it: each by its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

HoldCode = Literal[
    "ungrounded",
    "too_long",
    "asked_for_owner",
    "for_owner",
    "injection",
    "refused",
    "truncated",
    "content_filter",
    "no_finish",
    "empty",
    "no_choices",
    "unreadable",
    "not_json",
    "bad_arguments",
    "tool_loop",
    "context_too_long",
    "bad_request",
    "bad_key",
    "no_access",
    "no_such_model",
    "quota_spent",
    "rate_limited",
    "server_error",
    "timeout",
    "cut",
    "unreachable",
    "no_key",
    "budget",
    "resting",
    "drafting_fault",
]

SENTENCES: Final[Mapping[HoldCode, str]] = {
    "ungrounded": "The reply says something that no row of the stock and no policy backs; see the marks.",
    "too_long": "The reply is over 200 characters, twice; shorten it.",
    "asked_for_owner": "The model asks for you",
    "for_owner": "The rules leave this to you",
    "injection": "The message tries to give the drafter orders",
    "refused": "The model refused to answer; the house drafter wrote this.",
    "truncated": "The model's answer was cut off at its length limit; the house drafter wrote this.",
    "content_filter": "The model's content filter stopped the answer; the house drafter wrote this.",
    "no_finish": "The model's answer does not say that it is complete; the house drafter wrote this.",
    "empty": "The model answered nothing; the house drafter wrote this.",
    "no_choices": "The model's answer held no choices; the house drafter wrote this.",
    "unreadable": "The model's answer could not be read; the house drafter wrote this.",
    "not_json": "The model's server answered with something that is not JSON; the house drafter wrote this.",
    "bad_arguments": "The model called the stock search wrongly, twice; the house drafter wrote this.",
    "tool_loop": "The model kept looking things up and never answered; the house drafter wrote this.",
    "context_too_long": "The conversation is too long for the model; the house drafter wrote this.",
    "bad_request": "The model's server refused the request (400); the house drafter wrote this. Run philia doctor.",
    "bad_key": "The model's server refused OPENAI_API_KEY (401); the house drafter wrote this. Set a valid key.",
    "no_access": "The key may not use this model (403); the house drafter wrote this. See [agent] model.",
    "no_such_model": "The model's server knows no such model (404); the house drafter wrote this. See [agent] model.",
    "quota_spent": "The account of the model has no credit left; the house drafter wrote this. Add credit.",
    "rate_limited": "The model's server asked to wait longer than a draft may take; the house drafter wrote this.",
    "server_error": "The model's server failed, twice; the house drafter wrote this.",
    "timeout": "The model did not answer in time; the house drafter wrote this.",
    "cut": "The connection to the model broke off; the house drafter wrote this.",
    "unreachable": "The model's server could not be reached; the house drafter wrote this. See [agent] base_url.",
    "no_key": 'OPENAI_API_KEY is not set; the house drafter wrote this. Set it, or [agent] drafter = "house".',
    "budget": "Today's budget for the model is spent; the house drafter wrote this. See [agent] daily_budget.",
    "resting": "The model failed several times and rests for a minute; the house drafter wrote this.",
    "drafting_fault": "Drafting with the model failed inside Philia; the house drafter wrote this. See the log.",
}

UNHEALTHY: Final[frozenset[HoldCode]] = frozenset(
    {
        "not_json",
        "bad_key",
        "no_access",
        "no_such_model",
        "quota_spent",
        "rate_limited",
        "server_error",
        "timeout",
        "cut",
        "unreachable",
    }
)
"""What counts against the server itself; the others can be one conversation's own trouble."""


def hold(code: HoldCode, detail: str = "") -> str:
    """Returns a hold reason as it is kept with a draft: its name, a colon, a sentence for the owner."""
    sentence = SENTENCES[code]
    if detail:
        sentence = f"{sentence.rstrip('.')}: {detail}"
    return f"{code}: {sentence}"


def code_of(reason: str) -> str:
    """Returns the name in a hold reason that `hold` wrote, or the reason itself."""
    name, colon, _ = reason.partition(": ")
    return name if colon and name in SENTENCES else reason
