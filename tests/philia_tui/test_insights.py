"""The insights screen's plots and its CSV, against rows put in by hand and numbers worked out by hand."""

from __future__ import annotations

import csv
import datetime as dt
import sqlite3
from pathlib import Path

import msgspec
import pytest

from philia_tui.plots import plots_of
from server.settings import Inbox, Settings
from store import metrics
from store.clock import DAY, HOUR, MINUTE
from tests.conftest import FakeClock
from tests.philia_tui.driving import Quick, driving, screen_text, settle, toasts
from tests.philia_tui.shop import Shop, suede

NOON = int(dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC).timestamp() * 1000)
YESTERDAY = NOON - DAY

TITLES = (
    "messages a day",
    "answered in the window, % of a day's questions",
    "time to answer, minutes, the middle one of a day",
    "sent as it was drafted, % a day",
    "sent by itself, % a day",
    "shadow agreed with you, % by kind of question",
    "prompts beside each other, % sent as it was drafted",
    "cost a day, US cents",
)


def two_days(db: sqlite3.Connection, clock: FakeClock) -> None:
    """Yesterday four questions, answered after 10, 30 and 50 minutes and never; today one, still open.

    Yesterday four drafts of two prompts were decided, three unedited, and cost 2 cents each; one of the four replies
    left by itself. In shadow 3 of 4 about prices were agreed with, and 1 of 2 about sizes.
    """
    clock.now = NOON
    shop = Shop(db, YESTERDAY)
    for number, minutes in enumerate((10, 30, 50, None)):
        one = shop.conversation(f"u{number}", ())
        asked = YESTERDAY - (3 * DAY if minutes is None else 0)
        shop.message(one, "is it here?", at=asked)
        if minutes is not None:
            shop.message(one, "yes", at=asked + minutes * MINUTE, role="assistant", source="owner")
        decision = "edit" if number == 3 else "approve"
        draft = shop.draft(
            one, state="edited" if number == 3 else "approved", drafter="model", prompt="default",
            prompt_version=1 if number < 2 else 2, intent="price", cost_microcents=2_000_000,
        )  # fmt: skip
        db.execute(
            "INSERT INTO verdicts (draft_id, conversation_id, decision, who, intent, at)"
            " VALUES (?, ?, ?, 'owner', 'price', ?)",
            (draft, one, decision, YESTERDAY),
        )
        shop.delivery(one, "yes", state="sent", who="auto" if number == 0 else "owner", ended_at=YESTERDAY)
        for intent, agreed in (("price", number != 1), ("size", number == 2))[: 2 if number > 1 else 1]:
            db.execute(
                "INSERT INTO verdicts (draft_id, conversation_id, decision, who, intent, agreed, at)"
                " VALUES (?, ?, 'shadow', 'auto', ?, ?, ?)",
                (draft, one, intent, agreed, YESTERDAY),
            )
    shop.message(shop.conversation("open", ()), "hi", at=NOON - HOUR)


def test_every_plot_has_the_values_counted_by_hand(db: sqlite3.Connection, clock: FakeClock) -> None:
    """Eight plots; a day without questions is not a day on which none was answered."""
    two_days(db, clock)
    midnight = NOON - 12 * HOUR
    starts = [midnight - back * DAY for back in (4, 3, 2, 1, 0)]
    found = metrics.figures(db, since=starts[0], until=NOON + 1, window_ms=2 * DAY, day_starts=starts)
    plots = plots_of(found, dt.UTC)
    assert [plot.title for plot in plots] == list(TITLES)
    days = ("18.11", "19.11", "20.11", "21.11", "22.11")
    assert all(plot.names == days for plot in (*plots[:5], plots[7]))
    values = [list(plot.values) for plot in plots]
    assert values[0] == [1, 0, 0, 3, 1]
    # The one of the 18th was never answered, those of the 21st all were; today's may still be.
    assert values[1] == [0, None, None, 100, None]
    assert values[2] == [None, None, None, 30, None]
    assert values[3] == [None, None, None, 75, None]
    assert values[4] == [None, None, None, 25, None]
    assert (plots[5].names, values[5]) == (("price", "size"), [75, 50])
    assert (plots[6].names, values[6]) == (("model default v1", "model default v2"), [100, 50])
    assert values[7] == [0, 0, 0, 8, 0]


def test_the_days_add_up_to_the_figures_above_them(db: sqlite3.Connection, clock: FakeClock) -> None:
    """What is plotted a day and what is told of all days are one count, in the CSV too."""
    two_days(db, clock)
    found = metrics.figures(db, since=NOON - 6 * DAY, until=NOON + 1, window_ms=2 * DAY)
    assert (found.sent, found.automatic) == (4, 1)
    assert sum(day.sent for day in found.days) == 4
    assert sum(day.automatic for day in found.days) == 1
    assert (sum(day.answers.asked for day in found.days), sum(day.answers.in_window for day in found.days)) == (4, 3)
    sums: dict[str, int] = {}
    for what, _, value in metrics.as_table(found)[1:]:
        if what.endswith("_on") and value.isdigit():
            sums[what] = sums.get(what, 0) + int(value)
    assert sums == {
        "questions_on": 4, "answered_in_window_on": 3, "median_time_to_answer_ms_on": 30 * MINUTE,
        "sent_on": 4, "automatic_on": 1, "decided_on": 4, "unedited_on": 3,
    }  # fmt: skip


