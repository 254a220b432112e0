"""Other people's text: stored whole, printed so that it can do nothing."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.end_to_end.recorder import Recorder, ok
from tests.end_to_end.shop import Shop, opened, v1, v1_3, wait
from tests.hostile import HOSTILE


def test_two_hundred_hostile_lines_are_stored_whole_and_printed_inert(tmp_path: Path) -> None:
    """Every line is in the database as it was sent, the commands print none of its powers, and drafting goes on."""
    with Recorder(ok) as platform, opened(Shop(tmp_path / "shop", platform.url)) as shop:
        shop.serve()
        for number, text in enumerate(HOSTILE):
            body = (
                v1(f"e{number}", f"user-{number % 20}", text)
                if number % 2
                else v1_3(f"m{number}", f"c{number % 20}", "u", text)
            )
            assert shop.post(body)[0] == 200
        assert shop.post(v1("large", "user-1", "x" * 1_000_000))[0] == 413
        with closing(sqlite3.connect(shop.database)) as db:
            wait(lambda: db.execute("SELECT count(*) FROM messages").fetchone()[0] == len(HOSTILE))
            stored = [row[0] for row in db.execute("SELECT text FROM messages")]
            assert sorted(stored) == sorted(HOSTILE)
            wait(
                lambda: (
                    db.execute("SELECT count(*) FROM drafts WHERE state IN ('queued', 'drafting')").fetchone()[0] == 0
                )
            )
            assert db.execute("SELECT count(*) FROM drafts WHERE state = 'failed'").fetchone()[0] == 0
        numbers = [row["conversation"] for row in shop.json("inbox", "list")]
        printed = shop.run("inbox", "list") + "".join(shop.run("inbox", "show", str(number)) for number in numbers[:4])
        assert {char for char in printed if not (char.isprintable() or char == "\n")} == set()
        # JSON holds the texts whole, and itself no control character that is not escaped.
        document = shop.run("inbox", "show", str(numbers[0]), "--json")
        assert {char for char in document if ord(char) < 32} == {"\n"}
        assert {message["text"] for message in json.loads(document)["messages"] if message["role"] == "user"} <= set(
            HOSTILE
        )


def test_a_hostile_text_leaves_as_the_owner_wrote_it(tmp_path: Path) -> None:
    """What the owner sends reaches the platform character by character, however odd."""
    odd = "21″ — née 👩‍👩‍👧‍👦 \u202eabc [b]x[/b] {not a placeholder} “quoted” \\ / é e\u0301"
    with Recorder(ok) as platform, opened(Shop(tmp_path / "shop", platform.url)) as shop:
        shop.serve()
        shop.post(v1("e1", "ann", "hello"))
        shop.draft("ann")
        sent = shop.json("inbox", "send", "1", "--text", odd, "--now")
        shop.delivery(sent["id"], "sent")
        assert platform.sends[0].json()["content"]["text"] == odd
