"""What may go out without the owner: one pure function over facts, every rule's answer kept.

`decide` knows no database. `policy_facts` reads what it decides on in the caller's transaction, at the moment of
deciding and once more when the message leaves. All rules must hold; what a rule does not know counts against sending.

A shop that switches `[auto_reply] mode = "on"` on its first day sends nothing by itself: no kind of question is earned
yet, so the policy goes on as in shadow and counts, and each conversation stays in review until she sets it to auto.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from server import decisions
from server.policy_facts import PolicyFacts, facts_of
from server.settings import AutoReply, Settings, quiet_minutes
from store import autonomy, outbox
from store.clock import MINUTE, SECOND
from store.errors import NotAllowed, Stale

LIMIT: Final = 200
"""Characters of a reply that may go out by itself."""

WINDOW_MARGIN_MS: Final = 10 * MINUTE
"""What must be left of the window after the time to take an automatic reply back."""

QUOTA_MARGIN: Final = 2
"""Replies that must be left for the owner herself."""

TYPING_MS: Final = 60 * SECOND
"""How long after her last key the owner counts as typing; the switch `typing:{conversation}` holds the time."""

UNDER_SWITCHES: Final = frozenset({"mode", "conversation", "earned"})
"""Rules that only say how far the owner trusts the policy: shadow decides without them."""

_STOCK_KINDS: Final = frozenset({"availability", "price", "measurement"})


@dataclass(frozen=True, slots=True)
class RuleAnswer:
    """One rule and what it says."""

    name: str
    ok: bool
    detail: str

    def as_json(self) -> dict[str, object]:
        """Returns the answer as it is kept with a verdict."""
        return {"name": self.name, "ok": self.ok, "detail": self.detail}


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a draft may go out by itself, and each rule's answer."""

    allowed: bool
    rules: tuple[RuleAnswer, ...]

    @property
    def would(self) -> bool:
        """Tells whether it could go out once the owner trusts the policy so far: what shadow records."""
        return all(rule.ok for rule in self.rules if rule.name not in UNDER_SWITCHES)

    @property
    def against(self) -> tuple[str, ...]:
        """Returns why not, in the owner's words."""
        return tuple(rule.detail for rule in self.rules if not rule.ok)

    def as_json(self) -> list[dict[str, object]]:
        """Returns the rules as they are kept with a verdict."""
        return [rule.as_json() for rule in self.rules]


def decide(facts: PolicyFacts, settings: AutoReply, *, undo_seconds: float = 60.0) -> Decision:
    """Returns whether the draft may go out by itself; asks every rule, whatever the others say."""
    rules = tuple(RuleAnswer(name, *rule(facts, settings, undo_seconds)) for name, rule in _RULES)
    return Decision(allowed=all(rule.ok for rule in rules), rules=rules)


Rule = Callable[[PolicyFacts, AutoReply, float], tuple[bool, str]]


def _mode(_facts: PolicyFacts, settings: AutoReply, _undo: float) -> tuple[bool, str]:
    return settings.mode == "on", f'[auto_reply] mode is "{settings.mode}"'


def _not_paused(facts: PolicyFacts, _settings: AutoReply, _undo: float) -> tuple[bool, str]:
    return not facts.paused, "everything is paused with !" if facts.paused else "not paused"


def _conversation(facts: PolicyFacts, _settings: AutoReply, _undo: float) -> tuple[bool, str]:
    return facts.conversation_mode == "auto", f"this conversation is in {facts.conversation_mode}"


def _not_resting(facts: PolicyFacts, _settings: AutoReply, _undo: float) -> tuple[bool, str]:
    if facts.conversation_mode == "paused" or facts.blocked:
        return False, "this conversation is paused" if not facts.blocked else "this customer is blocked"
    resting = facts.auto_paused_until is not None and facts.auto_paused_until > facts.now
    return not resting, "you answered on your phone a while ago" if resting else "not resting"


def _draft_stands(facts: PolicyFacts, _settings: AutoReply, _undo: float) -> tuple[bool, str]:
    if facts.cause != "message":
        return False, f"the draft was asked for by {facts.cause}, not by a message"
    if facts.open_deliveries:
        return False, "another reply is on its way"
    return facts.state == "ready", f"the draft is {facts.state}"


def _no_hold(facts: PolicyFacts, _settings: AutoReply, _undo: float) -> tuple[bool, str]:
    # A reason alone, such as a model that is down, asks for nobody: the house drafter wrote instead.
    if facts.needs_owner:
        return False, facts.hold_reason or "the drafter asks for you"
    return True, "the drafter asks for nobody"