async def open_insights(pilot: Quick) -> None:
    """Goes there and waits until it has counted."""
    await pilot.press("3")
    await settle(pilot, until=lambda: any("1 of 8" in line for line in screen_text(pilot.app)))


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_p_walks_through_every_plot_and_back(
    db: sqlite3.Connection, db_path: Path, clock: FakeClock, size: tuple[int, int]
) -> None:
    """P shows the eight plots one after another with their scale and names, P goes back, z gives one all the room."""
    two_days(db, clock)
    async with driving(db_path, clock, size=size) as pilot:
        await open_insights(pilot)
        seen = []
        for _ in TITLES:
            lines = screen_text(pilot.app)
            seen.append(next(line.split(":", 1)[1].strip() for line in lines if " of 8:" in line))
            await pilot.press("p")
            await settle(pilot)
        assert tuple(seen) == TITLES
        assert any("1 of 8" in line for line in screen_text(pilot.app))
        for _ in range(3):
            await pilot.press("P")
            await settle(pilot)
        shown = "\n".join(screen_text(pilot.app))
        assert "6 of 8: shadow agreed with you" in shown
        assert "100 %" in shown
        assert "price" in shown
        assert "size" in shown
        bars = shown.count("█")
        await pilot.press("z")
        await settle(pilot)
        large = "\n".join(screen_text(pilot.app))
        assert large.count("█") > bars
        assert "time to answer " not in large
        await pilot.press("z")
        await settle(pilot)
        assert "time to answer " in "\n".join(screen_text(pilot.app))


async def test_the_csv_holds_what_every_plot_shows(db: sqlite3.Connection, db_path: Path, clock: FakeClock) -> None:
    """E writes rows from which each of the eight plots can be drawn again."""
    two_days(db, clock)
    async with driving(db_path, clock) as pilot:
        await open_insights(pilot)
        await pilot.press("E")
        await pilot.pause()
    with (db_path.parent / "philia-insights-7-days.csv").open(encoding="utf-8", newline="") as file:
        rows = {(row[0], row[1]): row[2] for row in csv.reader(file)}
    day = str(NOON - 12 * HOUR - DAY)
    assert {name: rows[name, day] for name, _ in rows if name.endswith("_on")} == {
        "questions_on": "3", "answered_in_window_on": "3", "median_time_to_answer_ms_on": str(30 * MINUTE),
        "sent_on": "4", "automatic_on": "1", "decided_on": "4", "unedited_on": "3", "cost_usd_on": "0.080",
    }  # fmt: skip
    assert (rows["received", day], rows["intent_shadow", "price"], rows["intent_agreed", "price"]) == ("3", "4", "3")
    assert (rows["prompt_decided", "model:default:2"], rows["prompt_unedited", "model:default:2"]) == ("2", "1")


async def test_a_new_shop_has_plots_that_say_nothing_yet(
    db: sqlite3.Connection, db_path: Path, clock: FakeClock
) -> None:
    """A plot of nothing says so instead of showing none in a hundred."""
    clock.now = NOON
    suede(Shop(db, NOON))
    async with driving(db_path, clock) as pilot:
        await open_insights(pilot)
        for number, title in enumerate(TITLES[1:7], 2):
            await pilot.press("p")
            await settle(pilot)
            shown = "\n".join(screen_text(pilot.app))
            assert f"{number} of 8: {title.replace('minutes', 'seconds')}: nothing yet" in shown
            assert "█" not in shown


async def test_in_16_colours_the_plots_are_left_out_and_it_says_so(
    db: sqlite3.Connection, db_path: Path, clock: FakeClock
) -> None:
    """The figures stay, day by day too, and p and z say why nothing is plotted."""
    two_days(db, clock)
    settings = msgspec.structs.replace(Settings(), inbox=Inbox(theme="philia-ansi"))
    async with driving(db_path, clock, settings=settings) as pilot:
        await pilot.press("3")
        await settle(pilot, until=lambda: any("21.11" in line for line in screen_text(pilot.app)))
        shown = "\n".join(screen_text(pilot.app))
        assert "3 of 3 answered in the window · in 30 min · 3 of 4 as drafted · 1 of 4 by itself · $0.080" in shown
        for key in ("p", "z"):
            await pilot.press(key)
            await settle(pilot)
            assert "nothing is plotted" in toasts(pilot.app)
            assert "day by day" in "\n".join(screen_text(pilot.app)).lower()
