"""The faults of this TikTok: what it can do to a request, by name, queued or mixed at random from a seed."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final, Literal, get_args

Form = Literal["json", "html", "empty", "no_id", "id_elsewhere", "odd_json", "cut", "cut_body", "drip"]
"""How the answer looks: json (as documented) · html · empty · no_id (code 0 and no message) · id_elsewhere (the id at
`data.message_id`) · odd_json (JSON of the wrong shape) · cut (connection lost, nothing answered) · cut_body (status and
half the body, then lost) · drip (a byte at a time)."""

Operation = Literal["send", "list", "media", "capabilities", "upload", "token", "webhook"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to answer a request.

    `applied` tells whether the platform does what was asked. `seconds` is the wait before the answer, or between the
    bytes of a drip. `retry_after` is the header's value.
    """

    name: str
    applied: bool = True
    form: Form = "json"
    status: int = 200
    code: int = 0
    message: str = "OK"
    seconds: float = 0.0
    retry_after: str | None = None

    @property
    def played(self) -> str | None:
        """The name for the books, None for honesty."""
        return None if self.name == "none" else self.name


NONE: Final = Fault("none")
SLOW_SECONDS: Final = 30.0
"""Longer than the 10 s after which a sender gives up."""


def _code(code: int, message: str, *, applied: bool = False, name: str | None = None) -> Fault:
    return Fault(name or f"code_{code}", applied=applied, code=code, message=message)


NAMED: Final[Mapping[str, Fault]] = {
    fault.name: fault
    for fault in (
        NONE,
        _code(40001, "No permission to operate."),
        _code(40002, "Param error."),
        _code(40007, "The object does not exist."),
        _code(40064, "The message is blocked by direct message rules."),
        _code(40064, "You are sending messages too fast. Take a rest.", name="too_fast"),
        _code(40100, "Too many requests. Please retry later."),
        _code(40105, "Access token is incorrect or has been revoked."),
        _code(40908, "The file type is not supported."),
        _code(51065, "Internal service error."),
        _code(51065, "Internal service error.", applied=True, name="code_51065_applied"),
        Fault("html_400", applied=False, form="html", status=400),
        Fault("status_401", applied=False, status=401, code=40105, message="Access token is incorrect."),
        Fault("status_403", applied=False, form="empty", status=403),
        Fault("status_404", applied=False, form="html", status=404),
        Fault("rate_429", applied=False, form="empty", status=429),
        Fault("rate_429_retry_after", applied=False, form="empty", status=429, retry_after="1"),
        Fault("server_500", applied=False, form="html", status=500),
        Fault("server_500_applied", form="html", status=500),
        Fault("server_502", applied=False, form="html", status=502),
        Fault("server_503", applied=False, form="empty", status=503, retry_after="1"),
        Fault("slow", applied=False, seconds=SLOW_SECONDS),
        Fault("slow_applied", seconds=SLOW_SECONDS),
        Fault("cut", applied=False, form="cut"),
        Fault("cut_applied", form="cut"),
        Fault("cut_body_applied", form="cut_body"),
        Fault("drip_applied", form="drip", seconds=0.5),
        Fault("no_id_applied", form="no_id"),
        Fault("id_elsewhere_applied", form="id_elsewhere"),
        Fault("odd_json_applied", form="odd_json"),
        Fault("not_json", applied=False, form="html"),
        Fault("not_json_applied", form="html"),
        Fault("empty", applied=False, form="empty"),
        Fault("empty_applied", form="empty"),
    )
}
"""Every fault by its name. A name that ends in `_applied` stores the message and hides it."""

LIES_IN_V1: Final = frozenset({"not_json", "empty"})
"""Faults that answer 200 and store nothing. In v1 a bare 200 is a yes, so there they break the platform's own word."""


class UnknownFault(ValueError):
    """A fault was asked for that does not exist, or with a field that no fault has."""