def _intent(facts: PolicyFacts, settings: AutoReply, _undo: float) -> tuple[bool, str]:
    if any(kind is None or kind not in settings.intents for kind in facts.kinds):
        return False, f"{', '.join(facts.rule_intents)}: not all of it may ever go out by itself"
    drafted = autonomy.KINDS.get(facts.draft_intents[0]) if facts.draft_intents else None
    if drafted not in facts.kinds:
        said = facts.draft_intents[0] if facts.draft_intents else "nothing"
        return False, f"the rules read {facts.rule_intents[0]}, the {facts.drafter or 'drafter'} {said}"
    return True, f"{', '.join(facts.rule_intents)}, agreed by the rules and the {facts.drafter or 'drafter'}"


def _exact(facts: PolicyFacts, _settings: AutoReply, _undo: float) -> tuple[bool, str]:
    if not _STOCK_KINDS & set(facts.kinds):
        return True, "not about a piece"
    if not facts.exact:
        return False, "the search found something near it only"
    return facts.pieces_named > 0, f"{facts.pieces_named} pieces named" if facts.pieces_named else "it names no piece"


def _grounded(facts: PolicyFacts, _settings: AutoReply, _undo: float) -> tuple[bool, str]:
    if facts.verdict != "pass":
        return False, "the grounding check holds it"
    if facts.unbacked or facts.grounding not in {"listed", "policy"}:
        return False, f"{facts.unbacked} claims stand on nothing"
    if "policy" in facts.kinds and not facts.claims:
        return False, "it quotes no policy"
    return True, f"{facts.claims} claims, all {facts.grounding}"


def _stock(facts: PolicyFacts, _settings: AutoReply, _undo: float) -> tuple[bool, str]:
    return facts.stock_broken is None, facts.stock_broken or "the rows are as the draft saw them"


def _line(facts: PolicyFacts, _settings: AutoReply, _undo: float) -> tuple[bool, str]:
    return facts.promised_elsewhere is None, facts.promised_elsewhere or "promised to nobody else"


def _window(facts: PolicyFacts, _settings: AutoReply, undo: float) -> tuple[bool, str]:
    needed = int(undo * SECOND) + WINDOW_MARGIN_MS
    if facts.window_left_ms is None or facts.window_left_ms < needed:
        return False, "the reply window is closed or about to close"
    return True, f"{facts.window_left_ms // MINUTE} min left"


def _quota(facts: PolicyFacts, _settings: AutoReply, _undo: float) -> tuple[bool, str]:
    if facts.quota_left is None:
        return False, "nobody knows how many replies are left"
    return facts.quota_left > QUOTA_MARGIN, f"{facts.quota_left} replies left"


def _newest(facts: PolicyFacts, _settings: AutoReply, _undo: float) -> tuple[bool, str]:
    return facts.answers_newest, "answers the newest message" if facts.answers_newest else "she wrote again"


def _media(facts: PolicyFacts, _settings: AutoReply, _undo: float) -> tuple[bool, str]:
    return not facts.unseen_media, "she sent something to look at" if facts.unseen_media else "nothing to look at"


def _typing(facts: PolicyFacts, _settings: AutoReply, _undo: float) -> tuple[bool, str]:
    typing = facts.typing_ms_ago is not None and facts.typing_ms_ago < TYPING_MS
    return not typing, "you are typing" if typing else "you are not typing"


def _in_a_row(facts: PolicyFacts, settings: AutoReply, _undo: float) -> tuple[bool, str]:
    return facts.in_a_row < settings.in_a_row, f"{facts.in_a_row} automatic replies since you last answered"


def _in_a_day(facts: PolicyFacts, settings: AutoReply, _undo: float) -> tuple[bool, str]:
    return facts.in_a_day < settings.per_day, f"{facts.in_a_day} automatic replies to her within 24 hours"


def _quiet_hours(facts: PolicyFacts, settings: AutoReply, _undo: float) -> tuple[bool, str]:
    if not settings.quiet_hours:
        return True, "no quiet hours"
    start, end = quiet_minutes(settings.quiet_hours)
    minute = facts.minute_of_day
    quiet = start <= minute < end if start <= end else minute >= start or minute < end
    # "00:00-00:00" is the whole day: whoever writes it wants no automatic reply at all.
    quiet = quiet or start == end
    return not quiet, f"it is {minute // 60:02d}:{minute % 60:02d}; quiet hours are {settings.quiet_hours}"


