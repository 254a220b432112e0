"""Random lives of a shop: whatever happens in whatever order, the invariants hold after every step."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from server import decisions
from store import items, pauses, switches
from store.clock import HOUR, MINUTE, SECOND
from store.database import transaction
from store.errors import StoreError
from tests.server.delivery.machine import ANSWERS, UPLOAD_FAULTS, World, give_picture

CUSTOMERS = st.sampled_from(["ann", "bea", "eve"])
TEXTS = st.sampled_from(["Yes!", "It is here, $85.", "Sorry, no."])
TROUBLE = st.lists(st.sampled_from(sorted(set(ANSWERS) - {"accepted"})), min_size=1, max_size=2)
PIECES = st.sampled_from([None, *(f"J-{number}" for number in range(9))])
NUMBERS = st.integers(0, 40)
UPLOADS = st.sampled_from(sorted(UPLOAD_FAULTS))
JUMPS = st.sampled_from(
    [1, SECOND, 3 * SECOND, 6 * SECOND, 6 * SECOND, 20 * SECOND, 31 * SECOND, 61 * SECOND, 2 * MINUTE]
)
"""Long jumps have a rule of their own: after one the window is closed, and most of a life would be a dead shop's."""
MOSTLY = st.sampled_from([True, True, True, False])


SEEN: Counter[str] = Counter()
"""Every transition of every delivery of every life in this process, counted."""

MUST_SEE = {
    *("held > queued", "held > cancelled", "queued > sending", "queued > cancelled", "queued > expired"),
    *("sending > sent", "sending > retrying", "sending > failed", "sending > unknown"),
    *("retrying > sending", "unknown > sent", "unknown > retrying", "unknown > needs_owner"),
    *("needs_owner > sent", "needs_owner > dropped"),
}


