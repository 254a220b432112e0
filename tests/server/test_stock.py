"""What a sale, a hold and a new price do to the conversations: in one commit, for every thread, told to the owner."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from server import stock
from store import drafts, holds, importing, items
from store.database import transaction
from store.drafts import FinishedDraft
from store.errors import NotAllowed
from store.inbox import record_reply
from tests.server.delivery.shop import add_conversation, ready_draft
from tests.store.stock_rows import HOUR, entries, file, hold_rows, piece, statuses

NOW = 1_000_000


@pytest.fixture
def maria(db: sqlite3.Connection) -> int:
    return add_conversation(db, "maria", now=NOW)


@pytest.fixture
def jo(db: sqlite3.Connection) -> int:
    return add_conversation(db, "jo", now=NOW)


def live(db: sqlite3.Connection, conversation: int) -> tuple[str, str, dict[str, Any]] | None:
    """Returns (state, cause, facts) of the conversation's live draft."""
    row = db.execute(
        "SELECT state, cause, facts FROM drafts WHERE conversation_id = ? AND state IN ('queued', 'drafting', 'ready')",
        (conversation,),
    ).fetchone()
    return None if row is None else (row["state"], row["cause"], json.loads(row["facts"]))


def ended(db: sqlite3.Connection, draft: int) -> tuple[str, str | None]:
    row = db.execute("SELECT state, ended_reason FROM drafts WHERE id = ?", (draft,)).fetchone()
    return row["state"], row["ended_reason"]


def notices(db: sqlite3.Connection) -> list[str]:
    return [row["text"] for row in db.execute("SELECT text FROM notices ORDER BY id")]


def close_window(db: sqlite3.Connection, conversation: int, at: int) -> None:
    db.execute("UPDATE conversations SET window_closes_at = ? WHERE id = ?", (at, conversation))


def test_one_sale_tidies_every_thread(db: sqlite3.Connection, maria: int, jo: int) -> None:
    """Every live draft that names the piece is taken back with the reason and asked for anew; others stay."""
    sam = add_conversation(db, "sam", now=NOW)
    for sku in ("J-014", "J-020"):
        piece(db, sku)
    first = ready_draft(db, maria, "Yes, it is here", now=NOW, offering=["J-014"])
    second = ready_draft(db, jo, "Both are here", now=NOW, offering=["J-020", "J-014"])
    other = ready_draft(db, sam, "J-020 is here", now=NOW, offering=["J-020"])
    tidied = stock.sell(db, "J-014", now=NOW, who="owner")
    assert statuses(db)["J-014"] == "sold"
    assert ended(db, first) == ("withdrawn", "J-014 was sold")
    assert ended(db, second) == ("withdrawn", "J-014 was sold")
    assert ended(db, other) == ("ready", None)
    assert live(db, maria) == ("queued", "sold", {"replaces": "J-014"})
    assert live(db, jo) == ("queued", "sold", {"replaces": "J-014"})
    assert [(each.conversation_id, each.withdrawn) for each in tidied.drafts] == [(maria, first), (jo, second)]
    queues = dict(db.execute("SELECT id, queue FROM conversations").fetchall())
    assert queues == {maria: "waiting", jo: "waiting", sam: "needs_you"}


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"cited_skus": ["J-014"]}, True),
        ({"evidence": {"pieces": [{"sku": "J-014"}]}}, True),
        ({"text": "The suede jacket is yours if you want it"}, True),
        ({"text": "J-014? yes!"}, True),
        ({"text": "XJ-0145? yes!"}, False),
        ({"cited_skus": ["K-1"], "evidence": {"pieces": [{"sku": "J-014"}]}}, False),
        ({}, False),
    ],
)
def test_what_names_a_piece(db: sqlite3.Connection, maria: int, given: dict[str, Any], named: bool) -> None:
    """Citations, what was read for a draft that cites nothing, the name and the SKU in the owner's words name it."""
    piece(db, "J-014", name="Suede Jacket")
    draft = drafts.enqueue(db, maria, now=NOW)
    drafts.claim_due(db, now=NOW, boot="b")
    result = {"text": "Hello", "drafter": "house", "intent": "other", "grounding": "listed", "verdict": "pass", **given}
    drafts.finish(db, draft, FinishedDraft(**result), now=NOW)
    stock.sell(db, "J-014", now=NOW, who="owner")
    assert (ended(db, draft)[0] == "withdrawn") == named


