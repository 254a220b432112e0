"""How long a message takes to become a draft that can be seen: `python -m tests.performance.drafting [--quick]`.

The real server, without the wait for silence. The clock runs from the first byte of the webhook to the moment another
process reads the draft as ready; that process looks every 2 ms. The stock is random and untidy, 10,000 pieces.
"""

from __future__ import annotations

import json
import sqlite3
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from store.database import connect
from store.migrations import migrate
from tests.end_to_end.shop import Shop, opened, v1_3
from tests.performance import stock
from tests.performance.figures import Figure, alone, percentile, spread
from tests.performance.slow_model import slow_model
from tests.store.search.shop import put

MESSAGES: Final = Path(__file__).with_name("messages.jsonl")
LOOK: Final = 0.002
PATIENCE: Final = 60.0
MODEL_SECONDS: Final = 0.8
AT_ONCE: Final = 50


def questions() -> list[str]:
    """Returns the hundred messages."""
    return [json.loads(line)["text"] for line in MESSAGES.read_text("utf-8").splitlines()]


def a_shop(folder: Path, pieces: int, **secrets: str) -> Shop:
    """Makes a shop with a random stock that drafts at once."""
    shop = Shop(folder, "http://127.0.0.1:9", **secrets)
    del shop.environment["PYTHONWARNINGS"]
    migrate(shop.database)
    with closing(connect(shop.database)) as db:
        put(db, list(stock.rows(pieces)))
    return shop


def ready(db: sqlite3.Connection, users: Sequence[str]) -> int:
    """Returns how many of the customers have a ready draft."""
    marks = ", ".join("?" * len(users))
    found = db.execute(
        "SELECT count(*) FROM users u JOIN conversations c ON c.user_id = u.id JOIN drafts d ON d.id = c.live_draft_id"
        f" WHERE u.tiktok_id IN ({marks}) AND d.state = 'ready'",
        list(users),
    ).fetchone()
    return int(found[0])


def until_ready(db: sqlite3.Connection, users: Sequence[str]) -> None:
    """Waits until each of the customers has a draft."""
    until = time.monotonic() + PATIENCE
    while ready(db, users) < len(users):
        assert time.monotonic() < until, f"{ready(db, users)} of {len(users)} drafts after {PATIENCE:.0f} s"
        time.sleep(LOOK)


def one_by_one(shop: Shop, texts: Sequence[str], tag: str) -> list[float]:
    """Posts messages of new customers one after the other; returns the milliseconds each draft took."""
    took = []
    with closing(connect(shop.database, readonly=True)) as db:
        for number, text in enumerate(texts):
            user = f"{tag}{number}"
            body = v1_3(f"m-{user}", f"c-{user}", user, text)
            began = time.perf_counter()
            shop.post(body)
            until_ready(db, [user])
            took.append((time.perf_counter() - began) * 1_000)
    return took


def at_once(shop: Shop, texts: Sequence[str], tag: str) -> list[float]:
    """Posts messages of new customers together; returns the milliseconds until each had a draft."""
    users = [f"{tag}{number}" for number in range(len(texts))]
    bodies = [v1_3(f"m-{user}", f"c-{user}", user, text) for user, text in zip(users, texts, strict=True)]
    posts = [threading.Thread(target=shop.post, args=(body,)) for body in bodies]
    took: list[float] = []
    with closing(connect(shop.database, readonly=True)) as db:
        began = time.perf_counter()
        for post in posts:
            post.start()
        while len(took) < len(users):
            now = (time.perf_counter() - began) * 1_000
            took += [now] * (ready(db, users) - len(took))
            assert now < PATIENCE * 1_000
            time.sleep(LOOK)
        for post in posts:
            post.join()
    return took


def house(folder: Path, *, quick: bool) -> list[Figure]:
    """Measures the house drafter."""
    figures = []
    texts = questions()
    for pieces in (1_000,) if quick else (1_000, 10_000, 100_000):
        with opened(a_shop(folder / f"house{pieces}", pieces)) as shop:
            shop.serve()
            one_by_one(shop, texts[:5], "warm")
            took = one_by_one(shop, texts[5:20] if quick else texts[5:], "one")
            goal = pieces <= 10_000
            figures.append(
                Figure(
                    f"message to visible draft, house drafter, {pieces:,} pieces",
                    spread(took),
                    "p95 ≤ 50 ms" if goal else "",
                    percentile(took, 95) <= 50 if goal else None,
                    f"{len(took)} messages, slowest {max(took):.0f} ms",
                )
            )
            if pieces <= 10_000:
                together = at_once(shop, (texts * 2)[: 20 if quick else AT_ONCE], "many")
                figures.append(
                    Figure(
                        f"{len(together)} conversations at once, house drafter, {pieces:,} pieces",
                        f"{spread(together)}, all after {max(together):,.0f} ms",
                        beside=f"one after the other p50 {percentile(took, 50):.1f} ms",
                    )
                )
    return figures


def model(folder: Path, *, quick: bool) -> list[Figure]:
    """Measures a model that answers in 800 ms."""
    figures = []
    texts = [text for text in questions() if "?" in text]
    with slow_model(MODEL_SECONDS) as url:
        for prefetch in (False, True):
            calls = 1 if prefetch else 2
            least = calls * MODEL_SECONDS * 1_000
            with opened(
                a_shop(
                    folder / f"model{prefetch}",
                    1_000 if quick else 10_000,
                    OPENAI_API_KEY="sk-performance",
                    OPENAI_BASE_URL=url,
                    PHILIA_AGENT__PREFETCH=str(prefetch).lower(),
                    PHILIA_AGENT__DAILY_BUDGET="0",
                )
            ) as shop:
                shop.serve()
                one_by_one(shop, texts[:2], "warm")
                took = one_by_one(shop, texts[2 : 5 if quick else 14], "one")
                how = "search first (prefetch)" if prefetch else "the model asks"
                figures.append(
                    Figure(
                        f"message to visible draft, a model of 800 ms, {how}",
                        spread(took),
                        beside=f"{calls} × 800 ms is the model's own {least:,.0f} ms;"
                        f" ours p50 {percentile(took, 50) - least:.0f} ms",
                    )
                )
                together = at_once(shop, (texts * 2)[: 20 if quick else AT_ONCE], "many")
                figures.append(
                    Figure(
                        f"{len(together)} conversations at once, a model of 800 ms, {how}",
                        f"{spread(together)}, all after {max(together):,.0f} ms",
                        beside=f"one alone p50 {percentile(took, 50):,.0f} ms",
                    )
                )
    return figures


def measure(quick: bool) -> list[Figure]:
    """Measures the part."""
    with tempfile.TemporaryDirectory(prefix="philia-drafting-") as folder:
        return [*house(Path(folder), quick=quick), *model(Path(folder), quick=quick)]


if __name__ == "__main__":
    alone(__doc__, measure)
