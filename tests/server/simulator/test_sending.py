"""How the simulated TikTok takes messages, asked by bare HTTP and judged by its ledger."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from server.simulator.faults import NAMED
from server.simulator.platform import WINDOW, conversation_id_of
from server.simulator.run import Simulator
from tests.conftest import FakeClock
from tests.server.simulator.browser import browser
from tests.server.simulator.ear import listening

V1 = "/open_api/v1/business/message/send/"
V13 = "/open_api/v1.3/business/message/send/"


@pytest.fixture
async def simulator(clock: FakeClock, tmp_path: Path) -> AsyncIterator[Simulator]:
    async with Simulator(clock=clock, ledger_path=tmp_path / "ledger.jsonl") as running:
        yield running


@pytest.fixture
async def http(simulator: Simulator) -> AsyncIterator[httpx.AsyncClient]:
    async with browser(simulator.url) as client:
        yield client


def v1_body(**more: Any) -> dict[str, Any]:
    return {"business_id": "b", "recipient_id": "maria.k", "message_type": "text", "content": {"text": "hi"}} | more


def v13_body(**more: Any) -> dict[str, Any]:
    return {
        "business_id": "b",
        "recipient_type": "CONVERSATION",
        "recipient": conversation_id_of("maria.k"),
        "message_type": "TEXT",
        "text": {"body": "hi"},
    } | more


async def test_an_accepted_message_is_in_the_ledger_file_before_it_is_answered(
    simulator: Simulator, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    """Both dialects write one line each: who, what, when, under which id; the file has it by the time of the answer."""
    ids = []
    for path, body in ((V1, v1_body()), (V13, v13_body())):
        response = await http.post(path, json=body)
        assert response.status_code == 200
        ids.append(response.json()["data"]["message"]["message_id"])
        lines = [json.loads(line) for line in (tmp_path / "ledger.jsonl").read_text("utf-8").splitlines()]
        assert lines[-1]["message_id"] == ids[-1]
    assert [(line["seq"], line["dialect"], line["recipient"], line["text"]) for line in lines] == [
        (1, "v1", "maria.k", "hi"),
        (2, "v1.3", conversation_id_of("maria.k"), "hi"),
    ]
    assert len(set(ids)) == 2
    assert lines == [entry.as_json() for entry in simulator.ledger()]


async def test_a_ledger_is_continued_after_a_restart(tmp_path: Path, clock: FakeClock) -> None:
    """A second run over the same file remembers what was accepted, lists it, and gives no id twice."""
    path = tmp_path / "ledger.jsonl"
    ids = []
    for _ in range(2):
        async with Simulator(clock=clock, ledger_path=path) as simulator, browser(simulator.url) as http:
            response = await http.post(V13, json=v13_body())
            ids.append(response.json()["data"]["message"]["message_id"])
            query = {"business_id": "b", "conversation_id": conversation_id_of("maria.k")}
            listed = (await http.get("/open_api/v1.3/business/message/content/list/", params=query)).json()
    assert [message["message_id"] for message in listed["data"]["messages"]] == ids
    assert len(set(ids)) == 2


async def test_a_line_that_a_kill_left_half_is_cut_off(tmp_path: Path) -> None:
    """A ledger whose last line is not whole is continued after its last whole one."""
    path = tmp_path / "ledger.jsonl"
    async with Simulator(ledger_path=path) as simulator, browser(simulator.url) as http:
        await http.post(V13, json=v13_body(text={"body": "one \u2028 line"}))
    path.write_bytes(path.read_bytes() + b'{"seq": 2, "at": 17')
    async with Simulator(ledger_path=path) as simulator, browser(simulator.url) as http:
        await http.post(V13, json=v13_body())
    assert [json.loads(line)["seq"] for line in path.read_bytes().split(b"\n") if line] == [1, 2]


@pytest.mark.parametrize("dialect", ["v1", "v1.3"])
async def test_a_fault_stores_the_message_exactly_when_its_name_says_so(
    simulator: Simulator, http: httpx.AsyncClient, dialect: str
) -> None:
    """A fault ending in `_applied` (and `none`) leaves one line in the ledger, any other none; the next is honest."""
    path, body = (V1, v1_body()) if dialect == "v1" else (V13, v13_body())
    for name, named in NAMED.items():
        before, asked = len(simulator.ledger()), len(simulator.requests())
        simulator.fault({"name": name, "seconds": 0.001 if named.seconds else 0.0})
        try:
            response = await http.post(path, json=body)
        except (httpx.RemoteProtocolError, httpx.ReadError):
            assert name.startswith("cut")
        else:
            assert response.status_code == named.status, name
        stored = name == "none" or name.endswith("_applied")
        assert len(simulator.ledger()) - before == stored, name
        assert simulator.requests()[asked].fault == (None if name == "none" else name)
        assert (await http.post(path, json=body)).json()["code"] == 0


async def test_the_shapes_of_the_answers(simulator: Simulator, http: httpx.AsyncClient) -> None:
    """HTML is HTML, the id is missing or misplaced, Retry-After is there: each fault looks as it is called."""
    simulator.fault("html_400", "no_id_applied", "id_elsewhere_applied", "odd_json_applied", "rate_429_retry_after")
    answers = [await http.post(V13, json=v13_body()) for _ in range(5)]
    assert answers[0].text.startswith("<html>")
    assert answers[1].json()["data"] == {}
    assert set(answers[2].json()["data"]) == {"message_id"}
    assert answers[3].json() == ["OK"]
    assert (answers[4].status_code, answers[4].headers["Retry-After"]) == (429, "1")


async def test_a_mix_is_repeatable_and_near_its_shares(simulator: Simulator, http: httpx.AsyncClient) -> None:
    """The same seed plays the same faults in the same order, about as often as asked."""
    played = []
    for _ in range(2):
        simulator.world.faults.configure({"mix": {"shares": {"code_40100": 0.3, "no_id_applied": 0.2}, "seed": 11}})
        begin = len(simulator.requests())
        for _ in range(60):
            await http.post(V13, json=v13_body())
        played.append([request.fault for request in simulator.requests()[begin:]])
    assert played[0] == played[1]
    assert 8 <= played[0].count("code_40100") <= 28
    assert 4 <= played[0].count("no_id_applied") <= 20


WRONG: list[Any] = [
    v13_body(extra=1),
    {key: value for key, value in v13_body().items() if key != "business_id"},
    v13_body(recipient_type="USER"),
    v13_body(text={"body": ""}),
    v13_body(text={"body": "x" * 6_001}),
    v13_body(text={"body": "x", "style": "bold"}),
    v13_body(text="hi"),
    v13_body(message_type="text"),
    v13_body(message_type=["TEXT"]),
    v13_body(image={"media_id": "m"}),
    [1],
]


async def test_a_body_that_is_not_as_documented_is_refused_in_v1_3(
    simulator: Simulator, http: httpx.AsyncClient
) -> None:
    """Missing, additional and wrong fields answer 200 with 40002, as TikTok does, and nothing is stored."""
    for body in WRONG:
        response = await http.post(V13, json=body)
        assert (response.status_code, response.json()["code"]) == (200, 40002), body
    assert simulator.ledger() == []


async def test_a_body_that_is_not_as_specified_is_refused_in_v1(simulator: Simulator, http: httpx.AsyncClient) -> None:
    """In v1 the status says it: 400 for a wrong body, 401 without a token."""
    for body in (v1_body(extra=1), v1_body(message_type="TEXT"), v1_body(content={}), "x"):
        assert (await http.post(V1, json=body)).status_code == 400
    assert (await http.post(V1, json=v1_body(), headers={"Access-Token": ""})).status_code == 401
    assert (await http.post(V13, json=v13_body(), headers={"Access-Token": ""})).json()["code"] == 40105
    assert simulator.ledger() == []


async def test_a_path_without_its_last_slash_is_not_found(simulator: Simulator, http: httpx.AsyncClient) -> None:
    """TikTok's paths end in a slash; without it there is a bare 404 and no redirect."""
    for path in (V1.rstrip("/"), V13.rstrip("/"), "/open_api/v1.3/business/message/content/list"):
        assert (await http.post(path, json=v13_body())).status_code == 404
    assert (await http.get(V13)).status_code == 404
    assert simulator.ledger() == []