def test_the_line_is_told_of_a_sale_and_the_buyer_is_not(db: sqlite3.Connection, maria: int, jo: int) -> None:
    """Who waited is told it is gone; who held it has bought it; who cannot be told becomes a notice."""
    late = add_conversation(db, "late", now=NOW)
    piece(db, "J-014")
    for who in (maria, jo, late):
        holds.hold(db, "J-014", who, now=NOW, who="owner")
    close_window(db, late, NOW)
    confirmation = ready_draft(db, maria, "It is on hold for you", now=NOW, offering=["J-014"])
    stock.sell(db, "J-014", now=NOW, who="owner")
    assert live(db, jo) == ("queued", "sold", {"replaces": "J-014"})
    assert live(db, late) is None
    assert ended(db, confirmation)[0] == "withdrawn"
    hers = db.execute("SELECT facts, instruction FROM drafts WHERE conversation_id = ? ORDER BY id DESC", (maria,))
    facts, instruction = hers.fetchone()
    assert json.loads(facts) == {}
    assert "bought J-014" in instruction
    assert [text for text in notices(db) if "cannot be told" in text] == [
        "J-014 was sold; user-late waited for it and cannot be told."
    ]


def test_a_hold_is_confirmed_and_others_are_redrafted(db: sqlite3.Connection, maria: int, jo: int) -> None:
    """One command holds, asks for the confirmation, and takes back what calls the piece available elsewhere."""
    piece(db, "J-014")
    hers = ready_draft(db, maria, "Yes. Shall I hold it?", now=NOW, offering=["J-014"])
    his = ready_draft(db, jo, "Yes, it is here", now=NOW, offering=["J-014"])
    held = stock.hold(db, "J-014", maria, hours=24, now=NOW, who="owner")
    assert (held.state, held.until) == ("active", NOW + 24 * HOUR)
    assert live(db, maria) == ("queued", "hold", {"held_now": "J-014"})
    assert ended(db, hers)[0] == "superseded"
    assert ended(db, his) == ("withdrawn", "J-014 was put on hold for somebody else")
    assert live(db, jo) == ("queued", "message", {})
    waiting = stock.hold(db, "J-014", jo, now=NOW, who="owner")
    assert (waiting.state, waiting.place) == ("waiting", 1)
    assert live(db, jo) == ("queued", "line", {"held_now": "J-014", "line_place": 1})
    again = stock.hold(db, "J-014", maria, hours=48, now=NOW, who="owner")
    assert again.extended
    assert live(db, jo) == ("queued", "line", {"held_now": "J-014", "line_place": 1})


def test_expiry_offers_and_tells_the_owner(db: sqlite3.Connection, maria: int, jo: int) -> None:
    """A hold that ends is told to the owner, and the next in line gets the piece and its draft."""
    piece(db, "J-014")
    stock.hold(db, "J-014", maria, hours=2, now=NOW, who="owner")
    stock.hold(db, "J-014", jo, hours=3, now=NOW, who="owner")
    assert stock.expire_due(db, now=NOW + 2 * HOUR - 1) == 0
    assert stock.expire_due(db, now=NOW + 2 * HOUR) == 1
    assert live(db, jo) == ("queued", "offer", {"offered_now": "J-014"})
    assert hold_rows(db, "J-014") == [(maria, "expired"), (jo, "active")]
    assert notices(db) == ["The hold of J-014 for user-maria ended. It is offered to user-jo."]
    assert stock.expire_due(db, now=NOW + 2 * HOUR) == 0
    assert len(notices(db)) == 1


