"""The control API: what scripts and tests may pull, and what it answers to nonsense."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from server.simulator.platform import conversation_id_of
from server.simulator.run import Simulator
from tests.conftest import FakeClock
from tests.server.simulator.browser import browser
from tests.server.simulator.ear import listening

V13 = "/open_api/v1.3/business/message/send/"
BODY = {
    "business_id": "b",
    "recipient_type": "CONVERSATION",
    "recipient": conversation_id_of("maria.k"),
    "message_type": "TEXT",
    "text": {"body": "hi"},
}


@pytest.fixture
async def simulator(clock: FakeClock) -> AsyncIterator[Simulator]:
    async with Simulator(clock=clock) as running:
        yield running


@pytest.fixture
async def http(simulator: Simulator) -> AsyncIterator[httpx.AsyncClient]:
    async with browser(simulator.url, None) as client:
        yield client


async def test_a_customer_is_made_to_speak_and_the_phone_answers() -> None:
    """`say` emits the webhook, with `wait` it answers when the listener has it; the phone's words are echoed."""
    async with (
        listening() as ear,
        Simulator(listener_url=ear.url) as simulator,
        browser(simulator.url, None) as http,
    ):
        said = (await http.post("/simulator/customers/-o%2Fdd+id/say", json={"text": "hi", "wait": True})).json()
        assert said["acknowledged"]
        assert ear.heard[0].content["from_user"]["id"] == "-o/dd+id"
        typed = await http.post(f"/simulator/phone/{said['conversation_id']}/say", json={"text": "hello"})
        assert typed.status_code == 200
        await http.post("/simulator/customers/-o%2Fdd+id/read")
        assert (await http.post("/simulator/settle")).json() == {"settled": True}
        await http.post("/simulator/customers/ad.user/referral", json={"ad_id": "7"})
        assert (await http.post("/simulator/settle")).json() == {"settled": True}
        names = ["im_receive_msg", "im_send_msg", "im_mark_read_msg", "im_referral_msg"]
        assert [heard.event["event"] for heard in ear.heard] == names
        hooks = (await http.get("/simulator/webhooks")).json()
        assert [(hook["event"], hook["statuses"]) for hook in hooks] == [(name, [200]) for name in names]


async def test_faults_are_planned_and_shown(simulator: Simulator, http: httpx.AsyncClient) -> None:
    """A queue and a mix are taken together, a fault may repeat, and `clear` makes the platform honest."""
    asked = {"queue": ["cut", {"name": "code_40100", "times": 2}], "mix": {"shares": {"slow": 0.1}}}
    planned = (await http.post("/simulator/faults", json=asked)).json()["send"]
    assert planned == {"queue": ["cut", "code_40100", "code_40100"], "shares": {"slow": 0.1}}
    assert (await http.post("/simulator/faults", json={"clear": True})).json()["send"] == {"queue": [], "shares": {}}
    await http.post("/simulator/faults", json={"on": "list", "queue": ["server_500"]})
    query = {"business_id": "b", "conversation_type": "SINGLE"}
    path = "/open_api/v1.3/business/message/conversation/list/"
    statuses = [(await http.get(path, params=query, headers={"Access-Token": "t"})).status_code for _ in range(2)]
    assert statuses == [500, 200]
    assert "too_fast" in (await http.get("/simulator/faults")).json()["named"]


async def test_time_lag_rules_and_tokens_are_moved(
    simulator: Simulator, http: httpx.AsyncClient, clock: FakeClock
) -> None:
    """The clock, the listing's lag, the rules and the tokens follow what is asked."""
    assert (await http.post("/simulator/time", json={"advance_ms": 5})).json() == {"now": clock() + 5}
    assert (await http.post("/simulator/time", json={"now": 99})).json() == {"now": 99}
    assert (await http.post("/simulator/lag", json={"ms": 7})).json() == {"ms": 7}
    assert (await http.post("/simulator/rules", json={"quota": 3})).json()["quota"] == 3
    assert (await http.post(V13, json=BODY, headers={"Access-Token": "t"})).json()["code"] == 0
    await http.post("/simulator/tokens", json={"expire": True})
    assert (await http.post(V13, json=BODY, headers={"Access-Token": "t"})).json()["code"] == 40105
    await http.post("/simulator/tokens", json={"access_token": "only-this"})
    assert (await http.post(V13, json=BODY, headers={"Access-Token": "another"})).json()["code"] == 40105
    assert (await http.post(V13, json=BODY, headers={"Access-Token": "only-this"})).json()["code"] == 0
    state = (await http.get("/simulator/state")).json()
    assert (state["now"], state["lag_ms"], state["rules"]["quota"], state["accepted"]) == (99, 7, 3, 2)
    assert len((await http.get("/simulator/ledger")).json()) == 2


