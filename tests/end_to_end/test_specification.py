"""The owner's specification, word for word, against real processes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.end_to_end.recorder import Recorder, ok
from tests.end_to_end.shop import STOCK, Shop, opened, wait

FIRST = (
    b'{"event":"message.received","event_id":"test_ai_001","timestamp":1234567890,"data":{"message":'
    b'{"from_user_id":"test_user_ai","content":"Do you have any vintage Nike jackets?"}}}'
)
SECOND = (
    b'{"event_id":"test_search_001","data":{"message":{"from_user_id":"test_user_ai",'
    b'"content":"Show me large windbreakers"}}}'
)


@pytest.mark.parametrize("now", [True, False])
def test_the_two_examples_end_at_the_v1_send_endpoint(tmp_path: Path, now: bool) -> None:
    """Both curls of the specification are answered 200, drafted from stock, and sent after approval, byte for byte."""
    with Recorder(ok) as platform, opened(Shop(tmp_path / "shop", platform.url)) as shop:
        shop.run("items", "import", str(STOCK))
        shop.serve()
        assert shop.post(FIRST, headers={"Content-Type": "application/json"}) == (200, {"status": "accepted"})
        first = shop.draft("test_user_ai")
        assert "Nike" in first["text"]
        assert len(first["text"]) <= 200
        delivery = shop.json("inbox", "approve", str(first["id"]), *(["--now"] if now else []))
        platform.wait_for(1)
        sent = platform.sends[0]
        assert (sent.method, sent.path) == ("POST", "/open_api/v1/business/message/send/")
        assert sent.headers["access-token"] == "token-1"
        assert sent.headers["content-type"] == "application/json"
        assert sent.json() == {
            "business_id": "biz-1",
            "recipient_id": "test_user_ai",
            "message_type": "text",
            "content": {"text": first["text"]},
        }
        shop.delivery(delivery["id"], "sent")

        # The second example has neither an event name, nor a time, nor a Content-Type.
        assert shop.post(SECOND) == (200, {"status": "accepted"})
        second = wait(lambda: (row := shop.draft("test_user_ai"))["id"] > first["id"] and row)
        skus = {claim["sku"] for claim in second["claims"] if claim["sku"]}
        large = {row["sku"] for row in _stock() if row["size"] == "L" and "windbreaker" in row["name"].lower()}
        assert skus & large
        delivery = shop.json("inbox", "approve", str(second["id"]), "--now")
        shop.delivery(delivery["id"], "sent")
        conversation = shop.conversation("test_user_ai")
        assert conversation is not None
        thread = shop.json("inbox", "show", str(conversation["conversation"]))["messages"]
        assert [(message["role"], message["source"]) for message in thread] == [
            ("user", "customer"),
            ("assistant", "owner"),
            ("user", "customer"),
            ("assistant", "owner"),
        ]
        assert thread[1]["text"] == first["text"]
        assert shop.stop() == 0


def _stock() -> list[dict[str, str]]:
    import csv

    with STOCK.open(encoding="utf-8", newline="") as file:
        return [{"sku": row["sku"], "name": row["name"], "size": row["size_label"]} for row in csv.DictReader(file)]


def test_the_message_of_an_example_is_kept_as_it_stood(tmp_path: Path) -> None:
    """The raw body of a webhook is in the log, byte for byte, before it is answered."""
    with Recorder(ok) as platform, opened(Shop(tmp_path / "shop", platform.url)) as shop:
        shop.serve()
        shop.post(SECOND)
        shop.stop()
        import sqlite3
        from contextlib import closing

        with closing(sqlite3.connect(shop.database)) as db:
            assert db.execute("SELECT body, state FROM inbound_events").fetchall() == [(SECOND, "applied")]
            said = db.execute("SELECT text FROM messages").fetchall()
        assert said == [(json.loads(SECOND)["data"]["message"]["content"],)]