def test_nobody_can_be_told(db: sqlite3.Connection, maria: int, jo: int) -> None:
    """With every window closed the piece is free, nothing is drafted, and the owner reads who is next."""
    piece(db, "J-014")
    stock.hold(db, "J-014", maria, hours=50, now=NOW, who="owner")
    stock.hold(db, "J-014", jo, hours=3, now=NOW, who="owner")
    later = NOW + 50 * HOUR
    stock.expire_due(db, now=NOW + 49 * HOUR)
    assert notices(db) == ["J-014 is on hold for user-maria, whose reply window has closed."]
    before = db.execute("SELECT count(*) FROM drafts").fetchone()[0]
    stock.expire_due(db, now=later)
    assert statuses(db) == {"J-014": "available"}
    assert notices(db)[1] == (
        "The hold of J-014 for user-maria ended. Her reply window is closed, so she cannot be told."
        " user-jo is next, but nobody in line can be told now."
    )
    assert hold_rows(db, "J-014") == [(maria, "expired"), (jo, "waiting")]
    assert (
        db.execute("SELECT count(*) FROM drafts WHERE state = 'queued' AND created_at >= ?", (later,)).fetchone()[0]
        == 0
    )
    assert db.execute("SELECT count(*) FROM drafts").fetchone()[0] == before
    close_window(db, jo, later + HOUR)
    assert stock.expire_due(db, now=later) == 1
    assert live(db, jo) == ("queued", "offer", {"offered_now": "J-014"})


def test_asking_for_a_lapsed_hold_does_not_jump_the_line(db: sqlite3.Connection, maria: int, jo: int) -> None:
    """A hold whose time was over, though no clock had rung, goes to who waited, not to who asks now."""
    sam = add_conversation(db, "sam", now=NOW)
    piece(db, "J-014")
    stock.hold(db, "J-014", maria, hours=1, now=NOW, who="owner")
    stock.hold(db, "J-014", jo, hours=1, now=NOW, who="owner")
    held = stock.hold(db, "J-014", sam, now=NOW + HOUR, who="owner")
    assert (held.state, held.place) == ("waiting", 1)
    assert hold_rows(db, "J-014") == [(maria, "expired"), (jo, "active"), (sam, "waiting")]


def test_release_takes_the_confirmation_back(db: sqlite3.Connection, maria: int, jo: int) -> None:
    """A confirmation that still waits is withdrawn with the hold, and the next in line is offered the piece."""
    piece(db, "J-014")
    stock.hold(db, "J-014", maria, now=NOW, who="owner")
    stock.hold(db, "J-014", jo, now=NOW, who="owner")
    tidied = stock.release(db, "J-014", now=NOW, who="owner")
    assert tidied.freed is not None
    assert tidied.freed.offer is not None
    assert tidied.freed.offer.conversation_id == jo
    assert live(db, maria) == ("queued", "message", {})
    assert live(db, jo) == ("queued", "offer", {"offered_now": "J-014"})


def test_a_hold_that_ends_untold_does_not_repeat_an_answer(db: sqlite3.Connection, maria: int) -> None:
    """What she asked was answered before the hold: its end takes the confirmation back, and nothing is said again."""
    piece(db, "J-014")
    record_reply(
        db, maria, platform_id="m9", text="It is here", at=NOW + 1, source="owner", delivery_id=None, now=NOW + 1
    )
    confirmed = stock.hold(db, "J-014", maria, now=NOW + 2, who="owner").draft
    assert confirmed is not None
    stock.release(db, "J-014", now=NOW + 3, who="owner")
    assert ended(db, confirmed)[0] == "withdrawn"
    assert live(db, maria) is None


