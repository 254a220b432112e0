"""How times, quotas and states are written on the screen: always a word or a sign, never only a colour."""

from __future__ import annotations

import datetime as dt
from typing import Final
from zoneinfo import ZoneInfo

from philia_tui.inert import one_line
from store.clock import DAY, HOUR, MINUTE, SECOND

QUEUE_NAMES: Final = {
    "needs_you": "Needs you",
    "waiting": "Drafting",
    "sending": "Sending",
    "holds": "Holds",
    "in_doubt": "In doubt",
    "snoozed": "Snoozed",
    "done": "Done",
}

DELIVERY_WORDS: Final = {
    "held": "leaves in {left}",
    "queued": "about to leave",
    "retrying": "not sent yet, will try again",
    "sending": "leaving now",
    "sent": "sent",
    "failed": "FAILED",
    "expired": "NOT SENT, the window closed",
    "cancelled": "taken back",
    "unknown": "IN DOUBT, looking whether it arrived",
    "needs_owner": "IN DOUBT, you decide",
    "dropped": "dropped",
}

DRAFT_WORDS: Final = {
    "queued": "waiting for the customer to finish",
    "drafting": "being written…",
    "ready": "ready",
    "approved": "approved",
    "edited": "edited",
    "rejected": "rejected",
    "superseded": "overtaken by a newer message",
    "withdrawn": "withdrawn",
    "expired": "expired",
    "failed": "could not be written",
}

KIND_NAMES: Final = {
    "image": "photo",
    "photo": "photo",
    "share_post": "shared post",
    "video": "video",
    "sticker": "sticker",
    "audio": "voice message",
}

INTENT_WORDS: Final = {
    "availability": "is it still there",
    "measurement": "what does it measure",
    "size": "will it fit",
    "price": "what does it cost",
    "detail": "what is it like",
    "browse": "what do you have",
    "hold": "hold it for me",
    "haggling": "a better price",
    "shipping": "shipping",
    "payment": "paying",
    "returns": "sending it back",
    "order_status": "where is my order",
    "complaint": "a complaint",
    "greeting": "hello",
    "thanks": "thank you",
    "policy": "shipping, paying, returns",
    "spam": "spam",
    "other": "something else",
}
"""What a customer wants, as the owner would say it."""

SUPERSCRIPTS: Final = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


THINGS: Final = {
    "delivery": "reply",
    "item": "piece",
    "conversation": "thread",
    "inbound_event": "event",
    "learned_rule": "habit",
    "user": "customer",
    "verdict": "what would have been sent",
    "switch": "everything",
    "sender": "sending",
}
"""What the journal's subjects are called on the screen."""

USUAL: Final = frozenset({("draft", "draft"), ("deliver", "delivery"), ("hold", "hold"), ("receive", "message")})
"""What happens to each all the time: its new state says it all."""


def happened(what: str, subject: str, new: str | None) -> str:
    """Writes an entry of the journal as a thing and what became of it: "reply: sent", "draft: undo → ready"."""
    thing = THINGS.get(subject, subject).replace("_", " ")
    state = (new or "").replace("_", " ")
    if (what, subject) in USUAL and state:
        return f"{thing}: {state}"
    return f"{thing}: {what}" + (f" → {state}" if state and state != what else "")


def intent_name(intent: str) -> str:
    """Writes a kind of question in a word or two that the filter finds too."""
    return one_line(intent.replace("_", " "))


def left(milliseconds: int) -> str:
    """Writes a span of time as the queue does: 20h, 3h12m, 41m, 9s; "closed" below zero."""
    if milliseconds < 0:
        return "closed"
    if milliseconds >= 48 * HOUR:
        return f"{milliseconds // DAY}d"
    if milliseconds >= 10 * HOUR:
        return f"{milliseconds // HOUR}h"
    if milliseconds >= HOUR:
        return f"{milliseconds // HOUR}h{milliseconds % HOUR // MINUTE:02d}m"
    if milliseconds >= MINUTE:
        return f"{milliseconds // MINUTE}m"
    return f"{milliseconds // SECOND}s"


def ago(milliseconds: int) -> str:
    """Writes how long ago something was: "4 s ago"."""
    milliseconds = max(0, milliseconds)
    if milliseconds < MINUTE:
        return f"{milliseconds // SECOND} s ago"
    if milliseconds < HOUR:
        return f"{milliseconds // MINUTE} min ago"
    if milliseconds < DAY:
        return f"{milliseconds // HOUR} h ago"
    return f"{milliseconds // DAY} d ago"


def urgency(milliseconds: int | None) -> str:
    """Names how pressing a window is: "none", "calm", "soon" under 6 h, "now" under 1 h, "closed"."""
    if milliseconds is None:
        return "none"
    if milliseconds < 0:
        return "closed"
    if milliseconds < HOUR:
        return "now"
    return "soon" if milliseconds < 6 * HOUR else "calm"


def quota(left_over: int, whole: int) -> str:
    """Draws the replies left as four blocks and a figure: ▮▮▮▯ 7/10."""
    full = 0 if left_over <= 0 else max(1, min(4, round(4 * left_over / max(1, whole))))
    return "▮" * full + "▯" * (4 - full) + f" {left_over}/{whole}"


def clock_time(at: int, zone: ZoneInfo) -> str:
    """Writes the time of day in the shop's zone: 22:58."""
    return dt.datetime.fromtimestamp(at / 1000, zone).strftime("%H:%M")


def day(at: int, now: int, zone: ZoneInfo) -> str:
    """Writes the day: Today, Yesterday, Monday, or 3 March 2026."""
    then = dt.datetime.fromtimestamp(at / 1000, zone).date()
    today = dt.datetime.fromtimestamp(now / 1000, zone).date()
    past = (today - then).days
    if past == 0:
        return "Today"
    if past == 1:
        return "Yesterday"
    if 1 < past < 7:
        return then.strftime("%A")
    return f"{then.day} {then.strftime('%B %Y')}"


def moment(at: int, now: int, zone: ZoneInfo) -> str:
    """Writes when something will be or was: "14:05" today, else "Monday 14:05"."""
    named = day(at, now, zone)
    if named != "Today":
        then = dt.datetime.fromtimestamp(at / 1000, zone)
        ahead = (then.date() - dt.datetime.fromtimestamp(now / 1000, zone).date()).days
        named = "tomorrow" if ahead == 1 else then.strftime("%A") if 1 < ahead < 7 else named
        return f"{named} {clock_time(at, zone)}"
    return clock_time(at, zone)


def ordinal(number: int) -> str:
    """Writes 1st, 2nd, 3rd, 4th, 11th."""
    ending = "th" if number % 100 in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def many(number: int, one: str, several: str | None = None) -> str:
    """Writes a number with its word: 1 claim, 2 claims."""
    return f"{number} {one if number == 1 else several or one + 's'}"
