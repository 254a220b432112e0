"""The strings behind the stage: JSON under `/simulator/…`, for this machine only."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import fields
from typing import Any, Final, get_args

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from server.simulator.courier import Signature
from server.simulator.customers import play, read_script
from server.simulator.events import json_bytes
from server.simulator.faults import NAMED
from server.simulator.platform import Conversation, Rules
from server.simulator.world import ECHO_MODES, Said, World

LOOPBACK: Final = ("127.0.0.1", "::1", "testclient")
PATIENCE: Final = 30.0
"""Seconds that a call with `"wait": true` waits for the webhook to be acknowledged."""

SAY_FIELDS: Final = frozenset({"text", "name", "dialect", "kind", "body", "eu", "signature", "wait"})
SAY_VALUES: Final = {"dialect": ("v1", "v1.3"), "signature": get_args(Signature)}
RULES: Final = frozenset(each.name for each in fields(Rules))


class Misuse(ValueError):
    """A control request that cannot be understood; the words say what is allowed."""


class Unknown(LookupError):
    """A conversation or a customer that does not exist."""


class Control:
    """The handlers of the control API over one world."""

    def __init__(self, world: World) -> None:
        """Builds the table of paths."""
        self.world = world
        self.table: list[tuple[str, re.Pattern[str], Callable[[dict[str, Any], str], Awaitable[Any]]]] = [
            ("GET", re.compile("state"), self.state),
            ("GET", re.compile("ledger"), self.ledger),
            ("GET", re.compile("requests"), self.requests),
            ("GET", re.compile("webhooks"), self.webhooks),
            ("GET", re.compile("faults"), self.show_faults),
            ("POST", re.compile("faults"), self.faults),
            ("POST", re.compile("webhooks"), self.manners),
            ("POST", re.compile("echo"), self.echo),
            ("POST", re.compile("lag"), self.lag),
            ("POST", re.compile("time"), self.time),
            ("POST", re.compile("rules"), self.rules),
            ("POST", re.compile("tokens"), self.tokens),
            ("POST", re.compile("settle"), self.settle),
            ("POST", re.compile("customers/(.+)/say"), self.say),
            ("POST", re.compile("customers/(.+)/read"), self.read),
            ("POST", re.compile("customers/(.+)/referral"), self.referral),
            ("POST", re.compile("phone/(.+)/say"), self.phone),
            ("POST", re.compile("play"), self.play),
        ]
        self.playing: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Stops the customers who are still speaking."""
        for task in self.playing:
            task.cancel()
        await asyncio.gather(*self.playing, return_exceptions=True)

    async def handle(self, request: Request) -> Response:
        """Answers one control request: 200 with JSON, 400 with what is wrong, 404, or 403 from elsewhere."""
        if request.client is None or request.client.host not in LOOPBACK:
            return JSONResponse({"error": "the control API answers this machine only"}, 403)
        path = request.path_params["rest"].rstrip("/")
        for method, pattern, handler in self.table:
            match = pattern.fullmatch(path)
            if match is None or method != request.method:
                continue
            try:
                asked = json.loads(await request.body() or b"{}") if method == "POST" else {}
                if not isinstance(asked, dict):
                    raise Misuse("the body is a JSON object")
                shown = json_bytes(await handler(asked, match.group(1) if pattern.groups else ""))
                return Response(shown, media_type="application/json")
            except Unknown as error:
                return JSONResponse({"error": str(error)}, 404)
            except KeyError as error:
                return JSONResponse({"error": f"{error.args[0]} is missing"}, 400)
            except (ValueError, TypeError) as error:
                return JSONResponse({"error": str(error)}, 400)
        return JSONResponse({"error": f"there is no {request.method} /simulator/{path}"}, 404)

    async def state(self, _asked: Mapping[str, Any], _: str) -> Any:
        """Shows everything at a glance."""
        world = self.world
        return {
            "now": world.platform.now(),
            "business_id": world.platform.business_id,
            "dialect": world.dialect,
            "listener_url": world.courier.listener_url,
            "echo": {"mode": world.echo.mode, "v1": world.echo.v1, "held": len(world.held)},
            "lag_ms": world.platform.lag,
            "rules": {name: getattr(world.platform.rules, name) for name in sorted(RULES)},
            "faults": world.faults.as_json(),
            "accepted": len(world.platform.ledger.entries),
            "requests": len(world.requests),
            "webhooks": {
                "posted": len(world.courier.deliveries),
                "open": sum(1 for each in world.courier.deliveries if not each.acknowledged and not each.given_up),
            },
            "conversations": [_conversation(each) for each in world.platform.conversations.values()],
        }

    async def ledger(self, _asked: Mapping[str, Any], _: str) -> Any:
        """Shows every accepted message."""
        return [entry.as_json() for entry in self.world.platform.ledger.entries]

    async def requests(self, _asked: Mapping[str, Any], _: str) -> Any:
        """Shows every request as it came."""
        return [each.as_json() for each in self.world.requests]

    async def webhooks(self, _asked: Mapping[str, Any], _: str) -> Any:
        """Shows every webhook and how its posts were answered."""
        return [each.as_json() for each in self.world.courier.deliveries]

    async def show_faults(self, _asked: Mapping[str, Any], _: str) -> Any:
        """Shows the faults there are and the ones that are planned."""
        return {"named": list(NAMED), "planned": self.world.faults.as_json()}

    async def faults(self, asked: Mapping[str, Any], _: str) -> Any:
        """Plans faults: see `Faults.configure`."""
        self.world.faults.configure(asked)
        return self.world.faults.as_json()

    async def manners(self, asked: Mapping[str, Any], _: str) -> Any:
        """Sets how webhooks are posted: see `Manners`; `listener_url` moves them elsewhere."""
        self.world.courier.configure(asked)
        return {"listener_url": self.world.courier.listener_url}

    async def echo(self, asked: Mapping[str, Any], _: str) -> Any:
        """Sets `{"mode": …, "v1": bool}`; `{"release": true}` posts the echoes that were held."""
        _only(asked, {"mode", "v1", "release"})
        mode = asked.get("mode", self.world.echo.mode)
        if mode not in ECHO_MODES:
            raise Misuse(f"mode is one of {', '.join(ECHO_MODES)}")
        self.world.echo.mode = mode
        self.world.echo.v1 = bool(asked.get("v1", self.world.echo.v1))
        released = len(self.world.release_echoes()) if asked.get("release") else 0
        return {"mode": mode, "v1": self.world.echo.v1, "released": released}

    async def lag(self, asked: Mapping[str, Any], _: str) -> Any:
        """Sets how long an accepted message stays out of the listing: `{"ms": n}`."""
        _only(asked, {"ms"})
        self.world.platform.lag = int(asked["ms"]) if "ms" in asked else 0
        return {"ms": self.world.platform.lag}

    async def time(self, asked: Mapping[str, Any], _: str) -> Any:
        """Moves the platform's clock: `{"advance_ms": n}` or `{"now": epoch milliseconds}`."""
        _only(asked, {"advance_ms", "now"})
        platform = self.world.platform
        platform.time_offset += int(asked.get("advance_ms", 0))
        if "now" in asked:
            platform.time_offset += int(asked["now"]) - platform.now()
        return {"now": platform.now()}

    async def rules(self, asked: Mapping[str, Any], _: str) -> Any:
        """Switches the channel's rules on and off, by the names in `Rules`; null is off."""
        _only(asked, RULES)
        for name, value in asked.items():
            if not isinstance(value, int | None):
                raise Misuse(f"{name} is a whole number, true, false or null")
            setattr(self.world.platform.rules, name, value)
        return {name: getattr(self.world.platform.rules, name) for name in sorted(RULES)}

    async def tokens(self, asked: Mapping[str, Any], _: str) -> Any:
        """Expires every access token (`{"expire": true}`), or sets the one that is let in (`{"access_token": …}`)."""
        _only(asked, {"expire", "access_token", "approved"})
        if asked.get("expire"):
            self.world.tokens.expire_all()
        if "access_token" in asked:
            self.world.tokens.access_token = asked["access_token"]
        if "approved" in asked:
            self.world.tokens.approved = frozenset(asked["approved"])
        return {}

    async def settle(self, _asked: Mapping[str, Any], _: str) -> Any:
        """Waits until every webhook is acknowledged or given up."""
        try:
            await asyncio.wait_for(self.world.courier.settle(), PATIENCE)
        except TimeoutError:
            return {"settled": False}
        return {"settled": True}

    async def say(self, asked: dict[str, Any], customer: str) -> Any:
        """Lets a customer write: see `World.say`; `wait` answers only when the webhook is acknowledged."""
        _only(asked, SAY_FIELDS)
        wait = asked.pop("wait", False)
        for name, allowed in SAY_VALUES.items():
            if name in asked and asked[name] not in allowed:
                raise Misuse(f"{name} is one of {', '.join(allowed)}")
        if not all(isinstance(asked.get(name, ""), str) for name in ("text", "name", "kind")):
            raise Misuse("text, name and kind are words")
        return await _said(self.world.say(customer, **asked), wait=bool(wait))

    async def read(self, _asked: Mapping[str, Any], customer: str) -> Any:
        """Lets a customer read everything."""
        self.world.mark_read(self._conversation(customer))
        return {}

    async def referral(self, asked: dict[str, Any], customer: str) -> Any:
        """Lets a customer come from an advertisement."""
        self.world.refer(customer, asked)
        return {}

    async def phone(self, asked: Mapping[str, Any], conversation: str) -> Any:
        """Lets the owner write on the phone, in a conversation given by its id or its customer."""
        _only(asked, {"text", "source", "wait"})
        said = self.world.phone(self._conversation(conversation), str(asked["text"]), asked.get("source", "APP"))
        return await _said(said, wait=bool(asked.get("wait")))

    async def play(self, asked: Mapping[str, Any], _: str) -> Any:
        """Lets the customers of the shipped script begin: `{"pace": n}` multiplies every wait of theirs."""
        _only(asked, {"pace"})
        customers = read_script()
        task = asyncio.create_task(play(self.world, customers, pace=float(asked.get("pace", 1.0))))
        self.playing.add(task)
        task.add_done_callback(self.playing.discard)
        return {"customers": [customer.id for customer in customers]}

    def _conversation(self, name: str) -> Conversation:
        platform = self.world.platform
        found = platform.conversations.get(name) or platform.by_customer.get(name)
        if found is None:
            raise Unknown("no such conversation or customer has written yet")
        return found


async def _said(said: Said, *, wait: bool) -> dict[str, Any]:
    if wait:
        async with asyncio.timeout(PATIENCE):
            await said.delivery.tried.wait()
    return {
        "conversation_id": said.conversation_id,
        "message_id": said.message_id,
        "acknowledged": said.delivery.acknowledged,
    }


def _only(asked: Mapping[str, Any], allowed: set[str] | frozenset[str]) -> None:
    unknown = set(asked) - allowed
    if unknown:
        raise Misuse(f"allowed are {', '.join(sorted(allowed))}; not {', '.join(sorted(unknown))}")


def _conversation(conversation: Conversation) -> dict[str, Any]:
    return {
        "conversation_id": conversation.conversation_id,
        "customer": conversation.customer,
        "name": conversation.name,
        "kind": conversation.kind,
        "last_customer_at": conversation.last_customer_at,
        "sent_in_window": conversation.sent_in_window,
        "actions": conversation.actions,
        "messages": [
            {
                "message_id": message.message_id,
                "timestamp": message.timestamp,
                "from_business": message.from_business,
                "source": message.source,
                "type": message.type,
                "text": message.text,
            }
            for message in conversation.messages
        ],
    }
