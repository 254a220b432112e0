"""The switches of automatic replies, changed in config.toml while a real server runs."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from server.settings import load
from server.switchboard import Switchboard
from store.database import connect
from tests.end_to_end.recorder import Recorder, ok
from tests.end_to_end.shop import Shop, opened, v1_3, wait

SETTINGS = """
# nobody is answered by a machine on her first day
[auto_reply]
mode = "shadow"
earn_decisions = 1
[delivery]
auto_undo_seconds = 0
"""


def test_a_running_server_goes_by_the_switches_as_they_are_changed(tmp_path: Path) -> None:
    """Shadow sends nothing, on answers, a kind taken out waits for her, off records nothing; no restart between."""
    with (
        Recorder(ok) as platform,
        opened(Shop(tmp_path / "shop", platform.url, settings=SETTINGS)) as shop,
    ):
        shop.serve()
        config = shop.folder / "config.toml"
        switches = Switchboard(load(config, shop.environment), shop.environment)

        def ask(number: int) -> int:
            """Posts a greeting of the one customer and waits for its draft; returns the draft's number."""
            before = (shop.conversation("ann") or {}).get("draft") or {}
            shop.post(v1_3(f"m{number}", "c-ann", "ann", "hello!"))

            def look() -> int | None:
                with closing(connect(shop.database, readonly=True)) as db:
                    row = db.execute(
                        "SELECT d.id FROM drafts d JOIN messages m ON m.id = d.thread_version"
                        " WHERE m.platform_id = ? AND d.state IN ('ready', 'approved')",
                        (f"m{number}",),
                    ).fetchone()
                return int(row["id"]) if row and row["id"] != before.get("id") else None

            return wait(look)

        def decided(draft: int) -> list[str]:
            with closing(connect(shop.database, readonly=True)) as db:
                return [row[0] for row in db.execute("SELECT decision FROM verdicts WHERE draft_id = ?", (draft,))]

        def taken_up(mode: str, kinds: int) -> None:
            def look() -> bool:
                with closing(connect(shop.database, readonly=True)) as db:
                    told = json.loads(db.execute("SELECT value FROM switches WHERE name = 'server'").fetchone()[0])
                return told["auto"]["mode"] == mode and len(told["auto"]["intents"]) == kinds

            wait(look)

        first = ask(1)
        assert decided(first) == ["shadow"]
        with closing(sqlite3.connect(shop.database)) as db:
            db.execute("UPDATE verdicts SET agreed = 1, reason = 'unchanged' WHERE draft_id = ?", (first,))
            db.execute("UPDATE conversations SET mode = 'auto'")
            db.commit()
        assert platform.sends == []

        switches.change("mode", "on")
        taken_up("on", 5)
        assert decided(ask(2)) == ["auto"]
        platform.wait_for(1)

        switches.change("intents", ("availability", "price"))
        taken_up("on", 2)
        assert decided(ask(3)) == []

        switches.change("intents", ("greeting",))
        switches.change("mode", "off")
        taken_up("off", 1)
        assert decided(ask(4)) == []
        assert len(platform.sends) == 1
        assert config.read_text("utf-8").count("# nobody is answered by a machine on her first day") == 1
