"""Sending, from outside: what leaves, in which dialect, and what is said of it afterwards."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.simulator.media import picture
from tests.end_to_end.platform import Platform
from tests.end_to_end.recorder import Answer, Recorder, Request, ok
from tests.end_to_end.shop import Shop, opened, v1, v1_3, wait


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Shop, Recorder, list[Answer]]]:
    """A shop and a platform whose next answers a test queues; without any it accepts."""
    answers: list[Answer] = []

    def answer(request: Request, number: int) -> Answer:
        if not request.path.endswith("/message/send/"):
            return 404, {}, b""
        return answers.pop(0) if answers else ok(request, number)

    settings = "[delivery]\nretry_seconds = [0.1]\nquiesce_seconds = 0.2\nlisting_gap_seconds = 0.1\n"
    with (
        Recorder(answer) as platform,
        opened(Shop(tmp_path_factory.mktemp("sending") / "shop", platform.url, settings=settings)) as shop,
    ):
        shop.serve()
        yield shop, platform, answers


@pytest.fixture
def told(running: tuple[Shop, Recorder, list[Answer]]) -> tuple[Shop, Recorder, list[Answer]]:
    """The running shop, with what earlier tests sent forgotten."""
    shop, platform, answers = running
    shop.environment["PHILIA_DELIVERY__UNDO_SECONDS"] = "0"
    platform.requests.clear()
    answers.clear()
    return shop, platform, answers


def test_each_conversation_is_answered_in_its_dialect(told: tuple[Shop, Recorder, list[Answer]]) -> None:
    """v1 and v1.3 conversations get their own path and body, byte for byte, and each text leaves once."""
    shop, platform, _ = told
    shop.post(v1("e1", "ann", "hello"))
    shop.post(v1_3("m1", "u5Jh+/kg==", "ben", "hello"))
    for number, user in enumerate(("ann", "ben"), start=1):
        draft = shop.draft(user)
        delivery = shop.json("inbox", "edit", str(draft["id"]), "--text", f"Hi {user} — né à 21″")
        shop.delivery(delivery["id"], "sent")
        platform.wait_for(number)
    first, second = platform.sends
    assert first.path == "/open_api/v1/business/message/send/"
    assert first.json() == {
        "business_id": "biz-1",
        "recipient_id": "ann",
        "message_type": "text",
        "content": {"text": "Hi ann — né à 21″"},
    }
    assert second.path == "/open_api/v1.3/business/message/send/"
    assert second.json() == {
        "business_id": "biz-1",
        "recipient_type": "CONVERSATION",
        "recipient": "u5Jh+/kg==",
        "message_type": "TEXT",
        "text": {"body": "Hi ben — né à 21″"},
    }
    assert {request.headers["access-token"] for request in (first, second)} == {"token-1"}


@pytest.mark.parametrize(
    ("answer", "state", "requests"),
    [
        ((401, {}, b""), "failed", 1),
        ((403, {}, b"closed"), "failed", 1),
        ((400, {}, b"<html>"), "failed", 1),
        ((429, {"Retry-After": "0"}, b""), "sent", 2),
        ((500, {}, b""), "sent", 2),
        ((200, {}, b'{"code":40002,"message":"bad parameter"}'), "failed", 1),
        ((200, {}, b"not json at all"), "sent", 1),
    ],
)
def test_v1_answers_mean_what_the_specification_says(
    told: tuple[Shop, Recorder, list[Answer]], answer: Answer, state: str, requests: int
) -> None:
    """200 is sent, 401 and 403 fail with their reason, 429 and 5xx are tried again, others fail."""
    shop, platform, answers = told
    user = f"vic-{answer[0]}-{len(answer[2])}"
    shop.post(v1(f"{user}-1", user, "hello"))
    draft = shop.draft(user)
    answers.append(answer)
    delivery = shop.json("inbox", "approve", str(draft["id"]))
    found = shop.delivery(delivery["id"], "sent", "failed")
    assert found["state"] == state
    assert len(platform.sends) == requests
    assert (found["reason"] is None) == (state == "sent")
    assert next(attempt["status"] for attempt in found["attempts"]) == answer[0]


def test_sigterm_during_a_send_waits_for_its_answer(tmp_path: Path) -> None:
    """A server that is told to stop while TikTok thinks records the answer before it ends."""
    holding = threading.Event()

    def slowly(request: Request, number: int) -> Answer:
        if not request.path.endswith("/message/send/"):
            return 404, {}, b""
        holding.wait(20)
        return ok(request, number)

    with Recorder(slowly) as platform, opened(Shop(tmp_path / "shop", platform.url)) as shop:
        shop.serve()
        shop.post(v1("e1", "ann", "hello"))
        delivery = shop.json("inbox", "approve", str(shop.draft("ann")["id"]))
        platform.wait_for(1)
        assert shop.server is not None
        shop.server.terminate()
        wait(lambda: "stopp" in _log(shop) or _asked_to_stop(shop))
        holding.set()
        assert shop.server.wait(30) == 0
        found = shop.delivery(delivery["id"], "sent")
        assert [attempt["outcome"] for attempt in found["attempts"]] == ["sent"]
        assert len(platform.sends) == 1


def _log(shop: Shop) -> str:
    return (shop.folder / "philia.log").read_text("utf-8")


def _asked_to_stop(shop: Shop) -> bool:
    """Tells whether the listener has closed its door, the first thing a shutdown does."""
    try:
        return shop.get("/healthz")[0] != 200
    except OSError:
        return True


def test_killed_during_a_send_it_is_a_doubt_and_never_a_second_message(tmp_path: Path) -> None:
    """After SIGKILL in the middle of a request nothing is sent again by itself; the owner is asked."""
    holding = threading.Event()

    def never(request: Request, number: int) -> Answer:
        if request.path.endswith("/message/send/"):
            holding.wait(20)
        return ok(request, number)

    settings = "[delivery]\nquiesce_seconds = 0.2\n"
    with Recorder(never) as platform, opened(Shop(tmp_path / "shop", platform.url, settings=settings)) as shop:
        shop.serve()
        shop.post(v1("e1", "ann", "hello"))
        delivery = shop.json("inbox", "approve", str(shop.draft("ann")["id"]))
        platform.wait_for(1)
        assert shop.server is not None
        shop.server.kill()
        shop.stop()
        shop.serve()
        found = shop.delivery(delivery["id"], "needs_owner")
        assert "could not prove" in found["reason"].lower()
        assert shop.json("status")["in_doubt"] == 1
        assert len(platform.sends) == 1
        holding.set()
        shop.run("deliveries", "resolve", str(delivery["id"]), "sent")
        assert shop.delivery(delivery["id"], "sent")
        assert len(platform.sends) == 1


def test_undo_and_pause_keep_it_here(told: tuple[Shop, Recorder, list[Answer]]) -> None:
    """What is taken back is never sent, and while everything is paused nothing leaves."""
    shop, platform, _ = told
    shop.environment["PHILIA_DELIVERY__UNDO_SECONDS"] = "600"
    shop.post(v1("una-1", "una", "hello"))
    draft = shop.draft("una")
    delivery = shop.json("inbox", "approve", str(draft["id"]))
    assert delivery["state"] == "held"
    undone = shop.json("inbox", "undo", str(delivery["id"]))
    assert undone["text"] == draft["text"]
    assert shop.draft("una")["text"] == draft["text"]

    shop.run("pause")
    paused = shop.json("inbox", "approve", str(shop.draft("una")["id"]), "--now")
    shop.post(v1("una-2", "una-b", "hello"))
    shop.draft("una-b")
    assert shop.json("status")["paused"] is True
    assert not platform.sends
    shop.run("resume")
    shop.delivery(paused["id"], "sent")
    assert len(platform.sends) == 1


def test_what_was_decided_on_must_still_stand(told: tuple[Shop, Recorder, list[Answer]]) -> None:
    """A draft that a newer message has overtaken cannot be approved, and the refusal says why."""
    shop, platform, _ = told
    shop.post(v1("stan-1", "stan", "hello"))
    old = shop.draft("stan")
    shop.post(v1("stan-2", "stan", "wait, do you ship?"))
    newer = wait(lambda: (row := shop.draft("stan"))["id"] != old["id"] and row)
    said = shop.run("inbox", "approve", str(old["id"]), status=1)
    assert "wrote again" in said
    shop.run("inbox", "reject", str(newer["id"]), "--reason", "no")
    shop.run("inbox", "approve", "999", status=1)
    assert not platform.sends


def test_the_contract_of_the_commands(told: tuple[Shop, Recorder, list[Answer]]) -> None:
    """Every documented key is there, with its type, in status, inbox and deliveries."""
    shop, _, _ = told
    shop.post(v1("cora-1", "cora", "hello", timestamp=0))
    shop.draft("cora")
    status = shop.json("status")
    assert status["server"] == "running"
    assert status["pid"] == (shop.server.pid if shop.server else 0)
    assert status["listening"] == shop.listening
    for key in ("needs_you", "sending", "in_doubt", "failed", "poison"):
        assert isinstance(status[key], int)
    row = shop.conversation("cora")
    assert row is not None
    assert set(row) >= {"conversation", "user", "name", "queue", "mode", "dialect", "window_closes_at", "quota_left"}
    assert row["last_message"].keys() >= {"role", "text", "at"}
    assert (row["queue"], row["mode"], row["dialect"], row["quota_left"]) == ("needs_you", "review", "v1", 10)
    assert set(row["draft"]) >= {"id", "state", "text", "drafter", "model", "prompt", "intent", "grounding"}
    assert set(row["draft"]) >= {"verdict", "reasons", "claims", "needs_owner"}
    shown = shop.json("inbox", "show", str(row["conversation"]))
    assert shown["messages"][0].keys() >= {"role", "source", "text", "at", "state", "platform_id"}
    shop.run("inbox", "show", "999", status=1)
    shop.run("inbox", "list", "--queue", "nowhere", status=2)
    sent = shop.json("inbox", "send", str(row["conversation"]), "--text", "hi there", "--now")
    found = shop.delivery(sent["id"], "sent")
    assert set(found) >= {"id", "conversation", "draft", "text", "state", "send_after", "platform_id", "reason"}
    assert found["attempts"][0].keys() >= {"started_at", "ended_at", "outcome", "status", "code"}
    assert found["draft"] is None
    assert json.loads(shop.run("deliveries", "list", "--conversation", "999", "--json")) == []


def test_the_picture_of_a_piece_goes_all_the_way(tmp_path: Path) -> None:
    """By commands, `philia serve` and TikTok's simulator as processes: a picture is uploaded once and sent once."""
    platform = Platform(tmp_path)
    try:
        with opened(Shop(tmp_path / "shop", platform.url, settings="[delivery]\nretry_seconds = [0.1]\n")) as shop:
            photo = tmp_path / "jacket.png"
            photo.write_bytes(picture("jacket"))
            shop.run("items", "add", "J-900", "--name", "Suede jacket", "--price", "85")
            shop.run("items", "picture", "J-900", str(photo))
            shop.serve()
            platform.control("webhooks", listener_url=f"{shop.listening}/webhook/tiktok")
            platform.control("faults", on="upload", queue=["server_500"])
            platform.control("customers/maria.k/say", text="a photo?", dialect="v1.3", wait=True)
            conversation = wait(lambda: shop.conversation("maria.k"))["conversation"]
            made = shop.json("inbox", "send-picture", str(conversation), "J-900", "--now")
            sent = shop.delivery(made["id"], "sent")
            assert [attempt["outcome"] for attempt in sent["attempts"]] == ["sent"]
            (entry,) = platform.ledger()
            assert (entry["message_type"], entry["message_id"]) == ("IMAGE", sent["platform_id"])
            asked = [request["path"].partition("/message/")[2] for request in platform.control("requests")]
            wanted = ["capabilities/get/", "media/upload/", "media/upload/", "send/"]
            assert [path for path in asked if path in wanted] == wanted
            platform.control("rules", image_send=False)
            platform.control("customers/sam/say", text="and me?", dialect="v1.3", wait=True)
            other = wait(lambda: shop.conversation("sam"))["conversation"]
            refused = shop.json("inbox", "send-picture", str(other), "J-900", "--now")
            assert "does not let this shop send pictures" in shop.delivery(refused["id"], "failed")["reason"]
            assert len(platform.ledger()) == 1
    finally:
        platform.close()
