"""I12 with real processes: after a restore nothing is sent before it was looked up and the owner resumed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from server import decisions
from server.settings import Delivery
from store import switches
from store.clock import system_clock
from store.database import connect, transaction
from tests.end_to_end.recorder import Answer, Recorder, Request
from tests.end_to_end.shop import Shop, opened, v1_3, wait


class Platform:
    """A TikTok that keeps what it took and lists it."""

    def __init__(self) -> None:
        """Starts empty."""
        self.taken: list[tuple[str, str, int]] = []

    def __call__(self, request: Request, number: int) -> Answer:
        """Answers as dialect v1.3 does."""
        data: dict[str, object] = {}
        if request.path.endswith("/message/send/"):
            told = request.json()
            self.taken.append((f"platform-{number}", told["text"]["body"], int(time.time() * 1000)))
            data = {"message": {"message_id": f"platform-{number}"}}
        elif "/content/list/" in request.path:
            data = {"messages": [self._listed(*one) for one in self.taken], "participants": []}
        elif "/conversation/list/" in request.path:
            data = {"conversations": [], "has_more": False}
        return 200, {}, json.dumps({"code": 0, "message": "OK", "request_id": "r", "data": data}).encode()

    @staticmethod
    def _listed(message_id: str, text: str, at: int) -> dict[str, object]:
        return {
            "message_id": message_id,
            "timestamp": at,
            "message_type": "TEXT",
            "text": {"body": text},
            "from_user": {"id": "biz-1", "role": "BUSINESS_ACCOUNT"},
            "message_tag": {"source": "API"},
        }


def say(shop: Shop, switch: Callable[..., None]) -> None:
    """Turns a switch as the inbox does, from another process than the server's."""
    with closing(connect(shop.database)) as db, transaction(db):
        switch(db, now=system_clock(), who="owner")


def decide(shop: Shop, text: str) -> int:
    """Decides a text for the one customer, as the inbox does; returns its delivery."""
    with closing(connect(shop.database)) as db, transaction(db):
        return decisions.send(db, 1, text, now=system_clock(), settings=Delivery(), send_now=True).delivery_id


def test_a_restored_shop_sends_nothing_by_itself(tmp_path: Path) -> None:
    """What left after the backup is found at TikTok and not sent again; new decisions wait for the owner's resume."""
    platform = Platform()
    with Recorder(platform) as recorder, opened(Shop(tmp_path / "shop", recorder.url)) as shop:
        shop.environment["PHILIA_DELIVERY__QUIESCE_SECONDS"] = "1"
        shop.environment["PHILIA_DELIVERY__LISTING_GAP_SECONDS"] = "1"
        shop.serve()
        assert shop.post(v1_3("m1", "conv-1", "ann", "hello"))[0] == 200
        shop.draft("ann")
        say(shop, switches.pause)
        number = decide(shop, "It left after the backup.")
        backup = str(tmp_path / "backup.db")
        shop.run("backup", backup)
        shop.run("restore", backup, "--yes", status=1)
        say(shop, switches.resume)
        shop.delivery(number, "sent")
        shop.stop()
        assert len(recorder.sends) == 1

        told = shop.json("restore", backup, "--yes")
        assert told["in_doubt"] == 1
        with closing(connect(shop.database, readonly=True)) as db:
            assert db.execute("SELECT state FROM deliveries").fetchone()["state"] == "unknown"
        shop.serve()
        # It is looked up while sending is paused, and found.
        assert shop.delivery(number, "sent")["platform_id"] == platform.taken[0][0]
        waiting = decide(shop, "Decided after the restore.")
        # A look at TikTok began and ended after the decision, and still nothing left.
        seen = recorder.count
        shop.post(v1_3("m2", "conv-1", "ann", "are you there?"))
        wait(lambda: (shop.conversation("ann") or {}).get("last_message", {}).get("text") == "are you there?")
        assert len(recorder.sends) == 1
        assert recorder.count >= seen
        assert shop.delivery(waiting, "held", "queued")
        shop.run("resume")
        shop.delivery(waiting, "sent", "cancelled")
        assert len({text for _, text, _ in platform.taken}) == len(platform.taken)