def test_a_new_price_takes_drafts_back(db: sqlite3.Connection, maria: int) -> None:
    """A draft that states what has changed is written anew; a tag changes no draft."""
    piece(db, "J-014")
    draft = ready_draft(db, maria, "It is here, $85", now=NOW, offering=["J-014"])
    stock.edit(db, "J-014", {"tags": "suede"}, now=NOW, who="owner")
    assert ended(db, draft)[0] == "ready"
    stock.edit(db, "J-014", {"price_cents": 7_900}, now=NOW, who="owner")
    assert ended(db, draft) == ("withdrawn", "J-014 was changed")
    assert live(db, maria) == ("queued", "message", {})


def test_edit_moves_the_status_by_its_own_verb(db: sqlite3.Connection, maria: int) -> None:
    """Selling, setting aside, bringing back and giving free by an edit do what their commands do, journalled."""
    piece(db, "J-014")
    stock.hold(db, "J-014", maria, now=NOW, who="owner")
    stock.edit(db, "J-014", {}, status="reserved", now=NOW, who="owner")
    assert (statuses(db), hold_rows(db, "J-014")) == ({"J-014": "reserved"}, [(maria, "released")])
    stock.edit(db, "J-014", {}, status="available", now=NOW, who="owner")
    stock.edit(db, "J-014", {}, status="sold", now=NOW, who="owner")
    stock.edit(db, "J-014", {}, status="available", now=NOW, who="owner")
    with pytest.raises(NotAllowed, match="items hold J-014 --for"):
        stock.edit(db, "J-014", {}, status="held", now=NOW, who="owner")
    moved = [(entry["from_state"], entry["to_state"]) for entry in entries(db, subject="item", subject_id=1)]
    assert moved == [
        ("available", "held"), ("held", "reserved"), ("reserved", "available"), ("available", "sold"),
        ("sold", "available"),
    ]  # fmt: skip


def test_a_sale_that_was_a_slip_gives_the_holds_back(db: sqlite3.Connection, maria: int, jo: int) -> None:
    """Taken back within minutes, the holder holds it again and the line stands; hours later it is a piece returned."""
    piece(db, "J-014")
    stock.hold(db, "J-014", maria, hours=24, now=NOW, who="owner")
    stock.hold(db, "J-014", jo, hours=24, now=NOW, who="owner")
    for later, expected in ((60_000, ["active", "waiting"]), (5 * HOUR, ["released", "released"])):
        stock.sell(db, "J-014", now=NOW + 1_000, who="owner")
        tidied = stock.unsell(db, "J-014", now=NOW + later, who="owner")
        assert [state for _, state in hold_rows(db, "J-014")] == expected
        assert tidied.piece.status == statuses(db)["J-014"] == ("held" if "active" in expected else "available")
    stock.hold(db, "J-014", maria, hours=1, now=NOW, who="owner")
    stock.sell(db, "J-014", now=NOW + HOUR - 1, who="owner", buyer=jo)
    stock.unsell(db, "J-014", now=NOW + HOUR, who="owner")
    with pytest.raises(NotAllowed, match="not sold"):
        stock.unsell(db, "J-014", now=NOW + HOUR, who="owner")
    assert (statuses(db), hold_rows(db, "J-014")[-2:]) == (
        {"J-014": "available"},
        [(maria, "released"), (jo, "released")],
    )


def test_other_facts_survive_a_sale(db: sqlite3.Connection, maria: int) -> None:
    """A draft that was to confirm a hold of one piece still does when another piece in it is sold."""
    for sku in ("J-014", "K-1"):
        piece(db, sku)
    stock.hold(db, "K-1", maria, now=NOW, who="owner")
    draft = db.execute("SELECT id FROM drafts WHERE state = 'queued'").fetchone()[0]
    drafts.claim_due(db, now=NOW, boot="b")
    result = FinishedDraft(
        text="K-1 is held, J-014 is here", drafter="house", intent="hold", grounding="listed", verdict="pass",
        cited_skus=["K-1", "J-014"],
    )  # fmt: skip
    drafts.finish(db, draft, result, now=NOW)
    stock.sell(db, "J-014", now=NOW, who="owner")
    assert live(db, maria) == ("queued", "sold", {"held_now": "K-1", "replaces": "J-014"})


