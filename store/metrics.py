"""The shop's figures: answered in time, how fast, how often unedited, by which prompt, for how much.

Every figure is counted from rows that are kept anyway; nothing is sampled and nothing is guessed. A question is a run
of customer messages up to the next reply of ours, wherever that was written.
"""

from __future__ import annotations

import bisect
import sqlite3
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from store.clock import DAY, HOUR


@dataclass(frozen=True, slots=True)
class Answers:
    """How questions were answered."""

    asked: int
    """Questions whose window has closed, or that were answered."""
    in_window: int
    median_ms: int | None
    p90_ms: int | None


@dataclass(frozen=True, slots=True)
class PromptFigures:
    """One version of a prompt, beside the others."""

    prompt: str
    version: int | None
    drafter: str
    drafts: int
    passed: int
    """Drafts that the grounding check let pass."""
    decided: int
    unedited: int
    latency_ms: int | None
    cost_microcents: int
    length: int | None


@dataclass(frozen=True, slots=True)
class IntentFigures:
    """One kind of question."""

    intent: str
    drafts: int
    decided: int
    unedited: int
    shadow: int
    """Shadow verdicts that the owner has settled."""
    agreed: int


@dataclass(frozen=True, slots=True)
class DayFigures:
    """One day of the shop; its sums over all days are the figures above them."""

    start: int
    received: int
    answers: Answers
    """Of the questions that were asked on this day, whenever they were answered."""
    sent: int
    automatic: int
    decided: int
    """Drafts that the owner sent, as they were or changed."""
    unedited: int
    cost_microcents: int


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything that the insights screen and `philia report` tell."""

    since: int
    until: int
    answers: Answers
    sent: int
    automatic: int
    approved: int
    edited: int
    rejected: int
    shadow: int
    agreed: int
    cost_microcents: int
    days: tuple[DayFigures, ...]
    intents: tuple[IntentFigures, ...]
    prompts: tuple[PromptFigures, ...]

    @property
    def unedited_share(self) -> float | None:
        """The share of drafts that left exactly as they were written."""
        decided = self.approved + self.edited
        return self.approved / decided if decided else None


def figures(
    db: sqlite3.Connection, *, since: int, until: int, window_ms: int = 48 * HOUR, day_starts: Sequence[int] = ()
) -> Figures:
    """Returns the figures of [since, until); days begin at `day_starts`, or every 24 h from `since`.

    Slow for years of messages (0.5 s for 100,000): call it beside the screen, not in it.
    """
    decisions = {
        row[0]: row[1]
        for row in db.execute(
            "SELECT decision, count(*) FROM verdicts WHERE at >= ? AND at < ? AND who != 'auto' GROUP BY decision",
            (since, until),
        )
    }
    sent, automatic = db.execute(
        "SELECT count(*), count(*) FILTER (WHERE who = 'auto') FROM deliveries WHERE state = 'sent'"
        " AND ended_at >= ? AND ended_at < ?",
        (since, until),
    ).fetchone()
    shadow, agreed = db.execute(
        "SELECT count(*), coalesce(sum(agreed), 0) FROM verdicts WHERE decision = 'shadow' AND agreed IS NOT NULL"
        " AND at >= ? AND at < ?",
        (since, until),
    ).fetchone()
    cost = db.execute(
        "SELECT coalesce(sum(cost_microcents), 0) FROM drafts WHERE created_at >= ? AND created_at < ?", (since, until)
    ).fetchone()[0]
    asked = _questions(db, since, until)
    return Figures(
        since=since,
        until=until,
        answers=_answers(asked, until, window_ms),
        sent=sent,
        automatic=automatic,
        approved=decisions.get("approve", 0),
        edited=decisions.get("edit", 0),
        rejected=decisions.get("reject", 0),
        shadow=shadow,
        agreed=agreed,
        cost_microcents=cost,
        days=tuple(_days(db, day_starts or range(since, until, DAY), until, asked, window_ms)),
        intents=tuple(_intents(db, since, until)),
        prompts=tuple(_prompts(db, since, until)),
    )


Question = tuple[int, int | None]
"""When it was asked and when it was answered, if it was."""


def _questions(db: sqlite3.Connection, since: int, until: int) -> list[Question]:
    rows = db.execute(
        "SELECT at, answered FROM (SELECT role, platform_at AS at,"
        " lag(role) OVER thread AS before,"
        " min(CASE WHEN role = 'assistant' THEN platform_at END) OVER"
        "  (thread ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS answered"
        " FROM messages WINDOW thread AS (PARTITION BY conversation_id ORDER BY platform_at, id))"
        " WHERE role = 'user' AND (before IS NULL OR before != 'user') AND at >= ? AND at < ? ORDER BY at",
        (since, until),
    )
    return [(row[0], row[1]) for row in rows]


def _answers(questions: Iterable[Question], until: int, window_ms: int) -> Answers:
    took: list[int] = []
    lapsed = 0
    for at, answered in questions:
        if answered is not None:
            took.append(answered - at)
        elif at + window_ms < until:
            lapsed += 1
    took.sort()
    late = sum(1 for one in took if one > window_ms)
    return Answers(
        asked=len(took) + lapsed,
        in_window=len(took) - late,
        median_ms=int(statistics.median(took)) if took else None,
        p90_ms=took[min(len(took) - 1, int(len(took) * 0.9))] if took else None,
    )


def _days(
    db: sqlite3.Connection, starts: Sequence[int], until: int, asked: Sequence[Question], window_ms: int
) -> list[DayFigures]:
    ends = [*list(starts)[1:], until]
    found = []
    for start, end in zip(starts, ends, strict=True):
        received = db.execute(
            "SELECT count(*) FROM messages WHERE role = 'user' AND platform_at >= ? AND platform_at < ?", (start, end)
        ).fetchone()[0]
        sent, automatic = db.execute(
            "SELECT count(*), count(*) FILTER (WHERE who = 'auto') FROM deliveries WHERE state = 'sent'"
            " AND ended_at >= ? AND ended_at < ?",
            (start, end),
        ).fetchone()
        decided, unedited = db.execute(
            "SELECT count(*), count(*) FILTER (WHERE decision = 'approve') FROM verdicts"
            " WHERE decision IN ('approve', 'edit') AND who != 'auto' AND at >= ? AND at < ?",
            (start, end),
        ).fetchone()
        cost = db.execute(
            "SELECT coalesce(sum(cost_microcents), 0) FROM drafts WHERE created_at >= ? AND created_at < ?",
            (start, end),
        ).fetchone()[0]
        first, last = (bisect.bisect_left(asked, edge, key=lambda one: one[0]) for edge in (start, end))
        answers = _answers(asked[first:last], until, window_ms)
        found.append(DayFigures(start, received, answers, sent, automatic, decided, unedited, cost))
    return found


def _intents(db: sqlite3.Connection, since: int, until: int) -> list[IntentFigures]:
    shadows = {
        row["intent"]: (row["n"], row["agreed"])
        for row in db.execute(
            "SELECT intent, count(*) AS n, coalesce(sum(agreed), 0) AS agreed FROM verdicts WHERE decision = 'shadow'"
            " AND agreed IS NOT NULL AND intent IS NOT NULL AND at >= ? AND at < ? GROUP BY intent",
            (since, until),
        )
    }
    found = [
        IntentFigures(row["intent"], row["n"], row["decided"], row["unedited"], *shadows.pop(row["intent"], (0, 0)))
        for row in db.execute(
            "SELECT intent, count(*) AS n, count(*) FILTER (WHERE state IN ('approved', 'edited')) AS decided,"
            " count(*) FILTER (WHERE state = 'approved') AS unedited FROM drafts WHERE intent IS NOT NULL"
            " AND created_at >= ? AND created_at < ? GROUP BY intent ORDER BY n DESC, intent",
            (since, until),
        )
    ]
    return found + [IntentFigures(intent, 0, 0, 0, *counts) for intent, counts in sorted(shadows.items())]


def _prompts(db: sqlite3.Connection, since: int, until: int) -> list[PromptFigures]:
    return [
        PromptFigures(
            prompt=row["prompt"] or "",
            version=row["prompt_version"],
            drafter=row["drafter"],
            drafts=row["n"],
            passed=row["passed"],
            decided=row["decided"],
            unedited=row["unedited"],
            latency_ms=None if row["latency"] is None else int(row["latency"]),
            cost_microcents=row["cost"],
            length=None if row["length"] is None else int(row["length"]),
        )
        for row in db.execute(
            "SELECT prompt, prompt_version, drafter, count(*) AS n, count(*) FILTER (WHERE verdict = 'pass') AS passed,"
            " count(*) FILTER (WHERE state IN ('approved', 'edited')) AS decided,"
            " count(*) FILTER (WHERE state = 'approved') AS unedited, avg(latency_ms) AS latency,"
            " coalesce(sum(cost_microcents), 0) AS cost, avg(length(text)) AS length"
            " FROM drafts WHERE drafter IS NOT NULL AND created_at >= ? AND created_at < ?"
            " GROUP BY prompt, prompt_version, drafter ORDER BY n DESC",
            (since, until),
        )
    ]


def dollars(microcents: int) -> str:
    """Writes a cost as dollars to the tenth of a cent: 1_234_000_00 → "1.234"."""
    return f"{microcents / 100_000_000:.3f}"


def as_table(found: Figures) -> list[list[str]]:
    """Returns the figures as rows of (what, which, value), for CSV: figures only, no customer's words."""
    answers = found.answers
    rows = [
        ["what", "which", "value"],
        ["questions", "", str(answers.asked)],
        ["answered_in_window", "", str(answers.in_window)],
        ["time_to_answer_ms", "median", _blank(answers.median_ms)],
        ["time_to_answer_ms", "p90", _blank(answers.p90_ms)],
        ["sent", "all", str(found.sent)],
        ["sent", "automatic", str(found.automatic)],
        ["decided", "unedited", str(found.approved)],
        ["decided", "edited", str(found.edited)],
        ["decided", "rejected", str(found.rejected)],
        ["shadow", "settled", str(found.shadow)],
        ["shadow", "agreed", str(found.agreed)],
        ["cost_usd", "", dollars(found.cost_microcents)],
    ]
    for day in found.days:
        rows += [
            ["received", str(day.start), str(day.received)],
            ["questions_on", str(day.start), str(day.answers.asked)],
            ["answered_in_window_on", str(day.start), str(day.answers.in_window)],
            ["median_time_to_answer_ms_on", str(day.start), _blank(day.answers.median_ms)],
            ["sent_on", str(day.start), str(day.sent)],
            ["automatic_on", str(day.start), str(day.automatic)],
            ["decided_on", str(day.start), str(day.decided)],
            ["unedited_on", str(day.start), str(day.unedited)],
            ["cost_usd_on", str(day.start), dollars(day.cost_microcents)],
        ]
    for one in found.intents:
        rows += [
            ["intent_drafts", one.intent, str(one.drafts)],
            ["intent_decided", one.intent, str(one.decided)],
            ["intent_unedited", one.intent, str(one.unedited)],
            ["intent_shadow", one.intent, str(one.shadow)],
            ["intent_agreed", one.intent, str(one.agreed)],
        ]
    for prompt in found.prompts:
        name = f"{prompt.drafter}:{prompt.prompt}:{_blank(prompt.version)}"
        rows += [
            ["prompt_drafts", name, str(prompt.drafts)],
            ["prompt_passed", name, str(prompt.passed)],
            ["prompt_decided", name, str(prompt.decided)],
            ["prompt_unedited", name, str(prompt.unedited)],
            ["prompt_latency_ms", name, _blank(prompt.latency_ms)],
            ["prompt_cost_usd", name, dollars(prompt.cost_microcents)],
        ]
    return rows


def _blank(value: int | None) -> str:
    return "" if value is None else str(value)
