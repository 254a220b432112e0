"""Reads when a thread should come back: "2h", "45m", "tomorrow 9:00", "monday", "friday 14:30", "18:00", "2027-01-05".

Scripts give epoch milliseconds. Shared by the inbox and `philia inbox snooze`. A day without
a time means nine in the morning in the shop's zone.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Final
from zoneinfo import ZoneInfo

from store.clock import DAY, HOUR, MINUTE

MORNING: Final = dt.time(9, 0)
EVENING: Final = dt.time(18, 0)
LONGEST: Final = 366 * DAY

EXAMPLES: Final = "2h, 45m, 3d, 18:00, tomorrow, tomorrow 9:00, monday, friday 14:30, 2027-01-05 10:00"

_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SPAN: Final = re.compile(
    r"(?:in\s+)?(?:(?P<days>\d{1,4})\s*(?:d|days?))?\s*(?:(?P<hours>\d{1,4})\s*(?:h|hours?|hrs?))?"
    r"\s*(?:(?P<minutes>\d{1,5})\s*(?:m|min|mins|minutes?))?"
)
_MILLISECONDS: Final = re.compile(r"[0-9]{12,15}")
_TIME: Final = re.compile(r"(?P<hour>\d{1,2})(?:[:.h](?P<minute>\d{2}))?\s*(?P<half>am|pm)?")
_DATE: Final = re.compile(r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})")


class NotATime(ValueError):
    """The words name no time to come; the message says what would."""


def until(words: str, *, now: int, zone: ZoneInfo) -> int:
    """Returns the time the words name, in epoch milliseconds. Raises NotATime."""
    # Scripts give times as they get them.
    if _MILLISECONDS.fullmatch(words.strip()):
        return _ahead(int(words), words, now)
    said = " ".join(words.lower().replace(",", " ").split()).removeprefix("until ")
    if not said:
        raise NotATime(f"Say when: {EXAMPLES}.")
    span = _SPAN.fullmatch(said)
    if span is not None and any(span.groups()):
        days, hours, minutes = (int(span[name] or 0) for name in ("days", "hours", "minutes"))
        return _ahead(now + days * DAY + hours * HOUR + minutes * MINUTE, words, now)
    today = dt.datetime.fromtimestamp(now / 1000, zone)
    day, rest = _day(said, today)
    time = _time(rest, words) if rest else MORNING
    if rest in {"evening", "tonight"}:
        time = EVENING
    found = _moment(day or today.date(), time, zone)
    if day is None and found <= now:
        found = _moment(today.date() + dt.timedelta(days=1), time, zone)
    if found <= now and said.split()[0] in {name[:3] for name in _DAYS} | set(_DAYS):
        found = _moment((day or today.date()) + dt.timedelta(days=7), time, zone)
    return _ahead(found, words, now)


def _day(said: str, today: dt.datetime) -> tuple[dt.date | None, str]:
    first, _, rest = said.partition(" ")
    rest = rest.removeprefix("at ")
    if first == "next" and rest:
        first, _, rest = rest.partition(" ")
        if first == "week":
            return today.date() + dt.timedelta(days=7 - today.weekday()), rest
    if first in {"today", "tonight"}:
        return today.date(), rest or ("evening" if first == "tonight" else "")
    if first == "tomorrow":
        return today.date() + dt.timedelta(days=1), rest
    for number, name in enumerate(_DAYS):
        if first in {name, name[:3]}:
            return today.date() + dt.timedelta(days=(number - today.weekday()) % 7), rest
    date = _DATE.fullmatch(first)
    if date is not None:
        try:
            return dt.date(int(date["year"]), int(date["month"]), int(date["day"])), rest
        except ValueError:
            raise NotATime(f"There is no day {first}.") from None
    return None, said.removeprefix("at ")


def _time(said: str, words: str) -> dt.time:
    if said in {"evening", "tonight"}:
        return EVENING
    if said == "morning":
        return MORNING
    if said == "noon":
        return dt.time(12, 0)
    found = _TIME.fullmatch(said)
    if found is None or (found["minute"] is None and found["half"] is None and not said.isdigit()):
        raise NotATime(f"“{words.strip()}” is not a time. Write one like: {EXAMPLES}.")
    hour, minute = int(found["hour"]), int(found["minute"] or 0)
    if found["half"]:
        hour = hour % 12 + (12 if found["half"] == "pm" else 0)
    if hour > 23 or minute > 59:
        raise NotATime(f"“{words.strip()}” is not a time of day.")
    return dt.time(hour, minute)


def _moment(day: dt.date, time: dt.time, zone: ZoneInfo) -> int:
    return int(dt.datetime.combine(day, time, zone).timestamp() * 1000)


def _ahead(found: int, words: str, now: int) -> int:
    if found <= now:
        raise NotATime(f"“{words.strip()}” is already past.")
    if found > now + LONGEST:
        raise NotATime(f"“{words.strip()}” is more than a year away.")
    return found