def test_a_draft_written_across_a_sale_is_asked_for_again(db: sqlite3.Connection, maria: int, jo: int) -> None:
    """What a drafter read before a sale and finished after it never stands as ready."""
    piece(db, "J-014")
    before = ready_draft(db, maria, "It is here", now=NOW, offering=["J-014"])
    assert stock.still_true(db, before, now=NOW)
    db.execute("UPDATE items SET status = 'sold', revision = revision + 1")
    late = ready_draft(db, jo, "It is here", now=NOW, offering=["J-014"])
    assert not stock.still_true(db, late, now=NOW)
    assert ended(db, late) == ("withdrawn", "J-014 Suede jacket J-014 was sold while it was being written")
    assert live(db, jo) == ("queued", "sold", {"replaces": "J-014"})


def test_an_import_that_sells_tidies_too(db: sqlite3.Connection, maria: int, jo: int, tmp_path: Path) -> None:
    """Pieces sold or repriced by a file take their drafts back as by hand."""
    for sku in ("A", "B", "C"):
        piece(db, sku, name=f"Piece {sku}")
    gone = ready_draft(db, maria, "A is here", now=NOW, offering=["A"])
    dear = ready_draft(db, jo, "B is $85", now=NOW, offering=["B"])
    path = file(tmp_path, "sku,name,price,status\nA,Piece A,85,sold\nB,Piece B,99,\nC,Piece C,85,\n")
    with transaction(db):
        read = importing.read_file(path, unit="in", currency="USD")
        difference, redrafted = stock.bring_in(db, read, now=NOW, who="owner")
    assert [sale.piece.sku for sale in difference.sales] == ["A"]
    assert ended(db, gone) == ("withdrawn", "A was sold")
    assert ended(db, dear) == ("withdrawn", "an import changed the piece")
    assert {each.withdrawn for each in redrafted} == {gone, dear}


def test_a_sale_elsewhere_is_told_to_the_holder(db: sqlite3.Connection, maria: int, tmp_path: Path) -> None:
    """What another shop program sold was not bought by who held it here: she is told like everybody in line."""
    piece(db, "A", name="Piece A")
    stock.hold(db, "A", maria, now=NOW, who="owner")
    path = file(tmp_path, "sku,name,price,status\nA,Piece A,85,sold\n")
    with transaction(db):
        stock.bring_in(db, importing.read_file(path, unit="in", currency="USD"), now=NOW, who="owner")
    assert hold_rows(db, "A") == [(maria, "released")]
    assert live(db, maria) == ("queued", "sold", {"replaces": "A"})


def test_a_hold_for_somebody_out_of_reach_says_so(db: sqlite3.Connection, maria: int) -> None:
    """The piece is held, no draft is asked for that could never be sent, and the owner is told by the next look."""
    piece(db, "A")
    close_window(db, maria, NOW)
    held = stock.hold(db, "A", maria, now=NOW, who="owner")
    assert (held.state, held.draft, live(db, maria)) == ("active", None, None)
    stock.expire_due(db, now=NOW)
    assert notices(db) == ["A is on hold for user-maria, whose reply window has closed."]


def test_a_sale_among_many_threads_finds_its_own(db: sqlite3.Connection) -> None:
    """A sale among three hundred open threads takes back exactly those that name the piece."""
    for at in range(10):
        piece(db, f"P-{at}")
    with transaction(db):
        named = {}
        for at in range(300):
            who = add_conversation(db, f"c{at}", now=NOW)
            named[ready_draft(db, who, "here", now=NOW, offering=[f"P-{at % 10}"])] = at % 10
    with transaction(db):
        tidied = stock.sell(db, "P-3", now=NOW, who="owner")
    assert {each.withdrawn for each in tidied.drafts} == {draft for draft, at in named.items() if at == 3}
    assert items.count(db, status="sold") == 1