def _escalation(facts: PolicyFacts, _settings: AutoReply, _undo: float) -> tuple[bool, str]:
    return not facts.escalations, ", ".join(facts.escalations) or "no escalation word"


def _injection(facts: PolicyFacts, _settings: AutoReply, _undo: float) -> tuple[bool, str]:
    return not facts.injections, ", ".join(facts.injections) or "nobody gives orders to the drafter"


def _language(facts: PolicyFacts, _settings: AutoReply, _undo: float) -> tuple[bool, str]:
    return facts.language in facts.languages, f"language {facts.language or 'unknown'}"


def _length(facts: PolicyFacts, _settings: AutoReply, _undo: float) -> tuple[bool, str]:
    return 0 < facts.length <= LIMIT, f"{facts.length} characters"


def _earned(facts: PolicyFacts, _settings: AutoReply, _undo: float) -> tuple[bool, str]:
    known = [facts.standings.get(kind) if kind is not None else None for kind in facts.kinds]
    if not known or any(one is None for one in known):
        return False, "this kind of question cannot be earned"
    missing = [one.sentence for one in known if one is not None and not one.earned]
    return not missing, "; ".join(missing) or "; ".join(one.sentence for one in known if one is not None)


_RULES: Final[tuple[tuple[str, Rule], ...]] = (
    ("mode", _mode),
    ("pause", _not_paused),
    ("conversation", _conversation),
    ("rest", _not_resting),
    ("draft", _draft_stands),
    ("owner", _no_hold),
    ("intent", _intent),
    ("exact", _exact),
    ("grounding", _grounded),
    ("stock", _stock),
    ("line", _line),
    ("window", _window),
    ("quota", _quota),
    ("newest", _newest),
    ("media", _media),
    ("typing", _typing),
    ("in_a_row", _in_a_row),
    ("per_day", _in_a_day),
    ("quiet_hours", _quiet_hours),
    ("escalation", _escalation),
    ("injection", _injection),
    ("language", _language),
    ("length", _length),
    ("earned", _earned),
)


def consider(db: sqlite3.Connection, draft_id: int, *, now: int, settings: Settings) -> Decision:
    """Lets the policy decide on a draft that has just become ready, in the caller's transaction.

    Allowed: it goes to the outbox, where it can be taken back. Not allowed, yet good enough but for the owner's trust:
    a shadow verdict, which counts once she has decided. Otherwise nothing happens and the draft waits for her.
    """
    facts = facts_of(db, draft_id, now=now, settings=settings)
    decision = decide(facts, settings.auto_reply, undo_seconds=settings.delivery.auto_undo_seconds)
    if settings.auto_reply.mode == "off":
        return decision
    if decision.allowed:
        try:
            decisions.auto(db, draft_id, decision.as_json(), now=now, settings=settings.delivery)
        except (NotAllowed, Stale) as refusal:
            against = RuleAnswer("outbox", ok=False, detail=str(refusal))
            return Decision(allowed=False, rules=(*decision.rules, against))
    elif decision.would:
        decisions.shadow(db, draft_id, decision.as_json(), now=now)
    return decision


def gate(newest: Callable[[], Settings]) -> Callable[[sqlite3.Connection, outbox.Delivery, int], str | None]:
    """Returns what the sender asks before an automatic reply leaves: why not any more, or None.

    `newest` gives the settings as they are then: she may have switched it off since it was decided.
    """

    def against(db: sqlite3.Connection, delivery: outbox.Delivery, now: int) -> str | None:
        decision = still_allowed(db, delivery.id, now=now, settings=newest())
        # What broke in the stock is the claim's own question: it asks for a new draft in the reply's place.
        return "; ".join(rule.detail for rule in decision.rules if not rule.ok and rule.name != "stock") or None

    return against


def still_allowed(db: sqlite3.Connection, delivery_id: int, *, now: int, settings: Settings) -> Decision:
    """Asks every rule again when an automatic reply is about to leave, in the transaction of the claim."""
    delivery = outbox.get(db, delivery_id)
    if delivery.draft_id is None:
        return Decision(allowed=False, rules=(RuleAnswer("draft", ok=False, detail="it has no draft"),))
    facts = facts_of(db, delivery.draft_id, now=now, settings=settings, leaving=delivery_id)
    # The time to take it back is over: only the margin must be left of the window.
    return decide(facts, settings.auto_reply, undo_seconds=0.0)