async def test_requests_are_kept_with_their_bytes_and_without_their_secrets(
    simulator: Simulator, http: httpx.AsyncClient
) -> None:
    """Method, path, headers and body are shown as they came; tokens and secrets are masked."""
    await http.post(V13, content=b'{"text": "\xc3\xa9"  }', headers={"Access-Token": "secret-token-1234"})
    secrets = {"client_id": "x", "client_secret": "very-secret-5678", "refresh_token": "rft.9999"}
    await http.post("/open_api/v1.3/tt_user/oauth2/refresh_token/", json=secrets)
    query = {"app_id": "a", "secret": "query-secret-1", "event_type": "DIRECT_MESSAGE"}
    await http.get("/open_api/v1.3/business/webhook/list/", params=query)
    shown = await http.get("/simulator/requests")
    first = shown.json()[0]
    assert (first["method"], first["path"], first["body"]) == ("POST", V13, '{"text": "é"  }')
    assert ["access-token", "***1234"] in first["headers"]
    for secret in ("secret-token-1234", "very-secret-5678", "rft.9999", "query-secret-1"):
        assert secret not in shown.text


NONSENSE: list[tuple[str, Any, int]] = [
    ("faults", {"queue": ["no such fault"]}, 400),
    ("faults", {"queue": [{"name": "cut", "colour": "red"}]}, 400),
    ("faults", {"mix": {"shares": {"cut": 0.7, "slow": 0.7}}}, 400),
    ("faults", {"on": "everything"}, 400),
    ("faults", {"queue": "cut"}, 400),
    ("faults", {"queue": [{"name": "slow", "seconds": "long"}]}, 400),
    ("faults", {"queue": [{"name": "slow", "form": "loud"}]}, 400),
    ("faults", {"mix": [1]}, 400),
    ("rules", {"quota": "ten"}, 400),
    ("webhooks", {"duplicates": "two"}, 400),
    ("webhooks", {"signature": "forged"}, 400),
    ("customers/x/say", {"text": "hi", "dialect": "v2"}, 400),
    ("customers/x/say", {"text": 5}, 400),
    ("phone/x/say", {}, 400),
    ("time", {"now": "noon"}, 400),
    ("faults", {"quue": []}, 400),
    ("faults", [1], 400),
    ("echo", {"mode": "sideways"}, 400),
    ("rules", {"gravity": 1}, 400),
    ("webhooks", {"duplicate": 1}, 400),
    ("customers/x/say", {"txt": "hi"}, 400),
    ("phone/nobody/say", {"text": "hi"}, 404),
    ("customers/nobody/read", {}, 404),
    ("nothing", {}, 404),
]


async def test_nonsense_is_refused_with_what_is_allowed(simulator: Simulator, http: httpx.AsyncClient) -> None:
    """A control request that cannot be understood is 400 or 404 with a sentence, and changes nothing."""
    await simulator.say("x", "hi")
    for path, body, status in NONSENSE:
        response = await http.post(f"/simulator/{path}", json=body)
        assert (response.status_code, set(response.json())) == (status, {"error"}), (path, body)
        assert simulator.world.faults.as_json()["send"] == {"queue": [], "shares": {}}
    assert len(simulator.world.courier.deliveries) == 1


async def test_half_a_body_is_refused(simulator: Simulator, http: httpx.AsyncClient) -> None:
    """A body that is no JSON is 400."""
    assert (await http.post("/simulator/faults", content=b"{")).status_code == 400


async def test_half_a_character_is_carried_whole(simulator: Simulator, http: httpx.AsyncClient) -> None:
    """Half a surrogate pair, said by a customer or sent by the shop, reaches webhook, state and ledger as it is."""
    escaped = {"Content-Type": "application/json", "Access-Token": "t"}
    said = await http.post("/simulator/customers/x/say", content=b'{"text": "half \\ud83d"}', headers=escaped)
    assert said.status_code == 200
    body = json.dumps(BODY | {"text": {"body": "half \ud83d"}}).encode()
    assert (await http.post(V13, content=body, headers=escaped)).json()["code"] == 0
    posted = json.loads(simulator.world.courier.deliveries[0].event.body)
    assert json.loads(posted["content"])["text"]["body"] == "half \ud83d"
    assert (await http.get("/simulator/ledger")).json()[0]["text"] == "half \ud83d"
    assert (await http.get("/simulator/state")).status_code == 200


async def test_the_script_begins_when_told_and_ends_with_the_simulator(
    simulator: Simulator, http: httpx.AsyncClient
) -> None:
    """`play` lets the shipped customers begin; those who still wait do not hold the simulator up when it ends."""
    customers = (await http.post("/simulator/play", json={"pace": 0})).json()["customers"]
    assert len(customers) >= 12
    while not {"nina.north", "maria.k"} <= set(simulator.world.platform.by_customer):  # noqa: ASYNC110  # nothing wakes us
        await asyncio.sleep(0)