async def test_window_and_quota_are_kept_when_asked(
    simulator: Simulator, http: httpx.AsyncClient, clock: FakeClock
) -> None:
    """With the rules on, the window closes 48 h after the customer's last word, the quota refills with the next."""
    simulator.world.platform.rules.window = WINDOW
    simulator.world.platform.rules.quota = 2
    assert (await http.post(V13, json=v13_body())).json()["code"] == 40064  # she has never written
    await simulator.say("maria.k", "hi")
    codes = [(await http.post(V13, json=v13_body())).json()["code"] for _ in range(3)]
    assert codes == [0, 0, 40064]
    await simulator.say("maria.k", "and?")
    clock.advance(WINDOW)
    assert (await http.post(V13, json=v13_body())).json()["code"] == 0
    clock.advance(1)
    assert (await http.post(V13, json=v13_body())).json()["code"] == 40064
    assert (await http.post(V1, json=v1_body())).status_code == 403
    assert len(simulator.ledger()) == 3


async def test_pace_and_strangers_are_refused_when_asked(
    simulator: Simulator, http: httpx.AsyncClient, clock: FakeClock
) -> None:
    """The rate limit counts a minute, and a strict platform knows only those who have written."""
    simulator.world.platform.rules.rate_per_minute = 2
    codes = [(await http.post(V13, json=v13_body())).json()["code"] for _ in range(3)]
    assert codes == [0, 0, 40100]
    assert (await http.post(V1, json=v1_body())).status_code == 429
    clock.advance(60_000)
    assert (await http.post(V1, json=v1_body())).status_code == 200
    simulator.world.platform.rules.rate_per_minute = None
    simulator.world.platform.rules.strict_recipients = True
    assert (await http.post(V13, json=v13_body(recipient="nobody"))).json()["code"] == 40007
    assert (await http.post(V1, json=v1_body(recipient_id="nobody"))).status_code == 404