class Life(RuleBasedStateMachine):
    """One life of a shop."""

    def __init__(self) -> None:
        """Opens it."""
        super().__init__()
        self.world = World()

    def teardown(self) -> None:
        """Lets everything come to an end, looks once more, and closes it."""
        try:
            self.world.heal()
            self.world.check()
            SEEN.update(self.world.steps())
        finally:
            self.world.close()

    @initialize()
    def someone_has_written(self) -> None:
        for customer in self.world.customers:
            self.world.say(customer)
        for number in range(3):
            self.world.post(number)
        self.world.apply()

    @rule(customer=CUSTOMERS, arrives=MOSTLY)
    def she_writes(self, customer: str, arrives: bool) -> None:
        self.world.say(customer)
        if arrives:
            self.world.post(-1)
            self.world.apply()

    @rule(customer=CUSTOMERS, text=TEXTS)
    def the_owner_types_on_her_phone(self, customer: str, text: str) -> None:
        self.world.phone(customer, text)

    @rule(number=NUMBERS)
    def a_webhook_comes(self, number: int) -> None:
        self.world.post(number)

    @rule()
    def events_are_applied(self) -> None:
        self.world.apply()

    @rule(text=TEXTS, offering=PIECES)
    def drafts_are_written(self, text: str, offering: str | None) -> None:
        self.world.clock.advance(5 * SECOND)
        self.world.write_drafts(text, offering)

    @rule(number=NUMBERS, how=st.sampled_from(["approve", "now", "edit", "reject", "auto"]), text=TEXTS)
    def a_draft_is_decided(self, number: int, how: str, text: str) -> None:
        world = self.world
        ready = world.ids("drafts", "ready")
        if not ready:
            return
        draft, given = ready[number % len(ready)], world.settings.delivery
        if how == "edit":
            made = world.write(decisions.edit, draft, text, settings=given)
        elif how == "reject":
            made = world.write(decisions.reject, draft, "no")
        elif how == "auto":
            made = world.write(decisions.auto, draft, (), settings=given)
        else:
            made = world.write(decisions.approve, draft, settings=given, send_now=how == "now")
        if isinstance(made, decisions.Decided):
            row = world.db.execute(
                "SELECT thread_version, (SELECT id FROM messages m WHERE m.conversation_id = d.conversation_id"
                " AND role = 'user' ORDER BY platform_at DESC, id DESC LIMIT 1) AS newest FROM drafts d WHERE id = ?",
                (draft,),
            ).fetchone()
            assert row["thread_version"] == row["newest"], "I11: decided against an older message"

    @rule(number=st.integers(1, 3), text=TEXTS, now=st.booleans())
    def the_owner_writes(self, number: int, text: str, now: bool) -> None:
        self.world.write(decisions.send, number, text, settings=self.world.settings.delivery, send_now=now)

    @rule(number=st.integers(1, 3), piece=st.integers(0, 8), now=st.booleans(), faults=st.lists(UPLOADS, max_size=2))
    def the_owner_sends_a_picture(self, number: int, piece: int, now: bool, faults: list[str]) -> None:
        world = self.world
        world.upload_faults += faults
        made = world.write(decisions.send_picture, number, f"J-{piece}", settings=world.settings.delivery, send_now=now)
        if isinstance(made, decisions.Decided):
            dialect = world.db.execute("SELECT dialect FROM conversations WHERE id = ?", (number,)).fetchone()[0]
            assert dialect == "v1.3", "a picture in a dialect without pictures"

    @rule(piece=st.integers(0, 8), salt=st.binary(max_size=2))
    def a_piece_gets_another_picture(self, piece: int, salt: bytes) -> None:
        with transaction(self.world.db):
            give_picture(self.world.db, self.world.path, f"J-{piece}", now=self.world.clock.now, salt=salt)

    @rule(number=NUMBERS)
    def a_delivery_is_undone(self, number: int) -> None:
        waiting = self.world.ids("deliveries", "held", "queued", "retrying", "unknown", "needs_owner", "sent")
        if waiting:
            chosen = waiting[number % len(waiting)]
            if not isinstance(self.world.write(decisions.undo, chosen), StoreError):
                self.world.undone.add(chosen)

    @rule(number=NUMBERS, word=st.sampled_from(["sent", "again", "drop"]))
    def a_doubt_is_resolved(self, number: int, word: str) -> None:
        doubts = self.world.ids("deliveries", "needs_owner")
        if doubts:
            chosen = doubts[number % len(doubts)]
            self.world.write(decisions.resolve, chosen, word, settings=self.world.settings.delivery)

    @rule(number=NUMBERS)
    def a_failure_is_tried_again(self, number: int) -> None:
        failed = self.world.ids("deliveries", "failed", "expired", "retrying")
        if failed:
            chosen = failed[number % len(failed)]
            self.world.write(decisions.retry, chosen, settings=self.world.settings.delivery)

    @rule(answers=st.lists(st.sampled_from(sorted(ANSWERS)), max_size=4))
    def the_sender_ticks(self, answers: list[str]) -> None:
        self.world.answers = list(answers)
        self.world.tick()

    @rule(number=st.integers(1, 3), text=TEXTS, answers=TROUBLE, waits=st.booleans())
    def a_reply_meets_trouble(self, number: int, text: str, answers: list[str], waits: bool) -> None:
        self.everything_is_resumed()
        self.the_owner_writes(number=number, text=text, now=True)
        self.the_sender_ticks(answers=answers)
        if waits:
            self.world.clock.advance(6 * SECOND)
            self.the_sender_ticks(answers=[])

    @rule(echoes=st.integers(0, 3))
    def a_doubt_is_looked_for(self, echoes: int) -> None:
        for _ in range(3):
            self.world.clock.advance(45 * SECOND)
            self.world.look()
        for number in range(echoes):
            self.world.post(-1 - number)
        self.world.apply()
        self.everything_is_resumed()

    @rule(fails=st.booleans())
    def the_reconciler_looks(self, fails: bool) -> None:
        self.world.listing_fails = fails
        self.world.look()
        self.world.listing_fails = False

    @rule(jump=JUMPS)
    def time_passes(self, jump: int) -> None:
        self.world.clock.advance(jump)

    @rule()
    def the_server_is_killed(self) -> None:
        self.world.kill()

    @rule(number=st.integers(0, 8))
    def a_piece_is_sold(self, number: int) -> None:
        promised = self.world.db.execute(
            "SELECT promises FROM deliveries WHERE state IN ('held', 'queued', 'retrying') AND promises != '[]'"
        ).fetchone()
        sku = f"J-{number}" if promised is None else json.loads(promised["promises"])[0]["sku"]
        self.world.write(items.sell, sku, who="owner")

    @rule(stays=st.booleans())
    def everything_is_paused(self, stays: bool) -> None:
        self.world.write(switches.pause, who="owner")
        before = len(self.world.requests)
        self.world.tick()
        assert len(self.world.requests) == before, "a request during a pause"
        if not stays:
            self.everything_is_resumed()

    @rule()
    def everything_is_resumed(self) -> None:
        self.world.write(switches.resume, who="owner")
        self.world.write(pauses.resume_sender, who="owner")

    @rule(hours=st.sampled_from([7, 30, 47]), customer=CUSTOMERS)
    def a_day_passes(self, hours: int, customer: str) -> None:
        self.world.clock.advance(hours * HOUR)
        self.world.tick()
        self.she_writes(customer=customer, arrives=True)

    @invariant()
    def the_invariants_hold(self) -> None:
        self.world.check()


def live(*, examples: int, steps: int) -> None:
    """Lives so many lives of so many steps."""
    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )


def test_every_invariant_holds_in_random_lives() -> None:
    """Any order of messages, decisions, answers, echoes, kills and jumps in time keeps I1 to I11 and I13 to I16."""
    live(examples=12, steps=50)


@pytest.mark.crash
@pytest.mark.timeout(3600)
def test_every_invariant_holds_in_many_long_lives() -> None:
    """The same for 200 lives of 80 steps, in which every way between the states was taken."""
    SEEN.clear()
    live(examples=200, steps=80)
    print(json.dumps(dict(sorted(SEEN.items())), indent=2))
    assert set(SEEN) >= MUST_SEE
