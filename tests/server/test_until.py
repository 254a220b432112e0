"""When a thread should come back: what the words mean, in the shop's zone."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.until import NotATime, until

BERLIN = ZoneInfo("Europe/Berlin")
NOW = int(dt.datetime(2026, 11, 18, 14, 30, tzinfo=BERLIN).timestamp() * 1000)
"""A Wednesday afternoon."""


@pytest.mark.parametrize(
    ("words", "means"),
    [
        ("2h", "2026-11-18 16:30"),
        ("in 45 minutes", "2026-11-18 15:15"),
        ("1d 2h", "2026-11-19 16:30"),
        ("3d", "2026-11-21 14:30"),
        ("tomorrow", "2026-11-19 09:00"),
        ("tomorrow 9:00", "2026-11-19 09:00"),
        ("Tomorrow at 7pm", "2026-11-19 19:00"),
        ("tomorrow evening", "2026-11-19 18:00"),
        ("tonight", "2026-11-18 18:00"),
        ("18:00", "2026-11-18 18:00"),
        ("9:00", "2026-11-19 09:00"),
        ("until friday 14:30", "2026-11-20 14:30"),
        ("monday", "2026-11-23 09:00"),
        ("wed", "2026-11-25 09:00"),
        ("wednesday 20:00", "2026-11-18 20:00"),
        ("next week", "2026-11-23 09:00"),
        ("noon", "2026-11-19 12:00"),
        ("2027-01-05 10:00", "2027-01-05 10:00"),
    ],
)
def test_words_name_a_time_of_the_shop(words: str, means: str) -> None:
    """Spans count from now; days without a time mean nine in the morning; a time that is past means the next day."""
    found = dt.datetime.fromtimestamp(until(words, now=NOW, zone=BERLIN) / 1000, BERLIN)
    assert found.strftime("%Y-%m-%d %H:%M") == means


@pytest.mark.parametrize(
    "words",
    [
        *["", "soon", "25:00", "12:70", "0h", "yesterday", "2020-01-01", "2026-13-01", "9999d", "2h later"],
        *[str(NOW - 1), "999999999999999"],
    ],
)
def test_what_is_no_time_to_come_is_refused_in_words(words: str) -> None:
    """Anything else is refused with examples or the reason, never guessed."""
    with pytest.raises(NotATime) as refused:
        until(words, now=NOW, zone=BERLIN)
    assert len(str(refused.value)) > 10


def test_a_script_gives_epoch_milliseconds() -> None:
    """Milliseconds are taken as they are, when they lie ahead."""
    assert until(f" {NOW + 1500} ", now=NOW, zone=BERLIN) == NOW + 1500


def test_the_night_of_the_clock_change_keeps_the_hour() -> None:
    """Nine in the morning is nine in the morning after the clocks went back."""
    before = int(dt.datetime(2026, 10, 24, 20, 0, tzinfo=BERLIN).timestamp() * 1000)
    found = dt.datetime.fromtimestamp(until("tomorrow", now=before, zone=BERLIN) / 1000, BERLIN)
    assert (found.hour, found.utcoffset()) == (9, dt.timedelta(hours=1))


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=30))
def test_any_words_mean_a_time_to_come_or_nothing(words: str) -> None:
    """Whatever is typed, the answer is a time ahead within a year, or NotATime."""
    try:
        found = until(words, now=NOW, zone=BERLIN)
    except NotATime:
        return
    assert NOW < found <= NOW + 367 * 86_400_000