async def test_the_listing_has_twenty_messages_and_its_lag(
    simulator: Simulator, http: httpx.AsyncClient, clock: FakeClock
) -> None:
    """Only the twenty newest are listed, and what is accepted appears after the lag."""
    query = {"business_id": "b", "conversation_id": conversation_id_of("maria.k")}
    path = "/open_api/v1.3/business/message/content/list/"

    async def listed() -> list[str]:
        content = (await http.get(path, params=query)).json()
        return [message["text"]["body"] for message in content["data"]["messages"]]

    for number in range(22):
        await simulator.say("maria.k", f"line {number}")
    assert await listed() == [f"line {number}" for number in range(2, 22)]
    simulator.world.platform.lag = 5_000
    await http.post(V13, json=v13_body())
    assert (await listed())[-1] == "line 21"
    clock.advance(5_000)
    assert (await listed())[-1] == "hi"


async def test_a_plus_that_is_not_encoded_is_refused(simulator: Simulator, http: httpx.AsyncClient) -> None:
    """A conversation id with a bare + in the query is invalid, as at TikTok."""
    said = await simulator.say("maria.k", "hi")
    path = "/open_api/v1.3/business/message/content/list/?business_id=b&conversation_id="
    assert "+" in said.conversation_id
    bare = (await http.get(path + said.conversation_id)).json()
    assert (bare["code"], bare["message"]) == (40002, "Param conversation_id is invalid.")
    assert (await http.get(path + said.conversation_id.replace("+", "%2B"))).json()["code"] == 0


@pytest.mark.parametrize(("mode", "echoes"), [("after", 1), ("before", 1), ("twice", 2), ("never", 0), ("held", 0)])
async def test_the_echo_comes_as_asked(mode: str, echoes: int) -> None:
    """An accepted send is echoed with source API before its answer, after it, never, twice, or when released."""
    async with listening() as ear, Simulator(listener_url=ear.url) as simulator:
        simulator.world.echo.mode = mode  # type: ignore[assignment]  # one of the modes
        async with browser(simulator.url) as http:
            response = await http.post(V13, json=v13_body())
        if mode == "before":
            assert len(ear.heard) == 1
        await simulator.settle()
        assert len(ear.heard) == echoes
        if mode == "held":
            assert len(simulator.world.release_echoes()) == 1
            await simulator.settle()
        if mode != "never":
            content = ear.heard[0].content
            assert content["message_id"] == response.json()["data"]["message"]["message_id"]
            assert (content["message_tag"], content["text"]) == ({"source": "API"}, {"body": "hi"})
            assert content["to_user"]["id"] == "maria.k" or content["to_user"]["id"].startswith("customer-of-")


async def test_a_cut_send_is_echoed_too() -> None:
    """A message that was stored without an answer still has its echo: that is how the sender can learn of it."""
    async with listening() as ear, Simulator(listener_url=ear.url) as simulator:
        simulator.fault("cut_applied")
        async with browser(simulator.url) as http:
            with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
                await http.post(V13, json=v13_body())
        await ear.wait_for(1)
        assert ear.heard[0].content["message_id"] == simulator.ledger()[0].message_id
        simulator.world.echo.v1 = True
        async with browser(simulator.url) as http:
            await http.post(V1, json=v1_body())
        assert (await ear.wait_for(2))[1].content["to_user"]["id"] == "maria.k"