def read_fault(asked: object) -> Fault:
    """Returns the fault for a name, or for an object with a `name` and fields that replace those of the named one.

    Raises UnknownFault with what is allowed.
    """
    if isinstance(asked, str):
        asked = {"name": asked}
    if not isinstance(asked, Mapping) or asked.get("name") not in NAMED:
        raise UnknownFault(f"{asked!r} is no fault; there are: {', '.join(NAMED)}")
    known = {each.name for each in fields(Fault)}
    if not set(asked) <= known:
        raise UnknownFault(f"a fault has the fields {', '.join(sorted(known))}, not {sorted(set(asked) - known)}")
    fault = replace(NAMED[asked["name"]], **asked)
    sound = (
        isinstance(fault.applied, bool)
        and fault.form in get_args(Form)
        and all(isinstance(number, int | float) for number in (fault.status, fault.code, fault.seconds))
        and 200 <= fault.status <= 599
        and (fault.retry_after is None or isinstance(fault.retry_after, str))
    )
    if not sound:
        raise UnknownFault(f"{asked!r} has a field with a value that no fault can have")
    return fault


@dataclass(slots=True)
class FaultPlan:
    """What happens to the coming requests of one operation: first the queue, in order, then the mix.

    `shares` are fault names with their probability; what is left of 1 is honest.
    """

    rng: random.Random
    queue: deque[Fault] = field(default_factory=deque)
    shares: dict[str, tuple[Fault, float]] = field(default_factory=dict)

    def next(self) -> Fault:
        """Returns the fault for the request that has just come in."""
        if self.queue:
            return self.queue.popleft()
        if not self.shares:
            return NONE
        at = self.rng.random()
        for fault, share in self.shares.values():
            at -= share
            if at < 0:
                return fault
        return NONE

    def set_mix(self, shares: Mapping[str, float], seed: int | None = None) -> None:
        """Replaces the mix; a seed starts its randomness afresh. Raises UnknownFault."""
        chosen = {name: (read_fault(name), float(share)) for name, share in shares.items()}
        if sum(share for _, share in chosen.values()) > 1 + 1e-9 or any(share < 0 for _, share in chosen.values()):
            raise UnknownFault("the shares of a mix lie between 0 and 1 and do not exceed 1 together")
        self.shares = chosen
        if seed is not None:
            self.rng.seed(seed)

    def as_json(self) -> dict[str, Any]:
        """Returns what is planned."""
        return {
            "queue": [fault.name for fault in self.queue],
            "shares": {name: share for name, (_, share) in self.shares.items()},
        }


class Faults:
    """The plans of all operations."""

    def __init__(self, seed: int = 0) -> None:
        """Starts honest."""
        names: Sequence[Operation] = ("send", "list", "media", "capabilities", "upload", "token", "webhook")
        self.plans: dict[str, FaultPlan] = {
            name: FaultPlan(random.Random(f"{seed}:{name}"))  # noqa: S311  # repeatable on purpose
            for name in names
        }

    def configure(self, asked: Mapping[str, Any]) -> None:
        """Applies `{"on": operation, "clear": bool, "queue": [fault, …], "mix": {"shares": {…}, "seed": n}}`.

        `on` is `send` when absent; a fault in the queue may carry `"times"`. Raises UnknownFault, and then nothing is
        changed.
        """
        if not isinstance(asked, Mapping):
            raise UnknownFault("the plan of faults is a JSON object")
        unknown = set(asked) - {"on", "clear", "queue", "mix"}
        name = asked.get("on", "send")
        queue_asked, mix = asked.get("queue", []), asked.get("mix", {})
        if not isinstance(queue_asked, list) or not isinstance(mix, dict):
            raise UnknownFault("queue is a list of faults, mix an object with shares and a seed")
        if unknown or name not in self.plans:
            raise UnknownFault(
                f"allowed are on ({', '.join(self.plans)}), clear, queue, mix; not {sorted(unknown)} {name}"
            )
        plan = self.plans[name]
        queue: list[Fault] = []
        for item in queue_asked:
            bare = dict(item) if isinstance(item, Mapping) else item
            times = bare.pop("times", 1) if isinstance(bare, dict) else 1
            queue += [read_fault(bare)] * int(times)
        if "mix" in asked:
            plan.set_mix(mix.get("shares", {}), mix.get("seed"))
        elif asked.get("clear"):
            plan.set_mix({})
        if asked.get("clear"):
            plan.queue.clear()
        plan.queue.extend(queue)

    def as_json(self) -> dict[str, Any]:
        """Returns what is planned for every operation."""
        return {name: plan.as_json() for name, plan in self.plans.items()}
